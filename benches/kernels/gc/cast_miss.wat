;; Tests for a type that is not final, of objects of another branch of the hierarchy.
(module
  (type $any (sub (struct (field $value i32))))
  (type $middle (sub $any (struct (field $value i32) (field $more i32))))
  (type $other (sub $any (struct (field $value i32) (field $real f32))))
  (type $leaf (sub final $other (struct (field $value i32) (field $real f32) (field $last i32))))
  (type $objects (array (ref $any)))

  (func (export "run") (param $times i32) (result i64)
    (local $objects (ref $objects)) (local $index i32) (local $sum i64)
    (local.set $objects (array.new $objects
      (struct.new $leaf (i32.const 1) (f32.const 2) (i32.const 3)) (i32.const 64)))
    (loop $again
      (local.set $index (i32.const 0))
      (loop $next
        (local.set $sum (i64.add (local.get $sum) (i64.extend_i32_u
          (i32.add (i32.const 1)
            (ref.test (ref $middle)
              (array.get $objects (local.get $objects) (local.get $index)))))))
        (br_if $next
          (i32.lt_u (local.tee $index (i32.add (local.get $index) (i32.const 1)))
                    (i32.const 64))))
      (br_if $again (local.tee $times (i32.sub (local.get $times) (i32.const 1)))))
    (local.get $sum)))
