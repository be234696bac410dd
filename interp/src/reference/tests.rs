//! Modules run through the array entry, as the host calls them.

use std::sync::{Arc, Mutex};

use bimetal_core::trap::TrapCode;
use bimetal_core::types::FuncType;
use bimetal_core::value::Slot;
use bimetal_parser::{Error, ErrorKind, Module, ParseOptions};
use bimetal_runtime::Template;
use bimetal_runtime::abi::invoke;
use bimetal_runtime::vmctx::VmStore;
use bimetal_runtime::{
    Extern, HostFunc, Instance, InstanceId, Settings, Store, StoreBox, Trap, TypeRegistry, Unwind,
};

use super::ReferenceModule;

/// By how much stacks are smaller under Miri, which takes long for each instruction.
const SMALLER: i64 = if cfg!(miri) { 8 } else { 1 };

/// A store and how to fill it.
struct World {
    store: StoreBox,
    types: Arc<TypeRegistry>,
    lazy: bool,
    /// The instance made last, which host functions call.
    latest: Arc<Mutex<Option<InstanceId>>>,
}

impl World {
    fn new() -> World {
        let types = Arc::new(TypeRegistry::new());
        let value_stack = Settings::default().value_stack / SMALLER as usize;
        let settings = Settings { memory_guard_pages: false, value_stack, ..Settings::default() };
        let store = StoreBox::new(settings, Arc::clone(&types), Default::default());
        World { store, types, lazy: false, latest: Arc::default() }
    }

    fn instantiate(&mut self, text: &str, imports: &[Extern]) -> InstanceId {
        let module = Module::new(
            text.as_bytes(),
            &ParseOptions { lazy: self.lazy, ..ParseOptions::default() },
        )
        .unwrap();
        let module = Arc::new(module);
        let code = ReferenceModule::new(&module, &self.store.settings);
        let template = Arc::new(Template::new(module, &self.types));
        let id = Instance::instantiate(&mut self.store, &template, code, imports).unwrap();
        *self.latest.lock().unwrap() = Some(id);
        id
    }

    fn export(&self, instance: InstanceId, name: &str) -> Extern {
        self.store.export(instance, name).unwrap()
    }

    /// Calls an exported function of at most eight parameters or results.
    fn call(&mut self, instance: InstanceId, name: &str, args: &[i64]) -> Result<[i64; 8], Unwind> {
        let Extern::Func(func) = self.export(instance, name) else { panic!("not a function") };
        let mut slots = [Slot::ZERO; 8];
        for (slot, arg) in slots.iter_mut().zip(args) {
            *slot = Slot::from_i64(*arg);
        }
        // SAFETY: the store is not borrowed; the tests pass what the types ask.
        unsafe { invoke(self.store.vm(), func.as_ptr(), slots.as_mut_ptr()) }?;
        Ok(slots.map(Slot::i64))
    }

    /// A host function without parameters and results.
    fn host(
        &mut self,
        body: impl Fn(*mut VmStore) -> Result<(), Unwind> + Send + Sync + 'static,
    ) -> Extern {
        let body = Box::new(move |store, _, _| body(store));
        let host = HostFunc::new(&self.types, FuncType::default(), body);
        Extern::Func(self.store.new_host_func(Arc::new(host)))
    }

    /// A host function that calls an export of the latest instance with these slots.
    fn caller(&mut self, name: &'static str, slots: [Slot; 1]) -> Extern {
        let latest = Arc::clone(&self.latest);
        self.host(move |store| {
            let instance = latest.lock().unwrap().unwrap();
            // SAFETY: the runtime passes its store, which nobody borrows.
            let export = unsafe { Store::from_vm(store) }.export(instance, name);
            let Some(Extern::Func(func)) = export else { panic!("not a function") };
            let mut slots = slots;
            // SAFETY: as above; the tests pass what the types ask.
            unsafe { invoke(store, func.as_ptr(), slots.as_mut_ptr()) }
        })
    }
}

/// The first result of the function `f` of a module without imports.
fn run(text: &str, args: &[i64]) -> Result<i64, Unwind> {
    let mut world = World::new();
    let instance = world.instantiate(text, &[]);
    world.call(instance, "f", args).map(|results| results[0])
}

fn trap(result: Result<impl std::fmt::Debug, Unwind>) -> Trap {
    match result {
        Err(Unwind::Trap(trap)) => trap,
        other => panic!("no trap: {other:?}"),
    }
}

#[test]
fn a_loop_with_parameters_computes_a_factorial() {
    let text = r#"(module (func (export "f") (param i64) (result i64)
        i64.const 1 local.get 0
        (loop (param i64 i64) (result i64)
          local.set 0
          local.get 0 i64.mul
          local.get 0 i64.const 1 i64.sub
          local.tee 0
          local.get 0 i64.const 1 i64.gt_s
          br_if 0
          drop)))"#;
    assert_eq!(run(text, &[10]).unwrap(), 3_628_800);
}

