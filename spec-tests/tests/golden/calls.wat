;; Calls: of an import, direct, through a table, of a reference; in tail position.
(module
  (type $unary (func (param i32) (result i32)))
  (import "host" "f" (func $import (type $unary)))
  (table 4 funcref)
  (elem declare func $direct)
  (func $direct (type $unary)
    (i32.add (call $import (local.get 0)) (i32.const 1)))
  (func $indirect (param i32 i32) (result i32)
    (call_indirect (type $unary) (local.get 0) (local.get 1)))
  (func $reference (param i32 (ref null $unary)) (result i32)
    (call_ref $unary (local.get 0) (local.get 1)))
  (func $tail (type $unary)
    (return_call $direct (i32.mul (local.get 0) (i32.const 3)))))
