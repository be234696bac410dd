//! What it costs to cross the border between host and guest, on our tiers and on the
//! peers, in one process.

use std::time::{Duration, Instant};

use bimetal::{Config, Strategy};

use crate::guest::Error;
use crate::report::cpu_time;

/// A way to cross the border.
#[derive(Clone, Copy, Debug)]
pub struct Crossing {
    /// What it is called in tables.
    pub name: &'static str,
    /// What its time divided by wasmtime's is to be at most.
    pub aim: f64,
    /// Whether the guest calls, in a loop of its own whose time does not count.
    in_loop: bool,
}

/// All of them, in the order of [`Party::run`].
pub const CROSSINGS: [Crossing; 5] = [
    Crossing { name: "host to guest, typed", aim: 0.8, in_loop: false },
    Crossing { name: "host to guest, untyped", aim: 0.25, in_loop: false },
    Crossing { name: "guest to host, typed", aim: 1.0, in_loop: true },
    Crossing { name: "guest to host, with `Caller` and its memory", aim: 0.3, in_loop: true },
    Crossing { name: "guest to host, untyped", aim: 1.0, in_loop: true },
];

/// A guest whose functions each do one thing so many times.
const GUEST: &str = r#"
(module
  (import "host" "typed" (func $typed (param i32) (result i32)))
  (import "host" "caller" (func $caller (param i32) (result i32)))
  (import "host" "untyped" (func $untyped (param i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "add") (param i32 i32) (result i32)
    (i32.add (local.get 0) (local.get 1)))
  (func (export "nothing") (param i32) (result i32) (local i32)
    (loop $next
      (local.set 1 (i32.add (local.get 1) (i32.const 1)))
      (br_if $next (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
    (local.get 1))
  (func (export "typed") (param i32) (result i32) (local i32)
    (loop $next
      (local.set 1 (call $typed (local.get 1)))
      (br_if $next (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
    (local.get 1))
  (func (export "caller") (param i32) (result i32) (local i32)
    (loop $next
      (local.set 1 (call $caller (local.get 1)))
      (br_if $next (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
    (local.get 1))
  (func (export "untyped") (param i32) (result i32) (local i32)
    (loop $next
      (local.set 1 (call $untyped (local.get 1)))
      (br_if $next (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
    (local.get 1)))
"#;

/// Does something so many times; gives a checksum.
pub type Times = Box<dyn FnMut(i32) -> Result<i32, Error>>;

/// An engine that takes part, with the guest loaded.
pub struct Party {
    /// What the engine is called.
    pub name: &'static str,
    /// The crossings, in the order of [`CROSSINGS`].
    pub run: [Times; 5],
    /// The guest's loop without a crossing.
    nothing: Times,
}

/// The engines' types have the same names and do the same.
macro_rules! party {
    ($name:literal, $library:ident, $engine:expr, $type_of:expr) => {{
        use $library::{Caller, Extern, Func, Instance, Module, Store, TypedFunc, Val};
        let engine: $library::Engine = $engine;
        let module = Module::new(&engine, wat::parse_str(GUEST)?)?;
        let instance = || {
            let mut store = Store::new(&engine, ());
            let typed = Func::wrap(&mut store, |n: i32| n.wrapping_add(1));
            let caller = Func::wrap(&mut store, |mut caller: Caller<'_, ()>, n: i32| {
                let Some(Extern::Memory(memory)) = caller.get_export("memory") else { return 0 };
                let bytes = memory.data_mut(&mut caller);
                n.wrapping_add(1) + bytes.get(8).copied().map_or(0, i32::from)
            });
            let ty = $type_of(&engine, [$library::ValType::I32], [$library::ValType::I32]);
            let untyped = Func::new(&mut store, ty, |_, args, results| {
                if let ([Val::I32(n)], [result]) = (args, results) {
                    *result = Val::I32(n.wrapping_add(1));
                }
                Ok(())
            });
            let imports: [Extern; 3] = [typed.into(), caller.into(), untyped.into()];
            let instance = Instance::new(&mut store, &module, &imports)?;
            Ok::<_, Error>((store, instance))
        };
        let by_guest = |export: &str| {
            let (mut store, instance) = instance()?;
            let run: TypedFunc<i32, i32> = instance.get_typed_func(&mut store, export)?;
            let times: Times = Box::new(move |times| Ok(run.call(&mut store, times)?));
            Ok::<_, Error>(times)
        };
        let (mut store, of_typed) = instance()?;
        let add: TypedFunc<(i32, i32), i32> = of_typed.get_typed_func(&mut store, "add")?;
        let typed: Times = Box::new(move |times| {
            let mut sum = 0;
            for _ in 0..times {
                sum = add.call(&mut store, (sum, 1))?;
            }
            Ok(sum)
        });
        let (mut store, of_untyped) = instance()?;
        let add = of_untyped.get_func(&mut store, "add").ok_or("no export")?;
        let untyped: Times = Box::new(move |times| {
            let mut sum = [Val::I32(0)];
            for _ in 0..times {
                let args = [sum[0].clone(), Val::I32(1)];
                add.call(&mut store, &args, &mut sum)?;
            }
            match sum {
                [Val::I32(sum)] => Ok(sum),
                _ => Err("another type of result".into()),
            }
        });
        let run = [typed, untyped, by_guest("typed")?, by_guest("caller")?, by_guest("untyped")?];
        Party { name: $name, run, nothing: by_guest("nothing")? }
    }};
}

fn ours(strategy: Strategy) -> Result<bimetal::Engine, Error> {
    Ok(bimetal::Engine::new(Config::new().strategy(strategy))?)
}

/// Everybody who takes part: wasmtime, wasmi and our strategies.
///
/// # Errors
/// If an engine cannot load the guest.
pub fn parties() -> Result<[Party; 5], Error> {
    let mut all = [
        party!("wasmtime", wasmtime, wasmtime::Engine::default(), wasmtime::FuncType::new),
        party!("wasmi", wasmi, wasmi::Engine::default(), |_: &_, params, results| {
            wasmi::FuncType::new::<[_; 1], [_; 1]>(params, results)
        }),
        party!("jit", bimetal, ours(Strategy::Jit)?, bimetal::FuncType::new),
        party!("tiered", bimetal, ours(Strategy::Tiered)?, bimetal::FuncType::new),
        party!("interp", bimetal, ours(Strategy::Interpreter)?, bimetal::FuncType::new),
    ];
    all.iter_mut().try_for_each(Party::warm_up)?;
    Ok(all)
}

impl Party {
    /// Runs everything until what is hot has surely been compiled.
    fn warm_up(&mut self) -> Result<(), Error> {
        let start = Instant::now();
        while start.elapsed() < Duration::from_millis(100) {
            for run in self.run.iter_mut().chain([&mut self.nothing]) {
                (0..100).try_for_each(|_| run(10).map(drop))?;
            }
        }
        Ok(())
    }

    /// What a number of crossings takes of the processor, without the guest's loop.
    ///
    /// # Errors
    /// If a call fails, or gives another checksum than it has to.
    pub fn time(&mut self, crossing: usize, times: i32) -> Result<Duration, Error> {
        let timed = |run: &mut Times| {
            let start = cpu_time();
            let sum = run(times)?;
            let took = cpu_time().saturating_sub(start);
            if sum == times { Ok(took) } else { Err(Error::from(format!("counted to {sum}"))) }
        };
        let took = timed(&mut self.run[crossing])?;
        if !CROSSINGS[crossing].in_loop {
            return Ok(took);
        }
        Ok(took.saturating_sub(timed(&mut self.nothing)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_counts_the_same_in_every_crossing() {
        for party in &mut parties().unwrap() {
            for crossing in 0..CROSSINGS.len() {
                assert!(party.time(crossing, 1000).is_ok(), "{} {crossing}", party.name);
            }
        }
    }
}
