//! Frames taken over at the header of a loop: everything that lives there, and every
//! way out.
//!
//! The frames are made by hand: parameters, two words of header, other locals,
//! operands.

mod common;

use bimetal_core::value::Slot;
use bimetal_jit::OsrCode;
use bimetal_runtime::osr::{OsrFrame, Replaced};
use bimetal_runtime::store::InstanceId;
use common::World;

/// An instance of a module, and the code for a loop of its first function.
struct Loop {
    world: World,
    id: InstanceId,
    code: OsrCode,
}

/// What stands in the header of a frame, which is not the loop's to read.
const HEADER: [u64; 2] = [0xdead, 0xbeef];

impl Loop {
    fn new(wat: &str, number: u32) -> Loop {
        let mut world = World::new();
        let id = world.instance(wat, &[]);
        let module = world.store.instance(id).module().clone();
        let code = world.engine.compile_osr(&module, 0, number, None).expect("the loop compiles");
        Loop { world, id, code }
    }

    /// Enters the loop with a frame. The frame afterwards and what is to be done.
    fn enter(&mut self, slots: &[u64]) -> (Replaced, Vec<u64>, OsrFrame) {
        let mut slots: Vec<Slot> = slots.iter().map(|&bits| Slot::from_bits(bits)).collect();
        slots.resize(64, Slot::ZERO);
        let cx = self.world.store.instance(self.id).cx();
        let mut frame = OsrFrame::new(slots.as_mut_ptr());
        let entry = self.code.entry();
        // SAFETY: the frame has the slots that the function expects; no guest runs.
        let replaced = unsafe { (entry.replace)(cx, entry.code, &mut frame) };
        (replaced, slots.iter().map(|slot| slot.bits()).collect(), frame)
    }

    /// Enters the loop, of a function that returns.
    fn results(&mut self, slots: &[u64]) -> Vec<u64> {
        let (replaced, slots, frame) = self.enter(slots);
        assert_eq!(replaced, Replaced::Done);
        assert!(frame.callee.is_null());
        slots
    }
}

#[test]
fn a_loop_goes_on_with_the_locals_of_the_frame() {
    let wat = "(module (func (param $n i32) (result i32) (local $sum i32)
        (loop $l
          (local.set $sum (i32.add (local.get $sum) (local.get $n)))
          (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
        (local.get $sum)))";
    let mut code = Loop::new(wat, 0);
    assert_eq!(code.results(&[4, HEADER[0], HEADER[1], 100])[0] as u32, 110);
    assert_eq!(code.results(&[1, HEADER[0], HEADER[1], 7])[0] as u32, 8);
}

#[test]
fn locals_of_every_type_are_in_their_slots() {
    let wat = "(module (func (param i32 i64 f32 f64 v128) (result v128 f64 f32 i64 i32)
          (local i32 i64 f32 f64 v128)
        (loop)
        (i32x4.add (local.get 4) (local.get 9))
        (f64.add (local.get 3) (local.get 8))
        (f32.add (local.get 2) (local.get 7))
        (i64.add (local.get 1) (local.get 6))
        (i32.add (local.get 0) (local.get 5))))";
    let (f32, f64) = (|x: f32| u64::from(x.to_bits()), f64::to_bits);
    let params = [1, 2, f32(3.0), f64(4.0), 5 << 32 | 6, 7];
    let locals = [10, 20, f32(30.0), f64(40.0), 50 << 32 | 60, 70];
    let frame = [&params[..], &HEADER, &locals].concat();
    let results = Loop::new(wat, 0).results(&frame);
    assert_eq!(results[..2], [55 << 32 | 66, 77]);
    assert_eq!(results[2], f64(44.0));
    assert_eq!((results[3] as u32, results[4], results[5] as u32), (33_f32.to_bits(), 22, 11));
}

#[test]
fn operands_below_the_loop_are_in_their_slots() {
    let wat = "(module (func (param $n i32) (result i64) (local $t i64)
        (i64.const 1) (i32.const 2) (i64.const 3)
        (loop $l (param i64) (result i64)
          (i64.mul (i64.const 2))
          (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
        (local.set $t) (i64.extend_i32_u) (local.get $t) (i64.add) (i64.add)))";
    let frame = [3, HEADER[0], HEADER[1], 0, 1000, 200, 5];
    assert_eq!(Loop::new(wat, 0).results(&frame)[0], 1000 + 200 + 5 * 8);
}

#[test]
fn an_inner_loop_is_entered_and_reached_again_by_the_outer_one() {
    // Operands lie below either loop; the outer one makes a new one each time.
    let wat = "(module (func (param $n i32) (result i32) (local $m i32) (local $sum i32)
        (i32.const 7)
        (loop $outer (result i32)
          (i32.mul (local.get $n) (i32.const 100))
          (local.set $m (i32.const 3))
          (loop $inner
            (local.set $sum (i32.add (local.get $sum) (local.get $m)))
            (br_if $inner (local.tee $m (i32.sub (local.get $m) (i32.const 1)))))
          (local.set $sum (i32.add (local.get $sum)))
          (br_if $outer (local.tee $n (i32.sub (local.get $n) (i32.const 1))))
          (local.get $sum))
        (i32.add)))";
    let frame = |n, m, sum, below, operand| [n, HEADER[0], HEADER[1], m, sum, below, operand];
    // In the inner loop of the last iteration, then of the one before it.
    let mut inner = Loop::new(wat, 1);
    assert_eq!(inner.results(&frame(1, 2, 1000, 7, 500))[0] as u32, 1000 + 3 + 500 + 7);
    let second = (6 + 100) + 1000 + (3 + 500) + 9;
    assert_eq!(inner.results(&frame(2, 2, 1000, 9, 500))[0] as u32, second);
    let mut outer = Loop::new(wat, 0);
    assert_eq!(outer.results(&frame(2, 9, 1000, 9, 9))[0] as u32, 1000 + 206 + 106 + 9);
}

