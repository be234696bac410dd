;; Fills of arrays: 1,000 bytes, and 1,000 numbers of 32 bits.
(module
  (type $bytes (array (mut i8)))
  (type $numbers (array (mut i32)))

  (func (export "run") (param $times i32) (result i64)
    (local $bytes (ref $bytes)) (local $numbers (ref $numbers)) (local $sum i64)
    (local.set $bytes (array.new_default $bytes (i32.const 1024)))
    (local.set $numbers (array.new_default $numbers (i32.const 1024)))
    (loop $again
      (array.fill $bytes
        (local.get $bytes) (i32.const 3) (local.get $times) (i32.const 1000))
      (array.fill $numbers
        (local.get $numbers) (i32.const 3) (local.get $times) (i32.const 1000))
      (local.set $sum (i64.add (local.get $sum) (i64.extend_i32_u (i32.add
        (array.get_u $bytes (local.get $bytes) (i32.const 900))
        (array.get $numbers (local.get $numbers) (i32.const 900))))))
      (br_if $again (local.tee $times (i32.sub (local.get $times) (i32.const 1)))))
    (local.get $sum)))
