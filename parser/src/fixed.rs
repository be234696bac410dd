//! Tables whose elements are the same in every instance, from before any of its code
//! runs until the end: so in most programs that a C compiler made.
//!
//! **What must never happen here:** a table counts as fixed that somebody outside can
//! reach, that an instruction writes, or in which elements are still missing when code
//! of the instance can run, because a segment before them did not fit.

use std::collections::HashSet;
use std::sync::OnceLock;

use bimetal_core::index::{FuncIdx, TableIdx};
use wasmparser::{BinaryReader, FunctionBody, Operator};

use crate::module::{ConstExpr, ConstOp, ElemItems, ElemMode, ElemSegment, Entity, Module};

/// The fixed tables of a module, found when first asked for.
#[derive(Debug, Default)]
pub struct FixedTables(OnceLock<Vec<Option<Fixed>>>);

/// A fixed table.
#[derive(Debug)]
struct Fixed {
    elements: Elements,
    /// Whether whatever it holds, now and later, is null or a function that the module
    /// defines.
    own: bool,
}

/// The elements of a table from zero on, as far as they are functions that are known.
type Elements = Vec<Option<FuncIdx>>;

/// Elements beyond which a table is not looked at.
const MAX_ELEMENTS: u64 = 1 << 16;
/// Bytes of bodies beyond which nobody looks through all of them for a table's sake.
const MAX_BYTES: usize = 1 << 18;

impl Module {
    /// The only place of a function in a table, if no instance ever has another element
    /// there. `None` also if that is not known.
    pub fn fixed_place(&self, table: TableIdx, func: FuncIdx) -> Option<u32> {
        let elements = self.fixed_elements(table)?;
        let mut places = (0..).zip(elements).filter(|&(_, &element)| element == Some(func));
        let (place, _) = places.next()?;
        places.next().is_none().then_some(place)
    }

    /// The elements of a table from zero on that every instance has there as long as it
    /// lives; others may follow. `None` also if that is not known.
    pub fn fixed_elements(&self, table: TableIdx) -> Option<&[Option<FuncIdx>]> {
        self.fixed(table).map(|fixed| &*fixed.elements)
    }

    /// Whether all that a table ever holds is null or a function that the module
    /// defines; not if that is not known.
    pub fn holds_own_functions(&self, table: TableIdx) -> bool {
        self.fixed(table).is_some_and(|fixed| fixed.own)
    }

    fn fixed(&self, table: TableIdx) -> Option<&Fixed> {
        let tables = self.fixed_tables.0.get_or_init(|| find(self));
        tables.get(table.index())?.as_ref()
    }
}

/// The elements of each table; `None` of those that are not fixed.
fn find(module: &Module) -> Vec<Option<Fixed>> {
    let indices = (0..module.tables.len()).map(|at| TableIdx(at as u32));
    let mut tables: Vec<Option<Elements>> =
        indices.clone().map(|table| elements(module, table)).collect();
    if tables.iter().all(Option::is_none) {
        return Vec::new();
    }
    let Some(changed) = changed(module) else { return Vec::new() };
    let fixed = |(table, elements): (TableIdx, &mut Option<Elements>)| {
        let elements = elements.take().filter(|_| !changed.written.contains(&table.0))?;
        let defined = |func: &FuncIdx| module.defined_index(*func).is_some();
        // What lies behind the elements is null as long as there is no other way to say
        // what it is.
        let rest = module.tables[table.index()].init.is_none() && !changed.grown.contains(&table.0);
        let own = rest && elements.iter().flatten().all(defined);
        Some(Fixed { elements, own })
    };
    indices.zip(&mut tables).map(fixed).collect()
}

/// The elements that a table has when all segments are written; `None` if others reach
/// it or its segments are not sure to fit.
fn elements(module: &Module, table: TableIdx) -> Option<Elements> {
    let exported = module.exports.iter().any(|export| export.entity == Entity::Table(table));
    if table.0 < module.imported.tables || exported {
        return None;
    }
    let active = |segment: &&ElemSegment| matches!(segment.mode, ElemMode::Active { .. });
    let of_this = |segment: &&ElemSegment| matches!(segment.mode, ElemMode::Active { table: of, .. } if of == table);
    let segments: Vec<&ElemSegment> = module.elems.iter().filter(active).collect();
    let last = segments.iter().rposition(of_this)?;
    let mut elements = Vec::new();
    // Whatever comes before its last segment has to fit as well.
    for segment in &segments[..=last] {
        let ElemMode::Active { table: of, offset } = &segment.mode else { return None };
        let items = items(segment)?;
        let first = place(module, *of, offset, items.len() as u64)?;
        if *of == table {
            elements.resize(elements.len().max(first + items.len()), None);
            elements[first..first + items.len()].copy_from_slice(&items);
        }
    }
    Some(elements)
}

/// The functions of a segment, if it is nothing but functions and nulls.
fn items(segment: &ElemSegment) -> Option<Elements> {
    match &segment.items {
        ElemItems::Funcs(funcs) => Some(funcs.iter().copied().map(Some).collect()),
        ElemItems::Exprs(exprs) => exprs.iter().map(constant).collect(),
    }
}

fn constant(expr: &ConstExpr) -> Option<Option<FuncIdx>> {
    match *expr.0 {
        [ConstOp::RefFunc(func)] => Some(Some(func)),
        [ConstOp::RefNull(_)] => Some(None),
        _ => None,
    }
}

