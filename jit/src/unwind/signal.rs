//! Faults of compiled code, as the system reports them.
//!
//! **What must never happen here:** the handler takes a lock, allocates, or
//! keeps a fault that is not one of compiled code's own from the handler that
//! was there before. All it does is to look up the faulting address and, if a
//! trap is recorded for it, to send the thread to [`super::trap_here`].

use std::cell::Cell;
use std::mem::MaybeUninit;
use std::ptr::null_mut;
use std::sync::OnceLock;

use libc::{c_int, c_void, siginfo_t, ucontext_t};

use super::trap_here;
use crate::codemap;
use crate::enter::current_store;
use crate::error::JitError;

/// What the processor reports faults of compiled code as.
const SIGNALS: [c_int; 4] = [libc::SIGSEGV, libc::SIGBUS, libc::SIGILL, libc::SIGFPE];

/// The handlers that were there before, in the order of [`SIGNALS`].
static PREVIOUS: OnceLock<[libc::sigaction; 4]> = OnceLock::new();

/// Installs the handlers, once for the process.
///
/// # Errors
/// If the system refuses.
pub(crate) fn install() -> Result<(), JitError> {
    static INSTALLED: OnceLock<Result<(), JitError>> = OnceLock::new();
    INSTALLED.get_or_init(install_once).clone()
}

fn install_once() -> Result<(), JitError> {
    let mut previous = Vec::new();
    for signal in SIGNALS {
        let mut action = MaybeUninit::uninit();
        // SAFETY: asks for the current action only.
        let status = unsafe { libc::sigaction(signal, std::ptr::null(), action.as_mut_ptr()) };
        if status != 0 {
            return Err(JitError::new(format!("cannot read the handler of signal {signal}")));
        }
        // SAFETY: filled in by the successful call.
        previous.push(unsafe { action.assume_init() });
    }
    if let Ok(previous) = previous.try_into() {
        // Set before the first handler of ours can run.
        let _ = PREVIOUS.set(previous);
    }
    for signal in SIGNALS {
        // SAFETY: a zeroed action is valid: no flags, an empty mask.
        let mut action: libc::sigaction = unsafe { MaybeUninit::zeroed().assume_init() };
        // On the alternate stack, because the guest's may be what ran out; not
        // deferred, because the handler does not return where it came from.
        action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK | libc::SA_NODEFER;
        action.sa_sigaction = handler as extern "C" fn(_, _, _) as usize;
        // SAFETY: the handler is async-signal-safe and hands on what is not ours.
        if unsafe { libc::sigaction(signal, &raw const action, null_mut()) } != 0 {
            return Err(JitError::new(format!("cannot handle signal {signal}")));
        }
    }
    Ok(())
}

extern "C" fn handler(signal: c_int, info: *mut siginfo_t, context: *mut c_void) {
    // SAFETY: the system passes the interrupted thread's context.
    let registers = unsafe { &mut *context.cast::<ucontext_t>() };
    let (pc, fp, sp) = read(registers);
    let store = current_store();
    match codemap::trap_at(pc) {
        Some(code) if !store.is_null() => {
            // Below what the interrupted function may keep under its stack
            // pointer, aligned as a call would leave it.
            let sp = (sp - 128) & !15;
            let args = [store as usize, usize::from(code), pc, fp];
            redirect(
                registers,
                trap_here as unsafe extern "C" fn(_, _, _, _) -> ! as usize,
                sp,
                args,
            );
        }
        _ => hand_on(signal, info, context),
    }
}

/// Does what would have happened without our handler.
fn hand_on(signal: c_int, info: *mut siginfo_t, context: *mut c_void) {
    let position = SIGNALS.iter().position(|&known| known == signal);
    let previous = PREVIOUS.get().zip(position).and_then(|(all, at)| all.get(at));
    let Some(previous) = previous else { return };
    match previous.sa_sigaction {
        libc::SIG_DFL | libc::SIG_IGN => {
            // The fault repeats as soon as this handler returns, and then takes
            // its default course.
            // SAFETY: restores a valid action.
            unsafe { libc::signal(signal, libc::SIG_DFL) };
        }
        address if previous.sa_flags & libc::SA_SIGINFO != 0 => {
            // SAFETY: installed as a handler of this type.
            unsafe {
                type Action = extern "C" fn(c_int, *mut siginfo_t, *mut c_void);
                std::mem::transmute::<usize, Action>(address)(signal, info, context);
            }
        }
        address => {
            // SAFETY: installed as a handler of this type.
            unsafe { std::mem::transmute::<usize, extern "C" fn(c_int)>(address)(signal) };
        }
    }
}

