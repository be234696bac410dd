//! The scalar numeric instructions: comparisons, arithmetic, bit operations and
//! conversions. A row here and a function in [`crate::sem`] are all there is to
//! such an instruction; everything below the table is generated from it.

use crate::sem::{self, SemResult};
use crate::trap::TrapCode;
use crate::types::ValType;
use crate::value::{Scalar, Slot};

/// One scalar numeric instruction in rows: `name Operator (operands) -> result;`,
/// in opcode order.
///
/// `name` is also the function in [`sem`](crate::sem), `Operator` the variant of
/// `wasmparser::Operator`. `for_each_num_op!(mac)` expands to `mac! { rows }` and
/// `for_each_num_op!(mac!(extra))` to `mac! { (extra) rows }`.
#[macro_export]
macro_rules! for_each_num_op {
    ($mac:ident $(! ($($extra:tt)*))?) => {
        $crate::num_op_rows! { $mac ($(($($extra)*))?) () }
    };
}

/// The rows of [`for_each_num_op!`](crate::for_each_num_op), then, in the same
/// form, those that no operator of a module stands for: what follows others in the
/// deterministic profile. Called like the other.
#[macro_export]
macro_rules! for_each_num_sem {
    ($mac:ident $(! ($($extra:tt)*))?) => {
        $crate::num_op_rows! { $mac ($(($($extra)*))?) (
            f32_canonical_nan    Nop               (f32) -> f32;
            f64_canonical_nan    Nop               (f64) -> f64;
        ) }
    };
}

