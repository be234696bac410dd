;; A list of 1,000 numbers: made, turned round in place, summed up.
(module
  (type $list (struct (field $head i32) (field $tail (mut (ref null $list)))))

  (func $make (param $length i32) (result (ref null $list)) (local $list (ref null $list))
    (loop $next
      (local.set $list (struct.new $list (local.get $length) (local.get $list)))
      (br_if $next (local.tee $length (i32.sub (local.get $length) (i32.const 1)))))
    (local.get $list))

  (func $turn (param $list (ref null $list)) (result (ref null $list))
    (local $turned (ref null $list)) (local $rest (ref null $list))
    (loop $next
      (if (ref.is_null (local.get $list)) (then (return (local.get $turned))))
      (local.set $rest (struct.get $list $tail (local.get $list)))
      (struct.set $list $tail (local.get $list) (local.get $turned))
      (local.set $turned (local.get $list))
      (local.set $list (local.get $rest))
      (br $next))
    (unreachable))

  (func $sum (param $list (ref null $list)) (result i32) (local $sum i32)
    (block $end
      (loop $next
        (br_if $end (ref.is_null (local.get $list)))
        (local.set $sum (i32.add (i32.mul (local.get $sum) (i32.const 3))
          (struct.get $list $head (local.get $list))))
        (local.set $list (struct.get $list $tail (local.get $list)))
        (br $next)))
    (local.get $sum))

  (func (export "run") (param $times i32) (result i64) (local $sum i64)
    (loop $again
      (local.set $sum (i64.add (local.get $sum)
        (i64.extend_i32_u (call $sum (call $turn (call $make (i32.const 1000)))))))
      (br_if $again (local.tee $times (i32.sub (local.get $times) (i32.const 1)))))
    (local.get $sum)))
