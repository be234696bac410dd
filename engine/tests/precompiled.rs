//! Modules as bytes: what is loaded does what was compiled, and nothing else is
//! loaded.

mod common;

use std::path::Path;

use bimetal::{Config, Engine, Instance, Linker, Module, Precompiled, Store, Strategy, Trap};

const MODULE: &str = r#"(module $m
    (import "host" "double" (func $double (param i32) (result i32)))
    (type $pair (struct (field i32) (field (mut f64))))
    (tag $odd (param i32))
    (memory (export "memory") 1)
    (table 2 funcref)
    (elem (i32.const 0) func $half $double)
    (data (i32.const 8) "abcd")
    (func $half (param i32) (result i32)
        (if (i32.and (local.get 0) (i32.const 1)) (then (throw $odd (local.get 0))))
        (i32.shr_u (local.get 0) (i32.const 1)))
    (func (export "call") (param i32 i32) (result i32)
        (block $caught (result i32)
            (try_table (result i32) (catch $odd $caught)
                (call_indirect (param i32) (result i32) (local.get 1) (local.get 0)))
            (return))
        (i32.add (i32.const 100)))
    (func (export "pair") (param i32) (result i32)
        (struct.get $pair 0 (struct.new $pair (local.get 0) (f64.const 1))))
    (func (export "load") (param i32) (result i32) (i32.load (local.get 0)))
    (func (export "lanes") (param i32) (result i32)
        (i32x4.extract_lane 2 (i32x4.mul (i32x4.splat (local.get 0)) (i32x4.splat (i32.const 3))))))"#;

/// What the module does, by every export.
fn check(module: &Module) {
    let mut linker = Linker::new(module.engine());
    linker.func_wrap("host", "double", |n: i32| 2 * n).unwrap();
    let mut store = Store::new(module.engine(), ());
    let instance = linker.instantiate(&mut store, module).unwrap();
    let call = instance.get_typed_func::<(i32, i32), i32>(&mut store, "call").unwrap();
    assert_eq!(call.call(&mut store, (0, 6)).unwrap(), 3);
    assert_eq!(call.call(&mut store, (0, 7)).unwrap(), 107, "thrown and caught");
    assert_eq!(call.call(&mut store, (1, 7)).unwrap(), 14, "by the host");
    let trap = call.call(&mut store, (2, 0)).unwrap_err();
    assert_eq!(trap.downcast_ref(), Some(&Trap::UndefinedElement));
    let unary = |store: &mut Store<()>, name, n: i32| {
        instance.get_typed_func::<i32, i32>(&mut *store, name).unwrap().call(store, n)
    };
    assert_eq!(unary(&mut store, "pair", 5).unwrap(), 5);
    assert_eq!(unary(&mut store, "lanes", 5).unwrap(), 15);
    assert_eq!(unary(&mut store, "load", 8).unwrap(), i32::from_le_bytes(*b"abcd"));
    let trap = unary(&mut store, "load", -1).unwrap_err();
    assert_eq!(trap.downcast_ref(), Some(&Trap::MemoryOutOfBounds));
}

/// # Safety
/// As [`Module::deserialize`].
unsafe fn error(engine: &Engine, bytes: &[u8]) -> String {
    // SAFETY: the same promise.
    let error = unsafe { Module::deserialize(engine, bytes) }.expect_err("it is refused");
    format!("{error:#}")
}

#[test]
fn what_is_loaded_does_what_was_compiled_under_every_strategy() {
    for (engine, other) in common::engines().iter().zip(common::engines()) {
        let module = Module::new(engine, MODULE).unwrap();
        check(&module);
        let bytes = module.serialize().unwrap();
        assert_eq!(Engine::detect_precompiled(&bytes), Some(Precompiled::Module));
        assert!(bytes == engine.precompile_module(MODULE.as_bytes()).unwrap());
        for engine in [engine, &other] {
            // SAFETY: bytes of `serialize`.
            let loaded = unsafe { Module::deserialize(engine, &bytes) }.unwrap();
            assert_eq!((loaded.name(), loaded.binary()), (Some("m"), module.binary()));
            check(&loaded);
            assert!(loaded.serialize().unwrap() == bytes);
        }
    }
}

#[test]
fn strategies_that_compile_load_what_the_other_made() {
    let engine = |strategy| Engine::new(Config::new().strategy(strategy)).unwrap();
    let (jit, tiered) = (engine(Strategy::Jit), engine(Strategy::Tiered));
    let bytes = jit.precompile_module(MODULE.as_bytes()).unwrap();
    assert!(bytes == tiered.precompile_module(MODULE.as_bytes()).unwrap());
    for engine in [jit, tiered] {
        // SAFETY: bytes of `precompile_module`.
        let loaded = unsafe { Module::deserialize(&engine, &bytes) }.unwrap();
        assert!(loaded.function_stats().iter().all(|func| func.compiled), "before any call");
        check(&loaded);
    }
}

