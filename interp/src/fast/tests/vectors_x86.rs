//! Vector instructions written with instructions of x86-64, against their meaning.

use bimetal_core::ops::vec::{VecImm, VecOp, VecTernOp};
use bimetal_core::types::ValType;
use bimetal_core::value::{Slot, V128};

use super::vectors::{meaning, slots};
use crate::fast::exec::vec_x86;

/// Lanes at which something changes: extremes of integers, and floats whose
/// conversions or roundings are special.
const EDGES: [u32; 22] = [
    0,
    1,
    0xffff_ffff,
    0x7fff_ffff,
    0x8000_0000,
    0x8000_8000,
    0x7fff_8000,
    0x8080_8080,
    0x0f10_7f80,
    0xff81_0110,
    0x3f00_0000, // 0.5
    0xbf00_0000,
    0x4020_0000, // 2.5
    0x4eff_ffff, // below 2^31
    0x4f00_0000, // 2^31
    0xcf00_0000,
    0xcf00_0001, // below -2^31
    0x4f7f_ffff, // below 2^32
    0x4f80_0000, // 2^32
    0x7f80_0000,
    0xff80_0000,
    0x7fa0_0001, // a signalling NaN
];

/// Vectors of edges and of noise.
fn samples() -> impl Iterator<Item = V128> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963);
        (state >> 32) as u32
    };
    (0..20_000).map(move |_| {
        let lanes = [0; 4].map(|_: u32| match next() as usize % (2 * EDGES.len()) {
            edge if edge < EDGES.len() => EDGES[edge],
            _ => next() ^ next() << 16,
        });
        V128(lanes.map(u32::to_le_bytes).as_flattened().try_into().unwrap())
    })
}

/// What the instruction means for these vectors, and that `found` is the same.
fn check(op: VecOp, imm: VecImm, args: &[V128], found: &[Slot]) {
    let given: Vec<Slot> =
        args.iter().flat_map(|arg| slots(ValType::V128, arg.to_u128())).collect();
    let count = op.result().slots() as usize;
    let expected = &op.eval(&given, imm)[..count];
    assert_eq!(meaning(op, &found[..count]), meaning(op, expected), "{} of {args:x?}", op.name());
}

fn able() -> bool {
    is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma")
}

#[test]
fn instructions_with_one_operand_mean_the_same() {
    for &(op, eval) in vec_x86::ONE.iter().filter(|_| able()) {
        for a in samples() {
            check(op, VecImm::NONE, &[a], &eval(a));
        }
    }
}

#[test]
fn instructions_with_two_operands_mean_the_same() {
    for &(op, eval) in vec_x86::TWO.iter().filter(|_| able()) {
        for (a, b) in samples().zip(samples().skip(7)) {
            check(op, VecImm::NONE, &[a, b], &eval(a, b).to_slots());
        }
    }
}

#[test]
fn an_accumulating_dot_product_and_every_shuffle_mean_the_same() {
    use vec_x86::i32x4_relaxed_dot_i8x16_i7x16_add_s_unsigned as Dot;
    for (a, b) in samples().zip(samples().skip(7)).filter(|_| able()) {
        let c = V128::from_u128(a.to_u128().rotate_left(40) ^ b.to_u128());
        check(Dot::OP, VecImm::NONE, &[a, b, c], &Dot::eval(a, b, c).to_slots());
        let lanes = c.0.map(|lane| lane % 32);
        // SAFETY: the machine has AVX2.
        let found = unsafe { vec_x86::shuffle(a, b, V128(lanes)) };
        check(VecOp::i8x16_shuffle, lanes.into(), &[a, b], &found.to_slots());
    }
}
