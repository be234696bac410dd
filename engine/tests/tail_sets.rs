//! Functions that go on to each other by tail calls, directly and through a table that
//! never changes: with and without one code for all of them, and on every tier, they do
//! the same.

mod common;

use bimetal::{Config, Engine, Strategy, Trap};
use common::{Outcome, engines_and_tiered, instantiate, outcome_of};

/// Engines of every strategy, and one that changes tiers at once, that compile such
/// functions as one, and some that do not; the last ones collect at every allocation.
fn engines() -> Vec<Engine> {
    let mut engines = Vec::new();
    for (enable, stress) in [(true, false), (false, false), (true, true)] {
        let set = |config: &mut Config| {
            config.tail_sets(enable).own_contexts(enable).gc_stress(stress);
        };
        engines.extend(engines_and_tiered(set));
    }
    engines
}

/// What all engines agree on, when they call for the first and for the third time.
fn agreed(wat: &str, n: i64) -> Outcome {
    let outcomes = engines().into_iter().flat_map(|engine| {
        let (mut store, instance) = instantiate(&engine, wat);
        let run = instance.get_typed_func::<i64, i64>(&mut store, "run").unwrap();
        let outcomes = [(); 3].map(|()| outcome_of(run.call(&mut store, n)));
        outcomes.map(|outcome| (format!("{engine:?}"), outcome))
    });
    let outcomes: Vec<(String, Outcome)> = outcomes.collect();
    for (engine, outcome) in &outcomes {
        assert_eq!(*outcome, outcomes[0].1, "{engine}");
    }
    outcomes[0].1.clone()
}

#[test]
fn functions_that_go_on_to_each_other_millions_of_times_take_no_stack() {
    // One has its arguments in another order and a local that must be zero again, one
    // has more of them than registers.
    let wat = r#"(module
        (func $down (param $n i64) (param $sum i64) (result i64) (local $fresh i64)
            (if (i64.ne (local.get $fresh) (i64.const 0)) (then (unreachable)))
            (local.set $fresh (i64.const 1))
            (if (i64.eqz (local.get $n)) (then (return (local.get $sum))))
            (return_call $swapped (local.get $sum) (local.get $n)))
        (func $swapped (param $sum i64) (param $n i64) (result i64)
            (return_call $many (i32.const 1) (i64.const 2) (i32.const 3) (f64.const 4)
                (i64.const 5) (i64.const 6) (i64.const 7) (local.get $n)
                (i64.add (local.get $sum) (local.get $n))))
        (func $many (param i32 i64 i32 f64 i64 i64 i64) (param $n i64) (param $sum i64)
            (result i64)
            (local.set 1 (i64.const 99))
            (return_call $down (i64.sub (local.get $n) (i64.const 1)) (local.get $sum)))
        (func (export "run") (param $n i64) (result i64)
            (i64.add (call $down (local.get $n) (i64.const 0))
                (call $swapped (i64.const 0) (local.get $n)))))"#;
    assert_eq!(agreed(wat, 100), Ok(2 * 5050));
    for engine in engines() {
        // The reference interpreter is slow.
        let deep = if engine.strategy() == Strategy::Reference { 30_000 } else { 3_000_000 };
        let (mut store, instance) = instantiate(&engine, wat);
        let run = instance.get_typed_func::<i64, i64>(&mut store, "run").unwrap();
        assert_eq!(run.call(&mut store, deep).unwrap(), deep * (deep + 1), "{engine:?}");
    }
}

/// An interpreter of digits, from the last one on: each names an element of a table
/// that has a null, a function of another type and one that is not among those that
/// go on.
const DIGITS: &str = r#"(module
    (type $t (func (param i64 i64) (result i64))) (type $other (func))
    (memory 1)
    (table 8 funcref) (elem (i32.const 1) $add $double $trap $load $end) (elem (i32.const 7) $f)
    (func $next (param $n i64) (param $sum i64) (result i64)
        (return_call_indirect (type $t) (i64.div_u (local.get $n) (i64.const 10))
            (local.get $sum) (i32.wrap_i64 (i64.rem_u (local.get $n) (i64.const 10)))))
    (func $add (type $t)
        (return_call $next (local.get 0) (i64.add (local.get 1) (i64.const 1))))
    (func $double (type $t)
        (return_call_indirect (type $t) (i64.div_u (local.get 0) (i64.const 10))
            (i64.mul (local.get 1) (i64.const 2))
            (i32.wrap_i64 (i64.rem_u (local.get 0) (i64.const 10)))))
    (func $trap (type $t)
        (if (i64.eq (local.get 1) (i64.const 2)) (then (unreachable)))
        (return_call $next (local.get 0) (call $called (local.get 1))))
    (func $load (type $t)
        (return_call $next (local.get 0)
            (i64.add (local.get 1) (i64.load8_u (i32.wrap_i64 (i64.shl (local.get 1) (i64.const 15)))))))
    (func $end (type $t) (local.get 1))
    (func $f (type $other))
    (func $called (param i64) (result i64)
        (i64.div_u (i64.const 12) (i64.sub (local.get 0) (i64.const 3))))
    (func (export "run") (param i64) (result i64)
        (i64.add (call $next (local.get 0) (i64.const 0)) (i64.const 0))))"#;

