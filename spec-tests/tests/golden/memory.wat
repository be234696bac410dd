;; Accesses without a check in compiled code (behind the memory lie guard pages), also at
;; sums that are taken apart, with one (64-bit addresses, an offset beyond the guard), and
;; memory that may move.
(module
  (memory $small 1 2)
  (memory $large i64 1)
  (memory $bytes 1 (pagesize 1))
  (func $unchecked (param i32 f64)
    (f64.store offset=16 (local.get 0) (local.get 1)))
  (func $checked (param i64) (result i32)
    (i32.load16_s $large offset=8 (local.get 0)))
  (func $sums (param i32) (result i32)
    (i32.load8_u (i32.sub (local.get 0) (i32.const 1)))
    (i32.load8_u (i32.add (local.get 0) (i32.const 1000)))
    (i32.load8_u (i32.add (local.get 0) (i32.const 1001)))
    (i32.load8_u offset=1 (i32.add (local.get 0) (i32.const 1002)))
    i32.add i32.add i32.add)
  (func $far (param i32) (result i32)
    (i32.load offset=0xffffffff (local.get 0)))
  (func $byte (param i32) (result i32)
    (i32.load8_u $bytes (local.get 0)))
  (func $bulk (param i32 i32 i32) (result i32)
    (memory.copy (local.get 0) (local.get 1) (local.get 2))
    (memory.grow (local.get 2))))
