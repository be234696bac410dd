//! Every vector instruction, in every place its operands can be, against its
//! meaning; and vectors wherever values can be.

use std::fmt::Write;
use std::sync::Arc;

use bimetal_core::ops::relaxed::{RelaxedChoice, RelaxedOp};
use bimetal_core::ops::vec::{VecImm, VecOp};
use bimetal_core::trap::TrapCode;
use bimetal_core::types::{FuncType, ValType};
use bimetal_core::value::{Slot, V128};
use bimetal_parser::{Module, ParseOptions};
use bimetal_runtime::Settings;

use super::numeric::there_and_back;
use super::{Wasm, i32};
use crate::fast::{FastModule, Fusions};

const SHUFFLE: [u8; 16] = [31, 0, 16, 15, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 30];

/// Bytes in order, extremes of integers, and floats of both widths.
const SAMPLES: [u128; 6] = [
    0x0f0e_0d0c_0b0a_0908_0706_0504_0302_0100,
    0x8000_7fff_ffff_0001_8080_7f7f_ff01_00fe,
    0x7fc0_0000_ff80_0000_8000_0000_3fc0_0000,
    0x4f80_0000_cf00_0001_0000_0001_4b00_0001,
    0xfff4_0000_0000_0001_c1e6_5a0b_c000_0000,
    0x3ff8_0000_0000_0000_8000_0000_0000_0000,
];

/// What a module calls an instruction, and what it must do.
struct Case {
    name: &'static str,
    op: VecOp,
    imm: VecImm,
    text: String,
}

fn lanes(op: VecOp) -> u8 {
    let name = op.name();
    let count = name.split(['.', 'x']).nth(1).and_then(|count| count.parse().ok());
    count.expect("the name says how many lanes there are")
}

/// The plain instructions, each lane instruction with its last lane, and the
/// relaxed ones with these outcomes.
fn cases(choice: RelaxedChoice) -> Vec<Case> {
    let outcomes: Vec<VecOp> =
        RelaxedOp::ALL.iter().flat_map(|op| op.outcomes()).copied().collect();
    let plain = VecOp::PLAIN.iter().map(|&op| {
        let (imm, text) = match op.name() {
            "i8x16.shuffle" => (SHUFFLE.into(), SHUFFLE.map(|lane| format!(" {lane}")).concat()),
            name if name.contains("_lane") => {
                ((lanes(op) - 1).into(), format!(" {}", lanes(op) - 1))
            }
            _ => (VecImm::NONE, String::new()),
        };
        Case { name: op.name(), op, imm, text }
    });
    let relaxed = RelaxedOp::ALL.iter().map(|op| Case {
        name: op.name(),
        op: op.choose(choice),
        imm: VecImm::NONE,
        text: String::new(),
    });
    assert!(outcomes.len() > RelaxedOp::ALL.len());
    plain.chain(relaxed).collect()
}

/// An operand that is a local, or what an instruction has just left.
fn operand(ty: ValType, index: usize, fresh: bool) -> String {
    let local = format!("(local.get {index})");
    match ty {
        _ if !fresh => local,
        ValType::V128 => format!("(v128.not (v128.not {local}))"),
        _ => there_and_back(ty, &local),
    }
}

fn constant(bits: u128) -> String {
    format!("(v128.const i64x2 {} {})", bits as i64, (bits >> 64) as i64)
}

/// The ways to give an instruction its operands: text, and the second operand if
/// it is a constant.
fn forms(op: VecOp) -> Vec<(String, Option<u128>)> {
    let params = op.params();
    let mut forms: Vec<_> = (0..1 << params.len())
        .map(|fresh: u32| {
            let operand = |(i, &ty): (usize, &ValType)| operand(ty, i, fresh >> i & 1 != 0);
            (params.iter().enumerate().map(operand).collect::<String>(), None)
        })
        .collect();
    if let [first, second @ (ValType::V128 | ValType::I32)] = *params {
        let bits = 0x8000_0003_7fff_0005_ffff_0009_0000_0025;
        for fresh in [false, true] {
            let constant = match second {
                ValType::V128 => constant(bits),
                _ => format!("(i32.const {})", bits as u32),
            };
            forms.push((operand(first, 0, fresh) + &constant, Some(bits)));
        }
    }
    forms
}

pub(super) fn slots(ty: ValType, bits: u128) -> Vec<Slot> {
    V128::from_u128(bits).to_slots()[..ty.slots() as usize].to_vec()
}

/// The bits that count: which NaN an instruction on floats gives is open.
pub(super) fn meaning(op: VecOp, slots: &[Slot]) -> Vec<u64> {
    let name = op.name();
    let mut bits: Vec<u64> = slots.iter().map(|slot| slot.bits()).collect();
    if matches!(op.result(), ValType::I32 | ValType::F32) {
        bits[0] &= 0xffff_ffff;
    }
    for bits in &mut bits {
        if name.starts_with("f64x2") && f64::from_bits(*bits).is_nan() {
            *bits = 0x7ff8 << 48;
        }
        for shift in [0, 32] {
            if name.starts_with("f32x4") && f32::from_bits((*bits >> shift) as u32).is_nan() {
                *bits = *bits & !(0xffff_ffff << shift) | 0x7fc0_0000 << shift;
            }
        }
    }
    bits
}

