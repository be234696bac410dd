;; C += A * B for matrices of 64 x 64 floats, four columns at a time.
(module
  (memory 1)
  (global $a i32 (i32.const 0))
  (global $b i32 (i32.const 16384))
  (global $c i32 (i32.const 32768))

  ;; Both factors are filled with small numbers.
  (func $fill (local $at i32)
    (loop $next
      (f32.store (local.get $at)
        (f32.convert_i32_u (i32.rem_u (local.get $at) (i32.const 7))))
      (br_if $next
        (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 4))) (i32.const 32768)))))
  (start $fill)

  (func $multiply (local $row i32) (local $column i32) (local $k i32)
    (local $left i32) (local $right i32) (local $sum v128)
    (loop $rows
      (local.set $column (i32.const 0))
      (loop $columns
        (local.set $left (i32.add (global.get $a) (i32.shl (local.get $row) (i32.const 8))))
        (local.set $right (i32.add (global.get $b) (i32.shl (local.get $column) (i32.const 2))))
        (local.set $sum (v128.const f32x4 0 0 0 0))
        (local.set $k (i32.const 64))
        (loop $products
          (local.set $sum (f32x4.add (local.get $sum)
            (f32x4.mul (v128.load32_splat (local.get $left)) (v128.load (local.get $right)))))
          (local.set $left (i32.add (local.get $left) (i32.const 4)))
          (local.set $right (i32.add (local.get $right) (i32.const 256)))
          (br_if $products (local.tee $k (i32.sub (local.get $k) (i32.const 1)))))
        (v128.store
          (i32.add (global.get $c)
            (i32.add (i32.shl (local.get $row) (i32.const 8))
                     (i32.shl (local.get $column) (i32.const 2))))
          (local.get $sum))
        (br_if $columns
          (i32.lt_u (local.tee $column (i32.add (local.get $column) (i32.const 4)))
                    (i32.const 64))))
      (br_if $rows
        (i32.lt_u (local.tee $row (i32.add (local.get $row) (i32.const 1))) (i32.const 64)))))

  (func (export "run") (param $times i32) (result i64) (local $sum i64)
    (loop $again
      (call $multiply)
      (local.set $sum (i64.add (local.get $sum) (i64.load (i32.const 40000))))
      (br_if $again (local.tee $times (i32.sub (local.get $times) (i32.const 1)))))
    (local.get $sum)))
