//! The head of a function body: its locals and their canonical slots.

use bimetal_core::index::FuncIdx;
use bimetal_core::types::{FuncType, ValType};
use wasmparser::{BinaryReader, BinaryReaderError, FunctionBody, OperatorsReader};

use crate::error::{Error, ErrorKind};
use crate::module::Module;
use crate::types::val_type;

/// The locals of a function and the operators behind them.
pub(super) struct Locals<'a> {
    pub(super) types: Vec<ValType>,
    pub(super) slots: Vec<u32>,
    pub(super) end_slot: u32,
    pub(super) operators: OperatorsReader<'a>,
}

impl<'a> Locals<'a> {
    /// Reads the declarations of a validated body: validation bounds their number.
    pub(super) fn read(
        module: &'a Module,
        defined: usize,
        ty: &FuncType,
    ) -> Result<Locals<'a>, Error> {
        let func = module.func_at(defined);
        let range = module.bodies[defined].range.clone();
        let start = range.start as u64;
        let body = FunctionBody::new(BinaryReader::new(&module.bytes[range], start));
        let fail = |error: BinaryReaderError| decode_error(&error, func);
        let mut types = ty.params.to_vec();
        let mut reader = body.get_locals_reader().map_err(fail)?;
        for _ in 0..reader.get_count() {
            let (count, ty) = reader.read().map_err(fail)?;
            let ty = val_type(ty, reader.original_position())?;
            types.extend(std::iter::repeat_n(ty, count as usize));
        }
        let operators = OperatorsReader::new(reader.get_binary_reader());
        let mut end_slot = 0;
        let slots = types
            .iter()
            .map(|ty| {
                let slot = end_slot;
                end_slot += ty.slots();
                slot
            })
            .collect();
        Ok(Locals { types, slots, end_slot, operators })
    }
}

impl Module {
    /// How many locals a defined function declares besides its parameters; as many as
    /// can be read of a body that is not valid.
    pub fn declared_locals(&self, defined: usize) -> u64 {
        let range = self.bodies[defined].range.clone();
        let start = range.start as u64;
        let body = FunctionBody::new(BinaryReader::new(&self.bytes[range], start));
        let declarations = body.get_locals_reader().into_iter().flatten();
        declarations.map_while(Result::ok).map(|(count, _)| u64::from(count)).sum()
    }
}

/// A decoding fault inside a function.
pub(super) fn decode_error(error: &BinaryReaderError, func: FuncIdx) -> Error {
    Error::new(ErrorKind::Malformed, error.message(), Some(error.offset())).in_func(func.0)
}
