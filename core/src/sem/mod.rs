//! The meaning of every plain instruction: one pure function each, named as the
//! specification names it, with the dot as an underscore.
//!
//! Reference interpreter, the fast interpreter's handlers, constant folding and
//! the tests all call these functions; nothing else says what an instruction
//! computes. The rows in [`crate::ops`] list the same names. Specification:
//! *Execution / Numerics*.

mod atomic;
mod compare;
mod convert;
mod float;
mod int;
mod round;
pub mod vec;
mod wide;

pub use atomic::*;
pub use compare::*;
pub use convert::*;
pub use float::*;
pub use int::*;
pub use round::*;
pub use wide::*;

use crate::trap::TrapCode;

/// What a function of this module returns: a value, or a value or a trap.
///
/// Lets code that is generic over instructions treat both alike; for a plain
/// value the `Result` is optimised away.
pub trait SemResult {
    /// The value's type.
    type Value;
    /// Whether the instruction can trap.
    const TRAPS: bool;
    /// The value or the trap.
    fn into_result(self) -> Result<Self::Value, TrapCode>;
}

macro_rules! never_trap {
    ($($value:ty)*) => {$(
        impl SemResult for $value {
            type Value = $value;
            const TRAPS: bool = false;
            #[inline(always)]
            fn into_result(self) -> Result<$value, TrapCode> {
                Ok(self)
            }
        }
    )*};
}
never_trap!(i32 i64 f32 f64 crate::value::V128);

impl<T> SemResult for Result<T, TrapCode> {
    type Value = T;
    const TRAPS: bool = true;
    #[inline(always)]
    fn into_result(self) -> Result<T, TrapCode> {
        self
    }
}
