;; The Mandelbrot set on a grid of 64 x 64 points, four points at a time, at most
;; 100 steps each.
(module
  (func $steps (param $cx v128) (param $cy v128) (result v128)
    (local $x v128) (local $y v128) (local $xx v128) (local $yy v128)
    (local $inside v128) (local $count v128) (local $left i32)
    (local.set $left (i32.const 100))
    (loop $next
      (local.set $xx (f32x4.mul (local.get $x) (local.get $x)))
      (local.set $yy (f32x4.mul (local.get $y) (local.get $y)))
      (local.set $inside
        (f32x4.le (f32x4.add (local.get $xx) (local.get $yy)) (v128.const f32x4 4 4 4 4)))
      (if (i32.eqz (v128.any_true (local.get $inside))) (then (return (local.get $count))))
      ;; A lane of ones is -1.
      (local.set $count (i32x4.sub (local.get $count) (local.get $inside)))
      (local.set $y
        (f32x4.add
          (f32x4.mul (f32x4.add (local.get $x) (local.get $x)) (local.get $y))
          (local.get $cy)))
      (local.set $x (f32x4.add (f32x4.sub (local.get $xx) (local.get $yy)) (local.get $cx)))
      (br_if $next (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))
    (local.get $count))

  (func $grid (result v128) (local $row i32) (local $column i32) (local $sum v128)
    (loop $rows
      (local.set $column (i32.const 0))
      (loop $columns
        (local.set $sum (i32x4.add (local.get $sum)
          (call $steps
            (f32x4.add
              (f32x4.splat (f32.mul (f32.convert_i32_s
                (i32.sub (local.get $column) (i32.const 48))) (f32.const 0.04)))
              (v128.const f32x4 0 0.04 0.08 0.12))
            (f32x4.splat (f32.mul (f32.convert_i32_s
              (i32.sub (local.get $row) (i32.const 32))) (f32.const 0.04))))))
        (br_if $columns
          (i32.lt_u (local.tee $column (i32.add (local.get $column) (i32.const 4)))
                    (i32.const 64))))
      (br_if $rows
        (i32.lt_u (local.tee $row (i32.add (local.get $row) (i32.const 1))) (i32.const 64))))
    (local.get $sum))

  (func (export "run") (param $times i32) (result i64) (local $sum v128)
    (loop $again
      (local.set $sum (i32x4.add (local.get $sum) (call $grid)))
      (br_if $again (local.tee $times (i32.sub (local.get $times) (i32.const 1)))))
    (i64.add (i64x2.extract_lane 0 (local.get $sum)) (i64x2.extract_lane 1 (local.get $sum)))))
