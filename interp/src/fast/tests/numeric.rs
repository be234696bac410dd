//! Every numeric instruction, in every place its operands can be, against its
//! meaning.

use std::fmt::Write;

use bimetal_core::ops::num::NumOp;
use bimetal_core::trap::TrapCode;
use bimetal_core::types::ValType;
use bimetal_core::value::Slot;
use bimetal_runtime::Unwind;

use super::Wasm;
use crate::fast::Fusions;
use crate::fast::exec::num::is_test;

/// Bits of a slot that are interesting for a type.
fn samples(ty: ValType) -> &'static [u64] {
    match ty {
        ValType::I32 => &[0, 1, 31, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff, 0x1234_5678],
        ValType::I64 => {
            &[0, 1, 63, 0xffff_ffff, 0x8000_0000, i64::MAX as u64, 1 << 63, u64::MAX, 0x1234 << 40]
        }
        // 0, -0, 1.5, -3e9, infinity, NaNs, the smallest.
        ValType::F32 => {
            &[0, 0x8000_0000, 0x3fc0_0000, 0xcf32_d05e, 0x7f80_0000, 0x7fc0_0000, 0xffa0_0001, 1]
        }
        _ => &[
            0,
            1 << 63,
            0x3ff8_0000_0000_0000,
            0xc1e6_5a0b_c000_0000,
            0x7ff0_0000_0000_0000,
            0x7ff8_0000_0000_0000,
            0xfff4_0000_0000_0001,
            0x43e0_0000_0000_0000,
        ],
    }
}

/// The other type of the same width, through which a value goes and comes back
/// unchanged, leaving it in an accumulator.
pub(super) fn there_and_back(ty: ValType, value: &str) -> String {
    let other = match ty {
        ValType::I32 => ValType::F32,
        ValType::I64 => ValType::F64,
        ValType::F32 => ValType::I32,
        _ => ValType::I64,
    };
    format!("({ty}.reinterpret_{other} ({other}.reinterpret_{ty} {value}))")
}

fn constant(ty: ValType, bits: u64) -> String {
    match ty {
        ValType::I32 => format!("(i32.const {})", bits as u32),
        ValType::I64 => format!("(i64.const {})", bits as i64),
        ValType::F32 => format!("(f32.reinterpret_i32 (i32.const {}))", bits as u32),
        _ => format!("(f64.reinterpret_i64 (i64.const {}))", bits as i64),
    }
}

/// One way to give an instruction its operands: text for each, and which of them
/// is a constant.
struct Form {
    operands: Vec<String>,
    fixed: [Option<u64>; 2],
}

fn forms(params: &[ValType]) -> Vec<Form> {
    let slot = |i: usize| format!("(local.get {i})");
    let acc = |i: usize| there_and_back(params[i], &slot(i));
    let free = |operands: Vec<String>| Form { operands, fixed: [None; 2] };
    if params.len() == 1 {
        let constants = samples(params[0]).iter().map(|&bits| Form {
            operands: vec![constant(params[0], bits)],
            fixed: [Some(bits), None],
        });
        return constants.chain([free(vec![slot(0)]), free(vec![acc(0)])]).collect();
    }
    let mut forms = vec![
        free(vec![slot(0), slot(1)]),
        free(vec![slot(0), acc(1)]),
        free(vec![acc(0), slot(1)]),
        free(vec![acc(0), acc(1)]),
    ];
    for &bits in samples(params[1]) {
        for first in [slot(0), acc(0)] {
            let operands = vec![first, constant(params[1], bits)];
            forms.push(Form { operands, fixed: [None, Some(bits)] });
        }
    }
    for &bits in samples(params[0]) {
        for second in [slot(1), acc(1)] {
            let operands = vec![constant(params[0], bits), second];
            forms.push(Form { operands, fixed: [Some(bits), None] });
        }
    }
    forms
}

/// A module with a function per form of an instruction's operands, and for tests
/// one that branches.
pub(super) fn module_of(op: NumOp) -> String {
    module(op, &forms(op.params()))
}

fn module(op: NumOp, forms: &[Form]) -> String {
    let params: String = op.params().iter().map(|ty| format!("{ty} ")).collect();
    let mut text = String::from("(module\n");
    for (i, form) in forms.iter().enumerate() {
        let call = format!("({} {})", op.name(), form.operands.join(" "));
        let result = op.result();
        let _ = writeln!(text, "(func (export \"{i}\") (param {params}) (result {result}) {call})");
        if is_test(op) {
            let _ = writeln!(
                text,
                "(func (export \"if{i}\") (param {params}) (result i32)
                    (if (result i32) {call} (then (i32.const 1)) (else (i32.const 0))))
                (func (export \"br{i}\") (param {params}) (result i32)
                    (drop (br_if 0 (i32.const 1) (i32.eqz (i32.eqz {call})))) (i32.const 0))"
            );
        }
    }
    text.push(')');
    text
}

