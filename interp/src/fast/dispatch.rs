//! Dispatch: how one handler hands over to the next. The only file that knows
//! which of the two shells is built.
//!
//! **What must never happen here:** a handler that ends in an ordinary call in
//! the shell of tail calls. Such a handler grows the native stack with every
//! instruction executed. So in the body of a handler no value with a destructor
//! is alive at its end, nothing borrows its [`Regs`], and a cold path is itself
//! a tail call ([`Regs::to`]).
//!
//! Shell 1 (`bimetal_tail_calls`, optimised builds): [`Regs`] travel in registers
//! and every handler ends by calling the next one with the same signature, which
//! the optimiser turns into a jump. Shell 2 (everything else): a handler returns
//! its [`Regs`] and [`run`] calls the next. Both run the same bodies.

use std::sync::atomic::{AtomicPtr, Ordering};

use bimetal_core::trap::TrapCode;
use bimetal_runtime::vmctx::VmCtx;

use super::vreg::VReg;

/// One word of code: a handler, an operand word, a constant or an address.
#[derive(Clone, Copy)]
#[repr(C)]
pub(super) union Word {
    pub(super) bits: u64,
    pub(super) fields: [u16; 4],
    pub(super) halves: [u32; 2],
    pub(super) handler: Handler,
    pub(super) code: *const Word,
    pub(super) ptr: *const u8,
}

/// A position in code.
pub(super) type Ip = *const Word;
/// The first slot of a frame.
pub(super) type Fp = *mut u64;

/// The registers of the interpreter, in the order in which handlers take them.
#[derive(Clone, Copy)]
#[repr(C)]
pub(super) struct Regs {
    /// The cell that runs.
    pub(super) ip: Ip,
    /// The frame of the function that runs.
    pub(super) fp: Fp,
    /// The instance that it belongs to.
    pub(super) cx: *mut VmCtx,
    /// The integer accumulator.
    pub(super) a: u64,
    /// The first pinned integer local.
    pub(super) p0: u64,
    /// The second pinned integer local.
    pub(super) p1: u64,
    /// The float and vector accumulator.
    pub(super) v: VReg,
    /// The first pinned float or vector local.
    pub(super) w0: VReg,
    /// The second pinned float or vector local.
    pub(super) w1: VReg,
    /// The third pinned float or vector local.
    pub(super) w2: VReg,
}

/// The body of a handler.
pub(super) trait Exec {
    /// Executes the cell at `r.ip` and hands over to the next.
    ///
    /// # Safety
    /// `r.ip` is a cell that was linked for this body, in code of the module of
    /// `r.cx`; `r.fp` is a frame of that code, large enough for the function and
    /// inside the value stack of the store of `r.cx`.
    unsafe fn exec(r: Regs) -> Flow;
}

/// Why the chain of handlers ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Exit(pub(super) u64);

impl Exit {
    /// The outermost function of the activation returned.
    pub(super) const RETURN: Exit = Exit(0);
    /// The reason to unwind is pending in the store.
    pub(super) const PENDING: Exit = Exit(256);
    /// The outermost function ended in a tail call of the function that
    /// [`bimetal_runtime::vmctx::VmStore::tail`] names, with the arguments at the
    /// beginning of its frame.
    pub(super) const TAIL: Exit = Exit(257);

    /// The trap at the activation's exit position.
    pub(super) fn trap(self) -> Option<TrapCode> {
        u8::try_from(self.0).ok().and_then(TrapCode::from_u8)
    }
}

impl Regs {
    /// The registers at the cell `words` behind the current one.
    #[inline(always)] // vanishes into handlers
    pub(super) unsafe fn behind(mut self, words: usize) -> Regs {
        // SAFETY: the linker ends no function without a cell that leaves it, so
        // another cell follows in the same allocation.
        self.ip = unsafe { self.ip.add(words) };
        self
    }

    /// Continues with the cell `words` behind the current one.
    #[inline(always)] // the end of every handler
    pub(super) unsafe fn next(self, words: usize) -> Flow {
        // SAFETY: the same contract.
        unsafe { self.behind(words).go() }
    }

    /// Continues at another cell.
    #[inline(always)] // the end of every branch
    pub(super) unsafe fn jump(mut self, target: Ip) -> Flow {
        self.ip = target;
        // SAFETY: the caller passes the address of a cell.
        unsafe { self.go() }
    }

    /// Continues with another body for the same cell.
    #[inline(always)] // a tail call
    pub(super) unsafe fn to<E: Exec>(self) -> Flow {
        // SAFETY: the caller upholds the contract of `E`.
        unsafe { self.go_on(handler::<E>) }
    }

    /// The word of the current cell at this position.
    #[inline(always)] // how every handler reads its operands
    pub(super) unsafe fn word(self, index: usize) -> Word {
        // SAFETY: the handler's cell was linked with this many words.
        unsafe { *self.ip.add(index) }
    }

