//! Frames on the value stack, as seen from outside the chain of handlers.
//!
//! `[parameters | return ip, caller's frame | locals | operands, outgoing
//! arguments]`. The header names no function: a position in code tells which one
//! it is in, and the function its number of parameters, thus where the header
//! stands. Between frames of different instances lies a bridge of four slots:
//! the caller's context, return ip and frame, and the number of result slots.

use bimetal_core::value::Slot;
use bimetal_runtime::activation::{Activation, GuestFrame};
use bimetal_runtime::vmctx::VmCtx;

use super::code::{FastModule, Position};
use super::dispatch::{Fp, Handler, Ip, Regs, Word, handler};
use super::exec::call::BridgeReturn;
use super::exec::control::Leave;

/// A cell that belongs to no function.
struct StaticCell([Word; 1]);

// SAFETY: it is never written.
unsafe impl Sync for StaticCell {}

static LEAVE: StaticCell = StaticCell([Word { handler: handler::<Leave> as Handler }]);
static BRIDGE: StaticCell = StaticCell([Word { handler: handler::<BridgeReturn> as Handler }]);

/// The cell that the outermost function of an activation returns to.
pub(super) fn leave_cell() -> Ip {
    LEAVE.0.as_ptr()
}

/// The cell that a function called over a bridge returns to.
pub(super) fn bridge_cell() -> Ip {
    BRIDGE.0.as_ptr()
}

/// Records the current position for whoever walks the guest's stack.
///
/// # Safety
/// `r` is the state of a running handler.
pub(super) unsafe fn record(r: Regs) {
    // SAFETY: guest code runs inside an activation, by `entry`.
    unsafe {
        let activation = (*(*r.cx).store).activation;
        (*activation).exit_pc = r.ip.expose_provenance();
        (*activation).exit_fp = r.fp.expose_provenance();
        (*activation).entry_sp = r.cx.expose_provenance();
    }
}

/// The position that was recorded last.
///
/// # Safety
/// `r` is the state of a running handler.
pub(super) unsafe fn recorded(r: Regs) -> (Ip, Fp, *mut VmCtx) {
    // SAFETY: as for `record`.
    unsafe {
        let activation = (*(*r.cx).store).activation;
        (
            std::ptr::with_exposed_provenance((*activation).exit_pc),
            std::ptr::with_exposed_provenance_mut((*activation).exit_fp),
            std::ptr::with_exposed_provenance_mut((*activation).entry_sp),
        )
    }
}

/// Records the current position and gives the value stack from `top` on to
/// whoever runs next. Returns what [`resume`] takes.
///
/// # Safety
/// As for [`record`]; nothing alive lies at or above `top`.
pub(super) unsafe fn leave(r: Regs, top: Fp) -> *mut Slot {
    // SAFETY: the context's store is valid.
    unsafe {
        record(r);
        std::mem::replace(&mut (*(*r.cx).store).values.top, top.cast())
    }
}

/// Takes the value stack back.
///
/// # Safety
/// `saved` is what [`leave`] returned to the same handler.
pub(super) unsafe fn resume(r: Regs, saved: *mut Slot) {
    // SAFETY: the context's store is valid.
    unsafe { (*(*r.cx).store).values.top = saved };
}

/// A frame of an activation of this tier.
#[derive(Clone, Copy)]
pub(super) struct Cursor {
    /// The cell that runs, or the one behind the call that waits.
    pub(super) ip: Ip,
    /// Whether it is the latter.
    pub(super) is_return: bool,
    /// The frame.
    pub(super) fp: Fp,
    /// The context of its function.
    pub(super) cx: *mut VmCtx,
}

impl Cursor {
    /// The innermost frame, if there is one.
    ///
    /// # Safety
    /// The activation is one of this tier, its exit fields are current, and the frames
    /// are still there.
    pub(super) unsafe fn innermost(activation: &Activation) -> Option<Cursor> {
        let ip: Ip = std::ptr::with_exposed_provenance(activation.exit_pc);
        let fp: Fp = std::ptr::with_exposed_provenance_mut(activation.exit_fp);
        let cx: *mut VmCtx = std::ptr::with_exposed_provenance_mut(activation.entry_sp);
        let cursor = Cursor { ip, is_return: false, fp, cx };
        // What waits in a header's stead was recorded in front of where it goes on.
        // SAFETY: the caller's promise.
        unsafe { if ip.is_null() { None } else { cursor.resolved(ip.wrapping_add(1)) } }
    }

    /// The position itself, or the one behind a bridge if it goes on at one; `None` if
    /// it goes on at the way out.
    ///
    /// # Safety
    /// The frame is still there.
    unsafe fn resolved(self, next: Ip) -> Option<Cursor> {
        // SAFETY: bridges are as the head of this file says.
        unsafe {
            let (mut next, mut found) = (next, self);
            if next == bridge_cell() {
                let bridge = self.fp;
                found.cx = bridge.cast::<*mut VmCtx>().read();
                next = bridge.add(1).cast::<Ip>().read();
                found.fp = bridge.add(2).cast::<Fp>().read();
                found.ip = if self.is_return { next } else { next.wrapping_sub(1) };
            }
            (next != leave_cell()).then_some(found)
        }
    }

    /// The frame of the caller, if there is one in this activation.
    ///
    /// # Safety
    /// The frame is still there, and `cx` is the context of its function.
    pub(super) unsafe fn caller(self) -> Option<Cursor> {
        // SAFETY: frames are as the head of this file says.
        unsafe {
            let tier = FastModule::of(self.cx);
            let position = tier.position(self.ip, self.is_return)?;
            let func = tier.module.func_at(position.defined);
            let params = tier.module.type_of_func(func).param_slots() as usize;
            let header = self.fp.add(params);
            let ip = header.cast::<Ip>().read();
            let fp = header.add(1).cast::<Fp>().read();
            Cursor { ip, is_return: true, fp, cx: self.cx }.resolved(ip)
        }
    }
}

/// A function of the module and where it is, with its frame.
pub(super) struct Frame<'a> {
    pub(super) tier: &'a FastModule,
    pub(super) position: Position,
    pub(super) fp: Fp,
}

/// Reports the frames of an activation of this tier, innermost first.
///
/// # Safety
/// As for [`bimetal_runtime::activation::WalkFrames`].
pub(super) unsafe fn walk(activation: &Activation, visit: &mut dyn FnMut(GuestFrame)) {
    let mut report = |Frame { tier, position, .. }: Frame<'_>| {
        visit(GuestFrame {
            module: std::sync::Arc::clone(&tier.module),
            func: tier.module.func_at(position.defined),
            offset: position.offset,
        });
    };
    // SAFETY: the same contract.
    unsafe { each(activation, &mut report) };
}

/// Visits the frames of an activation of this tier, innermost first.
///
/// # Safety
/// As for [`bimetal_runtime::activation::WalkFrames`].
pub(super) unsafe fn each(activation: &Activation, visit: &mut dyn FnMut(Frame<'_>)) {
    // SAFETY: the frames are there as long as the activation is left.
    let mut next = unsafe { Cursor::innermost(activation) };
    while let Some(cursor) = next {
        // SAFETY: as above.
        unsafe {
            let tier = FastModule::of(cursor.cx);
            let Some(position) = tier.position(cursor.ip, cursor.is_return) else { return };
            visit(Frame { tier, position, fp: cursor.fp });
            next = cursor.caller();
        }
    }
}