/// Gives a macro the rows of the scalar instructions between other tokens.
#[doc(hidden)]
#[macro_export]
macro_rules! num_op_rows {
    ($mac:ident ($($before:tt)*) ($($after:tt)*)) => {
        $mac! {
            $($before)*
            i32_eqz              I32Eqz            (i32) -> i32;
            i32_eq               I32Eq             (i32, i32) -> i32;
            i32_ne               I32Ne             (i32, i32) -> i32;
            i32_lt_s             I32LtS            (i32, i32) -> i32;
            i32_lt_u             I32LtU            (i32, i32) -> i32;
            i32_gt_s             I32GtS            (i32, i32) -> i32;
            i32_gt_u             I32GtU            (i32, i32) -> i32;
            i32_le_s             I32LeS            (i32, i32) -> i32;
            i32_le_u             I32LeU            (i32, i32) -> i32;
            i32_ge_s             I32GeS            (i32, i32) -> i32;
            i32_ge_u             I32GeU            (i32, i32) -> i32;
            i64_eqz              I64Eqz            (i64) -> i32;
            i64_eq               I64Eq             (i64, i64) -> i32;
            i64_ne               I64Ne             (i64, i64) -> i32;
            i64_lt_s             I64LtS            (i64, i64) -> i32;
            i64_lt_u             I64LtU            (i64, i64) -> i32;
            i64_gt_s             I64GtS            (i64, i64) -> i32;
            i64_gt_u             I64GtU            (i64, i64) -> i32;
            i64_le_s             I64LeS            (i64, i64) -> i32;
            i64_le_u             I64LeU            (i64, i64) -> i32;
            i64_ge_s             I64GeS            (i64, i64) -> i32;
            i64_ge_u             I64GeU            (i64, i64) -> i32;
            f32_eq               F32Eq             (f32, f32) -> i32;
            f32_ne               F32Ne             (f32, f32) -> i32;
            f32_lt               F32Lt             (f32, f32) -> i32;
            f32_gt               F32Gt             (f32, f32) -> i32;
            f32_le               F32Le             (f32, f32) -> i32;
            f32_ge               F32Ge             (f32, f32) -> i32;
            f64_eq               F64Eq             (f64, f64) -> i32;
            f64_ne               F64Ne             (f64, f64) -> i32;
            f64_lt               F64Lt             (f64, f64) -> i32;
            f64_gt               F64Gt             (f64, f64) -> i32;
            f64_le               F64Le             (f64, f64) -> i32;
            f64_ge               F64Ge             (f64, f64) -> i32;
            i32_clz              I32Clz            (i32) -> i32;
            i32_ctz              I32Ctz            (i32) -> i32;
            i32_popcnt           I32Popcnt         (i32) -> i32;
            i32_add              I32Add            (i32, i32) -> i32;
            i32_sub              I32Sub            (i32, i32) -> i32;
            i32_mul              I32Mul            (i32, i32) -> i32;
            i32_div_s            I32DivS           (i32, i32) -> i32;
            i32_div_u            I32DivU           (i32, i32) -> i32;
            i32_rem_s            I32RemS           (i32, i32) -> i32;
            i32_rem_u            I32RemU           (i32, i32) -> i32;
            i32_and              I32And            (i32, i32) -> i32;
            i32_or               I32Or             (i32, i32) -> i32;
            i32_xor              I32Xor            (i32, i32) -> i32;
            i32_shl              I32Shl            (i32, i32) -> i32;
            i32_shr_s            I32ShrS           (i32, i32) -> i32;
            i32_shr_u            I32ShrU           (i32, i32) -> i32;
            i32_rotl             I32Rotl           (i32, i32) -> i32;
            i32_rotr             I32Rotr           (i32, i32) -> i32;
            i64_clz              I64Clz            (i64) -> i64;
            i64_ctz              I64Ctz            (i64) -> i64;
            i64_popcnt           I64Popcnt         (i64) -> i64;
            i64_add              I64Add            (i64, i64) -> i64;
            i64_sub              I64Sub            (i64, i64) -> i64;
            i64_mul              I64Mul            (i64, i64) -> i64;
            i64_div_s            I64DivS           (i64, i64) -> i64;
            i64_div_u            I64DivU           (i64, i64) -> i64;
            i64_rem_s            I64RemS           (i64, i64) -> i64;
            i64_rem_u            I64RemU           (i64, i64) -> i64;
            i64_and              I64And            (i64, i64) -> i64;
            i64_or               I64Or             (i64, i64) -> i64;
            i64_xor              I64Xor            (i64, i64) -> i64;
            i64_shl              I64Shl            (i64, i64) -> i64;
            i64_shr_s            I64ShrS           (i64, i64) -> i64;
            i64_shr_u            I64ShrU           (i64, i64) -> i64;
            i64_rotl             I64Rotl           (i64, i64) -> i64;
            i64_rotr             I64Rotr           (i64, i64) -> i64;
            f32_abs              F32Abs            (f32) -> f32;
            f32_neg              F32Neg            (f32) -> f32;
            f32_ceil             F32Ceil           (f32) -> f32;
            f32_floor            F32Floor          (f32) -> f32;
            f32_trunc            F32Trunc          (f32) -> f32;
            f32_nearest          F32Nearest        (f32) -> f32;
            f32_sqrt             F32Sqrt           (f32) -> f32;
            f32_add              F32Add            (f32, f32) -> f32;
            f32_sub              F32Sub            (f32, f32) -> f32;
            f32_mul              F32Mul            (f32, f32) -> f32;
            f32_div              F32Div            (f32, f32) -> f32;
            f32_min              F32Min            (f32, f32) -> f32;
            f32_max              F32Max            (f32, f32) -> f32;
            f32_copysign         F32Copysign       (f32, f32) -> f32;
            f64_abs              F64Abs            (f64) -> f64;
            f64_neg              F64Neg            (f64) -> f64;
            f64_ceil             F64Ceil           (f64) -> f64;
            f64_floor            F64Floor          (f64) -> f64;
            f64_trunc            F64Trunc          (f64) -> f64;
            f64_nearest          F64Nearest        (f64) -> f64;
            f64_sqrt             F64Sqrt           (f64) -> f64;
            f64_add              F64Add            (f64, f64) -> f64;
            f64_sub              F64Sub            (f64, f64) -> f64;
            f64_mul              F64Mul            (f64, f64) -> f64;
            f64_div              F64Div            (f64, f64) -> f64;
            f64_min              F64Min            (f64, f64) -> f64;
            f64_max              F64Max            (f64, f64) -> f64;
            f64_copysign         F64Copysign       (f64, f64) -> f64;
            i32_wrap_i64         I32WrapI64        (i64) -> i32;
            i32_trunc_f32_s      I32TruncF32S      (f32) -> i32;
            i32_trunc_f32_u      I32TruncF32U      (f32) -> i32;
            i32_trunc_f64_s      I32TruncF64S      (f64) -> i32;
            i32_trunc_f64_u      I32TruncF64U      (f64) -> i32;
            i64_extend_i32_s     I64ExtendI32S     (i32) -> i64;
            i64_extend_i32_u     I64ExtendI32U     (i32) -> i64;
            i64_trunc_f32_s      I64TruncF32S      (f32) -> i64;
            i64_trunc_f32_u      I64TruncF32U      (f32) -> i64;
            i64_trunc_f64_s      I64TruncF64S      (f64) -> i64;
            i64_trunc_f64_u      I64TruncF64U      (f64) -> i64;
            f32_convert_i32_s    F32ConvertI32S    (i32) -> f32;
            f32_convert_i32_u    F32ConvertI32U    (i32) -> f32;
            f32_convert_i64_s    F32ConvertI64S    (i64) -> f32;
            f32_convert_i64_u    F32ConvertI64U    (i64) -> f32;
            f32_demote_f64       F32DemoteF64      (f64) -> f32;
            f64_convert_i32_s    F64ConvertI32S    (i32) -> f64;
            f64_convert_i32_u    F64ConvertI32U    (i32) -> f64;
            f64_convert_i64_s    F64ConvertI64S    (i64) -> f64;
            f64_convert_i64_u    F64ConvertI64U    (i64) -> f64;
            f64_promote_f32      F64PromoteF32     (f32) -> f64;
            i32_reinterpret_f32  I32ReinterpretF32 (f32) -> i32;
            i64_reinterpret_f64  I64ReinterpretF64 (f64) -> i64;
            f32_reinterpret_i32  F32ReinterpretI32 (i32) -> f32;
            f64_reinterpret_i64  F64ReinterpretI64 (i64) -> f64;
            i32_extend8_s        I32Extend8S       (i32) -> i32;
            i32_extend16_s       I32Extend16S      (i32) -> i32;
            i64_extend8_s        I64Extend8S       (i64) -> i64;
            i64_extend16_s       I64Extend16S      (i64) -> i64;
            i64_extend32_s       I64Extend32S      (i64) -> i64;
            i32_trunc_sat_f32_s  I32TruncSatF32S   (f32) -> i32;
            i32_trunc_sat_f32_u  I32TruncSatF32U   (f32) -> i32;
            i32_trunc_sat_f64_s  I32TruncSatF64S   (f64) -> i32;
            i32_trunc_sat_f64_u  I32TruncSatF64U   (f64) -> i32;
            i64_trunc_sat_f32_s  I64TruncSatF32S   (f32) -> i64;
            i64_trunc_sat_f32_u  I64TruncSatF32U   (f32) -> i64;
            i64_trunc_sat_f64_s  I64TruncSatF64S   (f64) -> i64;
            i64_trunc_sat_f64_u  I64TruncSatF64U   (f64) -> i64;
            $($after)*
        }
    };
}

