//! `bimetal diff`: tiers in lockstep.
//!
//! The module is instrumented once, so that it tells its calls, results, writes to
//! memories and globals; each tier runs it on a thread of its own, and what they
//! tell is compared as it comes. The first tier leads: its calls reach the host,
//! and what they did is recorded and repeated for the others.

mod body;
mod compare;
mod event;
mod host;
mod instrument;
mod plan;
mod point;
mod report;
mod side;

use std::process::ExitCode;
use std::sync::mpsc::{channel, sync_channel};
use std::thread;

use bimetal::error::Context as _;
use bimetal::{Config, Engine, Error, Module, Result};

use crate::args::{DiffArgs, GuestArgs, Tier, TierChoice};
use crate::{input, run};
use compare::Verdict;
use host::Recorder;
use instrument::Instrumented;
use report::Places;
use side::{Role, Side};

/// Runs a program on several tiers at once and reports the first difference.
pub(crate) fn diff(args: &DiffArgs) -> Result<ExitCode> {
    let tiers = TierChoice::tiers(&args.tiers);
    if tiers.len() < 2 {
        return Err(Error::msg("`diff` compares at least two tiers"));
    }
    let bytes = input::read(&args.guest.file)?;
    let engines = tiers.iter().map(|&tier| engine(tier)).collect::<Result<Vec<Engine>>>()?;
    let module = Module::new(&engines[0], &bytes)
        .with_context(|| format!("`{}`", args.guest.file.display()))?;
    run::check_entry(&args.guest, &module)?;
    let instrumented = instrument::instrument(module.binary())?;
    let names: Vec<&str> = tiers.iter().map(|tier| tier.name()).collect();
    match lockstep(&engines, &instrumented, &args.guest)? {
        Verdict::Same { points, end } => {
            eprintln!("{} agree at {points} points; {end}", names.join(", "));
            Ok(ExitCode::SUCCESS)
        }
        Verdict::Differ(divergence) => {
            let places = Places { module: &module, instrumented: &instrumented };
            eprint!("{}", places.describe(&names, &divergence));
            Ok(ExitCode::FAILURE)
        }
    }
}

fn engine(tier: Tier) -> Result<Engine> {
    let mut config = Config::new();
    config.strategy(tier.strategy()).deterministic(true);
    Engine::new(&config)
}

/// Messages of a side that may wait for the others.
const WAITING: usize = 16;

fn lockstep(engines: &[Engine], module: &Instrumented, guest: &GuestArgs) -> Result<Verdict> {
    let mut receivers = Vec::new();
    let mut sides = Vec::new();
    let mut records = Vec::new();
    for (index, engine) in engines.iter().enumerate() {
        let (sender, receiver) = sync_channel(WAITING);
        receivers.push(receiver);
        let record = (index > 0).then(|| {
            let (sender, receiver) = channel();
            records.push(sender);
            receiver
        });
        sides.push((engine, sender, record));
    }
    let mut leader = Some(Recorder::new(records));
    let mut ready = Vec::new();
    for (engine, sender, record) in sides {
        let role = match (record, leader.take()) {
            (Some(records), _) => Role::Follower(records),
            (None, Some(recorder)) => Role::Leader(recorder),
            (None, None) => return Err(Error::msg("two sides lead")),
        };
        ready.push((engine, Side::new(run::wasi(guest)?, sender, role)));
    }
    Ok(thread::scope(|scope| {
        for (engine, side) in ready {
            scope.spawn(move || side::run(engine, module, guest, side));
        }
        let verdict = compare::compare(&receivers);
        // Sides that still run end at their next word.
        drop(receivers);
        verdict
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guest(invoke: &str, args: &[&str]) -> GuestArgs {
        GuestArgs {
            invoke: Some(invoke.to_owned()),
            dirs: Vec::new(),
            envs: Vec::new(),
            file: "test.wat".into(),
            args: args.iter().map(|&arg| arg.to_owned()).collect(),
        }
    }

    /// An instruction whose result is the implementation's choice, run by engines
    /// that choose differently, stands for a tier with a defect.
    #[test]
    fn the_first_difference_is_reported_with_its_place() {
        let wat = r#"(module
            (memory (export "memory") 1)
            (func $store (param f32)
                (v128.store offset=16 (i32.const 32)
                    (i32x4.relaxed_trunc_f32x4_s (f32x4.splat (local.get 0)))))
            (func (export "run") (param f32)
                (call $store (f32.const 1))
                (call $store (local.get 0))))"#;
        let mut fast = Config::new();
        fast.strategy(bimetal::Strategy::Jit).deterministic(false);
        let engines = [engine(Tier::Reference).unwrap(), Engine::new(&fast).unwrap()];
        let module = Module::new(&engines[0], wat).unwrap();
        let instrumented = instrument::instrument(module.binary()).unwrap();

        let same = lockstep(&engines, &instrumented, &guest("run", &["2"])).unwrap();
        assert!(matches!(same, Verdict::Same { points: 8, .. }), "{same:?}");

        let verdict = lockstep(&engines, &instrumented, &guest("run", &["1e20"])).unwrap();
        let Verdict::Differ(divergence) = verdict else { panic!("{verdict:?}") };
        assert_eq!(divergence.points, 6);
        let places = Places { module: &module, instrumented: &instrumented };
        let text = places.describe(&["reference", "jit"], &divergence);
        assert!(text.contains("function 0 `store`, wasm offset "), "{text}");
        assert!(
            text.contains("`v128.store offset=16`, write to memory 0 at offset 0x10"),
            "{text}"
        );
        assert!(text.contains("v128 0x7fffffff7fffffff7fffffff7fffffff"), "{text}");
        assert!(text.contains("v128 0x80000000800000008000000080000000"), "{text}");
    }
}
