;; Numbers put at the end of a list that has room for them nearly every time. Where it
;; has not, it doubles its room, starts anew beyond a limit and counts what it did, all in
;; the function that every number is put in by.
(module
  (memory 4)
  (global $len (mut i32) (i32.const 0))
  (global $room (mut i32) (i32.const 65536))
  (global $grown (mut i32) (i32.const 0))
  (global $reset (mut i32) (i32.const 0))

  (func $push (param $value i32)
    (local $step i32)
    (if (i32.eq (global.get $len) (global.get $room)) (then
      (local.set $step (i32.shl (global.get $room) (i32.const 1)))
      (if (i32.gt_u (local.get $step) (i32.const 131072))
        (then
          (global.set $reset (i32.add (global.get $reset) (i32.const 1)))
          (global.set $len (i32.const 0))
          (global.set $room (i32.const 65536))
          (local.set $step (i32.const 262136))
          (loop $clear
            (i64.store (local.get $step) (i64.const 0))
            (br_if $clear
              (i32.ne (local.tee $step (i32.sub (local.get $step) (i32.const 8))) (i32.const 0))))
          (i32.store offset=262140 (i32.const 0)
            (i32.xor (i32.mul (global.get $reset) (i32.const 31)) (global.get $grown)))
          (i32.store offset=262136 (i32.const 0)
            (i32.rotl (i32.load offset=262140 (i32.const 0)) (i32.const 7))))
        (else
          (global.set $grown (i32.add (global.get $grown) (i32.const 1)))
          (global.set $room (local.get $step))
          (i32.store offset=262132 (i32.const 0)
            (i32.add (i32.mul (global.get $grown) (i32.const 17)) (global.get $room)))
          (i32.store offset=262128 (i32.const 0)
            (i32.rotr (i32.load offset=262132 (i32.const 0)) (i32.const 3)))
          (i32.store offset=262124 (i32.const 0)
            (i32.sub (i32.load offset=262128 (i32.const 0)) (global.get $reset)))))))
    (i32.store (global.get $len) (local.get $value))
    (global.set $len (i32.add (global.get $len) (i32.const 4))))

  (func (export "run") (param $times i32) (result i64)
    (local $n i32) (local $x i32)
    (global.set $len (i32.const 0))
    (global.set $room (i32.const 65536))
    (loop $again
      (local.set $n (i32.const 1000))
      (loop $next
        (call $push (local.tee $x (i32.add (i32.mul (local.get $x) (i32.const 5)) (local.get $n))))
        (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
      (br_if $again (local.tee $times (i32.sub (local.get $times) (i32.const 1)))))
    (i64.add (i64.extend_i32_u (global.get $len))
      (i64.extend_i32_u (i32.load (i32.sub (global.get $len) (i32.const 4)))))))
