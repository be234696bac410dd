;; The first byte of a value in 64 KiB, as `memchr` finds it: 16 bytes at a time.
(module
  (memory 1)

  ;; Noise without the byte 255, which stands at the very end alone.
  (func $fill (local $at i32) (local $state i32)
    (local.set $state (i32.const 12345))
    (loop $next
      (local.set $state
        (i32.add (i32.mul (local.get $state) (i32.const 1103515245)) (i32.const 12345)))
      (i32.store8 (local.get $at)
        (i32.rem_u (i32.shr_u (local.get $state) (i32.const 16)) (i32.const 255)))
      (br_if $next
        (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 1))) (i32.const 65535))))
    (i32.store8 (i32.const 65535) (i32.const 255)))
  (start $fill)

  (func $find (param $byte i32) (param $at i32) (param $end i32) (result i32)
    (local $wanted v128) (local $equal v128)
    (local.set $wanted (i8x16.splat (local.get $byte)))
    (loop $next
      (local.set $equal (i8x16.eq (v128.load (local.get $at)) (local.get $wanted)))
      (if (v128.any_true (local.get $equal))
        (then (return
          (i32.add (local.get $at) (i32.ctz (i8x16.bitmask (local.get $equal)))))))
      (br_if $next
        (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 16))) (local.get $end))))
    (local.get $end))

  (func (export "run") (param $times i32) (result i64) (local $sum i64)
    (loop $again
      (local.set $sum (i64.add (local.get $sum) (i64.extend_i32_u
        (call $find (i32.const 255) (i32.const 0) (i32.const 65536)))))
      (br_if $again (local.tee $times (i32.sub (local.get $times) (i32.const 1)))))
    (local.get $sum)))
