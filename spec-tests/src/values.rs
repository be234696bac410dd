//! Arguments and expected results: from the script's notation to values and back.

use bimetal::{AnyRef, ExternRef, Rooted, V128, Val};
use wast::core::{AbstractHeapType, HeapType, NanPattern, V128Pattern, WastArgCore, WastRetCore};
use wast::token::{F32, F64};
use wast::{WastArg, WastRet};

use crate::fault::Fault;
use crate::outcome::Outcome;
use crate::script::Store;

/// The value of an argument.
///
/// # Errors
/// [`Fault::Unsupported`] if the engine has no such values.
pub(crate) fn argument(store: &mut Store, arg: &WastArg<'_>) -> Result<Val, Fault> {
    let WastArg::Core(arg) = arg else {
        return Err(Fault::Unsupported("values of the component model".into()));
    };
    Ok(match arg {
        WastArgCore::I32(value) => Val::I32(*value),
        WastArgCore::I64(value) => Val::I64(*value),
        WastArgCore::F32(value) => Val::F32(value.bits),
        WastArgCore::F64(value) => Val::F64(value.bits),
        WastArgCore::RefNull(heap) => null(heap)?,
        WastArgCore::RefExtern(number) => Val::ExternRef(Some(host_value(store, *number)?)),
        WastArgCore::V128(value) => Val::V128(V128(value.to_le_bytes())),
        WastArgCore::RefHost(number) => {
            Val::AnyRef(Some(AnyRef::convert_extern(host_value(store, *number)?)))
        }
    })
}

fn host_value(store: &mut Store, number: u32) -> Result<Rooted<ExternRef>, Fault> {
    ExternRef::new(store, number).map_err(|error| Fault::of_calling(&error))
}

fn null(heap: &HeapType<'_>) -> Result<Val, Fault> {
    match heap {
        HeapType::Abstract { shared: false, ty: AbstractHeapType::Func } => Ok(Val::FuncRef(None)),
        HeapType::Abstract { shared: false, ty: AbstractHeapType::Extern } => {
            Ok(Val::ExternRef(None))
        }
        HeapType::Abstract { shared: false, ty: AbstractHeapType::Exn } => Ok(Val::ExnRef(None)),
        HeapType::Abstract { shared: false, ty } if INTERNAL.contains(ty) => Ok(Val::AnyRef(None)),
        other => Err(Fault::Unsupported(format!("null references to {other:?}"))),
    }
}