#[test]
fn a_branch_takes_its_operands_along_and_drops_the_rest() {
    let text = r#"(module (func (export "f") (param i32) (result i32)
        i32.const 1000
        (block (result i32 i32)
          i32.const 7 i32.const 8
          i32.const 10 i32.const 20
          local.get 0
          br_table 0 0)
        i32.sub i32.add))"#;
    assert_eq!(run(text, &[0]).unwrap(), 990);
    assert_eq!(run(text, &[-1]).unwrap(), 990);
    let to_function = r#"(module (func (export "f") (param i32) (result i32)
        i32.const 1000
        (block (result i32) i32.const 5 i32.const 6 local.get 0 br_table 0 1 0)
        i32.add))"#;
    assert_eq!(run(to_function, &[0]).unwrap(), 1006);
    assert_eq!(run(to_function, &[1]).unwrap(), 6);
}

#[test]
fn an_if_without_else_hands_its_parameters_on() {
    let text = r#"(module (func (export "f") (param i32) (result i32)
        i32.const 3
        local.get 0
        (if (param i32) (result i32) (then i32.const 4 i32.mul))))"#;
    assert_eq!(run(text, &[1]).unwrap(), 12);
    assert_eq!(run(text, &[0]).unwrap(), 3);
}

#[test]
fn select_takes_the_first_value_unless_the_condition_is_zero() {
    let text = r#"(module (func (export "f") (param i32) (result i64)
        i64.const 1 i64.const 2 local.get 0 select))"#;
    assert_eq!(run(text, &[-7]).unwrap(), 1);
    // Only the low half of the condition counts.
    assert_eq!(run(text, &[1 << 32]).unwrap(), 2);
}

#[test]
fn memory_accesses_extend_wrap_and_stay_inside() {
    let text = r#"(module (memory 1) (func (export "f") (param i32) (result i32)
        local.get 0 i32.const -1 i32.store16 offset=4
        local.get 0 i32.load8_s offset=5
        local.get 0 i32.load16_u offset=5
        i32.add))"#;
    assert_eq!(run(text, &[0]).unwrap(), 254);
    assert_eq!(run(text, &[0xffff - 6]).unwrap(), 254);
    assert_eq!(trap(run(text, &[0xffff - 4])).code, TrapCode::MemoryOutOfBounds);
    assert_eq!(trap(run(text, &[-1])).code, TrapCode::MemoryOutOfBounds);
}

#[test]
fn bulk_instructions_go_through_the_runtime() {
    let text = r#"(module (memory 1) (data $d "abc") (func (export "f") (param i32) (result i32)
        i32.const 8 i32.const 1 i32.const 2 memory.init $d
        i32.const 9 i32.const 8 i32.const 2 memory.copy
        data.drop $d
        i32.const 0 i32.const 0 local.get 0 memory.init $d
        i32.const 1 memory.grow drop
        i32.const 8 i32.load
        memory.size i32.add))"#;
    assert_eq!(run(text, &[0]).unwrap(), 0x0063_6262 + 2);
    assert_eq!(trap(run(text, &[1])).code, TrapCode::MemoryOutOfBounds);
}

#[test]
fn call_indirect_checks_bounds_then_null_then_type() {
    let text = r#"(module
        (type $out (func (result i32)))
        (table 3 funcref) (elem (i32.const 0) $answer $other)
        (func $answer (type $out) i32.const 42)
        (func $other)
        (func (export "f") (param i32) (result i32) local.get 0 call_indirect (type $out)))"#;
    assert_eq!(run(text, &[0]).unwrap(), 42);
    assert_eq!(trap(run(text, &[3])).code, TrapCode::UndefinedElement);
    assert_eq!(trap(run(text, &[2])).code, TrapCode::UninitializedElement);
    assert_eq!(trap(run(text, &[1])).code, TrapCode::IndirectCallTypeMismatch);
}

#[test]
fn references_and_globals_survive_a_round_trip() {
    let text = r#"(module
        (global $g (mut funcref) (ref.null func))
        (table $t 2 funcref) (elem declare func $answer)
        (func $answer (result i32) i32.const 42)
        (func (export "f") (result i32)
          ref.func $answer global.set $g
          i32.const 1 global.get $g table.set $t
          i32.const 0 table.get $t ref.is_null
          i32.const 1 table.get $t ref.is_null
          i32.const 1 i32.shl i32.or
          table.size $t i32.add
          i32.const 1 call_indirect (result i32)
          i32.add))"#;
    assert_eq!(run(text, &[]).unwrap(), 1 + 2 + 42);
}

