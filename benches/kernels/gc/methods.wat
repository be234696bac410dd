;; Calls through a function reference in a field of an object.
(module
  (rec
    (type $method (func (param (ref $shape)) (result i32)))
    (type $shape (struct (field $area (ref $method)) (field $width i32) (field $height i32))))
  (type $shapes (array (mut (ref null $shape))))

  (func $rectangle (type $method)
    (i32.mul (struct.get $shape $width (local.get 0)) (struct.get $shape $height (local.get 0))))
  (func $triangle (type $method)
    (i32.shr_u
      (i32.mul (struct.get $shape $width (local.get 0)) (struct.get $shape $height (local.get 0)))
      (i32.const 1)))
  (elem declare func $rectangle $triangle)

  (func $shapes (result (ref $shapes)) (local $shapes (ref $shapes)) (local $index i32)
    (local.set $shapes (array.new_default $shapes (i32.const 64)))
    (loop $next
      (array.set $shapes (local.get $shapes) (local.get $index)
        (struct.new $shape
          (if (result (ref $method)) (i32.and (local.get $index) (i32.const 1))
            (then (ref.func $triangle)) (else (ref.func $rectangle)))
          (local.get $index) (i32.const 4)))
      (br_if $next
        (i32.lt_u (local.tee $index (i32.add (local.get $index) (i32.const 1)))
                  (i32.const 64))))
    (local.get $shapes))

  (func (export "run") (param $times i32) (result i64)
    (local $shapes (ref $shapes)) (local $shape (ref null $shape))
    (local $index i32) (local $sum i64)
    (local.set $shapes (call $shapes))
    (loop $again
      (local.set $index (i32.const 0))
      (loop $next
        (local.set $shape (array.get $shapes (local.get $shapes) (local.get $index)))
        (local.set $sum (i64.add (local.get $sum) (i64.extend_i32_u
          (call_ref $method (ref.as_non_null (local.get $shape))
            (struct.get $shape $area (local.get $shape))))))
        (br_if $next
          (i32.lt_u (local.tee $index (i32.add (local.get $index) (i32.const 1)))
                    (i32.const 64))))
      (br_if $again (local.tee $times (i32.sub (local.get $times) (i32.const 1)))))
    (local.get $sum)))
