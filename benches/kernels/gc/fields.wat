;; Fields read and written: 64 points that move, with a packed counter each.
(module
  (type $point (struct
    (field $x (mut f64)) (field $speed f64) (field $moves (mut i16)) (field $kind i32)))
  (type $points (array (mut (ref null $point))))

  (func $points (result (ref $points)) (local $points (ref $points)) (local $index i32)
    (local.set $points (array.new_default $points (i32.const 64)))
    (loop $next
      (array.set $points (local.get $points) (local.get $index)
        (struct.new $point
          (f64.const 0) (f64.convert_i32_u (local.get $index)) (i32.const 0) (local.get $index)))
      (br_if $next
        (i32.lt_u (local.tee $index (i32.add (local.get $index) (i32.const 1)))
                  (i32.const 64))))
    (local.get $points))

  (func $move (param $point (ref null $point)) (result i32)
    (struct.set $point $x (local.get $point)
      (f64.add (struct.get $point $x (local.get $point))
               (struct.get $point $speed (local.get $point))))
    (struct.set $point $moves (local.get $point)
      (i32.add (struct.get_u $point $moves (local.get $point)) (i32.const 1)))
    (i32.xor (struct.get $point $kind (local.get $point))
             (struct.get_s $point $moves (local.get $point))))

  (func (export "run") (param $times i32) (result i64)
    (local $points (ref $points)) (local $index i32) (local $sum i64)
    (local.set $points (call $points))
    (loop $again
      (local.set $index (i32.const 0))
      (loop $next
        (local.set $sum (i64.add (local.get $sum) (i64.extend_i32_s
          (call $move (array.get $points (local.get $points) (local.get $index))))))
        (br_if $next
          (i32.lt_u (local.tee $index (i32.add (local.get $index) (i32.const 1)))
                    (i32.const 64))))
      (br_if $again (local.tee $times (i32.sub (local.get $times) (i32.const 1)))))
    (i64.add (local.get $sum) (i64.trunc_f64_s
      (struct.get $point $x (array.get $points (local.get $points) (i32.const 63)))))))
