;; Fibonacci numbers by a function that calls itself twice.
(module
  (func $fib (param $n i32) (result i64)
    (if (i32.lt_u (local.get $n) (i32.const 2))
      (then (return (i64.extend_i32_u (local.get $n)))))
    (i64.add
      (call $fib (i32.sub (local.get $n) (i32.const 1)))
      (call $fib (i32.sub (local.get $n) (i32.const 2)))))

  (func (export "run") (param $times i32) (result i64) (local $sum i64)
    (loop $again
      (local.set $sum (i64.add
        (i64.mul (local.get $sum) (i64.const 31))
        (call $fib (i32.add (i32.and (local.get $times) (i32.const 3)) (i32.const 15)))))
      (br_if $again (local.tee $times (i32.sub (local.get $times) (i32.const 1)))))
    (local.get $sum)))
