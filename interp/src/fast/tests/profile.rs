//! What calls note about themselves in code that counts.

use super::super::hot::NotedCall;
use super::hot::{Questions, tiered};
use super::{Fusions, Wasm, i32};
use bimetal_runtime::hot::Verdict;

fn noting(wat: &str) -> (Wasm, Questions) {
    tiered(wat, Fusions::ALL, Verdict::Park, Verdict::Park, |_| Vec::new())
}

/// How often a call was done, whom it reached, and the loop around it.
type Noted = (u64, Vec<(u32, u64)>, Option<u32>);

/// The calls of a function, whose offsets ascend.
fn noted(wasm: &Wasm, defined: usize) -> Vec<Noted> {
    let noted = wasm.tiers[0].noted_calls(defined);
    assert!(noted.is_sorted_by(|one, other| one.offset < other.offset));
    noted
        .into_iter()
        .map(|NotedCall { calls, callees, within, .. }| (calls, callees, within))
        .collect()
}

#[test]
fn a_direct_call_notes_how_often_it_is_done() {
    let (mut wasm, _) = noting(
        r#"(module (func $f)
        (func (export "run") (param $n i32) (result i32)
            (if (i32.eqz (local.get $n)) (then (call $f)))
            (loop $l (call $f) (local.set $n (i32.sub (local.get $n) (i32.const 1)))
                (br_if $l (i32.gt_s (local.get $n) (i32.const 0))))
            (call $f)
            (local.get $n)))"#,
    );
    wasm.get::<i32>("run", &[i32(20)]);
    wasm.get::<i32>("run", &[i32(5)]);
    let seen = |calls, within| (calls, vec![(0, calls)], within);
    assert_eq!(noted(&wasm, 1), [seen(0, None), seen(25, Some(0)), seen(2, None)]);
    assert_eq!(noted(&wasm, 0), [], "it calls nobody");
    wasm.get::<i32>("run", &[i32(1000)]);
    let (most, twice) = (NotedCall::MAX_DIRECT, seen(3, None));
    assert_eq!(noted(&wasm, 1), [seen(0, None), seen(most, Some(0)), twice], "no more");
}

/// A function that calls whatever is in a table, and a caller of it that picks.
fn picking(call: &str) -> String {
    format!(
        r#"(module (type $t (func (result i32)))
        (table 4 funcref) (elem (i32.const 0) $a $b $c $d)
        (func $a (type $t) (i32.const 0)) (func $b (type $t) (i32.const 1))
        (func $c (type $t) (i32.const 2)) (func $d (type $t) (i32.const 3))
        (func (export "run") (param $i i32) (result i32) {call}))"#
    )
}

#[test]
fn indirect_calls_note_the_two_functions_that_they_reach_most() {
    let calls = [
        "(call_indirect (type $t) (local.get $i))",
        "(call_ref $t (ref.cast (ref $t) (table.get (local.get $i))))",
    ];
    for call in calls {
        let (mut wasm, _) = noting(&picking(call));
        let mut pick = |picked: &[i32]| {
            picked.iter().for_each(|&at| assert_eq!(wasm.get::<i32>("run", &[i32(at)]), at));
            noted(&wasm, 4).remove(0)
        };
        assert_eq!(pick(&[2, 2, 2]).1[..], [(2, 3)], "{call}");
        assert_eq!(pick(&[1; 5]).1[..], [(1, 5), (2, 3)], "{call}");
        let (calls, callees, _) = pick(&[0, 3, 0, 3, 1]);
        assert_eq!((calls, &callees[..]), (13, &[(2, 3), (1, 2)][..]), "{call}");
        // Whoever comes often enough gets the second place.
        let (calls, callees, _) = pick(&[3; 20]);
        assert_eq!((calls, callees[0].0), (33, 3), "{call}");
    }
}

#[test]
fn a_function_of_another_instance_is_nobody_that_is_noted() {
    let (mut wasm, _) = tiered(
        r#"(module (type $t (func (result i32)))
        (import "" "f" (func $f (type $t)))
        (table 2 funcref) (elem (i32.const 0) $f $own)
        (func $own (type $t) (i32.const 1))
        (func (export "run") (param $i i32) (result i32)
            (call_indirect (type $t) (local.get $i))))"#,
        Fusions::ALL,
        Verdict::Park,
        Verdict::Park,
        |wasm| {
            let instance =
                wasm.add(r#"(module (func (export "f") (result i32) (i32.const 7)))"#, &[]);
            vec![wasm.export(instance, "f")]
        },
    );
    for (at, result) in [(0, 7), (1, 1), (0, 7), (0, 7)] {
        assert_eq!(wasm.get::<i32>("run", &[i32(at)]), result);
    }
    assert_eq!(noted(&wasm, 1), [(4, vec![(0, 1)], None)]);
}

#[test]
fn code_that_does_not_count_notes_nothing() {
    let mut wasm = Wasm::new(&picking("(call_indirect (type $t) (local.get $i))"));
    assert_eq!(wasm.get::<i32>("run", &[i32(3)]), 3);
    assert_eq!(noted(&wasm, 4), []);
}
