//! Loops that copy or fill memory a few bytes at a time: on every tier they leave what
//! the loop leaves that is done step by step, in memory and in their locals, and trap
//! where it traps.

mod common;

use bimetal::{Config, Engine, Func, Memory, Store, Strategy, Val};
use common::{engines_with, instantiate};

/// A loop and how it uses the locals: `$d` and `$s` are addresses, `$n` is a number of
/// iterations or an address behind the last one, `$v` is a value or a step.
struct Shape {
    name: &'static str,
    text: &'static str,
    /// Bytes of one iteration; negative if addresses fall.
    step: i32,
    /// What `$n` is.
    end: End,
    /// Values for `$v`.
    values: &'static [i32],
}

#[derive(Clone, Copy, PartialEq)]
enum End {
    /// How many iterations.
    Iterations,
    /// How many bytes.
    Bytes,
    /// Where the destination ends.
    Address,
    /// An index that the loop counts from zero to, times this many bytes.
    Index,
}

const SHAPES: &[Shape] = &[
    Shape {
        name: "pointers and a counter",
        text: "(loop $l
            local.get $d local.get $s i32.load8_u i32.store8
            local.get $d i32.const 1 i32.add local.set $d
            local.get $s i32.const 1 i32.add local.set $s
            local.get $n i32.const -1 i32.add local.tee $n br_if $l)",
        step: 1,
        end: End::Iterations,
        values: &[0],
    },
    Shape {
        name: "an index, and the number of bytes left beside it",
        text: "(block $out (loop $l
            local.get $n i32.eqz br_if $out
            local.get $d local.get $i i32.add
            local.get $s local.get $i i32.add i32.load8_s offset=3 local.tee $t
            i32.store8 offset=5
            local.get $i i32.const 1 i32.add local.set $i
            local.get $n i32.const 1 i32.sub local.set $n
            br $l))",
        step: 1,
        end: End::Iterations,
        values: &[0],
    },
    Shape {
        name: "an index that is compared, signed",
        text: "(loop $l (if (i32.lt_s (local.get $i) (local.get $n)) (then
            (i32.store8 (i32.add (local.get $d) (local.get $i))
                (i32.load8_u (i32.add (local.get $s) (local.get $i))))
            (local.set $i (i32.add (local.get $i) (i32.const 1)))
            (br $l))))",
        step: 1,
        end: End::Index,
        values: &[0],
    },
    Shape {
        name: "a step that is a local",
        text: "(block $out (loop $l
            (br_if $out (i32.eq (local.get $i) (local.get $n)))
            (i32.store8 (i32.add (local.get $d) (local.get $i))
                (i32.load8_u (i32.add (local.get $s) (local.get $i))))
            (local.set $i (i32.add (local.get $i) (local.get $v)))
            (br $l)))",
        step: 1,
        end: End::Index,
        values: &[1, -1, 2, 0x7fff_ffff],
    },
    Shape {
        name: "a step that is a local, from one end",
        text: "(local.set $i (i32.sub (local.get $n) (i32.const 1)))
            (block $out (loop $l
            (br_if $out (i32.eq (local.get $i) (i32.const -1)))
            (i32.store8 (i32.add (local.get $d) (local.get $i))
                (i32.load8_u (i32.add (local.get $s) (local.get $i))))
            (local.set $i (i32.add (local.get $i) (local.get $v)))
            (br $l)))",
        step: 1,
        end: End::Index,
        values: &[-1],
    },
    Shape {
        name: "four at once, with sums as addresses",
        text: "(loop $l
            local.get $d local.get $i i32.add local.tee $t
            local.get $s local.get $i i32.add local.tee $u
            i32.load8_u i32.store8
            local.get $t i32.const 1 i32.add local.get $u i32.const 1 i32.add
            i32.load8_u i32.store8
            local.get $t i32.const 2 i32.add local.get $u i32.const 2 i32.add
            i32.load8_u i32.store8
            local.get $t i32.const 3 i32.add local.get $u i32.const 3 i32.add
            i32.load8_u i32.store8
            local.get $n local.get $i i32.const 4 i32.add local.tee $i i32.ne br_if $l)",
        step: 4,
        end: End::Index,
        values: &[0],
    },
    Shape {
        name: "words backward, two at once",
        text: "(loop $l
            (i32.store offset=4 (local.get $d) (i32.load offset=4 (local.get $s)))
            (i32.store (local.get $d) (i32.load (local.get $s)))
            (local.set $d (i32.sub (local.get $d) (i32.const 8)))
            (local.set $s (i32.sub (local.get $s) (i32.const 8)))
            (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 8)))))",
        step: -8,
        end: End::Bytes,
        values: &[0],
    },
    Shape {
        name: "bytes backward, the counter in the address",
        text: "(loop $l (if (local.get $n) (then
            (local.set $n (i32.sub (local.get $n) (i32.const 1)))
            (i32.store8 (i32.add (local.get $n) (local.get $d))
                (i32.load8_u (i32.add (local.get $n) (local.get $s))))
            (br $l))))",
        step: 1,
        end: End::Iterations,
        values: &[0],
    },
    Shape {
        name: "up to an address, unsigned",
        text: "(loop $l
            (i64.store (local.get $d) (i64.load (local.get $s)))
            (local.set $t (local.get $s))
            (local.set $s (i32.add (local.get $s) (i32.const 8)))
            (br_if $l (i32.lt_u (local.tee $d (i32.add (local.get $d) (i32.const 8)))
                (local.get $n))))",
        step: 8,
        end: End::Address,
        values: &[0],
    },
    Shape {
        name: "a fill with a local",
        text: "(loop $l
            (i32.store8 (local.get $d) (local.get $v))
            (local.set $d (i32.add (local.get $d) (i32.const 1)))
            (br_if $l (local.tee $n (i32.add (local.get $n) (i32.const -1)))))",
        step: 1,
        end: End::Iterations,
        values: &[0, 0x1ff, -2],
    },
    Shape {
        name: "a fill in another order, with a sum",
        text: "(loop $l
            (i32.store16 offset=2 (i32.add (local.get $d) (local.get $i))
                (i32.add (local.get $v) (i32.const 3)))
            (i32.store16 (i32.add (local.get $d) (local.get $i))
                (i32.add (local.get $v) (i32.const 3)))
            (br_if $l (i32.ne (local.tee $i (i32.add (local.get $i) (i32.const 4)))
                (local.get $n))))",
        step: 4,
        end: End::Index,
        values: &[0, 0x1234, -4],
    },
    Shape {
        name: "a fill with long zeros, backward",
        text: "(block $out (loop $l
            (br_if $out (i32.ge_u (local.get $i) (local.get $n)))
            (i64.store (local.get $d) (i64.const 0))
            (local.set $d (i32.add (local.get $d) (i32.const -8)))
            (local.set $i (i32.add (local.get $i) (i32.const 1)))
            (br $l)))",
        step: -8,
        end: End::Iterations,
        values: &[0],
    },
    Shape {
        name: "a fill with vectors",
        text: "(loop $l
            (v128.store (local.get $d) (v128.const i8x16 9 9 9 9 9 9 9 9 9 9 9 9 9 9 9 9))
            (local.set $d (i32.add (local.get $d) (i32.const 16)))
            (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))",
        step: 16,
        end: End::Iterations,
        values: &[0],
    },
    // What looks like a run and is none.
    Shape {
        name: "what was loaded last time is stored",
        text: "(loop $l
            (i32.store8 (local.get $d) (local.get $t))
            (local.set $t (i32.load8_u (local.get $s)))
            (local.set $d (i32.add (local.get $d) (i32.const 1)))
            (local.set $s (i32.add (local.get $s) (i32.const 1)))
            (br_if $l (local.tee $n (i32.add (local.get $n) (i32.const -1)))))",
        step: 1,
        end: End::Iterations,
        values: &[0],
    },
    Shape {
        name: "a local lags two iterations behind",
        text: "(loop $l
            (i32.store8 (local.get $d) (i32.load8_u (local.get $s)))
            (local.set $u (local.get $t))
            (local.set $t (local.get $d))
            (local.set $d (i32.add (local.get $d) (i32.const 1)))
            (local.set $s (i32.add (local.get $s) (i32.const 1)))
            (br_if $l (local.tee $n (i32.add (local.get $n) (i32.const -1)))))",
        step: 1,
        end: End::Iterations,
        values: &[0],
    },
];

