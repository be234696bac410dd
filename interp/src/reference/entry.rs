//! In and out: how others call the reference interpreter, and how it calls them.
//!
//! **What must never happen here:** guest state is left for the runtime or the
//! host without [`Machine::leave`], or a reference to the store or to the
//! activation is held while others run.

use std::ptr::fn_addr_eq;

use bimetal_core::trap::TrapCode;
use bimetal_core::types::FuncType;
use bimetal_core::value::Slot;
use bimetal_parser::Module;
use bimetal_runtime::abi::{ArrayCall, Outcome};
use bimetal_runtime::activation::{self, Activation, GuestFrame, WalkFrames};
use bimetal_runtime::gc::roots::RootVisitor;
use bimetal_runtime::store::Store;
use bimetal_runtime::trap::{Unwind, note_uncaught, raise, raise_unwind};
use bimetal_runtime::vmctx::{VmFuncRef, VmStore};

use super::access::Function;
use super::machine::{Exit, Frame, Machine};
use super::stack::{OperandStack, Published};

/// The array entry of every function of this tier.
///
/// # Safety
/// As [`ArrayCall`] says.
pub(super) unsafe extern "C-unwind" fn enter(
    store: *mut VmStore,
    callee: *const VmFuncRef,
    slots: *mut Slot,
) -> Outcome {
    let mut activation = Activation::new(walk, roots);
    // SAFETY: the contract of `ArrayCall`, handed on.
    unsafe {
        activation::enter(store, &mut activation, |_| run(store, Function::new(callee), slots))
            .unwrap_or_else(|| raise(store, TrapCode::StackOverflow))
    }
}

/// Runs a function of this tier in the store's innermost activation.
///
/// # Safety
/// As [`ArrayCall`] says.
unsafe fn run(store: *mut VmStore, callee: Function<'_>, slots: *mut Slot) -> Outcome {
    // SAFETY: the contract of `ArrayCall`: the callee is of this tier.
    let (cx, defined) = unsafe { callee.context() };
    let module = cx.module().module();
    let ty = module.type_of_func(module.func_at(defined));
    let params = ty.param_slots() as usize;
    // SAFETY: the contract of `ArrayCall`; the borrow ends in this statement.
    let args = unsafe { std::slice::from_raw_parts(slots, params) };
    // SAFETY: the store is valid, and `enter` has pushed the activation.
    let (taken, limit) = unsafe { (taken(store), Store::from_vm(store).settings.value_stack) };
    let args = OperandStack::new(args, module, &ty.params);
    let mut machine = Machine::new(store, args, taken, limit / size_of::<Slot>());
    let exit = match machine.run(cx, defined) {
        Ok(()) => {
            // SAFETY: the contract of `ArrayCall`; only results are left.
            unsafe { slots.copy_from_nonoverlapping(machine.stack.as_ptr(), machine.stack.len()) };
            return Outcome::RETURN;
        }
        Err(exit) => exit,
    };
    machine.leave();
    // SAFETY: the store is valid and not borrowed; the exit fields are set.
    unsafe {
        match exit {
            Exit::Trap(code) => raise(store, code),
            Exit::Invalid(error) => raise_unwind(store, Unwind::Host(Box::new(error))),
            Exit::Unwind => {
                note_uncaught(store);
                Outcome::UNWIND
            }
        }
    }
}

/// How many slots the machines of this tier further out in the store take: the
/// limit is one for all of them.
///
/// # Safety
/// The store is valid, and a machine of this tier is its innermost activation.
unsafe fn taken(store: *mut VmStore) -> usize {
    // SAFETY: activations live in the frames of the entries that pushed them.
    unsafe {
        let mut next = (*(*store).activation).prev;
        while let Some(activation) = next.as_ref() {
            if fn_addr_eq(activation.walk, walk as WalkFrames) {
                return activation.entry_sp;
            }
            next = activation.prev;
        }
    }
    0
}

impl<'s> Machine<'s> {
    /// Tells the activation where the guest is and how much stack it has taken:
    /// before others run.
    pub(super) fn leave(&mut self) {
        *self.published = self.stack.published();
        // SAFETY: the machine runs in the store's innermost activation.
        unsafe {
            let activation = (*self.store).activation;
            (*activation).exit_fp = self.frames.as_ptr() as usize;
            (*activation).exit_pc = self.frames.len();
            (*activation).entry_sp = self.used();
            (*activation).entry_fp = &raw mut *self.published as usize;
        }
    }

    /// Calls a function that is not of this tier: its arguments are the topmost
    /// operands, and its results take their place. Its type is one of the module.
    pub(super) fn call_foreign(
        &mut self,
        function: Function<'s>,
        entry: ArrayCall,
        (module, ty): (&Module, &FuncType),
    ) -> Result<(), Exit> {
        let start = self.stack.len() - ty.param_slots() as usize;
        self.stack.resize(start + ty.call_slots() as usize, Slot::ZERO);
        self.leave();
        // SAFETY: the store is valid; the slots are as `ArrayCall` asks, the
        // callee's type having been checked by validation or `call_indirect`.
        let outcome = unsafe { function.call(entry, self.store, &mut self.stack[start..]) };
        if outcome != Outcome::RETURN {
            return Err(Exit::Unwind);
        }
        self.stack.truncate(start + ty.result_slots() as usize);
        self.stack.retype(start, module, &ty.results);
        Ok(())
    }
}

/// Reports the references in the frames of an activation of this tier.
///
/// # Safety
/// As [`WalkRoots`](bimetal_runtime::gc::roots::WalkRoots) says.
unsafe fn roots(activation: &Activation, visit: &mut dyn RootVisitor) {
    let published = activation.entry_fp as *const Published;
    // SAFETY: written by `Machine::leave`, or null before the machine has been left
    // for the first time; the machine has not run since.
    unsafe {
        if let Some(published) = published.as_ref() {
            published.visit(visit);
        }
    }
}

/// Reports the frames of an activation of this tier, innermost first.
///
/// # Safety
/// As [`activation::WalkFrames`] says.
unsafe fn walk(activation: &Activation, visit: &mut dyn FnMut(GuestFrame)) {
    if activation.exit_pc == 0 {
        return;
    }
    // SAFETY: written by `Machine::leave`; the machine has not run since, so its
    // frames are where they were.
    let frames = unsafe {
        std::slice::from_raw_parts(activation.exit_fp as *const Frame<'_>, activation.exit_pc)
    };
    for frame in frames.iter().rev() {
        let at = frame.pc.saturating_sub(1);
        visit(GuestFrame {
            module: frame.cx.module().module().clone(),
            func: frame.code.func,
            offset: frame.code.offsets[at],
        });
    }
}
