//! What the sides tell about their run, word by word.

use std::fmt;

/// One word of the story of a run: where it is, or a value there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Word {
    /// An index into [`super::instrument::Instrumented::points`].
    Point(u32),
    I32(i32),
    I64(i64),
    /// The bits of a number.
    F32(u32),
    /// The bits of a number.
    F64(u64),
    V128(u128),
    /// Of a reference only whether it is null can be compared.
    Null(bool),
}

impl fmt::Display for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Word::Point(point) => write!(f, "point {point}"),
            Word::I32(value) => write!(f, "i32 {value} ({value:#x})"),
            Word::I64(value) => write!(f, "i64 {value} ({value:#x})"),
            Word::F32(bits) => write!(f, "f32 {} ({bits:#010x})", f32::from_bits(bits)),
            Word::F64(bits) => write!(f, "f64 {} ({bits:#018x})", f64::from_bits(bits)),
            Word::V128(bits) => write!(f, "v128 {bits:#034x}"),
            Word::Null(true) => f.write_str("a null reference"),
            Word::Null(false) => f.write_str("a reference"),
        }
    }
}

/// How a run ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum End {
    /// Its results, and a hash of what the exported memories hold.
    Returned { results: Vec<Word>, memories: u64 },
    /// The trap, and the function it was in.
    Trapped { trap: String, func: Option<u32> },
    /// A host function ended it, such as `proc_exit`, or nobody caught an exception.
    Failed(String),
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            End::Returned { results, memories } => {
                f.write_str("returned")?;
                results.iter().try_for_each(|word| write!(f, " {word},"))?;
                write!(f, " memories hashed to {memories:016x}")
            }
            End::Trapped { trap, func: Some(func) } => {
                write!(f, "trapped in function {func}: {trap}")
            }
            End::Trapped { trap, func: None } => write!(f, "trapped: {trap}"),
            End::Failed(error) => write!(f, "ended: {error}"),
        }
    }
}

/// What a side sends to the comparison.
#[derive(Debug)]
pub(super) enum Message {
    Words(Vec<Word>),
    End(End),
}
