//! The table is complete and consistent, and agrees with the functions.

use super::*;
use std::collections::HashSet;

#[test]
fn names_are_unique_and_dotted_once() {
    let names: HashSet<_> = NumOp::ALL.iter().map(|op| op.name()).collect();
    assert_eq!(names.len(), NumOp::ALL.len());
    assert!(names.iter().all(|name| name.as_bytes()[3] == b'.'));
    assert_eq!(NumOp::i32_add.name(), "i32.add");
    assert_eq!(NumOp::i64_extend8_s.name(), "i64.extend8_s");
    assert_eq!(NumOp::i32_trunc_sat_f32_s.name(), "i32.trunc_sat_f32_s");
}

#[test]
fn a_reader_of_the_table_can_be_given_extra_tokens() {
    macro_rules! count {
        (($start:literal) $($name:ident $operator:ident $params:tt -> $result:ident;)+) => {
            $start $(+ usize::from(NumOp::$name.result() == <$result>::TYPE))+
        };
    }
    assert_eq!(for_each_num_op!(count!(1000)), 1000 + NumOp::PLAIN.len());
    assert_eq!(for_each_num_sem!(count!(1000)), 1000 + NumOp::ALL.len());
}

#[test]
fn the_table_has_every_scalar_numeric_instruction_of_the_specification() {
    // 0x45 to 0xc4 one after the other, then 0xfc 0 to 7.
    assert_eq!(NumOp::PLAIN.len(), 0xc4 - 0x45 + 1 + 8);
    assert!(NumOp::PLAIN.iter().zip(NumOp::ALL).all(|(a, b)| a == b));
    assert_eq!(NumOp::ALL[0x6a - 0x45], NumOp::i32_add);
    assert_eq!(NumOp::ALL[0xa7 - 0x45], NumOp::i32_wrap_i64);
    assert_eq!(NumOp::ALL[0xc4 - 0x45], NumOp::i64_extend32_s);
    for (index, &op) in NumOp::ALL.iter().enumerate() {
        assert_eq!(op as usize, index);
    }
}

#[test]
fn a_mnemonic_starts_with_its_result_type_unless_it_compares() {
    for op in NumOp::ALL {
        let prefix = &op.name()[..3];
        let compares = ["eq", "ne", "lt", "gt", "le", "ge"]
            .iter()
            .any(|test| op.name()[4..].split('_').next() == Some(test))
            || op.name().ends_with("eqz");
        let typed = if compares { op.params()[0] } else { op.result() };
        assert_eq!(typed.to_string(), prefix, "{}", op.name());
        assert!(!compares || op.result() == ValType::I32);
    }
}

#[test]
fn only_division_and_trapping_truncation_trap() {
    for op in NumOp::ALL {
        let name = &op.name()[4..];
        let divides = op.params()[0] == op.result()
            && matches!(op.result(), ValType::I32 | ValType::I64)
            && (name.starts_with("div") || name.starts_with("rem"));
        let truncates = name.starts_with("trunc_f");
        assert_eq!(op.traps(), divides || truncates, "{}", op.name());
    }
}

#[test]
fn eval_passes_operands_in_order_and_returns_traps() {
    let i32s = |a, b| [Slot::from_i32(a), Slot::from_i32(b)];
    assert_eq!(NumOp::i32_sub.eval(&i32s(7, 9)), Ok(Slot::from_i32(-2)));
    let trap = Err(TrapCode::IntegerDivideByZero);
    assert_eq!(NumOp::i32_rem_u.eval(&i32s(7, 0)), trap);
    let half = [Slot::from_f64(-0.5)];
    assert_eq!(NumOp::f64_ceil.eval(&half), Ok(Slot::from_f64(-0.0)));
    assert_eq!(NumOp::i32_trunc_f64_u.eval(&half), Ok(Slot::ZERO));
    // The high half of a 32-bit operand means nothing.
    let dirty = [Slot::from_bits(0xdead_beef_0000_0000)];
    assert_eq!(NumOp::i32_eqz.eval(&dirty), Ok(Slot::from_i32(1)));
}

/// Equal, or both NaNs of the result's type: a NaN's bits are free.
fn same(op: NumOp, a: Result<Slot, TrapCode>, b: Result<Slot, TrapCode>) -> bool {
    match (a, b, op.result()) {
        (Ok(a), Ok(b), ValType::F32) => a == b || a.f32().is_nan() && b.f32().is_nan(),
        (Ok(a), Ok(b), ValType::F64) => a == b || a.f64().is_nan() && b.f64().is_nan(),
        _ => a == b,
    }
}

#[test]
fn eval_answers_for_every_row_what_its_function_answers() {
    let edges = [0, 1, u64::MAX, 1 << 63, 1 << 31, 0x7fc0_0000, 0x4009_21fb_5444_2d18];
    let pairs = edges.map(|a| edges.map(|b| [a, b].map(Slot::from_bits)));
    macro_rules! compare {
        ($($name:ident $operator:ident ($($param:ident),+) -> $result:ident;)+) => {$(
            for pair in pairs.as_flattened() {
                let op = NumOp::$name;
                let mut rest = pair.iter();
                let expected = sem::$name($($param::from_slot(*rest.next().unwrap())),+);
                let expected = expected.into_result().map(Scalar::into_slot);
                let answer = op.eval(&pair[..op.params().len()]);
                assert!(same(op, answer, expected), "{} of {pair:x?}", op.name());
            }
        )+};
    }
    for_each_num_sem!(compare);
}