fn outcome(wasm: &mut Wasm, name: &str, args: &[Slot], op: NumOp) -> Result<u64, TrapCode> {
    match wasm.call(name, args) {
        Ok(results) => Ok(meaning(op, results[0])),
        Err(Unwind::Trap(trap)) => Err(trap.code),
        Err(other) => panic!("{other:?}"),
    }
}

/// The bits that count. Which NaN an arithmetic instruction gives is open, if it
/// is a quiet one.
fn meaning(op: NumOp, slot: Slot) -> u64 {
    let bitwise = [NumOp::f32_abs, NumOp::f32_neg, NumOp::f32_copysign, NumOp::f64_abs]
        .into_iter()
        .chain([NumOp::f64_neg, NumOp::f64_copysign, NumOp::f32_reinterpret_i32])
        .chain([NumOp::f64_reinterpret_i64])
        .any(|other| other == op);
    match op.result() {
        ValType::F32 if !bitwise && slot.f32().is_nan() => u64::from(slot.u32() & 0x7fc0_0000),
        ValType::F64 if !bitwise && slot.f64().is_nan() => slot.bits() & 0x7ff8_0000_0000_0000,
        ValType::I32 | ValType::F32 => u64::from(slot.u32()),
        _ => slot.bits(),
    }
}

fn check(op: NumOp, fusions: Fusions) {
    let forms = forms(op.params());
    let mut wasm = Wasm::with_fusions(fusions);
    wasm.add(&module_of(op), &[]);
    let seconds = op.params().get(1).map_or(&[0][..], |&ty| samples(ty));
    for (i, form) in forms.iter().enumerate() {
        for &a in samples(op.params()[0]) {
            for &b in seconds {
                let given = [form.fixed[0].unwrap_or(a), form.fixed[1].unwrap_or(b)];
                let args = given.map(Slot::from_bits);
                let args = &args[..op.params().len()];
                let expected = op.eval(args).map(|slot| meaning(op, slot));
                let context = || format!("{} {given:x?}, form {i}", op.name());
                let mut run = |name: String| outcome(&mut wasm, &name, args, op);
                assert_eq!(run(i.to_string()), expected, "{}", context());
                if is_test(op) {
                    assert_eq!(run(format!("if{i}")), expected, "if, {}", context());
                    assert_eq!(run(format!("br{i}")), expected, "br_if, {}", context());
                }
            }
        }
    }
}

#[test]
fn every_instruction_means_the_same_wherever_its_operands_are() {
    for &op in NumOp::PLAIN {
        check(op, Fusions::ALL);
    }
}

#[test]
fn every_instruction_means_the_same_without_fusions() {
    for &op in NumOp::PLAIN {
        check(op, Fusions::NONE);
    }
}

#[test]
fn every_load_and_store_finds_its_bytes_wherever_its_operands_are() {
    let mut wasm = Wasm::new(
        r#"(module (memory 1) (memory 1)
            (func (export "i") (param i32 i64) (result i64)
                (i64.store offset=8 (local.get 0) (local.get 1))
                (i64.store offset=16 (i32.add (local.get 0) (i32.const 0)) (local.get 1))
                (i64.store offset=24 (local.get 0) (i64.add (local.get 1) (i64.const 1)))
                (i64.store offset=32 (i32.add (local.get 0) (i32.const 0)) (i64.const 0x123456789a))
                (i32.store offset=40 (local.get 0) (i32.const -2))
                (i32.store16 offset=44 (i32.const 0) (i32.const 0x18001))
                (i64.store 1 offset=8 (local.get 0) (i64.const 5))
                (i64.add (i64.load offset=8 (local.get 0))
                (i64.add (i64.load offset=16 (i32.add (local.get 0) (i32.const 0)))
                (i64.add (i64.load offset=24 (local.get 0))
                (i64.add (i64.load offset=32 (local.get 0))
                (i64.add (i64.load32_s offset=40 (local.get 0))
                (i64.add (i64.load16_u offset=44 (i32.const 0))
                (i64.add (i64.load 1 offset=8 (local.get 0))
                         (i64.load 1 offset=16 (local.get 0))))))))))
            (func (export "f") (param i32 f64) (result f64)
                (f64.store (i32.add (local.get 0) (i32.const 8)) (f64.neg (local.get 1)))
                (f32.store offset=24 (local.get 0) (f32.demote_f64 (local.get 1)))
                (f64.store offset=32 (local.get 0) (f64.const 0.25))
                (f64.add (f64.load offset=8 (local.get 0))
                (f64.add (f64.load offset=32 (local.get 0))
                    (f64.promote_f32 (f32.load offset=24 (local.get 0)))))))"#,
    );
    let n = 1_000_000_007_i64;
    let sum = 3 * n + 1 + 0x12_3456_789a - 2 + 0x8001 + 5;
    assert_eq!(wasm.get::<i64>("i", &[super::i32(0), super::i64(n)]), sum);
    let arg = Slot::from_f64(1.5);
    assert_eq!(wasm.get::<f64>("f", &[super::i32(64), arg]), 0.25);
}