/// An instruction with one operand, as a type that generic code can be
/// instantiated with. The implementors are in [`num_sem`].
pub trait UnOp: 'static {
    /// The operand.
    type A: Scalar;
    /// The result.
    type R: Scalar;
    /// The same instruction as a value.
    const OP: NumOp;
    /// Whether [`eval`](UnOp::eval) can return a trap.
    const TRAPS: bool;
    /// What the instruction computes.
    fn eval(a: Self::A) -> Result<Self::R, TrapCode>;
}

/// An instruction with two operands, as a type that generic code can be
/// instantiated with. The implementors are in [`num_sem`].
pub trait BinOp: 'static {
    /// The first operand.
    type A: Scalar;
    /// The second operand, which was pushed last.
    type B: Scalar;
    /// The result.
    type R: Scalar;
    /// The same instruction as a value.
    const OP: NumOp;
    /// Whether [`eval`](BinOp::eval) can return a trap.
    const TRAPS: bool;
    /// What the instruction computes.
    fn eval(a: Self::A, b: Self::B) -> Result<Self::R, TrapCode>;
}

/// A row with the types erased, whatever its number of operands.
trait Row {
    const PARAMS: &'static [ValType];
    const RESULT: ValType;
    const TRAPS: bool;
    fn eval(args: &[Slot]) -> Result<Slot, TrapCode>;
}

const fn one_operand_traps<A, R: SemResult>(_: fn(A) -> R) -> bool {
    R::TRAPS
}

const fn two_operands_trap<A, B, R: SemResult>(_: fn(A, B) -> R) -> bool {
    R::TRAPS
}

