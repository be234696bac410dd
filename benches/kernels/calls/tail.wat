;; Fibonacci numbers by a function that goes on to itself.
(module
  (func $fib (param $n i32) (param $a i64) (param $b i64) (result i64)
    (if (i32.eqz (local.get $n)) (then (return (local.get $a))))
    (return_call $fib
      (i32.sub (local.get $n) (i32.const 1))
      (local.get $b)
      (i64.add (local.get $a) (local.get $b))))

  (func (export "run") (param $times i32) (result i64) (local $sum i64)
    (loop $again
      (local.set $sum (i64.add
        (i64.mul (local.get $sum) (i64.const 31))
        (call $fib (i32.add (i32.and (local.get $times) (i32.const 63)) (i32.const 500))
          (i64.const 0) (i64.const 1))))
      (br_if $again (local.tee $times (i32.sub (local.get $times) (i32.const 1)))))
    (local.get $sum)))
