//! The specification's test suite, run on every tier.
//!
//! A script ([`source`]) is a list of directives: modules, calls and assertions
//! ([`outcome::Kind`]). Every directive passes, fails, or is not supported;
//! what is not supported must be listed in `expected/` ([`expected`]), and what
//! is listed there must not be supported: both kinds of surprise are failures.
//!
//! ```
//! use bimetal_spec_tests::{Tier, run, source::Script};
//!
//! let text = r#"(module (func (export "f") (result i32) i32.const 42))
//!               (assert_return (invoke "f") (i32.const 42))"#;
//! let script = Script { name: "answer.wast".into(), text: text.into() };
//! let report = run(&[script], &Tier::all()[0], 1);
//! assert_eq!(
//!     report.summary(),
//!     "tier=reference files=1 assertions=1 passed=1 failed=0 unsupported=0"
//! );
//! ```

#![forbid(unsafe_code)]

pub mod conformance;
mod directive;
pub mod expected;
mod fault;
mod language;
pub mod outcome;
pub mod report;
mod runner;
mod script;
pub mod source;
mod spectest;
mod threads;
mod values;

pub use conformance::Conformance;
pub use report::Report;
pub use runner::{Tier, run, run_all};
