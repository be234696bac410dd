//! Signatures: how compiled code calls compiled code, its stubs and the runtime.

use bimetal_core::trap::TrapCode;
use bimetal_core::types::{FuncType, ValType};
use cranelift_codegen::ir::{self, AbiParam, ArgumentPurpose, Signature, Type, types};
use cranelift_codegen::isa::CallConv;

/// The type of addresses on every supported host.
pub(crate) const PTR: Type = types::I64;

/// What a value is to Cranelift. References are raw bits.
pub(crate) const fn clif_type(ty: ValType) -> Type {
    match ty {
        ValType::I32 => types::I32,
        ValType::I64 | ValType::Ref(_) => types::I64,
        ValType::F32 => types::F32,
        ValType::F64 => types::F64,
        ValType::V128 => types::I8X16,
    }
}

/// A function type reduced to what its machine-level signature depends on: the
/// key of stubs that all functions of such a type share.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Shape {
    /// The parameters.
    pub(crate) params: Box<[Type]>,
    /// The results.
    pub(crate) results: Box<[Type]>,
}

impl Shape {
    /// The shape of a function type.
    pub(crate) fn new(ty: &FuncType) -> Shape {
        let list = |types: &[ValType]| types.iter().map(|&ty| clif_type(ty)).collect();
        Shape { params: list(&ty.params), results: list(&ty.results) }
    }

    /// The slots of an array call: [`bimetal_runtime::abi`].
    pub(crate) fn call_slots(&self) -> u32 {
        self.param_slots().max(self.results.iter().map(|&ty| slots(ty)).sum())
    }

    /// The slots of the parameters.
    pub(crate) fn param_slots(&self) -> u32 {
        self.params.iter().map(|&ty| slots(ty)).sum()
    }

    /// The signature of a native entry: the callee's context, then the
    /// parameters.
    pub(crate) fn native(&self) -> Signature {
        let mut sig = Signature::new(CallConv::Tail);
        sig.params.push(AbiParam::special(PTR, ArgumentPurpose::VMContext));
        sig.params.extend(self.params.iter().map(|&ty| AbiParam::new(ty)));
        sig.returns.extend(self.results.iter().map(|&ty| AbiParam::new(ty)));
        sig
    }
}

impl Shape {
    /// The signature of what takes arguments from slots and goes on to a native entry
    /// of this shape: the entry, its context, the address of the slots.
    pub(crate) fn tail_trampoline(&self) -> Signature {
        let mut sig = signature(CallConv::Tail, &[PTR, PTR, PTR], &[]);
        sig.returns.extend(self.results.iter().map(|&ty| AbiParam::new(ty)));
        sig
    }

    /// Whether a native entry finds its context in the second integer register: the
    /// code generator passes the address of results that do not fit into registers
    /// in the first one.
    pub(crate) fn shifts_context(&self) -> bool {
        let floats = self.results.iter().filter(|ty| ty.is_float() || ty.is_vector()).count();
        let ints = self.results.len() - floats;
        cfg!(target_arch = "x86_64") && (ints > RESULT_REGISTERS || floats > RESULT_REGISTERS)
    }
}

/// How many results of each register class `CallConv::Tail` has registers for.
const RESULT_REGISTERS: usize = 8;

/// How many slots a value takes.
pub(crate) fn slots(ty: Type) -> u32 {
    if ty == types::I8X16 { 2 } else { 1 }
}

fn signature(conv: CallConv, params: &[Type], results: &[Type]) -> Signature {
    let mut sig = Signature::new(conv);
    sig.params.extend(params.iter().map(|&ty| AbiParam::new(ty)));
    sig.returns.extend(results.iter().map(|&ty| AbiParam::new(ty)));
    sig
}

/// An `extern "C"` function of these parameters and results.
pub(crate) fn host(params: &[Type], results: &[Type]) -> Signature {
    signature(CallConv::SystemV, params, results)
}

/// What [`crate::unwind::guarded_call`] calls: it has saved every register that its
/// caller wants back, so that nothing is saved a second time. Returns zero.
pub(crate) fn guarded() -> Signature {
    signature(CallConv::Tail, &[PTR, PTR, PTR], &[types::I32])
}

/// [`bimetal_runtime::vmctx::Builtin`]
pub(crate) fn builtin() -> Signature {
    host(&[PTR, types::I64, types::I64, types::I64, types::I64], &[types::I64, types::I64])
}

