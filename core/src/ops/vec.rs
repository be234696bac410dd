//! The vector instructions that touch no memory. A row here and a function in
//! [`crate::sem::vec`] are all there is to such an instruction; `vec/op.rs`
//! generates the rest. Relaxed instructions are in [`super::relaxed`], loads and
//! stores in [`super::vec_mem`].

mod op;

pub use op::{VecBinOp, VecExtract, VecImm, VecOp, VecReplace, VecTernOp, VecUnOp, vec_sem};

/// One vector instruction in rows: `name Operator {immediate} (operands) -> result;`,
/// in opcode order.
///
/// `name` is also the function in [`sem::vec`](crate::sem::vec), `Operator` the
/// variant of `wasmparser::Operator`, `{immediate}` the fields of that variant:
/// none, `{lane}` or `{lanes}`. The function takes the immediate last.
/// `for_each_vec_op!(mac)` expands to `mac! { rows }` and
/// `for_each_vec_op!(mac!(extra))` to `mac! { (extra) rows }`.
#[macro_export]
macro_rules! for_each_vec_op {
    ($mac:ident $(! ($($extra:tt)*))?) => {
        $crate::vec_op_rows! { $mac ($(($($extra)*))?) () }
    };
}

/// The rows of [`for_each_vec_op!`](crate::for_each_vec_op), then, in the same
/// form, those of the outcomes of relaxed instructions that no plain instruction
/// has, and of what follows others in the deterministic profile: all that a tier
/// must be able to execute. Called like the other.
#[macro_export]
macro_rules! for_each_vec_sem {
    ($mac:ident $(! ($($extra:tt)*))?) => {
        $crate::vec_op_rows! { $mac ($(($($extra)*))?) (
            i8x16_relaxed_swizzle_modulo                 I8x16RelaxedSwizzle           {} (V128, V128) -> V128;
            i32x4_relaxed_trunc_f32x4_s_least            I32x4RelaxedTruncF32x4S       {} (V128) -> V128;
            i32x4_relaxed_trunc_f64x2_s_zero_least       I32x4RelaxedTruncF64x2SZero   {} (V128) -> V128;
            f32x4_relaxed_madd_unfused                   F32x4RelaxedMadd              {} (V128, V128, V128) -> V128;
            f32x4_relaxed_madd_fused                     F32x4RelaxedMadd              {} (V128, V128, V128) -> V128;
            f32x4_relaxed_nmadd_unfused                  F32x4RelaxedNmadd             {} (V128, V128, V128) -> V128;
            f32x4_relaxed_nmadd_fused                    F32x4RelaxedNmadd             {} (V128, V128, V128) -> V128;
            f64x2_relaxed_madd_unfused                   F64x2RelaxedMadd              {} (V128, V128, V128) -> V128;
            f64x2_relaxed_madd_fused                     F64x2RelaxedMadd              {} (V128, V128, V128) -> V128;
            f64x2_relaxed_nmadd_unfused                  F64x2RelaxedNmadd             {} (V128, V128, V128) -> V128;
            f64x2_relaxed_nmadd_fused                    F64x2RelaxedNmadd             {} (V128, V128, V128) -> V128;
            i8x16_relaxed_laneselect_top_bit             I8x16RelaxedLaneselect        {} (V128, V128, V128) -> V128;
            i16x8_relaxed_laneselect_top_bit             I16x8RelaxedLaneselect        {} (V128, V128, V128) -> V128;
            i32x4_relaxed_laneselect_top_bit             I32x4RelaxedLaneselect        {} (V128, V128, V128) -> V128;
            i64x2_relaxed_laneselect_top_bit             I64x2RelaxedLaneselect        {} (V128, V128, V128) -> V128;
            i16x8_relaxed_q15mulr_s_wrapping             I16x8RelaxedQ15mulrS          {} (V128, V128) -> V128;
            i16x8_relaxed_dot_i8x16_i7x16_s_signed       I16x8RelaxedDotI8x16I7x16S    {} (V128, V128) -> V128;
            i16x8_relaxed_dot_i8x16_i7x16_s_unsigned     I16x8RelaxedDotI8x16I7x16S    {} (V128, V128) -> V128;
            i32x4_relaxed_dot_i8x16_i7x16_add_s_signed   I32x4RelaxedDotI8x16I7x16AddS {} (V128, V128, V128) -> V128;
            i32x4_relaxed_dot_i8x16_i7x16_add_s_unsigned I32x4RelaxedDotI8x16I7x16AddS {} (V128, V128, V128) -> V128;
            f32x4_canonical_nan                          Nop                           {} (V128) -> V128;
            f64x2_canonical_nan                          Nop                           {} (V128) -> V128;
        ) }
    };
}

