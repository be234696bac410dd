//! Which functions are compiled as one because they go on to each other by tail calls:
//! the only place that decides. `lower::tail` does it.
//!
//! Functions of which each can be reached from each other by tail calls are a loop: the
//! rest of it stands in the code of every one of them, and tail calls within it are
//! jumps. So what is compiled grows with the square of their number, and they are few
//! and small; of larger sets each goes on by calls, but for calls of itself. A table
//! whose elements never change says where tail calls through it lead.

use std::collections::HashMap;
use std::sync::OnceLock;

use bimetal_core::index::{FuncIdx, TableIdx, TypeIdx};
use bimetal_parser::Module;
use bimetal_parser::tails::TailCalls;

/// Functions, at most, that are compiled as one.
const MAX_MEMBERS: usize = 24;
/// Their instructions together.
const MAX_INSTRUCTIONS: u32 = 800;
/// Parameters, results and locals of each.
const MAX_LOCALS: u64 = 64;
/// Elements of a table from which a tail call through it is a jump.
const MAX_ELEMENTS: usize = 256;
/// The elements that the jumps through tables of one function choose from, all
/// together.
pub(crate) const MAX_CHOICES: usize = 4_096;
/// Bytes of bodies beyond which nobody looks through all of them for tail calls.
const MAX_BYTES: usize = 1 << 20;

/// The sets of functions of a module that are compiled as one; found when first asked
/// for.
#[derive(Default)]
pub(crate) struct Tails(OnceLock<Vec<Option<Box<[u32]>>>>);

impl Tails {
    /// The functions that are compiled as one with a defined function, in order, and
    /// itself among them if it goes on to itself.
    pub(crate) fn of(&self, module: &Module, defined: u32) -> &[u32] {
        let sets = self.0.get_or_init(|| find(module));
        sets.get(defined as usize).and_then(Option::as_deref).unwrap_or_default()
    }
}

/// The functions of a table that tail calls of a type through it may jump to, by index;
/// none if there is no telling. Not all of them need to be members.
pub(crate) fn elements(module: &Module, table: TableIdx, ty: TypeIdx) -> Vec<Option<u32>> {
    let known = module.fixed_elements(table).unwrap_or_default();
    if known.len() > MAX_ELEMENTS {
        return Vec::new();
    }
    let fits = |func: &FuncIdx| module.funcs.get(func.index()) == Some(&ty);
    let defined = |func: FuncIdx| module.defined_index(func).map(|defined| defined as u32);
    known.iter().map(|element| element.filter(fits).and_then(defined)).collect()
}

/// The set of each function.
fn find(module: &Module) -> Vec<Option<Box<[u32]>>> {
    let count = module.bodies.len();
    let bytes: usize = module.bodies.iter().map(|body| body.range.len()).sum();
    if bytes > MAX_BYTES {
        return Vec::new();
    }
    let calls: Vec<Option<TailCalls>> = (0..count).map(|at| module.tail_calls(at)).collect();
    if calls.iter().all(Option::is_none) {
        return Vec::new();
    }
    let mut sets = vec![None; count];
    for mut set in cycles(&edges(module, &calls)) {
        set.retain(|&node| (node as usize) < count);
        set.sort_unstable();
        let small = is_small(module, &calls, &set);
        for &func in &set {
            let itself = module.func_at(func as usize);
            let calls = calls[func as usize].as_ref();
            let alone = || calls.is_some_and(|calls| calls.direct.contains(&itself));
            sets[func as usize] = match small {
                true => Some(set.clone().into()),
                false => alone().then(|| [func].into()),
            };
        }
    }
    sets
}

/// Whether a set is small enough that its functions are compiled as one.
fn is_small(module: &Module, calls: &[Option<TailCalls>], set: &[u32]) -> bool {
    let locals = |&func: &u32| {
        let ty = module.type_of_func(module.func_at(func as usize));
        let own = (ty.params.len() + ty.results.len()) as u64;
        own + module.declared_locals(func as usize) <= MAX_LOCALS
    };
    let calls = set.iter().filter_map(|&func| calls[func as usize].as_ref());
    let instructions = calls.fold(0, |sum: u32, calls| sum.saturating_add(calls.instructions));
    set.len() <= MAX_MEMBERS && instructions <= MAX_INSTRUCTIONS && set.iter().all(locals)
}

/// Where tail calls lead: from each function to others, and to nodes behind them that
/// stand for a table and a type, from which it goes on to functions.
fn edges(module: &Module, calls: &[Option<TailCalls>]) -> Vec<Vec<u32>> {
    let count = calls.len();
    let mut edges = vec![Vec::new(); count];
    let mut tables: HashMap<(TableIdx, TypeIdx), u32> = HashMap::new();
    for (func, calls) in calls.iter().enumerate() {
        let Some(TailCalls { direct, indirect, .. }) = calls else { continue };
        let defined = direct.iter().filter_map(|&func| module.defined_index(func));
        // The body may not be valid.
        let known = defined.filter(|&defined| defined < count);
        let mut to: Vec<u32> = known.map(|defined| defined as u32).collect();
        for &(table, ty) in indirect {
            to.push(*tables.entry((table, ty)).or_insert_with(|| {
                edges.push(elements(module, table, ty).into_iter().flatten().collect());
                (edges.len() - 1) as u32
            }));
        }
        to.sort_unstable();
        to.dedup();
        edges[func] = to;
    }
    edges
}

