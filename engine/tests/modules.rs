//! Modules: what they tell about themselves, and how bad ones are refused.

mod common;

use bimetal::{
    Config, Engine, Error, Extern, Instance, Module, ModuleError, ModuleErrorKind, Store, ValType,
};
use common::{engines, engines_with, instantiate};

#[test]
fn a_module_tells_its_imports_exports_and_name() {
    let engine = Engine::default();
    let wat = r#"(module $named
        (import "a" "f" (func (param i32) (result i64)))
        (import "b" "m" (memory 1 2))
        (global (export "g") (mut f32) (f32.const 0))
        (table (export "t") 3 funcref)
        (func (export "run"))
        (@custom "note" "contents"))"#;
    let module = Module::new(&engine, wat).unwrap();
    assert_eq!(module.name(), Some("named"));
    let imports: Vec<_> = module
        .imports()
        .map(|import| format!("{}.{}: {}", import.module(), import.name(), import.ty()))
        .collect();
    assert_eq!(imports, ["a.f: a function of type [i32] -> [i64]", "b.m: a memory"]);
    let exports: Vec<_> =
        module.exports().map(|export| format!("{}: {}", export.name(), export.ty())).collect();
    let expected = [
        "g: a mutable global of type f32",
        "t: a table of funcref",
        "run: a function of type [] -> []",
    ];
    assert_eq!(exports, expected);
    let global = module.get_export("g").unwrap();
    assert_eq!(*global.unwrap_global().content(), ValType::F32);
    assert!(global.func().is_none() && module.get_export("x").is_none());
    let custom = module.custom_sections().find(|(name, _)| *name == "note");
    assert_eq!(custom.unwrap().1, b"contents");
    let again = Module::from_binary(&engine, module.binary()).unwrap();
    assert_eq!(again.exports().len(), 3);
    assert!(!Module::same(&module, &again));
}

#[test]
fn an_instance_tells_its_exports_in_order() {
    let wat = r#"(module
        (func (export "f"))
        (memory (export "m") 1)
        (global (export "g") i32 (i32.const 3))
        (table (export "t") 1 externref)
        (export "f2" (func 0)))"#;
    for engine in engines() {
        let (mut store, instance) = instantiate(&engine, wat);
        let names: Vec<_> =
            instance.exports(&store).map(|export| export.name().to_owned()).collect();
        assert_eq!(names, ["f", "m", "g", "t", "f2"]);
        let kinds = instance.exports(&store).map(|export| match export.into_extern() {
            Extern::Func(_) => 'f',
            Extern::Memory(_) => 'm',
            Extern::Global(_) => 'g',
            Extern::Table(_) => 't',
            other => panic!("{other:?}"),
        });
        assert_eq!(kinds.collect::<String>(), "fmgtf");
        for export in instance.exports(&store) {
            let ty = instance.module(&store).get_export(export.name()).unwrap();
            assert_eq!(export.ty(&store), ty);
        }
        assert!(instance.get_export(&mut store, "x").is_none());
        assert!(instance.get_memory(&mut store, "f").is_none());
        assert!(instance.get_func(&mut store, "f2").is_some());
    }
}

fn kind(result: bimetal::Result<Module>) -> ModuleErrorKind {
    result.unwrap_err().downcast_ref::<ModuleError>().expect("an error of the loader").kind()
}

#[test]
fn bad_modules_are_errors_that_tell_their_kind() {
    let engine = Engine::default();
    let valid = Module::new(&engine, "(module (func (export \"f\")))").unwrap();
    let valid = valid.binary();
    let binary = |bytes: &[u8]| kind(Module::from_binary(&engine, bytes));
    assert_eq!(binary(b""), ModuleErrorKind::Malformed);
    assert_eq!(binary(b"(module)"), ModuleErrorKind::Malformed);
    assert_eq!(binary(&valid[..valid.len() - 1]), ModuleErrorKind::Malformed);
    assert_eq!(binary(b"\0asm\x0d\0\x01\0"), ModuleErrorKind::Malformed);
    assert_eq!(kind(Module::new(&engine, "(module")), ModuleErrorKind::Malformed);
    let invalid = "(module (func (result i32)))";
    assert_eq!(kind(Module::new(&engine, invalid)), ModuleErrorKind::Invalid);
    assert!(Module::validate(&engine, valid).is_ok());
    assert!(Module::validate(&engine, &valid[..9]).is_err());
    let error = Module::new(&engine, "(module (func i32.add drop))").unwrap_err();
    let error = error.downcast_ref::<ModuleError>().unwrap();
    assert_eq!(error.func(), Some(0));
    assert!(error.offset().is_some());
}

#[test]
fn every_prefix_of_a_module_is_an_error() {
    let engine = Engine::default();
    let wat = r#"(module
        (memory 1) (data (i32.const 0) "abc") (table 1 funcref) (elem (i32.const 0) 0)
        (global (mut i32) (i32.const 1)) (func (export "f") (param i32) (result i32) local.get 0))"#;
    let module = Module::new(&engine, wat).unwrap();
    let bytes = module.binary();
    // A prefix that ends between sections may be a module.
    let whole = |bytes: &[u8]| Module::from_binary(&engine, bytes).is_ok();
    let accepted = (0..bytes.len()).filter(|&len| whole(&bytes[..len])).count();
    assert!(accepted < 12, "{accepted} prefixes were accepted");
    for at in 8..bytes.len() {
        let mut corrupt = bytes.to_vec();
        corrupt[at] ^= 0xff;
        // Whatever it has become, the host survives it.
        if let Ok(module) = Module::from_binary(&engine, &corrupt) {
            let _ = Instance::new(Store::new(&engine, ()), &module, &[]);
        }
    }
}

