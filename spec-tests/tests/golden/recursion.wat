;; A function that calls itself, and one that leaves early from two blocks.
(module
  (func $fib (param i32) (result i32)
    (if (result i32) (i32.lt_s (local.get 0) (i32.const 2))
      (then (local.get 0))
      (else
        (i32.add
          (call $fib (i32.sub (local.get 0) (i32.const 1)))
          (call $fib (i32.sub (local.get 0) (i32.const 2)))))))
  (func $early (param i32) (result i32)
    (block
      (block
        (br_if 0 (i32.eqz (local.get 0)))
        (br_if 1 (i32.eq (local.get 0) (i32.const 1)))
        (return (i32.const 3)))
      (return (i32.const 4)))
    (i32.const 5)))
