//! Compiled modules as files, and the cache.

mod common;

use common::bimetal;

const MODULE: &str = r#"(module
    (func (export "double") (param i32) (result i32)
        (i32.mul (local.get 0) (i32.const 2)))
    (func (export "often") (param i32) (result i32)
        (loop $again
            (drop (call 0 (local.get 0)))
            (br_if $again (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
        (local.get 0)))"#;

/// A folder with a module in it: the folder, and the paths of module and of a file to
/// be made.
fn folder() -> (tempfile::TempDir, String, String) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name| folder.path().join(name).to_str().expect("a UTF-8 path").to_owned();
    let (module, compiled) = (path("a.wat"), path("a.compiled"));
    std::fs::write(&module, MODULE).expect("a file");
    (folder, module, compiled)
}

#[test]
fn a_compiled_module_runs_when_that_is_allowed() {
    let (_folder, module, compiled) = folder();
    assert_eq!(bimetal(&["compile", &module, "-o", &compiled]).code(), Some(0));
    bimetal(&["--invoke", "double", &compiled, "21"]).fails(1, &["--allow-precompiled"]);
    for tier in [&[][..], &["--tier", "jit"], &["--tier", "tiered"]] {
        let args = [&["--allow-precompiled", "--invoke", "double"], tier, &[&compiled, "21"]];
        let run = bimetal(&args.concat());
        assert_eq!((run.code(), &*run.stdout()), (Some(0), "42\n"), "{}", run.stderr());
    }
    let run = bimetal(&["--allow-precompiled", "--invoke", "double", &module, "21"]);
    assert_eq!(run.stdout(), "42\n", "the flag does not forbid modules");
}

#[test]
fn compiled_code_of_other_settings_is_refused() {
    let (_folder, module, compiled) = folder();
    bimetal(&["compile", "--deterministic", &module, "-o", &compiled]);
    let args = ["--allow-precompiled", "--invoke", "double", &compiled, "21"];
    bimetal(&args).fails(1, &["relaxed"]);
    let mut bytes = std::fs::read(&compiled).expect("the file");
    *bytes.last_mut().expect("a byte") ^= 1;
    std::fs::write(&compiled, bytes).expect("a file");
    bimetal(&args).fails(1, &["checksum"]);
}

#[test]
fn a_cache_is_filled_used_and_not_trusted() {
    let (folder, module, _) = folder();
    for tier in ["jit", "tiered"] {
        let cache = folder.path().join(tier);
        let option = format!("--cache={}", cache.display());
        let run = || bimetal(&["--tier", tier, &option, "--invoke", "often", &module, "20000000"]);
        let first = run();
        assert_eq!((&*first.stdout(), &*first.stderr()), ("0\n", ""));
        let entry = std::fs::read_dir(&cache).expect("the folder").next().expect("an entry");
        let entry = entry.expect("an entry").path();
        assert_eq!(run().stdout(), "0\n");
        std::fs::write(&entry, "damaged").expect("a file");
        let damaged = run();
        assert_eq!(damaged.stdout(), "0\n");
        assert!(damaged.stderr().contains("Warning: cache entry"), "{}", damaged.stderr());
        assert_eq!(run().stderr(), "", "it was replaced");
    }
}
