//! The command line. Options are spelled as wasmtime spells them where both
//! commands have them.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::bench::BenchArgs;

/// A WebAssembly engine with a fast interpreter and an optimising compiler.
#[derive(Parser, Debug)]
#[command(name = "bimetal", version, about, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

/// What to do. `run` may be left out.
#[derive(Subcommand, Debug)]
pub(crate) enum Command {
    /// Run a WebAssembly program (the default)
    Run(RunArgs),
    /// Compile a module, to be run later with --allow-precompiled
    Compile(CompileArgs),
    /// Check that modules are valid
    Validate(ValidateArgs),
    /// Run scripts of the official test suite
    Wast(WastArgs),
    /// Show a function as text, interpreter code, CLIF or machine code
    Dump(DumpArgs),
    /// Run a program on several tiers in lockstep and report the first difference
    Diff(DiffArgs),
    /// Measure whole programs on all tiers, and on other engines
    Bench(BenchArgs),
    /// Measure one module once: what `bench` starts
    #[command(hide = true)]
    BenchRunner {
        /// `list`, or `run` with the task
        #[arg(trailing_var_arg = true)]
        args: Vec<String>,
    },
}

/// Names of the subcommands and of what else may stand in their place.
const COMMANDS: &[&str] = &[
    "run",
    "compile",
    "validate",
    "wast",
    "dump",
    "diff",
    "bench",
    "bench-runner",
    "help",
    "-h",
    "--help",
    "-V",
    "--version",
];

/// Which executor runs the guest.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Tier {
    /// The reference interpreter: slow and obviously right
    Reference,
    /// The fast interpreter: starts at once
    Interp,
    /// The compiler: native speed after compilation
    Jit,
    /// Both: starts in the fast interpreter and compiles what runs often
    Tiered,
}

impl Tier {
    /// Every tier, in the order of reports.
    pub(crate) const ALL: [Tier; 4] = [Tier::Reference, Tier::Interp, Tier::Jit, Tier::Tiered];

    /// The strategy of the engine.
    pub(crate) fn strategy(self) -> bimetal::Strategy {
        match self {
            Tier::Reference => bimetal::Strategy::Reference,
            Tier::Interp => bimetal::Strategy::Interpreter,
            Tier::Jit => bimetal::Strategy::Jit,
            Tier::Tiered => bimetal::Strategy::Tiered,
        }
    }

    /// The tier of a strategy.
    pub(crate) fn of(strategy: bimetal::Strategy) -> Option<Tier> {
        Tier::ALL.into_iter().find(|tier| tier.strategy() == strategy)
    }

    /// The name used on the command line and in reports.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Tier::Reference => "reference",
            Tier::Interp => "interp",
            Tier::Jit => "jit",
            Tier::Tiered => "tiered",
        }
    }
}

/// What an import becomes that nothing provides.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum UnknownImports {
    /// A function that returns zeros, an empty memory, table or global
    Default,
    /// A function that traps when called
    Trap,
    /// An error before anything runs
    Error,
}

/// Arguments of `run`.
#[derive(Args, Debug)]
pub(crate) struct RunArgs {
    /// The tier that runs the program [default: tiered]
    #[arg(long, value_enum)]
    pub(crate) tier: Option<Tier>,
    /// What to do with imports that nothing provides
    #[arg(long, value_enum, default_value = "error")]
    pub(crate) unknown_imports: UnknownImports,
    /// Validate functions when they are first called
    #[arg(long)]
    pub(crate) lazy_validation: bool,
    /// Canonical NaNs and the specification's outcome of relaxed vector instructions
    #[arg(long)]
    pub(crate) deterministic: bool,
    /// Run a file that `compile` made: its machine code is trusted
    #[arg(long)]
    pub(crate) allow_precompiled: bool,
    /// Keep compiled code in a folder: your own for caches, or the one named by --cache=DIR
    #[arg(long, value_name = "DIR", num_args = 0..=1, require_equals = true)]
    pub(crate) cache: Option<Option<PathBuf>>,
    /// Tell native debuggers the names of compiled functions
    #[arg(long)]
    pub(crate) gdb: bool,
    /// Tell a profiler which functions compiled code belongs to
    #[arg(long, value_enum)]
    pub(crate) profile: Option<Profile>,
    /// Print what tier `tiered` compiles and when, a line each, on standard error
    #[arg(long)]
    pub(crate) log_tiering: bool,
    /// Bytes of stack that the guest may use
    #[arg(long, value_name = "BYTES")]
    pub(crate) max_wasm_stack: Option<usize>,
    /// Provide `bench.start` and `bench.end`, which mark the span that `--stats` measures
    #[arg(long)]
    pub(crate) bench_hooks: bool,
    /// Print times and memory as one line of JSON on standard error
    #[arg(long)]
    pub(crate) stats: bool,
    #[command(flatten)]
    pub(crate) guest: GuestArgs,
}

