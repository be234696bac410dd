//! `--invoke`: arguments from text, results to text.

use bimetal::{Error, FuncType, Result, Val, ValType};

/// The arguments of a function from their text.
pub(crate) fn arguments(name: &str, ty: &FuncType, texts: &[String]) -> Result<Vec<Val>> {
    let params: Vec<ValType> = ty.params().collect();
    if params.len() != texts.len() {
        return Err(Error::msg(format!(
            "`{name}` takes {} arguments {ty}, but {} were given",
            params.len(),
            texts.len()
        )));
    }
    params
        .iter()
        .zip(texts)
        .map(|(param, text)| {
            argument(param, text).ok_or_else(|| {
                Error::msg(format!("`{text}` is not a value of type {param} for `{name}`"))
            })
        })
        .collect()
}

/// Integers are decimal or `0x` hexadecimal, signed or unsigned.
fn argument(ty: &ValType, text: &str) -> Option<Val> {
    match ty {
        ValType::I32 => {
            let value = integer(text)?;
            let value = i32::try_from(value)
                .or_else(|_| u32::try_from(value).map(u32::cast_signed))
                .ok()?;
            Some(Val::I32(value))
        }
        ValType::I64 => {
            let value = integer(text)?;
            let value = i64::try_from(value)
                .or_else(|_| u64::try_from(value).map(u64::cast_signed))
                .ok()?;
            Some(Val::I64(value))
        }
        ValType::F32 => text.parse::<f32>().ok().map(|value| Val::F32(value.to_bits())),
        ValType::F64 => text.parse::<f64>().ok().map(|value| Val::F64(value.to_bits())),
        _ => None,
    }
}

fn integer(text: &str) -> Option<i128> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let value = match digits.strip_prefix("0x") {
        Some(hex) => i128::from_str_radix(hex, 16).ok()?,
        None => digits.parse::<i128>().ok()?,
    };
    Some(if negative { -value } else { value })
}

/// A result as text: integers signed, floats so that they parse back.
pub(crate) fn text(value: &Val) -> String {
    match value {
        Val::I32(value) => value.to_string(),
        Val::I64(value) => value.to_string(),
        Val::F32(bits) => f32::from_bits(*bits).to_string(),
        Val::F64(bits) => f64::from_bits(*bits).to_string(),
        other => format!("{other:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_may_be_signed_or_unsigned_of_their_width() {
        assert!(matches!(argument(&ValType::I32, "-1"), Some(Val::I32(-1))));
        assert!(matches!(argument(&ValType::I32, "4294967295"), Some(Val::I32(-1))));
        assert!(matches!(argument(&ValType::I32, "0xff"), Some(Val::I32(255))));
        assert!(argument(&ValType::I32, "4294967296").is_none());
        assert!(argument(&ValType::I64, "4294967296").is_some());
        assert!(argument(&ValType::I32, "1.5").is_none());
    }

    #[test]
    fn floats_keep_their_text() {
        let value = argument(&ValType::F64, "0.1").unwrap();
        assert_eq!(text(&value), "0.1");
    }
}
