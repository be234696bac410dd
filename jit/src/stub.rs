//! Code that no function of a module contains: the ways in and out.
//!
//! - A *trampoline* is entered by the host: it takes arguments from slots, calls
//!   a native entry and puts the results back.
//! - A *host thunk* is the native entry of a host function: it puts its
//!   arguments into slots, calls the host, and takes the results.
//! - A *register thunk* is that of a host function that takes its arguments in
//!   registers, and finds out by itself where the guest left if it must.
//! - The *slow-call stub* stands between compiled code and the builtins of the
//!   runtime.
//!
//! Host thunks and the slow-call stub tell the runtime where the guest left: the
//! caller's frame pointer and return address.

use bimetal_runtime::layout::{
    ACTIVATION_EXIT_FP, ACTIVATION_EXIT_PC, CODE_ARRAY, CODE_REGISTERS, CX_STORE, FUNC_REF_CALLER,
    FUNC_REF_CODE, STORE_ACTIVATION,
};
use cranelift_codegen::ir::{
    ExtFuncData, ExternalName, Function, InstBuilder, MemFlagsData, Signature, StackSlotData,
    StackSlotKind, TrapCode, Type, UserFuncName, Value, types,
};
use cranelift_codegen::isa::TargetIsa;
use cranelift_frontend::FunctionBuilder;

use crate::abi::{
    PTR, RUN_CALL_WORDS, Shape, builtin, gc_builtin, guarded as guarded_sig, host, osr,
    run_call as run_call_sig, slots, slow_call as slow_call_sig, throw as throw_sig,
};
use crate::compile::{Compiler, FuncCode};
use crate::env::{CONSTANT, Symbol};
use crate::error::JitError;

/// Flags of an access to what is always there.
pub(crate) const TRUSTED: MemFlagsData = MemFlagsData::trusted();

/// The entry block and the function's parameters.
pub(crate) fn enter(builder: &mut FunctionBuilder<'_>) -> Vec<Value> {
    let entry = builder.create_block();
    builder.append_block_params_for_function_params(entry);
    builder.switch_to_block(entry);
    builder.block_params(entry).to_vec()
}

/// An empty function.
pub(crate) fn function(sig: Signature) -> Function {
    Function::with_name_signature(UserFuncName::default(), sig)
}

/// Loads values of these types from consecutive slots.
pub(crate) fn load_slots(
    builder: &mut FunctionBuilder<'_>,
    types: &[Type],
    base: Value,
) -> Vec<Value> {
    let mut offset = 0;
    types
        .iter()
        .map(|&ty| {
            // A vector's slots are aligned like any other.
            let flags = MemFlagsData::new().with_notrap();
            let value = builder.ins().load(ty, flags, base, offset);
            offset += 8 * slots(ty) as i32;
            value
        })
        .collect()
}

/// Stores values into consecutive slots, whole ones: who reads a slot as 64 bits that
/// was written as 32 waits for the cache.
pub(crate) fn store_slots(builder: &mut FunctionBuilder<'_>, values: &[Value], base: Value) {
    let mut offset = 0;
    for &value in values {
        let ty = builder.func.dfg.value_type(value);
        let value = match ty {
            types::I32 => builder.ins().uextend(types::I64, value),
            _ => value,
        };
        let flags = MemFlagsData::new().with_notrap();
        builder.ins().store(flags, value, base, offset);
        offset += 8 * slots(ty) as i32;
    }
}

/// Where the guest left: the return address into the caller and its frame
/// pointer.
pub(crate) fn caller(builder: &mut FunctionBuilder<'_>) -> (Value, Value) {
    let pc = builder.ins().get_return_address(PTR);
    let own = builder.ins().get_frame_pointer(PTR);
    // Frame pointers are kept: the word at one is the caller's.
    let fp = builder.ins().load(PTR, TRUSTED, own, 0);
    (pc, fp)
}

/// Ends a stub with a call of [`unwind::raise`]. The linker puts its address in, so
/// that the stub is the same in every process.
pub(crate) fn raise(builder: &mut FunctionBuilder<'_>, store: Value, trap: Value) {
    let signature = builder.import_signature(host(&[PTR, types::I64], &[]));
    let name = builder.func.declare_imported_user_function(Symbol::Raise.name());
    let callee = builder.import_function(ExtFuncData {
        name: ExternalName::user(name),
        signature,
        colocated: false,
        patchable: false,
    });
    builder.ins().call(callee, &[store, trap]);
    // `raise` does not return.
    builder.ins().trap(TrapCode::unwrap_user(1));
}