fn check(choice: RelaxedChoice, fusions: Fusions) {
    let cases = cases(choice);
    let mut text = String::from("(module\n");
    for (n, case) in cases.iter().enumerate() {
        let params: String = case.op.params().iter().map(|ty| format!("{ty} ")).collect();
        for (i, (operands, _)) in forms(case.op).iter().enumerate() {
            let _ = writeln!(
                text,
                r#"(func (export "{n}.{i}") (param {params}) (result {}) ({}{} {operands}))"#,
                case.op.result(),
                case.name,
                case.text
            );
        }
    }
    text.push(')');
    let module = Module::new(text.as_bytes(), &ParseOptions::default());
    let module = Arc::new(module.unwrap_or_else(|error| panic!("{error}")));
    let settings = Settings { relaxed: choice, ..Settings::default() };
    let mut wasm = Wasm::empty();
    wasm.instantiate(&module, FastModule::with_fusions(&module, &settings, fusions), &[]);
    for (n, case) in cases.iter().enumerate() {
        for (i, (_, fixed)) in forms(case.op).iter().enumerate() {
            for (s, &a) in SAMPLES.iter().enumerate() {
                let b = SAMPLES[(s + 1) % SAMPLES.len()];
                let values = [a, b, SAMPLES[(s + 3) % SAMPLES.len()]];
                let args = |second| {
                    let values = [values[0], second, values[2]];
                    case.op.params().iter().zip(values).flat_map(|(&ty, v)| slots(ty, v)).collect()
                };
                let given: Vec<Slot> = args(b);
                let meant: Vec<Slot> = args(fixed.unwrap_or(b));
                let expected = &case.op.eval(&meant, case.imm)[..case.op.result().slots() as usize];
                let found = wasm.call(&format!("{n}.{i}"), &given).unwrap();
                assert_eq!(
                    meaning(case.op, &found),
                    meaning(case.op, expected),
                    "{}, form {i}, {values:x?}",
                    case.op.name()
                );
            }
        }
    }
}

#[test]
fn every_vector_instruction_means_the_same_wherever_its_operands_are() {
    check(RelaxedChoice::DETERMINISTIC, Fusions::ALL);
    check(RelaxedChoice::x86_64(true, true, true), Fusions::ALL);
}

#[test]
fn every_vector_instruction_means_the_same_without_fusions() {
    check(RelaxedChoice::DETERMINISTIC, Fusions::NONE);
}

fn call(wasm: &mut Wasm, name: &str, args: &[Slot]) -> Vec<u128> {
    let results = wasm.call(name, args).unwrap_or_else(|unwind| panic!("{name}: {unwind:?}"));
    results.as_chunks().0.iter().map(|slots| V128::from_slots(*slots).to_u128()).collect()
}

#[test]
fn every_access_of_a_vector_finds_its_bytes() {
    let mut wasm = Wasm::new(
        r#"(module (memory 1) (memory 1)
            (data (i32.const 64) "\80\01\82\03\84\05\86\07\88\09\8a\0b\8c\0d\8e\0f")
            (func $fresh (export "load") (param i32) (result v128 v128 v128)
                (v128.load offset=64 (local.get 0))
                (v128.load8x8_s offset=64 (i32.add (local.get 0) (local.get 0)))
                (v128.load32_splat offset=64 (local.get 0)))
            (func (export "store") (param i32 v128) (result v128 v128)
                (v128.store offset=128 (local.get 0) (local.get 1))
                (v128.store 1 offset=8 (local.get 0) (v128.not (local.get 1)))
                (v128.load offset=128 (i32.add (local.get 0) (local.get 0)))
                (v128.load 1 offset=8 (local.get 0)))
            (func (export "lane") (param i32 v128) (result v128 v128)
                (v128.store16_lane offset=256 7 (local.get 0) (local.get 1))
                (v128.store8_lane 1 offset=256 15 (local.get 0) (v128.not (local.get 1)))
                (v128.load16_lane offset=256 0 (i32.add (local.get 0) (local.get 0))
                    (v128.not (local.get 1)))
                (v128.load8_lane 1 offset=256 1 (local.get 0) (local.get 1))))"#,
    );
    let bytes = 0x0f8e_0d8c_0b8a_0988_0786_0584_0382_0180;
    let wide = 0x0007_ff86_0005_ff84_0003_ff82_0001_ff80;
    let splat = 0x0382_0180_0382_0180_0382_0180_0382_0180;
    assert_eq!(call(&mut wasm, "load", &[i32(0)]), [bytes, wide, splat]);
    let v = 0xf123_4567_89ab_cdef_fedc_ba98_7654_3210_u128;
    let [low, high] = V128::from_u128(v).to_slots();
    assert_eq!(call(&mut wasm, "store", &[i32(0), low, high]), [v, !v]);
    let first = !v & !0xffff | v >> 112;
    let second = v & !0xff00 | u128::from(!0xf1_u8) << 8;
    assert_eq!(call(&mut wasm, "lane", &[i32(0), low, high]), [first, second]);
    for (name, args) in [("load", 1), ("store", 3), ("lane", 3)] {
        let args = &[i32(65530), low, high][..args];
        assert_eq!(wasm.trap_code(name, args), TrapCode::MemoryOutOfBounds, "{name}");
    }
}

