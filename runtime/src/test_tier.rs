//! A tier for tests: every guest function is written in Rust, chosen by its
//! position among the defined functions.

use std::sync::Arc;

use bimetal_core::index::FuncIdx;
use bimetal_core::trap::TrapCode;
use bimetal_core::value::Slot;
use bimetal_parser::{Module, ParseOptions};

use crate::abi::{Outcome, invoke};
use crate::activation::{Activation, GuestFrame, enter};
use crate::code::{CodeSlot, ModuleCode};
use crate::gc::roots::no_roots;
use crate::instance::Instance;
use crate::instantiate::InstantiateError;
use crate::limits::{Settings, StoreLimits};
use crate::store::{Extern, InstanceId, StoreBox};
use crate::template::Template;
use crate::trap::{Unwind, raise, raise_unwind};
use crate::types::TypeRegistry;
use crate::vmctx::{VmFuncRef, VmStore};

/// Adds one to its parameter.
pub(crate) const INCREMENT: u32 = 0;
/// Traps with an integer division by zero.
pub(crate) const TRAP: u32 = 1;
/// Calls the import 0 with its own slots and returns.
pub(crate) const CALL_IMPORT: u32 = 2;
/// Calls itself for ever.
pub(crate) const RECURSE: u32 = 3;

struct TestCode(Vec<CodeSlot>);

// SAFETY: the vector is never touched again, and the entry wants no tier data.
unsafe impl ModuleCode for TestCode {
    fn slots(&self) -> &[CodeSlot] {
        &self.0
    }
    fn tier(&self) -> *const () {
        std::ptr::null()
    }
}

unsafe extern "C-unwind" fn array_call(
    store: *mut VmStore,
    callee: *const VmFuncRef,
    slots: *mut Slot,
) -> Outcome {
    let mut activation = Activation::new(walk, no_roots);
    // SAFETY: by the contract of `ArrayCall`, and because tests call functions
    // with the slots that their types say.
    unsafe {
        activation.exit_fp = callee as usize;
        let run = |_: *mut Activation| match (*callee).index {
            INCREMENT => {
                *slots = Slot::from_i32((*slots).i32() + 1);
                Outcome::RETURN
            }
            TRAP => raise(store, TrapCode::IntegerDivideByZero),
            CALL_IMPORT => {
                let instance = &*(*(*callee).cx).instance;
                let import = instance.func_ref(FuncIdx(0)).unwrap();
                relay(store, invoke(store, import.as_ptr(), slots))
            }
            index => {
                assert_eq!(index, RECURSE);
                relay(store, invoke(store, callee, slots))
            }
        };
        match enter(store, &mut activation, run) {
            Some(outcome) => outcome,
            None => raise(store, TrapCode::StackOverflow),
        }
    }
}

/// Hands an unwind on, as a frame between two calls does.
unsafe fn relay(store: *mut VmStore, result: Result<(), Unwind>) -> Outcome {
    match result {
        Ok(()) => Outcome::RETURN,
        // SAFETY: the caller's store, not borrowed.
        Err(unwind) => unsafe { raise_unwind(store, unwind) },
    }
}

unsafe fn walk(activation: &Activation, visit: &mut dyn FnMut(GuestFrame)) {
    let callee = activation.exit_fp as *const VmFuncRef;
    // SAFETY: set by `array_call` to its callee, which lives as long as the store.
    let (index, instance) = unsafe { ((*callee).index, &*(*(*callee).cx).instance) };
    let module = Arc::clone(instance.module());
    let func = module.func_at(index as usize);
    visit(GuestFrame { module, func, offset: 0x20 + index });
}

pub(crate) fn module(wat: &str) -> Arc<Module> {
    Arc::new(Module::new(wat.as_bytes(), &ParseOptions::default()).unwrap())
}

pub(crate) fn store() -> StoreBox {
    store_with(StoreLimits::default())
}

pub(crate) fn store_with(limits: StoreLimits) -> StoreBox {
    StoreBox::new(Settings::default(), Arc::new(TypeRegistry::new()), limits)
}

/// An instance whose functions are those of this tier.
pub(crate) fn instantiate(
    store: &mut StoreBox,
    wat: &str,
    imports: &[Extern],
) -> Result<InstanceId, InstantiateError> {
    let module = module(wat);
    let code = module.bodies.iter().map(|_| CodeSlot::new(array_call)).collect();
    let template = Arc::new(Template::new(module, &store.types));
    Instance::instantiate(store, &template, Arc::new(TestCode(code)), imports)
}

/// Calls an exported function of one parameter and one result.
pub(crate) fn call(
    store: &mut StoreBox,
    instance: InstanceId,
    name: &str,
    argument: i32,
) -> Result<i32, Unwind> {
    let Some(Extern::Func(func)) = store.export(instance, name) else {
        panic!("no function `{name}`")
    };
    let mut slots = [Slot::from_i32(argument)];
    // SAFETY: the function is of this store, which is not borrowed, and of the
    // type that the tests give all functions.
    unsafe { invoke(store.vm(), func.as_ptr(), slots.as_mut_ptr())? };
    Ok(slots[0].i32())
}
