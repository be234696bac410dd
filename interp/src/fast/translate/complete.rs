//! The beginning and the end of the first step.

use bimetal_core::types::ValType;
use bimetal_parser::walk::FuncInfo;
use bimetal_parser::{Error, ErrorKind};

use super::Translator;
use super::backend::NONE;
use super::ir::{Ir, Label, Op};
use super::zero::ZeroLocals;

/// The most slots that a function may have: far more than any value stack.
const MAX_SLOTS: u32 = 1 << 28;

/// The slots of locals of some types, if there are loops in which they may be used.
fn locals(of: [ValType; 2], loops: &[(Label, u32)], types: &[ValType], slots: &[u32]) -> Vec<u32> {
    let found = types.iter().zip(slots).filter(|(ty, _)| !loops.is_empty() && of.contains(ty));
    found.map(|(_, &slot)| slot).collect()
}

impl Translator<'_> {
    /// Takes note of the function's locals.
    pub(super) fn start(&mut self, info: &FuncInfo<'_>) {
        self.pending = vec![(0, 0); info.locals.len()];
        self.results = info.ty.results.len();
        self.local_slots = info.local_slots.to_vec();
        self.local_types = info.locals.to_vec();
        self.zero = ZeroLocals::new(info.locals, info.ty.params.len());
    }

    /// The function's instructions, once all of them are there.
    pub(super) fn complete(mut self, info: &FuncInfo<'_>, frame_slots: u32) -> Result<Ir, Error> {
        if frame_slots > MAX_SLOTS {
            let message = format!("a frame of {frame_slots} slots is too large");
            return Err(Error::new(ErrorKind::Limit, message, None).in_func(info.func.0));
        }
        // Whatever the code is, running past its end is impossible.
        self.emit(Op::Unreachable, NONE, 0);
        let locals_of = |of| locals(of, &self.loops, &self.local_types, &self.local_slots);
        Ok(Ir {
            roots: self
                .listener
                .map(|listener| listener.finish(self.module, &self.local_types, &self.local_slots)),
            zero: self.zero.runs(&self.local_slots, &self.local_types),
            insts: self.insts,
            labels: self.labels,
            targets: self.targets,
            vectors: self.vectors,
            try_tables: self.try_tables,
            floats: locals_of([ValType::F32, ValType::F64]),
            ints: locals_of([ValType::I32, ValType::I64]),
            loops: self.loops,
            rotated: self.rotated,
            skips: self.skips,
            params: info.ty.param_slots(),
            results: info.ty.result_slots(),
            slots: frame_slots.max(self.catch_slots),
        })
    }
}
