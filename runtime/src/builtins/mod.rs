//! The functions behind slow ops, one per row of
//! [`for_each_slow_op`]: the tiers call them
//! through [`crate::vmctx::VmCtx::builtins`].
//!
//! Operands are raw slots: what is an index or a length of a 32-bit address
//! space counts with its low half only. A function that traps has had no effect.

mod array;
mod atomic;
mod exception;
mod gc;
mod memory;
mod run;
mod table;

use bimetal_core::ops::gc::GcBuiltinOp;
use bimetal_core::ops::slow::SlowOp;
use bimetal_core::trap::TrapCode;
use bimetal_core::types::AddrType;
use bimetal_core::{for_each_gc_builtin, for_each_slow_op};

use crate::instance::Instance;
use crate::vmctx::{Builtin, BuiltinResult, GcBuiltin, VmCtx};

use array::{array_copy, array_fill, array_init_data, array_init_elem};
use atomic::{atomic_fence, memory_atomic_notify, memory_atomic_wait32, memory_atomic_wait64};
use exception::{catch, throw, throw_ref};
use gc::{
    array_new, array_new_data, array_new_default, array_new_elem, array_new_fixed, ref_test,
    struct_new, struct_new_default,
};
use memory::{data_drop, memory_copy, memory_fill, memory_grow, memory_init};
use run::{memory_copy_run, memory_fill_run};
use table::{elem_drop, table_copy, table_fill, table_grow, table_init};

macro_rules! builtins {
    ($($name:ident $operator:ident $mnemonic:literal;)*) => {
        /// The function of each slow op: `BUILTINS[op as usize]`.
        pub static BUILTINS: [Builtin; SlowOp::ALL.len()] = [$($name),*];
    };
}
for_each_slow_op!(builtins);

macro_rules! gc_builtins {
    ($($name:ident $mnemonic:literal;)*) => {
        /// The function of each instruction on objects: `GC_BUILTINS[op as usize]`.
        pub static GC_BUILTINS: [GcBuiltin; GcBuiltinOp::ALL.len()] = [$($name),*];
    };
}
for_each_gc_builtin!(gc_builtins);

/// The instance whose code calls.
///
/// # Safety
/// `cx` is the context of a live instance, which is not borrowed mutably.
unsafe fn instance<'a>(cx: *mut VmCtx) -> &'a Instance {
    // SAFETY: the caller's promise; the context knows its instance.
    unsafe { &*(*cx).instance }
}

/// The result of an op that gives none.
fn done(result: Result<(), TrapCode>) -> BuiltinResult {
    match result {
        Ok(()) => BuiltinResult { value: 0, trap: 0 },
        Err(code) => BuiltinResult { value: 0, trap: code as u64 },
    }
}

/// The result of an op that grows: the previous size, or -1 of the address type.
fn grown(addr: AddrType, old: Option<u64>) -> BuiltinResult {
    let failure = match addr {
        AddrType::I32 => u64::from(u32::MAX),
        AddrType::I64 => u64::MAX,
    };
    BuiltinResult { value: old.unwrap_or(failure), trap: 0 }
}

#[cfg(test)]
mod tests;
