//! Shared memories: the same one in many stores, on many threads, under every
//! strategy.

mod common;

use std::sync::atomic::{AtomicU8, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use bimetal::{
    Config, Engine, Extern, Instance, Linker, Memory, MemoryType, Module, ModuleError,
    ModuleErrorKind, SharedMemory, Store, StoreLimitsBuilder, Trap, WaitResult,
};
use common::engines_with;

fn all_engines() -> Vec<Engine> {
    let with_guards = |on| {
        engines_with(|config| {
            config.memory_guard_pages(on);
        })
    };
    [true, false].into_iter().flat_map(with_guards).collect()
}

const WAT: &str = r#"(module
    (import "" "memory" (memory 1 4 shared))
    (data $data "abcdefgh")
    (func (export "count") (param $times i32)
        (loop $again
            (drop (i32.atomic.rmw.add (i32.const 0) (i32.const 1)))
            (drop (i64.atomic.rmw8.sub_u offset=8 (i32.const 0) (i64.const 1)))
            (local.set $times (i32.sub (local.get $times) (i32.const 1)))
            (br_if $again (local.get $times))))
    (func (export "locked") (param $times i32) (local $taken i32)
        (loop $again
            (loop $spin
                (br_if $spin (i32.atomic.rmw.cmpxchg (i32.const 16) (i32.const 0) (i32.const 1))))
            (i64.store (i32.const 24) (i64.add (i64.load (i32.const 24)) (i64.const 1)))
            (i32.atomic.store (i32.const 16) (i32.const 0))
            (local.set $times (i32.sub (local.get $times) (i32.const 1)))
            (br_if $again (local.get $times))))
    (func (export "wait") (param i32 i64) (result i32)
        (memory.atomic.wait32 offset=32 (i32.const 0) (local.get 0) (local.get 1)))
    (func (export "wait64") (param i32 i64 i64) (result i32)
        (memory.atomic.wait64 (local.get 0) (local.get 1) (local.get 2)))
    (func (export "notify") (param i32 i32) (result i32)
        (memory.atomic.notify (local.get 0) (local.get 1)))
    (func (export "until") (param i32) (result i32)
        (loop $again
            (br_if $again (i32.lt_u (memory.size) (local.get 0))))
        (i32.load8_u (i32.sub (i32.shl (local.get 0) (i32.const 16)) (i32.const 1))))
    (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
    (func (export "bulk")
        (memory.fill (i32.const 100) (i32.const 7) (i32.const 4))
        (memory.init $data (i32.const 104) (i32.const 0) (i32.const 8))
        (memory.copy (i32.const 102) (i32.const 104) (i32.const 8))
        (atomic.fence))
    (func (export "load") (param i32) (result i64) (i64.atomic.load (local.get 0))))"#;

/// A memory and a module that imports it.
fn shared(engine: &Engine) -> (SharedMemory, Module) {
    let memory = SharedMemory::new(engine, MemoryType::shared(1, 4)).unwrap();
    (memory, Module::new(engine, WAT).unwrap())
}

fn instance(module: &Module, memory: &SharedMemory) -> (Store<()>, Instance) {
    let mut store = Store::new(module.engine(), ());
    let instance = Instance::new(&mut store, module, &[memory.clone().into()]).unwrap();
    (store, instance)
}

fn number(memory: &SharedMemory, offset: usize) -> u64 {
    let mut bytes = [0; 8];
    memory.read(offset, &mut bytes).unwrap();
    u64::from_le_bytes(bytes)
}

#[test]
fn what_threads_share_is_send_and_sync() {
    fn send_and_sync<T: Send + Sync>() {}
    fn send<T: Send>() {}
    send_and_sync::<(Engine, Module, SharedMemory, Config, Linker<()>, Extern)>();
    send::<Store<std::cell::Cell<u8>>>();
}

#[test]
fn atomic_updates_of_many_threads_are_all_there() {
    for engine in all_engines() {
        let (memory, module) = shared(&engine);
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    let (mut store, instance) = instance(&module, &memory);
                    for name in ["count", "locked"] {
                        let run = instance.get_typed_func::<i32, ()>(&mut store, name).unwrap();
                        run.call(&mut store, 300).unwrap();
                    }
                });
            }
        });
        assert_eq!(number(&memory, 0), 1200, "{:?}", engine.strategy());
        assert_eq!(number(&memory, 8), u64::from(0_u8.wrapping_sub((1200 % 256) as u8)));
        assert_eq!(number(&memory, 24), 1200);
    }
}

