//! Programs that touch a memory at constant distances from few addresses.

use std::fmt::Write as _;

/// Numbers by a seed.
struct Random(u64);

impl Random {
    fn below(&mut self, count: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % count
    }

    fn one<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len() as u64) as usize]
    }
}

/// Writes a program that touches a memory at constant distances from few addresses.
struct Writer {
    random: Random,
    narrow: bool,
    text: String,
    /// Labels of blocks that may be left.
    labels: Vec<u64>,
    next: u64,
}

impl Writer {
    fn address(&mut self) -> String {
        let near = [0, 1, 4, 8, 12, 16, 40, 64, -1, -8, -16, -64, 65_536, -65_536, 1 << 31];
        let constant = self.random.one(&near);
        let base = self.random.one(&["$a", "$b", "$t"]);
        let mask = self.random.one(&[0xff, 0xfff8, 0x1_0000]);
        let wide = match self.random.below(8) {
            0 => format!("(local.get {base})"),
            1 => format!("(i64.sub (local.get {base}) (i64.const {constant}))"),
            2 => format!("(i64.add (i64.and (local.get {base}) (i64.const {mask})) (i64.const 8))"),
            3 => format!("(i64.const {})", self.random.one(&[0, 65_528, 65_535, 65_536, -8])),
            _ => format!("(i64.add (local.get {base}) (i64.const {constant}))"),
        };
        if self.narrow { format!("(i32.wrap_i64 {wide})") } else { wide }
    }

    fn offset(&mut self) -> u64 {
        self.random.one(&[
            0,
            0,
            0,
            1,
            8,
            60,
            65_528,
            65_536,
            1 << 31,
            (1 << 31) - 4,
            u32::MAX.into(),
        ])
    }

    fn statement(&mut self, depth: u32) {
        let (address, offset) = (self.address(), self.offset());
        let (width, low) = self.random.one(&[("", 8), ("32", 4), ("16", 2), ("8", 1)]);
        let sign = if low == 8 { "" } else { "_u" };
        match self.random.below(if depth == 0 { 6 } else { 11 }) {
            0..3 => {
                let load = format!("(i64.load{width}{sign} $m offset={offset} {address})");
                let sum = "(i64.mul (local.get $x) (i64.const 31))";
                let _ = writeln!(self.text, "(local.set $x (i64.add {sum} {load}))");
            }
            3 | 4 => {
                let value = "(local.get $x)";
                let _ =
                    writeln!(self.text, "(i64.store{width} $m offset={offset} {address} {value})");
            }
            5 => self.change(),
            6 => {
                let label = self.open("block", "");
                self.body(depth - 1);
                self.close(label);
            }
            7 => {
                let label = self.open("loop", "");
                self.body(depth - 1);
                let _ = writeln!(
                    self.text,
                    "(local.set $n (i32.add (local.get $n) (i32.const 1)))
                     (br_if $l{label} (i32.lt_u (local.get $n) (i32.const 9)))"
                );
                self.close(label);
            }
            8 => {
                let label = self.open("if", "(i64.lt_u (local.get $x) (local.get $b))(then");
                self.body(depth - 1);
                self.text += ")(else\n";
                self.body(depth - 1);
                self.text += ")";
                self.close(label);
            }
            9 => self.text += "(call $grow)\n",
            _ => self.leave(),
        }
    }

    /// Another address, or a longer memory.
    fn change(&mut self) {
        match self.random.below(3) {
            0 => self.text += "(local.set $t (i64.add (local.get $a) (local.get $b)))\n",
            1 => self.text += "(local.set $t (i64.add (local.get $t) (i64.const 8)))\n",
            _ => self.text += "(local.set $a (call $next (local.get $a)))\n",
        }
    }

    fn leave(&mut self) {
        if self.labels.is_empty() {
            return;
        }
        let at = self.random.below(self.labels.len() as u64) as usize;
        let _ = writeln!(
            self.text,
            "(local.set $n (i32.add (local.get $n) (i32.const 1)))
             (br_if $l{} (i32.and (i32.lt_u (local.get $n) (i32.const 9))
                (i64.gt_u (local.get $x) (local.get $a))))",
            self.labels[at]
        );
    }

    fn open(&mut self, kind: &str, rest: &str) -> u64 {
        self.next += 1;
        self.labels.push(self.next);
        let _ = writeln!(self.text, "({kind} $l{} {rest}", self.next);
        self.next
    }

    fn close(&mut self, label: u64) {
        assert_eq!(self.labels.pop(), Some(label));
        self.text += ")\n";
    }

    fn body(&mut self, depth: u32) {
        for _ in 0..2 + self.random.below(5) {
            self.statement(depth);
        }
    }
}

/// A program by a seed.
pub(crate) fn program(memory: &str, seed: u64) -> String {
    let narrow = !memory.contains("i64");
    let text = String::new();
    let random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let mut writer = Writer { random, narrow, text, labels: Vec::new(), next: 0 };
    writer.body(3);
    let one = if narrow { "(i32.const 1)" } else { "(i64.const 1)" };
    format!(
        "(module {memory} (memory $other i64 1) (export \"memory\" (memory $m))
            (func $grow (drop (memory.grow $m {one})))
            (func $next (param i64) (result i64) (i64.add (local.get 0) (i64.const 24)))
            (func (export \"run\") (param $a i64) (param $b i64) (result i64)
                (local $x i64) (local $t i64) (local $n i32)
                (local.set $t (local.get $b))
                {}
                (local.get $x)))",
        writer.text
    )
}
