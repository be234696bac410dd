//! Counters: when they ask, what the answers do, and frames that somebody else takes
//! over.

use std::ptr::{NonNull, null};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bimetal_core::trap::TrapCode;
use bimetal_core::types::{FuncType, ValType};
use bimetal_core::value::Slot;
use bimetal_parser::{Module, ParseOptions};
use bimetal_runtime::Extern;
use bimetal_runtime::hot::{Counted, Thresholds, TierUp, Verdict};
use bimetal_runtime::osr::{OsrEntry, OsrFrame, Replace, Replaced};
use bimetal_runtime::trap::raise;
use bimetal_runtime::vmctx::VmCtx;

use super::super::hot::{Hot, OuterLoop};
use super::{FastModule, Fusions, Wasm, i32};

pub(super) type Questions = Arc<Mutex<Vec<(usize, Counted)>>>;

/// Writes every question down and gives the same answers again and again.
struct Hook {
    asked: Questions,
    calls: Verdict,
    loops: Verdict,
}

impl TierUp for Hook {
    unsafe fn hot(&self, _: NonNull<VmCtx>, defined: usize, counted: Counted) -> Verdict {
        self.asked.lock().unwrap().push((defined, counted));
        match counted {
            Counted::Calls => self.calls,
            Counted::Loop(_) => self.loops,
        }
    }
}

pub(super) fn tiered(
    wat: &str,
    fusions: Fusions,
    loops: Verdict,
    calls: Verdict,
    imports: fn(&mut Wasm) -> Vec<Extern>,
) -> (Wasm, Questions) {
    let asked = Questions::default();
    let hook = Box::new(Hook { asked: Arc::clone(&asked), calls, loops });
    let mut wasm = Wasm::with_fusions(fusions);
    let module = Arc::new(Module::new(wat.as_bytes(), &ParseOptions::default()).unwrap());
    let first = Thresholds { calls: 3, iterations: 10 };
    let hot = Some(Hot { hook, first });
    let tier = FastModule::make(&module, &wasm.store.settings, fusions, hot);
    wasm.tiers.push(Arc::clone(&tier));
    let imports = imports(&mut wasm);
    wasm.instantiate(&module, tier, &imports);
    (wasm, asked)
}

fn looping(wat: &str, loops: Verdict) -> (Wasm, Questions) {
    tiered(wat, Fusions::ALL, loops, Verdict::Park, |_| Vec::new())
}

fn enter(replace: Replace) -> Verdict {
    Verdict::Enter(OsrEntry { replace, code: null() })
}

/// Loops of every form of back-edge: each runs `n` times and counts in a local.
const LOOPS: [&str; 5] = [
    "(loop $l (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br_if $l (i32.lt_u (local.get $i) (local.get $n))))",
    "(loop $l (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1)))
        (local.get $n))))",
    "(block $b (loop $l (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br_if $b (i32.eq (local.get $i) (local.get $n))) (br $l)))",
    "(block $b (loop $l (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br_table $l $b (i32.eq (local.get $i) (local.get $n)))))",
    "(drop (loop $l (param) (result i32) (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (if (i32.lt_u (local.get $i) (local.get $n)) (then (br $l))) (i32.const 5)))",
];

fn counting_loop(body: &str) -> String {
    format!(
        "(module (func (export \"run\") (param $n i32) (result i32) (local $i i32)
            (loop) {body} (local.get $i)))"
    )
}

#[test]
fn a_loop_is_asked_about_after_every_so_many_iterations() {
    for fusions in [Fusions::ALL, Fusions::NONE] {
        for body in LOOPS {
            let wat = counting_loop(body);
            let again = Verdict::Again(20);
            let (mut wasm, asked) = tiered(&wat, fusions, again, Verdict::Park, |_| Vec::new());
            // The last iteration does not come back to the header.
            assert_eq!(wasm.get::<i32>("run", &[i32(10)]), 10);
            assert_eq!(asked.lock().unwrap().len(), 0);
            assert_eq!(wasm.get::<i32>("run", &[i32(2)]), 2);
            assert_eq!(*asked.lock().unwrap(), [(0, Counted::Loop(1))]);
            assert_eq!(wasm.get::<i32>("run", &[i32(61)]), 61);
            assert_eq!(
                asked.lock().unwrap().iter().filter(|ask| ask.1 != Counted::Calls).count(),
                4
            );
        }
    }
}

#[test]
fn a_parked_loop_runs_on_and_never_asks_again() {
    for body in LOOPS {
        let (mut wasm, asked) = looping(&counting_loop(body), Verdict::Park);
        assert_eq!(wasm.get::<i32>("run", &[i32(1000)]), 1000);
        assert_eq!(wasm.get::<i32>("run", &[i32(1000)]), 1000);
        assert_eq!(*asked.lock().unwrap(), [(0, Counted::Loop(1))]);
    }
}

