//! The trap table: every way in which execution can end abnormally, with the
//! message that the specification's test suite expects.

use std::fmt;

macro_rules! traps {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $message:literal;)*) => {
        /// Why a computation trapped (spec: *Execution / Runtime Structure / Results*).
        ///
        /// The numeric codes are part of the compiled-code format: JIT trap
        /// tables and the interpreters store them.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        #[repr(u8)]
        #[non_exhaustive]
        pub enum TrapCode {
            $($(#[$doc])* $name = $code,)*
        }

        impl TrapCode {
            /// Every trap code, in the order of its number.
            pub const ALL: &'static [TrapCode] = &[$(TrapCode::$name),*];

            /// The message, in the words of the specification's test suite.
            pub const fn message(self) -> &'static str {
                match self { $(TrapCode::$name => $message,)* }
            }

            /// The code with this number, if there is one.
            pub const fn from_u8(code: u8) -> Option<TrapCode> {
                match code { $($code => Some(TrapCode::$name),)* _ => None }
            }
        }
    };
}

traps! {
    /// `unreachable` was executed.
    Unreachable = 1, "unreachable";
    /// A memory access outside the memory's current length.
    MemoryOutOfBounds = 2, "out of bounds memory access";
    /// A table access outside the table's current length.
    TableOutOfBounds = 3, "out of bounds table access";
    /// `call_indirect` with an index outside the table.
    UndefinedElement = 4, "undefined element";
    /// `call_indirect` through a null element.
    UninitializedElement = 5, "uninitialized element";
    /// `call_indirect` to a function of another type.
    IndirectCallTypeMismatch = 6, "indirect call type mismatch";
    /// Signed division overflow, or a float too large for the integer type.
    IntegerOverflow = 7, "integer overflow";
    /// Division or remainder by zero.
    IntegerDivideByZero = 8, "integer divide by zero";
    /// A NaN converted to an integer by a trapping conversion.
    BadConversionToInteger = 9, "invalid conversion to integer";
    /// The guest used more stack than it was given.
    StackOverflow = 10, "call stack exhausted";
    /// A null reference where a non-null one was needed.
    NullReference = 11, "null reference";
    /// `call_ref` through a null function reference.
    NullFunctionReference = 12, "null function reference";
    /// `struct.get` and relatives on a null reference.
    NullStructureReference = 13, "null structure reference";
    /// `array.get` and relatives on a null reference.
    NullArrayReference = 14, "null array reference";
    /// `i31.get_*` on a null reference.
    NullI31Reference = 15, "null i31 reference";
    /// An array access outside the array.
    ArrayOutOfBounds = 16, "out of bounds array access";
    /// `ref.cast` to a type that the reference does not have.
    CastFailure = 17, "cast failure";
    /// An atomic access that is not naturally aligned.
    UnalignedAtomic = 18, "unaligned atomic";
    /// `memory.atomic.wait` on a memory that is not shared.
    ExpectedSharedMemory = 19, "expected shared memory";
    /// An exception that no handler caught.
    UncaughtException = 20, "unhandled exception";
    /// The host asked the guest to stop.
    Interrupt = 21, "interrupt";
    /// The guest used all of its fuel.
    OutOfFuel = 22, "all fuel consumed";
    /// The garbage-collected heap reached its limit.
    HeapExhausted = 23, "garbage collected heap exhausted";
    /// `throw_ref` of a null reference.
    NullExceptionReference = 24, "null exception reference";
}

impl fmt::Display for TrapCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "wasm trap: {}", self.message())
    }
}

impl std::error::Error for TrapCode {}

#[cfg(test)]
mod tests {
    use super::TrapCode;

    #[test]
    fn codes_round_trip_through_their_numbers() {
        for &code in TrapCode::ALL {
            assert_eq!(TrapCode::from_u8(code as u8), Some(code));
        }
        assert_eq!(TrapCode::from_u8(0), None);
        assert_eq!(TrapCode::from_u8(255), None);
    }
}