/// Gives a macro the rows of the vector instructions between other tokens.
#[doc(hidden)]
#[macro_export]
macro_rules! vec_op_rows {
    ($mac:ident ($($before:tt)*) ($($after:tt)*)) => {
        $mac! {
            $($before)*
            i8x16_shuffle                 I8x16Shuffle              {lanes} (V128, V128) -> V128;
            i8x16_extract_lane_s          I8x16ExtractLaneS         {lane}  (V128) -> i32;
            i8x16_extract_lane_u          I8x16ExtractLaneU         {lane}  (V128) -> i32;
            i8x16_replace_lane            I8x16ReplaceLane          {lane}  (V128, i32) -> V128;
            i16x8_extract_lane_s          I16x8ExtractLaneS         {lane}  (V128) -> i32;
            i16x8_extract_lane_u          I16x8ExtractLaneU         {lane}  (V128) -> i32;
            i16x8_replace_lane            I16x8ReplaceLane          {lane}  (V128, i32) -> V128;
            i32x4_extract_lane            I32x4ExtractLane          {lane}  (V128) -> i32;
            i32x4_replace_lane            I32x4ReplaceLane          {lane}  (V128, i32) -> V128;
            i64x2_extract_lane            I64x2ExtractLane          {lane}  (V128) -> i64;
            i64x2_replace_lane            I64x2ReplaceLane          {lane}  (V128, i64) -> V128;
            f32x4_extract_lane            F32x4ExtractLane          {lane}  (V128) -> f32;
            f32x4_replace_lane            F32x4ReplaceLane          {lane}  (V128, f32) -> V128;
            f64x2_extract_lane            F64x2ExtractLane          {lane}  (V128) -> f64;
            f64x2_replace_lane            F64x2ReplaceLane          {lane}  (V128, f64) -> V128;
            i8x16_swizzle                 I8x16Swizzle              {}      (V128, V128) -> V128;
            i8x16_splat                   I8x16Splat                {}      (i32) -> V128;
            i16x8_splat                   I16x8Splat                {}      (i32) -> V128;
            i32x4_splat                   I32x4Splat                {}      (i32) -> V128;
            i64x2_splat                   I64x2Splat                {}      (i64) -> V128;
            f32x4_splat                   F32x4Splat                {}      (f32) -> V128;
            f64x2_splat                   F64x2Splat                {}      (f64) -> V128;
            i8x16_eq                      I8x16Eq                   {}      (V128, V128) -> V128;
            i8x16_ne                      I8x16Ne                   {}      (V128, V128) -> V128;
            i8x16_lt_s                    I8x16LtS                  {}      (V128, V128) -> V128;
            i8x16_lt_u                    I8x16LtU                  {}      (V128, V128) -> V128;
            i8x16_gt_s                    I8x16GtS                  {}      (V128, V128) -> V128;
            i8x16_gt_u                    I8x16GtU                  {}      (V128, V128) -> V128;
            i8x16_le_s                    I8x16LeS                  {}      (V128, V128) -> V128;
            i8x16_le_u                    I8x16LeU                  {}      (V128, V128) -> V128;
            i8x16_ge_s                    I8x16GeS                  {}      (V128, V128) -> V128;
            i8x16_ge_u                    I8x16GeU                  {}      (V128, V128) -> V128;
            i16x8_eq                      I16x8Eq                   {}      (V128, V128) -> V128;
            i16x8_ne                      I16x8Ne                   {}      (V128, V128) -> V128;
            i16x8_lt_s                    I16x8LtS                  {}      (V128, V128) -> V128;
            i16x8_lt_u                    I16x8LtU                  {}      (V128, V128) -> V128;
            i16x8_gt_s                    I16x8GtS                  {}      (V128, V128) -> V128;
            i16x8_gt_u                    I16x8GtU                  {}      (V128, V128) -> V128;
            i16x8_le_s                    I16x8LeS                  {}      (V128, V128) -> V128;
            i16x8_le_u                    I16x8LeU                  {}      (V128, V128) -> V128;
            i16x8_ge_s                    I16x8GeS                  {}      (V128, V128) -> V128;
            i16x8_ge_u                    I16x8GeU                  {}      (V128, V128) -> V128;
            i32x4_eq                      I32x4Eq                   {}      (V128, V128) -> V128;
            i32x4_ne                      I32x4Ne                   {}      (V128, V128) -> V128;
            i32x4_lt_s                    I32x4LtS                  {}      (V128, V128) -> V128;
            i32x4_lt_u                    I32x4LtU                  {}      (V128, V128) -> V128;
            i32x4_gt_s                    I32x4GtS                  {}      (V128, V128) -> V128;
            i32x4_gt_u                    I32x4GtU                  {}      (V128, V128) -> V128;
            i32x4_le_s                    I32x4LeS                  {}      (V128, V128) -> V128;
            i32x4_le_u                    I32x4LeU                  {}      (V128, V128) -> V128;
            i32x4_ge_s                    I32x4GeS                  {}      (V128, V128) -> V128;
            i32x4_ge_u                    I32x4GeU                  {}      (V128, V128) -> V128;
            i64x2_eq                      I64x2Eq                   {}      (V128, V128) -> V128;
            i64x2_ne                      I64x2Ne                   {}      (V128, V128) -> V128;
            i64x2_lt_s                    I64x2LtS                  {}      (V128, V128) -> V128;
            i64x2_gt_s                    I64x2GtS                  {}      (V128, V128) -> V128;
            i64x2_le_s                    I64x2LeS                  {}      (V128, V128) -> V128;
            i64x2_ge_s                    I64x2GeS                  {}      (V128, V128) -> V128;
            f32x4_eq                      F32x4Eq                   {}      (V128, V128) -> V128;
            f32x4_ne                      F32x4Ne                   {}      (V128, V128) -> V128;
            f32x4_lt                      F32x4Lt                   {}      (V128, V128) -> V128;
            f32x4_gt                      F32x4Gt                   {}      (V128, V128) -> V128;
            f32x4_le                      F32x4Le                   {}      (V128, V128) -> V128;
            f32x4_ge                      F32x4Ge                   {}      (V128, V128) -> V128;
            f64x2_eq                      F64x2Eq                   {}      (V128, V128) -> V128;
            f64x2_ne                      F64x2Ne                   {}      (V128, V128) -> V128;
            f64x2_lt                      F64x2Lt                   {}      (V128, V128) -> V128;
            f64x2_gt                      F64x2Gt                   {}      (V128, V128) -> V128;
            f64x2_le                      F64x2Le                   {}      (V128, V128) -> V128;
            f64x2_ge                      F64x2Ge                   {}      (V128, V128) -> V128;
            v128_not                      V128Not                   {}      (V128) -> V128;
            v128_and                      V128And                   {}      (V128, V128) -> V128;
            v128_andnot                   V128AndNot                {}      (V128, V128) -> V128;
            v128_or                       V128Or                    {}      (V128, V128) -> V128;
            v128_xor                      V128Xor                   {}      (V128, V128) -> V128;
            v128_bitselect                V128Bitselect             {}      (V128, V128, V128) -> V128;
            v128_any_true                 V128AnyTrue               {}      (V128) -> i32;
            i8x16_abs                     I8x16Abs                  {}      (V128) -> V128;
            i8x16_neg                     I8x16Neg                  {}      (V128) -> V128;
            i8x16_popcnt                  I8x16Popcnt               {}      (V128) -> V128;
            i8x16_all_true                I8x16AllTrue              {}      (V128) -> i32;
            i8x16_bitmask                 I8x16Bitmask              {}      (V128) -> i32;
            i8x16_narrow_i16x8_s          I8x16NarrowI16x8S         {}      (V128, V128) -> V128;
            i8x16_narrow_i16x8_u          I8x16NarrowI16x8U         {}      (V128, V128) -> V128;
            i8x16_shl                     I8x16Shl                  {}      (V128, i32) -> V128;
            i8x16_shr_s                   I8x16ShrS                 {}      (V128, i32) -> V128;
            i8x16_shr_u                   I8x16ShrU                 {}      (V128, i32) -> V128;
            i8x16_add                     I8x16Add                  {}      (V128, V128) -> V128;
            i8x16_add_sat_s               I8x16AddSatS              {}      (V128, V128) -> V128;
            i8x16_add_sat_u               I8x16AddSatU              {}      (V128, V128) -> V128;
            i8x16_sub                     I8x16Sub                  {}      (V128, V128) -> V128;
            i8x16_sub_sat_s               I8x16SubSatS              {}      (V128, V128) -> V128;
            i8x16_sub_sat_u               I8x16SubSatU              {}      (V128, V128) -> V128;
            i8x16_min_s                   I8x16MinS                 {}      (V128, V128) -> V128;
            i8x16_min_u                   I8x16MinU                 {}      (V128, V128) -> V128;
            i8x16_max_s                   I8x16MaxS                 {}      (V128, V128) -> V128;
            i8x16_max_u                   I8x16MaxU                 {}      (V128, V128) -> V128;
            i8x16_avgr_u                  I8x16AvgrU                {}      (V128, V128) -> V128;
            i16x8_extadd_pairwise_i8x16_s I16x8ExtAddPairwiseI8x16S {}      (V128) -> V128;
            i16x8_extadd_pairwise_i8x16_u I16x8ExtAddPairwiseI8x16U {}      (V128) -> V128;
            i16x8_abs                     I16x8Abs                  {}      (V128) -> V128;
            i16x8_neg                     I16x8Neg                  {}      (V128) -> V128;
            i16x8_q15mulr_sat_s           I16x8Q15MulrSatS          {}      (V128, V128) -> V128;
            i16x8_all_true                I16x8AllTrue              {}      (V128) -> i32;
            i16x8_bitmask                 I16x8Bitmask              {}      (V128) -> i32;
            i16x8_narrow_i32x4_s          I16x8NarrowI32x4S         {}      (V128, V128) -> V128;
            i16x8_narrow_i32x4_u          I16x8NarrowI32x4U         {}      (V128, V128) -> V128;
            i16x8_extend_low_i8x16_s      I16x8ExtendLowI8x16S      {}      (V128) -> V128;
            i16x8_extend_high_i8x16_s     I16x8ExtendHighI8x16S     {}      (V128) -> V128;
            i16x8_extend_low_i8x16_u      I16x8ExtendLowI8x16U      {}      (V128) -> V128;
            i16x8_extend_high_i8x16_u     I16x8ExtendHighI8x16U     {}      (V128) -> V128;
            i16x8_shl                     I16x8Shl                  {}      (V128, i32) -> V128;
            i16x8_shr_s                   I16x8ShrS                 {}      (V128, i32) -> V128;
            i16x8_shr_u                   I16x8ShrU                 {}      (V128, i32) -> V128;
            i16x8_add                     I16x8Add                  {}      (V128, V128) -> V128;
            i16x8_add_sat_s               I16x8AddSatS              {}      (V128, V128) -> V128;
            i16x8_add_sat_u               I16x8AddSatU              {}      (V128, V128) -> V128;
            i16x8_sub                     I16x8Sub                  {}      (V128, V128) -> V128;
            i16x8_sub_sat_s               I16x8SubSatS              {}      (V128, V128) -> V128;
            i16x8_sub_sat_u               I16x8SubSatU              {}      (V128, V128) -> V128;
            i16x8_mul                     I16x8Mul                  {}      (V128, V128) -> V128;
            i16x8_min_s                   I16x8MinS                 {}      (V128, V128) -> V128;
            i16x8_min_u                   I16x8MinU                 {}      (V128, V128) -> V128;
            i16x8_max_s                   I16x8MaxS                 {}      (V128, V128) -> V128;
            i16x8_max_u                   I16x8MaxU                 {}      (V128, V128) -> V128;
            i16x8_avgr_u                  I16x8AvgrU                {}      (V128, V128) -> V128;
            i16x8_extmul_low_i8x16_s      I16x8ExtMulLowI8x16S      {}      (V128, V128) -> V128;
            i16x8_extmul_high_i8x16_s     I16x8ExtMulHighI8x16S     {}      (V128, V128) -> V128;
            i16x8_extmul_low_i8x16_u      I16x8ExtMulLowI8x16U      {}      (V128, V128) -> V128;
            i16x8_extmul_high_i8x16_u     I16x8ExtMulHighI8x16U     {}      (V128, V128) -> V128;
            i32x4_extadd_pairwise_i16x8_s I32x4ExtAddPairwiseI16x8S {}      (V128) -> V128;
            i32x4_extadd_pairwise_i16x8_u I32x4ExtAddPairwiseI16x8U {}      (V128) -> V128;
            i32x4_abs                     I32x4Abs                  {}      (V128) -> V128;
            i32x4_neg                     I32x4Neg                  {}      (V128) -> V128;
            i32x4_all_true                I32x4AllTrue              {}      (V128) -> i32;
            i32x4_bitmask                 I32x4Bitmask              {}      (V128) -> i32;
            i32x4_extend_low_i16x8_s      I32x4ExtendLowI16x8S      {}      (V128) -> V128;
            i32x4_extend_high_i16x8_s     I32x4ExtendHighI16x8S     {}      (V128) -> V128;
            i32x4_extend_low_i16x8_u      I32x4ExtendLowI16x8U      {}      (V128) -> V128;
            i32x4_extend_high_i16x8_u     I32x4ExtendHighI16x8U     {}      (V128) -> V128;
            i32x4_shl                     I32x4Shl                  {}      (V128, i32) -> V128;
            i32x4_shr_s                   I32x4ShrS                 {}      (V128, i32) -> V128;
            i32x4_shr_u                   I32x4ShrU                 {}      (V128, i32) -> V128;
            i32x4_add                     I32x4Add                  {}      (V128, V128) -> V128;
            i32x4_sub                     I32x4Sub                  {}      (V128, V128) -> V128;
            i32x4_mul                     I32x4Mul                  {}      (V128, V128) -> V128;
            i32x4_min_s                   I32x4MinS                 {}      (V128, V128) -> V128;
            i32x4_min_u                   I32x4MinU                 {}      (V128, V128) -> V128;
            i32x4_max_s                   I32x4MaxS                 {}      (V128, V128) -> V128;
            i32x4_max_u                   I32x4MaxU                 {}      (V128, V128) -> V128;
            i32x4_dot_i16x8_s             I32x4DotI16x8S            {}      (V128, V128) -> V128;
            i32x4_extmul_low_i16x8_s      I32x4ExtMulLowI16x8S      {}      (V128, V128) -> V128;
            i32x4_extmul_high_i16x8_s     I32x4ExtMulHighI16x8S     {}      (V128, V128) -> V128;
            i32x4_extmul_low_i16x8_u      I32x4ExtMulLowI16x8U      {}      (V128, V128) -> V128;
            i32x4_extmul_high_i16x8_u     I32x4ExtMulHighI16x8U     {}      (V128, V128) -> V128;
            i64x2_abs                     I64x2Abs                  {}      (V128) -> V128;
            i64x2_neg                     I64x2Neg                  {}      (V128) -> V128;
            i64x2_all_true                I64x2AllTrue              {}      (V128) -> i32;
            i64x2_bitmask                 I64x2Bitmask              {}      (V128) -> i32;
            i64x2_extend_low_i32x4_s      I64x2ExtendLowI32x4S      {}      (V128) -> V128;
            i64x2_extend_high_i32x4_s     I64x2ExtendHighI32x4S     {}      (V128) -> V128;
            i64x2_extend_low_i32x4_u      I64x2ExtendLowI32x4U      {}      (V128) -> V128;
            i64x2_extend_high_i32x4_u     I64x2ExtendHighI32x4U     {}      (V128) -> V128;
            i64x2_shl                     I64x2Shl                  {}      (V128, i32) -> V128;
            i64x2_shr_s                   I64x2ShrS                 {}      (V128, i32) -> V128;
            i64x2_shr_u                   I64x2ShrU                 {}      (V128, i32) -> V128;
            i64x2_add                     I64x2Add                  {}      (V128, V128) -> V128;
            i64x2_sub                     I64x2Sub                  {}      (V128, V128) -> V128;
            i64x2_mul                     I64x2Mul                  {}      (V128, V128) -> V128;
            i64x2_extmul_low_i32x4_s      I64x2ExtMulLowI32x4S      {}      (V128, V128) -> V128;
            i64x2_extmul_high_i32x4_s     I64x2ExtMulHighI32x4S     {}      (V128, V128) -> V128;
            i64x2_extmul_low_i32x4_u      I64x2ExtMulLowI32x4U      {}      (V128, V128) -> V128;
            i64x2_extmul_high_i32x4_u     I64x2ExtMulHighI32x4U     {}      (V128, V128) -> V128;
            f32x4_ceil                    F32x4Ceil                 {}      (V128) -> V128;
            f32x4_floor                   F32x4Floor                {}      (V128) -> V128;
            f32x4_trunc                   F32x4Trunc                {}      (V128) -> V128;
            f32x4_nearest                 F32x4Nearest              {}      (V128) -> V128;
            f32x4_abs                     F32x4Abs                  {}      (V128) -> V128;
            f32x4_neg                     F32x4Neg                  {}      (V128) -> V128;
            f32x4_sqrt                    F32x4Sqrt                 {}      (V128) -> V128;
            f32x4_add                     F32x4Add                  {}      (V128, V128) -> V128;
            f32x4_sub                     F32x4Sub                  {}      (V128, V128) -> V128;
            f32x4_mul                     F32x4Mul                  {}      (V128, V128) -> V128;
            f32x4_div                     F32x4Div                  {}      (V128, V128) -> V128;
            f32x4_min                     F32x4Min                  {}      (V128, V128) -> V128;
            f32x4_max                     F32x4Max                  {}      (V128, V128) -> V128;
            f32x4_pmin                    F32x4PMin                 {}      (V128, V128) -> V128;
            f32x4_pmax                    F32x4PMax                 {}      (V128, V128) -> V128;
            f64x2_ceil                    F64x2Ceil                 {}      (V128) -> V128;
            f64x2_floor                   F64x2Floor                {}      (V128) -> V128;
            f64x2_trunc                   F64x2Trunc                {}      (V128) -> V128;
            f64x2_nearest                 F64x2Nearest              {}      (V128) -> V128;
            f64x2_abs                     F64x2Abs                  {}      (V128) -> V128;
            f64x2_neg                     F64x2Neg                  {}      (V128) -> V128;
            f64x2_sqrt                    F64x2Sqrt                 {}      (V128) -> V128;
            f64x2_add                     F64x2Add                  {}      (V128, V128) -> V128;
            f64x2_sub                     F64x2Sub                  {}      (V128, V128) -> V128;
            f64x2_mul                     F64x2Mul                  {}      (V128, V128) -> V128;
            f64x2_div                     F64x2Div                  {}      (V128, V128) -> V128;
            f64x2_min                     F64x2Min                  {}      (V128, V128) -> V128;
            f64x2_max                     F64x2Max                  {}      (V128, V128) -> V128;
            f64x2_pmin                    F64x2PMin                 {}      (V128, V128) -> V128;
            f64x2_pmax                    F64x2PMax                 {}      (V128, V128) -> V128;
            i32x4_trunc_sat_f32x4_s       I32x4TruncSatF32x4S       {}      (V128) -> V128;
            i32x4_trunc_sat_f32x4_u       I32x4TruncSatF32x4U       {}      (V128) -> V128;
            f32x4_convert_i32x4_s         F32x4ConvertI32x4S        {}      (V128) -> V128;
            f32x4_convert_i32x4_u         F32x4ConvertI32x4U        {}      (V128) -> V128;
            i32x4_trunc_sat_f64x2_s_zero  I32x4TruncSatF64x2SZero   {}      (V128) -> V128;
            i32x4_trunc_sat_f64x2_u_zero  I32x4TruncSatF64x2UZero   {}      (V128) -> V128;
            f64x2_convert_low_i32x4_s     F64x2ConvertLowI32x4S     {}      (V128) -> V128;
            f64x2_convert_low_i32x4_u     F64x2ConvertLowI32x4U     {}      (V128) -> V128;
            f32x4_demote_f64x2_zero       F32x4DemoteF64x2Zero      {}      (V128) -> V128;
            f64x2_promote_low_f32x4       F64x2PromoteLowF32x4      {}      (V128) -> V128;
            $($after)*
        }
    };
}

#[cfg(test)]
mod tests;
