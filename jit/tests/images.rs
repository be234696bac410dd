//! Compiled modules written to bytes and loaded again.

mod common;

use std::sync::Arc;

use bimetal_jit::JitModule;
use bimetal_runtime::Template;
use bimetal_runtime::instance::Instance;
use bimetal_runtime::store::InstanceId;
use common::World;

/// Everything that an image has a table for: calls, traps, references in frames,
/// handlers, and a function that no trampoline leads to.
const MODULE: &str = r#"(module
    (type $node (struct (field (mut (ref null $node))) (field i32)))
    (tag $odd (param i32))
    (memory 1)
    (func $inner (param i32) (result i32)
        (if (i32.and (local.get 0) (i32.const 1)) (then (throw $odd (local.get 0))))
        (i32.div_s (i32.const 100) (local.get 0)))
    (func (export "f") (param i32) (result i32) (local (ref null $node))
        (local.set 1 (struct.new $node (ref.null $node) (local.get 0)))
        (block $caught (result i32)
            (try_table (result i32) (catch $odd $caught)
                (call $inner (local.get 0)))
            (return))
        (i32.add (struct.get $node 1 (local.get 1))))
    (func (export "g") (param i64 f64) (result f64)
        (f64.add (f64.convert_i64_s (local.get 0)) (f64.nearest (local.get 1))))
    (func (export "grow") (result i32) (memory.grow (i32.const 1))))"#;

fn load(world: &World, module: &JitModule, image: &[u8]) -> Arc<JitModule> {
    // SAFETY: an image of this module that this process has written.
    let loaded = unsafe { world.engine.load(module.module(), image) };
    loaded.expect("an image loads").into_module()
}

fn instance(world: &mut World, code: Arc<JitModule>) -> InstanceId {
    let template = Arc::new(Template::new(code.module().clone(), &world.types));
    let id = Instance::instantiate(&mut world.store, &template, code, &[]);
    id.expect("the module can be instantiated")
}

#[test]
fn a_loaded_module_runs_and_is_written_to_the_same_bytes() {
    // Another engine loads it: it has made no trampolines yet.
    let compiled = World::new().compile(MODULE);
    let image = compiled.all().image();
    let mut world = World::new();
    let loaded = load(&world, &compiled, &image);
    assert_eq!(loaded.stats().code_bytes, compiled.stats().code_bytes);
    assert!(loaded.all().image() == image);
    assert!(World::new().compile(MODULE).all().image() == image, "compilation is deterministic");
    let id = instance(&mut world, loaded);
    assert_eq!(world.i32(id, "f", &[4]), 25);
    assert_eq!(world.i32(id, "f", &[3]), 6, "thrown, caught, and added to the field");
    assert_eq!(world.i32(id, "grow", &[]), 1);
    let trap = world.trap(id, "f", &[0]);
    assert_eq!(trap.code, bimetal_core::trap::TrapCode::IntegerDivideByZero);
    assert_eq!(trap.frames.iter().map(|frame| frame.func.0).collect::<Vec<_>>(), [0, 1]);
}

#[test]
fn functions_may_be_absent() {
    let engine = World::new().engine;
    let module = World::new().compile(MODULE).module().clone();
    for wanted in [&[][..], &[1], &[0, 3]] {
        let image = engine.compile_most(&module, wanted).unwrap().image();
        // SAFETY: an image of this module that this process has written.
        let loaded = unsafe { World::new().engine.load(&module, &image) }.unwrap();
        assert!(loaded.image() == image);
        assert_eq!(
            (loaded.compiled().collect::<Vec<_>>(), loaded.is_whole()),
            (wanted.into(), false)
        );
    }
}

#[test]
fn functions_compiled_one_by_one_and_relinked_are_as_if_compiled_together() {
    let world = World::new();
    let compiled = world.compile(MODULE);
    let module = compiled.module();
    let code = |defined| world.engine.compile_functions(module, &[defined], None).unwrap();
    let mut codes: Vec<_> = (0..module.bodies.len()).rev().map(code).collect();
    let bytes: Vec<_> = codes.iter().map(|code| code.linkable()).collect();
    let some = world.engine.relink(module, &mut codes[..2]).unwrap();
    assert_eq!(some.linkable(), bytes[..2].iter().sum());
    codes.push(some);
    let all = world.engine.relink(module, &mut codes).unwrap();
    assert!(all.image() == compiled.all().image());
}

#[test]
fn an_image_that_is_cut_short_or_long_is_an_error() {
    let world = World::new();
    let compiled = world.compile(MODULE);
    let mut image = compiled.all().image();
    // SAFETY: nothing of what is loaded is run.
    let fails = |image: &[u8]| unsafe { world.engine.load(compiled.module(), image) }.is_err();
    assert!((0..image.len()).all(|len| fails(&image[..len])));
    image.push(0);
    assert!(fails(&image));
}

#[test]
fn no_damage_to_an_image_makes_loading_panic() {
    let world = World::new();
    let compiled = world.compile(MODULE);
    let image = compiled.all().image();
    let mut refused = 0;
    for at in 0..image.len() {
        for bit in [0, 7] {
            let mut image = image.clone();
            image[at] ^= 1 << bit;
            // SAFETY: nothing of what is loaded is run.
            refused += u32::from(unsafe { world.engine.load(compiled.module(), &image) }.is_err());
        }
    }
    assert!(refused > 0);
}

#[test]
fn the_image_of_another_module_is_refused() {
    let world = World::new();
    let (compiled, other) = (world.compile(MODULE), world.compile("(module (func) (func))"));
    // SAFETY: nothing of what is loaded is run.
    let loaded = unsafe { world.engine.load(other.module(), &compiled.all().image()) };
    assert!(loaded.is_err());
}

#[test]
fn the_target_says_triple_and_features() {
    let target = World::new().engine.target();
    assert!(target.triple.contains(std::env::consts::ARCH), "{}", target.triple);
    assert!(target.features.is_sorted());
}
