;; Vectors: loads, arithmetic in the accumulator, lanes, a shuffle, a condition.
(module
  (memory 1)
  (func $axpy (param $a f32) (param $x i32) (param $y i32)
    (v128.store (local.get $y)
      (f32x4.add
        (f32x4.mul (f32x4.splat (local.get $a)) (v128.load (local.get $x)))
        (v128.load (local.get $y)))))
  (func $sum (param v128) (result i32)
    (i32.add
      (i32x4.extract_lane 0 (local.get 0))
      (i32x4.extract_lane 3 (local.get 0))))
  (func $swap (param v128) (result v128)
    (i8x16.shuffle 8 9 10 11 12 13 14 15 0 1 2 3 4 5 6 7 (local.get 0) (local.get 0)))
  (func $any (param v128 v128) (result i32)
    (if (result i32) (v128.any_true (i16x8.gt_s (local.get 0) (local.get 1)))
      (then (i32.const 1))
      (else (i32.const 0)))))
