//! Where memories come from: what a store finds in a memory does not depend on who had
//! its address space before, and a pool has its limits.

use bimetal::{
    Config, Engine, Error, Instance, InstanceAllocationStrategy, Memory, MemoryType, Module,
    PoolingAllocationConfig, Store, Strategy, Trap,
};

/// A module with 64 KiB of data, 64 KiB behind the start of its memory.
fn with_data(byte: char) -> String {
    let data: String = std::iter::repeat_n(byte, 1 << 16).collect();
    format!(
        r#"(module (memory (export "m") 3 100)
            (data (i32.const 65536) "{data}") (data (i32.const 70000) "second")
            (func (export "write") (param i32)
                (i32.store (local.get 0) (i32.const -1)))
            (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
            (func (export "fail") (i32.store (i32.const 65536) (i32.const -1)) unreachable)
            (func (export "read") (param i32) (result i32) (i32.load (local.get 0))))"#
    )
}

const PLAIN: &str = r#"(module (memory (export "m") 1 40)
    (table (export "t") 4 funcref)
    (func (export "write") (param i32) (i32.store (local.get 0) (i32.const -1)))
    (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
    (func (export "fail") (i32.store (i32.const 65000) (i32.const -1)) unreachable)
    (func (export "read") (param i32) (result i32) (i32.load (local.get 0))))"#;

fn pool() -> PoolingAllocationConfig {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_core_instances(4).total_memories(4).total_tables(4).max_memory_size(4 << 20);
    pool
}

/// Engines of every strategy, with and without guard pages, on demand and pooled.
fn engines() -> Vec<Engine> {
    let mut engines = Vec::new();
    for &strategy in Strategy::ALL {
        for guard in [true, false] {
            let mut config = Config::new();
            config.strategy(strategy).memory_guard_pages(guard);
            let mut all = [config.clone(), config.clone(), config];
            all[1].allocation_strategy(InstanceAllocationStrategy::Pooling(pool()));
            let mut cold = pool();
            cold.max_unused_warm_slots(0);
            all[2].allocation_strategy(InstanceAllocationStrategy::Pooling(cold));
            engines.extend(all.iter().map(|config| Engine::new(config).unwrap()));
        }
    }
    engines
}

fn instance(engine: &Engine, module: &Module) -> (Store<()>, Instance) {
    let mut store = Store::new(engine, ());
    let instance = Instance::new(&mut store, module, &[]).unwrap();
    (store, instance)
}

fn call(store: &mut Store<()>, instance: Instance, name: &str, arg: i32) -> Result<i32, Error> {
    let func = instance.get_func(&mut *store, name).unwrap();
    let mut results = vec![bimetal::Val::I32(0); func.ty(&mut *store).results().len()];
    let args = [bimetal::Val::I32(arg)];
    let args = &args[..func.ty(&mut *store).params().len()];
    func.call(&mut *store, args, &mut results)?;
    Ok(results.first().and_then(bimetal::Val::i32).unwrap_or(0))
}

fn bytes(store: &mut Store<()>, instance: Instance) -> Vec<u8> {
    instance.get_memory(&mut *store, "m").unwrap().data(&*store).to_vec()
}

#[test]
fn nothing_of_an_earlier_instance_is_left() {
    let texts = [with_data('a'), PLAIN.to_owned(), with_data('b')];
    for engine in engines() {
        let modules = texts.each_ref().map(|text| Module::new(&engine, text).unwrap());
        let new = modules.each_ref().map(|module| {
            let (mut store, instance) = instance(&engine, module);
            bytes(&mut store, instance)
        });
        assert!(new[0][65536..70000].iter().all(|&byte| byte == b'a'));
        assert_eq!(&new[0][70000..70007], b"seconda");
        assert!(new[1].iter().all(|&byte| byte == 0));
        // Every module comes after every other one, and after itself.
        for index in [0, 0, 1, 1, 2, 2, 1, 0, 2, 0] {
            let (mut store, instance) = instance(&engine, &modules[index]);
            assert!(bytes(&mut store, instance) == new[index], "{:?}", engine.config());
            let len = new[index].len() as i32;
            for address in (0..len - 4).step_by(5000) {
                call(&mut store, instance, "write", address).unwrap();
            }
            assert_eq!(call(&mut store, instance, "grow", 20).unwrap(), len >> 16);
            assert_eq!(call(&mut store, instance, "read", len).unwrap(), 0);
            call(&mut store, instance, "write", len).unwrap();
            call(&mut store, instance, "write", len + (20 << 16) - 4).unwrap();
            call(&mut store, instance, "fail", 0).unwrap_err();
        }
    }
}