/// The module of a shape: two pages, the second one grown, filled with what depends on
/// the position; the function gives all locals.
fn module(shape: &Shape) -> String {
    let text = shape.text;
    format!(
        r#"(module
        (memory (export "memory") 1)
        (func (export "start") (local $i i32)
            (drop (memory.grow (i32.const 1)))
            (loop $l
                (i32.store (local.get $i) (i32.mul (local.get $i) (i32.const 0x9e3779b1)))
                (br_if $l (i32.ne (i32.const 0x20000)
                    (local.tee $i (i32.add (local.get $i) (i32.const 4)))))))
        (func (export "run") (param $d i32) (param $s i32) (param $n i32) (param $v i32)
            (result i32 i32 i32 i32 i32 i32 i32) (local $i i32) (local $t i32) (local $u i32)
            {text}
            local.get $d local.get $s local.get $n local.get $v
            local.get $i local.get $t local.get $u))"#
    )
}

const SIZE: i32 = 0x20000;

/// A sequence of numbers that is the same everywhere.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: i32) -> i32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        ((self.0 >> 20) % bound.unsigned_abs() as u64) as i32
    }

    fn choose(&mut self, from: &[i32]) -> i32 {
        from[self.below(from.len() as i32) as usize]
    }
}

/// Arguments for a shape: near and far ranges, at the edges, and too long ones.
fn arguments(shape: &Shape, random: &mut Random) -> [i32; 4] {
    const COUNTS: [i32; 14] = [0, 1, 2, 3, 7, 15, 16, 17, 31, 40, 64, 100, 333, 2000];
    let count = random.choose(&COUNTS);
    let bytes = count * shape.step.abs();
    let base = match random.below(10) {
        0 => random.below(40),
        1 => SIZE - bytes - random.below(20),
        2 => SIZE - bytes / 2,
        3 => -random.below(40),
        4 => 0x10000 - bytes / 2,
        _ => 2_000 + random.below(50_000),
    };
    let low = if shape.step < 0 { base.wrapping_add(bytes) } else { base };
    let apart = [1, 2, 3, 4, 8, 15, 16, 33, bytes / 2, bytes - 1, bytes, bytes + 1, 9_000, 0];
    let apart = random.choose(&apart);
    let other =
        if random.below(2) == 0 { low.wrapping_add(apart) } else { low.wrapping_sub(apart) };
    let (to, from) = if random.below(2) == 0 { (low, other) } else { (other, low) };
    let end = match shape.end {
        End::Iterations => count,
        End::Bytes | End::Index => bytes,
        End::Address => to.wrapping_add(bytes),
    };
    [to, from, end, random.choose(shape.values)]
}

