;; A hash of 64 KiB in four lanes of 32 bits: multiply, rotate, mix.
(module
  (memory 1)

  (func $fill (local $at i32)
    (loop $next
      (i32.store (local.get $at) (i32.mul (local.get $at) (i32.const -1640531535)))
      (br_if $next
        (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 4))) (i32.const 65536)))))
  (start $fill)

  (func $hash (param $state v128) (result v128) (local $at i32)
    (loop $next
      (local.set $state (i32x4.add (local.get $state)
        (i32x4.mul (v128.load (local.get $at))
                   (v128.const i32x4 0x85ebca77 0x85ebca77 0x85ebca77 0x85ebca77))))
      (local.set $state
        (v128.or (i32x4.shl (local.get $state) (i32.const 13))
                 (i32x4.shr_u (local.get $state) (i32.const 19))))
      (local.set $state (i32x4.mul (local.get $state)
        (v128.const i32x4 0x9e3779b1 0x9e3779b1 0x9e3779b1 0x9e3779b1)))
      (local.set $state (v128.xor (local.get $state)
        (i8x16.shuffle 4 5 6 7 8 9 10 11 12 13 14 15 0 1 2 3
          (local.get $state) (local.get $state))))
      (br_if $next
        (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 16))) (i32.const 65536))))
    (local.get $state))

  (func (export "run") (param $times i32) (result i64) (local $state v128)
    (loop $again
      (local.set $state (call $hash (local.get $state)))
      (br_if $again (local.tee $times (i32.sub (local.get $times) (i32.const 1)))))
    (i64.add
      (i64x2.extract_lane 0 (local.get $state)) (i64x2.extract_lane 1 (local.get $state)))))