/// Program counter, frame pointer and stack pointer.
#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
fn read(context: &ucontext_t) -> (usize, usize, usize) {
    let registers = &context.uc_mcontext.gregs;
    let register = |index: c_int| registers[index as usize] as usize;
    (register(libc::REG_RIP), register(libc::REG_RBP), register(libc::REG_RSP))
}

/// Makes the thread continue as if it had called `target(args)`.
#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
fn redirect(context: &mut ucontext_t, target: usize, sp: usize, args: [usize; 4]) {
    let registers = &mut context.uc_mcontext.gregs;
    let mut set = |index: c_int, value: usize| registers[index as usize] = value as i64;
    set(libc::REG_RIP, target);
    // A call would have pushed a return address.
    set(libc::REG_RSP, sp - size_of::<usize>());
    for (index, value) in
        [libc::REG_RDI, libc::REG_RSI, libc::REG_RDX, libc::REG_RCX].into_iter().zip(args)
    {
        set(index, value);
    }
}

/// Program counter, frame pointer and stack pointer.
#[cfg(all(target_arch = "aarch64", target_os = "linux"))]
fn read(context: &ucontext_t) -> (usize, usize, usize) {
    let machine = &context.uc_mcontext;
    (machine.pc as usize, machine.regs[29] as usize, machine.sp as usize)
}

/// Makes the thread continue as if it had called `target(args)`.
#[cfg(all(target_arch = "aarch64", target_os = "linux"))]
fn redirect(context: &mut ucontext_t, target: usize, sp: usize, args: [usize; 4]) {
    let machine = &mut context.uc_mcontext;
    machine.pc = target as u64;
    machine.sp = sp as u64;
    for (register, value) in machine.regs.iter_mut().zip(args) {
        *register = value as u64;
    }
}

thread_local! {
    static PREPARED: Cell<bool> = const { Cell::new(false) };
}

/// Sees to it that this thread has a stack for signal handlers. Threads that
/// std started have one; others get one that lives as long as the thread.
#[inline]
pub(crate) fn prepare_thread() {
    if !PREPARED.get() {
        prepare_now();
    }
}

#[cold]
fn prepare_now() {
    thread_local! {
        static STACK: Cell<Option<AltStack>> = const { Cell::new(None) };
    }
    PREPARED.set(true);
    let mut current = MaybeUninit::<libc::stack_t>::uninit();
    // SAFETY: asks only; filled in if successful.
    let present = unsafe {
        libc::sigaltstack(std::ptr::null(), current.as_mut_ptr()) == 0
            && current.assume_init().ss_flags & libc::SS_DISABLE == 0
    };
    if !present {
        STACK.set(AltStack::install());
    }
}

/// A stack for signal handlers, taken out of use before it is freed.
struct AltStack(#[expect(dead_code, reason = "owns the memory that the system uses")] Box<[u8]>);

impl AltStack {
    /// Enough for handlers with large vector registers, and one that is handed
    /// the signal on.
    const SIZE: usize = 64 << 10;

    fn install() -> Option<AltStack> {
        let mut memory = vec![0_u8; AltStack::SIZE].into_boxed_slice();
        let stack = libc::stack_t {
            ss_sp: memory.as_mut_ptr().cast(),
            ss_flags: 0,
            ss_size: AltStack::SIZE,
        };
        // SAFETY: the memory is the thread's until `drop` takes it out of use.
        let status = unsafe { libc::sigaltstack(&raw const stack, null_mut()) };
        (status == 0).then_some(AltStack(memory))
    }
}

impl Drop for AltStack {
    fn drop(&mut self) {
        let none = libc::stack_t { ss_sp: null_mut(), ss_flags: libc::SS_DISABLE, ss_size: 0 };
        // SAFETY: takes the stack out of use before its memory goes.
        unsafe { libc::sigaltstack(&raw const none, null_mut()) };
    }
}