#[test]
fn a_memory_ends_where_its_own_length_says() {
    for engine in engines() {
        let modules = [PLAIN.to_owned(), with_data('a')];
        let modules = modules.map(|text| Module::new(&engine, text).unwrap());
        for (grow, index) in [(30, 0), (0, 0), (20, 1), (0, 0), (0, 1)] {
            let (mut store, instance) = instance(&engine, &modules[index]);
            call(&mut store, instance, "grow", grow).unwrap();
            let len = bytes(&mut store, instance).len() as i32;
            assert_eq!(len, ([1, 3][index] + grow) << 16);
            assert_eq!(call(&mut store, instance, "read", len - 4).unwrap(), 0);
            for address in [len, len - 3, len + 65536, i32::MAX, -1] {
                let error = call(&mut store, instance, "read", address).unwrap_err();
                let trap = error.downcast_ref::<Trap>();
                assert_eq!(trap, Some(&Trap::MemoryOutOfBounds), "{:?}", engine.config());
            }
        }
    }
}

#[test]
fn stores_may_go_in_any_order() {
    for engine in engines() {
        let module = Module::new(&engine, with_data('x')).unwrap();
        let mut live: Vec<_> = (0..4).map(|_| instance(&engine, &module)).collect();
        for round in 0..8 {
            let (mut store, first) = live.remove(round % 3);
            call(&mut store, first, "write", 65536).unwrap();
            drop(store);
            live.push(instance(&engine, &module));
            for (store, instance) in &mut live {
                let contents = bytes(store, *instance);
                assert_eq!((contents[65536], contents[65535], contents[131_072]), (b'x', 0, 0));
            }
        }
    }
}

#[test]
fn threads_that_share_an_engine_find_their_memories_new() {
    let texts = [with_data('a'), PLAIN.to_owned()];
    // What stands there in a new memory, by module.
    let expected = [[(0, 0), (65536, 0x6161_6161), (131_072, 0)], [(0, 0), (9000, 0), (65532, 0)]];
    for engine in engines() {
        let modules = texts.each_ref().map(|text| Module::new(&engine, text).unwrap());
        let run = |index: usize| {
            let (mut store, one) = instance(&engine, &modules[index]);
            for (address, content) in expected[index] {
                assert_eq!(call(&mut store, one, "read", address).unwrap(), content);
                call(&mut store, one, "write", address).unwrap();
            }
            let pages = call(&mut store, one, "grow", 2).unwrap();
            assert_eq!(call(&mut store, one, "read", pages << 16).unwrap(), 0);
            call(&mut store, one, "write", pages << 16).unwrap();
            call(&mut store, one, "fail", 0).unwrap_err();
        };
        // As many as the pool has room for.
        std::thread::scope(|scope| {
            for thread in 0..4 {
                scope.spawn(move || (0..10).for_each(|round| run((thread + round) % 2)));
            }
        });
    }
}

/// An engine with a pool and the default strategy.
fn pooled(pool: PoolingAllocationConfig) -> Engine {
    let mut config = Config::new();
    config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    Engine::new(&config).unwrap()
}

#[test]
fn an_exhausted_pool_is_an_error_and_recovers() {
    let cases = [
        (pool().total_memories(2).clone(), "2 memories"),
        (pool().total_tables(2).clone(), "2 tables"),
        (pool().total_core_instances(2).clone(), "2 instances"),
    ];
    for (pool, message) in cases {
        let engine = pooled(pool);
        let module = Module::new(&engine, PLAIN).unwrap();
        for _ in 0..3 {
            let live = [instance(&engine, &module), instance(&engine, &module)];
            for _ in 0..3 {
                let mut store = Store::new(&engine, ());
                let error = Instance::new(&mut store, &module, &[]).unwrap_err();
                assert!(error.to_string().contains(message), "{error}");
            }
            drop(live);
        }
    }
}

#[test]
fn a_pool_limits_what_a_memory_and_a_table_may_become() {
    let engine = pooled(pool().max_memory_size(3 << 16).table_elements(8).clone());
    let (mut store, one) = instance(&engine, &Module::new(&engine, PLAIN).unwrap());
    assert_eq!(call(&mut store, one, "grow", 3).unwrap(), -1);
    assert_eq!(call(&mut store, one, "grow", 2).unwrap(), 1);
    let table = one.get_table(&mut store, "t").unwrap();
    let null = bimetal::Ref::Func(None);
    assert!(table.grow(&mut store, 5, null).is_err());
    let null = bimetal::Ref::Func(None);
    assert_eq!(table.grow(&mut store, 4, null).unwrap(), 4);
    for text in ["(module (memory 4))", "(module (table 9 funcref))"] {
        let module = Module::new(&engine, text).unwrap();
        assert!(Instance::new(&mut store, &module, &[]).is_err(), "{text}");
    }
}

