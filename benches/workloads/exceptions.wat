;; A parser that gives up by throwing: numbers, sums and parentheses in a text of which
;; some expressions are broken. Whoever wants the next expression catches.
(module
  (memory (export "memory") 1)
  (data (i32.const 0)
    "(1+2)+3;4+;(5+(6+7;8+(9);((1)+2)+(3+4);+1;(((((((7)))))));1+(2+(3+(4+(5+;9+8+7+6+5;(1))")
  ;; What was wrong, and where.
  (tag $wrong (param i32 i32))
  (global $at (mut i32) (i32.const 0))

  (func $here (result i32) (i32.load8_u (global.get $at)))
  (func $next (global.set $at (i32.add (global.get $at) (i32.const 1))))
  (func $fail (param $why i32) (throw $wrong (local.get $why) (global.get $at)))

  (func $number (result i32) (local $value i32) (local $digit i32)
    (if (i32.gt_u (i32.sub (call $here) (i32.const 0x30)) (i32.const 9))
      (then (call $fail (i32.const 1))))
    (loop $more
      (local.set $digit (i32.sub (call $here) (i32.const 0x30)))
      (if (i32.le_u (local.get $digit) (i32.const 9))
        (then
          (local.set $value
            (i32.add (i32.mul (local.get $value) (i32.const 10)) (local.get $digit)))
          (call $next)
          (br $more))))
    (local.get $value))

  (func $term (result i32) (local $value i32)
    (if (i32.ne (call $here) (i32.const 0x28)) (then (return (call $number))))
    (call $next)
    (local.set $value (call $sum))
    (if (i32.ne (call $here) (i32.const 0x29)) (then (call $fail (i32.const 2))))
    (call $next)
    (local.get $value))

  (func $sum (result i32) (local $value i32)
    (local.set $value (call $term))
    (loop $more
      (if (i32.eq (call $here) (i32.const 0x2b))
        (then
          (call $next)
          (local.set $value (i32.add (local.get $value) (call $term)))
          (br $more))))
    (local.get $value))

  ;; The value of the expression that begins here; of a broken one, what was wrong.
  (func $expression (result i32) (local $why i32) (local $value i32)
    (block $broken (result i32 i32)
      (local.set $value (try_table (result i32) (catch $wrong $broken)
        (local.set $value (call $sum))
        (if (i32.and (i32.ne (call $here) (i32.const 0x3b)) (i32.ne (call $here) (i32.const 0)))
          (then (call $fail (i32.const 3))))
        (local.get $value)))
      (return (local.get $value)))
    (i32.shl (i32.const 8))
    (i32.or))

  (func (export "run") (param $times i32) (result i64) (local $sum i64)
    (loop $again
      (global.set $at (i32.const 0))
      (loop $expressions
        (local.set $sum (i64.add (i64.mul (local.get $sum) (i64.const 31))
          (i64.extend_i32_u (call $expression))))
        ;; Behind the semicolon.
        (block $end
          (loop $skip
            (br_if $end (i32.eqz (call $here)))
            (br_if $skip (i32.ne (call $here) (i32.const 0x3b)) (call $next)))
          (br $expressions)))
      (br_if $again (local.tee $times (i32.sub (local.get $times) (i32.const 1)))))
    (local.get $sum)))