#[test]
fn a_table_that_never_changes_leads_from_function_to_function() {
    for (digits, sum) in [(5, 0), (52_221, 8), (5_121_212_121, 31), (531, 0), (5_311_111, 6)] {
        assert_eq!(agreed(DIGITS, digits), Ok(sum), "{digits}");
    }
}

#[test]
fn a_trap_is_in_the_function_that_was_gone_on_to() {
    use Trap::*;
    let [next, double, trap, load, called, run] = [0, 2, 3, 4, 7, 8];
    for (digits, expected, inside) in [
        (5_311, UnreachableCodeReached, &[trap][..]),
        (5_411, MemoryOutOfBounds, &[load]),
        (53_111, IntegerDivisionByZero, &[called, trap]),
        (501, IndirectCallToNull, &[next]),
        (5_021, IndirectCallToNull, &[double]),
        (561, IndirectCallToNull, &[next]),
        (571, BadSignature, &[next]),
        (5_721, BadSignature, &[double]),
        (581, UndefinedElement, &[next]),
    ] {
        let (code, frames) = agreed(DIGITS, digits).unwrap_err();
        let funcs: Vec<u32> = frames.iter().map(|frame| frame.0).collect();
        assert_eq!((code, funcs), (Some(expected), [inside, &[run]].concat()), "{digits}");
    }
}

#[test]
fn a_handler_is_gone_once_its_function_went_on_to_another() {
    // `$b` throws to its own handler, or to one of whoever called `$a`; a handler
    // around the tail call sees neither.
    let wat = r#"(module
        (tag $e (param i64))
        (func $throw (param $n i64) (throw $e (local.get $n)))
        (func $a (param $n i64) (param $sum i64) (result i64)
            (block $caught (result i64)
                (try_table (result i64) (catch $e $caught)
                    (return_call $b (local.get $n) (local.get $sum))))
            (unreachable))
        (func $b (param $n i64) (param $sum i64) (result i64)
            (if (i64.eqz (local.get $n)) (then (throw $e (local.get $sum))))
            (block $caught (result i64)
                (try_table (result i64) (catch $e $caught)
                    (call $throw (i64.mul (local.get $n) (i64.const 2)))
                    (i64.const 1)))
            (local.set $sum (i64.add (local.get $sum)))
            (return_call $a (i64.sub (local.get $n) (i64.const 1)) (local.get $sum)))
        (func (export "run") (param $n i64) (result i64)
            (block $caught (result i64)
                (try_table (result i64) (catch $e $caught)
                    (i64.add (i64.const 1000) (call $a (local.get $n) (i64.const 0)))))))"#;
    assert_eq!(agreed(wat, 5), Ok(30));
}

#[test]
fn objects_survive_collections_in_functions_that_go_on_to_each_other() {
    let wat = r#"(module
        (type $node (struct (field i64) (field (ref null $node))))
        (func $push (param $n i64) (param $list (ref null $node)) (result i64)
            (local $last (ref null $node))
            (if (i32.eqz (ref.is_null (local.get $last))) (then (unreachable)))
            (if (i64.eqz (local.get $n))
                (then (return_call $sum (local.get $list) (i64.const 0))))
            (local.set $last (local.get $list))
            (return_call $again (struct.new $node (local.get $n) (local.get $last))
                (i64.sub (local.get $n) (i64.const 1))))
        (func $again (param $list (ref null $node)) (param $n i64) (result i64)
            (local $spare (ref null $node))
            (local.set $spare (struct.new $node (i64.const 5) (local.get $list)))
            (return_call $push (local.get $n) (struct.get $node 1 (local.get $spare))))
        (func $sum (param $list (ref null $node)) (param $sum i64) (result i64)
            (if (i64.lt_s (local.get $sum) (i64.const 0))
                (then (return_call $push (i64.const 1) (local.get $list))))
            (if (ref.is_null (local.get $list)) (then (return (local.get $sum))))
            (drop (struct.new $node (i64.const 0) (ref.null $node)))
            (return_call $sum (struct.get $node 1 (local.get $list))
                (i64.add (local.get $sum) (struct.get $node 0 (local.get $list)))))
        (func (export "run") (param $n i64) (result i64)
            (call $push (local.get $n) (ref.null $node))))"#;
    assert_eq!(agreed(wat, 60), Ok(60 * 61 / 2));
}

