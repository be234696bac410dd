//! Functions that begin at the header of a loop, with the locals and operands of an
//! interpreter's frame: on-stack replacement.
//!
//! The whole function is translated. What normally begins it is a block that
//! nothing leads to; the function's entry leads to the header instead. So the code
//! in front of the loop is gone unless an outer loop leads back to it, and the
//! header dominates all that remains.
//!
//! An operand below the loop has, behind it, the value from in front of the loop or
//! the one from the frame. So while structures are open that may turn out to contain
//! the loop, the operands below them are variables of the frontend as well, and
//! become operands again where such a structure ends.

use bimetal_core::types::{FuncType, ValType};
use bimetal_parser::walk::{BlockType, Callee, FuncInfo, Operand, Stack};
use bimetal_runtime::layout::{
    CODE_SLOT_SIZE, CX_CODE, FUNC_REF_CODE, OSR_CALLEE, OSR_FUNC, OSR_PARAMS, OSR_RESULTS,
    OSR_SLOTS,
};
use bimetal_runtime::osr::{MAX_SLOTS, frame_slot};
use cranelift_codegen::ir::{Block, InstBuilder, MemFlagsData, Type, Value, types};
use cranelift_frontend::Variable;

use super::Lower;
use crate::abi::{PTR, clif_type};
use crate::budget::MAX_PARKED;
use crate::stub::store_slots;

/// Flags of an access to a frame and to what describes it.
const FRAME: MemFlagsData = MemFlagsData::new().with_notrap();

/// The state of such a translation.
pub(super) struct Osr {
    /// The loop at whose header the function begins.
    number: u32,
    /// The address of the [`bimetal_runtime::osr::OsrFrame`].
    frame: Value,
    /// The slots of the function's parameters.
    params: u32,
    /// The canonical slot and the type of each local.
    locals: Vec<(u32, ValType)>,
    /// The variable of each operand that is one as well, bottom first.
    parked: Vec<Parked>,
    /// How many operands lie below each open structure that contains the loop, or
    /// may do so: outermost first.
    heights: Vec<usize>,
    /// Whether the loop has been found.
    found: bool,
    /// How many structures are open that began behind the header.
    inner: usize,
    /// How many operands were made variables.
    work: usize,
}

/// A variable that stands for an operand.
#[derive(Clone, Copy)]
struct Parked {
    variable: Variable,
    ty: Type,
    collected: bool,
}

impl Osr {
    pub(super) fn new(number: u32) -> Osr {
        Osr {
            number,
            frame: Value::from_u32(0),
            params: 0,
            locals: Vec::new(),
            parked: Vec::new(),
            heights: Vec::new(),
            found: false,
            inner: 0,
            work: 0,
        }
    }

    /// Whether the loop has been found: what comes now is reached.
    pub(super) fn is_found(&self) -> bool {
        self.found
    }

    /// How many operands lie below the innermost structure of `heights`.
    fn height(&self) -> usize {
        self.heights.last().copied().unwrap_or(0)
    }
}

