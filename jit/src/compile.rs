//! One function at a time: from a body to relocatable machine code.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use bimetal_parser::walk::{WalkError, walk};
use cranelift_codegen::binemit::{CodeOffset, Reloc};
use cranelift_codegen::ir::{ExternalName, Function, LibCall};
use cranelift_codegen::isa::TargetIsa;
use cranelift_codegen::{CompiledCode, Context, FinalizedRelocTarget};
use cranelift_frontend::{FunctionBuilder, FunctionBuilderContext};

use crate::abi::trap_code;
use crate::budget::MAX_FRAME;
use crate::env::{ModuleEnv, Symbol};
use crate::error::JitError;
use crate::handlers::CallSite;
use crate::inline::Inlining;
use crate::isa::Isas;
use crate::lower::{Lower, Start};
use crate::place::Place;
use crate::skew;
use crate::stackmap::StackMaps;

/// The machine code of one function. All offsets count from its beginning.
#[derive(Clone, Debug)]
pub(crate) struct FuncCode {
    pub(crate) bytes: Vec<u8>,
    pub(crate) align: u32,
    /// Where in a line of code it should begin, if that matters: a multiple of `align`.
    pub(crate) skew: Option<u32>,
    pub(crate) relocs: Vec<Relocation>,
    /// Where the code may trap, and the number of the trap code: sorted.
    pub(crate) traps: Vec<(CodeOffset, u8)>,
    /// Ranges of code and the positions in the module that they come from:
    /// sorted and disjoint.
    pub(crate) positions: Vec<(CodeOffset, CodeOffset, u32)>,
    /// What positions stand for that are no byte offsets.
    pub(crate) places: Vec<Place>,
    /// Where the frame keeps references at calls.
    pub(crate) stack_maps: StackMaps,
    /// The calls inside a `try_table`: sorted.
    pub(crate) handlers: Vec<CallSite>,
    /// How long this took.
    pub(crate) compile_time: Duration,
}

/// A place in machine code that depends on where something else lies.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Relocation {
    pub(crate) offset: CodeOffset,
    pub(crate) kind: Reloc,
    pub(crate) addend: i64,
    pub(crate) target: Target,
}

/// What a relocation refers to.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Target {
    /// Code in the same block.
    Symbol(Symbol),
    /// A function that stands in for an instruction that the processor lacks.
    LibCall(LibCall),
    /// A place in the same function.
    Here(CodeOffset),
}

/// What is reused from one compilation to the next.
pub(crate) struct Compiler {
    pub(crate) context: Context,
    frontend: FunctionBuilderContext,
    /// What the function in the context has taken in.
    inlining: Inlining,
}

impl Compiler {
    pub(crate) fn new() -> Compiler {
        Compiler {
            context: Context::new(),
            frontend: FunctionBuilderContext::new(),
            inlining: Inlining::default(),
        }
    }

    /// Compiles a defined function of a module.
    ///
    /// # Errors
    /// If the body is invalid or beyond the limits of Cranelift. A panic inside
    /// Cranelift is an error too: no module may take the process down.
    pub(crate) fn function(
        &mut self,
        env: &ModuleEnv<'_>,
        isas: &Isas,
        defined: usize,
        start: Start,
    ) -> Result<FuncCode, JitError> {
        self.inlining = Inlining::new(env, defined, true);
        match self.attempt(env, isas, defined, start) {
            // It may not be too much without what it has taken in.
            Err(error) if self.inlining.any() && !error.is_invalid() => {
                self.inlining = Inlining::new(env, defined, false);
                self.attempt(env, isas, defined, start)
            }
            result => result,
        }
    }

    fn attempt(
        &mut self,
        env: &ModuleEnv<'_>,
        isas: &Isas,
        defined: usize,
        start: Start,
    ) -> Result<FuncCode, JitError> {
        self.guarded(env, defined, |compiler| {
            let begin = Instant::now();
            let ty = env.defined_type(defined);
            let declared = (ty.params.len() + ty.results.len()) as u64;
            env.budget.spend(declared + env.module.declared_locals(defined))?;
            compiler.lower(env, isas.full(), defined, start)?;
            let (insts, taken_in) =
                (compiler.context.func.dfg.num_insts(), compiler.inlining.bytes);
            env.budget.spend_beyond(insts as u64, taken_in)?;
            let code = compiler.machine_code(isas.of(&compiler.context.func))?;
            let frame = code.buffer.frame_layout().map_or(0, |frame| frame.frame_to_fp_offset);
            if frame > MAX_FRAME {
                return Err(JitError::new(format!("a call of it takes {frame} bytes of stack")));
            }
            let place = env.optimisations.place_loops;
            let skew = if place { skew::best(&code) } else { None };
            let mut code = FuncCode::new(&code, &compiler.context.func)?;
            let positions = code.positions.iter_mut().map(|range| &mut range.2);
            code.places = Place::retain(&compiler.inlining.places, positions);
            Ok(FuncCode { compile_time: begin.elapsed(), skew, ..code })
        })
    }

