//! The tables are complete and consistent, and agree with the functions.

use super::*;
use crate::ops::relaxed::{RelaxedChoice, RelaxedOp};
use crate::sem;
use crate::types::ValType;
use crate::value::{Slot, V128, VecValue};
use std::collections::HashSet;

#[test]
fn names_are_unique_and_dotted_once() {
    let names: HashSet<_> = VecOp::ALL.iter().map(|op| op.name()).collect();
    let relaxed: HashSet<_> = RelaxedOp::ALL.iter().map(|op| op.name()).collect();
    assert_eq!((names.len(), relaxed.len()), (VecOp::ALL.len(), RelaxedOp::ALL.len()));
    assert!(names.is_disjoint(&relaxed));
    assert!(
        names
            .union(&relaxed)
            .all(|name| name.find('.') == name[1..].find(['.', '_']).map(|i| i + 1))
    );
    assert_eq!(VecOp::i32x4_dot_i16x8_s.name(), "i32x4.dot_i16x8_s");
    assert_eq!(VecOp::v128_bitselect.name(), "v128.bitselect");
    assert_eq!(RelaxedOp::f32x4_relaxed_madd.name(), "f32x4.relaxed_madd");
}

#[test]
fn the_tables_have_every_vector_instruction_of_the_specification() {
    // 236 fixed-width instructions: 22 access memory and one is a constant.
    assert_eq!(VecOp::PLAIN.len(), 236 - 22 - 1);
    assert_eq!(RelaxedOp::ALL.len(), 20);
    assert!(VecOp::PLAIN.iter().zip(VecOp::ALL).all(|(a, b)| a == b));
    assert!(VecOp::ALL.iter().enumerate().all(|(i, &op)| op as usize == i));
    assert!(RelaxedOp::ALL.iter().enumerate().all(|(i, &op)| op as usize == i));
}

#[test]
fn a_reader_of_the_table_can_be_given_extra_tokens() {
    macro_rules! count {
        (($start:literal) $($name:ident $operator:ident $imm:tt $params:tt -> $result:ident;)+) => {
            $start $(+ usize::from(VecOp::$name.result() == <$result as VecValue>::TYPE))+
        };
    }
    assert_eq!(for_each_vec_op!(count!(1000)), 1000 + VecOp::PLAIN.len());
    assert_eq!(for_each_vec_sem!(count!(1000)), 1000 + VecOp::ALL.len());
}

#[test]
fn only_tests_and_extracted_lanes_are_not_vectors() {
    for op in VecOp::ALL {
        let (shape, rest) = op.name().split_once('.').unwrap();
        let lane = match &shape[..3] {
            "i8x" | "i16" | "i32" => ValType::I32,
            "i64" => ValType::I64,
            "f32" => ValType::F32,
            "f64" => ValType::F64,
            _ => ValType::V128,
        };
        let tests = rest.ends_with("_true") || rest == "bitmask";
        let expected = match rest.split('_').next() {
            _ if tests => ValType::I32,
            Some("extract") => lane,
            _ => ValType::V128,
        };
        assert_eq!(op.result(), expected, "{}", op.name());
        let last = match rest {
            "splat" | "replace_lane" => lane,
            "shl" | "shr_s" | "shr_u" => ValType::I32,
            _ => ValType::V128,
        };
        assert_eq!(op.params().last(), Some(&last), "{}", op.name());
        let slots = op.params().iter().map(|ty| ty.slots() as usize).sum();
        assert_eq!(op.param_slots(), slots);
    }
}

/// The first operand of `slots`, which are left with the others.
fn next<T: VecValue>(slots: &mut &[Slot]) -> T {
    let value = T::from_slots(slots);
    *slots = &slots[T::TYPE.slots() as usize..];
    value
}