/// Numbers that look random.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (self.0 >> 33) as usize % limit
    }
}

/// The parameters of the machines below: a countdown first, sums of several types behind
/// it, in two orders.
const ORDERS: [[&str; 4]; 2] = [["n", "a", "b", "c"], ["n", "c", "a", "b"]];

fn value(name: &str) -> &'static str {
    match name {
        "n" => "(i64.sub (local.get $n) (i64.const 1))",
        "a" => "(i64.add (i64.mul (local.get $a) (i64.const 31)) (local.get $n))",
        "b" => "(i32.add (local.get $b) (i32.wrap_i64 (local.get $a)))",
        _ => "(f64.add (local.get $c) (f64.const 0.5))",
    }
}

/// The arguments of a function with its parameters in this order.
fn arguments(order: usize) -> String {
    ORDERS[order].map(value).join(" ")
}

/// A tail call of some function, by name or through the table; each has its parameters
/// in one of the orders.
fn tail_call(random: &mut Random, orders: &[usize]) -> String {
    let target = random.below(orders.len());
    let (order, place) = (orders[target], target + 1);
    let args = arguments(order);
    match random.below(3) {
        0 => format!("(return_call $f{target} {args})"),
        1 => format!("(return_call_indirect (type $t{order}) {args} (i32.const {place}))"),
        _ => {
            let same: Vec<usize> = (0..orders.len()).filter(|&at| orders[at] == order).collect();
            let other = same[random.below(same.len())] + 1;
            format!(
                "(return_call_indirect (type $t{order}) {args}
                    (select (i32.const {other}) (i32.const {place})
                        (i32.and (local.get $b) (i32.const 1))))"
            )
        }
    }
}

/// The body of one of the functions.
fn body(random: &mut Random, orders: &[usize], own: usize) -> String {
    let mark = random.below(1 << 30);
    let mut text = format!(
        "(local $seen i64)
        (if (i64.ne (local.get $seen) (i64.const 0)) (then (unreachable)))
        (local.set $seen (local.get $n))
        (if (i64.le_s (local.get $n) (i64.const 0))
            (then (return (i64.add (local.get $a)
                (i64.add (i64.extend_i32_u (local.get $b)) (i64.trunc_f64_s (local.get $c)))))))
        (local.set $a (i64.xor (local.get $a) (i64.const {mark})))"
    );
    for bit in [2, 4] {
        let call = tail_call(random, orders);
        text += &format!(
            "(if (i64.ne (i64.and (local.get $a) (i64.const {bit})) (i64.const 0)) (then {call}))"
        );
    }
    // In some of them, once, an element of whatever type, or none.
    let args = arguments(own);
    let wild = format!(
        "(if (i64.eq (i64.and (local.get $n) (i64.const 31)) (i64.const 3))
            (then (return_call_indirect (type $t{own}) {args}
                (i32.and (local.get $b) (i32.const 7)))))"
    );
    if random.below(3) == 0 {
        text += &wild;
    }
    text + &tail_call(random, orders)
}

/// Functions that go on to each other at random, by name and through a table.
fn machine(seed: u64) -> String {
    let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let count = 2 + random.below(8);
    let orders: Vec<usize> = (0..count).map(|_| random.below(2)).collect();
    let declare = |order: usize| {
        let ty = |name| match name {
            "b" => "i32",
            "c" => "f64",
            _ => "i64",
        };
        ORDERS[order].map(|name| format!("(param ${name} {})", ty(name))).join(" ")
    };
    let mut text = String::from("(module");
    for order in 0..2 {
        text += &format!("(type $t{order} (func {} (result i64)))", declare(order));
    }
    let elements: String = (0..count).map(|at| format!(" $f{at}")).collect();
    text += &format!("(table {} funcref) (elem (i32.const 1){elements})", count + 1);
    for (at, &order) in orders.iter().enumerate() {
        let body = body(&mut random, &orders, order);
        text += &format!("(func $f{at} {} (result i64) {body})", declare(order));
    }
    let first = [
        "(i64.const 3) (i32.const 0) (f64.const 1.5)",
        "(f64.const 1.5) (i64.const 3) (i32.const 0)",
    ];
    let first = first[orders[0]];
    text + &format!(
        "(func (export \"run\") (param i64) (result i64) (call $f0 (local.get 0) {first})))"
    )
}

#[test]
fn functions_that_go_on_to_each_other_at_random_do_the_same_everywhere() {
    let outcomes: Vec<Outcome> = (0..10).map(|seed| agreed(&machine(seed), 40)).collect();
    // Some end, some trap at an index or a type.
    let ended = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
    assert!(0 < ended && ended < outcomes.len(), "{outcomes:?}");
}
