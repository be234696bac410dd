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
    let mut ip: Ip = std::ptr::with_exposed_provenance(activation.exit_pc);
    let mut fp: Fp = std::ptr::with_exposed_provenance_mut(activation.exit_fp);
    let mut cx: *mut VmCtx = std::ptr::with_exposed_provenance_mut(activation.entry_sp);
    if ip.is_null() {
        return;
    }
    let mut is_return = false;
    loop {
        // SAFETY: frames are as the head of this file says, and `cx` is the
        // context of the frame's function.
        unsafe {
            let tier = FastModule::of(cx);
            let Some(position) = tier.position(ip, is_return) else { return };
            let func = tier.module.func_at(position.defined);
            let params = tier.module.type_of_func(func).param_slots() as usize;
            visit(Frame { tier, position, fp });
            let header = fp.add(params);
            ip = header.cast::<Ip>().read();
            fp = header.add(1).cast::<Fp>().read();
            if ip == bridge_cell() {
                let bridge = fp;
                cx = bridge.cast::<*mut VmCtx>().read();
                ip = bridge.add(1).cast::<Ip>().read();
                fp = bridge.add(2).cast::<Fp>().read();
            }
        }
        if ip == leave_cell() {
            return;
        }
        is_return = true;
    }
}