/// The stub of [`guarded_sig`]: the arguments are in slots.
pub(crate) fn trampoline(
    compiler: &mut Compiler,
    isa: &dyn TargetIsa,
    shape: &Shape,
) -> Result<FuncCode, JitError> {
    compiler.stub(isa, function(guarded_sig()), |builder| {
        let params = enter(builder);
        let (native, cx, slots) = (params[0], params[1], params[2]);
        let mut args = vec![cx];
        args.extend(load_slots(builder, &shape.params, slots));
        let callee = builder.import_signature(shape.native());
        let call = builder.ins().call_indirect(callee, native, &args);
        let results = builder.inst_results(call).to_vec();
        store_slots(builder, &results, slots);
        let returned = builder.ins().iconst(types::I32, 0);
        builder.ins().return_(&[returned]);
    })
}

/// The stub of [`guarded_sig`] that enters the only function of the block, which begins
/// at a loop and takes over a frame.
pub(crate) fn osr_entry(
    compiler: &mut Compiler,
    isa: &dyn TargetIsa,
) -> Result<FuncCode, JitError> {
    compiler.stub(isa, function(guarded_sig()), |builder| {
        let params = enter(builder);
        let signature = builder.import_signature(osr());
        let first = Symbol::Defined(0).name();
        let name = builder.func.declare_imported_user_function(first);
        let callee = builder.import_function(ExtFuncData {
            name: ExternalName::user(name),
            signature,
            colocated: true,
            patchable: false,
        });
        builder.ins().call(callee, &params[1..]);
        let returned = builder.ins().iconst(types::I32, 0);
        builder.ins().return_(&[returned]);
    })
}

/// The native entry of host functions of this shape.
pub(crate) fn host_thunk(
    compiler: &mut Compiler,
    isa: &dyn TargetIsa,
    shape: &Shape,
) -> Result<FuncCode, JitError> {
    compiler.stub(isa, function(shape.native()), |builder| {
        let params = enter(builder);
        let func_ref = params[0];
        let size = 8 * shape.call_slots();
        let data = StackSlotData::new(StackSlotKind::ExplicitSlot, size, 3);
        let slots = builder.create_sized_stack_slot(data);
        let slots = builder.ins().stack_addr(PTR, slots, 0);
        store_slots(builder, &params[1..], slots);
        let cx = builder.ins().load(PTR, TRUSTED, func_ref, FUNC_REF_CALLER);
        let store = leave(builder, cx);
        let code = builder.ins().load(PTR, TRUSTED, func_ref, FUNC_REF_CODE);
        let array = builder.ins().load(PTR, TRUSTED, code, CODE_ARRAY);
        let callee = builder.import_signature(host(&[PTR, PTR, PTR], &[types::I32]));
        let call = builder.ins().call_indirect(callee, array, &[store, func_ref, slots]);
        let outcome = builder.inst_results(call)[0];
        raise_if(builder, outcome, store);
        let results = load_slots(builder, &shape.results, slots);
        builder.ins().return_(&results);
    })
}

/// The native entry of host functions of this shape that take registers: see
/// [`bimetal_runtime::abi::RegisterCall`]. Its frame tells where the guest left.
pub(crate) fn register_thunk(
    compiler: &mut Compiler,
    isa: &dyn TargetIsa,
    shape: &Shape,
) -> Result<FuncCode, JitError> {
    compiler.stub(isa, function(shape.native()), |builder| {
        let params = enter(builder);
        let func_ref = params[0];
        let left = builder.ins().get_frame_pointer(PTR);
        let mut args = vec![func_ref, left];
        args.extend(params[1..].iter().map(|&param| to_bits(builder, param)));
        let types: Vec<Type> = args.iter().map(|&arg| builder.func.dfg.value_type(arg)).collect();
        let code = builder.ins().load(PTR, TRUSTED, func_ref, FUNC_REF_CODE);
        let entry = builder.ins().load(PTR, TRUSTED, code, CODE_REGISTERS);
        let callee = builder.import_signature(host(&types, &[types::I64, PTR]));
        let call = builder.ins().call_indirect(callee, entry, &args);
        let (value, store) = {
            let results = builder.inst_results(call);
            (results[0], results[1])
        };
        raise_if(builder, store, store);
        let results = shape.results.iter().map(|&ty| from_bits(builder, ty, value));
        let results: Vec<Value> = results.collect();
        builder.ins().return_(&results);
    })
}

