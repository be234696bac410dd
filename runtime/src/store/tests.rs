//! What a store owns, and the functions of the host.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::abi::invoke;
use crate::test_tier::{call, instantiate, store, store_with};
use bimetal_core::types::{AddrType, FuncType, RefType, ValType};

#[test]
fn stores_have_different_ids_and_a_store_knows_itself() {
    let (a, b) = (store(), store());
    assert_ne!(a.id(), b.id());
    // SAFETY: the store is alive and its reference not used meanwhile.
    assert_eq!(unsafe { Store::from_vm(a.vm()).id() }, a.id());
}

#[test]
fn a_store_can_move_between_threads() {
    let store = store();
    let id = store.id();
    assert_eq!(std::thread::spawn(move || store.id()).join().unwrap(), id);
}

#[test]
fn what_engines_share_between_threads_allows_it() {
    fn shared<T: Send + Sync>() -> usize {
        size_of::<T>()
    }
    let sizes = [shared::<HostFunc>(), shared::<TypeRegistry>(), shared::<crate::Trap>()];
    assert!(sizes.iter().all(|&size| size > 0));
}

#[test]
fn the_value_stack_is_made_once_zeroed_and_as_large_as_set() {
    let mut store = store();
    store.ensure_value_stack().unwrap();
    // SAFETY: the store is alive.
    let values = unsafe { (*store.vm()).values };
    store.ensure_value_stack().unwrap();
    // SAFETY: as above; the stack lies between its ends.
    unsafe {
        assert_eq!((*store.vm()).values.base, values.base);
        assert_eq!(values.base, values.top);
        let len = values.end.offset_from(values.base) as usize;
        assert_eq!(len * 8, store.settings.value_stack);
        let slots = std::slice::from_raw_parts(values.base, len);
        assert!(slots.iter().all(|&slot| slot == Slot::ZERO));
    }
}

#[test]
fn extern_references_lead_to_their_values_and_null_to_none() {
    let mut store = store();
    // SAFETY: no guest code runs.
    let [a, b] = unsafe {
        [
            store.new_extern_ref(Box::new(5)).unwrap(),
            store.new_extern_ref(Box::new("five")).unwrap(),
        ]
    };
    assert_ne!(a, b);
    assert_eq!(store.extern_ref(a).unwrap().downcast_ref(), Some(&5));
    assert_eq!(store.extern_ref(b).unwrap().downcast_ref(), Some(&"five"));
    assert!(store.extern_ref(Slot::ZERO).is_none());
    assert!(store.extern_ref(Slot::from_bits(3)).is_none());
}

#[test]
fn limits_on_counts_are_errors_that_name_them() {
    let limits = StoreLimits { max_tables: 1, max_memories: 0, ..StoreLimits::default() };
    let mut store = store_with(limits);
    let limits = Limits { min: 1, max: None };
    let ty = TableType { addr: AddrType::I32, limits, element: RefType::EXTERNREF };
    store.new_table(ty, Slot::ZERO).unwrap();
    let error = store.new_table(ty, Slot::ZERO).unwrap_err();
    assert_eq!(error.to_string(), "resource limit exceeded: a store is limited to 1 tables");
    assert!(instantiate(&mut store, "(module (memory 1))", &[]).is_err());
}

#[test]
fn a_host_function_learns_who_imported_it_and_which_store_runs() {
    static SEEN: AtomicUsize = AtomicUsize::new(1);
    let mut store = store();
    let body = |vm: *mut VmStore, caller: *mut crate::vmctx::VmCtx, slots: *mut Slot| {
        SEEN.store(caller as usize, Ordering::Relaxed);
        // SAFETY: the store is not borrowed, and the function has a parameter.
        unsafe {
            Store::from_vm(vm).new_extern_ref(Box::new(())).unwrap();
            *slots = Slot::from_i32((*slots).i32() * 2);
        }
        Ok(())
    };
    let ty = FuncType::new([ValType::I32], [ValType::I32]);
    let host = Arc::new(HostFunc::new(&store.types, ty, Box::new(body)));
    let func = store.new_host_func(Arc::clone(&host));
    let wat = r#"(module (import "" "" (func (param i32) (result i32))) (export "f" (func 0)))"#;
    let instance = instantiate(&mut store, wat, &[Extern::Func(func)]).unwrap();
    assert_eq!(call(&mut store, instance, "f", 21).unwrap(), 42);
    assert_eq!(SEEN.load(Ordering::Relaxed), store.instance(instance).cx() as usize);
    let mut slots = [Slot::from_i32(4)];
    // SAFETY: a record of this store, and slots of its type.
    unsafe { invoke(store.vm(), func.as_ptr(), slots.as_mut_ptr()).unwrap() };
    // SAFETY: `vm` is valid as long as the store; only the address is taken.
    let host_cx = unsafe { &raw mut (*store.vm()).host };
    assert_eq!((slots[0].i32(), SEEN.load(Ordering::Relaxed)), (8, host_cx as usize));
    // SAFETY: the context is the store's own.
    let (of, instance) = unsafe { ((*host_cx).store, (*host_cx).instance) };
    assert!(of == store.vm() && instance.is_null(), "it leads to the store alone");
    assert!(store.extern_ref(Slot::from_bits(2)).is_some());
    drop(store);
    assert_eq!(Arc::strong_count(&host), 1);
}
