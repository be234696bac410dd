;; Branch hints: what is unlikely is cold.
(module
  (func $rare (param i32))
  (func $hinted (param i32) (result i32)
    local.get 0
    (@metadata.code.branch_hint "\00") if
      (call $rare (i32.const 1))
    end
    block $out
      local.get 0
      (@metadata.code.branch_hint "\00") br_if $out
      loop $next
        local.get 0
        (@metadata.code.branch_hint "\01") br_if $next
      end
    end
    local.get 0
    (@metadata.code.branch_hint "\01") if (result i32)
      i32.const 1
    else
      i32.const 2
    end))
