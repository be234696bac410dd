//! Instructions on objects that need the runtime: the tiers reach each of them
//! through one function of the runtime.
//!
//! Such a function takes two immediates, packed as [`SlowImm`], and the address
//! of its operands: one slot after another in stack order, a vector in two.

use super::slow::SlowImm;
use crate::types::{HeapType, RefType};

/// The instructions on objects that the runtime executes, in rows:
/// `name "mnemonic"`.
///
/// The first immediate is a type index of the module, the second the length of
/// `array.new_fixed`, a segment, or the type that `array.copy` reads. Those of
/// `ref_test` are a [`cast_imm`]. `throw` takes a tag; `catch`, which begins a
/// handler, takes whether it wants the payload and the exception itself.
#[macro_export]
macro_rules! for_each_gc_builtin {
    ($mac:ident) => {
        $mac! {
            struct_new         "struct.new";
            struct_new_default "struct.new_default";
            array_new          "array.new";
            array_new_default  "array.new_default";
            array_new_fixed    "array.new_fixed";
            array_new_data     "array.new_data";
            array_new_elem     "array.new_elem";
            array_fill         "array.fill";
            array_copy         "array.copy";
            array_init_data    "array.init_data";
            array_init_elem    "array.init_elem";
            ref_test           "ref.test";
            throw              "throw";
            throw_ref          "throw_ref";
            catch              "catch";
        }
    };
}

macro_rules! gc_builtins {
    ($($name:ident $mnemonic:literal;)*) => {
        /// An instruction on objects that a function of the runtime executes.
        #[allow(non_camel_case_types, reason = "spelled as the specification spells it")]
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        #[repr(u8)]
        pub enum GcBuiltinOp {
            $(
                #[doc = concat!("`", $mnemonic, "`")]
                $name,
            )*
        }

        impl GcBuiltinOp {
            /// Every one of them, in table order.
            pub const ALL: &'static [GcBuiltinOp] = &[$(GcBuiltinOp::$name),*];

            /// The text-format mnemonic.
            pub const fn name(self) -> &'static str {
                match self { $(GcBuiltinOp::$name => $mnemonic,)* }
            }
        }
    };
}
for_each_gc_builtin!(gc_builtins);

/// The abstract heap types, by the number that stands for them in an immediate.
const ABSTRACT: [HeapType; 12] = [
    HeapType::Func,
    HeapType::Extern,
    HeapType::Any,
    HeapType::Eq,
    HeapType::I31,
    HeapType::Struct,
    HeapType::Array,
    HeapType::Exn,
    HeapType::None,
    HeapType::NoExtern,
    HeapType::NoFunc,
    HeapType::NoExn,
];
/// Marks the number of an abstract heap type; type indices are smaller.
const IS_ABSTRACT: u32 = 1 << 31;

/// A type to test for, as immediates.
pub fn cast_imm(to: RefType) -> SlowImm {
    let heap = match to.heap {
        HeapType::Concrete(index) => index,
        heap => {
            let number = ABSTRACT.iter().position(|&other| other == heap);
            IS_ABSTRACT | number.unwrap_or_default() as u32
        }
    };
    SlowImm { a: heap, b: to.nullable.into() }
}

/// The type from the immediates made by [`cast_imm`].
pub fn cast_type(imm: SlowImm) -> RefType {
    let heap = match imm.a & IS_ABSTRACT {
        0 => HeapType::Concrete(imm.a),
        _ => *ABSTRACT.get((imm.a & !IS_ABSTRACT) as usize).unwrap_or(&HeapType::None),
    };
    RefType { nullable: imm.b != 0, heap }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_survives_its_immediates() {
        let heaps = ABSTRACT.into_iter().chain([0, 7, 1_000_000].map(HeapType::Concrete));
        for heap in heaps {
            for nullable in [false, true] {
                let to = RefType { nullable, heap };
                assert_eq!(cast_type(SlowImm::unpack(cast_imm(to).pack())), to);
            }
        }
    }
}
