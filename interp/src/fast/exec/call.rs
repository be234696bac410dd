//! Calls.
//!
//! **What must never happen here:** a frame begins whose slots do not all lie
//! below the end of the value stack. The callee's frame starts at the caller's
//! first argument; the caller's frame has room for the callee's parameters,
//! results and header, whatever the callee needs beyond is checked here.

use std::marker::PhantomData;
use std::sync::atomic::Ordering;

use bimetal_core::trap::TrapCode;
use bimetal_core::value::{Slot, V128};
use bimetal_runtime::abi::Outcome;
use bimetal_runtime::code::CodeSlot;
use bimetal_runtime::vmctx::{VmCtx, VmFuncRef};

use super::place::Reg;
use super::profile::Notes;
use super::table::{element, table};
use super::tail::write_bridge;
use crate::fast::dispatch::{Exec, Exit, Flow, Fp, Ip, Regs};
use crate::fast::{frames, lazy, vreg};

/// Words of a call through a function reference.
pub(super) const REF_WORDS: usize = 4;
/// Slots of a bridge frame.
pub(crate) const BRIDGE_SLOTS: usize = 4;

/// The bytes of the frame of the function with this entry cell, in the word in
/// front of it; zero for a function that is still to be translated.
#[inline(always)] // vanishes into handlers
pub(crate) unsafe fn frame_bytes(entry: Ip) -> usize {
    // SAFETY: every entry cell follows such a word.
    unsafe { (*entry.sub(1)).bits as usize }
}

/// How many bytes of the value stack there are from `fp` on.
#[inline(always)] // vanishes into handlers
pub(crate) unsafe fn available(cx: *const VmCtx, fp: Fp) -> usize {
    // SAFETY: the context's store is valid; frames lie in its value stack.
    unsafe { ((*(*cx).store).values.end as usize).wrapping_sub(fp as usize) }
}

/// Writes the header of a frame: where to return to.
#[inline(always)] // vanishes into handlers
pub(crate) unsafe fn write_header(fp: Fp, params: usize, ip: Ip, caller: Fp) {
    // SAFETY: the caller's frame has room for it.
    unsafe {
        let header = fp.add(params);
        header.cast::<Ip>().write(ip);
        header.add(1).cast::<Fp>().write(caller);
    }
}

/// Enters the function behind a code slot, which belongs to the same instance and
/// has an entry for this tier.
#[inline(always)] // the end of every call handler
pub(super) unsafe fn enter(mut r: Regs, slot: *const CodeSlot, words: usize) -> Flow {
    // SAFETY: the cell was linked for a call; see the head of this file.
    unsafe {
        let fp = r.fp.add(r.imm() as usize);
        // First of all, so that the return position needs no register for long.
        write_header(fp, r.field(0), r.ip.add(words), r.fp);
        let entry = entry_of(slot);
        if available(r.cx, fp) < frame_bytes(entry) {
            return r.trap(TrapCode::StackOverflow);
        }
        // The accumulator is dead here; this frees its register.
        r.a = fp as u64;
        r.fp = fp;
        r.jump(entry)
    }
}

/// The entry cell behind a code slot; null if this tier has none.
#[inline(always)] // vanishes into handlers
pub(crate) unsafe fn entry_of(slot: *const CodeSlot) -> Ip {
    // SAFETY: code slots live as long as the code that calls through them.
    unsafe { (*slot).interp.load(Ordering::Acquire).cast_const().cast() }
}

/// A call of a function that the module defines: `[handler, params . | base,
/// code slot]`.
pub(crate) enum Call {}

impl Exec for Call {
    #[inline(always)] // the whole body of a handler
    unsafe fn exec(r: Regs) -> Flow {
        // SAFETY: the linker wrote the address of a code slot, which always has
        // an entry for this tier.
        unsafe { enter(r, r.word(2).ptr.cast(), 3) }
    }
}

/// An imported function, for `C` to call: `[handler, params . | base, record, result
/// slots]`.
pub(crate) struct CallImport<C>(PhantomData<C>);

impl<C: Exec> Exec for CallImport<C> {
    #[inline(always)] // the whole body of a handler
    unsafe fn exec(mut r: Regs) -> Flow {
        // SAFETY: the linker passes the offset of a record in the context.
        unsafe {
            r.a = r.cx.byte_add(r.half(2, 0) as usize).expose_provenance() as u64;
            C::exec(r)
        }
    }
}

/// A function reference, for `C` to call: `[handler, params ref | base, ., result slots]`.
pub(crate) struct CallReference<C>(PhantomData<C>);