#[test]
fn a_guest_or_a_host_wakes_who_waits_for_ever() {
    for engine in all_engines() {
        let (memory, module) = shared(&engine);
        thread::scope(|scope| {
            let wait = || {
                let (mut store, instance) = instance(&module, &memory);
                let wait = instance.get_typed_func::<(i32, i64), i32>(&mut store, "wait");
                wait.unwrap().call(&mut store, (0, -1)).unwrap()
            };
            let waiting = [scope.spawn(wait), scope.spawn(wait), scope.spawn(wait)];
            // A guest wakes one, the host the others.
            let (mut store, instance) = instance(&module, &memory);
            let notify = instance.get_typed_func::<(i32, i32), i32>(&mut store, "notify").unwrap();
            while notify.call(&mut store, (32, 1)).unwrap() == 0 {
                thread::yield_now();
            }
            let mut woken = 0;
            while woken < 2 {
                woken += memory.atomic_notify(32, u32::MAX).unwrap();
                thread::yield_now();
            }
            assert_eq!(woken, 2);
            waiting.into_iter().for_each(|thread| assert_eq!(thread.join().unwrap(), 0));
        });
    }
}

#[test]
fn a_wait_ends_at_once_or_in_time_or_traps() {
    for engine in all_engines() {
        let (memory, module) = shared(&engine);
        let (mut store, instance) = instance(&module, &memory);
        let wait = instance.get_typed_func::<(i32, i64), i32>(&mut store, "wait").unwrap();
        assert_eq!(wait.call(&mut store, (1, -1)).unwrap(), 1);
        let begin = Instant::now();
        assert_eq!(wait.call(&mut store, (0, 10_000_000)).unwrap(), 2);
        assert!(begin.elapsed() >= Duration::from_millis(10));
        let wait = instance.get_typed_func::<(i32, i64, i64), i32>(&mut store, "wait64").unwrap();
        memory.write(40, &[0xff; 8]).unwrap();
        assert_eq!(wait.call(&mut store, (40, -1, 0)).unwrap(), 2);
        assert_eq!(wait.call(&mut store, (40, 0xffff_ffff, -1)).unwrap(), 1);
        let cases = [(44, Trap::HeapMisaligned), (65_536, Trap::MemoryOutOfBounds)];
        for (address, expected) in cases {
            let error = wait.call(&mut store, (address, 0, -1)).unwrap_err();
            assert_eq!(error.downcast_ref(), Some(&expected));
        }
        let load = instance.get_typed_func::<i32, i64>(&mut store, "load").unwrap();
        for (address, expected) in cases.into_iter().chain([(-8, Trap::MemoryOutOfBounds)]) {
            let error = load.call(&mut store, address).unwrap_err();
            assert_eq!(error.downcast_ref(), Some(&expected), "{address}");
        }
        assert_eq!(memory.atomic_wait32(40, 0, None), Ok(WaitResult::Mismatch));
        let timeout = Some(Duration::from_millis(1));
        assert_eq!(memory.atomic_wait64(40, u64::MAX, timeout), Ok(WaitResult::TimedOut));
        assert_eq!(memory.atomic_notify(2, 1), Err(Trap::HeapMisaligned));
        assert_eq!(memory.atomic_notify(1 << 20, 1), Err(Trap::MemoryOutOfBounds));
    }
}

#[test]
fn growth_on_one_thread_is_seen_by_the_others_while_they_run() {
    for engine in all_engines() {
        let (memory, module) = shared(&engine);
        let base = memory.data().as_ptr();
        thread::scope(|scope| {
            let until = |pages| {
                let (mut store, instance) = instance(&module, &memory);
                let until = instance.get_typed_func::<i32, i32>(&mut store, "until").unwrap();
                until.call(&mut store, pages).unwrap()
            };
            let waiting = [scope.spawn(move || until(2)), scope.spawn(move || until(4))];
            let (mut store, instance) = instance(&module, &memory);
            let grow = instance.get_typed_func::<i32, i32>(&mut store, "grow").unwrap();
            assert_eq!(grow.call(&mut store, 1).unwrap(), 1);
            assert_eq!((memory.size(), memory.data_size()), (2, 2 << 16));
            assert_eq!(memory.grow(2).unwrap(), 2);
            assert!(memory.grow(1).is_err());
            assert_eq!(grow.call(&mut store, 1).unwrap(), -1);
            waiting.into_iter().for_each(|thread| assert_eq!(thread.join().unwrap(), 0));
        });
        assert_eq!(memory.data().as_ptr(), base);
    }
}

#[test]
fn bulk_instructions_and_the_host_work_on_the_same_bytes() {
    for engine in all_engines() {
        let (memory, module) = shared(&engine);
        let (mut store, instance) = instance(&module, &memory);
        instance
            .get_typed_func::<(), ()>(&mut store, "bulk")
            .unwrap()
            .call(&mut store, ())
            .unwrap();
        let mut bytes = [0; 12];
        memory.read(100, &mut bytes).unwrap();
        assert_eq!(&bytes, b"\x07\x07abcdefghgh");
        let cell = &memory.data()[100];
        // SAFETY: nobody writes a byte of the memory but through atomics.
        let byte = unsafe { AtomicU8::from_ptr(cell.get()) };
        byte.store(9, Ordering::Relaxed);
        assert_eq!(number(&memory, 100) & 0xff, 9);
        assert!(memory.read(65_530, &mut bytes).is_err() && memory.write(65_536, b"a").is_err());
    }
}