/// Unwinds for what is pending in the store if the value is not zero.
fn raise_if(builder: &mut FunctionBuilder<'_>, value: Value, store: Value) {
    let [unwound, done] = [(); 2].map(|()| builder.create_block());
    builder.set_cold_block(unwound);
    builder.ins().brif(value, unwound, &[], done, &[]);
    builder.switch_to_block(unwound);
    let pending = builder.ins().iconst(types::I64, 0);
    raise(builder, store, pending);
    builder.switch_to_block(done);
}

/// A number in an integer register.
fn to_bits(builder: &mut FunctionBuilder<'_>, value: Value) -> Value {
    let ty = builder.func.dfg.value_type(value);
    if ty.is_int() { value } else { builder.ins().bitcast(ty.as_int(), MemFlagsData::new(), value) }
}

/// A number of this type that came in an integer register.
fn from_bits(builder: &mut FunctionBuilder<'_>, ty: Type, bits: Value) -> Value {
    let bits = match ty.bits() {
        32 => builder.ins().ireduce(types::I32, bits),
        _ => bits,
    };
    if ty.is_int() { bits } else { builder.ins().bitcast(ty, MemFlagsData::new(), bits) }
}

/// Notes in the running activation where the guest left; its store.
fn leave(builder: &mut FunctionBuilder<'_>, cx: Value) -> Value {
    let (pc, fp) = caller(builder);
    let store = builder.ins().load(PTR, CONSTANT, cx, CX_STORE);
    let activation = builder.ins().load(PTR, TRUSTED, store, STORE_ACTIVATION);
    builder.ins().store(TRUSTED, pc, activation, ACTIVATION_EXIT_PC);
    builder.ins().store(TRUSTED, fp, activation, ACTIVATION_EXIT_FP);
    store
}

/// The stub of [`crate::abi::slow_call`].
pub(crate) fn slow_call(
    compiler: &mut Compiler,
    isa: &dyn TargetIsa,
) -> Result<FuncCode, JitError> {
    compiler.stub(isa, function(slow_call_sig()), |builder| {
        let params = enter(builder);
        let (cx, address) = (params[0], params[1]);
        let store = leave(builder, cx);
        let callee = builder.import_signature(builtin());
        let mut args = vec![cx];
        args.extend_from_slice(&params[2..]);
        let call = builder.ins().call_indirect(callee, address, &args);
        let (value, trap) = {
            let results = builder.inst_results(call);
            (results[0], results[1])
        };
        let failed = builder.create_block();
        let done = builder.create_block();
        builder.set_cold_block(failed);
        builder.ins().brif(trap, failed, &[], done, &[]);
        builder.switch_to_block(done);
        builder.ins().return_(&[value]);
        builder.switch_to_block(failed);
        raise(builder, store, trap);
    })
}

/// The stub of [`crate::abi::run_call`].
pub(crate) fn run_call(compiler: &mut Compiler, isa: &dyn TargetIsa) -> Result<FuncCode, JitError> {
    compiler.stub(isa, function(run_call_sig()), |builder| {
        let params = enter(builder);
        let (cx, words) = (params[0], params[1]);
        let callee = builder.import_signature(builtin());
        let [address, imm, a, b, c] = std::array::from_fn::<_, RUN_CALL_WORDS, _>(|position| {
            let offset = position as i32 * PTR.bytes() as i32;
            builder.ins().load(PTR, TRUSTED, words, offset)
        });
        let call = builder.ins().call_indirect(callee, address, &[cx, imm, a, b, c]);
        let value = builder.inst_results(call)[0];
        builder.ins().store(TRUSTED, value, words, 0);
        builder.ins().return_(&[]);
    })
}

/// The stub of [`crate::abi::throw`].
pub(crate) fn throw(compiler: &mut Compiler, isa: &dyn TargetIsa) -> Result<FuncCode, JitError> {
    compiler.stub(isa, function(throw_sig()), |builder| {
        let params = enter(builder);
        let (cx, address) = (params[0], params[1]);
        let store = leave(builder, cx);
        let callee = builder.import_signature(gc_builtin());
        let call = builder.ins().call_indirect(callee, address, &[cx, params[2], params[3]]);
        let trap = builder.inst_results(call)[1];
        raise(builder, store, trap);
    })
}