/// What is known about a node in a search for cycles.
#[derive(Clone, Copy, Default)]
struct Visit {
    /// When it was found, from one on.
    order: u32,
    /// The earliest node found that it reaches without leaving the open ones.
    low: u32,
    /// Whether it is not known yet which cycle it is on.
    open: bool,
}

/// The strongly connected components of a graph that are cycles: Tarjan's algorithm, on
/// a stack of its own.
fn cycles(edges: &[Vec<u32>]) -> Vec<Vec<u32>> {
    let mut visits = vec![Visit::default(); edges.len()];
    let (mut found, mut open, mut cycles) = (0, Vec::new(), Vec::new());
    for root in 0..edges.len() {
        if visits[root].order != 0 {
            continue;
        }
        // Nodes on the way, and how many of its edges each has followed.
        let mut path = vec![(root, 0)];
        while let Some(&mut (node, ref mut followed)) = path.last_mut() {
            if *followed == 0 && visits[node].order == 0 {
                found += 1;
                visits[node] = Visit { order: found, low: found, open: true };
                open.push(node as u32);
            }
            if let Some(&next) = edges[node].get(*followed) {
                *followed += 1;
                match visits[next as usize] {
                    Visit { order: 0, .. } => path.push((next as usize, 0)),
                    Visit { order, open: true, .. } => {
                        visits[node].low = visits[node].low.min(order);
                    }
                    _ => {}
                }
                continue;
            }
            path.pop();
            if let Some(&(before, _)) = path.last() {
                visits[before].low = visits[before].low.min(visits[node].low);
            }
            if visits[node].low == visits[node].order {
                let first = open.iter().rposition(|&other| other as usize == node).unwrap_or(0);
                let component = open.split_off(first);
                for &member in &component {
                    visits[member as usize].open = false;
                }
                if component.len() > 1 || edges[node].contains(&(node as u32)) {
                    cycles.push(component);
                }
            }
        }
    }
    cycles
}

#[cfg(test)]
mod tests {
    use super::*;
    use bimetal_parser::ParseOptions;

    fn sets(wat: &str) -> Vec<Vec<u32>> {
        let module = Module::new(wat.as_bytes(), &ParseOptions::default()).unwrap();
        let tails = Tails::default();
        (0..module.bodies.len()).map(|at| tails.of(&module, at as u32).to_vec()).collect()
    }

    #[test]
    fn cycles_are_components_in_which_each_node_reaches_each_other() {
        let graph = [vec![1], vec![2, 3], vec![0], vec![4], vec![4], vec![3, 6], vec![5]];
        let mut found = cycles(&graph);
        found.iter_mut().for_each(|cycle| cycle.sort_unstable());
        found.sort();
        assert_eq!(found, [vec![0, 1, 2], vec![4], vec![5, 6]]);
        let long: Vec<Vec<u32>> = (0..100_000).map(|at| vec![(at + 1) % 100_000]).collect();
        assert_eq!(cycles(&long)[0].len(), 100_000, "it takes no stack");
    }

    #[test]
    fn functions_that_go_on_to_each_other_are_one_set() {
        let found = sets(
            "(module (func $a (return_call $b)) (func $b (return_call $a))
            (func $itself (return_call $itself)) (func $into (return_call $a))
            (func $called (call $a)))",
        );
        assert_eq!(found, [vec![0, 1], vec![0, 1], vec![2], vec![], vec![]]);
    }

    #[test]
    fn tables_that_never_change_lead_to_functions_of_the_type() {
        let wat = |rest: &str| {
            format!(
                "(module (type $t (func)) (type $u (func (param i32)))
                (table $t 4 funcref) (elem (i32.const 1) $a $b $c)
                (func $a (return_call_indirect (type $t) (i32.const 1)))
                (func $b (return_call_indirect (type $t) (i32.const 2)))
                (func $c (param i32) (return_call_indirect (type $t) (i32.const 1))) {rest})"
            )
        };
        assert_eq!(sets(&wat("")), [vec![0, 1], vec![0, 1], vec![]]);
        let written = "(func (table.set (i32.const 0) (ref.null func)))";
        assert!(sets(&wat(written)).iter().all(Vec::is_empty));
    }

    #[test]
    fn of_many_functions_only_those_are_sets_that_go_on_to_themselves() {
        let many = |count: usize| {
            let next = |at| (at + 1) % count;
            let func = |at| format!("(func (return_call {}))", next(at));
            let funcs: String = (0..count).map(func).collect();
            sets(&format!("(module {funcs})")).iter().filter(|set| set.len() == count).count()
        };
        assert_eq!(many(MAX_MEMBERS), MAX_MEMBERS);
        assert_eq!(many(MAX_MEMBERS + 1), 0);
    }
}
