//! Atomic accesses.
//!
//! **What must never happen here:** what must never happen in
//! [`super::memory`], which forms the addresses.

use std::marker::PhantomData;

use bimetal_core::ops::atomic::AtomicOp;
use bimetal_runtime::memory::atomic_access;

use super::memory::access_aligned;
use super::place::{Dest, ToSlot};
use crate::fast::dispatch::{Exec, Flow, Handler, Regs, handler};

/// Any memory: `[handler, dst addr a b, offset, memory | 64-bit address]`. Operands
/// that the instruction lacks name any slot.
pub(crate) struct Atomic<O>(PhantomData<O>);

/// One atomic access, as a type.
pub(crate) trait AtomicFn: 'static {
    /// The same instruction as a value.
    const OP: AtomicOp;
}

impl<O: AtomicFn> Exec for Atomic<O> {
    #[inline(always)] // the whole body of a handler
    unsafe fn exec(r: Regs) -> Flow {
        // SAFETY: the cell was linked for this body; the address is checked.
        unsafe {
            match access_aligned(r, 1, O::OP.width()) {
                Ok(at) => {
                    let found = atomic_access(O::OP, at, [*r.slot(2), *r.slot(3)]);
                    if O::OP.kind().has_result() {
                        ToSlot::write(r, found as i64).next(4)
                    } else {
                        r.next(4)
                    }
                }
                Err(code) => r.trap(code),
            }
        }
    }
}

macro_rules! atomic_handlers {
    ($($name:ident $operator:ident $mem:ident $value:ident $kind:ident;)*) => {
        $(
            #[allow(non_camel_case_types, reason = "spelled as the specification spells it")]
            enum $name {}
            impl AtomicFn for $name {
                const OP: AtomicOp = AtomicOp::$name;
            }
        )*

        /// The handler of an atomic access.
        pub(crate) fn atomic_handler(op: AtomicOp) -> Handler {
            match op { $(AtomicOp::$name => handler::<Atomic<$name>>,)* }
        }
    };
}
bimetal_core::for_each_atomic_op!(atomic_handlers);