/// A form in which a profiler reads symbols.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Profile {
    /// /tmp/perf-PID.map, for `perf report`
    Perfmap,
    /// jit-PID.dump, for `perf inject --jit` after `perf record -k mono`
    Jitdump,
}

/// Arguments of `compile`.
#[derive(Args, Debug)]
pub(crate) struct CompileArgs {
    /// Write to this file
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: PathBuf,
    /// Canonical NaNs and the specification's outcome of relaxed vector instructions
    #[arg(long)]
    pub(crate) deterministic: bool,
    /// The module, binary or text; `-` is standard input
    #[arg(value_name = "MODULE")]
    pub(crate) file: PathBuf,
}

/// A program and what it is given.
#[derive(Args, Debug)]
pub(crate) struct GuestArgs {
    /// Call this export instead of `_start`
    #[arg(long, value_name = "NAME")]
    pub(crate) invoke: Option<String>,
    /// Give the guest a folder; GUEST is its path there (the same if left out)
    #[arg(long = "dir", value_name = "HOST[::GUEST]", value_parser = dir)]
    pub(crate) dirs: Vec<Dir>,
    /// Set an environment variable of the guest; without a value, pass on the host's
    #[arg(long = "env", value_name = "NAME[=VALUE]", value_parser = env)]
    pub(crate) envs: Vec<(String, String)>,
    /// The module, binary or text; `-` is standard input
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// Arguments of the program, or of the function named by --invoke
    #[arg(value_name = "ARGS", trailing_var_arg = true, allow_hyphen_values = true)]
    pub(crate) args: Vec<String>,
}

/// A folder handed to the guest.
#[derive(Clone, Debug)]
pub(crate) struct Dir {
    /// Its path on the host.
    pub(crate) host: PathBuf,
    /// Its path for the guest.
    pub(crate) guest: String,
}

fn dir(text: &str) -> Result<Dir, String> {
    let (host, guest) = text.split_once("::").unwrap_or((text, text));
    if host.is_empty() || guest.is_empty() {
        return Err("expected HOST or HOST::GUEST".to_owned());
    }
    Ok(Dir { host: PathBuf::from(host), guest: guest.to_owned() })
}

fn env(text: &str) -> Result<(String, String), String> {
    if let Some((name, value)) = text.split_once('=') {
        return Ok((name.to_owned(), value.to_owned()));
    }
    match std::env::var(text) {
        Ok(value) => Ok((text.to_owned(), value)),
        Err(_) => Err(format!("the environment has no variable `{text}`")),
    }
}

/// Arguments of `validate`.
#[derive(Args, Debug)]
pub(crate) struct ValidateArgs {
    /// Modules, binary or text; `-` is standard input
    #[arg(value_name = "FILE", required = true)]
    pub(crate) files: Vec<PathBuf>,
}

/// Arguments of `wast`.
#[derive(Args, Debug)]
pub(crate) struct WastArgs {
    /// Run on this tier; can be repeated
    #[arg(long = "tier", value_enum, default_value = "all")]
    pub(crate) tiers: Vec<TierChoice>,
    /// Print totals for every file
    #[arg(long)]
    pub(crate) per_file: bool,
    /// Write the report into this folder: index.html, report.json, junit.xml
    #[arg(long, value_name = "DIR")]
    pub(crate) report: Option<PathBuf>,
    /// Script files, or folders searched for `.wast` files
    #[arg(value_name = "FILE|FOLDER", required = true)]
    pub(crate) paths: Vec<PathBuf>,
}