/// The stub through which compiled code calls a builtin: the context, the
/// builtin's address, the packed immediates and three operands; gives the value.
pub(crate) fn slow_call() -> Signature {
    let mut sig = Signature::new(CallConv::Tail);
    sig.params.push(AbiParam::special(PTR, ArgumentPurpose::VMContext));
    sig.params.extend([PTR, types::I64, types::I64, types::I64, types::I64].map(AbiParam::new));
    sig.returns.push(AbiParam::new(types::I64));
    sig
}

/// The words that [`run_call`] takes.
pub(crate) const RUN_CALL_WORDS: usize = 5;

/// The stub through which compiled code asks for a run: the context and the address of
/// words, which are the builtin's address, the packed immediates and three operands;
/// leaves the value in the first. The builtin neither traps nor looks at frames.
///
/// It keeps all registers and takes few, so that functions with short loops do not save
/// some because of a call that is seldom made.
pub(crate) fn run_call() -> Signature {
    let mut sig = Signature::new(CallConv::PreserveAll);
    sig.params.push(AbiParam::special(PTR, ArgumentPurpose::VMContext));
    sig.params.push(AbiParam::new(PTR));
    sig
}

/// A function that begins at a loop: the context and the address of the
/// [`bimetal_runtime::osr::OsrFrame`] that it takes over.
pub(crate) fn osr() -> Signature {
    let mut sig = Signature::new(CallConv::Tail);
    sig.params.push(AbiParam::special(PTR, ArgumentPurpose::VMContext));
    sig.params.push(AbiParam::new(PTR));
    sig
}

/// [`bimetal_runtime::vmctx::GcBuiltin`]
pub(crate) fn gc_builtin() -> Signature {
    host(&[PTR, types::I64, PTR], &[types::I64, types::I64])
}

/// The stub through which compiled code throws: the context, the address of the
/// builtin that makes the exception pending, the packed immediates and the address
/// of the operands. Does not return.
pub(crate) fn throw() -> Signature {
    let mut sig = Signature::new(CallConv::Tail);
    sig.params.push(AbiParam::special(PTR, ArgumentPurpose::VMContext));
    sig.params.extend([PTR, types::I64, PTR].map(AbiParam::new));
    sig
}

/// What Cranelift records for a trap of ours: user codes are our numbers.
pub(crate) const fn clif_trap(code: TrapCode) -> ir::TrapCode {
    ir::TrapCode::unwrap_user(code as u8)
}

/// Cranelift's own trap codes in our words.
const CRANELIFT_TRAPS: [(ir::TrapCode, TrapCode); 5] = [
    (ir::TrapCode::STACK_OVERFLOW, TrapCode::StackOverflow),
    (ir::TrapCode::HEAP_OUT_OF_BOUNDS, TrapCode::MemoryOutOfBounds),
    (ir::TrapCode::INTEGER_OVERFLOW, TrapCode::IntegerOverflow),
    (ir::TrapCode::INTEGER_DIVISION_BY_ZERO, TrapCode::IntegerDivideByZero),
    (ir::TrapCode::BAD_CONVERSION_TO_INTEGER, TrapCode::BadConversionToInteger),
];

/// Our trap code for one that Cranelift recorded.
pub(crate) fn trap_code(code: ir::TrapCode) -> Option<TrapCode> {
    let own = CRANELIFT_TRAPS.iter().find(|(theirs, _)| *theirs == code);
    own.map(|(_, ours)| *ours).or_else(|| TrapCode::from_u8(code.as_raw().get()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_trap_code_survives_cranelift() {
        for &code in TrapCode::ALL {
            assert_eq!(trap_code(clif_trap(code)), Some(code));
        }
    }

    #[test]
    fn every_trap_of_cranelift_has_a_meaning() {
        for &code in ir::TrapCode::non_user_traps() {
            assert!(trap_code(code).is_some(), "{code}");
        }
    }

    #[test]
    fn types_of_one_shape_share_their_stubs() {
        let a = FuncType::new([ValType::FUNCREF, ValType::I32], [ValType::F64]);
        let b = FuncType::new([ValType::I64, ValType::I32], [ValType::F64]);
        let c = FuncType::new([ValType::I64, ValType::I64], [ValType::F64]);
        assert_eq!(Shape::new(&a), Shape::new(&b));
        assert_ne!(Shape::new(&a), Shape::new(&c));
    }
}
