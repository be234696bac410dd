//! What conditional branches note about themselves in code that counts, and that nothing
//! is left of it.

use std::ptr::NonNull;
use std::sync::{Arc, Barrier};

use bimetal_parser::{Module, ParseOptions};
use bimetal_runtime::Settings;
use bimetal_runtime::code::ModuleCode;
use bimetal_runtime::hot::{Counted, Thresholds, TierUp, Verdict};
use bimetal_runtime::vmctx::VmCtx;

use super::super::dispatch::{Handler, handler};
use super::super::exec::sample::{CountBranch, MAX};
use super::super::hot::Hot;
use super::FastModule;
use super::hot::tiered;
use super::{Fusions, Wasm, i32};

fn watched(wat: &str, fusions: Fusions) -> Wasm {
    tiered(wat, fusions, Verdict::Park, Verdict::Park, |_| Vec::new()).0
}

/// How often the branches of a function were executed and taken.
fn noted(wasm: &Wasm, defined: usize) -> Vec<(u32, u32)> {
    let noted = wasm.tiers[0].noted_branches(defined);
    assert!(noted.is_sorted_by(|one, other| one.offset < other.offset));
    noted.into_iter().map(|branch| (branch.executed, branch.taken)).collect()
}

/// Which words of a function still belong to watching: handlers, and addresses of
/// records.
fn left(wasm: &Wasm, defined: usize) -> usize {
    let code = wasm.tiers[0].func(defined).unwrap();
    let records = code.words.as_ptr() as u64..code.base as u64;
    let counting = handler::<CountBranch> as Handler as usize as u64;
    let at = |word: usize| code.base.cast::<u64>().wrapping_add(word);
    let words = code.words.len() - (records.end - records.start) as usize / 8;
    // SAFETY: the words of the function.
    let read = |word| unsafe { at(word).read() };
    (0..words).filter(|&word| read(word) == counting || records.contains(&read(word))).count()
}

/// Answers no question.
struct Nobody;

impl TierUp for Nobody {
    unsafe fn hot(&self, _: NonNull<VmCtx>, _: usize, _: Counted) -> Verdict {
        Verdict::Park
    }
}

/// Asserts that the words of the first function are those of code whose branches are not
/// watched, addresses in the code apart.
fn assert_as_unwatched(wasm: &Wasm, fusions: Fusions) {
    let watched = wasm.tiers[0].func(0).unwrap();
    let mut settings = wasm.store.settings.clone();
    settings.optimisations.seen_branches = false;
    let first = Thresholds { calls: 3, iterations: 10 };
    let hot = Some(Hot { hook: Box::new(Nobody), first });
    let tier = FastModule::make(&wasm.tiers[0].module, &settings, fusions, hot);
    let plain = tier.translate(0).unwrap();
    // The counter of its calls has changed.
    for at in (0..plain.words.len()).filter(|&at| at != 2) {
        // SAFETY: the words of both.
        let [one, other] = [watched, plain]
            .map(|code| unsafe { (code.base.add(at).read().bits, code.base as u64) });
        let same = one.0 == other.0 || one.0.wrapping_sub(one.1) == other.0.wrapping_sub(other.1);
        assert!(same, "word {at}: {one:x?}, {other:x?}");
    }
}

/// Branches of every form, each taken for the numbers below a limit: one with the number
/// on its side, one that takes a value along, an `if` with and without `else`.
const FORMS: [&str; 9] = [
    "(block $b (br_if $b (i32.lt_u (local.get $n) (i32.const 5))))",
    "(block $b (br_if $b (i32.eqz (i32.ge_u (local.get $n) (i32.const 5)))))",
    "(drop (block $b (result i32) (i32.const 1) (i32.const 2)
        (br_if $b (i32.lt_u (local.get $n) (i32.const 5))) (drop) (drop) (i32.const 4)))",
    "(if (i32.lt_u (local.get $n) (i32.const 5)) (then (local.set $x (i32.const 3))))",
    "(if (i32.lt_u (local.get $n) (i32.const 5)) (then (local.set $x (i32.const 3)))
        (else (local.set $x (i32.const 4))))",
    "(block $b (br_if $b (i32.lt_u (local.tee $x (i32.add (local.get $n) (i32.const 2)))
        (i32.const 7))))",
    "(block $b (br_if $b (i32.eqz (i32.gt_u (i32.load8_u (local.get $n)) (i32.const 0)))))",
    "(block $b (br_on_null $b (table.get (local.get $n))) (drop))",
    "(block $b (local.set $x (i32.const 3)) (br_if $b (i32.lt_u (local.get $n) (i32.const 5))))",
];

fn form(body: &str) -> String {
    format!(
        r#"(module (memory 1) (data (i32.const 5) "\01\01\01\01\01\01")
        (table 10 funcref) (elem (i32.const 5) $run $run $run $run $run)
        (func $run (export "run") (param $n i32) (result i32) (local $x i32) {body}
            (local.get $n)))"#
    )
}

