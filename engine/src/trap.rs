//! Traps and where the guest was.

use std::fmt;

use bimetal_core::trap::TrapCode;

macro_rules! traps {
    ($($(#[$doc:meta])* $name:ident = $code:ident;)*) => {
        /// Why a computation trapped.
        ///
        /// A trap is an [`Error`](crate::Error) whose
        /// [`downcast_ref`](crate::Error::downcast_ref) finds this value, and
        /// the guest's [`WasmBacktrace`](crate::WasmBacktrace) beside it.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        #[non_exhaustive]
        pub enum Trap {
            $($(#[$doc])* $name,)*
        }

        impl Trap {
            fn code(self) -> TrapCode {
                match self { $(Trap::$name => TrapCode::$code,)* }
            }

            fn from_code(code: TrapCode) -> Option<Trap> {
                match code { $(TrapCode::$code => Some(Trap::$name),)* _ => None }
            }
        }
    };
}

traps! {
    /// The stack given to guest code is used up.
    StackOverflow = StackOverflow;
    /// A memory access outside the memory.
    MemoryOutOfBounds = MemoryOutOfBounds;
    /// An atomic access that is not naturally aligned.
    HeapMisaligned = UnalignedAtomic;
    /// A table access outside the table.
    TableOutOfBounds = TableOutOfBounds;
    /// `call_indirect` with an index outside the table.
    UndefinedElement = UndefinedElement;
    /// `call_indirect` through a null element.
    IndirectCallToNull = UninitializedElement;
    /// `call_indirect` to a function of another type.
    BadSignature = IndirectCallTypeMismatch;
    /// Signed division overflow, or a float too large for the integer type.
    IntegerOverflow = IntegerOverflow;
    /// Division or remainder by zero.
    IntegerDivisionByZero = IntegerDivideByZero;
    /// A NaN converted to an integer.
    BadConversionToInteger = BadConversionToInteger;
    /// `unreachable` was executed.
    UnreachableCodeReached = Unreachable;
    /// The host asked the guest to stop.
    Interrupt = Interrupt;
    /// The guest used all of its fuel.
    OutOfFuel = OutOfFuel;
    /// `memory.atomic.wait` on a memory that is not shared.
    AtomicWaitNonSharedMemory = ExpectedSharedMemory;
    /// A null reference where a non-null one was needed.
    NullReference = NullReference;
    /// `call_ref` through a null function reference.
    NullFunctionReference = NullFunctionReference;
    /// `struct.get` and relatives on a null reference.
    NullStructureReference = NullStructureReference;
    /// `array.get` and relatives on a null reference.
    NullArrayReference = NullArrayReference;
    /// `i31.get_*` on a null reference.
    NullI31Reference = NullI31Reference;
    /// An array access outside the array.
    ArrayOutOfBounds = ArrayOutOfBounds;
    /// A cast to a type that the reference does not have.
    CastFailure = CastFailure;
    /// An exception that no handler caught.
    UncaughtException = UncaughtException;
    /// The garbage-collected heap reached its limit.
    AllocationTooLarge = HeapExhausted;
    /// `throw_ref` of a null reference.
    NullExceptionReference = NullExceptionReference;
}

impl Trap {
    /// The message, in the words of the specification's test suite.
    pub fn message(self) -> &'static str {
        self.code().message()
    }
}

impl From<TrapCode> for Trap {
    fn from(code: TrapCode) -> Trap {
        Trap::from_code(code).expect("tested: there is a trap for every code")
    }
}

impl fmt::Display for Trap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "wasm trap: {}", self.message())
    }
}

impl std::error::Error for Trap {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_a_trap_for_every_code() {
        for &code in TrapCode::ALL {
            assert_eq!(Trap::from(code).code(), code);
            assert_eq!(Trap::from(code).to_string(), code.to_string());
        }
    }
}
