//! No bytes make the parser panic, and no claim in them makes it allocate.
#![cfg(feature = "wat")]

use std::collections::HashSet;

use bimetal_core::index::{FuncIdx, LocalIdx};
use bimetal_parser::{Features, Module, ParseOptions};

const EAGER: ParseOptions = ParseOptions { lazy: false, features: Features::all_tiers() };
const LAZY: ParseOptions = ParseOptions { lazy: true, features: Features::all_tiers() };

/// A module with every section that the engine accepts.
const MODULE: &str = r#"(module $everything
    (type $binary (func (param i32 i32) (result i32)))
    (import "env" "log" (func $log (param i32)))
    (import "env" "base" (global $base i32))
    (import "env" "shared" (table 2 8 externref))
    (memory (export "memory") 1 4)
    (memory $second 1)
    (table $t (export "table") 8 funcref)
    (global $counter (mut i64) (i64.const 1234567890123))
    (global $ratio f64 (f64.const 0.1))
    (global $address i32 (i32.add (global.get $base) (i32.const 16)))
    (export "fib" (func $fib))
    (export "apply" (func $apply))
    (start $main)
    (elem $passive func $fib $add)
    (elem (table $t) (i32.const 0) func $add $sub)
    (elem declare func $main)
    (elem $exprs funcref (ref.func $sub) (ref.null func))
    (func $fib (param $n i32) (result i32) (local $a i32) (local $b i32)
        (local.set $b (i32.const 1))
        (block $done
            (loop $again
                (br_if $done (i32.eqz (local.get $n)))
                (local.get $b)
                (local.set $b (i32.add (local.get $a) (local.get $b)))
                (local.set $a)
                (local.set $n (i32.sub (local.get $n) (i32.const 1)))
                (br $again)))
        (local.get $a))
    (func $add (type $binary) (i32.add (local.get 0) (local.get 1)))
    (func $sub (type $binary) (i32.sub (local.get 0) (local.get 1)))
    (func $apply (param $f i32) (param $x i32) (param $y i32) (result i32)
        (call_indirect $t (type $binary) (local.get $x) (local.get $y) (local.get $f)))
    (func $main (local $p i32)
        (memory.init $greeting (i32.const 0) (i32.const 0) (i32.const 5))
        (memory.copy (i32.const 8) (i32.const 0) (i32.const 5))
        (memory.fill $second (i32.const 8) (i32.const 7) (i32.const 5))
        (table.init $t $passive (i32.const 2) (i32.const 0) (i32.const 2))
        (elem.drop $passive)
        (data.drop $greeting)
        (f64.store offset=8 (i32.const 64)
            (f64.mul (global.get $ratio) (f64.convert_i64_s (global.get $counter))))
        (block $a (block $b (block $c
            (br_table $a $b $c $a (i32.load8_u offset=3 (global.get $address))))
            (call $log (i32.trunc_sat_f64_s (f64.load (i32.const 72)))))
            (drop (select (result funcref) (ref.func $main) (ref.null func) (i32.const 1))))
        (if (result i32) (ref.is_null (table.get $t (i32.const 0)))
            (then (memory.grow (i32.const 1)))
            (else (i32.extend8_s (i32.const 200))))
        (call $log)
        (global.set $counter (i64.rotl (global.get $counter) (i64.const 3))))
    (data $greeting "hello")
    (data (i32.const 100) "more\00bytes")
    (@custom "producer" "nobody"))"#;

fn module() -> Module {
    Module::new(MODULE.as_bytes(), &EAGER).unwrap()
}

/// Offsets at which a section ends: a module may be cut there and stay whole.
fn section_ends(bytes: &[u8]) -> HashSet<usize> {
    let mut ends = HashSet::from([8]);
    let mut at = 8;
    while at < bytes.len() {
        let (mut size, mut shift) = (0usize, 0);
        loop {
            at += 1;
            size |= usize::from(bytes[at] & 0x7f) << shift;
            shift += 7;
            if bytes[at] & 0x80 == 0 {
                break;
            }
        }
        at += 1 + size;
        ends.insert(at);
    }
    assert_eq!(at, bytes.len());
    ends
}

#[test]
fn every_truncation_is_an_error_with_an_offset() {
    let bytes = module().bytes;
    let ends = section_ends(&bytes);
    assert!(ends.len() >= 12, "{ends:?}");
    for length in 0..bytes.len() {
        match Module::new(&bytes[..length], &EAGER) {
            Ok(_) => assert!(ends.contains(&length), "accepted {length} bytes"),
            Err(error) => {
                let offset = error.offset().expect("an offset");
                assert!(offset <= length as u64, "{length}: {error}");
            }
        }
    }
}

/// Asks a module for everything that is decoded late.
fn use_all(module: &Module) {
    for defined in 0..module.bodies.len() {
        let func = module.func_at(defined);
        let outcome = module.ensure_valid(defined);
        assert!(outcome.is_ok() || outcome.is_err_and(|error| error.offset().is_some()));
        let name = module.func_name(func);
        assert_eq!(name, module.func_name(func));
    }
    assert_eq!(module.names.local(module, FuncIdx(u32::MAX), LocalIdx(0)), None);
    let sections = module.customs.iter().map(|custom| custom.range.clone());
    let datas = module.datas.iter().map(|data| data.range.clone());
    for range in sections.chain(datas).chain(module.bodies.iter().map(|body| body.range.clone())) {
        assert!(module.bytes.get(range).is_some());
    }
    for export in &module.exports {
        module.type_of(export.entity);
    }
}

#[test]
fn no_corrupted_byte_makes_the_parser_panic() {
    let original = module().bytes;
    let mut state = 0x9e37_79b9_7f4a_7c15u64;
    let mut random = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    let (mut accepted, mut refused) = (0, 0);
    for _ in 0..20_000 {
        let mut bytes = original.to_vec();
        let at = random() as usize % bytes.len();
        bytes[at] = random() as u8;
        match Module::new(&bytes, &EAGER) {
            Ok(module) => {
                use_all(&module);
                accepted += 1;
            }
            Err(_) => refused += 1,
        }
        if let Ok(module) = Module::new(&bytes, &LAZY) {
            use_all(&module);
        }
    }
    // Both sides are exercised: many bytes are names, numbers or data.
    assert!(accepted > 1000 && refused > 1000, "{accepted} accepted, {refused} refused");
}

#[test]
fn a_claimed_count_allocates_nothing() {
    // Four thousand million items in five bytes, for every kind of section.
    for id in 1..=13 {
        let mut bytes = b"\0asm\x01\0\0\0".to_vec();
        bytes.extend([id, 5, 0xff, 0xff, 0xff, 0xff, 0x0f]);
        let error = Module::new(&bytes, &EAGER).expect_err("a section with a false count");
        assert!(error.offset().is_some(), "section {id}: {error}");
    }
}

#[test]
fn a_claimed_number_of_locals_allocates_nothing() {
    // One function whose locals are 2^32 - 1 of type i32.
    let mut bytes = b"\0asm\x01\0\0\0\x01\x04\x01\x60\0\0\x03\x02\x01\0".to_vec();
    bytes.extend(b"\x0a\x0a\x01\x08\x01\xff\xff\xff\xff\x0f\x7f\x0b");
    let error = Module::new(&bytes, &EAGER).unwrap_err();
    assert!(error.message().contains("too many locals"), "{error}");
}
