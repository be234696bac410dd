//! The frame between the host and compiled code, by hand.
//!
//! **What must never happen here:** the epilogues of the two functions differ
//! from each other, or from the prologue of the first. They are one frame, which
//! is left by either.

use std::arch::naked_asm;
use std::mem::offset_of;

use bimetal_core::value::Slot;
use bimetal_runtime::activation::Activation;
use bimetal_runtime::vmctx::VmCtx;

/// Calls `trampoline(native, cx, slots)`. Returns zero if the trampoline
/// returned, one if [`unwind_to`] was called meanwhile.
///
/// # Safety
/// The trampoline is one for the signature of `native`, which takes `cx`;
/// `slots` hold its arguments and have room for its results; `activation` is the
/// innermost of the store of `cx`.
#[cfg(target_arch = "x86_64")]
#[unsafe(naked)]
pub(crate) unsafe extern "C" fn guarded_call(
    activation: *mut Activation,
    trampoline: *const u8,
    native: *const u8,
    cx: *mut VmCtx,
    slots: *mut Slot,
) -> u32 {
    naked_asm!(
        "push rbp",
        "mov rbp, rsp",
        "push rbx",
        "push r12",
        "push r13",
        "push r14",
        "push r15",
        "sub rsp, 8",
        "mov [rdi + {sp}], rsp",
        "mov [rdi + {fp}], rbp",
        "mov rax, rsi",
        "mov rdi, rdx",
        "mov rsi, rcx",
        "mov rdx, r8",
        "call rax",
        "xor eax, eax",
        "add rsp, 8",
        "pop r15",
        "pop r14",
        "pop r13",
        "pop r12",
        "pop rbx",
        "pop rbp",
        "ret",
        sp = const offset_of!(Activation, entry_sp),
        fp = const offset_of!(Activation, entry_fp),
    )
}

/// Makes the [`guarded_call`] of this activation return one.
///
/// # Safety
/// The guard is still on the stack, and no frame above it holds anything that
/// must be dropped.
#[cfg(target_arch = "x86_64")]
#[unsafe(naked)]
pub(crate) unsafe extern "C" fn unwind_to(activation: *const Activation) -> ! {
    naked_asm!(
        "mov rsp, [rdi + {sp}]",
        "mov eax, 1",
        "add rsp, 8",
        "pop r15",
        "pop r14",
        "pop r13",
        "pop r12",
        "pop rbx",
        "pop rbp",
        "ret",
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
    naked_asm!(
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
        "mov x9, x1",
        "mov x0, x2",
        "mov x1, x3",
        "mov x2, x4",
        "blr x9",
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
    naked_asm!(
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
