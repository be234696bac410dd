//! What the rows of the vector instructions generate: the enum, and a type for
//! each instruction that generic handlers can be instantiated with.

use crate::sem;
use crate::types::ValType;
use crate::value::{Scalar, Slot, V128, VecValue};

/// The immediate of a vector instruction: nothing, a lane or sixteen lanes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct VecImm([u8; 16]);

impl VecImm {
    /// For instructions without an immediate.
    pub const NONE: VecImm = VecImm([0; 16]);

    /// The lane that is extracted or replaced.
    #[inline(always)]
    pub const fn lane(self) -> u8 {
        self.0[0]
    }

    /// The lanes of a shuffle.
    #[inline(always)]
    pub const fn lanes(self) -> [u8; 16] {
        self.0
    }
}

impl From<u8> for VecImm {
    fn from(lane: u8) -> VecImm {
        let mut lanes = [0; 16];
        lanes[0] = lane;
        VecImm(lanes)
    }
}

impl From<[u8; 16]> for VecImm {
    fn from(lanes: [u8; 16]) -> VecImm {
        VecImm(lanes)
    }
}

/// An instruction with one operand and no immediate: vector to vector, splat
/// (scalar to vector) or test (vector to `i32`). The implementors are in [`vec_sem`].
pub trait VecUnOp: 'static {
    /// The operand.
    type A: VecValue;
    /// The result.
    type R: VecValue;
    /// The same instruction as a value.
    const OP: VecOp;
    /// What the instruction computes.
    fn eval(a: Self::A) -> Self::R;
}

/// An instruction with two operands and no immediate: two vectors, or a vector and
/// the count of a shift. The implementors are in [`vec_sem`].
pub trait VecBinOp: 'static {
    /// The first operand.
    type A: VecValue;
    /// The second operand, which was pushed last.
    type B: VecValue;
    /// The result.
    type R: VecValue;
    /// The same instruction as a value.
    const OP: VecOp;
    /// What the instruction computes.
    fn eval(a: Self::A, b: Self::B) -> Self::R;
}

/// An instruction with three vectors as operands. The implementors are in [`vec_sem`].
pub trait VecTernOp: 'static {
    /// The same instruction as a value.
    const OP: VecOp;
    /// What the instruction computes.
    fn eval(a: V128, b: V128, c: V128) -> V128;
}

/// An instruction that takes one lane out. The implementors are in [`vec_sem`].
pub trait VecExtract: 'static {
    /// The lane as a number.
    type R: Scalar;
    /// The same instruction as a value.
    const OP: VecOp;
    /// What the instruction computes.
    fn eval(a: V128, lane: u8) -> Self::R;
}

/// An instruction that replaces one lane. The implementors are in [`vec_sem`].
pub trait VecReplace: 'static {
    /// The lane as a number.
    type B: Scalar;
    /// The same instruction as a value.
    const OP: VecOp;
    /// What the instruction computes.
    fn eval(a: V128, b: Self::B, lane: u8) -> V128;
}

/// A row with the types erased, whatever its operands and immediate.
trait Row {
    const PARAMS: &'static [ValType];
    const RESULT: ValType;
    fn eval(args: &[Slot], imm: VecImm) -> [Slot; 2];
}

/// The first operand of `args`, which are left with the others.
fn take<T: VecValue>(args: &mut &[Slot]) -> T {
    let (slots, rest) = args.split_at(T::TYPE.slots() as usize);
    *args = rest;
    T::from_slots(slots)
}

/// How many slots values of these types take.
const fn slots(types: &[ValType]) -> usize {
    let (mut sum, mut i) = (0, 0);
    while i < types.len() {
        sum += types[i].slots() as usize;
        i += 1;
    }
    sum
}

/// Implements [`Row`] by taking the operands in order, then the immediate.
macro_rules! impl_erased {
    ($name:ident $($field:ident)? ($($param:ident),+) -> $result:ident) => {
        impl Row for vec_sem::$name {
            const PARAMS: &'static [ValType] = &[$(<$param as VecValue>::TYPE),+];
            const RESULT: ValType = <$result as VecValue>::TYPE;
            fn eval(mut args: &[Slot], _imm: VecImm) -> [Slot; 2] {
                sem::vec::$name($(take::<$param>(&mut args),)+ $(_imm.$field())?).into_slots()
            }
        }
    };
}