    /// Runs a step of a compilation so that it ends in a value, whatever happens.
    pub(crate) fn guarded<R>(
        &mut self,
        env: &ModuleEnv<'_>,
        defined: usize,
        step: impl FnOnce(&mut Compiler) -> Result<R, JitError>,
    ) -> Result<R, JitError> {
        let result = catch_unwind(AssertUnwindSafe(|| step(self))).unwrap_or_else(|_| {
            *self = Compiler::new();
            Err(JitError::new("the code generator failed"))
        });
        result.map_err(|error| {
            let func = env.module.func_at(defined);
            let start = env.module.bodies[defined].range.start as u32;
            error.at(start).in_func(func.0, env.module.func_name(func))
        })
    }

    /// Fills the context with the function's CLIF.
    pub(crate) fn translate(
        &mut self,
        env: &ModuleEnv<'_>,
        isa: &dyn TargetIsa,
        defined: usize,
        start: Start,
    ) -> Result<(), JitError> {
        self.inlining = Inlining::new(env, defined, true);
        self.lower(env, isa, defined, start)
    }

    /// The same with what may be taken in.
    fn lower(
        &mut self,
        env: &ModuleEnv<'_>,
        isa: &dyn TargetIsa,
        defined: usize,
        start: Start,
    ) -> Result<(), JitError> {
        self.context.clear();
        self.context.func = env.empty_func(defined, start);
        let builder = FunctionBuilder::new(&mut self.context.func, &mut self.frontend);
        let inlining = &mut self.inlining;
        let lower = Lower::new(builder, env, isa.frontend_config(), start, inlining);
        let result = walk(env.module, defined, lower);
        if result.is_err() {
            // An abandoned builder leaves its shared state half-used.
            self.frontend = FunctionBuilderContext::new();
        }
        result.map_err(|error| match error {
            WalkError::Module(error) => JitError::invalid(error.to_string()),
            WalkError::Backend(error) => error,
        })
    }

    /// Compiles the CLIF in the context.
    pub(crate) fn machine_code(&mut self, isa: &dyn TargetIsa) -> Result<CompiledCode, JitError> {
        self.context
            .compile(isa, &mut Default::default())
            .map_err(|error| JitError::new(format!("{:?}", error.inner)))?;
        self.context.take_compiled_code().ok_or_else(|| JitError::new("no code was generated"))
    }

    /// Compiles a function that was built by hand.
    pub(crate) fn stub(
        &mut self,
        isa: &dyn TargetIsa,
        func: Function,
        build: impl FnOnce(&mut FunctionBuilder<'_>),
    ) -> Result<FuncCode, JitError> {
        self.context.clear();
        self.context.func = func;
        let mut builder = FunctionBuilder::new(&mut self.context.func, &mut self.frontend);
        build(&mut builder);
        builder.seal_all_blocks();
        builder.finalize(isa.frontend_config());
        let code = self.machine_code(isa)?;
        FuncCode::new(&code, &self.context.func)
    }
}

impl FuncCode {
    /// Code that refers to nothing and of which nothing is known.
    pub(crate) fn plain(bytes: &[u8]) -> FuncCode {
        FuncCode {
            bytes: bytes.to_vec(),
            align: 1,
            skew: None,
            relocs: Vec::new(),
            traps: Vec::new(),
            positions: Vec::new(),
            places: Vec::new(),
            stack_maps: StackMaps::default(),
            handlers: Vec::new(),
            compile_time: Duration::ZERO,
        }
    }

    fn new(code: &CompiledCode, func: &Function) -> Result<FuncCode, JitError> {
        let buffer = &code.buffer;
        let trap = |code| trap_code(code).ok_or_else(|| JitError::new("an unknown trap code"));
        let mut traps = Vec::with_capacity(buffer.traps().len());
        for record in buffer.traps() {
            traps.push((record.offset, trap(record.code)? as u8));
        }
        traps.sort_unstable();
        let mut relocs = Vec::with_capacity(buffer.relocs().len());
        for reloc in buffer.relocs() {
            relocs.push(Relocation {
                offset: reloc.offset,
                kind: reloc.kind,
                addend: reloc.addend,
                target: target(&reloc.target, func)?,
            });
        }
        let mut stack_maps = StackMaps::default();
        for (offset, frame, map) in buffer.user_stack_maps() {
            stack_maps.push(*offset, map.entries().map(|(_, at)| frame - at));
        }
        let positions = buffer.get_srclocs_sorted().iter();
        Ok(FuncCode {
            bytes: buffer.data().to_vec(),
            align: buffer.alignment,
            skew: None,
            relocs,
            traps,
            handlers: CallSite::all(buffer)?,
            positions: positions
                .filter(|range| !range.loc.is_default())
                .map(|range| (range.start, range.end, range.loc.bits()))
                .collect(),
            places: Vec::new(),
            stack_maps,
            compile_time: Duration::ZERO,
        })
    }
}

fn target(target: &FinalizedRelocTarget, func: &Function) -> Result<Target, JitError> {
    let unknown = || JitError::new(format!("a relocation against {target:?}"));
    match target {
        FinalizedRelocTarget::Func(offset) => Ok(Target::Here(*offset)),
        FinalizedRelocTarget::ExternalName(ExternalName::User(name)) => {
            let name = func.params.user_named_funcs().get(*name).ok_or_else(unknown)?;
            Symbol::of(name).map(Target::Symbol).ok_or_else(unknown)
        }
        FinalizedRelocTarget::ExternalName(ExternalName::LibCall(libcall)) => {
            Ok(Target::LibCall(*libcall))
        }
        FinalizedRelocTarget::ExternalName(_) => Err(unknown()),
    }
}
