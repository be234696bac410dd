;; Expressions as objects of four classes, evaluated through their tables of methods: each
;; object has its class's table, whose methods take an object of the base class and cast.
(module
  (rec
    (type $evaluate (func (param (ref $expression) i32) (result i32)))
    (type $depth (func (param (ref $expression)) (result i32)))
    (type $methods (struct (field $evaluate (ref $evaluate)) (field $depth (ref $depth))))
    (type $expression (sub (struct (field $methods (ref $methods)))))
    (type $constant (sub final $expression
      (struct (field $methods (ref $methods)) (field $value i32))))
    (type $variable (sub final $expression (struct (field $methods (ref $methods)))))
    (type $pair (sub $expression
      (struct (field $methods (ref $methods))
        (field $left (ref $expression)) (field $right (ref $expression)))))
    (type $sum (sub final $pair
      (struct (field $methods (ref $methods))
        (field $left (ref $expression)) (field $right (ref $expression)))))
    (type $product (sub final $pair
      (struct (field $methods (ref $methods))
        (field $left (ref $expression)) (field $right (ref $expression))))))

  (elem declare func $constant_evaluate $variable_evaluate $sum_evaluate $product_evaluate
    $leaf_depth $pair_depth)
  (global $constants (ref $methods)
    (struct.new $methods (ref.func $constant_evaluate) (ref.func $leaf_depth)))
  (global $variables (ref $methods)
    (struct.new $methods (ref.func $variable_evaluate) (ref.func $leaf_depth)))
  (global $sums (ref $methods)
    (struct.new $methods (ref.func $sum_evaluate) (ref.func $pair_depth)))
  (global $products (ref $methods)
    (struct.new $methods (ref.func $product_evaluate) (ref.func $pair_depth)))

  (func $constant_evaluate (type $evaluate)
    (struct.get $constant $value (ref.cast (ref $constant) (local.get 0))))
  (func $variable_evaluate (type $evaluate) (local.get 1))
  (func $sum_evaluate (type $evaluate) (local $this (ref $sum))
    (local.set $this (ref.cast (ref $sum) (local.get 0)))
    (i32.add
      (call $evaluate (struct.get $sum $left (local.get $this)) (local.get 1))
      (call $evaluate (struct.get $sum $right (local.get $this)) (local.get 1))))
  (func $product_evaluate (type $evaluate) (local $this (ref $product))
    (local.set $this (ref.cast (ref $product) (local.get 0)))
    (i32.mul
      (call $evaluate (struct.get $product $left (local.get $this)) (local.get 1))
      (call $evaluate (struct.get $product $right (local.get $this)) (local.get 1))))
  (func $leaf_depth (type $depth) (i32.const 1))
  (func $pair_depth (type $depth) (local $this (ref $pair)) (local $left i32) (local $right i32)
    (local.set $this (ref.cast (ref $pair) (local.get 0)))
    (local.set $left (call $depth (struct.get $pair $left (local.get $this))))
    (local.set $right (call $depth (struct.get $pair $right (local.get $this))))
    (i32.add (i32.const 1)
      (select (local.get $left) (local.get $right)
        (i32.gt_s (local.get $left) (local.get $right)))))

  ;; The virtual calls.
  (func $evaluate (param $of (ref $expression)) (param $with i32) (result i32)
    (call_ref $evaluate (local.get $of) (local.get $with)
      (struct.get $methods $evaluate (struct.get $expression $methods (local.get $of)))))
  (func $depth (param $of (ref $expression)) (result i32)
    (call_ref $depth (local.get $of)
      (struct.get $methods $depth (struct.get $expression $methods (local.get $of)))))

  ;; An expression whose shape comes from the bits of a seed.
  (func $make (param $levels i32) (param $seed i32) (result (ref $expression))
    (local $left (ref $expression)) (local $right (ref $expression))
    (local.set $seed (i32.add (i32.mul (local.get $seed) (i32.const 1664525)) (i32.const 1013904223)))
    (if (i32.eqz (local.get $levels))
      (then
        (if (i32.and (local.get $seed) (i32.const 0x10000))
          (then (return (struct.new $variable (global.get $variables)))))
        (return (struct.new $constant (global.get $constants)
          (i32.shr_u (local.get $seed) (i32.const 20))))))
    (local.set $left
      (call $make (i32.sub (local.get $levels) (i32.const 1)) (local.get $seed)))
    (local.set $right (call $make
      (i32.sub (local.get $levels)
        (i32.add (i32.const 1) (i32.and (i32.gt_s (local.get $levels) (i32.const 1))
          (i32.shr_u (local.get $seed) (i32.const 31)))))
      (i32.xor (local.get $seed) (i32.const 0x5555))))
    (if (result (ref $expression)) (i32.and (local.get $seed) (i32.const 0x40000))
      (then (struct.new $sum (global.get $sums) (local.get $left) (local.get $right)))
      (else (struct.new $product (global.get $products) (local.get $left) (local.get $right)))))

  (func (export "run") (param $times i32) (result i64)
    (local $all (ref $expression)) (local $sum i64)
    (local.set $all (call $make (i32.const 9) (i32.const 7)))
    (loop $again
      (local.set $sum (i64.add
        (i64.mul (local.get $sum) (i64.const 31))
        (i64.extend_i32_u (i32.add
          (call $evaluate (local.get $all) (local.get $times))
          (call $depth (local.get $all))))))
      (br_if $again (local.tee $times (i32.sub (local.get $times) (i32.const 1)))))
    (local.get $sum)))
