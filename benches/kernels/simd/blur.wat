;; A blur of 32,000 grey values by the weights 1 2 1, from one place to another.
(module
  (memory 1)

  (func $fill (local $at i32)
    (loop $next
      (i32.store8 (local.get $at) (i32.mul (local.get $at) (i32.const 37)))
      (br_if $next
        (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 1))) (i32.const 32768)))))
  (start $fill)

  (func $blur (local $at i32) (local $left v128) (local $here v128) (local $right v128)
    (loop $next
      (local.set $left (v128.load (local.get $at)))
      (local.set $here (v128.load offset=1 (local.get $at)))
      (local.set $right (v128.load offset=2 (local.get $at)))
      (v128.store offset=32769 (local.get $at)
        (i8x16.narrow_i16x8_u
          (i16x8.shr_u
            (i16x8.add
              (i16x8.add
                (i16x8.extend_low_i8x16_u (local.get $left))
                (i16x8.extend_low_i8x16_u (local.get $right)))
              (i16x8.shl (i16x8.extend_low_i8x16_u (local.get $here)) (i32.const 1)))
            (i32.const 2))
          (i16x8.shr_u
            (i16x8.add
              (i16x8.add
                (i16x8.extend_high_i8x16_u (local.get $left))
                (i16x8.extend_high_i8x16_u (local.get $right)))
              (i16x8.shl (i16x8.extend_high_i8x16_u (local.get $here)) (i32.const 1)))
            (i32.const 2))))
      (br_if $next
        (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 16))) (i32.const 32000)))))

  (func (export "run") (param $times i32) (result i64) (local $sum i64)
    (loop $again
      (call $blur)
      (local.set $sum (i64.add (local.get $sum) (i64.load (i32.const 50000))))
      (br_if $again (local.tee $times (i32.sub (local.get $times) (i32.const 1)))))
    (local.get $sum)))
