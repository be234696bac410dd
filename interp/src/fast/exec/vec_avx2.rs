//! Handlers of vector instructions for machines with AVX2 and FMA: of those that
//! take several of the instructions that every x86-64 has.

use std::sync::LazyLock;

use bimetal_core::ops::vec::{VecOp, vec_sem};

use super::PLACES;
use super::place::{A, C, S, ToAcc, ToSlot};
use super::vec::{Bin, Tern, Un, VecHandlers, forms, one, three, two, two_forms};
use super::vec_fused::{
    BrTest, LoadThen, LoadThenHandlers, TestHandlers, br_test, find, load_then,
};
use super::vec_x86::{self, Shuffle};
use crate::fast::dispatch::handler_avx2;

/// Whether the machine has what these handlers use.
static DETECTED: LazyLock<bool> =
    LazyLock::new(|| is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma"));

/// The handlers of an instruction, if there are any and the machine has what they use.
pub(crate) fn handlers(op: VecOp) -> Option<&'static VecHandlers> {
    BY_OP[op as usize].filter(|_| *DETECTED)
}

/// The same for a test and the branch on it.
pub(crate) fn test_handlers(op: VecOp) -> Option<&'static TestHandlers> {
    find(TESTS, op).filter(|_| *DETECTED)
}

/// The same for an instruction on a loaded vector.
pub(crate) fn load_then_handlers(op: VecOp) -> Option<&'static LoadThenHandlers> {
    find(LOADS, op).filter(|_| *DETECTED)
}

static TESTS: &[(VecOp, TestHandlers)] = &[
    (VecOp::v128_any_true, br_test!(handler_avx2 vec_sem::v128_any_true)),
    (VecOp::i8x16_all_true, br_test!(handler_avx2 vec_sem::i8x16_all_true)),
    (VecOp::i16x8_all_true, br_test!(handler_avx2 vec_sem::i16x8_all_true)),
    (VecOp::i32x4_all_true, br_test!(handler_avx2 vec_sem::i32x4_all_true)),
    (VecOp::i64x2_all_true, br_test!(handler_avx2 vec_sem::i64x2_all_true)),
];

static LOADS: &[(VecOp, LoadThenHandlers)] = &[
    (VecOp::i32x4_mul, load_then!(handler_avx2 vec_sem::i32x4_mul)),
    (VecOp::i32x4_dot_i16x8_s, load_then!(handler_avx2 vec_x86::i32x4_dot_i16x8_s)),
];

/// [`ROWS`] by instruction.
static BY_OP: [Option<&VecHandlers>; VecOp::ALL.len()] = {
    let mut by_op = [None; VecOp::ALL.len()];
    let mut i = 0;
    while i < ROWS.len() {
        by_op[ROWS[i].0 as usize] = Some(&ROWS[i].1);
        i += 1;
    }
    by_op
};

macro_rules! rows {
    (
        one: $($one:ident::$un:ident)*;
        table: $($table:ident::$lookup:ident)*;
        two: $($two:ident::$bin:ident)*;
        three: $($three:ident::$tern:ident)*;
    ) => {
        static ROWS: &[(VecOp, VecHandlers)] = &[
            $((VecOp::$un, one!(handler_avx2 Un $one::$un)),)*
            $((VecOp::$lookup, two!(table handler_avx2 $table::$lookup)),)*
            $((VecOp::$bin, two!(handler_avx2 $two::$bin)),)*
            $((VecOp::$tern, three!(handler_avx2 $three::$tern)),)*
            (VecOp::i8x16_shuffle, two_forms!(handler_avx2 Shuffle<>)),
        ];
    };
}

rows! {
    one:
        vec_sem::v128_any_true
        vec_sem::i8x16_all_true vec_sem::i16x8_all_true
        vec_sem::i32x4_all_true vec_sem::i64x2_all_true
        vec_x86::i8x16_bitmask vec_x86::i16x8_bitmask
        vec_x86::i32x4_bitmask vec_x86::i64x2_bitmask
        vec_sem::i8x16_splat vec_sem::i16x8_splat
        vec_sem::i8x16_popcnt
        vec_sem::i8x16_abs vec_sem::i16x8_abs vec_sem::i32x4_abs vec_sem::i64x2_abs
        vec_sem::i64x2_extend_low_i32x4_s vec_sem::i64x2_extend_high_i32x4_s
        vec_x86::i16x8_extadd_pairwise_i8x16_s vec_x86::i16x8_extadd_pairwise_i8x16_u
        vec_x86::i32x4_extadd_pairwise_i16x8_s
        vec_x86::f32x4_ceil vec_x86::f32x4_floor vec_x86::f32x4_trunc vec_x86::f32x4_nearest
        vec_x86::f64x2_ceil vec_x86::f64x2_floor vec_x86::f64x2_trunc vec_x86::f64x2_nearest
        vec_x86::i32x4_trunc_sat_f32x4_s vec_x86::i32x4_trunc_sat_f32x4_u
        vec_x86::i32x4_relaxed_trunc_f32x4_s_least
        vec_x86::i32x4_relaxed_trunc_f64x2_s_zero_least;
    table: vec_x86::i8x16_swizzle vec_x86::i8x16_relaxed_swizzle_modulo;
    two:
        vec_x86::i32x4_dot_i16x8_s
        vec_x86::i16x8_q15mulr_sat_s vec_x86::i16x8_relaxed_q15mulr_s_wrapping
        vec_x86::i16x8_relaxed_dot_i8x16_i7x16_s_unsigned
        vec_sem::i16x8_narrow_i32x4_u
        vec_sem::i32x4_mul
        vec_sem::i8x16_min_s vec_sem::i8x16_max_s vec_sem::i16x8_min_u vec_sem::i16x8_max_u
        vec_sem::i32x4_min_s vec_sem::i32x4_max_s vec_sem::i32x4_min_u vec_sem::i32x4_max_u
        vec_sem::i32x4_lt_u vec_sem::i32x4_le_u vec_sem::i32x4_gt_u vec_sem::i32x4_ge_u
        vec_sem::i64x2_eq vec_sem::i64x2_ne
        vec_sem::i64x2_lt_s vec_sem::i64x2_le_s vec_sem::i64x2_gt_s vec_sem::i64x2_ge_s
        vec_sem::i16x8_extmul_low_i8x16_s
        vec_sem::i64x2_extmul_low_i32x4_s vec_sem::i64x2_extmul_high_i32x4_s
        vec_sem::f32x4_min vec_sem::f32x4_max vec_sem::f64x2_min vec_sem::f64x2_max;
    three:
        vec_sem::f32x4_relaxed_madd_fused vec_sem::f32x4_relaxed_nmadd_fused
        vec_sem::f64x2_relaxed_madd_fused vec_sem::f64x2_relaxed_nmadd_fused
        vec_sem::i8x16_relaxed_laneselect_top_bit vec_sem::i32x4_relaxed_laneselect_top_bit
        vec_sem::i64x2_relaxed_laneselect_top_bit
        vec_x86::i32x4_relaxed_dot_i8x16_i7x16_add_s_unsigned;
}
