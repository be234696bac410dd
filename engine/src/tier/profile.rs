//! What the interpreter has seen of a module, as the compiler is told: see
//! [`bimetal_runtime::seen`].

use bimetal_interp::fast::NotedCall;
use bimetal_runtime::hot::Counted;
use bimetal_runtime::seen::{Seen, SeenBranch, SeenCall};

use super::mixed::Mixed;

impl Seen for Mixed {
    fn calls(&self, defined: usize) -> u64 {
        let Some(hotness) = &self.hotness else { return 0 };
        hotness.count(defined, Counted::Calls, self.fast.calls_left(defined))
    }

    fn calls_in(&self, defined: usize) -> Vec<SeenCall> {
        let Some(hotness) = &self.hotness else { return Vec::new() };
        let noted = self.fast.noted_calls(defined);
        if noted.is_empty() {
            return Vec::new();
        }
        let called = self.calls(defined);
        let left: Vec<(u32, u32)> = self.fast.iterations_left(defined).collect();
        let iterations = |number: u32| {
            let left = left.iter().find(|of| of.0 == number).map(|of| of.1);
            hotness.count(defined, Counted::Loop(number), left)
        };
        let seen = |NotedCall { offset, calls, mut callees, direct, within }: NotedCall| {
            let around = within.map_or(called, iterations);
            let calls = if direct && calls >= NotedCall::MAX_DIRECT {
                // It was counted no further: it may have been done each time.
                calls.max(around)
            } else {
                calls
            };
            if let ([callee], true) = (&mut callees[..], direct) {
                callee.1 = calls;
            }
            SeenCall { offset, calls, around, callees }
        };
        noted.into_iter().map(seen).collect()
    }

    fn branches_in(&self, defined: usize) -> Vec<SeenBranch> {
        self.fast.noted_branches(defined)
    }
}

#[cfg(test)]
mod tests {
    use std::any::Any;

    use super::*;
    use crate::{Config, Engine, Instance, Module, Store, Strategy};

    /// Two functions of a type; `run` calls one of them through the table, each time,
    /// and the other once in a while by name.
    const WAT: &str = r#"(module
        (type $t (func (param i32) (result i32)))
        (table funcref (elem $one $two))
        (func $one (type $t) (i32.const 1))
        (func $two (type $t) (i32.const 2))
        (func (export "run") (param $n i32) (result i32)
            (loop $next
                (if (i32.eqz (i32.and (local.get $n) (i32.const 7)))
                    (then (drop (call $one (local.get $n)))))
                (drop (call_indirect (type $t) (local.get $n) (i32.const 1)))
                (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
            (local.get $n)))"#;

    #[test]
    fn a_request_to_compile_shows_what_calls_have_done() {
        let mut config = Config::new();
        // Nothing is compiled here.
        config.strategy(Strategy::Tiered).thresholds(u32::MAX, u32::MAX);
        let engine = Engine::new(&config).unwrap();
        let module = Module::new(&engine, WAT).unwrap();
        let mut store = Store::new(&engine, ());
        let instance = Instance::new(&mut store, &module, &[]).unwrap();
        let run = instance.get_typed_func::<i32, i32>(&mut store, "run").unwrap();
        assert_eq!(run.call(&mut store, 800).unwrap(), 0);
        assert_eq!(run.call(&mut store, 1).unwrap(), 0);
        let code: &dyn Any = module.made_code().unwrap();
        let mixed = code.downcast_ref::<Mixed>().unwrap();
        let seen = mixed.calls_in(2);
        let of = |site: &SeenCall| (site.calls, site.around, site.callees.clone());
        let [direct, indirect] = &seen[..] else { panic!("{seen:?}") };
        // Counted no further than it matters: it may have been done each time.
        assert_eq!(of(direct), (799, 799, vec![(0, 799)]));
        assert_eq!(of(indirect), (801, 799, vec![(1, 801)]));
        assert_eq!((Seen::calls(mixed, 2), Seen::calls(mixed, 1)), (2, 801));
        assert!(mixed.calls_in(0).is_empty());
    }
}
