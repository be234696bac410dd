//! What `run`, `wast`, `dump` and `--stats` print, and with which exit codes.

mod common;

use common::{Run, bimetal, wat};

const TIERS: [&str; 4] = ["reference", "interp", "jit", "tiered"];

fn example(name: &str) -> String {
    format!("{}/../examples/{name}/{name}.wasm", env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn the_guests_exit_code_is_the_commands() {
    for tier in TIERS {
        for code in [0, 1, 7, 133] {
            let run = bimetal(&["--tier", tier, &example("diagnose"), "exit", &code.to_string()]);
            assert_eq!(run.code(), Some(code), "{tier}: {}", run.stderr());
        }
    }
}

#[test]
fn a_trap_exits_with_134_and_shows_functions_and_offsets() {
    for tier in TIERS {
        for (how, message) in [
            ("divide", "integer divide by zero"),
            ("recurse", "call stack exhausted"),
            ("read", "out of bounds memory access"),
            ("signature", "indirect call type mismatch"),
        ] {
            let run = bimetal(&["--tier", tier, &example("diagnose"), how]);
            assert_eq!(run.code(), Some(134), "{tier} {how}: {}", run.stderr());
            let stderr = run.stderr();
            assert!(stderr.contains(message), "{tier} {how}: {stderr}");
            assert!(stderr.contains("diagnose.wasm!"), "{tier} {how}: {stderr}");
        }
    }
}

#[test]
fn backtraces_are_the_same_on_every_tier() {
    let [reference, others @ ..] =
        TIERS.map(|tier| bimetal(&["--tier", tier, &example("diagnose"), "divide"]).stderr());
    assert!(reference.contains("main"), "{reference}");
    for other in others {
        assert_eq!(reference, other);
    }
}

#[test]
fn invoke_prints_one_result_a_line() {
    let file = wat(r#"(module (func (export "swap") (param i32 f64) (result f64 i32)
        (local.get 1) (local.get 0)))"#);
    for tier in TIERS {
        let run = bimetal(&["--tier", tier, "--invoke", "swap", file.path_str(), "-3", "0.5"]);
        run.prints("0.5\n-3\n");
    }
}

#[test]
fn a_library_is_initialised_before_a_function_is_invoked() {
    let file = wat(r#"(module (global $g (mut i32) (i32.const 1))
        (func (export "_initialize") (global.set $g (i32.const 42)))
        (func (export "get") (result i32) (global.get $g)))"#);
    bimetal(&["--invoke", "get", file.path_str()]).prints("42\n");
}

fn stats(run: &Run) -> serde_json::Value {
    let stderr = run.stderr();
    let line = stderr.lines().last().expect("a line of figures");
    serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {stderr}"))
}

#[test]
fn stats_are_one_line_of_json_with_the_documented_fields() {
    for tier in TIERS {
        let run = bimetal(&["--tier", tier, "--stats", &example("kernels"), "sieve", "1"]);
        let stats = stats(&run);
        assert_eq!(stats["tier"], tier);
        for field in ["parse_ns", "compile_ns", "instantiate_ns", "exec_ns", "peak_rss_bytes"] {
            assert!(stats[field].as_u64().is_some_and(|value| value > 0), "{field}: {stats}");
        }
        let fields = if tier == "tiered" { 7 } else { 6 };
        assert_eq!(stats.as_object().map(serde_json::Map::len), Some(fields));
    }
}

#[test]
fn stats_tell_what_became_of_functions_and_the_log_how() {
    let file = wat(r#"(module
        (func $inc (param i64) (result i64) (i64.add (local.get 0) (i64.const 1)))
        (func (export "run") (param i64) (result i64)
            (loop $l (br_if $l
                (i64.lt_s (local.tee 0 (call $inc (local.get 0))) (i64.const 100000000))))
            (local.get 0)))"#);
    let args = ["--tier", "tiered", "--stats", "--log-tiering", "--invoke", "run"];
    let run = bimetal(&[&args[..], &[file.path_str(), "0"]].concat());
    assert_eq!(run.stdout(), "100000000\n");
    for line in [
        "tiering: function 0 \"inc\": queued",
        "tiering: function 0 \"inc\": installed",
        "tiering: function 1 \"run\", loop 0: compilation started",
        "tiering: function 1 \"run\", loop 0: entered by a running frame",
    ] {
        assert!(run.stderr().lines().any(|found| found == line), "{line}: {}", run.stderr());
    }
    let stats = stats(&run);
    let [inc, run] = [0, 1].map(|at| &stats["functions"][at]);
    assert_eq!((&inc["name"], &inc["tier"]), (&"inc".into(), &"jit".into()), "{stats}");
    assert!(inc["count"].as_u64() >= Some(200) && inc["code_bytes"].as_u64() > Some(0), "{stats}");
    assert_eq!((&run["tier"], &run["count"]), (&"interp".into(), &1.into()), "{stats}");
    let found = &run["loops"][0];
    assert_eq!((&found["function"], &found["tier"]), (&0.into(), &"jit".into()), "{stats}");
    assert!(found["compile_ns"].as_u64() > Some(0), "{stats}");
}

#[test]
fn stats_show_whom_indirect_calls_reached() {
    let file = wat(r#"(module
        (type $t (func (result i32)))
        (table funcref (elem $one $two))
        (func $one (type $t) (i32.const 1))
        (func $two (type $t) (i32.const 2))
        (func (export "run") (result i32)
            (i32.add (call $one) (call_indirect (type $t) (i32.const 1)))))"#);
    let args = ["--tier", "tiered", "--stats", "--invoke", "run", file.path_str()];
    let run = bimetal(&args);
    assert_eq!(run.stdout(), "3\n");
    let stats = stats(&run);
    let calls = stats["functions"][2]["indirect_calls"].as_array().expect("calls of `run`");
    assert_eq!(calls.len(), 1, "{stats}");
    assert_eq!((&calls[0]["count"], &calls[0]["callees"]["1"]), (&1.into(), &1.into()), "{stats}");
}

#[test]
fn stats_show_what_branches_did() {
    let file = wat(r#"(module (func (export "run") (param i32) (result i32)
        (if (local.get 0) (then (return (i32.const 1)))) (i32.const 2)))"#);
    let args = ["--tier", "tiered", "--stats", "--invoke", "run", file.path_str(), "7"];
    let stats = stats(&bimetal(&args));
    let branches = stats["functions"][0]["branches"].as_array().expect("branches of `run`");
    assert_eq!(branches.len(), 1, "{stats}");
    let found = (&branches[0]["executed"], &branches[0]["taken"]);
    assert_eq!(found, (&1.into(), &1.into()), "{stats}");
}

