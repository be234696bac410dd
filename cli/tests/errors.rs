//! Bad input to the command: a clear message and the right exit code.

mod common;

use common::{bimetal, bimetal_with_input, wat};

/// `(module)` in the binary format.
const EMPTY: &[u8] = b"\0asm\x01\0\0\0";

#[test]
fn a_missing_file_is_named() {
    let run = bimetal(&["run", "no/such/file.wasm"]);
    run.fails(1, &["failed to read `no/such/file.wasm`"]);
}

#[test]
fn a_missing_folder_is_named_before_the_module_is_read() {
    let run = bimetal(&["run", "--dir", "no/such/folder::/data", "no/such/file.wasm"]);
    run.fails(1, &["failed to open the folder `no/such/folder`"]);
}

#[test]
fn every_truncation_of_a_module_is_an_error_with_its_offset() {
    let module = [EMPTY, b"\x01\x04\x01\x60\0\0\x03\x02\x01\0\x0a\x04\x01\x02\0\x0b"].concat();
    for len in [1, 4, 7, 9, 12, 15, 17, 20, 23] {
        let run = bimetal_with_input(&["run", "-"], &module[..len]);
        run.fails(1, &["module", "offset"]);
    }
}

#[test]
fn a_corrupted_body_is_named_by_function_and_offset() {
    let module = [EMPTY, b"\x01\x04\x01\x60\0\0\x03\x02\x01\0\x0a\x05\x01\x03\0\x6a\x0b"].concat();
    let run = bimetal_with_input(&["run", "-"], &module);
    run.fails(1, &["invalid module", "type mismatch", "in function 0", "offset 0x17"]);
}

#[test]
fn a_component_is_told_from_a_module() {
    let run = bimetal_with_input(&["run", "-"], b"\0asm\x0d\0\x01\0");
    run.fails(1, &["expected a module, found a component"]);
}

#[test]
fn a_missing_import_is_named_with_its_type_on_every_tier() {
    let file = wat(r#"(module (import "env" "f" (func (param i32) (result i64)))
        (func (export "_start")))"#);
    for tier in ["reference", "interp", "jit"] {
        let run = bimetal(&["run", "--tier", tier, file.path_str()]);
        run.fails(1, &["env::f", "[i32] -> [i64]"]);
    }
}

#[test]
fn an_import_of_another_type_says_what_was_expected() {
    let file = wat(r#"(module
        (import "wasi_snapshot_preview1" "fd_close" (func (param i64) (result i32)))
        (func (export "_start")))"#);
    let run = bimetal(&["run", file.path_str()]);
    run.fails(1, &["wasi_snapshot_preview1::fd_close", "[i64] -> [i32]", "[i32] -> [i32]"]);
}

#[test]
fn unknown_imports_can_trap_or_return_zeros() {
    let file = wat(r#"(module (import "env" "f" (func $f (result i32)))
        (func (export "g") (result i32) (i32.add (call $f) (i32.const 5))))"#);
    let path = file.path_str();
    for tier in ["reference", "interp", "jit"] {
        let args = |how| ["run", "--tier", tier, "--unknown-imports", how, "--invoke", "g", path];
        bimetal(&args("default")).prints("5\n");
        bimetal(&args("trap")).fails_with_any_code(&["env::f"]);
        bimetal(&args("error")).fails(1, &["env::f"]);
    }
}

#[test]
fn a_function_that_is_not_there_is_answered_with_those_that_are() {
    let file =
        wat(r#"(module (func (export "add")) (func (export "sub")) (memory (export "m") 1))"#);
    let run = bimetal(&["run", "--invoke", "mul", file.path_str()]);
    run.fails(1, &["no function `mul`", "`add`, `sub`"]);
    let run = bimetal(&["run", file.path_str()]);
    run.fails(1, &["no function `_start`", "--invoke"]);
    let run = bimetal(&["run", "--invoke", "m", file.path_str()]);
    run.fails(1, &["no function `m`"]);
}

#[test]
fn wrong_arguments_say_what_the_function_takes() {
    let file = wat(r#"(module (func (export "add") (param i32 i64) (result i32) (i32.const 1)))"#);
    let path = file.path_str();
    bimetal(&["run", "--invoke", "add", path, "1"]).fails(1, &["`add` takes 2", "1 were given"]);
    let run = bimetal(&["run", "--invoke", "add", path, "1", "x"]);
    run.fails(1, &["`x` is not a value of type i64"]);
    bimetal(&["run", "--invoke", "add", path, "1", "2"]).prints("1\n");
}

#[test]
fn usage_errors_exit_with_2() {
    bimetal(&["run", "--tier", "nosuch", "a.wasm"]).fails(2, &["nosuch"]);
    bimetal(&["run", "--no-such-option", "a.wasm"]).fails(2, &["--no-such-option"]);
    bimetal(&["run"]).fails(2, &["FILE"]);
    bimetal(&[]).fails(2, &["Usage"]);
}

#[test]
fn instructions_of_the_legacy_exception_proposal_are_named_as_such() {
    // (func (try (do) (catch_all)))
    let module =
        [EMPTY, b"\x01\x04\x01\x60\0\0\x03\x02\x01\0\x0a\x08\x01\x06\0\x06\x40\x19\x0b\x0b"]
            .concat();
    let run = bimetal_with_input(&["run", "-"], &module);
    run.fails(1, &["legacy exceptions", "`try`"]);
}

#[test]
fn faults_of_text_have_line_and_column() {
    let file = wat("(module\n  (func (export \"_start\") i32.bad))");
    bimetal(&["run", file.path_str()]).fails(1, &["2:"]);
}

#[test]
fn validate_reports_every_file() {
    let good = wat("(module)");
    let bad = wat("(module (func (result i32)))");
    let run = bimetal(&["validate", bad.path_str(), good.path_str(), "no/such/file.wasm"]);
    run.fails(1, &[bad.path_str(), "type mismatch", "no/such/file.wasm"]);
    bimetal(&["validate", good.path_str()]).prints("");
}

#[test]
fn wast_reports_a_missing_folder_and_one_without_scripts() {
    bimetal(&["wast", "no/such/folder"]).fails(1, &["no/such/folder"]);
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().to_str().expect("a UTF-8 path");
    bimetal(&["wast", path]).fails(1, &[path, "no .wast file"]);
}