#[test]
fn operands_of_arms_that_do_not_contain_the_loop_are_not_those_of_the_frame() {
    // In the second iteration of the outer loop the other arm is taken.
    let wat = |test, first, second| {
        format!(
            "(module (func (param $n i32) (result i32) (local $sum i32)
            (loop $outer
              (i32.mul (local.get $n) (i32.const 10))
              (if ({test} (local.get $n) (i32.const 1)) (then {first}) (else {second}))
              (local.set $sum (i32.add (local.get $sum)))
              (br_if $outer (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
            (local.get $sum)))"
        )
    };
    let frame = [2, HEADER[0], HEADER[1], 0, 5];
    let other = "(local.set $sum (i32.add (local.get $sum) (i32.const 1000)))";
    for wat in [wat("i32.ne", "(loop)", other), wat("i32.eq", other, "(loop)")] {
        assert_eq!(Loop::new(&wat, 1).results(&frame)[0] as u32, 5 + 1010);
    }
}

#[test]
fn a_trap_in_the_loop_names_the_function_once() {
    let wat = "(module (memory 1) (func (param $at i32)
        (loop $l
          (drop (i32.load (local.get $at)))
          (local.set $at (i32.add (local.get $at) (i32.const 4096)))
          (br $l))))";
    let mut code = Loop::new(wat, 0);
    let (replaced, ..) = code.enter(&[0, HEADER[0], HEADER[1]]);
    assert_eq!(replaced, Replaced::Unwound);
    let Some(bimetal_runtime::Unwind::Trap(trap)) = code.world.store.pending.take() else {
        panic!("a trap is pending")
    };
    assert_eq!(trap.code, bimetal_core::trap::TrapCode::MemoryOutOfBounds);
    assert_eq!(trap.frames.len(), 1);
    assert_eq!(trap.frames[0].func.0, 0);
}

#[test]
fn a_tail_call_leaves_callee_and_arguments_in_the_frame() {
    let wat = "(module
        (func (param $n i32) (result i64) (local $sum i64)
          (loop $l
            (local.set $sum (i64.add (local.get $sum) (i64.const 5)))
            (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
          (return_call $f (local.get $sum) (f64.const 1.5) (local.get $sum)))
        (func $f (param i64 f64 i64) (result i64) (local.get 0)))";
    let mut code = Loop::new(wat, 0);
    let (replaced, slots, frame) = code.enter(&[2, HEADER[0], HEADER[1], 30]);
    assert_eq!(replaced, Replaced::Done);
    assert_eq!(slots[..3], [40, 1.5_f64.to_bits(), 40]);
    let callee = &code.world.store.instance(code.id).code().slots()[1];
    assert!(std::ptr::eq(frame.callee, callee) && frame.func.is_null());
    assert_eq!((frame.params, frame.results), (3, 1));
}

#[test]
fn calls_and_handlers_around_the_loop_work() {
    let wat = "(module (tag $e (param i32))
        (func (param $n i32) (result i32) (local $sum i32)
          (block $caught (result i32)
            (try_table (result i32) (catch $e $caught)
              (loop $l (result i32)
                (local.set $sum (call $add (local.get $sum) (local.get $n)))
                (local.set $n (i32.sub (local.get $n) (i32.const 1)))
                (br $l)))))
        (func $add (param i32 i32) (result i32)
          (if (i32.eqz (local.get 1)) (then (throw $e (local.get 0))))
          (i32.add (local.get 0) (local.get 1))))";
    let mut code = Loop::new(wat, 0);
    assert_eq!(code.results(&[4, HEADER[0], HEADER[1], 100])[0] as u32, 110);
}

#[test]
fn there_is_no_code_for_what_comes_before_the_loop() {
    let before = "(i32.store (local.get 0) (i32.mul (local.get 0) (i32.const 77)))".repeat(500);
    let wat = |before: &str| {
        format!(
            "(module (memory 1) (func (param i32) (block {before})
            (loop $l (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))))"
        )
    };
    let bytes = |before| Loop::new(&wat(before), 0).code.code_bytes();
    assert_eq!(bytes(&before), bytes(""));
}

#[test]
fn a_loop_that_cannot_be_reached_is_refused() {
    let mut world = World::new();
    let id = world.instance("(module (func unreachable (loop) (loop)))", &[]);
    let module = world.store.instance(id).module().clone();
    assert!(world.engine.compile_osr(&module, 0, 0, None).is_err());
    assert!(world.engine.compile_osr(&module, 0, 9, None).is_err());
}
