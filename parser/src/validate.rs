//! Validation of function bodies: all at once on all cores, or each at first use.

use rayon::prelude::*;
use wasmparser::{
    FuncToValidate, FuncValidatorAllocations, FunctionBody, ValidatorResources, WasmFeatures,
};

use crate::error::{Error, ErrorKind};
use crate::module::Module;
use crate::once_table::OnceTable;
use crate::operands;

/// Modules with less code than this are validated on the calling thread.
const PARALLEL_CODE_BYTES: usize = 64 << 10;

/// What every tier implements: see [`crate::Features`].
///
/// WebAssembly 2.0, relaxed vector instructions, extended constant expressions,
/// several memories, 64-bit memories and tables, custom page sizes, wide
/// arithmetic, typed function references, tail calls, garbage collection,
/// exceptions and threads.
pub const fn features() -> WasmFeatures {
    WasmFeatures::MUTABLE_GLOBAL
        .union(WasmFeatures::SATURATING_FLOAT_TO_INT)
        .union(WasmFeatures::SIGN_EXTENSION)
        .union(WasmFeatures::MULTI_VALUE)
        // Includes the table index of `call_indirect` as an LEB128 number.
        .union(WasmFeatures::REFERENCE_TYPES)
        // Includes `memory.copy` and `memory.fill`.
        .union(WasmFeatures::BULK_MEMORY)
        .union(WasmFeatures::FLOATS)
        // `externref`: the flag gates every type that needs a collector elsewhere.
        .union(WasmFeatures::GC_TYPES)
        .union(WasmFeatures::EXTENDED_CONST)
        .union(WasmFeatures::MULTI_MEMORY)
        .union(WasmFeatures::SIMD)
        .union(WasmFeatures::RELAXED_SIMD)
        // Includes 64-bit tables.
        .union(WasmFeatures::MEMORY64)
        .union(WasmFeatures::CUSTOM_PAGE_SIZES)
        .union(WasmFeatures::WIDE_ARITHMETIC)
        .union(WasmFeatures::FUNCTION_REFERENCES)
        .union(WasmFeatures::TAIL_CALL)
        .union(WasmFeatures::GC)
        .union(WasmFeatures::EXCEPTIONS)
        .union(WasmFeatures::THREADS)
}

/// What is left to validate: nothing, unless the module was loaded lazily.
#[derive(Debug, Default)]
pub struct BodyValidation(Option<Pending>);

#[derive(Debug)]
struct Pending {
    resources: ValidatorResources,
    /// By defined function.
    outcomes: OnceTable<Result<(), Error>>,
}

impl BodyValidation {
    /// Every one of `bodies` is still to be validated.
    pub(crate) fn pending(resources: ValidatorResources, bodies: usize) -> BodyValidation {
        BodyValidation(Some(Pending { resources, outcomes: OnceTable::new(bodies) }))
    }
}

impl Module {
    /// Validates the body of the function at this position among the defined
    /// ones, unless that has been done. Threads that ask for the same function
    /// wait for one outcome.
    ///
    /// # Errors
    /// If the body is malformed or invalid: the same error at every call.
    pub fn ensure_valid(&self, defined: usize) -> Result<(), Error> {
        let Some(Pending { resources, outcomes }) = &self.validation.0 else { return Ok(()) };
        if defined >= outcomes.len() {
            return Err(Error::new(ErrorKind::Invalid, "no such function body", None));
        }
        let validate = || {
            let mut allocations = FuncValidatorAllocations::default();
            self.validate_body(defined, resources, &mut allocations)
        };
        outcomes.get_or_init(defined, validate).clone()
    }

    /// Validates every body: in parallel where there is enough to do.
    ///
    /// # Errors
    /// The fault with the lowest offset, whichever thread finds it.
    pub(crate) fn validate_all(&self, resources: &ValidatorResources) -> Result<(), Error> {
        let code: usize = self.bodies.iter().map(|body| body.range.len()).sum();
        if code < PARALLEL_CODE_BYTES {
            let mut allocations = FuncValidatorAllocations::default();
            return (0..self.bodies.len())
                .try_for_each(|defined| self.validate_body(defined, resources, &mut allocations));
        }
        let fault = (0..self.bodies.len())
            .into_par_iter()
            .with_min_len(8)
            .map_init(FuncValidatorAllocations::default, |allocations, defined| {
                self.validate_body(defined, resources, allocations)
            })
            .filter_map(Result::err)
            .min_by_key(Error::offset);
        fault.map_or(Ok(()), Err)
    }

    fn validate_body(
        &self,
        defined: usize,
        resources: &ValidatorResources,
        allocations: &mut FuncValidatorAllocations,
    ) -> Result<(), Error> {
        let func = self.func_at(defined);
        let to_validate = FuncToValidate {
            resources: resources.clone(),
            index: func.0,
            ty: self.funcs[func.index()].0,
            features: self.features.get(),
        };
        let range = self.bodies[defined].range.clone();
        let reader = wasmparser::BinaryReader::new_features(
            &self.bytes[range.clone()],
            range.start as u64,
            self.features.get(),
        );
        let body = FunctionBody::new(reader);
        let mut validator = to_validate.into_validator(std::mem::take(allocations));
        let outcome = match self.counts_operands {
            true => operands::validate(&mut validator, &body, func.0),
            false => {
                let outcome = validator.validate(&body);
                outcome.map_err(|error| Error::in_body(error, &body, func.0))
            }
        };
        *allocations = validator.into_allocations();
        outcome
    }
}
