//! Instructions on objects that the runtime executes, and casts.

use std::marker::PhantomData;

use bimetal_core::ops::gc::GcBuiltinOp;
use bimetal_core::ops::slow::SlowImm;
use bimetal_core::trap::TrapCode;
use bimetal_core::value::Slot;
use bimetal_runtime::gc::{GcRef, Objects};
use bimetal_runtime::types::INLINE_SUPERTYPES;

use super::place::Dest;
use crate::fast::dispatch::{Exec, Flow, Regs};
use crate::fast::frames;

/// An instruction that may collect: `[handler, op . | base, immediates, first
/// unused slot]`. Its operands lie from `base` on, and so does its result.
pub(crate) enum GcCall {}

impl Exec for GcCall {
    #[inline(always)] // the whole body of a handler
    unsafe fn exec(mut r: Regs) -> Flow {
        // SAFETY: the cell was linked for this body.
        unsafe {
            match TrapCode::from_u8(call(r) as u8) {
                None => {
                    r.a = *r.fp.add(r.imm() as usize);
                    r.next(4)
                }
                Some(code) => r.trap(code),
            }
        }
    }
}

/// Calls the function of the runtime. Zero, or the number of a trap.
#[inline(never)] // its locals must not keep the handler from ending in a jump
unsafe fn call(r: Regs) -> u64 {
    // SAFETY: the context has a function for every op; it may collect, so the
    // position is recorded and the frame protected first.
    unsafe {
        let base = r.fp.add(r.imm() as usize);
        let saved = frames::leave(r, r.fp.add(r.half(3, 0) as usize));
        let builtin = *(*r.cx).gc_builtins.add(r.field(0));
        let result = builtin(r.cx, r.word(2).bits, base.cast());
        frames::resume(r, saved);
        if result.trap == 0 {
            *base = result.value;
        }
        result.trap
    }
}

/// `ref.test`: `[handler, dst ref . ., type, type id]`.
pub(crate) struct RefTest<D>(PhantomData<D>);

impl<D: Dest> Exec for RefTest<D> {
    #[inline(always)] // the whole body of a handler
    unsafe fn exec(r: Regs) -> Flow {
        // SAFETY: the cell was linked for this body.
        unsafe {
            match glance(r) {
                Some(has) => D::write(r, i32::from(has)).next(4),
                None => r.to::<AskTest<D>>(),
            }
        }
    }
}

/// `ref.cast`: `[handler, . ref . ., type, type id]`. The reference stays where it
/// is.
pub(crate) enum RefCast {}

impl Exec for RefCast {
    #[inline(always)] // the whole body of a handler
    unsafe fn exec(r: Regs) -> Flow {
        // SAFETY: the cell was linked for this body.
        unsafe {
            match glance(r) {
                Some(true) => r.next(4),
                Some(false) => r.trap(TrapCode::CastFailure),
                None => r.to::<AskCast>(),
            }
        }
    }
}

/// Whether the reference is of the type, given as immediates and, if it is one of
/// objects that the module defines, as the offset of its id in the context;
/// otherwise that is zero. `None` where only the runtime knows.
#[inline(always)] // so that the handlers above call nothing
unsafe fn glance(r: Regs) -> Option<bool> {
    // SAFETY: the context is that of the running instance; a reference of the
    // hierarchy of the type, by validation; records are there for all types of the
    // store's modules.
    unsafe {
        let bits = *r.slot(1);
        if bits == 0 {
            return Some(SlowImm::unpack(r.word(2).bits).b != 0);
        }
        let id = r.half(3, 0) as usize;
        if id == 0 {
            return None;
        }
        let reference = GcRef::from_bits(bits as u32);
        if !reference.is_object() {
            return Some(false);
        }
        let wanted = r.cx.byte_add(id).cast::<u32>().read();
        let found = Objects::of((*r.cx).store).type_id(reference);
        if found == wanted {
            return Some(true);
        }
        let types = (*(*r.cx).store).types;
        let depth = usize::from((*types.add(wanted as usize)).depth);
        if depth < INLINE_SUPERTYPES {
            return Some((*types.add(found as usize)).supertypes[depth] == wanted);
        }
        None
    }
}

/// The rest of [`RefTest`], where the runtime is asked.
struct AskTest<D>(PhantomData<D>);

impl<D: Dest> Exec for AskTest<D> {
    #[inline(always)] // the whole body of a handler
    unsafe fn exec(r: Regs) -> Flow {
        // SAFETY: as for `RefTest`.
        unsafe { D::write(r, i32::from(has_type(r))).next(4) }
    }
}

/// The rest of [`RefCast`], where the runtime is asked.
enum AskCast {}

impl Exec for AskCast {
    #[inline(always)] // the whole body of a handler
    unsafe fn exec(r: Regs) -> Flow {
        // SAFETY: as for `RefCast`.
        unsafe { if has_type(r) { r.next(4) } else { r.trap(TrapCode::CastFailure) } }
    }
}

/// What the runtime says of the type of the reference.
#[inline(never)] // its locals must not keep the handler from ending in a jump
unsafe fn has_type(r: Regs) -> bool {
    // SAFETY: as for `glance`.
    unsafe {
        let mut operand = Slot::from_bits(*r.slot(1));
        let test = *(*r.cx).gc_builtins.add(GcBuiltinOp::ref_test as usize);
        test(r.cx, r.word(2).bits, &raw mut operand).value != 0
    }
}
