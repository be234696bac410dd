//! Code between the tiers, one piece per signature.
//!
//! - A *bridge* leads from a native call to the fast interpreter: it puts its
//!   arguments on the value stack and takes the results from there.
//! - A *tail trampoline* takes arguments from slots and goes on to a native entry in
//!   its own place: what a bridge does when the interpreted function ends in a tail
//!   call of a compiled one.

use bimetal_core::trap::TrapCode as GuestTrap;
use bimetal_runtime::abi::{InterpCall, Outcome};
use bimetal_runtime::layout::{
    ACTIVATION_EXIT_FP, ACTIVATION_EXIT_PC, CODE_NATIVE, CODE_TRAMPOLINE, CX_STORE,
    STORE_ACTIVATION, STORE_CALLEE, STORE_TAIL_CODE, STORE_TAIL_CX, STORE_VALUES_END,
    STORE_VALUES_TOP,
};
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{Block, InstBuilder, Value, types};
use cranelift_codegen::isa::TargetIsa;
use cranelift_frontend::FunctionBuilder;

use crate::abi::{PTR, Shape, host};
use crate::compile::{Compiler, FuncCode};
use crate::env::CONSTANT;
use crate::error::JitError;
use crate::stub::{TRUSTED, caller, enter, function, load_slots, raise, store_slots};
use crate::stubcache::Trampolines;

/// Slots that a frame of the interpreter has besides those of the call.
const HEADER_SLOTS: u32 = 2;

/// What a bridge keeps in hand.
struct Bridge {
    cx: Value,
    store: Value,
    slots: Value,
}

/// The native entry of interpreted functions of this shape, whose number stands in
/// [`bimetal_runtime::vmctx::VmStore::callee`].
pub(crate) fn bridge(
    compiler: &mut Compiler,
    isa: &dyn TargetIsa,
    shape: &Shape,
    interpreter: InterpCall,
) -> Result<FuncCode, JitError> {
    compiler.stub(isa, function(shape.native()), |builder| {
        let params = enter(builder);
        let cx = params[0];
        let store = builder.ins().load(PTR, CONSTANT, cx, CX_STORE);
        let index = builder.ins().load(types::I32, TRUSTED, store, STORE_CALLEE);
        let slots = builder.ins().load(PTR, TRUSTED, store, STORE_VALUES_TOP);
        let bridge = Bridge { cx, store, slots };
        let [overflow, go, done, ended] = [(); 4].map(|()| builder.create_block());
        [overflow, ended].into_iter().for_each(|block| builder.set_cold_block(block));
        bridge.record_exit(builder);
        bridge.check_room(builder, shape, overflow, go);
        builder.switch_to_block(go);
        store_slots(builder, &params[1..], slots);
        let outcome = bridge.run(builder, interpreter, index, shape.param_slots());
        builder.ins().brif(outcome, ended, &[], done, &[]);
        builder.switch_to_block(done);
        let results = load_slots(builder, &shape.results, slots);
        builder.ins().return_(&results);
        builder.switch_to_block(overflow);
        bridge.raise(builder, GuestTrap::StackOverflow as i64);
        builder.switch_to_block(ended);
        bridge.ended(builder, shape, outcome);
    })
}

impl Bridge {
    /// Says where the guest is left: at the call of the bridge.
    fn record_exit(&self, builder: &mut FunctionBuilder<'_>) {
        let (pc, fp) = caller(builder);
        let activation = builder.ins().load(PTR, TRUSTED, self.store, STORE_ACTIVATION);
        builder.ins().store(TRUSTED, pc, activation, ACTIVATION_EXIT_PC);
        builder.ins().store(TRUSTED, fp, activation, ACTIVATION_EXIT_FP);
    }

    /// Whether the value stack has room for the call.
    fn check_room(&self, builder: &mut FunctionBuilder<'_>, shape: &Shape, no: Block, yes: Block) {
        let end = builder.ins().load(PTR, TRUSTED, self.store, STORE_VALUES_END);
        let room = builder.ins().isub(end, self.slots);
        let needed = 8 * i64::from(shape.call_slots() + HEADER_SLOTS);
        let short = builder.ins().icmp_imm_s(IntCC::UnsignedLessThan, room, needed);
        builder.ins().brif(short, no, &[], yes, &[]);
    }

    fn run(
        &self,
        builder: &mut FunctionBuilder<'_>,
        interpreter: InterpCall,
        index: Value,
        params: u32,
    ) -> Value {
        let sig = host(&[PTR, types::I32, types::I32, PTR], &[types::I32]);
        let sig = builder.import_signature(sig);
        let address = builder.ins().iconst(PTR, interpreter as usize as i64);
        let params = builder.ins().iconst(types::I32, i64::from(params));
        let args = [self.cx, index, params, self.slots];
        let call = builder.ins().call_indirect(sig, address, &args);
        builder.inst_results(call)[0]
    }

    /// Unwinds at the call of the bridge.
    fn raise(&self, builder: &mut FunctionBuilder<'_>, code: i64) {
        let code = builder.ins().iconst(types::I64, code);
        raise(builder, self.store, code);
    }

    /// The interpreter did not return normally: goes on to the function that was
    /// tail called, or unwinds.
    fn ended(&self, builder: &mut FunctionBuilder<'_>, shape: &Shape, outcome: Value) {
        let [tail, failed] = [(); 2].map(|()| builder.create_block());
        let tail_call = i64::from(Outcome::TAIL.0);
        let is_tail = builder.ins().icmp_imm_s(IntCC::Equal, outcome, tail_call);
        builder.ins().brif(is_tail, tail, &[], failed, &[]);
        builder.switch_to_block(failed);
        self.raise(builder, 0);
        builder.switch_to_block(tail);
        let code = builder.ins().load(PTR, TRUSTED, self.store, STORE_TAIL_CODE);
        let cx = builder.ins().load(PTR, TRUSTED, self.store, STORE_TAIL_CX);
        let native = builder.ins().load(PTR, TRUSTED, code, CODE_NATIVE);
        let trampolines = builder.ins().load(PTR, TRUSTED, code, CODE_TRAMPOLINE);
        let tail = std::mem::offset_of!(Trampolines, tail) as i32;
        let trampoline = builder.ins().load(PTR, TRUSTED, trampolines, tail);
        let sig = builder.import_signature(shape.tail_trampoline());
        builder.ins().return_call_indirect(sig, trampoline, &[native, cx, self.slots]);
    }
}

/// The stub of [`Shape::tail_trampoline`].
pub(crate) fn tail_trampoline(
    compiler: &mut Compiler,
    isa: &dyn TargetIsa,
    shape: &Shape,
) -> Result<FuncCode, JitError> {
    compiler.stub(isa, function(shape.tail_trampoline()), |builder| {
        let params = enter(builder);
        let (native, cx, slots) = (params[0], params[1], params[2]);
        let mut args = vec![cx];
        args.extend(load_slots(builder, &shape.params, slots));
        let sig = builder.import_signature(shape.native());
        builder.ins().return_call_indirect(sig, native, &args);
    })
}