impl<C: Exec> Exec for CallReference<C> {
    #[inline(always)] // the whole body of a handler
    unsafe fn exec(mut r: Regs) -> Flow {
        // SAFETY: the cell names a slot with a reference in field 1; one that is not null
        // is a record that lives as long as the store.
        unsafe {
            r.a = *r.slot(1);
            if r.a != 0 { C::exec(r) } else { r.trap(TrapCode::NullFunctionReference) }
        }
    }
}

/// A function out of a table, for `C` to call: `[handler, params index | base, table |
/// type id, result slots | 64-bit index]`, the second word as offsets in the context.
pub(crate) struct CallIndirect<C>(PhantomData<C>);

impl<C: Exec> Exec for CallIndirect<C> {
    #[inline(always)] // the whole body of a handler
    unsafe fn exec(mut r: Regs) -> Flow {
        // SAFETY: the cell was linked for this body.
        unsafe {
            match indirect(r) {
                Ok((func, same)) => {
                    r.a = func;
                    if same { C::exec(r) } else { r.to::<CallOfSubtype<C>>() }
                }
                Err(code) => r.trap(code),
            }
        }
    }
}

/// The function that an indirect call finds in its table, and whether it has
/// exactly the type that the call expects.
#[inline(always)] // vanishes into handlers
unsafe fn indirect(r: Regs) -> Result<(u64, bool), TrapCode> {
    // SAFETY: the cell was linked for an indirect call; elements of function
    // tables are null or records that live as long as the store.
    unsafe {
        let Some(at) = element(table(r), *r.slot(1), r.half(3, 1) != 0) else {
            return Err(TrapCode::UndefinedElement);
        };
        let func = (*at).bits();
        if func == 0 {
            return Err(TrapCode::UninitializedElement);
        }
        let actual = (*std::ptr::with_exposed_provenance::<VmFuncRef>(func as usize)).type_id;
        Ok((func, actual == expected_type(r)))
    }
}

/// The type that an indirect call expects.
#[inline(always)] // vanishes into handlers
unsafe fn expected_type(r: Regs) -> u32 {
    // SAFETY: the linker passes the offset of a type's id in the context.
    unsafe { *r.cx.byte_add(r.half(2, 1) as usize).cast::<u32>() }
}

/// The rest of an indirect call of a function with another type: continues with
/// `C` if it can be called as one of the expected type. Most types have no
/// subtypes.
struct CallOfSubtype<C>(PhantomData<C>);

impl<C: Exec> Exec for CallOfSubtype<C> {
    #[inline(always)] // the whole body of a handler
    unsafe fn exec(r: Regs) -> Flow {
        // SAFETY: the record of a function is in the accumulator.
        unsafe {
            if is_subtype(r.cx, (*func_ref(r)).type_id, expected_type(r)) {
                C::exec(r)
            } else {
                r.trap(TrapCode::IndirectCallTypeMismatch)
            }
        }
    }
}

/// Whether a function of one type can be called as one of another.
#[inline(never)] // a rare case, which the allow list of handlers' calls names
unsafe fn is_subtype(cx: *mut VmCtx, actual: u32, expected: u32) -> bool {
    // SAFETY: the context is that of the running instance.
    unsafe { ((*cx).is_subtype)(cx, actual, expected) != 0 }
}

/// The function reference in the accumulator.
#[inline(always)] // vanishes into handlers
pub(crate) fn func_ref(r: Regs) -> *const VmFuncRef {
    std::ptr::with_exposed_provenance(r.a as usize)
}

/// Calls the function whose record is in the accumulator. What is noted about that is in
/// words behind those of the cell.
pub(crate) struct CallRef<N>(PhantomData<N>);

impl<N: Notes> Exec for CallRef<N> {
    #[inline(always)] // part of the bodies above
    unsafe fn exec(r: Regs) -> Flow {
        // SAFETY: the record and its code slot live as long as the store.
        unsafe {
            let func = func_ref(r);
            if entry_of((*func).code).is_null() {
                r.to::<CallArray<N>>()
            } else if (*func).cx == r.cx {
                N::enter(r)
            } else {
                r.to::<CallBridge<N>>()
            }
        }
    }
}

/// Calls a function of another instance: a bridge frame at the arguments' place
/// restores the context when the callee returns. The arguments move up.
struct CallBridge<N>(PhantomData<N>);

