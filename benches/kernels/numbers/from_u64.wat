;; A series of quotients of unsigned integers as floats, as in the spectral norm.
(module
  (func (export "run") (param $times i32) (result i64)
    (local $sum f64) (local $i i64) (local $j i64)
    (loop $again
      (local.set $j (i64.const 256))
      (local.set $i (i64.extend_i32_u (local.get $times)))
      (loop $next
        (local.set $sum (f64.add (local.get $sum)
          (f64.div
            (f64.convert_i64_u (local.get $j))
            (f64.convert_i64_u (i64.add (i64.mul (local.get $i) (local.get $j)) (i64.const 1))))))
        (br_if $next (i64.ne (i64.const 0)
          (local.tee $j (i64.sub (local.get $j) (i64.const 1))))))
      (br_if $again (local.tee $times (i32.sub (local.get $times) (i32.const 1)))))
    (i64.reinterpret_f64 (local.get $sum))))
