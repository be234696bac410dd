//! A module that tells its story: the original with calls of trace functions at
//! its points, which every tier runs like any other code.
//!
//! The trace functions are appended to the imports, so that defined functions
//! move up. Each imported function gets a wrapper behind the defined ones, which
//! takes its place everywhere: it marks the call of the host, so that the leader
//! can record what the host did.

use std::convert::Infallible;

use bimetal::{Error, Result};
use wasm_encoder::reencode::{self, Reencode};
use wasm_encoder::{
    CodeSection, EntityType, FunctionSection, ImportSection, Module, SectionId, TypeSection,
    ValType,
};

use super::body;
use super::plan::Plan;
use super::point::{Kind, Point};

/// The module name of the trace functions.
pub(super) const TRACE_MODULE: &str = "bimetal:diff";

/// The trace functions: names and parameters.
pub(super) const TRACE: [(&str, &[ValType]); 9] = [
    ("point", &[ValType::I32]),
    ("i32", &[ValType::I32]),
    ("i64", &[ValType::I64]),
    ("f32", &[ValType::F32]),
    ("f64", &[ValType::F64]),
    ("v128", &[ValType::V128]),
    ("null", &[ValType::I32]),
    ("host_begin", &[]),
    ("host_end", &[]),
];

/// An instrumented module.
pub(super) struct Instrumented {
    pub(super) wasm: Vec<u8>,
    pub(super) points: Vec<Point>,
    /// What it imported before.
    pub(super) imports: Vec<(String, String)>,
}

impl Instrumented {
    /// The function of the original that a function of the instrumented module
    /// stands for.
    pub(super) fn original(&self, func: u32) -> u32 {
        let imported = self.imports.len() as u32;
        if func < imported { func } else { func.saturating_sub(TRACE.len() as u32) }
    }
}

/// Instruments a valid module.
///
/// # Errors
/// If it imports anything but functions or defines none.
pub(super) fn instrument(wasm: &[u8]) -> Result<Instrumented> {
    let plan = Plan::read(wasm)?;
    if plan.defined() == 0 {
        return Err(Error::msg("the module defines no function: there is nothing to compare"));
    }
    let mut rewriter = Rewriter { plan, points: Vec::new(), next: 0, imported: false };
    let mut module = Module::new();
    rewriter
        .parse_core_module(&mut module, wasmparser::Parser::new(0), wasm)
        .map_err(|error| Error::msg(format!("failed to instrument the module: {error}")))?;
    let Rewriter { plan, points, .. } = rewriter;
    Ok(Instrumented { wasm: module.finish(), points, imports: plan.imports })
}

/// Copies a module and adds to it.
pub(super) struct Rewriter {
    pub(super) plan: Plan,
    points: Vec<Point>,
    /// How many function bodies have been copied.
    next: u32,
    /// Whether the trace functions have been imported.
    imported: bool,
}

pub(super) type ReencodeResult<T> = std::result::Result<T, reencode::Error<Infallible>>;

impl Rewriter {
    /// A new point; its number.
    pub(super) fn point(&mut self, kind: Kind, func: u32, offset: u64) -> i32 {
        self.points.push(Point { kind, func, offset });
        (self.points.len() - 1) as i32
    }

    /// The type of the trace function at this place of [`TRACE`].
    fn trace_type(&self, index: usize) -> u32 {
        (self.plan.types.len() + index) as u32
    }

    /// The type of blocks without parameters that give the results of a defined
    /// function: the types behind those of the trace functions.
    pub(super) fn results_type(&self, func: u32) -> u32 {
        (self.plan.types.len() + TRACE.len()) as u32 + func - self.plan.imported()
    }

    /// The index of a trace function.
    pub(super) fn trace(&self, name: &str) -> u32 {
        let index = TRACE.iter().position(|&(trace, _)| trace == name).unwrap_or(0);
        self.plan.imported() + index as u32
    }

    fn import_trace(&mut self, imports: &mut ImportSection) {
        for (index, (name, _)) in TRACE.iter().enumerate() {
            imports.import(TRACE_MODULE, name, EntityType::Function(self.trace_type(index)));
        }
        self.imported = true;
    }
}

impl Reencode for Rewriter {
    type Error = Infallible;

    fn function_index(&mut self, func: u32) -> ReencodeResult<u32> {
        let imported = self.plan.imported();
        let behind = if func < imported { self.plan.defined() + imported } else { 0 };
        Ok(func + TRACE.len() as u32 + behind)
    }

    fn parse_type_section(
        &mut self,
        types: &mut TypeSection,
        section: wasmparser::TypeSectionReader<'_>,
    ) -> ReencodeResult<()> {
        reencode::utils::parse_type_section(self, types, section)?;
        for (_, params) in TRACE {
            types.ty().function(params.iter().copied(), []);
        }
        for func in self.plan.imported()..self.plan.funcs.len() as u32 {
            let results = self.plan.func_type(func).map_or(&[][..], |ty| ty.results()).to_vec();
            let results = self.val_types(results)?;
            types.ty().function([], results);
        }
        Ok(())
    }

    fn parse_import_section(
        &mut self,
        imports: &mut ImportSection,
        section: wasmparser::ImportSectionReader<'_>,
    ) -> ReencodeResult<()> {
        reencode::utils::parse_import_section(self, imports, section)?;
        self.import_trace(imports);
        Ok(())
    }

    fn intersperse_section_hook(
        &mut self,
        module: &mut Module,
        _after: Option<SectionId>,
        before: Option<SectionId>,
    ) -> ReencodeResult<()> {
        if before == Some(SectionId::Function) && !self.imported {
            let mut imports = ImportSection::new();
            self.import_trace(&mut imports);
            module.section(&imports);
        }
        Ok(())
    }

    fn parse_function_section(
        &mut self,
        funcs: &mut FunctionSection,
        section: wasmparser::FunctionSectionReader<'_>,
    ) -> ReencodeResult<()> {
        reencode::utils::parse_function_section(self, funcs, section)?;
        for import in 0..self.plan.imported() {
            funcs.function(self.plan.funcs[import as usize]);
        }
        Ok(())
    }

    fn parse_code_section(
        &mut self,
        code: &mut CodeSection,
        section: wasmparser::CodeSectionReader<'_>,
    ) -> ReencodeResult<()> {
        reencode::utils::parse_code_section(self, code, section)?;
        for import in 0..self.plan.imported() {
            code.function(&body::wrapper(self, import)?);
        }
        Ok(())
    }

    fn parse_function_body(
        &mut self,
        code: &mut CodeSection,
        body: wasmparser::FunctionBody<'_>,
    ) -> ReencodeResult<()> {
        let func = self.plan.imported() + self.next;
        self.next += 1;
        code.function(&body::instrument(self, func, &body)?);
        Ok(())
    }

    /// Names and hints speak of other offsets and indices.
    fn parse_custom_section(
        &mut self,
        _module: &mut Module,
        _section: wasmparser::CustomSectionReader<'_>,
    ) -> ReencodeResult<()> {
        Ok(())
    }
}
