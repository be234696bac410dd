//! Sections: what wasmparser reads and has validated, to a [`Module`].

use std::ops::Range;

use bimetal_core::index::{FuncIdx, GlobalIdx, MemIdx, TableIdx, TagIdx, TypeIdx};
use bimetal_core::types::{MemoryType, RefType, SubType};
use wasmparser::{
    BinaryReader, Chunk, DataKind, ElementItems, ElementKind, ExternalKind, FromReader,
    FunctionBody, Parser, Payload, SectionLimited, TableInit, TypeRef, ValidPayload, Validator,
    ValidatorResources,
};

use crate::bytes::Bytes;
use crate::constexpr;
use crate::error::{Error, ErrorKind};
use crate::export_map::ExportMap;
use crate::fixed::FixedTables;
use crate::hints::{self, BranchHints};
use crate::load::ParseOptions;
use crate::module::{
    Body, ConstExpr, ConstOp, Custom, DataSegment, ElemItems, ElemMode, ElemSegment, Entity,
    Export, Global, Import, ImportCounts, Module, Table,
};
use crate::names::Names;
use crate::validate::BodyValidation;
use crate::{bodies, operands, types};

/// Decodes a binary module, and validates all but its function bodies.
pub(crate) fn load(bytes: &[u8], options: &ParseOptions) -> Result<Sections, Error> {
    let mut sections = Sections::default();
    let mut validator = Validator::new_with_features(options.features.get());
    let mut parser = Parser::new(0);
    parser.set_features(options.features.get());
    let mut at = 0;
    loop {
        let rest = bytes.get(at..).unwrap_or_default();
        let Chunk::Parsed { consumed, payload } =
            parser.parse(rest, true).map_err(Error::malformed)?
        else {
            // Not when it is told that there is no more.
            return Err(Error::new(ErrorKind::Malformed, "unexpected end", Some(at as u64)));
        };
        at += consumed;
        let valid = validator
            .payload(&payload)
            .map_err(|error| Error::in_section(error, &payload, bytes))?;
        match (valid, &payload) {
            (ValidPayload::Func(func, body), _) => {
                sections.bodies.push(Body { range: span(body.range()) });
                sections.resources.get_or_insert(func.resources);
            }
            (_, &Payload::CodeSectionStart { count, size, .. }) => {
                let end = at.saturating_add(size as usize);
                if sections.find_bodies(bytes, at..end, count, &mut validator).is_some() {
                    parser.skip_section();
                    at = end;
                }
            }
            (_, Payload::End(_)) => return Ok(sections),
            // Every item has been validated, so counts are true and indices in range.
            _ => sections.convert(&payload)?,
        }
    }
}

/// A range of the module's bytes, which are in memory: the casts lose nothing.
fn span(range: Range<u64>) -> Range<usize> {
    range.start as usize..range.end as usize
}

/// Runs `convert` on every item of a section, with the item's offset.
fn each<'a, T: FromReader<'a>>(
    section: &SectionLimited<'a, T>,
    mut convert: impl FnMut(u64, T) -> Result<(), Error>,
) -> Result<(), Error> {
    for item in section.clone().into_iter_with_offsets() {
        let (offset, item) = item.map_err(Error::malformed)?;
        convert(offset, item)?;
    }
    Ok(())
}

/// What has been read so far.
#[derive(Default)]
pub(crate) struct Sections {
    types: Vec<SubType>,
    rec_groups: Vec<Range<u32>>,
    imports: Vec<Import>,
    funcs: Vec<TypeIdx>,
    tables: Vec<Table>,
    memories: Vec<MemoryType>,
    globals: Vec<Global>,
    tags: Vec<TypeIdx>,
    imported: ImportCounts,
    exports: Vec<Export>,
    start: Option<FuncIdx>,
    elems: Vec<ElemSegment>,
    datas: Vec<DataSegment>,
    bodies: Vec<Body>,
    customs: Vec<Custom>,
    resources: Option<ValidatorResources>,
}

impl Sections {
    /// Takes all bodies of a code section at once: one by one through decoder and
    /// validator they take ten times as long, which shows when they are validated
    /// later. `None`, and nothing is changed, if that is the way to go.
    fn find_bodies(
        &mut self,
        bytes: &[u8],
        range: Range<usize>,
        count: u32,
        validator: &mut Validator,
    ) -> Option<()> {
        let bodies = bodies::find(bytes, range, count)?;
        // What the validator knows of the module is handed out with any body.
        if let Some(Body { range }) = bodies.first() {
            let reader = BinaryReader::new(&bytes[range.clone()], range.start as u64);
            let func = validator.code_section_entry(&FunctionBody::new(reader)).ok()?;
            self.resources = Some(func.resources);
        }
        self.bodies = bodies;
        Some(())
    }

