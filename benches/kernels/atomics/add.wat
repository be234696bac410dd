;; Atomic additions, to 4 and to 8 bytes.
(module
  (memory 1 1 shared)

  (func (export "run") (param $times i32) (result i64) (local $sum i64)
    (loop $again
      (local.set $sum (i64.add (local.get $sum)
        (i64.extend_i32_u (i32.atomic.rmw.add (i32.const 64) (local.get $times)))))
      (drop (i64.atomic.rmw.add (i32.const 128) (local.get $sum)))
      (br_if $again (local.tee $times (i32.sub (local.get $times) (i32.const 1)))))
    (local.get $sum)))
