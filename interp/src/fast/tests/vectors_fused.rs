//! Instructions on vectors that share a cell with another instruction: they mean what
//! they mean alone, and trap where they did.

use std::fmt::Write;

use bimetal_core::ops::vec::{VecImm, VecOp};
use bimetal_core::trap::TrapCode;
use bimetal_core::types::ValType;
use bimetal_core::value::{Slot, V128};

use super::vectors::{meaning, slots};
use super::{Fusions, Wasm, i32};

/// What the memory holds at 32, and what the parameter and the constant are.
const LOADED: u128 = 0x3f80_0000_ff7f_0201_8000_0001_0f0e_0d0c;
const OTHER: u128 = 0x4000_0000_ff7f_7f02_7fff_ffff_0f0e_f3f4;

fn number(bits: u128) -> String {
    format!("(v128.const i64x2 {} {})", bits as u64 as i64, (bits >> 64) as i64)
}

/// Instructions on two vectors.
fn ops() -> impl Iterator<Item = VecOp> {
    let two = |op: &VecOp| op.params() == [ValType::V128; 2] && op.result() == ValType::V128;
    VecOp::PLAIN.iter().copied().filter(two).filter(|op| op.name() != "i8x16.shuffle")
}

/// Two operands, and whether that of [`LOADED`] is the first.
fn operands() -> [(String, bool); 6] {
    let constant = number(OTHER);
    let load = "(v128.load offset=16 (local.get 1))";
    let load_sum = "(v128.load offset=16 (i32.shr_u (i32.shl (local.get 1) (i32.const 1))
        (i32.const 1)))";
    [
        (format!("(local.get 0) {load}"), false),
        (format!("{load} (local.get 0)"), true),
        (format!("{load_sum} {constant}"), true),
        (format!("{constant} {load_sum}"), false),
        (format!("{} (local.get 0)", number(LOADED)), true),
        (format!("{} {constant}", number(LOADED)), true),
    ]
}

/// Every instruction with every such pair, its result returned or in a local.
fn module() -> String {
    let fill = number(LOADED);
    let mut text =
        format!("(module (memory 1) (func (export \"fill\") (v128.store (i32.const 32) {fill}))\n");
    for (n, op) in ops().enumerate() {
        for (i, (operands, _)) in operands().iter().enumerate() {
            let name = op.name();
            let _ = writeln!(
                text,
                "(func (export \"{n}.{i}\") (param v128 i32) (result v128) ({name} {operands}))
                (func (export \"{n}.{i}.set\") (param v128 i32) (result v128)
                    (local.set 0 ({name} {operands})) (v128.not (v128.not (local.get 0))))"
            );
        }
    }
    text + ")"
}

#[test]
fn an_instruction_on_a_loaded_vector_or_a_constant_means_the_same_as_on_any() {
    let text = module();
    let args = |at| [slots(ValType::V128, OTHER), vec![i32(at)]].concat();
    for fusions in [Fusions::ALL, Fusions { extensions: false, ..Fusions::ALL }] {
        let mut wasm = Wasm::with_fusions(fusions);
        wasm.add(&text, &[]);
        wasm.call("fill", &[]).unwrap();
        for (n, op) in ops().enumerate() {
            for (i, (text, first)) in operands().iter().enumerate() {
                let both = if *first { [LOADED, OTHER] } else { [OTHER, LOADED] };
                let both: Vec<Slot> =
                    both.iter().flat_map(|&bits| slots(ValType::V128, bits)).collect();
                let expected = meaning(op, &op.eval(&both, VecImm::NONE));
                for name in [format!("{n}.{i}"), format!("{n}.{i}.set")] {
                    let found = wasm.call(&name, &args(16)).unwrap();
                    assert_eq!(meaning(op, &found), expected, "{}, form {i}", op.name());
                    if text.contains("load") {
                        let trap = wasm.trap_code(&name, &args(65536 - 31));
                        assert_eq!(trap, TrapCode::MemoryOutOfBounds, "{}", op.name());
                    }
                }
            }
        }
    }
}

#[test]
fn a_branch_on_a_test_of_a_vector_goes_where_the_test_says() {
    let tests = [
        (VecOp::v128_any_true, "v128.any_true"),
        (VecOp::i8x16_all_true, "i8x16.all_true"),
        (VecOp::i16x8_all_true, "i16x8.all_true"),
        (VecOp::i32x4_all_true, "i32x4.all_true"),
        (VecOp::i64x2_all_true, "i64x2.all_true"),
    ];
    let mut text = String::from("(module\n");
    for (n, (_, name)) in tests.iter().enumerate() {
        for (i, vector) in
            ["(local.get 0)", "(v128.not (v128.not (local.get 0)))"].iter().enumerate()
        {
            let _ = writeln!(
                text,
                "(func (export \"{n}.{i}\") (param v128) (result i32)
                    (if (result i32) ({name} {vector})
                        (then (i32.const 1)) (else (i32.const 0))))
                (func (export \"{n}.{i}.not\") (param v128) (result i32)
                    (block (br_if 0 (i32.eqz ({name} {vector}))) (return (i32.const 1)))
                    (i32.const 0))
                (func (export \"{n}.{i}.kept\") (param v128) (result i32) (local i32)
                    (if (local.tee 1 ({name} {vector})) (then (return (local.get 1))))
                    (local.get 1))"
            );
        }
    }
    text.push(')');
    let samples = [0, 1, u128::MAX, LOADED, 0xff << 120, u128::MAX << 8, u128::MAX >> 64];
    for fusions in [Fusions::ALL, Fusions { extensions: false, ..Fusions::ALL }] {
        let mut wasm = Wasm::with_fusions(fusions);
        wasm.add(&text, &[]);
        for bits in samples {
            let args = V128::from_u128(bits).to_slots();
            for (n, (op, name)) in tests.iter().enumerate() {
                let expected = op.eval(&args, VecImm::NONE)[0].i32();
                for form in ["0", "1", "0.not", "1.not", "0.kept", "1.kept"] {
                    let found: i32 = wasm.get(&format!("{n}.{form}"), &args);
                    assert_eq!(found, expected, "{name} of {bits:x}, {form}");
                }
            }
        }
    }
}