#[test]
fn an_address_that_is_a_sum_wraps_before_the_offset_is_added() {
    let mut wasm = Wasm::new(
        r#"(module (memory 1) (data (i32.const 4) "\01\02\03\04\05\06\07\08")
            (func (export "slots") (param i32 i32) (result i32)
                (i32.load8_u offset=4 (i32.add (local.get 0) (local.get 1))))
            (func (export "acc") (param i32 i32) (result i32)
                (i32.load8_u offset=4 (i32.add (local.get 0) (i32.shl (local.get 1) (i32.const 1)))))
            (func (export "const") (param i32) (result i32)
                (i32.load8_u offset=4 (i32.add (local.get 0) (i32.const -2))))
            (func (export "far") (param i32) (result i32)
                (i32.load8_u offset=65532 (i32.add (local.get 0) (i32.const 2))))
            (func (export "store") (param i32 i32 i32) (result i32)
                (i32.store8 offset=4 (i32.add (local.get 0) (local.get 1)) (local.get 2))
                (i32.store8 offset=5 (i32.add (local.get 0) (i32.const -1)) (local.get 2))
                (i32.store8 offset=6 (i32.add (i32.const -1) (local.get 0)) (i32.const 0x22))
                (f64.store offset=8 (i32.add (local.get 0) (i32.const -1)) (f64.const 1))
                (i32.load offset=4 (i32.add (local.get 0) (local.get 1)))))"#,
    );
    let mut get = |name: &str, args: &[i32]| {
        let args: Vec<_> = args.iter().map(|&arg| super::i32(arg)).collect();
        wasm.get::<i32>(name, &args)
    };
    assert_eq!(get("slots", &[-1, 3]), 3);
    assert_eq!(get("acc", &[-1, 3]), 6);
    assert_eq!(get("const", &[5]), 4);
    assert_eq!(get("far", &[1]), 0);
    // Bytes 4, 5, 6 are written; byte 7 is as it was.
    assert_eq!(get("store", &[1, -1, 0x11]), 0x0422_1111);
    let far = wasm.trap_code("far", &[super::i32(2)]);
    assert_eq!(far, bimetal_core::trap::TrapCode::MemoryOutOfBounds);
    let slots = wasm.trap_code("slots", &[super::i32(-1), super::i32(0)]);
    assert_eq!(slots, bimetal_core::trap::TrapCode::MemoryOutOfBounds);
}

#[test]
fn a_wrapped_number_keeps_its_upper_half_where_it_came_from() {
    let mut wasm = Wasm::new(
        r#"(module (table 3 funcref)
            (func (export "loop") (param i64) (result i64)
                (loop (br_if 0 (i32.wrap_i64
                    (local.tee 0 (i64.add (local.get 0) (i64.const 1))))))
                (local.get 0))
            (func (export "test") (param i64) (result i64)
                (loop
                    (local.set 0 (i64.add (local.get 0) (i64.const 1)))
                    (br_if 0 (i32.lt_u (i32.wrap_i64 (local.get 0)) (i32.const 5))))
                (local.get 0))
            (func (export "back") (param i64) (result i64)
                (i64.extend_i32_u (i32.wrap_i64 (local.get 0))))
            (func (export "shift") (param i64) (result i32)
                (i32.shr_u (i32.wrap_i64 (i64.add (local.get 0) (i64.const 0))) (i32.const 4)))
            (func (export "table") (param i64) (result i32)
                (ref.is_null (table.get (i32.wrap_i64 (local.get 0)))))
            (func (export "old") (param i64) (result i32)
                (i32.wrap_i64 (local.get 0))
                (local.set 0 (i64.const 100))
                (i32.sub (i32.wrap_i64 (local.get 0)))))"#,
    );
    let high = 7 << 32;
    assert_eq!(wasm.get::<i64>("loop", &[super::i64(high - 3)]), high);
    assert_eq!(wasm.get::<i64>("test", &[super::i64(high)]), high + 5);
    assert_eq!(wasm.get::<i64>("back", &[super::i64(high + 9)]), 9);
    assert_eq!(wasm.get::<i32>("shift", &[super::i64(high + 32)]), 2);
    assert_eq!(wasm.get::<i32>("table", &[super::i64(high + 2)]), 1);
    assert_eq!(wasm.get::<i32>("old", &[super::i64(high + 101)]), 1);
}
