//! Programs made at random: the fast interpreter with all fusions, with none and
//! the reference interpreter must agree.

use std::fmt::Write;
use std::sync::Arc;

use bimetal_core::trap::TrapCode;
use bimetal_core::value::Slot;
use bimetal_parser::{Module, ParseOptions};
use bimetal_runtime::Unwind;
use bimetal_runtime::code::ModuleCode;

use super::Wasm;
use crate::fast::{FastModule, Fusions};
use crate::reference::ReferenceModule;

/// How many programs are tried.
const PROGRAMS: u64 = 200;

const TYPES: [&str; 4] = ["i32", "i64", "f32", "f64"];
/// Locals of each type behind the parameters, which are one of each type.
const LOCALS: usize = 3;
/// Nesting of loops.
const LOOPS: usize = 3;

/// Writes the body of a function.
struct Writer {
    state: u64,
    text: String,
    /// How many loops are open.
    loops: usize,
    /// Whether addresses have 64 bits.
    wide: bool,
}

impl Writer {
    fn random(&mut self, below: usize) -> usize {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        (self.state >> 11) as usize % below
    }

    /// A local of a type: parameter `ty`, or one of the type's own.
    fn local(&mut self, ty: usize) -> usize {
        match self.random(LOCALS + 1) {
            0 => ty,
            n => TYPES.len() + ty * LOCALS + n - 1,
        }
    }

    fn constant(&mut self, ty: usize) {
        let ints = ["0", "1", "-1", "7", "255", "4096", "-2147483648", "65535"];
        let floats = ["0", "1", "-1.5", "0.25", "1e10", "-0", "inf", "3"];
        let n = self.random(8);
        let value = if ty < 2 { ints[n] } else { floats[n] };
        let _ = write!(self.text, "({}.const {value})", TYPES[ty]);
    }

    /// An address inside the memory.
    fn address(&mut self, depth: usize) {
        if self.wide && self.random(2) == 0 {
            self.text.push_str("(i64.extend_i32_u ");
            self.address_of(0, depth);
            self.text.push(')');
        } else {
            self.address_of(usize::from(self.wide), depth);
        }
    }

    /// The same as a number of a type: one, or a sum of two.
    fn address_of(&mut self, ty: usize, depth: usize) {
        let second = self.random(3);
        if second == 0 {
            return self.masked(ty, depth, 0xfff0);
        }
        let _ = write!(self.text, "({}.add ", TYPES[ty]);
        self.masked(ty, depth, 0x7ff0);
        if second == 1 {
            self.masked(ty, depth, 0x3ff0);
        } else {
            let step = self.random(100);
            let _ = write!(self.text, "({}.const {step})", TYPES[ty]);
        }
        self.text.push(')');
    }

    /// An expression with bits in a mask only, which a local may keep.
    fn masked(&mut self, ty: usize, depth: usize, mask: u32) {
        let tee = self.random(3) == 0;
        if tee {
            let local = self.local(ty);
            let _ = write!(self.text, "(local.tee {local} ");
        }
        let _ = write!(self.text, "({}.and ", TYPES[ty]);
        self.expr(ty, depth);
        let _ = write!(self.text, "({}.const {mask}))", TYPES[ty]);
        if tee {
            self.text.push(')');
        }
    }

    fn expr(&mut self, ty: usize, depth: usize) {
        let name = TYPES[ty];
        let choice = if depth == 0 { self.random(2) } else { self.random(14) };
        match choice {
            0 => {
                let local = self.local(ty);
                let _ = write!(self.text, "(local.get {local})");
            }
            1 => self.constant(ty),
            2..=5 => self.binary(ty, depth),
            6 => self.convert(ty, depth),
            7 => {
                let local = self.local(ty);
                self.wrap(&format!("local.tee {local}"), &[ty], depth);
            }
            8 => self.wrap("select", &[ty, ty, 0], depth),
            9 => {
                let ops = ["load", "load8_s", "load8_u", "load16_u"];
                let op = ops[if ty < 2 { self.random(4) } else { 0 }];
                let offset = self.random(8);
                let _ = write!(self.text, "({name}.{op} offset={offset} ");
                self.address(depth - 1);
                self.text.push(')');
            }
            10 => self.block_with_result(ty, depth - 1),
            11 if ty == 0 => self.compare(depth),
            12 if ty < 2 => self.wrap(["call $f", "call $g"][ty], &[0, 1], depth),
            _ => {
                let _ = write!(self.text, "(global.get ${name})");
            }
        }
    }

    /// An instruction on expressions of these types.
    fn wrap(&mut self, op: &str, types: &[usize], depth: usize) {
        let _ = write!(self.text, "({op} ");
        for &ty in types {
            self.expr(ty, depth.saturating_sub(1));
        }
        self.text.push(')');
    }

