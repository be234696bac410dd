;; The scalar product of two vectors of 16,384 numbers of 16 bits.
(module
  (memory 1)

  (func $fill (local $at i32)
    (loop $next
      (i32.store16 (local.get $at) (i32.mul (local.get $at) (i32.const 31)))
      (br_if $next
        (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 2))) (i32.const 65536)))))
  (start $fill)

  (func $dot (result v128) (local $at i32) (local $even v128) (local $odd v128)
    (loop $next
      (local.set $even (i32x4.add (local.get $even)
        (i32x4.dot_i16x8_s
          (v128.load (local.get $at)) (v128.load offset=32768 (local.get $at)))))
      (local.set $odd (i32x4.add (local.get $odd)
        (i32x4.dot_i16x8_s
          (v128.load offset=16 (local.get $at)) (v128.load offset=32784 (local.get $at)))))
      (br_if $next
        (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 32))) (i32.const 32768))))
    (i32x4.add (local.get $even) (local.get $odd)))

  (func (export "run") (param $times i32) (result i64) (local $sum v128)
    (loop $again
      (local.set $sum (i32x4.add (local.get $sum) (call $dot)))
      (br_if $again (local.tee $times (i32.sub (local.get $times) (i32.const 1)))))
    (i64.add (i64x2.extract_lane 0 (local.get $sum)) (i64x2.extract_lane 1 (local.get $sum)))))