#[test]
fn a_loop_knows_the_loops_around_it() {
    let wat = "(module (func (export \"run\") (param $n i32) (local $i i32)
        (loop $rounds
          (loop $fill
            (br_if $fill (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1)))
                                   (i32.const 5))))
          (loop $outer
            (loop $inner
              (br_if $inner (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1)))
                                      (i32.const 8))))
            (br_if $outer (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1)))
                                    (i32.const 20))))
          (br_if $rounds (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))))";
    for fusions in [Fusions::ALL, Fusions::NONE] {
        let (mut wasm, _) = tiered(wat, fusions, Verdict::Park, Verdict::Again(20), |_| vec![]);
        let tier = Arc::clone(&wasm.tiers[0]);
        assert_eq!(tier.loops_around(0, 3), []);
        wasm.call("run", &[i32(1)]).unwrap();
        let outer = |number, iterated, has_others| OuterLoop { number, iterated, has_others };
        assert_eq!(tier.loops_around(0, 0), []);
        assert_eq!(tier.loops_around(0, 1), [outer(0, false, true)]);
        assert_eq!(tier.loops_around(0, 3), [outer(2, true, false), outer(0, false, true)]);
        assert!(!tier.was_called_again(0));
        wasm.call("run", &[i32(2)]).unwrap();
        assert_eq!(tier.loops_around(0, 2), [outer(0, true, true)]);
        assert!(tier.was_called_again(0));
    }
}

#[test]
fn calls_can_be_asked_about_early() {
    let wat = "(module (func (export \"run\")))";
    let (mut wasm, asked) = tiered(wat, Fusions::ALL, Verdict::Park, Verdict::Again(9), |_| vec![]);
    let tier = Arc::clone(&wasm.tiers[0]);
    tier.ask_at_next_call(0);
    wasm.call("run", &[]).unwrap();
    tier.ask_at_next_call(0);
    assert!(asked.lock().unwrap().is_empty() && !tier.was_called_again(0));
    wasm.call("run", &[]).unwrap();
    assert_eq!(*asked.lock().unwrap(), [(0, Counted::Calls)]);
    assert!(tier.was_called_again(0));
}

#[test]
fn calls_are_asked_about_and_parked() {
    let wat = "(module (func $f) (func (export \"run\") (call $f) (call $f)))";
    let (mut wasm, asked) = tiered(wat, Fusions::ALL, Verdict::Park, Verdict::Again(2), |_| vec![]);
    wasm.call("run", &[]).unwrap();
    assert!(asked.lock().unwrap().is_empty());
    wasm.call("run", &[]).unwrap();
    assert_eq!(*asked.lock().unwrap(), [(0, Counted::Calls)]);
    let (mut wasm, asked) = tiered(wat, Fusions::ALL, Verdict::Park, Verdict::Park, |_| vec![]);
    for _ in 0..100 {
        wasm.call("run", &[]).unwrap();
    }
    assert_eq!(*asked.lock().unwrap(), [(0, Counted::Calls), (1, Counted::Calls)]);
}

