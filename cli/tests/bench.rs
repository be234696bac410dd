//! `bimetal bench`: what it prints and writes, with our tiers alone.

mod common;

use common::bimetal;

fn workload(name: &str) -> String {
    format!("{}/../benches/workloads/{name}.wasm", env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn a_workload_is_measured_on_every_tier() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().to_str().unwrap();
    let file = workload("sieve");
    let few = ["--rounds", "2", "--length", "1", "--budget", "2", "--watch", "5"];
    let args = [&["bench"], &few[..], &["-o", out, &file]].concat();
    let run = bimetal(&args);
    assert_eq!(run.code(), Some(0), "{}", run.stderr());
    let table = std::fs::read_to_string(folder.path().join("table.md")).unwrap();
    run.prints(&table);
    assert!(table.contains("| workload | tiered | interp | jit |"), "{table}");
    assert!(table.contains("| sieve | ") && !table.contains("failed"), "{table}");
    let json = std::fs::read_to_string(folder.path().join("results.json")).unwrap();
    let report: serde_json::Value = serde_json::from_str(&json).unwrap();
    for entry in report["workloads"][0]["entries"].as_array().unwrap() {
        assert_eq!(entry["rounds"].as_array().unwrap().len(), 2, "{json}");
    }
    let page = std::fs::read_to_string(folder.path().join("index.html")).unwrap();
    assert!(page.contains("sieve") && page.contains("Speed over time"), "{page}");
}

#[test]
fn what_is_missing_is_named() {
    let file = workload("sieve");
    for (args, message) in [
        (&["bench", "no-such-folder/x.wasm"][..], "no-such-folder"),
        (&["bench", "--base", "v9", &file], "there is no engine `v9`"),
        (&["bench", "--peers", "no-such-runner", &file], "no-such-runner"),
    ] {
        let run = bimetal(args);
        assert_eq!(run.code(), Some(1), "{args:?}: {}", run.stderr());
        assert!(run.stderr().contains(message), "{args:?}: {}", run.stderr());
    }
}
