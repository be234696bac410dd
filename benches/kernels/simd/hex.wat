;; 16,384 bytes as hexadecimal digits: digits by table, then interleaved.
(module
  (memory 1)

  (func $fill (local $at i32)
    (loop $next
      (i32.store8 (local.get $at) (i32.mul (local.get $at) (i32.const 91)))
      (br_if $next
        (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 1))) (i32.const 16384)))))
  (start $fill)

  (func $encode (local $at i32) (local $bytes v128) (local $high v128) (local $low v128)
    (loop $next
      (local.set $bytes (v128.load (local.get $at)))
      (local.set $high
        (i8x16.swizzle
          (v128.const i8x16 48 49 50 51 52 53 54 55 56 57 97 98 99 100 101 102)
          (i8x16.shr_u (local.get $bytes) (i32.const 4))))
      (local.set $low
        (i8x16.swizzle
          (v128.const i8x16 48 49 50 51 52 53 54 55 56 57 97 98 99 100 101 102)
          (v128.and (local.get $bytes)
            (v128.const i8x16 15 15 15 15 15 15 15 15 15 15 15 15 15 15 15 15))))
      (v128.store offset=16384 (i32.shl (local.get $at) (i32.const 1))
        (i8x16.shuffle 0 16 1 17 2 18 3 19 4 20 5 21 6 22 7 23
          (local.get $high) (local.get $low)))
      (v128.store offset=16400 (i32.shl (local.get $at) (i32.const 1))
        (i8x16.shuffle 8 24 9 25 10 26 11 27 12 28 13 29 14 30 15 31
          (local.get $high) (local.get $low)))
      (br_if $next
        (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 16))) (i32.const 16384)))))

  (func (export "run") (param $times i32) (result i64) (local $sum i64)
    (loop $again
      (call $encode)
      (local.set $sum (i64.add (local.get $sum) (i64.load (i32.const 30000))))
      (br_if $again (local.tee $times (i32.sub (local.get $times) (i32.const 1)))))
    (local.get $sum)))
