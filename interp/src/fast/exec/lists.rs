//! The instructions on integers that tables of handlers are made for, beside those that
//! have a row for every instruction.
//!
//! `with_i32_ops!(table args)` is `table!(args [i32_add i32_sub ..])`, and so on: each list
//! stands here alone, for whoever makes handlers and whoever looks for one.

use bimetal_core::ops::num::NumOp;

macro_rules! with_i32_ops {
    ($then:ident $($args:tt)*) => {
        $then! {
            $($args)*
            [i32_add i32_sub i32_mul i32_and i32_or i32_xor i32_shl i32_shr_u i32_shr_s i32_rotl]
        }
    };
}

macro_rules! with_i64_ops {
    ($then:ident $($args:tt)*) => {
        $then! {
            $($args)*
            [i64_add i64_sub i64_mul i64_and i64_or i64_xor i64_shl i64_shr_u i64_shr_s i64_rotl]
        }
    };
}

macro_rules! with_i32_comparisons {
    ($then:ident $($args:tt)*) => {
        $then! {
            $($args)*
            [i32_eq i32_ne i32_lt_s i32_lt_u i32_gt_s i32_gt_u i32_le_s i32_le_u i32_ge_s
                i32_ge_u]
        }
    };
}
pub(crate) use {with_i32_comparisons, with_i32_ops, with_i64_ops};

macro_rules! list {
    ($name:ident [$($op:ident)*]) => {
        pub(crate) const $name: &[NumOp] = &[$(NumOp::$op),*];
    };
}
with_i32_ops!(list I32_OPS);
with_i64_ops!(list I64_OPS);
with_i32_comparisons!(list I32_COMPARISONS);

/// Where in a list an instruction stands, and so in the tables made for it.
pub(crate) fn position(list: &[NumOp], op: NumOp) -> Option<usize> {
    list.iter().position(|&listed| listed == op)
}