    /// The cell that a word of the current one names. Another thread may be changing
    /// where that leads (`super::hot`).
    #[inline(always)] // a plain load
    pub(super) unsafe fn target(self, index: usize) -> Ip {
        // SAFETY: the handler's cell was linked with this many words, of which this
        // one holds an address and is changed as a whole.
        let word =
            unsafe { AtomicPtr::from_ptr(self.ip.add(index).cast_mut().cast::<*mut Word>()) };
        word.load(Ordering::Relaxed).cast_const()
    }

    /// The words of the current cell from this position on.
    #[inline(always)] // how every handler reads its operands
    pub(super) unsafe fn words(self, index: usize) -> *const u64 {
        // SAFETY: the handler's cell was linked with this many words.
        unsafe { self.ip.add(index).cast() }
    }

    /// A 16-bit field of the operand word.
    #[inline(always)] // how every handler reads its operands
    pub(super) unsafe fn field(self, index: usize) -> usize {
        // SAFETY: every cell that has fields has them in its second word.
        unsafe { *self.ip.cast::<u16>().add(4 + index) as usize }
    }

    /// The 32-bit field in the upper half of the operand word.
    #[inline(always)] // how every handler reads its operands
    pub(super) unsafe fn imm(self) -> u32 {
        // SAFETY: as for `field`.
        unsafe { *self.ip.cast::<u32>().add(3) }
    }

    /// One half of a word.
    #[inline(always)] // how every handler reads its operands
    pub(super) unsafe fn half(self, word: usize, half: usize) -> u32 {
        // SAFETY: as for `word`.
        unsafe { *self.ip.cast::<u32>().add(2 * word + half) }
    }

    /// The slot of the frame that a field names.
    #[inline(always)] // how every handler reads its operands
    pub(super) unsafe fn slot(self, field: usize) -> *mut u64 {
        // SAFETY: the translator names slots of the function's frame only.
        unsafe { self.fp.add(self.field(field)) }
    }

    /// Traps at the current cell.
    #[inline(always)] // a tail call to a cold handler
    pub(super) unsafe fn trap(mut self, code: TrapCode) -> Flow {
        self.a = code as u64;
        // SAFETY: as for the handler that traps.
        unsafe { self.to::<super::trap::Raise>() }
    }
}

/// The handler of a cell. Another thread may be changing it (`super::hot`).
#[inline(always)] // a plain load
unsafe fn handler_at(cell: Ip) -> Handler {
    // SAFETY: the first word of a cell is its handler, which is changed as a whole.
    unsafe {
        let word = AtomicPtr::from_ptr(cell.cast_mut().cast::<*mut ()>()).load(Ordering::Relaxed);
        std::mem::transmute::<*mut (), Handler>(word)
    }
}

#[cfg(all(bimetal_tail_calls, not(debug_assertions), not(miri), target_arch = "x86_64"))]
pub(super) use shell::handler_avx2;
pub(super) use shell::{Flow, Handler, handler, opaque, run};

#[cfg(all(bimetal_tail_calls, not(debug_assertions), not(miri)))]
mod shell {
    use super::{Exec, Exit, Regs, VReg, VmCtx, handler_at};