/// An instance of a shape's module.
struct Running {
    store: Store<()>,
    run: Func,
    memory: Memory,
}

impl Running {
    fn new(engine: &Engine, shape: &Shape) -> Running {
        let (mut store, instance) = instantiate(engine, &module(shape));
        let start = instance.get_typed_func::<(), ()>(&mut store, "start").unwrap();
        let run = instance.get_func(&mut store, "run").unwrap();
        let memory = instance.get_memory(&mut store, "memory").unwrap();
        start.call(&mut store, ()).unwrap();
        Running { store, run, memory }
    }

    /// The results, or the trap.
    fn call(&mut self, args: &[i32; 4]) -> String {
        let mut results = vec![Val::I32(0); 7];
        match self.run.call(&mut self.store, &args.map(Val::I32), &mut results) {
            Ok(()) => format!("{results:?}"),
            Err(error) => format!("{:?}", error.downcast_ref::<bimetal::Trap>()),
        }
    }

    fn memory(&self) -> &[u8] {
        self.memory.data(&self.store)
    }
}

/// What calls leave: results or the trap, and the memory.
fn outcome(engine: &Engine, shape: &Shape, calls: &[[i32; 4]]) -> Vec<(String, Vec<u8>)> {
    let mut running = Running::new(engine, shape);
    let mut call = |args: &[i32; 4]| (running.call(args), running.memory().to_vec());
    calls.iter().map(&mut call).collect()
}