    fn convert(&mut self, payload: &Payload<'_>) -> Result<(), Error> {
        match payload {
            Payload::TypeSection(section) => each(section, |at, group| self.rec_group(at, group)),
            Payload::ImportSection(section) => self.import_section(section),
            Payload::FunctionSection(section) => {
                // Each takes a byte at least.
                let room = span(section.range()).len().min(section.count() as usize);
                self.funcs.reserve_exact(room);
                each(section, |_, ty| {
                    self.funcs.push(TypeIdx(ty));
                    Ok(())
                })
            }
            Payload::TableSection(section) => each(section, |at, table| self.table(at, &table)),
            Payload::MemorySection(section) => each(section, |at, ty| {
                self.memories.push(types::memory_type(&ty, at)?);
                Ok(())
            }),
            Payload::TagSection(section) => each(section, |_, tag| {
                self.tags.push(TypeIdx(tag.func_type_idx));
                Ok(())
            }),
            Payload::GlobalSection(section) => each(section, |at, global| {
                let init = Some(constexpr::convert(&global.init_expr)?);
                self.globals.push(Global { ty: types::global_type(&global.ty, at)?, init });
                Ok(())
            }),
            Payload::ExportSection(section) => each(section, |at, export| self.export(at, &export)),
            Payload::StartSection { func, .. } => {
                self.start = Some(FuncIdx(*func));
                Ok(())
            }
            Payload::ElementSection(section) => each(section, |at, elem| self.elem(at, elem)),
            Payload::DataSection(section) => each(section, |_, data| self.data(&data)),
            Payload::CustomSection(custom) => {
                let range = span(custom.data_range());
                self.customs.push(Custom { name: custom.name().into(), range });
                Ok(())
            }
            Payload::Version { .. }
            | Payload::DataCountSection { .. }
            | Payload::CodeSectionStart { .. }
            | Payload::CodeSectionEntry(_)
            | Payload::End(_) => Ok(()),
            other => {
                let message = format!("unexpected section: {other:?}");
                Err(Error::new(ErrorKind::Unsupported, message, None))
            }
        }
    }

    fn rec_group(&mut self, offset: u64, group: wasmparser::RecGroup) -> Result<(), Error> {
        let start = self.types.len() as u32;
        for ty in group.types() {
            self.types.push(types::sub_type(ty, offset)?);
        }
        self.rec_groups.push(start..self.types.len() as u32);
        Ok(())
    }

    fn import_section(
        &mut self,
        section: &wasmparser::ImportSectionReader<'_>,
    ) -> Result<(), Error> {
        for import in section.clone().into_imports_with_offsets() {
            let (offset, import) = import.map_err(Error::malformed)?;
            let entity = self.imported_entity(&import.ty, offset)?;
            self.imports.push(Import {
                module: import.module.into(),
                name: import.name.into(),
                entity,
            });
        }
        Ok(())
    }

    /// Appends what is imported to its index space.
    fn imported_entity(&mut self, ty: &TypeRef, offset: u64) -> Result<Entity, Error> {
        let count = &mut self.imported;
        Ok(match ty {
            TypeRef::Func(ty) => {
                self.funcs.push(TypeIdx(*ty));
                Entity::Func(FuncIdx(next(&mut count.funcs)))
            }
            TypeRef::Table(ty) => {
                self.tables.push(Table { ty: types::table_type(ty, offset)?, init: None });
                Entity::Table(TableIdx(next(&mut count.tables)))
            }
            TypeRef::Memory(ty) => {
                self.memories.push(types::memory_type(ty, offset)?);
                Entity::Memory(MemIdx(next(&mut count.memories)))
            }
            TypeRef::Global(ty) => {
                self.globals.push(Global { ty: types::global_type(ty, offset)?, init: None });
                Entity::Global(GlobalIdx(next(&mut count.globals)))
            }
            TypeRef::Tag(tag) => {
                self.tags.push(TypeIdx(tag.func_type_idx));
                Entity::Tag(TagIdx(next(&mut count.tags)))
            }
            TypeRef::FuncExact(_) => return Err(exact_function(offset)),
        })
    }

    fn table(&mut self, offset: u64, table: &wasmparser::Table<'_>) -> Result<(), Error> {
        let init = match &table.init {
            TableInit::RefNull => None,
            TableInit::Expr(expr) => Some(constexpr::convert(expr)?),
        };
        self.tables.push(Table { ty: types::table_type(&table.ty, offset)?, init });
        Ok(())
    }

    fn export(&mut self, offset: u64, export: &wasmparser::Export<'_>) -> Result<(), Error> {
        let entity = match export.kind {
            ExternalKind::Func => Entity::Func(FuncIdx(export.index)),
            ExternalKind::Table => Entity::Table(TableIdx(export.index)),
            ExternalKind::Memory => Entity::Memory(MemIdx(export.index)),
            ExternalKind::Global => Entity::Global(GlobalIdx(export.index)),
            ExternalKind::Tag => Entity::Tag(TagIdx(export.index)),
            ExternalKind::FuncExact => return Err(exact_function(offset)),
        };
        self.exports.push(Export { name: export.name.into(), entity });
        Ok(())
    }

