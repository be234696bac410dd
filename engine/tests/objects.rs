//! Objects of guests as the host sees them.

use bimetal::{
    Caller, Config, Engine, Func, Instance, Module, Store, StoreLimitsBuilder, Strategy, Trap, Val,
};

const LIST: &str = r#"(module
    (type $node (struct (field (mut (ref null $node))) (field i32)))
    (import "" "host" (func $host (param anyref i32) (result anyref)))
    (global $head (mut (ref null $node)) (ref.null $node))
    (func (export "grow") (param $count i32)
        (loop
            (global.set $head (struct.new $node (global.get $head) (local.get $count)))
            (br_if 0 (local.tee $count (i32.sub (local.get $count) (i32.const 1))))))
    (func (export "drop") (global.set $head (ref.null $node)))
    (func (export "head") (result anyref) (global.get $head))
    (func (export "value") (param anyref) (result i32)
        (struct.get $node 1 (ref.cast (ref $node) (local.get 0))))
    ;; An operand, a local and an argument live across a call of the host.
    (func (export "across") (param $node (ref null $node)) (result i32)
        (local $own (ref null $node)) (local $sum i32)
        (local.set $own (struct.new $node (ref.null $node) (i32.const 100)))
        (struct.get $node 1 (struct.new $node (ref.null $node) (i32.const 20)))
        (struct.new $node (local.get $own) (i32.const 3))
        (call $host (struct.new $node (local.get $node) (i32.const 4)) (i32.const 5))
        ref.cast (ref $node)
        call $sum
        local.set $sum
        call $sum
        (i32.add (local.get $sum))
        (i32.add (call $sum (local.get $own)))
        i32.add)
    (func $sum (param $node (ref null $node)) (result i32)
        (local $sum i32)
        (block $end
            (loop
                (br_if $end (ref.is_null (local.get $node)))
                (local.set $sum (i32.add (local.get $sum) (struct.get $node 1 (local.get $node))))
                (local.set $node (struct.get $node 0 (local.get $node)))
                (br 0)))
        (local.get $sum)))"#;

/// A store with a small heap, in which `host` makes the guest allocate five times
/// so many nodes and then returns its argument.
fn instantiate(config: &Config, nodes: i32) -> (Store<()>, Instance) {
    let engine = Engine::new(config).unwrap();
    let module = Module::new(&engine, LIST).unwrap();
    let mut store = Store::new(&engine, ());
    store.set_limits(StoreLimitsBuilder::new().heap_size(1 << 20).build());
    let import = module.imports().next().unwrap().ty();
    let host = move |mut caller: Caller<'_, ()>, args: &[Val], results: &mut [Val]| {
        for _ in 0..5 {
            for (name, args) in [("grow", &[Val::I32(nodes)][..]), ("drop", &[])] {
                let func = caller.get_export(name).and_then(|export| export.into_func()).unwrap();
                func.call(&mut caller, args, &mut [])?;
            }
        }
        results[0] = args[0];
        Ok(())
    };
    let host = Func::new(&mut store, import.unwrap_func().clone(), host);
    let instance = Instance::new(&mut store, &module, &[host.into()]).unwrap();
    (store, instance)
}

fn reference() -> Config {
    let mut config = Config::new();
    config.strategy(Strategy::Reference);
    config
}

fn call(
    store: &mut Store<()>,
    instance: Instance,
    name: &str,
    args: &[Val],
) -> bimetal::Result<Val> {
    let func = instance.get_func(&mut *store, name).unwrap();
    let mut results = vec![Val::I32(0); func.ty(&*store).results().len()];
    func.call(&mut *store, args, &mut results)?;
    Ok(results.first().copied().unwrap_or(Val::I32(0)))
}

#[test]
fn a_guest_that_fills_its_heap_traps_and_goes_on_when_it_has_let_go() {
    let (mut store, instance) = instantiate(&reference(), 0);
    for _ in 0..3 {
        let error = call(&mut store, instance, "grow", &[Val::I32(100_000)]).unwrap_err();
        assert_eq!(error.downcast_ref(), Some(&Trap::AllocationTooLarge), "{error:#}");
        call(&mut store, instance, "drop", &[]).unwrap();
        call(&mut store, instance, "grow", &[Val::I32(30_000)]).unwrap();
        call(&mut store, instance, "drop", &[]).unwrap();
    }
}

#[test]
fn a_reference_that_the_host_holds_survives_collections() {
    let (mut store, instance) = instantiate(&reference(), 0);
    call(&mut store, instance, "grow", &[Val::I32(7)]).unwrap();
    let head = call(&mut store, instance, "head", &[]).unwrap();
    call(&mut store, instance, "drop", &[]).unwrap();
    for _ in 0..10 {
        call(&mut store, instance, "grow", &[Val::I32(30_000)]).unwrap();
        call(&mut store, instance, "drop", &[]).unwrap();
    }
    assert_eq!(call(&mut store, instance, "value", &[head]).unwrap().unwrap_i32(), 1);
    let Val::AnyRef(Some(head)) = head else { panic!("not a reference: {head:?}") };
    assert!(head.is_struct(&store).unwrap() && head.is_eq(&store).unwrap());
    assert!(!head.is_array(&store).unwrap());
}

#[test]
fn what_a_frame_holds_survives_a_collection_under_a_call_of_the_host() {
    let mut config = reference();
    for (stress, nodes) in [(false, 30_000), (true, 50)] {
        config.gc_stress(stress);
        let (mut store, instance) = instantiate(&config, nodes);
        let sum = call(&mut store, instance, "across", &[Val::AnyRef(None)]).unwrap();
        assert_eq!(sum.unwrap_i32(), 20 + 103 + 4 + 100);
    }
}