#[test]
fn a_pool_has_memories_of_every_kind() {
    for guard in [true, false] {
        let mut config = Config::new();
        config.memory_guard_pages(guard);
        config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool()));
        let engine = Engine::new(&config).unwrap();
        let text = r#"(module (memory (export "m") i64 1) (memory $s 1 2 shared)
            (data (i64.const 5) "x")
            (func (export "grow") (param i32) (result i32)
                (i32.wrap_i64 (memory.grow (i64.extend_i32_u (local.get 0))))))"#;
        let module = Module::new(&engine, text).unwrap();
        for _ in 0..3 {
            let mut store = Store::new(&engine, ());
            let one = Instance::new(&mut store, &module, &[]).unwrap();
            let host = Memory::new(&mut store, MemoryType::new(2, None)).unwrap();
            assert!(host.data(&store).iter().all(|&byte| byte == 0));
            host.data_mut(&mut store).fill(7);
            assert_eq!(host.grow(&mut store, 62).unwrap(), 2);
            assert!(host.grow(&mut store, 1).is_err());
            assert_eq!(bytes(&mut store, one)[4..7], [0, b'x', 0]);
            assert_eq!(call(&mut store, one, "grow", 63).unwrap(), 1);
            assert_eq!(call(&mut store, one, "grow", 1).unwrap(), -1);
            assert_eq!(bytes(&mut store, one)[4..7], [0, b'x', 0]);
        }
    }
}

#[test]
fn an_impossible_pool_is_an_error() {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_memories(u32::MAX).max_memory_size(usize::MAX);
    let mut config = Config::new();
    config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    assert!(Engine::new(&config).unwrap_err().to_string().contains("pool"));
}

#[test]
fn data_means_the_same_with_and_without_images() {
    let data = "y".repeat(40_000);
    // The last segment is out of bounds; the module's function stands in the table of
    // another one by then.
    let late = format!(
        r#"(module (import "" "t" (table 1 funcref)) (memory 1) (elem (i32.const 0) $f)
            (data (i32.const 100) "{data}") (data (i32.const 65530) "abcdefgh")
            (func $f (result i32) (i32.load8_u (i32.const 100))))"#
    );
    // The element segment behind the one with the function is.
    let early = format!(
        r#"(module (import "" "t" (table 1 funcref)) (memory 1)
            (elem (i32.const 0) $f) (elem (i32.const 1) $f)
            (data (i32.const 100) "{data}")
            (func $f (result i32) (i32.load8_u (i32.const 100))))"#
    );
    let owner = r#"(module (table (export "t") 1 funcref)
        (func (export "call") (result i32) (call_indirect (result i32) (i32.const 0))))"#;
    for cow in [true, false] {
        let mut config = Config::new();
        config.memory_init_cow(cow);
        let engine = Engine::new(&config).unwrap();
        for (text, expected) in [(&late, i32::from(b'y')), (&early, 0)] {
            let (mut store, owner) = instance(&engine, &Module::new(&engine, owner).unwrap());
            let table = owner.get_export(&mut store, "t").unwrap();
            let module = Module::new(&engine, text).unwrap();
            Instance::new(&mut store, &module, &[table]).unwrap_err();
            assert_eq!(call(&mut store, owner, "call", 0).unwrap(), expected);
        }
    }
}

#[test]
fn segments_overlap_in_order_and_offsets_may_be_computed() {
    let data = "z".repeat(40_000);
    let text = format!(
        r#"(module (import "" "g" (global $g i32)) (memory (export "m") 2) (memory (export "n") 1)
            (data (i32.const 10) "{data}") (data (i32.const 12) "12345") (data (i32.const 14) "ab")
            (data (memory 1) (global.get $g) "n"))"#
    );
    let constant = text.replace(r#"(import "" "g" (global $g i32))"#, "");
    let constant = constant.replace("(global.get $g)", "(i32.const 3)");
    for cow in [true, false] {
        let mut config = Config::new();
        config.memory_init_cow(cow);
        let engine = Engine::new(&config).unwrap();
        let mut store = Store::new(&engine, ());
        let ty = bimetal::GlobalType::new(bimetal::ValType::I32, bimetal::Mutability::Const);
        let three = bimetal::Global::new(&mut store, ty, bimetal::Val::I32(3)).unwrap();
        for (text, imports) in [(&text, &[three.into()][..]), (&constant, &[])] {
            let module = Module::new(&engine, text).unwrap();
            let instance = Instance::new(&mut store, &module, imports).unwrap();
            let m = bytes(&mut store, instance);
            assert_eq!((&m[8..20], m.len()), (&b"\0\0zz12ab5zzz"[..], 2 << 16));
            assert!(m[40_010..].iter().all(|&byte| byte == 0));
            let n = instance.get_memory(&mut store, "n").unwrap();
            assert_eq!(n.data(&store)[2..5], [0, b'n', 0]);
        }
    }
}