    fn elem(&mut self, offset: u64, elem: wasmparser::Element<'_>) -> Result<(), Error> {
        let (ty, items) = match elem.items {
            ElementItems::Functions(funcs) => {
                let funcs =
                    funcs.into_iter().map(|func| func.map(FuncIdx).map_err(Error::malformed));
                (RefType::FUNCREF, ElemItems::Funcs(funcs.collect::<Result<_, _>>()?))
            }
            ElementItems::Expressions(ty, exprs) => {
                let exprs = exprs
                    .into_iter()
                    .map(|expr| constexpr::convert(&expr.map_err(Error::malformed)?));
                let exprs = exprs.collect::<Result<_, _>>()?;
                (types::ref_type(ty, offset)?, ElemItems::Exprs(exprs))
            }
        };
        let mode = match elem.kind {
            ElementKind::Passive => ElemMode::Passive,
            ElementKind::Declared => ElemMode::Declared,
            ElementKind::Active { table_index, offset_expr } => ElemMode::Active {
                table: TableIdx(table_index.unwrap_or(0)),
                offset: constexpr::convert(&offset_expr)?,
            },
        };
        self.elems.push(ElemSegment { ty, items, mode });
        Ok(())
    }

    fn data(&mut self, data: &wasmparser::Data<'_>) -> Result<(), Error> {
        let active = match &data.kind {
            DataKind::Passive => None,
            DataKind::Active { memory_index, offset_expr } => {
                Some((MemIdx(*memory_index), constexpr::convert(offset_expr)?))
            }
        };
        // The contents are the last part of a segment.
        let end = data.range.end as usize;
        self.datas.push(DataSegment { range: end - data.data.len()..end, active });
        Ok(())
    }

    /// The module; its bodies are validated now unless `options` say later.
    pub(crate) fn finish(self, bytes: Bytes, options: &ParseOptions) -> Result<Module, Error> {
        let escaping = self.escaping();
        let export_map = ExportMap::new(&self.exports);
        let custom = |name| {
            let found = self.customs.iter().find(|custom| &*custom.name == name);
            found.map(|custom| custom.range.clone())
        };
        let names = Names::new(custom("name"));
        let branch_hints = BranchHints::new(custom(hints::NAME));
        let mut module = Module {
            bytes,
            counts_operands: operands::are_many(&self.types),
            names,
            branch_hints,
            fixed_tables: FixedTables::default(),
            types: self.types.into(),
            rec_groups: self.rec_groups.into(),
            imports: self.imports.into(),
            funcs: self.funcs.into(),
            tables: self.tables.into(),
            memories: self.memories.into(),
            globals: self.globals.into(),
            tags: self.tags.into(),
            imported: self.imported,
            exports: self.exports.into(),
            export_map,
            start: self.start,
            elems: self.elems.into(),
            datas: self.datas.into(),
            bodies: self.bodies.into(),
            escaping,
            customs: self.customs.into(),
            validation: BodyValidation::default(),
            features: options.features,
        };
        // Without resources there are no bodies.
        if let Some(resources) = self.resources {
            if options.lazy {
                module.validation = BodyValidation::pending(resources, module.bodies.len());
            } else {
                module.validate_all(&resources)?;
            }
        }
        Ok(module)
    }

    /// Defined functions of which a reference can be taken: see [`Module::escaping`].
    fn escaping(&self) -> Box<[FuncIdx]> {
        let mut funcs: Vec<FuncIdx> = self.start.into_iter().collect();
        funcs.extend(self.exports.iter().filter_map(|export| match export.entity {
            Entity::Func(func) => Some(func),
            _ => None,
        }));
        for elem in &self.elems {
            match &elem.items {
                ElemItems::Funcs(list) => funcs.extend(list),
                ElemItems::Exprs(exprs) => exprs.iter().for_each(|e| ref_funcs(e, &mut funcs)),
            }
        }
        let tables = self.tables.iter().filter_map(|table| table.init.as_ref());
        let globals = self.globals.iter().filter_map(|global| global.init.as_ref());
        tables.chain(globals).for_each(|expr| ref_funcs(expr, &mut funcs));
        funcs.retain(|func| func.0 >= self.imported.funcs);
        funcs.sort_unstable();
        funcs.dedup();
        funcs.into()
    }
}

/// The next index of an index space whose imports are being counted.
fn next(count: &mut u32) -> u32 {
    let index = *count;
    *count += 1;
    index
}

fn ref_funcs(expr: &ConstExpr, funcs: &mut Vec<FuncIdx>) {
    funcs.extend(expr.0.iter().filter_map(|op| match op {
        ConstOp::RefFunc(func) => Some(*func),
        _ => None,
    }));
}

fn exact_function(offset: u64) -> Error {
    let message = "exact function types are not supported: custom descriptors";
    Error::new(ErrorKind::Unsupported, message, Some(offset))
}

#[cfg(all(test, feature = "wat"))]
mod tests;