/// Whether a memory is the same, told without printing it.
fn compare(shape: &Shape, calls: &[[i32; 4]], engine: &Engine, expected: &[(String, Vec<u8>)]) {
    let found = outcome(engine, shape, calls);
    for ((args, expected), found) in calls.iter().zip(expected).zip(found) {
        let name = shape.name;
        assert_eq!(found.0, expected.0, "{name} {args:?}: {engine:?}");
        let differs = |at: &usize| found.1[*at] != expected.1[*at];
        let at = (0..found.1.len()).find(differs);
        assert_eq!(at, None, "{name} {args:?}: the byte that differs, {engine:?}");
    }
}

#[test]
fn loops_do_the_same_on_every_tier_whatever_overlaps_or_lies_outside() {
    let engines = engines_with(|_| {});
    let (references, others): (Vec<Engine>, Vec<Engine>) =
        engines.into_iter().partition(|engine| engine.strategy() == Strategy::Reference);
    for (seed, shape) in SHAPES.iter().enumerate() {
        let mut random = Random(seed as u64 * 77 + 5);
        let calls: Vec<[i32; 4]> = (0..60).map(|_| arguments(shape, &mut random)).collect();
        let expected = outcome(&references[0], shape, &calls);
        for engine in &others {
            compare(shape, &calls, engine, &expected);
        }
    }
}

/// All numbers of iterations of few bytes, and some up to what is not moved in place.
fn counts(shape: &Shape) -> impl Iterator<Item = i32> {
    let step = shape.step.abs();
    let many = [140, 333, 500, 767, 768, 769, 770, 771, 900].map(|bytes| bytes / step);
    (1..=100 / step).chain(many)
}

/// Ranges that overlap either way, next to the memory's end, across it, and that wrap.
fn all_overlaps(shape: &Shape, count: i32) -> Vec<[i32; 4]> {
    let bytes = count * shape.step.abs();
    let mut ranges = Vec::new();
    for apart in [0, 1, 7, 15, 16, 17, 40, bytes - 1, bytes, bytes + 1] {
        ranges.extend([[5_000, 5_000 + apart], [5_000 + apart, 5_000]]);
    }
    for beyond in [-8, -1, 0, 1, 20] {
        let end = SIZE - bytes + beyond;
        ranges.extend([[end, 300], [300, end]]);
    }
    ranges.extend([[-bytes / 2, 700], [700, -bytes / 2], [-9, 700]]);
    let call = |[to, from]: [i32; 2]| {
        let first = if shape.step < 0 { bytes + shape.step } else { 0 };
        let (to, from) = (to.wrapping_add(first), from.wrapping_add(first));
        let end = match shape.end {
            End::Iterations => count,
            End::Bytes | End::Index => bytes,
            End::Address => to.wrapping_add(bytes),
        };
        [to, from, end, shape.values[0]]
    };
    ranges.into_iter().map(call).collect()
}

#[test]
fn all_short_runs_are_what_the_loop_does() {
    let engine = |strategy| Engine::new(Config::new().strategy(strategy)).unwrap();
    let engines = [Strategy::Reference, Strategy::Jit].map(engine);
    for shape in SHAPES.iter().filter(|shape| !shape.name.starts_with("a step that")) {
        let mut instances = engines.each_ref().map(|engine| Running::new(engine, shape));
        for count in counts(shape) {
            for args in all_overlaps(shape, count) {
                let [expected, found] = instances.each_mut().map(|running| running.call(&args));
                assert_eq!(found, expected, "{} {args:?}", shape.name);
                let [expected, found] = instances.each_ref().map(Running::memory);
                assert!(found == expected, "{} {args:?}: the memory", shape.name);
            }
        }
    }
}