#[test]
fn files_are_loaded_and_missing_ones_are_named() {
    let engine = Engine::default();
    let error = Module::from_file(&engine, "no/such/file.wasm").unwrap_err();
    assert!(error.to_string().contains("no/such/file.wasm"));
    assert!(error.is::<std::io::Error>());
    let path = std::env::temp_dir().join(format!("bimetal-module-{}.wat", std::process::id()));
    std::fs::write(&path, r#"(module (func (export "from-file")))"#).unwrap();
    let module = Module::from_file(&engine, &path).unwrap();
    std::fs::write(&path, "(modul)").unwrap();
    let error = Module::from_file(&engine, &path).unwrap_err();
    std::fs::remove_file(&path).unwrap();
    assert_eq!(module.exports().next().unwrap().name(), "from-file");
    assert!(format!("{error:#}").contains(&path.display().to_string()), "{error:#}");
    assert!(error.is::<ModuleError>());
}

#[test]
fn an_invalid_function_shows_when_it_is_needed() {
    let wat = r#"(module
        (func (export "good") (result i32) i32.const 1)
        (func (export "bad") (result i32) i64.const 1))"#;
    for engine in engines() {
        assert!(Module::new(&engine, wat).is_err());
    }
    for engine in engines_with(|config| _ = config.lazy_validation(true)) {
        let module = Module::new(&engine, wat).unwrap();
        let mut store = Store::new(&engine, ());
        let error = match Instance::new(&mut store, &module, &[]) {
            Err(error) => error,
            Ok(instance) => {
                let good = instance.get_typed_func::<(), i32>(&mut store, "good").unwrap();
                assert_eq!(good.call(&mut store, ()).unwrap(), 1);
                let bad = instance.get_typed_func::<(), i32>(&mut store, "bad").unwrap();
                bad.call(&mut store, ()).unwrap_err()
            }
        };
        assert!(format!("{error:#}").contains("type mismatch"), "{error:#} on {engine:?}");
    }
}

#[test]
fn an_invalid_function_is_named_with_its_place_at_every_call() {
    let wat = r#"(module
        (func (export "good"))
        (func (export "bad") (result i32) i64.const 1))"#;
    let place = |error: &Error| {
        let error = error.downcast_ref::<ModuleError>().expect("the module's fault");
        (error.func(), error.offset())
    };
    let eager = place(&Module::new(&Engine::default(), wat).unwrap_err());
    assert!(matches!(eager, (Some(1), Some(_))), "{eager:?}");
    let mut config = Config::new();
    config.lazy_validation(true);
    let engine = Engine::new(&config).unwrap();
    let module = Module::new(&engine, wat).unwrap();
    for _ in 0..2 {
        let mut store = Store::new(&engine, ());
        let instance = Instance::new(&mut store, &module, &[]).unwrap();
        let bad = instance.get_typed_func::<(), i32>(&mut store, "bad").unwrap();
        assert_eq!(place(&bad.call(&mut store, ()).unwrap_err()), eager);
    }
}

#[test]
fn a_module_of_megabytes_keeps_its_bytes() {
    let text = "abcdefgh".repeat(400_000);
    let wat = format!(
        r#"(module (memory 49) (data (i32.const 0) "{text}")
            (func (export "byte") (param i32) (result i32)
                (i32.load8_u (local.get 0))))"#
    );
    let engine = Engine::default();
    let binary = Module::new(&engine, wat).unwrap().binary().to_vec();
    let module = Module::new(&engine, &binary).unwrap();
    assert!(module.binary() == binary);
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module, &[]).unwrap();
    let byte = instance.get_typed_func::<i32, i32>(&mut store, "byte").unwrap();
    assert_eq!(byte.call(&mut store, 3_199_999).unwrap(), i32::from(b'h'));
}

#[test]
fn code_is_made_once_and_on_request() {
    for engine in engines() {
        let module = Module::new(&engine, r#"(module (func (export "f")))"#).unwrap();
        module.compile().unwrap();
        module.clone().compile().unwrap();
        let mut store = Store::new(&engine, ());
        let instance = Instance::new(&mut store, &module, &[]).unwrap();
        assert!(Module::same(instance.module(&store), &module));
    }
}

#[test]
fn an_engine_keeps_its_settings() {
    let mut config = Config::new();
    config.strategy(bimetal::Strategy::Reference).lazy_validation(true);
    let engine = Engine::new(&config).unwrap();
    assert_eq!(*engine.config(), config);
    assert_eq!(engine.strategy(), bimetal::Strategy::Reference);
    assert_eq!(Engine::default().strategy(), bimetal::Strategy::Tiered);
    assert!(Engine::same(&engine, &engine.clone()));
    assert!(!Engine::same(&engine, &Engine::new(&config).unwrap()));
}
