;; Six functions of one type, each called as often as the others, but each from a place
;; of its own: which one is at a place is read from a table of numbers.
(module
  (type $step (func (param i64) (result i64)))
  (memory 1)
  (table funcref (elem $add $xor $rotate $multiply $subtract $shift))
  (data (i32.const 0) "\03\00\00\00\00\00\00\00\05\00\00\00\01\00\00\00\04\00\00\00\02\00\00\00")
  (func $add (type $step) (i64.add (local.get 0) (i64.const 0x9e3779b97f4a7c15)))
  (func $xor (type $step) (i64.xor (local.get 0) (i64.shr_u (local.get 0) (i64.const 29))))
  (func $rotate (type $step) (i64.rotl (local.get 0) (i64.const 11)))
  (func $multiply (type $step) (i64.mul (local.get 0) (i64.const 0xbf58476d1ce4e5b9)))
  (func $subtract (type $step) (i64.sub (local.get 0) (i64.const 77)))
  (func $shift (type $step) (i64.shl (local.get 0) (i64.const 1)))

  (func (export "run") (param $times i32) (result i64) (local $n i32) (local $x i64)
    (loop $again
      (local.set $n (i32.const 100))
      (loop $next
        (local.get $x)
        (call_indirect (type $step) (i32.load (i32.const 0)))
        (call_indirect (type $step) (i32.load (i32.const 4)))
        (call_indirect (type $step) (i32.load (i32.const 8)))
        (call_indirect (type $step) (i32.load (i32.const 12)))
        (call_indirect (type $step) (i32.load (i32.const 16)))
        (call_indirect (type $step) (i32.load (i32.const 20)))
        (local.set $x (i64.add (i64.extend_i32_u (local.get $n))))
        (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
      (br_if $again (local.tee $times (i32.sub (local.get $times) (i32.const 1)))))
    (local.get $x)))