    /// A function that is the handler with the body of an [`Exec`].
    macro_rules! handler_of {
        ($(#[$attribute:meta])* $abi:literal $name:ident) => {
            $(#[$attribute])*
            #[allow(improper_ctypes_definitions, reason = "called from Rust only")]
            pub(in crate::fast) unsafe extern $abi fn $name<E: Exec>(
                ip: super::Ip,
                fp: super::Fp,
                cx: *mut VmCtx,
                a: u64,
                p0: u64,
                p1: u64,
                v: VReg,
                w0: VReg,
                w1: VReg,
                w2: VReg,
            ) -> Flow {
                // SAFETY: the same contract.
                unsafe { E::exec(Regs { ip, fp, cx, a, p0, p1, v, w0, w1, w2 }) }
            }
        };
    }

    macro_rules! shell_of {
        ($abi:literal) => {
            /// A handler. Vectors have a place in registers under this convention;
            /// that no C compiler agrees with Rust on it matters to nobody. Six integer
            /// arguments: a seventh would be no register on x86-64 and no jump anywhere.
            #[allow(improper_ctypes_definitions, reason = "called from Rust only")]
            pub(in crate::fast) type Handler = unsafe extern $abi fn(
                super::Ip, super::Fp, *mut VmCtx, u64, u64, u64, VReg, VReg, VReg, VReg,
            ) -> Flow;

            handler_of! {
                /// The handler with the body of `E`.
                ///
                /// # Safety
                /// As for [`Exec::exec`].
                #[inline(never)] // a cold handler must not become part of a hot one
                $abi handler
            }
        };
    }

    // `-unwind`: a panic below a handler must reach the driver, not abort.
    #[cfg(target_arch = "x86_64")]
    shell_of!("sysv64-unwind");

    #[cfg(target_arch = "x86_64")]
    handler_of! {
        /// The handler with the body of `E`, compiled for machines with AVX2 and FMA.
        ///
        /// # Safety
        /// As for [`Exec::exec`]; and the machine has both.
        #[target_feature(enable = "avx2,fma")]
        "sysv64-unwind" handler_avx2
    }
    #[cfg(not(target_arch = "x86_64"))]
    shell_of!("C-unwind");

    /// The same number, about which the optimiser knows nothing.
    #[inline(always)] // a hint in the middle of a handler
    pub(in crate::fast) fn opaque(mut number: u64) -> u64 {
        // SAFETY: no instruction at all.
        unsafe {
            std::arch::asm!(
                "/* {0} */",
                inout(reg) number,
                options(pure, nomem, nostack, preserves_flags)
            );
        }
        number
    }

    /// What the last handler of a chain returns.
    #[derive(Clone, Copy)]
    #[repr(transparent)]
    pub(in crate::fast) struct Flow(u64);

    impl Flow {
        /// Ends the chain.
        #[inline(always)] // keeps the reason opaque to the caller's optimiser
        pub(in crate::fast) fn exit(_: Regs, exit: Exit) -> Flow {
            // Were the value predictable, the jump to a handler that returns it
            // would become a call followed by the constant.
            Flow(std::hint::black_box(exit.0))
        }
    }

    impl Regs {
        #[inline(always)] // the end of every handler
        pub(super) unsafe fn go(self) -> Flow {
            let Regs { ip, fp, cx, a, p0, p1, v, w0, w1, w2 } = self;
            // SAFETY: the first word of a cell is its handler.
            unsafe { handler_at(ip)(ip, fp, cx, a, p0, p1, v, w0, w1, w2) }
        }

        /// Continues with another handler for the same cell.
        #[inline(always)] // a tail call
        pub(in crate::fast) unsafe fn go_on(self, handler: Handler) -> Flow {
            let Regs { ip, fp, cx, a, p0, p1, v, w0, w1, w2 } = self;
            // SAFETY: the caller upholds the contract of the handler's body.
            unsafe { handler(ip, fp, cx, a, p0, p1, v, w0, w1, w2) }
        }
    }

    /// Runs from the cell at `r.ip` until the chain ends.
    ///
    /// # Safety
    /// As for [`Exec::exec`].
    pub(in crate::fast) unsafe fn run(r: Regs) -> Exit {
        // SAFETY: the same contract.
        Exit(unsafe { r.go() }.0)
    }
}

#[cfg(not(all(bimetal_tail_calls, not(debug_assertions), not(miri))))]
mod shell {
    use super::{Exec, Exit, Regs, handler_at};

    /// A handler.
    pub(in crate::fast) type Handler = unsafe fn(Regs) -> Flow;

    /// The handler with the body of `E`.
    ///
    /// # Safety
    /// As for [`Exec::exec`].
    pub(in crate::fast) unsafe fn handler<E: Exec>(r: Regs) -> Flow {
        // SAFETY: the same contract.
        unsafe { E::exec(r) }
    }

    /// The number: a hint for the other shell.
    #[inline(always)] // nothing at all
    pub(in crate::fast) fn opaque(number: u64) -> u64 {
        number
    }

    /// What a handler returns: the state for the next one, or, without a
    /// position, the reason to end in the accumulator.
    #[derive(Clone, Copy)]
    pub(in crate::fast) struct Flow(Regs);

    impl Flow {
        /// Ends the chain.
        pub(in crate::fast) fn exit(mut r: Regs, exit: Exit) -> Flow {
            r.ip = std::ptr::null();
            r.a = exit.0;
            Flow(r)
        }
    }

    impl Regs {
        #[inline(always)] // the end of every handler
        pub(super) unsafe fn go(self) -> Flow {
            Flow(self)
        }

        /// Continues with another handler for the same cell.
        #[inline(always)] // the end of a handler
        pub(in crate::fast) unsafe fn go_on(self, handler: Handler) -> Flow {
            // SAFETY: the caller upholds the contract of the handler's body.
            unsafe { handler(self) }
        }
    }

    /// Runs from the cell at `r.ip` until the chain ends.
    ///
    /// # Safety
    /// As for [`Exec::exec`].
    pub(in crate::fast) unsafe fn run(mut r: Regs) -> Exit {
        while !r.ip.is_null() {
            // SAFETY: the first word of a cell is its handler, and the handler
            // returns a state that fits the cell it points to.
            r = unsafe { handler_at(r.ip)(r) }.0;
        }
        Exit(r.a)
    }
}
