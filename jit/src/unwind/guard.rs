//! The frame between the host and compiled code, by hand.
//!
//! Of the two functions here, the first one saves what its caller wants back, and calls.
//! The other one goes on behind that call, as if it had returned with another result.
//!
//! **What must never happen here:** the second one restores anything else than what the
//! first one has saved.

use std::mem::offset_of;

use bimetal_core::value::Slot;
use bimetal_runtime::activation::Activation;
use bimetal_runtime::vmctx::VmCtx;

/// Calls `trampoline(native, cx, slots)`, which has the signature
/// [`crate::abi::guarded`] and returns zero. Returns that, or one if [`unwind_to`] was
/// called meanwhile.
///
/// It is part of its caller, so that only those registers are saved that the caller
/// keeps something in. The two that a caller cannot give away are saved here; the frame
/// pointer marks the end of the guest's frames.
///
/// # Safety
/// The trampoline is one for the signature of `native`, which takes `cx`;
/// `slots` hold its arguments and have room for its results; `activation` is the
/// innermost of the store of `cx`.
#[cfg(target_arch = "x86_64")]
#[inline(always)] // the registers are the caller's
pub(crate) unsafe fn guarded_call(
    activation: *mut Activation,
    trampoline: *const u8,
    native: *const u8,
    cx: *mut VmCtx,
    slots: *mut Slot,
) -> u32 {
    let outcome: usize;
    // SAFETY: the caller's promise. The stack is aligned here, and stays so; every
    // register of the convention that the trampoline has is saved or given away.
    unsafe {
        std::arch::asm!(
            "push rbx",
            "push rbp",
            "mov rbp, rsp",
            "mov [rcx + {sp}], rsp",
            "mov [rcx + {fp}], rbp",
            "call rax",
            "pop rbp",
            "pop rbx",
            sp = const offset_of!(Activation, entry_sp),
            fp = const offset_of!(Activation, entry_fp),
            inout("rax") trampoline => outcome,
            inout("rcx") activation => _,
            inout("rdi") native => _,
            inout("rsi") cx => _,
            inout("rdx") slots => _,
            out("r12") _,
            out("r13") _,
            out("r14") _,
            out("r15") _,
            clobber_abi("C"),
        );
    }
    outcome as u32
}

/// Makes the [`guarded_call`] of this activation return one.
///
/// # Safety
/// The guard is still on the stack, and no frame above it holds anything that
/// must be dropped.
#[cfg(target_arch = "x86_64")]
#[unsafe(naked)]
pub(crate) unsafe extern "C" fn unwind_to(activation: *const Activation) -> ! {
    std::arch::naked_asm!(
        "mov rsp, [rdi + {sp}]",
        "mov rbp, rsp",
        "mov eax, 1",
        // The address behind the guard's call is where the call has put it: all frames
        // that ran since lie below.
        "jmp [rsp - 8]",
        sp = const offset_of!(Activation, entry_sp),
    )
}

/// As on x86-64.
///
/// # Safety
/// As on x86-64.
#[cfg(target_arch = "aarch64")]
#[unsafe(naked)]
pub(crate) unsafe extern "C" fn guarded_call(
    activation: *mut Activation,
    trampoline: *const u8,
    native: *const u8,
    cx: *mut VmCtx,
    slots: *mut Slot,
) -> u32 {
    std::arch::naked_asm!(
        "stp x29, x30, [sp, #-160]!",
        "mov x29, sp",
        "stp x19, x20, [sp, #16]",
        "stp x21, x22, [sp, #32]",
        "stp x23, x24, [sp, #48]",
        "stp x25, x26, [sp, #64]",
        "stp x27, x28, [sp, #80]",
        "stp d8, d9, [sp, #96]",
        "stp d10, d11, [sp, #112]",
        "stp d12, d13, [sp, #128]",
        "stp d14, d15, [sp, #144]",
        "mov x9, sp",
        "str x9, [x0, {sp}]",
        "str x29, [x0, {fp}]",
        // Arguments of the code generator's own convention start at x2.
        "blr x1",
        "mov w0, #0",
        "ldp x19, x20, [sp, #16]",
        "ldp x21, x22, [sp, #32]",
        "ldp x23, x24, [sp, #48]",
        "ldp x25, x26, [sp, #64]",
        "ldp x27, x28, [sp, #80]",
        "ldp d8, d9, [sp, #96]",
        "ldp d10, d11, [sp, #112]",
        "ldp d12, d13, [sp, #128]",
        "ldp d14, d15, [sp, #144]",
        "ldp x29, x30, [sp], #160",
        "ret",
        sp = const offset_of!(Activation, entry_sp),
        fp = const offset_of!(Activation, entry_fp),
    )
}

/// As on x86-64.
///
/// # Safety
/// As on x86-64.
#[cfg(target_arch = "aarch64")]
#[unsafe(naked)]
pub(crate) unsafe extern "C" fn unwind_to(activation: *const Activation) -> ! {
    std::arch::naked_asm!(
        "ldr x9, [x0, {sp}]",
        "mov sp, x9",
        "mov w0, #1",
        "ldp x19, x20, [sp, #16]",
        "ldp x21, x22, [sp, #32]",
        "ldp x23, x24, [sp, #48]",
        "ldp x25, x26, [sp, #64]",
        "ldp x27, x28, [sp, #80]",
        "ldp d8, d9, [sp, #96]",
        "ldp d10, d11, [sp, #112]",
        "ldp d12, d13, [sp, #128]",
        "ldp d14, d15, [sp, #144]",
        "ldp x29, x30, [sp], #160",
        "ret",
        sp = const offset_of!(Activation, entry_sp),
    )
}
