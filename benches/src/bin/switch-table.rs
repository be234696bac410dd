//! Compares our compiler with itself, each optimisation off and on, in interleaved
//! rounds, and writes the table to `benches/RESULTS.md`.
//!
//! `switch-table [ROUNDS] [NAME..]`; with names, only programs that contain one of
//! them take part and nothing is written.

#![forbid(unsafe_code)]

use std::fmt::Write as _;
use std::time::Duration;

use bimetal::{Config, Engine, Instance, Module, Result, Store, Strategy};
use bimetal_benches::kernels::KERNELS;
use bimetal_benches::report::{cpu_time, replace_section};
use bimetal_benches::rounds::{median, quartiles};
use bimetal_benches::workloads::WORKLOADS;

const COMMAND: &str = "cargo run --release -p bimetal-benches --bin switch-table";

/// How long a run should take, so that neither the clock nor an interruption shows.
const RUN: Duration = Duration::from_millis(5);

/// Calls after which everything is compiled that is hot.
const WARM_UP: usize = 400;

/// An optimisation, and the programs that are to show what it does: one that it is
/// for and some that it could harm.
struct Switch {
    name: &'static str,
    set: fn(&mut Config, bool) -> &mut Config,
    /// [`Strategy::Tiered`] for those that need to have seen the code run.
    strategy: Strategy,
    programs: &'static [&'static str],
}

const SWITCHES: &[Switch] = &[
    Switch {
        name: "self tail call to loop",
        set: Config::tail_loops,
        strategy: Strategy::Jit,
        programs: &["calls/tail", "calls/recursive", "recursion", "machine"],
    },
    Switch {
        name: "tail calls among functions to loop",
        set: Config::tail_sets,
        strategy: Strategy::Jit,
        programs: &["threaded", "tail", "calls/tail", "recursion"],
    },
    Switch {
        name: "u64 to float by signed conversion",
        set: Config::signed_conversions,
        strategy: Strategy::Jit,
        programs: &["numbers/from_u64", "spectral", "bodies", "mandelbrot"],
    },
    Switch {
        name: "recursion inlined",
        set: Config::inline_recursion,
        strategy: Strategy::Jit,
        programs: &["calls/recursive", "recursion", "exceptions/deep", "json", "match"],
    },
    Switch {
        name: "small functions inlined",
        set: Config::inline_calls,
        strategy: Strategy::Jit,
        programs: &[
            "exceptions/catch",
            "exceptions/try",
            "gc/methods",
            "gc/list",
            "json",
            "machine",
            "match",
            "memory_hard",
            "squeeze",
            "sort_static",
            "words",
            "sha256",
        ],
    },
    Switch {
        name: "likely functions of indirect calls inlined",
        set: Config::inline_guesses,
        strategy: Strategy::Jit,
        programs: &[
            "sort_dynamic",
            "gc/methods",
            "call_ref",
            "gc_virtual",
            "json",
            "machine",
            "match",
            "words",
        ],
    },
    Switch {
        name: "indirect calls through fixed tables compared by index",
        set: Config::fixed_tables,
        strategy: Strategy::Jit,
        programs: &["sort_dynamic", "gc/methods", "json", "match"],
    },
    Switch {
        name: "context kept in calls through tables of own functions, without that loop",
        set: |config, enable| config.tail_sets(false).own_contexts(enable),
        strategy: Strategy::Jit,
        programs: &["threaded", "indirect", "sort_dynamic", "machine"],
    },
    Switch {
        name: "functions that indirect calls were seen to reach",
        set: Config::seen_callees,
        strategy: Strategy::Tiered,
        programs: &["calls/sites", "call_ref", "sort_dynamic", "gc/methods", "json", "match"],
    },
    Switch {
        name: "calls inlined that were seen to be done, hot ones first",
        set: Config::seen_calls,
        strategy: Strategy::Tiered,
        programs: &[
            "calls/cold",
            "exceptions/catch",
            "exceptions/reference",
            "gc/list",
            "json",
            "machine",
            "match",
            "squeeze",
            "words",
            "recursion",
        ],
    },
    Switch {
        name: "ways apart that branches were seen hardly ever to go",
        set: Config::seen_branches,
        strategy: Strategy::Tiered,
        programs: &[
            "branches/grow",
            "copies_records",
            "exceptions/catch",
            "gc/list",
            "json",
            "machine",
            "match",
            "sort_dynamic",
            "squeeze",
            "words",
        ],
    },
    Switch {
        name: "bulk memory in place",
        set: Config::inline_bulk,
        strategy: Strategy::Jit,
        programs: &["bulk", "squeeze", "words", "sha256"],
    },
    Switch {
        name: "masks as conversions, constants stored as immediates, first lanes as floats",
        set: Config::narrow,
        strategy: Strategy::Jit,
        programs: &["memory_hard", "squeeze", "sieve", "words", "image_simd", "coremark_simd"],
    },
    Switch {
        name: "products and remainders by 3, 5 and 9 of sums",
        set: Config::cheap_products,
        strategy: Strategy::Jit,
        programs: &[
            "keccak",
            "squeeze",
            "tail",
            "machine",
            "json",
            "words",
            "reverse",
            "sort_static",
        ],
    },
    Switch {
        name: "sums of 32 bits in addresses",
        set: Config::address_sums,
        strategy: Strategy::Jit,
        programs: &[
            "image",
            "image_simd",
            "matrix",
            "memory_hard",
            "coremark",
            "coremark_simd",
            "squeeze",
            "copies_reverse",
            "words",
            "sieve",
            "reverse",
            "sort_dynamic",
            "match",
            "json",
            "sha256",
        ],
    },
    Switch {
        name: "functions placed by their loops",
        set: Config::place_loops,
        strategy: Strategy::Jit,
        programs: &["match", "sort_static", "squeeze", "sieve", "machine", "json", "words"],
    },
    Switch {
        name: "bases of memories in the context",
        set: Config::near_bases,
        strategy: Strategy::Jit,
        programs: &["match", "json", "sort_dynamic", "words", "machine", "squeeze"],
    },
    Switch {
        name: "one comparison an access, offsets left to guard pages",
        set: Config::short_checks,
        strategy: Strategy::Jit,
        programs: CHECKED,
    },
    Switch {
        name: "no check near one that was done",
        set: Config::known_bounds,
        strategy: Strategy::Jit,
        programs: CHECKED,
    },
    Switch {
        name: "lengths of memories loaded in front of loops",
        set: Config::early_lengths,
        strategy: Strategy::Jit,
        programs: CHECKED,
    },
    Switch {
        name: "loops of copies and fills at once",
        set: Config::byte_loops,
        strategy: Strategy::Jit,
        programs: COPYING,
    },
    Switch {
        name: "few bytes of them by vectors in place",
        set: Config::inline_runs,
        strategy: Strategy::Jit,
        programs: COPYING,
    },
    Switch {
        name: "the same, interpreted",
        set: Config::byte_loops,
        strategy: Strategy::Interpreter,
        programs: COPYING,
    },
];

