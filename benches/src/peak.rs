//! How close code that has been compiled bit by bit comes to code that was compiled
//! all at once.

use std::time::{Duration, Instant};

use bimetal::{Config, Engine, Instance, Module, Result, Store, Strategy, TypedFunc};

use crate::kernels::KERNELS;
use crate::report::cpu_time;
use crate::rounds::{geomean, median, quartiles};
use crate::workloads::WORKLOADS;

/// How long a run should take, so that neither the clock nor an interruption shows.
const RUN: Duration = Duration::from_millis(5);
/// How long nothing new must have been compiled before code is taken as warm.
const QUIET: Duration = Duration::from_millis(150);
/// For how long nothing runs between two runs of the warm-up.
const PAUSE: Duration = Duration::from_millis(2);
/// How many pairs of instances share the rounds: how fast code is depends on where it
/// and its data happen to lie in memory, and each pair lies elsewhere.
const PAIRS: usize = 5;
/// Calls after which every function that is called so often is compiled.
const CALLS: usize = 400;

/// How a tiered instance is warmed up.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum WarmUp {
    /// By many short calls: the exported function is compiled from its beginning.
    Calls,
    /// By few long calls: the exported function stays interpreted, and its loop is
    /// taken over by compiled code each time.
    Loops,
}

/// A program on one of our strategies.
struct Loaded {
    module: Module,
    store: Store<()>,
    run: TypedFunc<i32, i64>,
}

impl Loaded {
    fn new(wasm: &[u8], strategy: Strategy) -> Result<Loaded> {
        let engine = Engine::new(Config::new().strategy(strategy))?;
        let module = Module::new(&engine, wasm)?;
        let mut store = Store::new(&engine, ());
        let instance = Instance::new(&mut store, &module, &[])?;
        let run = instance.get_typed_func(&mut store, "run")?;
        Ok(Loaded { module, store, run })
    }

    /// Does the work so many times: what it took of the processor.
    fn run(&mut self, times: i32) -> Result<Duration> {
        let start = cpu_time();
        self.run.call(&mut self.store, times)?;
        Ok(cpu_time().saturating_sub(start))
    }

    /// How often the work must be done to take [`RUN`].
    fn times(&mut self) -> Result<i32> {
        let mut times = 1;
        while self.run(times)? < RUN && times < i32::MAX / 2 {
            times *= 2;
        }
        Ok(times)
    }

    /// How many functions are compiled.
    fn compiled(&self) -> usize {
        self.module.function_stats().iter().filter(|func| func.compiled).count()
    }
}

/// Runs both until nothing new is compiled of the second. The first does the same, so
/// that their heaps and memories are alike.
fn warm_up([one, other]: &mut [Loaded; 2], how: WarmUp, times: i32) -> Result<()> {
    if how == WarmUp::Calls {
        for _ in 0..CALLS {
            one.run(1)?;
            other.run(1)?;
        }
    }
    let (mut compiled, mut since) = (0, Instant::now());
    while since.elapsed() < QUIET {
        one.run(times)?;
        other.run(times)?;
        // The threads that compile may have no processor but this one.
        std::thread::sleep(PAUSE);
        let now = other.compiled();
        if now != compiled {
            (compiled, since) = (now, Instant::now());
        }
    }
    Ok(())
}

/// The time of [`Strategy::Tiered`] relative to that of [`Strategy::Jit`], of every
/// program whose name contains `name`: prints the rows of a table and returns it. In
/// each of some rounds for [`PAIRS`] pairs of instances, both run twice.
///
/// # Errors
/// If a program fails.
pub fn table(name: &str, how: WarmUp, rounds: usize) -> Result<String> {
    let kernels = KERNELS.iter().map(|kernel| (kernel.name, kernel.text.as_bytes()));
    let workloads = WORKLOADS.iter().map(|workload| (workload.name, workload.wasm));
    let mut table = String::from(
        "| program | jit | tiered | ratio | quartiles | of each pair |\n|---|---|---|---|---|---|\n",
    );
    print!("{table}");
    let mut all = Vec::new();
    for (program, wasm) in workloads.chain(kernels).filter(|program| program.0.contains(name)) {
        let (row, ratio) = row(program, &measure(wasm, how, rounds)?);
        print!("{row}");
        table += &row;
        all.push(ratio);
    }
    table += &format!("\nGeometric mean {:.3}.\n", geomean(&all));
    Ok(table)
}

/// What two runs took with each strategy, round by round.
type Rounds = [Vec<Duration>; 2];

/// The row of a program, and its ratio.
fn row(program: &str, pairs: &[Rounds]) -> (String, f64) {
    let all = |strategy: usize| pairs.iter().flat_map(|pair| pair[strategy].clone()).collect();
    let (jit, tiered): (Vec<_>, Vec<_>) = (all(0), all(1));
    let [low, middle, high] = quartiles(&tiered, &jit);
    let ms = |times: &[Duration]| median(times).as_secs_f64() * 1e3 / 2.0;
    let mut medians: Vec<f64> =
        pairs.iter().map(|[jit, tiered]| quartiles(tiered, jit)[1]).collect();
    medians.sort_unstable_by(f64::total_cmp);
    let medians: Vec<String> = medians.iter().map(|ratio| format!("{ratio:.3}")).collect();
    let (jit, tiered, medians) = (ms(&jit), ms(&tiered), medians.join(" "));
    let row = format!(
        "| {program} | {jit:.2} ms | {tiered:.2} ms | {middle:.3} | {low:.3}-{high:.3} | \
         {medians} |\n"
    );
    (row, middle)
}

/// The times of both strategies, in interleaved rounds, pair by pair.
fn measure(wasm: &[u8], how: WarmUp, rounds: usize) -> Result<Vec<Rounds>> {
    let times = Loaded::new(wasm, Strategy::Jit)?.times()?;
    let mut pairs = Vec::new();
    // All of them stay, so that no two lie at the same place.
    let mut loaded = Vec::new();
    for _ in 0..PAIRS {
        let mut tiers = [Loaded::new(wasm, Strategy::Jit)?, Loaded::new(wasm, Strategy::Tiered)?];
        warm_up(&mut tiers, how, times)?;
        let mut pair = Rounds::default();
        for _ in 0..rounds {
            let mut took = [Duration::ZERO; 2];
            // Each runs once behind itself and once behind the other, as what the
            // processor has just learned of the code favours who comes second.
            for strategy in [0, 1, 1, 0] {
                took[strategy] += tiers[strategy].run(times)?;
            }
            pair[0].push(took[0]);
            pair[1].push(took[1]);
        }
        pairs.push(pair);
        loaded.push(tiers);
    }
    Ok(pairs)
}