/// Implements the traits above for the marker type of one row.
macro_rules! impl_row {
    ($name:ident ($a:ident) -> $r:ident) => {
        impl UnOp for num_sem::$name {
            type A = $a;
            type R = $r;
            const OP: NumOp = NumOp::$name;
            const TRAPS: bool = one_operand_traps(sem::$name);
            #[inline(always)] // a handler's body: must vanish into it
            fn eval(a: $a) -> Result<$r, TrapCode> {
                sem::$name(a).into_result()
            }
        }
        impl Row for num_sem::$name {
            const PARAMS: &'static [ValType] = &[<$a>::TYPE];
            const RESULT: ValType = <$r>::TYPE;
            const TRAPS: bool = <Self as UnOp>::TRAPS;
            fn eval(args: &[Slot]) -> Result<Slot, TrapCode> {
                let &[a] = args else { panic!("{} takes one operand", stringify!($name)) };
                <Self as UnOp>::eval(<$a>::from_slot(a)).map(Scalar::into_slot)
            }
        }
    };
    ($name:ident ($a:ident, $b:ident) -> $r:ident) => {
        impl BinOp for num_sem::$name {
            type A = $a;
            type B = $b;
            type R = $r;
            const OP: NumOp = NumOp::$name;
            const TRAPS: bool = two_operands_trap(sem::$name);
            #[inline(always)] // a handler's body: must vanish into it
            fn eval(a: $a, b: $b) -> Result<$r, TrapCode> {
                sem::$name(a, b).into_result()
            }
        }
        impl Row for num_sem::$name {
            const PARAMS: &'static [ValType] = &[<$a>::TYPE, <$b>::TYPE];
            const RESULT: ValType = <$r>::TYPE;
            const TRAPS: bool = <Self as BinOp>::TRAPS;
            fn eval(args: &[Slot]) -> Result<Slot, TrapCode> {
                let &[a, b] = args else { panic!("{} takes two operands", stringify!($name)) };
                <Self as BinOp>::eval(<$a>::from_slot(a), <$b>::from_slot(b)).map(Scalar::into_slot)
            }
        }
    };
}

macro_rules! num_ops {
    ($($name:ident $operator:ident ($($param:ident),+) -> $result:ident;)+) => {
        /// A scalar numeric instruction, or what follows one in the deterministic profile.
        #[allow(non_camel_case_types, reason = "spelled as the specification spells it")]
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        #[repr(u16)]
        pub enum NumOp {
            $(
                #[doc = concat!("The instruction of [`sem::", stringify!($name), "`].")]
                $name,
            )+
        }

        impl NumOp {
            /// Every instruction, in table order: `ALL[op as usize] == op`.
            pub const ALL: &'static [NumOp] = &[$(NumOp::$name),+];

            /// The text-format mnemonic, such as `i64.extend8_s`.
            pub const fn name(self) -> &'static str {
                match self { $(NumOp::$name => super::mnemonic!($name),)+ }
            }

            /// The operand types, the one pushed last at the end.
            pub const fn params(self) -> &'static [ValType] {
                match self { $(NumOp::$name => <num_sem::$name as Row>::PARAMS,)+ }
            }

            /// The result type.
            pub const fn result(self) -> ValType {
                match self { $(NumOp::$name => <num_sem::$name as Row>::RESULT,)+ }
            }

            /// Whether some operands trap.
            pub const fn traps(self) -> bool {
                match self { $(NumOp::$name => <num_sem::$name as Row>::TRAPS,)+ }
            }

            /// The result for these operands.
            ///
            /// # Panics
            /// If `args` and [`params`](NumOp::params) differ in length. The types
            /// of the operands are the caller's to ensure: slots carry none.
            pub fn eval(self, args: &[Slot]) -> Result<Slot, TrapCode> {
                match self { $(NumOp::$name => <num_sem::$name as Row>::eval(args),)+ }
            }
        }

        /// One type without values per instruction, implementing [`UnOp`] or [`BinOp`].
        #[allow(non_camel_case_types, reason = "spelled as the specification spells it")]
        pub mod num_sem {
            $(
                #[doc = concat!("Stands for [`sem::", stringify!($name), "`](crate::sem::", stringify!($name), ").")]
                #[derive(Clone, Copy, Debug)]
                pub enum $name {}
            )+
        }

        $(impl_row!($name ($($param),+) -> $result);)+
    };
}
for_each_num_sem!(num_ops);

macro_rules! plain {
    ($($name:ident $operator:ident $params:tt -> $result:ident;)+) => {
        impl NumOp {
            /// The instructions of the specification, in table order.
            pub const PLAIN: &'static [NumOp] = &[$(NumOp::$name),+];
        }
    };
}
for_each_num_op!(plain);

#[cfg(test)]
mod tests;