#[test]
fn a_memory_that_an_instance_makes_can_go_to_another_store() {
    let wat = r#"(module
        (memory (export "memory") 1 1 shared)
        (data (i32.const 8) "\2a")
        (func (export "wait") (result i32)
            (memory.atomic.wait32 (i32.const 0) (i32.const 1) (i64.const -1))))"#;
    for engine in all_engines() {
        let (mut store, instance) = common::instantiate(&engine, wat);
        let memory = instance.get_shared_memory(&mut store, "memory").unwrap();
        assert!(instance.get_memory(&mut store, "memory").is_none());
        assert_eq!((memory.ty().is_shared(), memory.ty().maximum()), (true, Some(1)));
        let import = r#"(module (import "a" "m" (memory 1 1 shared)) (import "a" "m" (memory 1 2 shared))
            (func (export "get") (result i32) (i32.load8_u 1 (i32.const 8))))"#;
        let module = Module::new(&engine, import).unwrap();
        let mut other = Store::new(&engine, ());
        let mut linker = Linker::new(&engine);
        linker.define(&other, "a", "m", memory.clone()).unwrap();
        let user = linker.instantiate(&mut other, &module).unwrap();
        drop((store, memory, linker));
        let get = user.get_typed_func::<(), i32>(&mut other, "get").unwrap();
        assert_eq!(get.call(&mut other, ()).unwrap(), 42);
    }
}

#[test]
fn what_does_not_fit_is_an_error() {
    let engine = Engine::default();
    let (memory, module) = shared(&engine);
    let mut store = Store::new(&engine, ());
    assert!(SharedMemory::new(&engine, MemoryType::new(1, Some(1))).is_err());
    assert!(SharedMemory::new(&engine, MemoryType::shared(2, 1)).is_err());
    assert!(Memory::new(&mut store, MemoryType::shared(1, 1)).is_err());
    let plain = Memory::new(&mut store, MemoryType::new(1, Some(4))).unwrap();
    assert!(Instance::new(&mut store, &module, &[plain.into()]).is_err());
    let other = SharedMemory::new(&Engine::default(), MemoryType::shared(1, 4)).unwrap();
    let error = Instance::new(&mut store, &module, &[other.into()]).unwrap_err();
    assert!(format!("{error:#}").contains("another engine"), "{error:#}");
    store.set_limits(StoreLimitsBuilder::new().memories(1).build());
    assert!(Instance::new(&mut store, &module, &[memory.into()]).is_err());
}

#[test]
fn without_the_feature_shared_memories_are_refused() {
    let mut config = Config::new();
    config.wasm_threads(false);
    let engine = Engine::new(&config).unwrap();
    let access = "(module (memory 1) (func (drop (i32.atomic.load (i32.const 0)))))";
    for wat in ["(module (memory 1 1 shared))", access] {
        let error = Module::new(&engine, wat).unwrap_err();
        let kind = error.downcast_ref::<ModuleError>().map(ModuleError::kind);
        assert_eq!(kind, Some(ModuleErrorKind::Unsupported), "{error:#}");
        assert!(format!("{error:#}").contains("threads"), "{error:#}");
    }
}

#[test]
fn memories_of_one_store_allow_atomic_accesses_but_no_waiting() {
    let wat = r#"(module
        (memory 1)
        (func (export "add") (param i64) (result i64)
            (i64.atomic.rmw.add (i32.const 8) (local.get 0)))
        (func (export "wait") (param i32)
            (drop (memory.atomic.wait32 (local.get 0) (i32.const 0) (i64.const 0))))
        (func (export "notify") (param i32) (result i32)
            (memory.atomic.notify offset=4 (local.get 0) (i32.const 1))))"#;
    for engine in all_engines() {
        let (mut store, instance) = common::instantiate(&engine, wat);
        let add = instance.get_typed_func::<i64, i64>(&mut store, "add").unwrap();
        assert_eq!(add.call(&mut store, 5).unwrap(), 0);
        assert_eq!(add.call(&mut store, -6).unwrap(), 5);
        let wait = instance.get_typed_func::<i32, ()>(&mut store, "wait").unwrap();
        let notify = instance.get_typed_func::<i32, i32>(&mut store, "notify").unwrap();
        let trap =
            |result: bimetal::Result<()>| *result.unwrap_err().downcast_ref::<Trap>().unwrap();
        assert_eq!(trap(wait.call(&mut store, 0)), Trap::AtomicWaitNonSharedMemory);
        assert_eq!(trap(wait.call(&mut store, 2)), Trap::HeapMisaligned);
        assert_eq!(notify.call(&mut store, 0).unwrap(), 0);
        assert_eq!(trap(notify.call(&mut store, 65_532).map(drop)), Trap::MemoryOutOfBounds);
        assert_eq!(trap(notify.call(&mut store, 1).map(drop)), Trap::HeapMisaligned);
    }
}