#[test]
fn a_trap_knows_the_functions_and_the_offsets() {
    let text = r#"(module
        (func $inner unreachable)
        (func (export "f") nop call $inner))"#;
    let trap = trap(run(text, &[]));
    assert_eq!(trap.code, TrapCode::Unreachable);
    let frames: Vec<_> = trap.frames.iter().map(|frame| frame.func.0).collect();
    assert_eq!(frames, [0, 1]);
    // The offsets are those of `unreachable` and of `call`.
    let bytes = trap.frames.iter().map(|frame| frame.module.bytes[frame.offset as usize]);
    assert_eq!(bytes.collect::<Vec<_>>(), [0x00, 0x10]);
}

#[test]
fn endless_recursion_traps_and_keeps_only_the_innermost_frames() {
    let text = r#"(module (func $f (export "f") (result i64) call $f))"#;
    let trap = trap(run(text, &[]));
    assert_eq!(trap.code, TrapCode::StackOverflow);
    assert_eq!(trap.frames.len(), bimetal_runtime::trap::MAX_FRAMES);
    assert!(trap.omitted > 1000, "{}", trap.omitted);
}

#[test]
fn recursion_through_the_host_traps_too() {
    let mut world = World::new();
    let host = world.caller("f", [Slot::ZERO]);
    let text = r#"(module (import "" "" (func $h)) (func (export "f") call $h))"#;
    let instance = world.instantiate(text, &[host]);
    let trap = trap(world.call(instance, "f", &[]));
    assert_eq!(trap.code, TrapCode::StackOverflow);
    assert!(trap.frames.iter().all(|frame| frame.func.0 == 1));
    // The store is as good as new.
    let answer = r#"(module (func (export "f") (result i32) i32.const 42))"#;
    let instance = world.instantiate(answer, &[]);
    assert_eq!(world.call(instance, "f", &[]).unwrap()[0], 42);
}

#[test]
fn the_stack_limit_is_one_for_all_activations_of_a_store() {
    let mut world = World::new();
    let step = 1_000 / SMALLER;
    let host = world.caller("deep", [Slot::from_i64(step)]);
    let text = r#"(module (import "" "" (func $h))
        (func $deep (export "deep") (param i32)
          local.get 0
          (if (then local.get 0 i32.const 1 i32.sub call $deep)))
        (func $then_host (export "then_host") (param i32)
          local.get 0
          (if (then local.get 0 i32.const 1 i32.sub call $then_host) (else call $h))))"#;
    let instance = world.instantiate(text, &[host]);
    // Each frame takes some slots of the stack: how many fit?
    let fits = (1..).find(|n| world.call(instance, "deep", &[n * step]).is_err()).unwrap() - 1;
    assert!(fits > 4, "{fits}");
    assert!(world.call(instance, "then_host", &[(fits - 2) * step]).is_ok());
    let trap = trap(world.call(instance, "then_host", &[fits * step]));
    assert_eq!(trap.code, TrapCode::StackOverflow);
}

#[test]
fn a_call_into_another_instance_uses_that_instance() {
    let mut world = World::new();
    let text = r#"(module (global $g (mut i32) (i32.const 5))
        (func (export "next") (result i32)
          global.get $g i32.const 1 i32.add global.set $g global.get $g))"#;
    let exporter = world.instantiate(text, &[]);
    let next = world.export(exporter, "next");
    let text = r#"(module (import "" "" (func $next (result i32)))
        (global $g i32 (i32.const 100))
        (func (export "f") (result i32 i32 i32) call $next call $next global.get $g))"#;
    let importer = world.instantiate(text, &[next]);
    assert_eq!(world.call(importer, "f", &[]).unwrap()[..3], [6, 7, 100]);
}

#[test]
fn a_host_error_ends_the_guest() {
    let mut world = World::new();
    let host = world.host(|_| Err(Unwind::Host(Box::new("no"))));
    let text = r#"(module (import "" "" (func $h)) (func (export "f") call $h unreachable))"#;
    let instance = world.instantiate(text, &[host]);
    match world.call(instance, "f", &[]) {
        Err(Unwind::Host(error)) => assert_eq!(error.downcast_ref::<&str>(), Some(&"no")),
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_invalid_function_of_a_lazy_module_is_an_error_at_its_first_call() {
    let mut world = World { lazy: true, ..World::new() };
    let text = r#"(module
        (func (export "good") (result i32) i32.const 1)
        (func $bad (export "bad") (result i32) i64.const 1)
        (func (export "caller") (result i32) call $bad))"#;
    let instance = world.instantiate(text, &[]);
    assert_eq!(world.call(instance, "good", &[]).unwrap()[0], 1);
    for name in ["bad", "caller"] {
        match world.call(instance, name, &[]) {
            Err(Unwind::Host(error)) => {
                assert_eq!(error.downcast_ref::<Error>().unwrap().kind(), ErrorKind::Invalid);
            }
            other => panic!("{other:?}"),
        }
    }
}
