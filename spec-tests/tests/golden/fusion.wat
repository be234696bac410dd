;; Increment, compare and branch; a load with its address arithmetic; a comparison
;; as a condition; a constant as an operand.
(module
  (memory 1)
  (func $sum (param $at i32) (param $end i32) (result i32)
    (local $sum i32)
    (loop $next
      (local.set $sum (i32.add (local.get $sum) (i32.load offset=4 (local.get $at))))
      (local.set $at (i32.add (local.get $at) (i32.const 4)))
      (br_if $next (i32.lt_u (local.get $at) (local.get $end))))
    (local.get $sum))
  (func $indexed (param $base i32) (param $i i32) (result i64)
    (i64.load (i32.add (local.get $base) (i32.shl (local.get $i) (i32.const 3)))))
  (func $clamp (param i32) (result i32)
    (select (i32.const 100) (local.get 0) (i32.gt_s (local.get 0) (i32.const 100)))))
