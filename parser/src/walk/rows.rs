//! From wasmparser's operators to the rows of plain instructions.

use bimetal_core::ops::mem::{LoadOp, StoreOp};
use bimetal_core::ops::num::NumOp;
use bimetal_core::ops::wide::WideOp;
use wasmparser::{MemArg, Operator};

macro_rules! num_op_of {
    ($($name:ident $operator:ident $params:tt -> $result:ident;)*) => {
        /// The row of a plain numeric operator.
        pub(crate) fn num_op(op: &Operator<'_>) -> Option<NumOp> {
            match op {
                $(Operator::$operator => Some(NumOp::$name),)*
                _ => None,
            }
        }
    };
}
bimetal_core::for_each_num_op!(num_op_of);

macro_rules! load_op_of {
    ($($name:ident $operator:ident $mem:ident -> $value:ident;)*) => {
        /// The row of a load and its immediates.
        pub(crate) fn load_op(op: &Operator<'_>) -> Option<(LoadOp, MemArg)> {
            match op {
                $(Operator::$operator { memarg } => Some((LoadOp::$name, *memarg)),)*
                _ => None,
            }
        }
    };
}
bimetal_core::for_each_load_op!(load_op_of);

macro_rules! store_op_of {
    ($($name:ident $operator:ident $value:ident -> $mem:ident;)*) => {
        /// The row of a store and its immediates.
        pub(crate) fn store_op(op: &Operator<'_>) -> Option<(StoreOp, MemArg)> {
            match op {
                $(Operator::$operator { memarg } => Some((StoreOp::$name, *memarg)),)*
                _ => None,
            }
        }
    };
}
bimetal_core::for_each_store_op!(store_op_of);

macro_rules! wide_op_of {
    ($($name:ident $operator:ident $operands:tt;)*) => {
        /// The row of an operator with two results.
        pub(crate) fn wide_op(op: &Operator<'_>) -> Option<WideOp> {
            match op {
                $(Operator::$operator => Some(WideOp::$name),)*
                _ => None,
            }
        }
    };
}
bimetal_core::for_each_wide_op!(wide_op_of);
