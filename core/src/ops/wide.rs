//! Instructions with two results: arithmetic on 128 bits in two operands, the low
//! half first (proposal *wide arithmetic*). All operands and results are `i64`.

use crate::sem;
use crate::value::Slot;

/// One wide instruction in rows: `name Operator (operands);`.
///
/// `name` is also the function in [`sem`], `Operator` the variant of
/// `wasmparser::Operator`.
#[macro_export]
macro_rules! for_each_wide_op {
    ($mac:ident) => {
        $mac! {
            i64_add128     I64Add128   (a_low a_high b_low b_high);
            i64_sub128     I64Sub128   (a_low a_high b_low b_high);
            i64_mul_wide_s I64MulWideS (a b);
            i64_mul_wide_u I64MulWideU (a b);
        }
    };
}

/// The most operands that a wide instruction takes.
pub const MAX_WIDE_OPERANDS: usize = 4;

macro_rules! wide_ops {
    ($($name:ident $operator:ident ($($operand:ident)*);)*) => {
        /// An instruction with two results, the low half first.
        #[allow(non_camel_case_types, reason = "spelled as the specification spells it")]
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        #[repr(u8)]
        pub enum WideOp {
            $(
                #[doc = concat!("`", stringify!($name), "`, the first underscore a dot")]
                $name,
            )*
        }

        impl WideOp {
            /// Every wide instruction, in table order.
            pub const ALL: &'static [WideOp] = &[$(WideOp::$name),*];

            /// The text-format mnemonic.
            pub const fn name(self) -> &'static str {
                match self { $(WideOp::$name => super::mnemonic!($name),)* }
            }

            /// How many operands it takes.
            pub const fn arity(self) -> usize {
                match self { $(WideOp::$name => [$(stringify!($operand)),*].len(),)* }
            }

            /// The results: the low half and the high half.
            ///
            /// # Panics
            /// If `args` are not as many as the instruction takes.
            pub fn eval(self, args: &[Slot]) -> [Slot; 2] {
                match self {
                    $(WideOp::$name => {
                        let [$($operand),*] = *args else {
                            panic!("as many operands as the instruction takes")
                        };
                        let (low, high) = sem::$name($($operand.i64()),*);
                        [Slot::from_i64(low), Slot::from_i64(high)]
                    })*
                }
            }
        }
    };
}
for_each_wide_op!(wide_ops);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_name_instructions_and_functions() {
        let names: Vec<_> = WideOp::ALL.iter().map(|op| op.name()).collect();
        assert_eq!(names, ["i64.add128", "i64.sub128", "i64.mul_wide_s", "i64.mul_wide_u"]);
        assert!(WideOp::ALL.iter().all(|op| op.arity() <= MAX_WIDE_OPERANDS));
        let args = [-1, 0, 1, 0].map(Slot::from_i64);
        assert_eq!(WideOp::i64_add128.eval(&args), [0, 1].map(Slot::from_i64));
        assert_eq!(WideOp::i64_mul_wide_u.eval(&args[..2]), [Slot::ZERO; 2]);
    }
}