/// Whether a call returned what was expected.
///
/// # Errors
/// [`Outcome::Failed`] with both sides if it did not.
pub(crate) fn check(store: &Store, got: &[Val], expected: &[WastRet<'_>]) -> Result<(), Outcome> {
    let matching = got.len() == expected.len()
        && got.iter().zip(expected).all(|(value, pattern)| match pattern {
            WastRet::Core(pattern) => matches(store, value, pattern),
            _ => false,
        });
    if matching {
        return Ok(());
    }
    let got: Vec<_> = got.iter().map(show).collect();
    Err(Outcome::Failed(format!("returned ({}), expected {expected:?}", got.join(" "))))
}

fn matches(store: &Store, value: &Val, pattern: &WastRetCore<'_>) -> bool {
    match (value, pattern) {
        (value, WastRetCore::Either(patterns)) => {
            patterns.iter().any(|pattern| matches(store, value, pattern))
        }
        (Val::I32(value), WastRetCore::I32(expected)) => value == expected,
        (Val::I64(value), WastRetCore::I64(expected)) => value == expected,
        (Val::F32(bits), WastRetCore::F32(pattern)) => matches_f32(*bits, pattern),
        (Val::F64(bits), WastRetCore::F64(pattern)) => matches_f64(*bits, pattern),
        (Val::V128(vector), WastRetCore::V128(pattern)) => matches_v128(*vector, pattern),
        (
            Val::FuncRef(None) | Val::ExternRef(None) | Val::AnyRef(None) | Val::ExnRef(None),
            WastRetCore::RefNull(None),
        ) => true,
        (Val::AnyRef(None), WastRetCore::RefNull(Some(heap))) => is_one_of(heap, INTERNAL),
        (Val::AnyRef(Some(value)), pattern) => matches_any(store, *value, pattern).unwrap_or(false),
        (Val::FuncRef(None), WastRetCore::RefNull(Some(heap))) => {
            is_one_of(heap, &[AbstractHeapType::Func, AbstractHeapType::NoFunc])
        }
        (Val::ExternRef(None), WastRetCore::RefNull(Some(heap))) => {
            is_one_of(heap, &[AbstractHeapType::Extern, AbstractHeapType::NoExtern])
        }
        (Val::ExnRef(None), WastRetCore::RefNull(Some(heap))) => {
            is_one_of(heap, &[AbstractHeapType::Exn, AbstractHeapType::NoExn])
        }
        (Val::FuncRef(Some(_)), WastRetCore::RefFunc(_)) => true,
        (Val::ExternRef(Some(_)), WastRetCore::RefExtern(None)) => true,
        (Val::ExternRef(Some(value)), WastRetCore::RefExtern(Some(number))) => {
            let data = value.data(store).ok().flatten();
            data.and_then(|data| data.downcast_ref::<u32>()) == Some(number)
        }
        _ => false,
    }
}

/// The abstract types of internal values.
const INTERNAL: &[AbstractHeapType] = &[
    AbstractHeapType::Any,
    AbstractHeapType::Eq,
    AbstractHeapType::I31,
    AbstractHeapType::Struct,
    AbstractHeapType::Array,
    AbstractHeapType::None,
];

fn matches_any(
    store: &Store,
    value: Rooted<AnyRef>,
    pattern: &WastRetCore<'_>,
) -> bimetal::Result<bool> {
    Ok(match pattern {
        WastRetCore::RefAny => true,
        WastRetCore::RefEq => value.is_eq(store)?,
        WastRetCore::RefStruct => value.is_struct(store)?,
        WastRetCore::RefArray => value.is_array(store)?,
        WastRetCore::RefI31 => value.as_i31(store)?.is_some(),
        WastRetCore::RefHost(number) => {
            let data = ExternRef::convert_any(value).data(store)?;
            data.and_then(|data| data.downcast_ref::<u32>()) == Some(number)
        }
        _ => false,
    })
}

fn is_one_of(heap: &HeapType<'_>, types: &[AbstractHeapType]) -> bool {
    match heap {
        HeapType::Abstract { shared: false, ty } => types.contains(ty),
        // A type of the module: the script only says that it is null.
        _ => true,
    }
}

/// A canonical NaN has only the highest bit of its payload set; an arithmetic
/// one has at least that.
fn matches_f32(bits: u32, pattern: &NanPattern<F32>) -> bool {
    const QUIET: u32 = 0x7fc0_0000;
    match pattern {
        NanPattern::CanonicalNan => bits & 0x7fff_ffff == QUIET,
        NanPattern::ArithmeticNan => bits & QUIET == QUIET,
        NanPattern::Value(value) => bits == value.bits,
    }
}

fn matches_f64(bits: u64, pattern: &NanPattern<F64>) -> bool {
    const QUIET: u64 = 0x7ff8_0000_0000_0000;
    match pattern {
        NanPattern::CanonicalNan => bits & 0x7fff_ffff_ffff_ffff == QUIET,
        NanPattern::ArithmeticNan => bits & QUIET == QUIET,
        NanPattern::Value(value) => bits == value.bits,
    }
}

/// Integers lane by lane; of floats, each lane by its own pattern.
fn matches_v128(vector: V128, pattern: &V128Pattern) -> bool {
    match pattern {
        V128Pattern::I8x16(lanes) => lanes.map(i8::to_le_bytes).as_flattened() == vector.0,
        V128Pattern::I16x8(lanes) => lanes.map(i16::to_le_bytes).as_flattened() == vector.0,
        V128Pattern::I32x4(lanes) => lanes.map(i32::to_le_bytes).as_flattened() == vector.0,
        V128Pattern::I64x2(lanes) => lanes.map(i64::to_le_bytes).as_flattened() == vector.0,
        V128Pattern::F32x4(lanes) => {
            let (bits, _) = vector.0.as_chunks::<4>();
            bits.iter().zip(lanes).all(|(bits, lane)| matches_f32(u32::from_le_bytes(*bits), lane))
        }
        V128Pattern::F64x2(lanes) => {
            let (bits, _) = vector.0.as_chunks::<8>();
            bits.iter().zip(lanes).all(|(bits, lane)| matches_f64(u64::from_le_bytes(*bits), lane))
        }
    }
}

fn show(value: &Val) -> String {
    match value {
        Val::I32(value) => format!("i32 {value}"),
        Val::I64(value) => format!("i64 {value}"),
        Val::F32(bits) => format!("f32 {} {bits:#x}", f32::from_bits(*bits)),
        Val::F64(bits) => format!("f64 {} {bits:#x}", f64::from_bits(*bits)),
        Val::FuncRef(None) | Val::ExternRef(None) | Val::AnyRef(None) | Val::ExnRef(None) => {
            "null".into()
        }
        other => format!("{other:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_canonical_nan_is_arithmetic_but_not_the_other_way_round() {
        for (bits, canonical, arithmetic) in [
            (0x7fc0_0000, true, true),
            (0xffc0_0000, true, true),
            (0x7fc0_0001, false, true),
            (0x7fa0_0000, false, false),
            (0x7f80_0000, false, false),
        ] {
            assert_eq!(matches_f32(bits, &NanPattern::CanonicalNan), canonical, "{bits:#x}");
            assert_eq!(matches_f32(bits, &NanPattern::ArithmeticNan), arithmetic, "{bits:#x}");
        }
        let vector = V128::from_u128(u128::from(0x7fc0_0001_u32));
        let pattern = |lane| {
            let zero = || NanPattern::Value(F32 { bits: 0 });
            V128Pattern::F32x4([lane, zero(), zero(), zero()])
        };
        assert!(matches_v128(vector, &pattern(NanPattern::ArithmeticNan)));
        assert!(!matches_v128(vector, &pattern(NanPattern::CanonicalNan)));
        assert!(matches_v128(vector, &V128Pattern::I32x4([0x7fc0_0001, 0, 0, 0])));
        assert!(!matches_v128(vector, &V128Pattern::I64x2([0, 0x7fc0_0001])));
        assert!(matches_f64(0xfff8_0000_0000_0000, &NanPattern::CanonicalNan));
        assert!(!matches_f64(0x7ff4_0000_0000_0000, &NanPattern::ArithmeticNan));
    }
}
