;; Copies inside and between arrays: of 1,000 numbers and of 20. Arrays are not of
;; 4 KiB, which would make stores look like loads that follow to the processor.
(module
  (type $numbers (array (mut i32)))

  (func (export "run") (param $times i32) (result i64)
    (local $from (ref $numbers)) (local $to (ref $numbers))
    (local.set $from (array.new $numbers (i32.const 7) (i32.const 1500)))
    (local.set $to (array.new $numbers (i32.const 0) (i32.const 1500)))
    (loop $again
      (array.copy $numbers $numbers
        (local.get $to) (i32.const 10) (local.get $from) (i32.const 1) (i32.const 1000))
      (array.copy $numbers $numbers
        (local.get $from) (i32.const 2) (local.get $from) (i32.const 0) (i32.const 20))
      (array.set $numbers (local.get $from) (i32.const 5) (local.get $times))
      (br_if $again (local.tee $times (i32.sub (local.get $times) (i32.const 1)))))
    (i64.extend_i32_u (array.get $numbers (local.get $to) (i32.const 500)))))
