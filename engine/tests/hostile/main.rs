//! Modules made to cost an engine minutes or gigabytes are loaded in little time and
//! memory, or refused, by every executor.
//!
//! Every module is loaded in a process of its own, which then tells how much memory
//! it ever had. Time is that of the processor, so that other processes don't count.

mod bytes;
mod modules;

use std::process::Command;

use bimetal::{
    Config, Engine, Linker, Module, ModuleError, ModuleErrorKind, Store, Strategy, Trap, Val,
};
use modules::Hostile;

/// The executors; what moves a function from one to another adds nothing to loading.
const STRATEGIES: [Strategy; 4] =
    [Strategy::Reference, Strategy::Interpreter, Strategy::Jit, Strategy::Tiered];

/// Bytes of memory that a process may have had.
const MOST_BYTES: u64 = 512 << 20;

/// Seconds of all processors' time.
const MOST_SECONDS: f64 = if cfg!(debug_assertions) { 30.0 } else { 4.0 };

/// Tells a process which module it is to load, and with which strategy.
const TASK: &str = "BIMETAL_HOSTILE";

fn all() -> impl Iterator<Item = &'static Hostile> {
    [modules::ALL, modules::OPERANDS, modules::SECTIONS, modules::OBJECTS].into_iter().flatten()
}

/// Loads a module with all its code and says whether it is one. If it exports a
/// function without parameters, that is called, for some tiers translate it only then.
fn load(wasm: &[u8], strategy: Strategy) -> Result<(), Option<ModuleErrorKind>> {
    let mut config = Config::new();
    config.strategy(strategy);
    let engine = Engine::new(&config).expect("an engine");
    let kind = |error: bimetal::Error| error.downcast_ref::<ModuleError>().map(ModuleError::kind);
    let module = Module::from_binary(&engine, wasm).map_err(kind)?;
    let mut linker: Linker<()> = Linker::new(&engine);
    linker.define_unknown_imports_as_traps(&module).expect("functions");
    let linked = linker.instantiate_pre(&module).map_err(kind)?;
    if module.get_export("f").is_some_and(|ty| ty.func().is_some_and(|ty| ty.params().len() == 0)) {
        let mut store = Store::new(&engine, ());
        let instance = linked.instantiate(&mut store).map_err(kind)?;
        let func = instance.get_func(&mut store, "f").expect("exported");
        let mut results = vec![Val::I32(0); func.ty(&store).results().len()];
        // A trap is an answer; a fault of the module is none.
        if let Err(error) = func.call(&mut store, &[], &mut results)
            && !error.is::<Trap>()
        {
            return Err(kind(error));
        }
    }
    Ok(())
}

/// What the operating system says of this process: the line of `file` that begins so.
fn own(file: &str) -> String {
    std::fs::read_to_string(format!("/proc/self/{file}")).unwrap_or_default()
}

/// Not a test of its own: what the others start again, with a task.
#[test]
fn child() {
    let Ok(task) = std::env::var(TASK) else { return };
    let (index, strategy) = task.split_once(' ').expect("an index and a strategy");
    let strategy = STRATEGIES.into_iter().find(|it| format!("{it:?}") == strategy).expect("one");
    let (_, make) = all().nth(index.parse().expect("a number")).expect("a module");
    let outcome = load(&make(), strategy);
    let peak = own("status");
    let peak = peak.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let peak: u64 = peak.and_then(|it| it.split_whitespace().next()?.parse().ok()).unwrap_or(0);
    let stat = own("stat");
    // Ticks of user and system time, by the hundred to the second.
    let ticks = stat.rsplit(')').next().unwrap_or_default().split_whitespace().skip(11).take(2);
    let ticks: u64 = ticks.filter_map(|it| it.parse::<u64>().ok()).sum();
    println!("{TASK} {outcome:?}; {} {ticks}", peak * 1024);
}

/// Loads modules under every strategy, each in a process of its own. Returns the
/// outcomes, in words.
///
/// # Panics
/// If one costs too much.
fn measure(modules: &[Hostile]) -> Vec<String> {
    let program = std::env::current_exe().expect("this program");
    let mut outcomes = Vec::new();
    let mut excesses = Vec::new();
    for (index, (name, _)) in all().enumerate() {
        if !modules.iter().any(|(wanted, _)| wanted == name) {
            continue;
        }
        for strategy in STRATEGIES {
            let child = Command::new(&program)
                .args(["child", "--exact", "--nocapture"])
                .env(TASK, format!("{index} {strategy:?}"))
                .output()
                .expect("a process");
            let text = String::from_utf8_lossy(&child.stdout);
            let line = text.lines().find_map(|line| line.split_once(TASK).map(|(_, rest)| rest));
            let Some((outcome, figures)) = line.and_then(|line| line.split_once(';')) else {
                panic!(
                    "{name}, {strategy:?}: {}\n{text}{}",
                    child.status,
                    String::from_utf8_lossy(&child.stderr)
                );
            };
            let figures: Vec<u64> =
                figures.split_whitespace().filter_map(|it| it.parse().ok()).collect();
            let (bytes, seconds) = (figures[0], figures[1] as f64 / 100.0);
            let told = format!("{name}, {strategy:?}:{outcome}, {seconds} s, {} MB", bytes >> 20);
            println!("{told}");
            if seconds > MOST_SECONDS || bytes > MOST_BYTES {
                excesses.push(told);
            }
            outcomes.push(outcome.trim().to_owned());
        }
    }
    assert!(excesses.is_empty(), "too much:\n{}", excesses.join("\n"));
    outcomes
}

#[test]
fn code_that_is_large_deep_or_entangled_costs_little() {
    let outcomes = measure(modules::ALL);
    assert_eq!(outcomes.len(), modules::ALL.len() * STRATEGIES.len());
    let refused = |outcome: &&String| outcome.contains("Err");
    let too_large = outcomes.iter().filter(refused).count();
    // A million locals, and a function of eight megabytes.
    assert_eq!(too_large, 2 * STRATEGIES.len(), "{outcomes:?}");
}

#[test]
fn code_that_passes_many_operands_in_few_bytes_is_refused() {
    for outcome in measure(modules::OPERANDS) {
        assert_eq!(outcome, "Err(Some(Limit))");
    }
}

#[test]
fn large_sections_cost_little() {
    for outcome in measure(modules::SECTIONS) {
        assert_eq!(outcome, "Ok(())");
    }
}

#[test]
fn code_on_objects_costs_little() {
    for outcome in measure(modules::OBJECTS) {
        assert_eq!(outcome, "Ok(())");
    }
}
