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
        let now = other.compiled();
        if now != compiled {
            (compiled, since) = (now, Instant::now());
        }
    }
    Ok(())
}

/// The time of [`Strategy::Tiered`] relative to that of [`Strategy::Jit`], of every
/// program whose name contains `name`: prints the rows of a table and returns it.
///
/// # Errors
/// If a program fails.
pub fn table(name: &str, how: WarmUp, rounds: usize) -> Result<String> {
    let kernels = KERNELS.iter().map(|kernel| (kernel.name, kernel.text.as_bytes()));
    let workloads = WORKLOADS.iter().map(|workload| (workload.name, workload.wasm));
    let mut table =
        String::from("| program | jit | tiered | ratio | quartiles |\n|---|---|---|---|---|\n");
    print!("{table}");
    let mut all = Vec::new();
    for (program, wasm) in workloads.chain(kernels).filter(|program| program.0.contains(name)) {
        let [jit, tiered] = measure(wasm, how, rounds)?;
        let [low, middle, high] = quartiles(&tiered, &jit);
        let ms = |times: &[Duration]| median(times).as_secs_f64() * 1e3;
        let (jit, tiered) = (ms(&jit), ms(&tiered));
        let row = format!(
            "| {program} | {jit:.2} ms | {tiered:.2} ms | {middle:.3} | {low:.3}-{high:.3} |\n"
        );
        print!("{row}");
        table += &row;
        all.push(middle);
    }
    table += &format!("\nGeometric mean {:.3}.\n", geomean(&all));
    Ok(table)
}

/// The times of both strategies, in interleaved rounds.
fn measure(wasm: &[u8], how: WarmUp, rounds: usize) -> Result<[Vec<Duration>; 2]> {
    let mut tiers = [Loaded::new(wasm, Strategy::Jit)?, Loaded::new(wasm, Strategy::Tiered)?];
    let times = Loaded::new(wasm, Strategy::Jit)?.times()?;
    warm_up(&mut tiers, how, times)?;
    let mut took: [Vec<Duration>; 2] = Default::default();
    for round in 0..rounds {
        // Neither is always the first.
        for index in [round % 2, 1 - round % 2] {
            took[index].push(tiers[index].run(times)?);
        }
    }
    Ok(took)
}