/// Where so many elements begin, if they fit into a table of the module's own.
fn place(module: &Module, table: TableIdx, offset: &ConstExpr, count: u64) -> Option<usize> {
    let [ConstOp::Const(first)] = *offset.0 else { return None };
    let own = table.0 >= module.imported.tables;
    let ty = &module.tables.get(table.index())?.ty;
    // Of 32 bits the upper half says nothing.
    let first = match ty.addr.val_type() {
        bimetal_core::types::ValType::I32 => u64::from(first.u32()),
        _ => first.bits(),
    };
    let end = first.checked_add(count)?;
    let fits = own && end <= ty.limits.min && end <= MAX_ELEMENTS;
    fits.then_some(first as usize)
}

/// The tables that instructions change.
#[derive(Default)]
struct Changed {
    /// In place.
    written: HashSet<u32>,
    /// By more elements, while the others stay.
    grown: HashSet<u32>,
}

/// The tables that instructions change; `None` if that is not known.
fn changed(module: &Module) -> Option<Changed> {
    let bytes: usize = module.bodies.iter().map(|body| body.range.len()).sum();
    if bytes > MAX_BYTES {
        return None;
    }
    let mut changed = Changed::default();
    for body in &module.bodies {
        let range = body.range.clone();
        let start = range.start as u64;
        let body = FunctionBody::new(BinaryReader::new(&module.bytes[range], start));
        let mut operators = body.get_operators_reader().ok()?;
        while !operators.eof() {
            match operators.read().ok()? {
                Operator::TableSet { table }
                | Operator::TableFill { table }
                | Operator::TableInit { table, .. }
                | Operator::TableCopy { dst_table: table, .. } => {
                    changed.written.insert(table);
                }
                Operator::TableGrow { table } => drop(changed.grown.insert(table)),
                _ => {}
            }
        }
    }
    Some(changed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::ParseOptions;

    /// The place of the first function in the first table.
    fn fixed(rest: &str) -> Option<u32> {
        let text = format!("(module {rest} (func $f) (func $g))");
        let module = Module::new(text.as_bytes(), &ParseOptions::default()).unwrap();
        let first = FuncIdx(module.imported.funcs);
        module.fixed_place(TableIdx(0), first)
    }

    #[test]
    fn a_table_that_nobody_reaches_or_writes_is_fixed() {
        assert_eq!(fixed("(table 4 funcref) (elem (i32.const 2) $g $f)"), Some(3));
        assert_eq!(fixed("(table funcref (elem $f $g))"), Some(0));
        assert_eq!(fixed("(table i64 4 funcref) (elem (i64.const 1) $f)"), Some(1));
    }

    const TABLE: &str = "(table 4 funcref) (elem (i32.const 2) $f)";

    #[test]
    fn a_table_that_is_written_or_reached_is_not() {
        assert_eq!(fixed(TABLE), Some(2));
        for other in [
            "(export \"t\" (table 0))",
            "(elem (i32.const 2) $g)",
            "(elem (i32.const 3) $f)",
            "(elem (i32.const 1) $g $g)",
            "(elem (i32.const 4) $g)",
        ] {
            assert_eq!(fixed(&format!("{TABLE} {other}")), None, "{other}");
        }
        assert_eq!(fixed("(table 2 funcref) (elem (i32.const 2) $f)"), None, "it does not fit");
        let imported = "(import \"\" \"t\" (table 4 funcref)) (elem (i32.const 2) $f)";
        assert_eq!(fixed(imported), None);
    }

    #[test]
    fn instructions_that_write_a_table_unfix_it() {
        for body in [
            "table.set (i32.const 0) (ref.null func)",
            "table.fill (i32.const 0) (ref.null func) (i32.const 1)",
            "table.copy (i32.const 0) (i32.const 0) (i32.const 1)",
            "table.init $e (i32.const 0) (i32.const 0) (i32.const 0)",
        ] {
            let writer = format!("(elem $e func) (func $f) (func ({body}))");
            let text = format!("(module {TABLE} {writer})");
            let module = Module::new(text.as_bytes(), &ParseOptions::default()).unwrap();
            assert_eq!(module.fixed_place(TableIdx(0), FuncIdx(0)), None, "{body}");
        }
        let grown = format!(
            "(module {TABLE} (func $f)
                (func (drop (table.grow (ref.null func) (i32.const 9)))))"
        );
        let module = Module::new(grown.as_bytes(), &ParseOptions::default()).unwrap();
        assert_eq!(module.fixed_place(TableIdx(0), FuncIdx(0)), Some(2), "its elements stay");
    }

    #[test]
    fn a_table_holds_its_own_functions_if_no_other_can_get_there() {
        let own = |rest: &str| {
            let text = format!("(module {rest} (func $f) (func $g))");
            let module = Module::new(text.as_bytes(), &ParseOptions::default()).unwrap();
            (module.holds_own_functions(TableIdx(0)), module.fixed_elements(TableIdx(0)).is_some())
        };
        assert_eq!(own("(table 4 funcref) (elem (i32.const 1) $f $g)"), (true, true));
        for other in [
            "(import \"\" \"i\" (func $i)) (table 4 funcref) (elem (i32.const 1) $f $i)",
            "(import \"\" \"i\" (func $i)) (table 4 (ref func) (ref.func $i)) (elem (i32.const 1) $f)",
            "(table 4 funcref) (elem (i32.const 2) $f)
                (func (param funcref) (drop (table.grow (local.get 0) (i32.const 9))))",
        ] {
            assert_eq!(own(other), (false, true), "{other}");
        }
        assert_eq!(own("(table (export \"t\") 4 funcref) (elem (i32.const 1) $f)"), (false, false));
    }
}
