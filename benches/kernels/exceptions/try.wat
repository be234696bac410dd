;; A `try_table` around a call that throws nothing.
(module
  (tag $found (param i32))

  (func $returns (param $value i32) (result i32)
    (if (i32.eqz (local.get $value)) (then (throw $found (i32.const 1))))
    (i32.mul (local.get $value) (i32.const 3)))

  (func (export "run") (param $times i32) (result i64) (local $sum i64)
    (loop $again
      (block $caught (result i32)
        (try_table (result i32) (catch $found $caught)
          (call $returns (local.get $times))))
      (local.set $sum (i64.add (i64.extend_i32_u) (local.get $sum)))
      (br_if $again (local.tee $times (i32.sub (local.get $times) (i32.const 1)))))
    (local.get $sum)))
