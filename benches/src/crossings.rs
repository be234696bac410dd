//! What a call costs, by the tiers of the caller and the callee.

use std::fmt::Write as _;
use std::time::Duration;

use bimetal::{Config, Engine, Error, Instance, Module, Result, Store, Strategy, TypedFunc};

use crate::report::cpu_time;
use crate::rounds::median;

/// Calls in a round.
const CALLS: i32 = 200_000;

/// Callees with their parameters, result and body; and the call with its arguments in
/// a loop that counts `$i` down and sums up in `$sum`.
const CALLEES: &[(&str, &str, &str)] = &[
    (
        "i32 -> i32",
        "(param i32) (result i32) (i32.add (local.get 0) (i32.const 1))",
        "(local.set $sum (call $callee (local.get $sum)))",
    ),
    (
        "f64 f64 -> f64",
        "(param f64 f64) (result f64) (f64.add (local.get 0) (local.get 1))",
        "(drop (call $callee (f64.const 1) (f64.const 2)))",
    ),
    (
        "8 x i64 -> i64",
        "(param i64 i64 i64 i64 i64 i64 i64 i64) (result i64) (i64.add (local.get 0) (local.get 7))",
        "(drop (call $callee (i64.const 1) (i64.const 2) (i64.const 3) (i64.const 4) (i64.const 5) \
      (i64.const 6) (i64.const 7) (i64.const 8)))",
    ),
    ("->", "", "(call $callee)"),
];

/// A caller and a callee, each in the tier that is wanted.
struct Pair {
    store: Store<()>,
    run: TypedFunc<i32, i32>,
}

impl Pair {
    /// Looks for a mix of tiers in which the caller and the callee are or are not
    /// compiled.
    fn new(text: &str, wanted: [bool; 2]) -> Result<Pair> {
        for seed in 0..64 {
            let engine =
                Engine::new(Config::new().strategy(Strategy::Jit).mixed(seed).inline_calls(false))?;
            let module = Module::new(&engine, text)?;
            module.compile()?;
            let stats = module.function_stats();
            if stats.iter().map(|func| func.compiled).ne(wanted) {
                continue;
            }
            let mut store = Store::new(&engine, ());
            let instance = Instance::new(&mut store, &module, &[])?;
            let run = instance.get_typed_func(&mut store, "run")?;
            return Ok(Pair { store, run });
        }
        Err(Error::msg("no mix of tiers is as wanted"))
    }

    fn time(&mut self) -> Result<Duration> {
        let start = cpu_time();
        self.run.call(&mut self.store, CALLS)?;
        Ok(cpu_time().saturating_sub(start))
    }
}

/// Nanoseconds of a call and its iteration, for each signature and mix of tiers.
///
/// # Errors
/// If a program fails.
pub fn table(rounds: usize) -> Result<String> {
    let mut table = String::from(
        "| signature | compiled to compiled | compiled to interpreted | interpreted to compiled | \
         interpreted to interpreted |\n|---|---|---|---|---|\n",
    );
    for (name, callee, call) in CALLEES {
        let text = format!(
            "(module (func (export \"run\") (param $i i32) (result i32) (local $sum i32) \
             (loop $next {call} (br_if $next (local.tee $i (i32.sub (local.get $i) \
             (i32.const 1))))) (local.get $sum)) (func $callee {callee}))"
        );
        let mixes = [[true, true], [true, false], [false, true], [false, false]];
        let mut pairs = Vec::new();
        for mix in mixes {
            pairs.push(Pair::new(&text, mix)?);
        }
        let mut took = vec![Vec::new(); pairs.len()];
        for _ in 0..rounds {
            for (pair, took) in pairs.iter_mut().zip(&mut took) {
                took.push(pair.time()?);
            }
        }
        let ns = |took: &Vec<Duration>| median(took).as_secs_f64() * 1e9 / f64::from(CALLS);
        let cells: Vec<String> = took.iter().map(|took| format!("{:.1} ns", ns(took))).collect();
        let _ = writeln!(table, "| {name} | {} |", cells.join(" | "));
    }
    Ok(table)
}
