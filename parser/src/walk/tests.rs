//! The walk as a trace of verbs.

pub(in crate::walk) mod trace;

use super::*;
use crate::load::ParseOptions;
use trace::Trace;

fn trace(wat: &str) -> Vec<String> {
    let module = Module::new(wat.as_bytes(), &ParseOptions::default()).unwrap();
    let text = walk(&module, 0, Trace::default()).unwrap();
    text.lines().map(|line| line.trim_end().to_owned()).collect()
}

#[test]
fn operands_get_the_slots_behind_the_locals() {
    let trace = trace(
        "(module (func (param i32 i64) (result i32) (local f32)
            local.get 0 i32.const 7 i32.add))",
    );
    assert_eq!(
        trace,
        [
            "begin locals [0, 1, 2]",
            "1 local.get 0 @3",
            "2 const 7 @4",
            "3 i32.add 1@3 2@4 @3",
            "4 return 3@3 @4",
            "finish 5",
        ]
    );
}

#[test]
fn unreachable_code_gives_no_verbs_but_its_loops_are_counted() {
    let trace = trace(
        "(module (func
            (block (br 0) (loop (br 0)) (if (i32.const 1) (then) (else)))
            (loop)))",
    );
    assert_eq!(
        trace,
        [
            "begin locals []",
            "1 block @0",
            "2 br to 1  @0",
            "3 end of 1 false @0",
            "4 loop #1 @0",
            "5 end of 4 true @0",
            "6 return  @0",
            "finish 0",
        ]
    );
}

#[test]
fn an_if_without_else_gets_one_and_its_parameters_are_its_results() {
    let trace = trace(
        "(module (func (param i32) (result i32)
            i32.const 5
            local.get 0
            (if (param i32) (result i32) (then drop i32.const 9))))",
    );
    assert_eq!(
        trace[3..],
        [
            "3 if 2@2 @2",
            "4 drop 1@1 @1",
            "5 const 9 @1",
            "6 else of 3 true @2",
            "7 end of 3 true @2",
            "8 result 0 @1",
            "9 return 8@1 @2",
            "finish 3",
        ]
    );
}

#[test]
fn a_block_whose_end_nothing_reaches_makes_the_rest_unreachable() {
    let trace = trace("(module (func (block (return)) (drop (i32.const 1))))");
    assert_eq!(trace[1..], ["1 block @0", "2 return  @0", "3 end of 1 false @0", "finish 0"]);
}

#[test]
fn calls_leave_their_results_where_the_arguments_began() {
    let trace = trace(
        "(module (func (export \"f\") (result i32 i32)
            i32.const 1
            (call $g (i32.const 2) (i64.const 3))
            i32.add)
          (func $g (param i32 i64) (result i32 i32) unreachable))",
    );
    assert_eq!(
        trace[4..],
        [
            "4 call 1 [2@1 3@2] @3",
            "5 call result 0 @1",
            "6 call result 1 @2",
            "7 i32.add 5@1 6@2 @1",
            "8 return 1@0 7@1 @2",
            "finish 3",
        ]
    );
}

#[test]
fn branches_to_the_function_are_returns() {
    let trace = trace(
        "(module (func (param i32) (result i32)
            i32.const 1
            local.get 0
            br_if 0
            (block (br 1 (i32.const 4)))
            ))",
    );
    assert!(trace.iter().any(|line| line.starts_with("3 br_if Func [1@1] 2@2")), "{trace:?}");
    assert!(trace.iter().any(|line| line.starts_with("6 return")), "{trace:?}");
}

#[test]
fn nothing_follows_a_tail_call() {
    let trace = trace(
        "(module (type $t (func (param i32) (result i32)))
          (func (param (ref null $t)) (result i32)
            (return_call_ref $t (i32.const 1) (local.get 0))
            (drop (i32.const 2))))",
    );
    assert_eq!(trace[3..], ["3 return_call ref 2@2 [1@1] @2", "finish 3"]);
}