    fn binary(&mut self, ty: usize, depth: usize) {
        let ints = ["add", "sub", "mul", "and", "or", "xor", "shl", "shr_u", "rotl", "rem_u"];
        let floats = ["add", "sub", "mul", "div", "min", "max"];
        let op = if ty < 2 { ints[self.random(10)] } else { floats[self.random(6)] };
        self.wrap(&format!("{}.{op}", TYPES[ty]), &[ty, ty], depth);
    }

    fn compare(&mut self, depth: usize) {
        let ty = self.random(4);
        let ints = ["eq", "ne", "lt_s", "lt_u", "gt_s", "ge_u", "le_s"];
        let floats = ["eq", "ne", "lt", "gt", "ge", "le", "eq"];
        let n = self.random(7);
        let op = if ty < 2 { ints[n] } else { floats[n] };
        let compare = format!("{}.{op}", TYPES[ty]);
        match self.random(4) {
            0 => {
                self.text.push_str("(i32.eqz ");
                self.wrap(&compare, &[ty, ty], depth);
                self.text.push(')');
            }
            1 => self.wrap("i64.eqz", &[1], depth),
            _ => self.wrap(&compare, &[ty, ty], depth),
        }
    }

    fn convert(&mut self, ty: usize, depth: usize) {
        let (op, from) = match (ty, self.random(2)) {
            (0, 0) => ("i32.wrap_i64", 1),
            (0, _) => ("i32.trunc_sat_f64_s", 3),
            (1, 0) => ("i64.extend_i32_u", 0),
            (1, _) => ("i64.trunc_sat_f32_u", 2),
            (2, 0) => ("f32.convert_i32_s", 0),
            (2, _) => ("f32.demote_f64", 3),
            (_, 0) => ("f64.convert_i64_s", 1),
            (_, _) => ("f64.promote_f32", 2),
        };
        self.wrap(op, &[from], depth);
    }

    /// A structure with a result, which branches to it may give as well.
    fn block_with_result(&mut self, ty: usize, depth: usize) {
        let name = TYPES[ty];
        match self.random(3) {
            0 => {
                // The branch takes its value past another one.
                let _ = write!(self.text, "(block (result {name}) ");
                self.expr(ty, depth);
                self.expr(ty, depth);
                self.text.push_str("(br_if 0 ");
                self.compare(depth);
                self.text.push_str(") (drop)");
            }
            1 => {
                let _ = write!(self.text, "(block (result {name}) ");
                self.expr(ty, depth);
                self.text.push_str("(br_if 0 ");
                self.compare(depth);
                self.text.push(')');
                self.binary_on_top(ty, depth);
            }
            _ => {
                let _ = write!(self.text, "(if (result {name}) ");
                self.compare(depth);
                self.text.push_str("(then ");
                self.expr(ty, depth);
                self.text.push_str(") (else ");
                self.expr(ty, depth);
                self.text.push(')');
            }
        }
        self.text.push(')');
    }

    /// An instruction on the operand that is there and another one.
    fn binary_on_top(&mut self, ty: usize, depth: usize) {
        self.expr(ty, depth);
        let op = ["add", "mul"][self.random(2)];
        let _ = write!(self.text, "({}.{op})", TYPES[ty]);
    }

    /// A load and the store of the number.
    fn move_bytes(&mut self) {
        let moves = [
            ["i32.store8", "i32.load8_s"],
            ["i32.store16", "i32.load16_u"],
            ["i32.store", "i32.load"],
            ["i64.store", "i64.load"],
            ["i64.store32", "i64.load32_u"],
            ["f64.store", "f64.load"],
        ];
        let [store, load] = moves[self.random(6)];
        let (to, from) = (self.random(8), self.random(8));
        let _ = write!(self.text, "({store} offset={to} ");
        self.address(1);
        let _ = write!(self.text, "({load} offset={from} ");
        self.address(1);
        self.text.push_str("))");
    }

    fn statement(&mut self, depth: usize) {
        match self.random(8) {
            0..=2 => {
                let ty = self.random(4);
                let local = self.local(ty);
                self.wrap(&format!("local.set {local}"), &[ty], 3);
            }
            3 if self.random(3) == 0 => self.move_bytes(),
            3 => {
                let op = ["i32.store", "i64.store", "i32.store8", "i64.store16"][self.random(4)];
                let offset = self.random(8);
                let _ = write!(self.text, "({op} offset={offset} ");
                self.address(2);
                self.expr(usize::from(op.starts_with("i64")), 2);
                self.text.push(')');
            }
            4 => {
                let ty = self.random(4);
                self.wrap(&format!("global.set ${}", TYPES[ty]), &[ty], 2);
            }
            5 if depth > 0 => {
                self.text.push_str("(if ");
                self.compare(2);
                self.text.push_str("(then ");
                self.statements(depth - 1);
                self.text.push_str(") (else ");
                self.statements(depth - 1);
                self.text.push_str("))");
            }
            6 if depth > 0 && self.loops < LOOPS => self.counted_loop(depth - 1),
            7 if depth > 0 => {
                self.text.push_str("(block (block ");
                self.statements(depth - 1);
                self.text.push_str("(br_table 0 1 0 ");
                self.expr(0, 1);
                self.text.push_str("))");
                self.statements(depth - 1);
                self.text.push(')');
            }
            _ => {
                let ty = self.random(4);
                self.wrap("drop", &[ty], 2);
            }
        }
    }