/// Vectors in locals, globals, parameters and results of every kind of function,
/// selections and branches.
const FLOW: &str = r#"(module
    (import "" "host" (func $host (param v128 i32 v128) (result v128)))
    (type $two (func (param v128 i64 v128) (result v128 v128)))
    (table funcref (elem $swap))
    (global $g (mut v128) (v128.const i64x2 3 4))
    (func $swap (param v128 i64 v128) (result v128 v128) (local.get 2) (local.get 0))
    (func (export "swap") (param v128 v128) (result v128 v128)
        (call_indirect (type $two) (local.get 0) (i64.const -1) (local.get 1) (i32.const 0)))
    (func (export "host") (param v128 v128) (result v128)
        (i64x2.add (call $host (local.get 0) (i32.const 5) (local.get 1)) (local.get 1)))
    (func (export "global") (param v128 v128) (result v128 v128)
        (global.get $g) (global.set $g (v128.const i64x2 7 -1))
        (i64x2.add (global.get $g) (local.get 0)) (global.set $g (local.get 1)))
    (func (export "select") (param v128 v128 i32) (result v128)
        (select (result v128) (local.get 0) (v128.not (local.get 1)) (local.get 2)))
    (func (export "branch") (param v128 v128 i32) (result v128)
        (local v128 i32)
        (block (result v128)
            (i32.const 9) (v128.not (local.get 0))
            (br_if 0 (local.get 2))
            (drop) (drop)
            (local.set 3 (i64x2.sub (local.get 3) (local.get 1)))
            (v128.const i64x2 0 0)
            (loop (param v128) (result v128)
                (i64x2.add (local.get 3))
                (local.set 4 (i32.add (local.get 4) (i32.const 1)))
                (br_if 0 (i32.lt_u (local.get 4) (i32.const 3)))))))"#;

#[test]
fn vectors_go_wherever_values_go() {
    for fusions in [Fusions::ALL, Fusions::NONE] {
        let mut wasm = Wasm::with_fusions(fusions);
        let params = vec![ValType::V128, ValType::I32, ValType::V128];
        let ty = FuncType::new(params, vec![ValType::V128]);
        let host = wasm.host(
            ty,
            Box::new(|_, _, slots| {
                // SAFETY: the slots of a call of this type.
                unsafe {
                    assert_eq!((*slots.add(2)).i32(), 5);
                    for i in 0..2 {
                        let bits = (*slots.add(i)).bits() ^ (*slots.add(3 + i)).bits();
                        *slots.add(i) = Slot::from_bits(bits);
                    }
                }
                Ok(())
            }),
        );
        wasm.add(FLOW, &[host]);
        let of = |low: u64, high: u64| u128::from(low) | u128::from(high) << 64;
        let args = [10, 20, 1, 2].map(Slot::from_bits);
        let (a, b) = (of(10, 20), of(1, 2));
        assert_eq!(call(&mut wasm, "swap", &args), [b, a]);
        assert_eq!(call(&mut wasm, "host", &args), [of(11 + 1, 22 + 2)]);
        assert_eq!(call(&mut wasm, "global", &args), [of(3, 4), of(17, 19)]);
        assert_eq!(call(&mut wasm, "global", &args), [b, of(17, 19)]);
        let mut with = |name, flag: i32| {
            let args = [args[0], args[1], args[2], args[3], Slot::from_i32(flag)];
            call(&mut wasm, name, &args)
        };
        assert_eq!((with("select", 1), with("select", 0)), (vec![a], vec![!b]));
        assert_eq!(with("branch", 1), [!a]);
        assert_eq!(with("branch", 0), [of(3_u64.wrapping_neg(), 6_u64.wrapping_neg())]);
    }
}

#[test]
fn a_function_may_have_fifty_thousand_vectors() {
    let mut wasm = Wasm::new(&format!(
        r#"(module (func (export "far") (param v128 v128) (result v128 i32 v128)
            (local {})
            (local.set 49999 (i64x2.add (local.get 0) (local.get 1)))
            (local.set 49998 (v128.const i64x2 -1 -2))
            (local.set 49997 (v128.bitselect
                (local.get 49999) (local.get 49998) (local.get 49990)))
            (i64x2.sub (local.get 49998) (local.get 49999))
            (i32x4.extract_lane 2 (local.get 49999))
            (local.get 49997)))"#,
        "v128 ".repeat(49_998)
    ));
    let results = wasm.call("far", &[10, 20, 1, 2].map(Slot::from_bits)).unwrap();
    let bits: Vec<i64> = results.iter().map(|slot| slot.i64()).collect();
    assert_eq!((&bits[..2], bits[2] as i32, &bits[3..]), (&[-12, -24][..], 22, &[-1, -2][..]));
}
