;; A splay tree of objects, each with a payload: a small tree over arrays. Its oldest keys
;; go and new ones come, so that objects of every age die.
(module
  (type $values (array (mut i32)))
  (rec
    (type $payload (sub (struct)))
    (type $inner (sub final $payload
      (struct (field $left (ref $payload)) (field $right (ref $payload)))))
    (type $leaf (sub final $payload (struct (field $values (ref $values)) (field $key i32)))))
  (type $node (struct
    (field $key i32)
    (field $value (ref null $payload))
    (field $left (mut (ref null $node)))
    (field $right (mut (ref null $node)))))

  (global $root (mut (ref null $node)) (ref.null $node))
  (global $random (mut i32) (i32.const 1))
  (global $nodes i32 (i32.const 2000))

  (func $random (result i32) (local $x i32)
    (local.set $x (global.get $random))
    (local.set $x (i32.xor (local.get $x) (i32.shl (local.get $x) (i32.const 13))))
    (local.set $x (i32.xor (local.get $x) (i32.shr_u (local.get $x) (i32.const 17))))
    (local.set $x (i32.xor (local.get $x) (i32.shl (local.get $x) (i32.const 5))))
    (global.set $random (local.get $x))
    (i32.and (local.get $x) (i32.const 0x3fffffff)))

  (func $payload (param $depth i32) (param $key i32) (result (ref $payload))
    (if (result (ref $payload)) (local.get $depth)
      (then
        (local.set $depth (i32.sub (local.get $depth) (i32.const 1)))
        (struct.new $inner
          (call $payload (local.get $depth) (local.get $key))
          (call $payload (local.get $depth) (local.get $key))))
      (else (struct.new $leaf
        (array.new $values (local.get $key) (i32.const 10))
        (local.get $key)))))

  ;; The sum of what the leaves of a payload hold.
  (func $sum (param $payload (ref null $payload)) (result i32)
    (local $inner (ref $inner)) (local $leaf (ref $leaf))
    (if (ref.test (ref $inner) (local.get $payload))
      (then
        (local.set $inner (ref.cast (ref $inner) (local.get $payload)))
        (return (i32.add
          (call $sum (struct.get $inner $left (local.get $inner)))
          (call $sum (struct.get $inner $right (local.get $inner)))))))
    (local.set $leaf (ref.cast (ref $leaf) (local.get $payload)))
    (i32.add (struct.get $leaf $key (local.get $leaf))
      (array.get $values (struct.get $leaf $values (local.get $leaf)) (i32.const 9))))

  ;; Brings the node with this key to the root, or its neighbour: from the top down
  ;; (Sleator and Tarjan). What is passed on the way hangs on the dummy meanwhile.
  (func $splay (param $key i32)
    (local $dummy (ref $node)) (local $low (ref $node)) (local $high (ref $node))
    (local $at (ref $node)) (local $next (ref $node))
    (local.set $dummy (struct.new $node
      (i32.const 0) (ref.null $payload) (ref.null $node) (ref.null $node)))
    (local.set $low (local.get $dummy))
    (local.set $high (local.get $dummy))
    (block $empty
      (local.set $at (br_on_null $empty (global.get $root)))
      (block $done
        (loop $down
          (if (i32.lt_s (local.get $key) (struct.get $node $key (local.get $at)))
            (then
              (local.set $next (br_on_null $done (struct.get $node $left (local.get $at))))
              (if (i32.lt_s (local.get $key) (struct.get $node $key (local.get $next)))
                (then
                  (struct.set $node $left (local.get $at)
                    (struct.get $node $right (local.get $next)))
                  (struct.set $node $right (local.get $next) (local.get $at))
                  (local.set $at (local.get $next))
                  (local.set $next (br_on_null $done (struct.get $node $left (local.get $at))))))
              (struct.set $node $left (local.get $high) (local.get $at))
              (local.set $high (local.get $at))
              (local.set $at (local.get $next))
              (br $down)))
          (if (i32.gt_s (local.get $key) (struct.get $node $key (local.get $at)))
            (then
              (local.set $next (br_on_null $done (struct.get $node $right (local.get $at))))
              (if (i32.gt_s (local.get $key) (struct.get $node $key (local.get $next)))
                (then
                  (struct.set $node $right (local.get $at)
                    (struct.get $node $left (local.get $next)))
                  (struct.set $node $left (local.get $next) (local.get $at))
                  (local.set $at (local.get $next))
                  (local.set $next (br_on_null $done (struct.get $node $right (local.get $at))))))
              (struct.set $node $right (local.get $low) (local.get $at))
              (local.set $low (local.get $at))
              (local.set $at (local.get $next))
              (br $down)))))
      (struct.set $node $right (local.get $low) (struct.get $node $left (local.get $at)))
      (struct.set $node $left (local.get $high) (struct.get $node $right (local.get $at)))
      (struct.set $node $left (local.get $at) (struct.get $node $right (local.get $dummy)))
      (struct.set $node $right (local.get $at) (struct.get $node $left (local.get $dummy)))
      (global.set $root (local.get $at))))

  ;; Adds a key that is not there.
  (func $insert (param $key i32) (param $value (ref $payload))
    (local $new (ref $node)) (local $root (ref $node))
    (local.set $new (struct.new $node
      (local.get $key) (local.get $value) (ref.null $node) (ref.null $node)))
    (block $empty
      (local.set $root (br_on_null $empty (global.get $root)))
      (if (i32.gt_s (local.get $key) (struct.get $node $key (local.get $root)))
        (then
          (struct.set $node $left (local.get $new) (local.get $root))
          (struct.set $node $right (local.get $new) (struct.get $node $right (local.get $root)))
          (struct.set $node $right (local.get $root) (ref.null $node)))
        (else
          (struct.set $node $right (local.get $new) (local.get $root))
          (struct.set $node $left (local.get $new) (struct.get $node $left (local.get $root)))
          (struct.set $node $left (local.get $root) (ref.null $node)))))
    (global.set $root (local.get $new)))

  ;; Removes the root.
  (func $remove
    (local $root (ref $node)) (local $right (ref null $node))
    (local.set $root (ref.as_non_null (global.get $root)))
    (local.set $right (struct.get $node $right (local.get $root)))
    (if (ref.is_null (struct.get $node $left (local.get $root)))
      (then (global.set $root (local.get $right)))
      (else
        (global.set $root (struct.get $node $left (local.get $root)))
        ;; The greatest of the lesser keys comes to the root: it has no right subtree.
        (call $splay (struct.get $node $key (local.get $root)))
        (struct.set $node $right (ref.as_non_null (global.get $root)) (local.get $right)))))

  ;; Adds a new key with a payload; returns it.
  (func $add (result i32) (local $key i32)
    (loop $taken
      (local.set $key (call $random))
      (call $splay (local.get $key))
      (if (ref.is_null (global.get $root)) (then (br_if $taken (i32.const 0)))
        (else (br_if $taken (i32.eq (local.get $key)
          (struct.get $node $key (global.get $root)))))))
    (call $insert (local.get $key) (call $payload (i32.const 3) (local.get $key)))
    (local.get $key))

  (func (export "run") (param $times i32) (result i64) (local $left i32) (local $sum i64)
    (global.set $random (i32.const 1))
    (global.set $root (ref.null $node))
    (local.set $left (global.get $nodes))
    (loop $more
      (drop (call $add))
      (br_if $more (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))
    (loop $again
      ;; A new key comes, and the key that is nearest to another one goes.
      (local.set $left (call $add))
      (call $splay (call $random))
      (local.set $sum (i64.add
        (i64.mul (local.get $sum) (i64.const 31))
        (i64.extend_i32_u (i32.add (local.get $left)
          (call $sum (struct.get $node $value (global.get $root)))))))
      (call $remove)
      (br_if $again (local.tee $times (i32.sub (local.get $times) (i32.const 1)))))
    (local.get $sum)))