#[test]
fn branches_note_how_often_they_are_executed_and_taken() {
    for fusions in [Fusions::ALL, Fusions::NONE] {
        for body in FORMS {
            let mut wasm = watched(&form(body), fusions);
            wasm.get::<i32>("run", &[i32(7)]);
            assert_eq!(noted(&wasm, 0), [(1, 0)], "{body}");
            for n in 0..10 {
                assert_eq!(wasm.get::<i32>("run", &[i32(n)]), n);
            }
            assert_eq!(noted(&wasm, 0), [(11, 5)], "{body}");
            assert_eq!(left(&wasm, 0), 2, "the handler and the target: {body}");
        }
    }
}

#[test]
fn nothing_is_left_of_watching_a_branch_for_long() {
    for fusions in [Fusions::ALL, Fusions::NONE] {
        for body in FORMS {
            let mut wasm = watched(&form(body), fusions);
            for n in 0..i32::from(MAX) {
                wasm.get::<i32>("run", &[i32(n % 10)]);
            }
            assert_eq!(left(&wasm, 0), 2, "{body}");
            let seen = noted(&wasm, 0);
            for n in [1, 7, 2, 8, 0] {
                assert_eq!(wasm.get::<i32>("run", &[i32(n)]), n);
                assert_eq!(left(&wasm, 0), 0, "{body}");
            }
            assert_as_unwatched(&wasm, fusions);
            assert_eq!((noted(&wasm, 0), seen[0].0), (seen, u32::from(MAX)), "no more: {body}");
        }
    }
}

#[test]
fn a_branch_that_closes_a_loop_is_its_loops() {
    let mut wasm = watched(
        r#"(module (func (export "run") (param $n i32) (result i32)
            (block $out (loop $l
                (br_if $out (i32.eqz (local.get $n)))
                (local.set $n (i32.sub (local.get $n) (i32.const 1)))
                (br_if $l (i32.const 1))
                (br_if $l (local.get $n))))
            (local.get $n)))"#,
        Fusions::ALL,
    );
    wasm.get::<i32>("run", &[i32(20)]);
    assert_eq!(noted(&wasm, 0), [(21, 1)]);
}

/// Sums `n` up until there is enough, with what makes one handler of two cells around
/// branches that are watched.
const SUMS: &str = r#"(module (func $run (export "run") (param $n i32) (result i32)
    (local $sum i32) (local $odd i32)
    (block $out (loop $l
        (local.set $sum (i32.add (local.get $sum) (local.get $n)))
        (if (i32.and (local.get $sum) (i32.const 1))
            (then (local.set $odd (i32.add (local.get $odd) (i32.const 3))))
            (else (local.set $odd (i32.const 7))))
        (br_if $out (i32.gt_u (local.get $sum) (i32.const 100)))
        (br $l)))
    (i32.add (local.get $sum) (local.get $odd))))"#;

fn sums(n: i32) -> i32 {
    let (mut sum, mut odd) = (0, 0);
    while sum <= 100 {
        sum += n;
        odd = if sum & 1 == 1 { odd + 3 } else { 7 };
    }
    sum + odd
}

#[test]
fn threads_may_settle_the_same_branches_at_once() {
    let module = Arc::new(Module::new(SUMS.as_bytes(), &ParseOptions::default()).unwrap());
    // Each time with code of its own, so that all meet while its branches are new.
    for _ in 0..if cfg!(miri) { 2 } else { 50 } {
        let first = Thresholds { calls: 1000, iterations: 1000 };
        let hot = Some(Hot { hook: Box::new(Nobody), first });
        let tier = FastModule::make(&module, &Settings::default(), Fusions::ALL, hot);
        let start = Barrier::new(4);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    let mut wasm = Wasm::empty();
                    wasm.instantiate(&module, Arc::clone(&tier) as Arc<dyn ModuleCode>, &[]);
                    start.wait();
                    for n in 1..30 {
                        assert_eq!(wasm.get::<i32>("run", &[i32(n)]), sums(n), "{n}");
                    }
                });
            }
        });
        let noted = tier.noted_branches(0);
        assert_eq!(noted.len(), 2);
        for branch in noted {
            // Threads that count at the same time may lose some, and come too late to stop.
            assert!((1..u32::from(MAX) + 4).contains(&branch.executed), "{branch:?}");
            assert!(branch.taken <= branch.executed, "{branch:?}");
        }
    }
}

#[test]
fn code_that_does_not_count_watches_no_branch() {
    let mut wasm = Wasm::new(&form(FORMS[0]));
    assert_eq!(wasm.get::<i32>("run", &[i32(3)]), 3);
    assert_eq!((noted(&wasm, 0), left(&wasm, 0)), (vec![], 0));
}
