;; Short arrays whose length is not known before: made, filled, summed up.
(module
  (type $bytes (array (mut i8)))

  (func $use (param $length i32) (result i32)
    (local $bytes (ref $bytes)) (local $index i32) (local $sum i32)
    (local.set $bytes (array.new_default $bytes (local.get $length)))
    (block $end
      (loop $next
        (br_if $end (i32.ge_u (local.get $index) (array.len (local.get $bytes))))
        (array.set $bytes (local.get $bytes) (local.get $index) (local.get $index))
        (local.set $sum
          (i32.add (local.get $sum) (array.get_u $bytes (local.get $bytes) (local.get $index))))
        (local.set $index (i32.add (local.get $index) (i32.const 1)))
        (br $next)))
    (local.get $sum))

  (func (export "run") (param $times i32) (result i64) (local $sum i64)
    (loop $again
      (local.set $sum (i64.add (local.get $sum)
        (i64.extend_i32_u (call $use (i32.and (local.get $times) (i32.const 15))))))
      (br_if $again (local.tee $times (i32.sub (local.get $times) (i32.const 1)))))
    (local.get $sum)))
