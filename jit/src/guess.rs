//! Which functions an indirect call is likely to reach: the only place that decides.
//!
//! Most tables hold functions of many types, but only few of each. So a call is
//! guessed to reach one of the functions of its type of which the module makes
//! references, if there are up to four; and if there are more, one of those four that
//! are called most, as far as an interpreter has counted, if few others are. A wrong
//! guess costs a comparison. Where calls have been watched one by one, what they
//! reached is better, unless it was too much to be told: see [`crate::sites`].

use std::collections::HashMap;
use std::sync::OnceLock;

use bimetal_core::index::{FuncIdx, TypeIdx};
use bimetal_parser::Module;
use bimetal_parser::module::{ConstOp, ElemItems};
use bimetal_runtime::seen::Seen;

/// Functions, at most, that one call is compared with.
const MAX_GUESSES: usize = 4;

/// The part of all calls that guesses are to reach, as a fraction.
const ENOUGH: (u128, u128) = (7, 8);

/// The functions of a module that indirect calls may reach.
pub(crate) struct Guesses<'a> {
    module: &'a Module,
    /// By type; made when somebody asks.
    listed: OnceLock<HashMap<TypeIdx, Vec<FuncIdx>>>,
    /// What an interpreter has seen.
    seen: Option<&'a dyn Seen>,
}

impl<'a> Guesses<'a> {
    pub(crate) fn new(module: &'a Module, seen: Option<&'a dyn Seen>) -> Guesses<'a> {
        Guesses { module, listed: OnceLock::new(), seen }
    }

    /// The functions, of exactly this type, that a call is likely to reach; the
    /// likelier ones first.
    pub(crate) fn of(&self, ty: TypeIdx) -> Vec<u32> {
        let listed = self.listed.get_or_init(|| listed(self.module)).get(&ty);
        let Some(listed) = listed else { return Vec::new() };
        let count = |defined: usize| self.seen.map_or(0, |seen| seen.calls(defined));
        let defined = listed.iter().filter_map(|&func| self.module.defined_index(func));
        let mut counted: Vec<(u64, u32)> = defined.map(|at| (count(at), at as u32)).collect();
        counted.sort_by_key(|&(count, _)| std::cmp::Reverse(count));
        if listed.len() > MAX_GUESSES {
            let sum = |counted: &[(u64, u32)]| counted.iter().map(|of| u128::from(of.0)).sum();
            let all: u128 = sum(&counted);
            counted.truncate(MAX_GUESSES);
            counted.retain(|of| of.0 > 0);
            let reached: u128 = sum(&counted);
            if reached * ENOUGH.1 < all * ENOUGH.0 {
                return Vec::new();
            }
        }
        counted.into_iter().map(|of| of.1).collect()
    }
}

/// The functions in element segments and in the initial values of globals and tables,
/// each once, by type. Not those that are only exported.
fn listed(module: &Module) -> HashMap<TypeIdx, Vec<FuncIdx>> {
    let mut funcs: Vec<FuncIdx> = Vec::new();
    let mut exprs: Vec<&[ConstOp]> = Vec::new();
    for segment in &module.elems {
        match &segment.items {
            ElemItems::Funcs(items) => funcs.extend(items),
            ElemItems::Exprs(items) => exprs.extend(items.iter().map(|expr| &*expr.0)),
        }
    }
    let tables = module.tables.iter().filter_map(|table| table.init.as_ref());
    let globals = module.globals.iter().filter_map(|global| global.init.as_ref());
    exprs.extend(tables.chain(globals).map(|expr| &*expr.0));
    funcs.extend(exprs.into_iter().flatten().filter_map(|op| match op {
        ConstOp::RefFunc(func) => Some(*func),
        _ => None,
    }));
    funcs.sort_unstable();
    funcs.dedup();
    let mut by_type: HashMap<TypeIdx, Vec<FuncIdx>> = HashMap::new();
    for func in funcs {
        by_type.entry(module.funcs[func.index()]).or_default().push(func);
    }
    by_type
}

#[cfg(test)]
mod tests {
    use super::*;
    use bimetal_parser::ParseOptions;
    use bimetal_runtime::seen::{SeenBranch, SeenCall};

    struct Counts([u64; 6]);

    impl Seen for Counts {
        fn calls(&self, defined: usize) -> u64 {
            self.0[defined]
        }

        fn calls_in(&self, _: usize) -> Vec<SeenCall> {
            Vec::new()
        }

        fn branches_in(&self, _: usize) -> Vec<SeenBranch> {
            Vec::new()
        }
    }

    fn module(wat: &str) -> Module {
        Module::new(wat.as_bytes(), &ParseOptions::default()).unwrap()
    }

    #[test]
    fn a_few_functions_of_a_type_are_guessed() {
        let module = module(
            r#"(module
            (type $a (func)) (type $b (func (param i32))) (type $c (func (param f32)))
            (func (type $a)) (func (type $b)) (func (type $a)) (func (type $a) (unreachable))
            (func (export "c") (type $c))
            (elem func 2 1) (global funcref (ref.func 0)))"#,
        );
        let guesses = Guesses::new(&module, None);
        assert_eq!(guesses.of(TypeIdx(0)), [0, 2]);
        assert_eq!(guesses.of(TypeIdx(1)), [1]);
        assert_eq!(guesses.of(TypeIdx(2)), [], "it is only exported");
    }

    #[test]
    fn of_many_functions_those_are_guessed_that_are_called_most() {
        let text = "(module (func) (func) (func) (func) (func) (func) (elem func 0 1 2 3 4 5))";
        let module = module(text);
        let of = |counts| Guesses::new(&module, Some(&Counts(counts))).of(TypeIdx(0));
        assert_eq!(of([0, 0, 9, 0, 0, 0]), [2]);
        assert_eq!(of([0, 9, 90, 1, 0, 0]), [2, 1, 3]);
        assert_eq!(of([1, 9, 90, 7, 8, 0]), [2, 1, 4, 3]);
        assert_eq!(of([u64::MAX; 6]), []);
        assert_eq!(of([0; 6]), []);
    }
}
