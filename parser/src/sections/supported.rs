//! Refuses what the validator lets through because WebAssembly has it in one
//! proposal with something that the engine does implement.
//!
//! Recursion groups, declared supertypes and constant expressions that read the
//! module's own globals belong to garbage collection, like structures and arrays.

use bimetal_core::types::{CompositeType, FuncType, HeapType, RefType, ValType};

use super::Sections;
use crate::error::{Error, ErrorKind};
use crate::module::{ConstExpr, ConstOp};

impl Sections {
    /// Checks that no declaration uses objects that need a collector.
    ///
    /// # Errors
    /// [`ErrorKind::Unsupported`]
    pub(super) fn check_supported(&self) -> Result<(), Error> {
        for ty in &self.types {
            match &ty.composite {
                CompositeType::Func(ty) => func(ty)?,
                CompositeType::Struct(_) => return Err(unsupported("structure types")),
                CompositeType::Array(_) => return Err(unsupported("array types")),
            }
        }
        for table in &self.tables {
            reference(table.ty.element)?;
            table.init.as_ref().map_or(Ok(()), expression)?;
        }
        for global in &self.globals {
            value(global.ty.content)?;
            global.init.as_ref().map_or(Ok(()), expression)?;
        }
        self.elems.iter().try_for_each(|elem| reference(elem.ty))
    }
}

fn func(ty: &FuncType) -> Result<(), Error> {
    ty.params.iter().chain(&*ty.results).try_for_each(|&ty| value(ty))
}

fn value(ty: ValType) -> Result<(), Error> {
    match ty {
        ValType::Ref(ty) => reference(ty),
        _ => Ok(()),
    }
}

fn expression(expr: &ConstExpr) -> Result<(), Error> {
    expr.0.iter().try_for_each(|op| match op {
        ConstOp::RefNull(ty) => heap(*ty),
        _ => Ok(()),
    })
}

fn reference(ty: RefType) -> Result<(), Error> {
    heap(ty.heap)
}

fn heap(ty: HeapType) -> Result<(), Error> {
    use HeapType::*;
    match ty {
        Any | Eq | I31 | Struct | Array | None => Err(unsupported(&format!("{ty} references"))),
        Func | NoFunc | Extern | NoExtern | Exn | NoExn | Concrete(_) => Ok(()),
    }
}

fn unsupported(what: &str) -> Error {
    let message = format!("garbage collection is not supported: {what}");
    Error::new(ErrorKind::Unsupported, message, Option::None)
}