impl Lower<'_> {
    /// Leaves the entry, whose code is known once the loop is, for the code that
    /// begins the function.
    pub(super) fn begin_osr(&mut self, info: &FuncInfo<'_>) {
        let Some(osr) = &mut self.body.osr else { return };
        osr.frame = self.builder.block_params(self.entry)[1];
        osr.params = info.ty.param_slots();
        osr.locals = info.local_slots.iter().copied().zip(info.locals.iter().copied()).collect();
        // The first block of all, though its instructions come later.
        self.builder.func.layout.append_block(self.entry);
        let beginning = self.builder.create_block();
        self.builder.switch_to_block(beginning);
        self.builder.seal_block(beginning);
    }

    /// A structure of this type begins: what may have to be an operand again behind
    /// it becomes a variable.
    pub(super) fn open(&mut self, stack: &Stack<Value>, ty: BlockType) {
        let params = ty.params(self.env.module).len();
        let Some(osr) = &mut self.body.osr else { return };
        if osr.found {
            osr.inner += 1;
            return;
        }
        let from = osr.height();
        osr.heights.push(stack.len() - params);
        osr.work += stack.len() - from;
        if osr.work > MAX_PARKED {
            return self.refuse("too many operands below structures");
        }
        for (index, &operand) in stack.all().iter().enumerate().skip(from) {
            let variable = self.parking(index, operand);
            self.builder.def_var(variable, operand.value);
        }
    }

    /// The variable that stands for an operand at this position.
    fn parking(&mut self, index: usize, operand: Operand<Value>) -> Variable {
        let collected = self.env.module.is_collected(operand.ty);
        let ty = clif_type(operand.ty);
        let Some(osr) = &mut self.body.osr else { return Variable::from_u32(0) };
        match osr.parked.get(index) {
            Some(known) if known.ty == ty && known.collected == collected => known.variable,
            _ => {
                let variable = self.builder.declare_var(ty);
                if collected {
                    self.builder.declare_var_needs_stack_map(variable);
                    self.collected_locals += 1;
                }
                // Operands above are made variables again with every structure.
                osr.parked.truncate(index);
                osr.parked.push(Parked { variable, ty, collected });
                variable
            }
        }
    }

    /// The header of a loop comes next, and [`Lower::open`] has been called for it.
    pub(super) fn enter_loop(&mut self, stack: &mut Stack<Value>, number: u32) {
        let Some(osr) = &mut self.body.osr else { return };
        if osr.number != number || osr.found {
            return;
        }
        osr.found = true;
        self.bounds.forget();
        let header = self.builder.create_block();
        self.builder.ins().jump(header, &[]);
        self.load_frame(stack, header);
        self.continue_in(header);
        self.refresh(stack, 0, stack.len());
    }

    /// The function's entry: loads what lives at the header.
    fn load_frame(&mut self, stack: &Stack<Value>, header: Block) {
        let Some(osr) = &self.body.osr else { return };
        let (frame, params) = (osr.frame, osr.params);
        let locals = self.body.locals.iter().zip(&osr.locals);
        let locals = locals.map(|(&variable, &(slot, ty))| (variable, slot, clif_type(ty)));
        let operands = stack.all().iter().zip(&osr.parked);
        let operands = operands.map(|(operand, parked)| (parked.variable, operand.slot, parked.ty));
        let values: Vec<(Variable, u32, Type)> = locals.chain(operands).collect();
        self.builder.switch_to_block(self.entry);
        let slots = self.builder.ins().load(PTR, FRAME, frame, OSR_SLOTS);
        for (variable, slot, ty) in values {
            let offset = 8 * frame_slot(params, slot) as i32;
            let value = self.builder.ins().load(ty, FRAME, slots, offset);
            self.builder.def_var(variable, value);
        }
        self.builder.ins().jump(header, &[]);
    }

    /// Operands in this range have the values that they have in the current block.
    fn refresh(&mut self, stack: &mut Stack<Value>, from: usize, to: usize) {
        let Some(osr) = &self.body.osr else { return };
        if self.refused.is_some() {
            return;
        }
        let operands = stack.all_mut().iter_mut().zip(&osr.parked);
        for (operand, parked) in operands.take(to).skip(from) {
            operand.value = self.builder.use_var(parked.variable);
        }
    }

    /// The second arm of the innermost structure begins.
    pub(super) fn refresh_else(&mut self, stack: &mut Stack<Value>) {
        let Some(osr) = &self.body.osr else { return };
        if osr.found && osr.inner == 0 {
            let to = osr.height();
            let below = osr.heights.len().checked_sub(2).map_or(0, |index| osr.heights[index]);
            self.refresh(stack, below, to);
        }
    }

    /// The innermost structure ended, and the current block is behind it, if
    /// `reached`.
    pub(super) fn close(&mut self, stack: &mut Stack<Value>, reached: bool) {
        let Some(osr) = &mut self.body.osr else { return };
        if let Some(inner) = osr.inner.checked_sub(1) {
            osr.inner = inner;
            return;
        }
        let to = osr.heights.pop().unwrap_or(0);
        let from = osr.height();
        if osr.found && reached {
            self.refresh(stack, from, to);
        }
    }

    /// Whether the function began at a loop: then its results go to the frame.
    pub(super) fn return_to_frame(&mut self, results: &[Value]) -> bool {
        let Some(osr) = &self.body.osr else { return false };
        let slots = self.builder.ins().load(PTR, FRAME, osr.frame, OSR_SLOTS);
        store_slots(&mut self.builder, results, slots);
        self.builder.ins().return_(&[]);
        true
    }

    /// Whether the function began at a loop: then a tail call is left to the
    /// interpreter, whose frame takes the arguments.
    pub(super) fn tail_call_in_frame(
        &mut self,
        stack: &Stack<Value>,
        callee: Callee<Value>,
        ty: &FuncType,
    ) -> bool {
        let Some(osr) = &self.body.osr else { return false };
        let frame = osr.frame;
        let args = self.arguments(stack, ty);
        let (code, record) = match callee {
            Callee::Direct(func) if let Some(defined) = self.env.defined(func) => {
                (self.own_code(defined), self.builder.ins().iconst(PTR, 0))
            }
            callee => {
                let record = self.record(callee);
                (self.builder.ins().load(PTR, FRAME, record, FUNC_REF_CODE), record)
            }
        };
        let slots = self.builder.ins().load(PTR, FRAME, frame, OSR_SLOTS);
        store_slots(&mut self.builder, &args[1..], slots);
        let params = self.builder.ins().iconst(types::I32, i64::from(ty.param_slots()));
        let results = self.builder.ins().iconst(types::I32, i64::from(ty.result_slots()));
        for (value, offset) in
            [(code, OSR_CALLEE), (record, OSR_FUNC), (params, OSR_PARAMS), (results, OSR_RESULTS)]
        {
            self.builder.ins().store(FRAME, value, frame, offset);
        }
        self.builder.ins().return_(&[]);
        true
    }

    /// The code slot of a function that the module defines.
    pub(super) fn own_code(&mut self, defined: u32) -> Value {
        let slots = self.cx_constant(PTR, CX_CODE);
        self.builder.ins().iadd_imm_s(slots, i64::from(defined) * i64::from(CODE_SLOT_SIZE))
    }

    /// Refuses what cannot begin at a loop, once all of the function is known.
    pub(super) fn check_osr(&mut self, frame_slots: u32) {
        match &self.body.osr {
            Some(osr) if !osr.found => self.refuse("no such loop can be reached"),
            Some(_) if frame_slots > MAX_SLOTS => self.refuse("the frame is too large"),
            _ => {}
        }
    }
}