#[test]
fn a_file_is_recognised_and_loaded() {
    let folder = tempfile::tempdir().unwrap();
    let (compiled, plain) = (folder.path().join("a.precompiled"), folder.path().join("a.wat"));
    let engine = Engine::default();
    std::fs::write(&compiled, engine.precompile_module(MODULE.as_bytes()).unwrap()).unwrap();
    std::fs::write(&plain, MODULE).unwrap();
    let detect = |path: &Path| Engine::detect_precompiled_file(path).unwrap();
    assert_eq!((detect(&compiled), detect(&plain)), (Some(Precompiled::Module), None));
    assert!(Engine::detect_precompiled_file(folder.path().join("absent")).is_err());
    // SAFETY: bytes of `precompile_module`.
    check(&unsafe { Module::deserialize_file(&engine, &compiled) }.unwrap());
    // SAFETY: nothing is loaded.
    let errors = unsafe {
        [folder.path().join("absent"), plain].map(|path| {
            let error = Module::deserialize_file(&engine, &path).unwrap_err();
            assert!(error.to_string().contains(path.to_str().unwrap()), "{error}");
            format!("{error:#}")
        })
    };
    assert!(errors[1].contains("not a precompiled module"), "{}", errors[1]);
    let error = Module::from_file(&engine, &compiled).unwrap_err();
    assert!(format!("{error:#}").contains("precompiled"), "{error:#}");
}

#[test]
fn damaged_bytes_are_refused() {
    let engine = Engine::default();
    let bytes = engine.precompile_module(MODULE.as_bytes()).unwrap();
    for at in (0..bytes.len()).step_by(7) {
        let mut bytes = bytes.clone();
        bytes[at] ^= 0x10;
        // SAFETY: nothing is run of what might be loaded.
        let error = unsafe { error(&engine, &bytes) };
        let expected = if at < 8 { "not a precompiled module" } else { "checksum" };
        assert!(error.contains(expected), "byte {at}: {error}");
        // SAFETY: as above.
        unsafe { self::error(&engine, &bytes[..at]) };
    }
}

#[test]
fn code_made_under_other_settings_is_refused_and_the_setting_named() {
    let bytes = Engine::default().precompile_module(MODULE.as_bytes()).unwrap();
    let refused = |configure: &dyn Fn(&mut Config) -> &mut Config| {
        let mut config = Config::new();
        configure(&mut config);
        // SAFETY: nothing is run of what might be loaded.
        unsafe { error(&Engine::new(&config).unwrap(), &bytes) }
    };
    let error = refused(&|config| config.memory_guard_pages(false));
    assert!(error.contains("memory_guard_pages is `true`"), "{error}");
    let error = refused(&|config| config.deterministic(true));
    assert!(error.contains("relaxed is `"), "{error}");
    let error = refused(&|config| config.strategy(Strategy::Interpreter));
    assert!(error.contains("code is `machine code`, that of this engine is `none`"), "{error}");
}

#[test]
fn limits_of_stores_do_not_matter_to_code() {
    let bytes = Engine::default().precompile_module(MODULE.as_bytes()).unwrap();
    let mut config = Config::new();
    config.max_wasm_stack(128 << 10).lazy_validation(true);
    // SAFETY: bytes of `precompile_module`.
    check(&unsafe { Module::deserialize(&Engine::new(&config).unwrap(), &bytes) }.unwrap());
}

#[test]
fn every_program_of_this_repository_survives_the_round_trip() {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples");
    let mut found = 0;
    for folder in std::fs::read_dir(examples).unwrap() {
        let Ok(files) = std::fs::read_dir(folder.unwrap().path()) else { continue };
        for path in files.map(|file| file.unwrap().path()) {
            if path.extension().is_none_or(|extension| extension != "wasm") {
                continue;
            }
            let bytes = Module::from_file(&Engine::default(), &path).unwrap().serialize().unwrap();
            let engine = Engine::default();
            // SAFETY: bytes of `serialize`.
            let loaded = unsafe { Module::deserialize(&engine, &bytes) }.unwrap();
            assert!(loaded.serialize().unwrap() == bytes, "{}", path.display());
            found += 1;
        }
    }
    assert!(found >= 5, "{found} programs");
}

#[test]
fn an_empty_module_has_a_form_too() {
    let engine = Engine::default();
    let bytes = engine.precompile_module(b"(module)").unwrap();
    // SAFETY: bytes of `precompile_module`.
    let module = unsafe { Module::deserialize(&engine, bytes) }.unwrap();
    Instance::new(Store::new(&engine, ()), &module, &[]).unwrap();
    assert!(engine.precompile_module(b"(module (func i32.add))").is_err());
}
