;; A number doubled and changed by compare and exchange, as a lock-free update does it.
(module
  (memory 1 1 shared)

  (func $update (result i32) (local $old i32)
    (loop $retry
      (local.set $old (i32.atomic.load (i32.const 64)))
      (br_if $retry (i32.ne (local.get $old)
        (i32.atomic.rmw.cmpxchg (i32.const 64) (local.get $old)
          (i32.xor (i32.mul (local.get $old) (i32.const 2)) (i32.const 12345))))))
    (local.get $old))

  (func (export "run") (param $times i32) (result i64) (local $sum i64)
    (loop $again
      (local.set $sum
        (i64.add (local.get $sum) (i64.extend_i32_u (call $update))))
      (br_if $again (local.tee $times (i32.sub (local.get $times) (i32.const 1)))))
    (local.get $sum)))
