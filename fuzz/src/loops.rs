//! Random loops that copy or fill memory a few bytes at a time, most of them such as
//! compilers make, some of them with something else in them.

use std::fmt::Write as _;

use crate::generate::Random;

/// A module of such loops, each called with arguments from all over its memory. All
/// calls end: every loop walks through the memory, and out of it at last.
pub(crate) fn module(random: &mut Random) -> Vec<u8> {
    let mut text = String::from(
        "(module (memory (export \"memory\") 1 2)
            (data (i32.const 100) \"some bytes to begin with, which are all different\")
            (data (i32.const 65000) \"and some more: 0123456789\")\n",
    );
    for index in 0..3 {
        let shape = Loop::new(random);
        shape.function(&mut text, index, random);
        for call in 0..3 {
            let [d, s, n, v] = shape.arguments(random);
            let _ = writeln!(
                text,
                "(func (export \"f{index} {call}\") (result i32 i32 i32 i32 i32 i32 i32)
                    (call $f{index} (i32.const {d}) (i32.const {s}) (i32.const {n})
                        (i32.const {v})))"
            );
        }
    }
    text.push_str("(func (export \"grow\") (drop (memory.grow (i32.const 1)))))");
    wat::parse_str(&text).expect("the text is valid")
}

/// How a loop counts.
#[derive(Clone, Copy, PartialEq)]
enum Counter {
    /// `$n` falls by one.
    Iterations,
    /// `$n` falls by the bytes of an iteration.
    Bytes,
    /// `$d` is compared with `$n`.
    Address,
    /// `$i` is compared with `$n`, and part of every address.
    Index,
    /// The same, but the step is `$v`.
    Along,
}

struct Loop {
    width: i32,
    unrolled: i32,
    backward: bool,
    fills: bool,
    /// Whether the parts of an iteration differ in their indices, not in offsets.
    indices: bool,
    counter: Counter,
}

const ONES: [i32; 6] = [1, 1, 1, 2, 4, 8];

fn choose<T: Copy>(random: &mut Random, from: &[T]) -> T {
    from[random.below(from.len())]
}

impl Loop {
    fn new(random: &mut Random) -> Loop {
        use Counter::*;
        let counter = choose(random, &[Iterations, Bytes, Address, Index, Along]);
        let along = counter == Along;
        Loop {
            width: if along { 1 } else { choose(random, &ONES) },
            unrolled: if along { 1 } else { choose(random, &ONES) },
            backward: !along && random.below(3) == 0,
            fills: random.below(3) == 0,
            indices: random.below(2) == 0,
            counter,
        }
    }

    fn unit(&self) -> i32 {
        self.width * self.unrolled
    }

    /// What an iteration adds to an address.
    fn step(&self) -> i32 {
        if self.backward { -self.unit() } else { self.unit() }
    }

    fn indexed(&self) -> bool {
        matches!(self.counter, Counter::Index | Counter::Along)
    }

    fn function(&self, text: &mut String, index: usize, random: &mut Random) {
        let _ = writeln!(
            text,
            "(func $f{index} (param $d i32) (param $s i32) (param $n i32) (param $v i32)
                (result i32 i32 i32 i32 i32 i32 i32) (local $i i32) (local $t i32) (local $u i32)"
        );
        let work = self.work(random);
        let (step, test) = self.count(random);
        let text_of_loop = match random.below(4) {
            0 => format!(
                "(block $out (loop $l (br_if $out (i32.eqz {test})) {work} {step} (br $l)))"
            ),
            1 => format!("(loop $l (if {test} (then {work} {step} (br $l))))"),
            2 => format!(
                "(block $out (loop $l {work} {step} (br_if $out (i32.eqz {test})) (br $l)))"
            ),
            _ => format!("(loop $l {work} {step} (br_if $l {test}))"),
        };
        let _ = writeln!(
            text,
            "{text_of_loop} local.get $d local.get $s local.get $n local.get $v
                local.get $i local.get $t local.get $u)"
        );
    }

    /// The accesses, and now and then something else.
    fn work(&self, random: &mut Random) -> String {
        let mut text = String::new();
        for at in 0..self.unrolled {
            let at = self.width * if self.backward { self.unrolled - 1 - at } else { at };
            let to = self.address("$d", at);
            let stored = if self.fills {
                let value = choose(random, &["$v", "$v", "$v", "$n"]);
                let value = if self.unrolled > 1 { "$v" } else { value };
                self.filler(value)
            } else {
                self.access("load", &self.address("$s", at))
            };
            let _ = writeln!(text, "({} {to} {stored})", self.operator("store"));
        }
        let other = match random.below(12) {
            0 => "(local.set $t (i32.add (local.get $d) (i32.const 7)))",
            1 => "(local.set $u (local.get $t)) (local.set $t (local.get $s))",
            2 => "(local.set $t (i32.load8_u (local.get $d)))",
            3 => "(local.set $u (i32.add (local.get $u) (i32.const -3)))",
            4 => "(local.set $u (i32.sub (local.get $u) (local.get $v)))",
            _ => "",
        };
        text + other
    }

    fn operator(&self, what: &str) -> String {
        match (what, self.width) {
            ("load", 1) => "i32.load8_u".to_owned(),
            ("load", 2) => "i32.load16_s".to_owned(),
            (_, 1) => "i32.store8".to_owned(),
            (_, 2) => "i32.store16".to_owned(),
            (_, 4) => format!("i32.{what}"),
            _ => format!("i64.{what}"),
        }
    }

    fn access(&self, what: &str, address: &str) -> String {
        format!("({} {address})", self.operator(what))
    }

    fn filler(&self, value: &str) -> String {
        match self.width {
            8 => "(i64.const 0x0102030405060708)".to_owned(),
            _ => format!("(local.get {value})"),
        }
    }

    /// An offset and an index.
    fn address(&self, base: &str, at: i32) -> String {
        let mut index = format!("(local.get {base})");
        if self.indexed() {
            index = format!("(i32.add {index} (local.get $i))");
        }
        match at {
            0 => index,
            _ if self.indices => format!("(i32.add {index} (i32.const {at}))"),
            _ => format!("offset={at} {index}"),
        }
    }

    /// What is added to the locals, and the condition for another iteration.
    fn count(&self, random: &mut Random) -> (String, String) {
        let add = |local: &str, by: i32| {
            format!("(local.set {local} (i32.add (local.get {local}) (i32.const {by})))\n")
        };
        let both = add("$d", self.step()) + &add("$s", self.step());
        let less = |local: &str, op: &str| format!("(i32.{op} (local.get {local}) (local.get $n))");
        let ops: &[&str] = match self.backward {
            false => &["ne", "lt_u", "lt_s", "le_u"],
            true => &["ne", "gt_u", "gt_s", "ge_s"],
        };
        let op = choose(random, ops);
        match self.counter {
            Counter::Iterations => (both + &add("$n", -1), "(local.get $n)".to_owned()),
            Counter::Bytes => (both + &add("$n", -self.unit()), "(local.get $n)".to_owned()),
            Counter::Address => (both, less("$d", op)),
            Counter::Index => (add("$i", self.step()), less("$i", op)),
            Counter::Along => {
                let step = "(local.set $i (i32.add (local.get $i) (local.get $v)))";
                (step.to_owned(), less("$i", "ne"))
            }
        }
    }

    /// Near and far ranges, in the memory, at its ends and beyond.
    fn arguments(&self, random: &mut Random) -> [i32; 4] {
        let count = choose(random, &[0, 1, 2, 3, 15, 16, 17, 40, 70, 300]);
        let bytes = count * self.unit();
        let low = match random.below(8) {
            0 => random.below(30) as i32,
            1 => 65_536 - bytes - random.below(20) as i32,
            2 => 65_536 - bytes / 2,
            3 => -(random.below(30) as i32),
            _ => 1_500 + random.below(50_000) as i32,
        };
        let first = if self.backward { low + bytes } else { low };
        let apart = choose(random, &[1, 2, 3, 8, 9, 16, bytes / 2, bytes, bytes + 1, 5_000, 0]);
        let other = if random.below(2) == 0 { first + apart } else { first - apart };
        let (d, s) = if random.below(2) == 0 { (first, other) } else { (other, first) };
        let sign = if self.backward { -1 } else { 1 };
        let n = match self.counter {
            Counter::Iterations => count,
            Counter::Bytes => bytes,
            Counter::Address => d + sign * bytes,
            Counter::Index | Counter::Along => sign * bytes,
        };
        [d, s, n, choose(random, &[1, 1, -1, 3])]
    }
}