/// Programs whose accesses to memory are checked, and one whose are not.
const CHECKED: &[&str] = &["matrix_memory64", "squeeze_memory64", "words_memory64", "words"];

/// Programs without bulk memory instructions, and some that have them but may do some
/// copies in loops.
const COPYING: &[&str] =
    &["copies_hash", "copies_reverse", "copies_records", "sort_static", "squeeze", "json", "words"];

fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let rounds = args.first().and_then(|text| text.parse().ok()).unwrap_or(41);
    let names = args.get(1..).unwrap_or_default();
    let wanted =
        |program: &str| names.is_empty() || names.iter().any(|name| program.contains(name));
    let mut table = String::from(
        "| optimisation | program | off | on | ratio | quartiles |\n|---|---|---|---|---|---|\n",
    );
    print!("{table}");
    for switch in SWITCHES {
        for program in switch.programs.iter().filter(|program| wanted(program)) {
            let row = measure(switch, program, rounds)?;
            print!("{row}");
            table += &row;
        }
    }
    if names.is_empty() {
        let text = format!(
            "Written by `{COMMAND}`: our compiler with one optimisation off and on, in one \
             process, in {rounds} interleaved rounds. Times are of the processor. The ratio is \
             the median of the time with it divided by the one without, round by round. Code \
             that is the same on both sides differs by up to 5 % here, by its place in memory.\n\n{table}"
        );
        replace_section("Optimisations", &text)?;
    }
    Ok(())
}

/// A program on an engine: does it so many times and gives the checksum.
type Run = Box<dyn FnMut(i32) -> i64>;

/// Measures one program without and with an optimisation; gives its row.
fn measure(switch: &Switch, program: &str, rounds: usize) -> Result<String> {
    let mut runs = [load(switch, program, false)?, load(switch, program, true)?];
    let count = times(&mut runs[0]);
    let mut took: [Vec<Duration>; 2] = Default::default();
    for round in 0..rounds {
        let mut sums = [0; 2];
        // Neither is always the first.
        for index in [round % 2, 1 - round % 2] {
            let start = cpu_time();
            sums[index] = runs[index](count);
            took[index].push(cpu_time().saturating_sub(start));
        }
        assert_eq!(sums[0], sums[1], "{program} depends on {}", switch.name);
    }
    let [low, middle, high] = quartiles(&took[1], &took[0]);
    let ms = |times: &[Duration]| median(times).as_secs_f64() * 1e3;
    let (off, on) = (ms(&took[0]), ms(&took[1]));
    let mut row = String::new();
    let _ = writeln!(
        row,
        "| {} | {program} | {off:.2} ms | {on:.2} ms | {middle:.2} | {low:.2}-{high:.2} |",
        switch.name
    );
    Ok(row)
}

/// How often the program has to do its work to take as long as it should.
fn times(run: &mut Run) -> i32 {
    let mut count = 1;
    loop {
        let start = cpu_time();
        run(count);
        if cpu_time().saturating_sub(start) >= RUN || count > i32::MAX / 2 {
            return count;
        }
        count *= 2;
    }
}

fn load(switch: &Switch, program: &str, enable: bool) -> Result<Run> {
    let mut config = Config::new();
    // What is hot is compiled at once.
    (switch.set)(config.strategy(switch.strategy).compile_threads(0), enable);
    let engine = Engine::new(&config)?;
    let kernel = KERNELS.iter().find(|kernel| kernel.name == program);
    let workload = || WORKLOADS.iter().find(|workload| workload.name == program);
    let module = match kernel {
        Some(kernel) => Module::new(&engine, kernel.text)?,
        None => Module::new(&engine, workload().expect("a program of this name").wasm)?,
    };
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module, &[])?;
    let run = instance.get_typed_func::<i32, i64>(&mut store, "run")?;
    if switch.strategy == Strategy::Tiered {
        for _ in 0..WARM_UP {
            run.call(&mut store, 1)?;
        }
    }
    Ok(Box::new(move |times| run.call(&mut store, times).expect("no trap")))
}