#[test]
fn eval_answers_for_every_row_what_its_function_answers() {
    type Direct = fn(&[Slot], VecImm) -> [Slot; 2];
    macro_rules! list {
        ($($name:ident $operator:ident {$($imm:ident)?} ($($param:ident),+) -> $result:ident;)+) => {
            &[$((VecOp::$name, |mut slots, _imm| {
                let slots = &mut slots;
                sem::vec::$name($(next::<$param>(slots),)+ $(_imm.$imm())?).into_slots()
            })),+]
        };
    }
    const ROWS: &[(VecOp, Direct)] = for_each_vec_sem!(list);
    let vectors = [[0x80; 16], [0x7f; 16], [0; 16], [0xff; 16], *b"0123456789abcdef"];
    let vectors = vectors.map(|bytes| V128(bytes).to_slots());
    let imm = VecImm::from([1, 17, 0, 31, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]);
    for (&(op, direct), start) in
        ROWS.iter().flat_map(|row| (0..vectors.len()).map(move |i| (row, i)))
    {
        let slots = vectors.iter().cycle().skip(start).flatten().copied();
        let args: Vec<Slot> = slots.take(op.param_slots()).collect();
        assert_eq!(op.eval(&args, imm), direct(&args, imm), "{} {start}", op.name());
    }
    assert_eq!((ROWS.len(), VecImm::from(imm.lane()).lane()), (VecOp::ALL.len(), 1));
}

#[test]
fn a_scalar_result_leaves_the_second_slot_zero() {
    let ones = V128([0xff; 16]).to_slots();
    assert_eq!(VecOp::v128_any_true.eval(&ones, VecImm::NONE), [Slot::from_i32(1), Slot::ZERO]);
    let lane = VecOp::i16x8_extract_lane_u.eval(&ones, VecImm::from(3));
    assert_eq!(lane, [Slot::from_i32(0xffff), Slot::ZERO]);
}

#[test]
fn a_generic_handler_can_be_instantiated_for_every_shape() {
    fn binary<O: VecBinOp<A = V128, B = V128, R = V128>>(a: V128, b: V128) -> (VecOp, V128) {
        (O::OP, O::eval(a, b))
    }
    fn shift<O: VecBinOp<A = V128, B = i32, R = V128>>(a: V128, b: i32) -> V128 {
        O::eval(a, b)
    }
    let v = V128([2; 16]);
    assert_eq!(binary::<vec_sem::i8x16_add>(v, v), (VecOp::i8x16_add, V128([4; 16])));
    assert_eq!(shift::<vec_sem::i8x16_shl>(v, 2), V128([8; 16]));
    assert_eq!(<vec_sem::i8x16_splat as VecUnOp>::eval(2), v);
    assert_eq!(<vec_sem::v128_bitselect as VecTernOp>::eval(v, V128([0; 16]), v), v);
    assert_eq!(<vec_sem::i8x16_extract_lane_s as VecExtract>::eval(v, 9), 2);
    assert_eq!(<vec_sem::i64x2_replace_lane as VecReplace>::eval(v, 0, 1).0[8..], [0; 8]);
}

#[test]
fn the_outcomes_of_a_relaxed_instruction_have_its_signature() {
    for op in RelaxedOp::ALL {
        assert_eq!(op.choose(RelaxedChoice::DETERMINISTIC), op.outcomes()[0]);
        assert_eq!(
            op.choose(RelaxedChoice::x86_64(true, true, true)),
            *op.outcomes().last().unwrap()
        );
        for outcome in op.outcomes() {
            assert_eq!((outcome.params(), outcome.result()), (op.params(), op.result()));
        }
    }
    assert_eq!(RelaxedChoice::default(), RelaxedChoice::DETERMINISTIC);
}

#[test]
fn the_deterministic_outcome_is_the_plain_instruction_where_there_is_one() {
    let chosen = |op: RelaxedOp| op.choose(RelaxedChoice::DETERMINISTIC);
    assert_eq!(chosen(RelaxedOp::i8x16_relaxed_swizzle), VecOp::i8x16_swizzle);
    assert_eq!(chosen(RelaxedOp::f64x2_relaxed_min), VecOp::f64x2_min);
    assert_eq!(chosen(RelaxedOp::i64x2_relaxed_laneselect), VecOp::v128_bitselect);
    // The appendix prescribes the unfused result, fast as the other may be.
    assert_eq!(chosen(RelaxedOp::f32x4_relaxed_madd), VecOp::f32x4_relaxed_madd_unfused);
}

#[test]
fn without_a_feature_its_instructions_are_deterministic() {
    let oldest = RelaxedChoice::x86_64(false, false, false);
    assert_eq!(RelaxedOp::f32x4_relaxed_nmadd.choose(oldest), VecOp::f32x4_relaxed_nmadd_unfused);
    assert_eq!(RelaxedOp::i8x16_relaxed_swizzle.choose(oldest), VecOp::i8x16_swizzle);
    assert_eq!(RelaxedOp::f32x4_relaxed_max.choose(oldest), VecOp::f32x4_pmax);
    assert_eq!(RelaxedChoice::host(), RelaxedChoice::host());
}
