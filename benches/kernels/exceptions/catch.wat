;; An exception thrown by a callee and caught by its caller, with one number.
(module
  (tag $found (param i32))

  (func $throws (param $value i32) (result i32)
    (throw $found (local.get $value)))

  (func (export "run") (param $times i32) (result i64) (local $sum i64)
    (loop $again
      (block $caught (result i32)
        (try_table (result i32) (catch $found $caught)
          (call $throws (local.get $times))))
      (local.set $sum (i64.add (i64.extend_i32_u) (local.get $sum)))
      (br_if $again (local.tee $times (i32.sub (local.get $times) (i32.const 1)))))
    (local.get $sum)))
