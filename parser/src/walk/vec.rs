//! The switchboard's part for vectors: from operators to rows to verbs.

use bimetal_core::ops::relaxed::RelaxedOp;
use bimetal_core::ops::vec::{VecImm, VecOp};
use bimetal_core::ops::vec_mem::{LoadLaneOp, StoreLaneOp, VecLoadOp, VecStoreOp};
use bimetal_core::types::ValType;
use bimetal_core::value::V128;
use wasmparser::{MemArg, Operator};

use super::Walker;
use super::backend::Backend;
use super::ops::mem_arg;
use crate::error::Error;

macro_rules! vec_imm {
    () => {
        VecImm::NONE
    };
    ($imm:ident) => {
        VecImm::from($imm)
    };
}

macro_rules! vec_op_of {
    ($($name:ident $operator:ident {$($imm:ident)?} $params:tt -> $result:ident;)*) => {
        /// The row of a plain vector operator and its immediate.
        fn vec_op(op: &Operator<'_>) -> Option<(VecOp, VecImm)> {
            match *op {
                $(Operator::$operator { $($imm)? } => Some((VecOp::$name, vec_imm!($($imm)?))),)*
                _ => None,
            }
        }
    };
}
bimetal_core::for_each_vec_op!(vec_op_of);

macro_rules! relaxed_op_of {
    ($($name:ident $operator:ident $params:tt -> $result:ident =
        $first:ident $(, $choice:ident: $other:ident)?;)*) => {
        /// The row of a relaxed operator.
        fn relaxed_op(op: &Operator<'_>) -> Option<RelaxedOp> {
            match op {
                $(Operator::$operator => Some(RelaxedOp::$name),)*
                _ => None,
            }
        }
    };
}
bimetal_core::for_each_relaxed_op!(relaxed_op_of);

macro_rules! access_of {
    (($find:ident $enum:ident $doc:literal) $($name:ident $operator:ident $mem:ident;)*) => {
        #[doc = $doc]
        fn $find(op: &Operator<'_>) -> Option<($enum, MemArg)> {
            match op {
                $(Operator::$operator { memarg } => Some(($enum::$name, *memarg)),)*
                _ => None,
            }
        }
    };
}
bimetal_core::for_each_vec_load_op!(access_of!(vec_load VecLoadOp "A load and its immediates."));
bimetal_core::for_each_vec_store_op!(
    access_of!(vec_store VecStoreOp "A store and its immediates.")
);

macro_rules! lane_access_of {
    (($find:ident $enum:ident $doc:literal) $($name:ident $operator:ident $mem:ident;)*) => {
        #[doc = $doc]
        fn $find(op: &Operator<'_>) -> Option<($enum, MemArg, u8)> {
            match op {
                $(Operator::$operator { memarg, lane } => Some(($enum::$name, *memarg, *lane)),)*
                _ => None,
            }
        }
    };
}
bimetal_core::for_each_load_lane_op!(
    lane_access_of!(load_lane LoadLaneOp "A load of a lane and its immediates.")
);
bimetal_core::for_each_store_lane_op!(
    lane_access_of!(store_lane StoreLaneOp "A store of a lane and its immediates.")
);

impl<B: Backend> Walker<'_, B> {
    /// Calls the verb of a vector operator; `false` if it is none.
    pub(super) fn vec(&mut self, op: &Operator<'_>, offset: u64) -> Result<bool, Error> {
        if let Some((op, imm)) = vec_op(op) {
            self.vec_plain(op, imm);
        } else if let Some(op) = relaxed_op(op) {
            self.vec_plain(op.choose(self.backend.relaxed()), VecImm::NONE);
        } else if let Operator::V128Const { value } = op {
            let value = self.backend.vec_const(&mut self.stack, V128(*value.bytes()));
            self.stack.push(ValType::V128, value);
        } else if let Some((op, arg)) = vec_load(op) {
            let addr = self.stack.pop();
            let value = self.backend.vec_load(&mut self.stack, op, mem_arg(&arg, offset)?, addr);
            self.stack.push(ValType::V128, value);
        } else if let Some((op, arg)) = vec_store(op) {
            let vector = self.stack.pop();
            let addr = self.stack.pop();
            self.backend.vec_store(&mut self.stack, op, mem_arg(&arg, offset)?, addr, vector);
        } else if let Some((op, arg, lane)) = load_lane(op) {
            let vector = self.stack.pop();
            let addr = self.stack.pop();
            let arg = mem_arg(&arg, offset)?;
            let value = self.backend.vec_load_lane(&mut self.stack, op, arg, lane, addr, vector);
            self.stack.push(ValType::V128, value);
        } else if let Some((op, arg, lane)) = store_lane(op) {
            let vector = self.stack.pop();
            let addr = self.stack.pop();
            let arg = mem_arg(&arg, offset)?;
            self.backend.vec_store_lane(&mut self.stack, op, arg, lane, addr, vector);
        } else {
            return Ok(false);
        }
        Ok(true)
    }

    fn vec_plain(&mut self, op: VecOp, imm: VecImm) {
        let value = match op.params().len() {
            1 => {
                let a = self.stack.pop();
                self.backend.vec(&mut self.stack, op, imm, &[a])
            }
            2 => {
                let (b, a) = (self.stack.pop(), self.stack.pop());
                self.backend.vec(&mut self.stack, op, imm, &[a, b])
            }
            _ => {
                let (c, b, a) = (self.stack.pop(), self.stack.pop(), self.stack.pop());
                self.backend.vec(&mut self.stack, op, imm, &[a, b, c])
            }
        };
        self.stack.push(op.result(), value);
        if let Some(follower) = op.canonical_nan()
            && !self.backend.relaxed().any_nan
        {
            let result = self.stack.pop();
            let value = self.backend.vec(&mut self.stack, follower, imm, &[result]);
            self.stack.push(op.result(), value);
        }
    }
}
