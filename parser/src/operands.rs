//! How many operands a body passes in relation to its length: a limit.
//!
//! A call of two bytes may take a thousand arguments and give a thousand results,
//! and so may a branch or the beginning of a block; in unreachable code the
//! arguments need not even be there. Two hundred kilobytes of that cost every reader
//! of the body seconds and hundreds of megabytes. In real code each operand that is
//! passed was made by an instruction of its own, so that there is about one for each
//! byte.

use bimetal_core::types::{CompositeType, SubType};
use wasmparser::{
    FrameStack, FuncValidator, FunctionBody, ModuleArity, Operator, ValidatorResources,
};

use crate::error::{Error, ErrorKind};

/// The operands that a body may pass, whatever its length.
const BASE: u64 = 20_000;

/// The operands that a body may pass besides for each of its bytes.
const PER_BYTE: u64 = 64;

/// An instruction of a type with fewer operands than these stays within the limit
/// in any number.
const FEW: usize = 32;

/// The limit for a body of this length.
const fn limit(bytes: usize) -> u64 {
    BASE + PER_BYTE * bytes as u64
}

/// Whether the module has types by which a short instruction passes many operands.
pub(crate) fn are_many(types: &[SubType]) -> bool {
    types.iter().any(|ty| match &ty.composite {
        CompositeType::Func(ty) => ty.params.len() + ty.results.len() > FEW,
        CompositeType::Struct(fields) => fields.len() > FEW,
        // `array.new_fixed` takes any number.
        CompositeType::Array(_) => true,
    })
}

/// Validates a body as [`FuncValidator::validate`] does, up to the instruction that
/// goes beyond the limit.
pub(crate) fn validate(
    validator: &mut FuncValidator<ValidatorResources>,
    body: &FunctionBody<'_>,
    func: u32,
) -> Result<(), Error> {
    let fault = |error| Error::in_body(error, body, func);
    let mut reader = body.get_binary_reader();
    validator.read_locals(&mut reader).map_err(fault)?;
    reader.set_features(*validator.features());
    let limit = limit(body.as_bytes().len());
    let mut passed = 0u64;
    while !reader.eof() {
        let offset = reader.original_position();
        let mut visitor = validator.visitor(offset);
        let op = reader.peek_operator(&visitor).map_err(fault)?;
        passed = passed.saturating_add(operands(&op, &visitor));
        if passed > limit {
            let message = format!("instructions of this body pass more than {limit} operands");
            return Err(Error::new(ErrorKind::Limit, message, Some(offset)).in_func(func));
        }
        reader.visit_operator(&mut visitor).map_err(fault)?.map_err(fault)?;
    }
    reader.finish_expression(&validator.visitor(reader.original_position())).map_err(fault)
}

/// How many operands an instruction takes and gives; none if that cannot be told,
/// because it is not valid.
fn operands(op: &Operator<'_>, module: &(impl ModuleArity + FrameStack)) -> u64 {
    let Some((params, results)) = op.operator_arity(module) else { return 0 };
    let arity = u64::from(params) + u64::from(results);
    match op {
        // Each target takes the operands.
        Operator::BrTable { targets } => arity * (u64::from(targets.len()) + 1),
        Operator::TryTable { try_table } => try_table.catches.iter().fold(arity, |sum, catch| {
            let (wasmparser::Catch::One { tag, .. } | wasmparser::Catch::OneRef { tag, .. }) =
                catch
            else {
                return sum;
            };
            sum + module.tag_type_arity(*tag).map_or(0, |(params, _)| u64::from(params))
        }),
        _ => arity,
    }
}