/// A tier, or all of them.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum TierChoice {
    /// The reference interpreter
    Reference,
    /// The fast interpreter
    Interp,
    /// The compiler
    Jit,
    /// Interpreter and compiler together
    Tiered,
    /// Every tier
    All,
}

impl TierChoice {
    /// The tiers that a list of choices names, each once.
    pub(crate) fn tiers(choices: &[TierChoice]) -> Vec<Tier> {
        let chosen = |tier: Tier| {
            choices.iter().any(|choice| match choice {
                TierChoice::All => true,
                TierChoice::Reference => tier == Tier::Reference,
                TierChoice::Interp => tier == Tier::Interp,
                TierChoice::Jit => tier == Tier::Jit,
                TierChoice::Tiered => tier == Tier::Tiered,
            })
        };
        Tier::ALL.into_iter().filter(|&tier| chosen(tier)).collect()
    }
}

/// Arguments of `diff`.
#[derive(Args, Debug)]
pub(crate) struct DiffArgs {
    /// Compare these tiers; the first one calls the host
    #[arg(long = "tier", value_enum, default_values = ["interp", "jit"])]
    pub(crate) tiers: Vec<TierChoice>,
    #[command(flatten)]
    pub(crate) guest: GuestArgs,
}

/// Arguments of `dump`.
#[derive(Args, Debug)]
pub(crate) struct DumpArgs {
    /// What to show
    #[arg(long, value_enum, default_value = "wat")]
    pub(crate) what: What,
    /// The function, by index, export name or name; all functions if left out
    #[arg(long, value_name = "FUNCTION")]
    pub(crate) func: Option<String>,
    /// The module, binary or text; `-` is standard input
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
}

/// A form of a function's code.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum What {
    /// The text format
    Wat,
    /// Code of the fast interpreter
    Interp,
    /// Cranelift's intermediate form
    Clif,
    /// Machine code
    Asm,
}

/// Parses the process's arguments; ends the process on a usage error (exit code
/// 2) and after `--help` and `--version`.
pub(crate) fn parse() -> Command {
    Cli::parse_from(with_command(std::env::args_os().collect())).command
}

/// Puts `run` in front of arguments that name no subcommand.
fn with_command(mut args: Vec<OsString>) -> Vec<OsString> {
    let named = match args.get(1) {
        None => true,
        Some(first) => first.to_str().is_some_and(|first| COMMANDS.contains(&first)),
    };
    if !named {
        args.insert(1, "run".into());
    }
    args
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(args: &[&str]) -> Command {
        let args = args.iter().map(OsString::from).collect();
        Cli::parse_from(with_command(args)).command
    }

    #[test]
    fn run_may_be_left_out() {
        let Command::Run(args) = parse(&["bimetal", "--tier", "interp", "a.wasm", "-x", "--y"])
        else {
            panic!("expected `run`")
        };
        assert_eq!(args.tier, Some(Tier::Interp));
        assert_eq!(args.guest.file, PathBuf::from("a.wasm"));
        assert_eq!(args.guest.args, ["-x", "--y"]);
    }

    #[test]
    fn a_folder_is_split_at_the_double_colon() {
        let Command::Run(args) = parse(&["bimetal", "run", "--dir", "/h/a::/g", "--dir", ".", "f"])
        else {
            panic!("expected `run`")
        };
        assert_eq!(
            (args.guest.dirs[0].host.to_str(), &*args.guest.dirs[0].guest),
            (Some("/h/a"), "/g")
        );
        assert_eq!(
            (args.guest.dirs[1].host.to_str(), &*args.guest.dirs[1].guest),
            (Some("."), ".")
        );
    }

    #[test]
    fn all_names_every_tier_once() {
        assert_eq!(TierChoice::tiers(&[TierChoice::Jit, TierChoice::All]), Tier::ALL);
        assert_eq!(TierChoice::tiers(&[TierChoice::Jit]), [Tier::Jit]);
    }
}