#[test]
fn a_reference_that_is_not_null_stays_and_one_that_is_null_goes() {
    let trace = trace(
        "(module (type $t (func))
          (func (param (ref null $t)) (result i32)
            (block (result i32)
              i32.const 7
              local.get 0
              br_on_null 0
              ref.as_non_null
              drop)))",
    );
    assert_eq!(
        trace[2..8],
        [
            "2 const 7 @1",
            "3 local.get 0 @2",
            "4 br_on_null [2@1] 3@2 @2",
            "5 ref.as_non_null 4@2 @2",
            "6 drop 5@2 @2",
            "7 end of 1 true @2",
        ]
    );
}

#[test]
fn a_branch_on_a_reference_that_is_not_null_takes_it_along() {
    let trace = trace(
        "(module (type $t (func))
          (func (param (ref null $t))
            (block (result i32 (ref $t))
              i32.const 7
              local.get 0
              br_on_non_null 0
              drop
              unreachable)
            drop drop))",
    );
    assert_eq!(
        trace[4..8],
        [
            "4 br_on_non_null [2@1 3@2] @3",
            "5 drop 2@1 @1",
            "6 unreachable @1",
            "7 end of 1 false @1",
        ]
    );
}

#[test]
fn vectors_take_two_slots_and_relaxed_instructions_become_what_is_chosen() {
    let trace = trace(
        "(module (memory 1) (func (param v128 i32) (result i32)
            (v128.store8_lane offset=1 3 (local.get 1)
                (v128.load16_lane offset=2 5 (local.get 1) (local.get 0)))
            (f32x4.relaxed_madd
                (v128.load32_splat (i32.const 4))
                (i8x16.relaxed_swizzle (local.get 0) (v128.const i64x2 7 0))
                (local.get 0))
            i16x8.extract_lane_s 2))",
    );
    assert_eq!(
        trace,
        [
            "begin locals [0, 2]",
            "1 local.get 1 @3",
            "2 local.get 1 @4",
            "3 local.get 0 @5",
            "4 v128.load16_lane +2 #5 2@4 3@5 @4",
            "5 v128.store8_lane +1 #3 1@3 4@4 @3",
            "6 const 4 @3",
            "7 v128.load32_splat +0 6@3 @3",
            "8 local.get 0 @5",
            "9 v128.const 7 @7",
            "10 i8x16.swizzle #0 8@5 9@7 @5",
            "11 local.get 0 @7",
            "12 f32x4.relaxed_madd_fused #0 7@3 10@5 11@7 @3",
            "13 i16x8.extract_lane_s #2 12@3 @3",
            "14 return 13@3 @4",
            "finish 9",
        ]
    );
}

#[test]
fn atomic_accesses_have_one_verb_and_waiting_is_a_slow_op() {
    let trace = trace(
        "(module (memory 1) (memory i64 1 1 shared) (func
            (i32.atomic.store8 offset=2 (i32.const 1) (i32.const 5))
            (drop (i64.atomic.rmw.cmpxchg 1 (i64.const 8) (i64.const 1) (i64.const 2)))
            (drop (memory.atomic.wait64 1 offset=8 (i64.const 0) (i64.const 1) (i64.const -1)))
            atomic.fence))",
    );
    assert_eq!(
        trace,
        [
            "begin locals []",
            "1 const 1 @0",
            "2 const 5 @1",
            "3 i32.atomic.store8 0 2 1@0 2@1 @0",
            "4 const 8 @0",
            "5 const 1 @1",
            "6 const 2 @2",
            "7 i64.atomic.rmw.cmpxchg 1 0 4@0 5@1 6@2 @0",
            "8 drop 7@0 @0",
            "9 const 0 @0",
            "10 const 1 @1",
            "11 const 18446744073709551615 @2",
            "12 memory.atomic.wait64 1 8 9@0 10@1 11@2 @0",
            "13 drop 12@0 @0",
            "14 atomic.fence 0 0  @0",
            "15 return  @0",
            "finish 3",
        ]
    );
}
