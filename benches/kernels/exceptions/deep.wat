;; An exception that comes through ten frames.
(module
  (tag $found (param i32))

  (func $descend (param $depth i32) (result i32)
    (if (result i32) (local.get $depth)
      (then (i32.add (i32.const 1)
        (call $descend (i32.sub (local.get $depth) (i32.const 1)))))
      (else (throw $found (i32.const 5)))))

  (func (export "run") (param $times i32) (result i64) (local $sum i64)
    (loop $again
      (block $caught (result i32)
        (try_table (result i32) (catch $found $caught)
          (call $descend (i32.const 10))))
      (local.set $sum (i64.add (i64.extend_i32_u) (local.get $sum)))
      (br_if $again (local.tee $times (i32.sub (local.get $times) (i32.const 1)))))
    (local.get $sum)))
