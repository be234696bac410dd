;; Calls of function references: a number goes through a pipeline of functions that is
;; handed around, and changes by turns.
(module
  (type $step (func (param i64 i64) (result i64)))
  (elem declare func $add $mix $scale $shift)

  (func $add (type $step) (i64.add (local.get 0) (local.get 1)))
  (func $mix (type $step) (i64.xor (local.get 0) (i64.rotl (local.get 1) (i64.const 23))))
  (func $scale (type $step) (i64.mul (local.get 0) (i64.or (local.get 1) (i64.const 1))))
  (func $shift (type $step) (i64.rotr (local.get 0) (local.get 1)))

  ;; Applies one function to a number many times.
  (func $repeat (param $step (ref $step)) (param $value i64) (param $count i64) (result i64)
    (loop $again
      (local.set $value (call_ref $step (local.get $value) (local.get $count) (local.get $step)))
      (br_if $again (i64.ne
        (local.tee $count (i64.sub (local.get $count) (i64.const 1))) (i64.const 0))))
    (local.get $value))

  ;; Applies four functions by turns.
  (func $pipeline (param $a (ref $step)) (param $b (ref $step)) (param $c (ref $step))
    (param $d (ref $step)) (param $value i64) (param $count i64) (result i64)
    (local $kept (ref $step))
    (loop $again
      (local.set $value (call_ref $step (local.get $value) (local.get $count) (local.get $a)))
      (local.set $value (call_ref $step (local.get $value) (local.get $count) (local.get $b)))
      (local.set $kept (local.get $a))
      (local.set $a (local.get $b))
      (local.set $b (local.get $c))
      (local.set $c (local.get $d))
      (local.set $d (local.get $kept))
      (br_if $again (i64.ne
        (local.tee $count (i64.sub (local.get $count) (i64.const 1))) (i64.const 0))))
    (local.get $value))

  (func (export "run") (param $times i32) (result i64) (local $value i64)
    (loop $again
      (local.set $value (i64.add (local.get $value) (i64.extend_i32_u (local.get $times))))
      (local.set $value (call $repeat (ref.func $mix) (local.get $value) (i64.const 200)))
      (local.set $value (call $repeat (ref.func $scale) (local.get $value) (i64.const 200)))
      (local.set $value (call $pipeline (ref.func $add) (ref.func $scale) (ref.func $mix)
        (ref.func $shift) (local.get $value) (i64.const 200)))
      (br_if $again (local.tee $times (i32.sub (local.get $times) (i32.const 1)))))
    (local.get $value)))