/// A sum that a loop computes, among operands of its caller.
const SUM: &str = r#"(module
    (func $sum (export "sum") (param $n i32) (result i32 i64) (local $sum i64)
        (loop $l
            (local.set $sum (i64.add (local.get $sum) (i64.extend_i32_u (local.get $n))))
            (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
        (local.get $n) (local.get $sum))
    (func (export "outer") (param $n i32) (result i64) (local $t i64)
        (i64.const 1000) (call $sum (local.get $n)) (local.set $t) (drop)
        (i64.add (local.get $t)))
    (func $twice (param i64) (result i32 i64) (i32.const 7) (i64.mul (local.get 0) (i64.const 2))))"#;

/// What the loop of [`SUM`] does from its header on.
unsafe fn finish_sum(_: *mut VmCtx, _: *const u8, frame: &mut OsrFrame) -> Replaced {
    // SAFETY: a frame of that function: a parameter, the header, a local.
    unsafe {
        let n = (*frame.slots).u32();
        let sum = (*frame.slots.add(3)).i64() + i64::from(n) * (i64::from(n) + 1) / 2;
        *frame.slots = Slot::from_i32(0);
        *frame.slots.add(1) = Slot::from_i64(sum);
    }
    Replaced::Done
}

#[test]
fn results_of_whoever_took_over_go_to_the_caller() {
    let (mut wasm, asked) = looping(SUM, enter(finish_sum));
    for _ in 0..3 {
        assert_eq!(wasm.get::<i64>("outer", &[i32(100)]), 1000 + 5050);
        let both = wasm.call("sum", &[i32(1000)]).unwrap();
        assert_eq!((both[0].u32(), both[1].i64()), (0, 500_500));
    }
    assert_eq!(asked.lock().unwrap().iter().filter(|ask| ask.1 != Counted::Calls).count(), 1);
}

#[test]
fn who_refuses_to_take_over_changes_nothing() {
    let (mut wasm, _) = looping(SUM, enter(|_, _, _| Replaced::Refused));
    assert_eq!(wasm.get::<i64>("outer", &[i32(100)]), 1000 + 5050);
}

#[test]
fn a_replaced_frame_is_not_in_the_backtrace_twice() {
    unsafe fn trap(cx: *mut VmCtx, _: *const u8, _: &mut OsrFrame) -> Replaced {
        // SAFETY: the interpreter has recorded where it is.
        let _ = unsafe { raise((*cx).store, TrapCode::IntegerOverflow) };
        Replaced::Unwound
    }
    let (mut wasm, _) = looping(SUM, enter(trap));
    let trap = wasm.trap("outer", &[i32(100)]);
    assert_eq!(trap.code, TrapCode::IntegerOverflow);
    // The one that took over would report its own frame.
    assert_eq!(trap.frames.iter().map(|frame| frame.func.0).collect::<Vec<_>>(), [1]);
    assert!(wasm.trap("sum", &[i32(100)]).frames.is_empty());
}

#[test]
fn a_tail_call_of_whoever_took_over_returns_to_the_caller() {
    unsafe fn tail(cx: *mut VmCtx, _: *const u8, frame: &mut OsrFrame) -> Replaced {
        // SAFETY: the instance's third function takes one number.
        unsafe {
            *frame.slots = Slot::from_i64(21);
            frame.callee = (*cx).code.add(2);
        }
        (frame.params, frame.results) = (1, 2);
        Replaced::Done
    }
    let (mut wasm, _) = looping(SUM, enter(tail));
    assert_eq!(wasm.get::<i64>("outer", &[i32(100)]), 1000 + 42);
    let both = wasm.call("sum", &[i32(100)]).unwrap();
    assert_eq!((both[0].u32(), both[1].i64()), (7, 42));
}

#[test]
fn a_tail_call_can_lead_to_the_host() {
    unsafe fn tail(cx: *mut VmCtx, _: *const u8, frame: &mut OsrFrame) -> Replaced {
        // SAFETY: the instance imports one function, of one number to one.
        unsafe {
            let instance = &*(*cx).instance;
            let func =
                cx.byte_add(instance.layout().import(bimetal_core::index::FuncIdx(0)) as usize);
            frame.func = func.cast();
            frame.callee = (*frame.func).code;
            *frame.slots = Slot::from_i64(20);
        }
        (frame.params, frame.results) = (1, 1);
        Replaced::Done
    }
    let wat = r#"(module (import "" "f" (func (param i64) (result i64)))
        (func $l (result i64) (loop $l (br $l)) unreachable)
        (func (export "run") (result i64) (i64.add (call $l) (i64.const 1))))"#;
    let double = |wasm: &mut Wasm| {
        let ty = FuncType::new([ValType::I64], [ValType::I64]);
        let body = |_, _, slots: *mut Slot| {
            // SAFETY: the argument and the result are in the first slot.
            unsafe { *slots = Slot::from_i64((*slots).i64() * 2) };
            Ok(())
        };
        vec![wasm.host(ty, Box::new(body))]
    };
    let (mut wasm, _) = tiered(wat, Fusions::ALL, enter(tail), Verdict::Park, double);
    assert_eq!(wasm.get::<i64>("run", &[]), 41);
}

#[test]
fn code_that_another_thread_installs_is_entered_while_the_loop_runs() {
    unsafe fn leave(_: *mut VmCtx, _: *const u8, frame: &mut OsrFrame) -> Replaced {
        // SAFETY: the frame has room for the result.
        unsafe { *frame.slots = Slot::from_i64(77) };
        Replaced::Done
    }
    let wat = r#"(module (func (export "run") (result i64) (loop $l (br $l)) unreachable))"#;
    // Counting, and parked long before.
    for verdict in [Verdict::Again(1 << 20), Verdict::Park] {
        let (mut wasm, _) = looping(wat, verdict);
        let tier = Arc::clone(&wasm.tiers[0]);
        let install = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(20));
            let entry = OsrEntry { replace: leave, code: null() };
            while !tier.enter_loop(0, 0, entry) {
                std::thread::yield_now();
            }
        });
        assert_eq!(wasm.get::<i64>("run", &[]), 77);
        install.join().unwrap();
    }
}