impl<N: Notes> Exec for CallBridge<N> {
    #[inline(always)] // the whole body of a handler
    unsafe fn exec(mut r: Regs) -> Flow {
        // SAFETY: as for `CallRef`; the size is checked before anything is
        // written.
        unsafe {
            let func = func_ref(r);
            let entry = entry_of((*func).code);
            let params = r.field(0);
            let bridge = r.fp.add(r.imm() as usize);
            let needed = (BRIDGE_SLOTS + params + 2) * size_of::<Slot>() + frame_bytes(entry);
            if available(r.cx, bridge) < needed {
                return r.trap(TrapCode::StackOverflow);
            }
            let fp = bridge.add(BRIDGE_SLOTS);
            std::ptr::copy(bridge, fp, params);
            let results = r.half(3, 0) as usize;
            N::is_foreign(r);
            write_bridge(bridge, r.cx, r.ip.add(N::WORDS), r.fp, results);
            write_header(fp, params, frames::bridge_cell(), bridge);
            r.fp = fp;
            r.cx = (*func).cx;
            r.jump(entry)
        }
    }
}

/// The cell that a function of another instance returns to: its frame pointer is
/// the bridge.
pub(crate) enum BridgeReturn {}

impl Exec for BridgeReturn {
    #[inline(always)] // the whole body of a handler
    unsafe fn exec(mut r: Regs) -> Flow {
        // SAFETY: `CallBridge` wrote the bridge; the caller's frame has room for
        // the results.
        unsafe {
            let bridge = r.fp;
            r.cx = bridge.cast::<*mut VmCtx>().read();
            let ip = bridge.add(1).cast::<Ip>().read();
            r.fp = bridge.add(2).cast::<Fp>().read();
            let results = bridge.add(3).read() as usize;
            std::ptr::copy(bridge.add(BRIDGE_SLOTS), bridge, results);
            r.jump(ip)
        }
    }
}

/// Calls a function of the host or of another tier through its array entry.
struct CallArray<N>(PhantomData<N>);

impl<N: Notes> Exec for CallArray<N> {
    #[inline(always)] // the whole body of a handler
    unsafe fn exec(mut r: Regs) -> Flow {
        // SAFETY: as for `CallRef`.
        unsafe {
            N::is_foreign(r);
            if call_array(r) != Outcome::RETURN {
                return Flow::exit(r, Exit::PENDING);
            }
            let from = r.fp.add(r.imm() as usize);
            if r.half(3, 0) > 1 {
                return with_result(r, from).next(N::WORDS);
            }
            // No vector: what was written as one slot is not read as two.
            r.a = *from;
            r.v = vreg::with_f64(vreg::zero(), f64::from_bits(r.a));
            r.next(N::WORDS)
        }
    }
}

/// The registers with a first result, which lies at `from`, in the accumulator of
/// its type, where a caller expects it.
#[inline(always)] // vanishes into handlers
pub(super) unsafe fn with_result(mut r: Regs, from: Fp) -> Regs {
    // SAFETY: two slots are there: at least those of the callee's header.
    unsafe {
        r.a = *from;
        r.v = vreg::of_v128(V128::load(from));
    }
    r
}

#[inline(never)] // its locals must not keep the handler from ending in a jump
unsafe fn call_array(r: Regs) -> Outcome {
    // SAFETY: the arguments lie at `base` with room for the results; what lies
    // above belongs to nobody.
    unsafe {
        let func = func_ref(r);
        let base = r.fp.add(r.imm() as usize);
        let slots = r.field(0).max(r.half(3, 0) as usize);
        let saved = frames::leave(r, base.add(slots));
        let outcome = ((*(*func).code).array())((*r.cx).store, func, base.cast());
        frames::resume(r, saved);
        outcome
    }
}

/// The entry cell of a function that is still to be translated: `[handler, its
/// position among the defined functions]`.
pub(crate) enum Translate {}

impl Exec for Translate {
    #[inline(always)] // the whole body of a handler
    unsafe fn exec(r: Regs) -> Flow {
        // SAFETY: the cell belongs to the module of the context.
        unsafe {
            let entry = translate(r);
            if entry.is_null() {
                return Flow::exit(r, Exit::PENDING);
            }
            enter_late(r, entry)
        }
    }
}

/// Goes on at an entry cell in the frame of a call that has tested for another one's.
#[inline(always)] // the end of cold handlers
pub(super) unsafe fn enter_late(r: Regs, entry: Ip) -> Flow {
    // SAFETY: the entry is that of the function that was called.
    unsafe {
        if available(r.cx, r.fp) < frame_bytes(entry) {
            return r.trap(TrapCode::StackOverflow);
        }
        r.jump(entry)
    }
}

/// The entry cell of the translated function; null with the error in the store.
#[cold]
#[inline(never)] // its locals must not keep the handler from ending in a jump
unsafe fn translate(r: Regs) -> Ip {
    // SAFETY: the context and its store are valid.
    unsafe { lazy::translate_for(r.cx, r.word(1).bits as usize) }
}