/// Implements the trait of its shape for the marker type of one row.
macro_rules! impl_row {
    ($name:ident {} ($a:ident) -> $r:ident) => {
        impl VecUnOp for vec_sem::$name {
            type A = $a;
            type R = $r;
            const OP: VecOp = VecOp::$name;
            #[inline(always)] // a handler's body: must vanish into it
            fn eval(a: $a) -> $r {
                sem::vec::$name(a)
            }
        }
        impl_erased!($name ($a) -> $r);
    };
    ($name:ident {} ($a:ident, $b:ident) -> $r:ident) => {
        impl VecBinOp for vec_sem::$name {
            type A = $a;
            type B = $b;
            type R = $r;
            const OP: VecOp = VecOp::$name;
            #[inline(always)] // a handler's body: must vanish into it
            fn eval(a: $a, b: $b) -> $r {
                sem::vec::$name(a, b)
            }
        }
        impl_erased!($name ($a, $b) -> $r);
    };
    ($name:ident {} ($a:ident, $b:ident, $c:ident) -> $r:ident) => {
        impl VecTernOp for vec_sem::$name {
            const OP: VecOp = VecOp::$name;
            #[inline(always)] // a handler's body: must vanish into it
            fn eval(a: $a, b: $b, c: $c) -> $r {
                sem::vec::$name(a, b, c)
            }
        }
        impl_erased!($name ($a, $b, $c) -> $r);
    };
    ($name:ident {lane} ($a:ident) -> $r:ident) => {
        impl VecExtract for vec_sem::$name {
            type R = $r;
            const OP: VecOp = VecOp::$name;
            #[inline(always)] // a handler's body: must vanish into it
            fn eval(a: $a, lane: u8) -> $r {
                sem::vec::$name(a, lane)
            }
        }
        impl_erased!($name lane ($a) -> $r);
    };
    ($name:ident {lane} ($a:ident, $b:ident) -> $r:ident) => {
        impl VecReplace for vec_sem::$name {
            type B = $b;
            const OP: VecOp = VecOp::$name;
            #[inline(always)] // a handler's body: must vanish into it
            fn eval(a: $a, b: $b, lane: u8) -> $r {
                sem::vec::$name(a, b, lane)
            }
        }
        impl_erased!($name lane ($a, $b) -> $r);
    };
    // The one shuffle needs no trait.
    ($name:ident {lanes} ($a:ident, $b:ident) -> $r:ident) => {
        impl_erased!($name lanes ($a, $b) -> $r);
    };
}

macro_rules! vec_ops {
    ($($name:ident $operator:ident {$($imm:ident)?} ($($param:ident),+) -> $result:ident;)+) => {
        /// A vector instruction, one outcome of a relaxed one, or what follows one in
        /// the deterministic profile.
        #[allow(non_camel_case_types, reason = "spelled as the specification spells it")]
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        #[repr(u16)]
        pub enum VecOp {
            $(
                #[doc = concat!("The instruction of [`sem::vec::", stringify!($name), "`].")]
                $name,
            )+
        }

        impl VecOp {
            /// Every instruction, in table order: `ALL[op as usize] == op`.
            pub const ALL: &'static [VecOp] = &[$(VecOp::$name),+];

            /// The text-format mnemonic, such as `i32x4.dot_i16x8_s`; that of a
            /// relaxed instruction with a suffix for one of its outcomes.
            pub const fn name(self) -> &'static str {
                match self { $(VecOp::$name => super::super::mnemonic!($name),)+ }
            }

            /// The operand types, the one pushed last at the end.
            pub const fn params(self) -> &'static [ValType] {
                match self { $(VecOp::$name => <vec_sem::$name as Row>::PARAMS,)+ }
            }

            /// How many slots the operands take.
            pub const fn param_slots(self) -> usize {
                slots(self.params())
            }

            /// The result type.
            pub const fn result(self) -> ValType {
                match self { $(VecOp::$name => <vec_sem::$name as Row>::RESULT,)+ }
            }

            /// The result for these operands, each in its one or two slots. A
            /// scalar result is in the first slot, and the second is zero.
            ///
            /// # Panics
            /// If there are not [`param_slots`](VecOp::param_slots) `args`. Their
            /// types are the caller's to ensure: slots carry none.
            pub fn eval(self, args: &[Slot], imm: VecImm) -> [Slot; 2] {
                assert_eq!(args.len(), self.param_slots(), "operands of {}", self.name());
                match self { $(VecOp::$name => <vec_sem::$name as Row>::eval(args, imm),)+ }
            }
        }

        /// One type without values per instruction, implementing [`VecUnOp`],
        /// [`VecBinOp`], [`VecTernOp`], [`VecExtract`] or [`VecReplace`].
        #[allow(non_camel_case_types, reason = "spelled as the specification spells it")]
        pub mod vec_sem {
            $(
                #[doc = concat!("Stands for [`sem::vec::", stringify!($name), "`](crate::sem::vec::", stringify!($name), ").")]
                #[derive(Clone, Copy, Debug)]
                pub enum $name {}
            )+
        }

        $(impl_row!($name {$($imm)?} ($($param),+) -> $result);)+
    };
}
crate::for_each_vec_sem!(vec_ops);

macro_rules! plain {
    ($($name:ident $operator:ident $imm:tt $params:tt -> $result:ident;)+) => {
        impl VecOp {
            /// The instructions of the specification but the relaxed ones, in table order.
            pub const PLAIN: &'static [VecOp] = &[$(VecOp::$name),+];
        }
    };
}
crate::for_each_vec_op!(plain);