#[test]
fn bench_hooks_narrow_the_time_to_the_span_between_them() {
    let file = wat(r#"(module
        (import "bench" "start" (func $start)) (import "bench" "end" (func $end))
        (func $spin (param i32)
            (loop $l (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))
        (func (export "_start")
            (call $spin (i32.const 3000000))
            (call $start) (call $spin (i32.const 10)) (call $end)))"#);
    let path = file.path_str();
    let narrow = stats(&bimetal(&["--tier", "interp", "--stats", "--bench-hooks", path]));
    let args = ["--tier", "interp", "--stats", "--unknown-imports", "default", path];
    let whole = stats(&bimetal(&args));
    assert!(narrow["exec_ns"].as_u64() < whole["exec_ns"].as_u64(), "{narrow} {whole}");
    bimetal(&["--tier", "interp", path]).fails(1, &["bench::start"]);
}

#[test]
fn wast_ends_with_one_line_per_tier_and_fails_when_an_assertion_does() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().to_str().expect("a UTF-8 path");
    let module = r#"(module (func (export "f") (result i32) (i32.const 1)))"#;
    let good = format!(r#"{module} (assert_return (invoke "f") (i32.const 1))"#);
    std::fs::write(folder.path().join("good.wast"), good).expect("a writable folder");
    let run = bimetal(&["wast", "--tier", "all", path]);
    assert_eq!(run.code(), Some(0), "{}", run.stderr());
    let lines: Vec<String> = TIERS
        .iter()
        .map(|t| format!("tier={t} files=1 assertions=1 passed=1 failed=0 unsupported=0"))
        .collect();
    assert_eq!(run.stdout().lines().collect::<Vec<_>>(), lines);

    let bad = format!(r#"{module} (assert_return (invoke "f") (i32.const 2))"#);
    std::fs::write(folder.path().join("bad.wast"), bad).expect("a writable folder");
    let target = tempfile::tempdir().expect("a folder");
    let report = target.path().join("report");
    let folder = report.to_str().expect("a UTF-8 path");
    let run = bimetal(&["wast", "--tier", "jit", "--report", folder, path]);
    assert_eq!(run.code(), Some(1));
    for file in ["index.html", "report.json", "junit.xml"] {
        let text = std::fs::read_to_string(report.join(file)).expect("a file of the report");
        assert!(text.contains("bad.wast:1") || file == "report.json", "{file}: {text}");
    }
    let summary = "tier=jit files=2 assertions=2 passed=1 failed=1 unsupported=0\n";
    assert_eq!(run.stdout(), summary);
    assert!(run.stderr().contains("bad.wast"), "{}", run.stderr());
}

#[test]
fn dump_shows_every_form_of_a_function() {
    let kernels = example("kernels");
    for (what, words) in [
        ("wat", ["func $sieve", "local.get"]),
        ("clif", ["function ", "block0"]),
        ("asm", ["push", "ret"]),
        ("interp", ["i32", "return"]),
    ] {
        let run = bimetal(&["dump", "--what", what, "--func", "sieve", &kernels]);
        assert_eq!(run.code(), Some(0), "{what}: {}", run.stderr());
        for word in words {
            assert!(run.stdout().contains(word), "{what}: no `{word}` in {}", run.stdout());
        }
    }
    bimetal(&["dump", "--func", "nosuch", &kernels]).fails(1, &["no function `nosuch`"]);
}

#[test]
fn deterministic_makes_nans_canonical() {
    let file = wat(r#"(module (func (export "bits") (param f64) (result i64)
        (i64.reinterpret_f64 (f64.sqrt (local.get 0)))))"#);
    for tier in TIERS {
        let run = bimetal(&[
            "--tier",
            tier,
            "--deterministic",
            "--invoke",
            "bits",
            file.path_str(),
            "-1",
        ]);
        run.prints(&format!("{}\n", 0x7ff8_u64 << 48));
    }
}
