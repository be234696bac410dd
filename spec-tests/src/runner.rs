//! Scripts on a tier: in parallel, one outcome per directive.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use bimetal::{Config, Engine, Strategy};
use wast::Wast;
use wast::lexer::Lexer;
use wast::parser::{ParseBuffer, parse};

use crate::expected::Expected;
use crate::language;
use crate::outcome::{FileReport, Kind, Outcome, Record};
use crate::report::Report;
use crate::script;
use crate::source::Script;
use crate::threads;

/// Native stack of the threads that run scripts: the guest's own and as much
/// again for parsing deeply nested text.
pub(crate) const STACK: usize = 16 << 20;

/// Which functions are in which tier where nobody says otherwise.
const MIXED_SEED: u64 = 1;

/// A way to run guests.
#[derive(Clone, Debug)]
pub struct Tier {
    /// Its name in reports and on the command line.
    pub name: &'static str,
    /// The settings that choose it.
    pub config: Config,
}

impl Tier {
    /// Every tier, the slowest first.
    pub fn all() -> Vec<Tier> {
        let tier = |name, strategy| {
            let mut config = Config::new();
            config.strategy(strategy);
            Tier { name, config }
        };
        vec![
            tier("reference", Strategy::Reference),
            tier("interp", Strategy::Interpreter),
            tier("jit", Strategy::Jit),
            Tier::mixed(MIXED_SEED),
            Tier::tiered(),
        ]
    }

    /// Interpreter and compiler in every instance: this number says which function is
    /// in which.
    pub fn mixed(seed: u64) -> Tier {
        let mut config = Config::new();
        config.strategy(Strategy::Jit).mixed(seed);
        Tier { name: "mixed", config }
    }

    /// Code that is interpreted at first and compiled at once when it runs again, so
    /// that functions and running loops change tier everywhere.
    pub fn tiered() -> Tier {
        let mut config = Config::new();
        config.strategy(Strategy::Tiered).thresholds(2, 2).compile_threads(0);
        Tier { name: "tiered", config }
    }

    /// The same, but each module is compiled when a number drawn from this seed says.
    pub fn tiered_at_random(seed: u64) -> Tier {
        let mut config = Config::new();
        config.strategy(Strategy::Tiered).threshold_seed(seed);
        Tier { name: "tiered-at-random", config }
    }

    /// The tier of this name.
    pub fn named(name: &str) -> Option<Tier> {
        Tier::all().into_iter().find(|tier| tier.name == name)
    }
}

/// Runs all scripts on a tier, on so many threads, and compares what is not
/// supported with the lists in `expected/`.
pub fn run(scripts: &[Script], tier: &Tier, threads: usize) -> Report {
    run_against(scripts, tier, threads, &Expected::built_in())
}

/// Runs all scripts on a tier that is to support everything in them.
pub fn run_all(scripts: &[Script], tier: &Tier, threads: usize) -> Report {
    run_against(scripts, tier, threads, &Expected::default())
}

fn run_against(scripts: &[Script], tier: &Tier, threads: usize, expected: &Expected) -> Report {
    let files = Mutex::new(vec![None; scripts.len()]);
    let next = AtomicUsize::new(0);
    let work = || {
        while let Some((at, script)) = {
            let at = next.fetch_add(1, Ordering::Relaxed);
            scripts.get(at).map(|script| (at, script))
        } {
            let mut report = run_file(script, &tier.config);
            expected.reconcile(&mut report);
            if let Ok(mut files) = files.lock() {
                files[at] = Some(report);
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..threads.max(1) {
            let thread = std::thread::Builder::new().stack_size(STACK);
            thread.spawn_scoped(scope, work).expect("the system has threads");
        }
    });
    let files = files.into_inner().unwrap_or_default();
    Report { tier: tier.name.to_owned(), files: files.into_iter().flatten().collect() }
}

/// Runs one script. A panic ends it but is one more failure, no more.
fn run_file(script: &Script, config: &Config) -> FileReport {
    let mut records = Vec::new();
    let result = catch_unwind(AssertUnwindSafe(|| run_text(script, config, &mut records)));
    let whole = match result {
        Ok(Ok(())) if records.is_empty() => Outcome::failed("holds no directive"),
        Ok(Ok(())) => Outcome::Passed,
        Ok(Err(message)) => Outcome::Failed(message),
        Err(panic) => Outcome::Failed(format!("panicked: {}", message(&*panic))),
    };
    records.insert(0, Record { line: 0, kind: Kind::File, outcome: whole });
    FileReport { name: script.name.clone(), records }
}

/// Runs all directives; what came before an error is in `records`.
fn run_text(source: &Script, config: &Config, records: &mut Vec<Record>) -> Result<(), String> {
    let text = &source.text;
    let mut lexer = Lexer::new(text);
    // The suite tests that names may contain any character.
    lexer.allow_confusing_unicode(true);
    let buffer = ParseBuffer::new_with_lexer(lexer).map_err(|error| error.to_string())?;
    let wast = parse::<Wast<'_>>(&buffer).map_err(|error| error.to_string())?;
    let config = language::config(&source.name, config);
    let engine = Engine::new(&config).map_err(|error| format!("{error:#}"))?;
    let mut script = script::Script::new(&engine).map_err(|fault| fault.to_string())?;
    let lines = Lines::new(text);
    threads::run(&mut script, wast.directives, &lines, records);
    Ok(())
}

/// Where the lines of a text begin.
pub(crate) struct Lines(Vec<usize>);

impl Lines {
    fn new(text: &str) -> Lines {
        Lines(text.match_indices('\n').map(|(at, _)| at).collect())
    }

    /// The line of a byte, counted from 1.
    pub(crate) fn of(&self, offset: usize) -> usize {
        self.0.partition_point(|&end| end < offset) + 1
    }
}

pub(crate) fn message(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no message")
}