    fn statements(&mut self, depth: usize) {
        for _ in 0..1 + self.random(4) {
            self.statement(depth);
        }
    }

    /// A loop that runs five times, by a local that nothing else touches.
    fn counted_loop(&mut self, depth: usize) {
        let counter = TYPES.len() + TYPES.len() * LOCALS + self.loops;
        self.loops += 1;
        let _ = write!(self.text, "(local.set {counter} (i32.const 5)) (loop ");
        self.statements(depth);
        let _ = write!(
            self.text,
            "(br_if 0 (local.tee {counter} (i32.sub (local.get {counter}) (i32.const 1)))))"
        );
        self.loops -= 1;
    }
}

/// A module whose function `run` folds all it has done into one number.
fn program(seed: u64) -> String {
    let mut writer = Writer {
        state: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1,
        text: String::new(),
        loops: 0,
        wide: seed % 2 == 1,
    };
    for _ in 0..6 {
        writer.statement(3);
    }
    let body = writer.text;
    let (memory, widen_address) =
        if writer.wide { ("i64 2", "i64.extend_i32_u") } else { ("2", "") };
    let mut fold = String::from("(i64.const 1)");
    for local in 0..TYPES.len() * (LOCALS + 1) {
        let ty = if local < 4 { local } else { (local - 4) / LOCALS };
        let widen = ["i64.extend_i32_u", "i64.add (i64.const 0)", "i64.trunc_sat_f32_s"];
        let widen = widen.get(ty).copied().unwrap_or("i64.trunc_sat_f64_s");
        fold = format!("(i64.add (i64.mul {fold} (i64.const 31)) ({widen} (local.get {local})))");
    }
    let declare = |ty: &str| format!("(local {})", format!("{ty} ").repeat(LOCALS));
    let locals: String = TYPES.iter().map(|ty| declare(ty)).collect();
    let globals: String =
        TYPES.iter().map(|ty| format!("(global ${ty} (mut {ty}) ({ty}.const 3))")).collect();
    format!(
        r#"(module (memory {memory}) {globals}
        (func $f (param i32 i64) (result i32)
            (i32.sub (local.get 0) (i32.wrap_i64 (local.get 1))))
        (func $g (param i32 i64) (result i64)
            (i64.add (i64.load (i32.and (local.get 0) (i32.const 0xff)) {widen_address})
                (local.get 1)))
        (func (export "run") (param i32 i64 f32 f64) (result i64)
            {locals} (local i32 i32 i32) (local $at i32) (local $sum i64)
            {body}
            (local.set $sum {fold})
            (loop
                (local.set $sum (i64.add (i64.mul (local.get $sum) (i64.const 31))
                    (i64.load (local.get $at) {widen_address})))
                (br_if 0 (i32.ne (i32.const 70000)
                    (local.tee $at (i32.add (local.get $at) (i32.const 8))))))
            (local.get $sum)))"#
    )
}

fn run(module: &Arc<Module>, code: Arc<dyn ModuleCode>, args: &[Slot]) -> Result<u64, TrapCode> {
    let mut wasm = Wasm::empty();
    wasm.instantiate(module, code, &[]);
    match wasm.call("run", args) {
        Ok(results) => Ok(results[0].bits()),
        Err(Unwind::Trap(trap)) => Err(trap.code),
        Err(other) => panic!("{other:?}"),
    }
}

#[test]
fn random_programs_mean_the_same_to_both_interpreters() {
    let settings = bimetal_runtime::Settings::default();
    let mut returned = 0;
    for seed in 1..=PROGRAMS {
        let text = program(seed);
        let module = Module::new(text.as_bytes(), &ParseOptions::default());
        let module = Arc::new(module.unwrap_or_else(|error| panic!("{error}\n{text}")));
        for n in [0_u64, 5] {
            let args = [
                Slot::from_i32(n as i32),
                Slot::from_i64(-(n as i64)),
                Slot::from_f32(n as f32),
                Slot::from_f64(n as f64 * 1.5),
            ];
            let expected = run(&module, ReferenceModule::new(&module, &settings), &args);
            returned += u32::from(expected.is_ok());
            for fusions in [Fusions::ALL, Fusions::NONE] {
                let found =
                    run(&module, FastModule::with_fusions(&module, &settings, fusions), &args);
                assert_eq!(found, expected, "seed {seed}, {fusions:?}\n{text}");
            }
        }
    }
    assert!(returned > PROGRAMS as u32 / 2, "only {returned} returned");
}
