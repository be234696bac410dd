;; An exception caught with its reference and thrown again by it.
(module
  (tag $found (param i32))

  (func $throws (param $value i32)
    (throw $found (local.get $value)))

  (func $again (param $value i32)
    (block $caught (result exnref)
      (try_table (catch_all_ref $caught) (call $throws (local.get $value)))
      (return))
    (throw_ref))

  (func (export "run") (param $times i32) (result i64) (local $sum i64)
    (loop $again
      (block $caught (result i32)
        (try_table (catch $found $caught) (call $again (local.get $times)))
        (i32.const 0))
      (local.set $sum (i64.add (i64.extend_i32_u) (local.get $sum)))
      (br_if $again (local.tee $times (i32.sub (local.get $times) (i32.const 1)))))
    (local.get $sum)))
