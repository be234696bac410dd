//! The scripts about objects, with collections at every chance.

use bimetal_spec_tests::source::{self, Script};
use bimetal_spec_tests::{Tier, run_all};

/// The folders of scripts that must pass without exception.
const FOLDERS: [&str; 2] = ["proposals/gc/", "core/gc/"];

fn scripts() -> Vec<Script> {
    let mut scripts = source::bundled();
    if let Some(folder) = std::env::var_os("BIMETAL_TESTSUITE") {
        scripts.extend(source::collect(&[folder]).expect("BIMETAL_TESTSUITE names a folder"));
    }
    scripts.retain(|script| FOLDERS.iter().any(|folder| script.name.contains(folder)));
    scripts
}

fn passes(tier: &Tier) {
    let report = run_all(&scripts(), tier, 2);
    let failures: Vec<_> = report.failures().collect();
    assert_eq!(report.failed(), 0, "{}\n{}", report.summary(), failures.join("\n"));
    assert!(report.totals(|_| true).passed > 500, "{}", report.summary());
}

fn named(name: &str) -> Tier {
    Tier::named(name).expect("a tier of this name")
}

/// The tier, with every allocation collecting the heap.
fn stressed(name: &str) -> Tier {
    let mut tier = named(name);
    tier.config.gc_stress(true);
    tier
}

#[test]
fn the_reference_interpreter_passes_the_scripts() {
    passes(&named("reference"));
}

#[test]
fn the_reference_interpreter_passes_when_every_allocation_collects() {
    passes(&stressed("reference"));
}

#[test]
fn the_compiler_passes_the_scripts() {
    passes(&named("jit"));
}

#[test]
fn the_compiler_passes_when_every_allocation_collects() {
    passes(&stressed("jit"));
}

#[test]
fn the_fast_interpreter_passes_the_scripts() {
    passes(&named("interp"));
}

#[test]
fn the_fast_interpreter_passes_when_every_allocation_collects() {
    passes(&stressed("interp"));
}
