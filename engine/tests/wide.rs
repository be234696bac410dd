//! 64-bit memories and tables, pages of one byte and 128-bit arithmetic, by every
//! strategy, with and without guard pages.

mod common;

use bimetal::{
    Engine, Extern, Func, Instance, Memory, MemoryType, Module, Ref, RefType, Result, Store, Table,
    TableType, Trap,
};
use common::{engines_with, instantiate};

fn all_engines() -> Vec<Engine> {
    let with_guards = |on| {
        engines_with(|config| {
            config.memory_guard_pages(on);
        })
    };
    [true, false].into_iter().flat_map(with_guards).collect()
}

fn trap<T: std::fmt::Debug>(result: Result<T>) -> Trap {
    *result.expect_err("a trap").downcast_ref::<Trap>().expect("a trap")
}

const EDGES: [u64; 8] =
    [0, 1, 2, i64::MAX as u64, i64::MIN as u64, u64::MAX - 1, u64::MAX, 0x1234_5678_9abc_def0];

#[test]
fn no_sum_of_address_and_offset_wraps() {
    // The last: the greatest offset there is.
    let offsets = [0, 1, 65_535, 0x7fff_ffff, 0x8000_0000, 1 << 32, u64::MAX - 8, u64::MAX];
    let mut wat = String::from("(module (memory i64 1)\n");
    for offset in offsets {
        wat += &format!(
            "(func (export \"load{offset}\") (param i64) (result i32)
                (i32.load8_u offset={offset} (local.get 0)))
             (func (export \"store{offset}\") (param i64)
                (i64.store offset={offset} (local.get 0) (i64.const -1)))\n"
        );
    }
    wat += ")";
    for engine in all_engines() {
        let (mut store, instance) = instantiate(&engine, &wat);
        for offset in offsets {
            let name = format!("load{offset}");
            let load = instance.get_typed_func::<u64, i32>(&mut store, &name).unwrap();
            let name = format!("store{offset}");
            let write = instance.get_typed_func::<u64, ()>(&mut store, &name).unwrap();
            let near = [0, 1, 7, 8, 65_527, 65_528, 65_529, 65_535, 65_536, 1 << 32, 1 << 63];
            let wrapping = (0..10).map(|back| 0_u64.wrapping_sub(offset).wrapping_sub(back));
            for index in near.into_iter().chain(wrapping).chain([u64::MAX]) {
                let start = u128::from(index) + u128::from(offset);
                let got = load.call(&mut store, index);
                if start < 65_536 {
                    got.unwrap();
                } else {
                    assert_eq!(trap(got), Trap::MemoryOutOfBounds, "{index} + {offset}");
                }
                let got = write.call(&mut store, index);
                if start + 8 <= 65_536 {
                    got.unwrap();
                } else {
                    assert_eq!(trap(got), Trap::MemoryOutOfBounds, "{index} + {offset}");
                }
            }
        }
    }
}

#[allow(clippy::too_many_lines, reason = "most of it is the module's text")]
#[test]
fn bulk_instructions_take_lengths_of_the_narrower_memory() {
    let wat = r#"(module
        (memory $wide i64 1) (memory $narrow 1) (memory $bytes 100 (pagesize 1))
        (data $data "abcd")
        (func (export "fill") (param i64 i32 i64)
            (memory.fill $wide (local.get 0) (local.get 1) (local.get 2)))
        (func (export "init") (param i64 i32 i32)
            (memory.init $wide $data (local.get 0) (local.get 1) (local.get 2)))
        (func (export "narrow") (param i32 i64 i32)
            (memory.copy $narrow $wide (local.get 0) (local.get 1) (local.get 2)))
        (func (export "wide") (param i64 i64 i64)
            (memory.copy $wide $wide (local.get 0) (local.get 1) (local.get 2)))
        (func (export "bytes") (param i32 i64 i32)
            (memory.copy $bytes $wide (local.get 0) (local.get 1) (local.get 2)))
        (func (export "get") (param i32) (result i32)
            (i32.add (i32.load8_u $bytes (local.get 0)) (i32.load8_u $narrow (local.get 0)))))"#;
    for engine in all_engines() {
        let (mut store, instance) = instantiate(&engine, wat);
        let s = &mut store;
        let fill = instance.get_typed_func::<(u64, i32, u64), ()>(&mut *s, "fill").unwrap();
        let init = instance.get_typed_func::<(u64, u32, u32), ()>(&mut *s, "init").unwrap();
        let narrow = instance.get_typed_func::<(u32, u64, u32), ()>(&mut *s, "narrow").unwrap();
        let wide = instance.get_typed_func::<(u64, u64, u64), ()>(&mut *s, "wide").unwrap();
        let bytes = instance.get_typed_func::<(u32, u64, u32), ()>(&mut *s, "bytes").unwrap();
        let get = instance.get_typed_func::<u32, i32>(&mut *s, "get").unwrap();
        fill.call(&mut *s, (65_526, 7, 10)).unwrap();
        init.call(&mut *s, (65_532, 0, 4)).unwrap();
        wide.call(&mut *s, (0, 65_526, 10)).unwrap();
        narrow.call(&mut *s, (65_526, 65_526, 10)).unwrap();
        bytes.call(&mut *s, (90, 0, 10)).unwrap();
        narrow.call(&mut *s, (90, 0, 10)).unwrap();
        let got: Vec<_> = (89..100).map(|at| get.call(&mut *s, at).unwrap()).collect();
        let expected = [0, 7, 7, 7, 7, 7, 7, 97, 98, 99, 100].map(|byte: i32| 2 * byte);
        assert_eq!(got, expected);
        let outside = [
            fill.call(&mut *s, (65_526, 7, 11)),
            fill.call(&mut *s, (u64::MAX, 7, 1)),
            fill.call(&mut *s, (1 << 32, 7, 0)),
            init.call(&mut *s, (65_533, 0, 4)),
            init.call(&mut *s, (0, 1, 4)),
            wide.call(&mut *s, (0, 1, u64::MAX)),
            wide.call(&mut *s, (0, 0, 1 << 32)),
            wide.call(&mut *s, (1 << 32, 0, 1)),
            narrow.call(&mut *s, (0, 1 << 32, 1)),
            bytes.call(&mut *s, (91, 0, 10)),
        ];
        for (position, result) in outside.into_iter().enumerate() {
            assert_eq!(trap(result), Trap::MemoryOutOfBounds, "{position}");
        }
        fill.call(&mut *s, (65_536, 7, 0)).unwrap();
        assert_eq!(get.call(&mut *s, 99).unwrap(), 200);
        assert_eq!(trap(get.call(&mut *s, 100)), Trap::MemoryOutOfBounds);
    }
}

#[test]
fn a_memory_whose_maximum_nobody_can_reserve_works_and_stops_growing() {
    let wat = r#"(module (memory (export "memory") i64 1 0x1_0000_0000_0000)
        (func (export "grow") (param i64) (result i64) (memory.grow (local.get 0)))
        (func (export "size") (result i64) (memory.size))
        (func (export "get") (param i64) (result i32) (i32.load8_u (local.get 0))))"#;
    for engine in all_engines() {
        let (mut store, instance) = instantiate(&engine, wat);
        let grow = instance.get_typed_func::<u64, i64>(&mut store, "grow").unwrap();
        let size = instance.get_typed_func::<(), i64>(&mut store, "size").unwrap();
        let get = instance.get_typed_func::<u64, i32>(&mut store, "get").unwrap();
        let memory = instance.get_memory(&mut store, "memory").unwrap();
        memory.write(&mut store, 65_535, &[9]).unwrap();
        assert_eq!(get.call(&mut store, 65_535).unwrap(), 9);
        for delta in [1 << 47, 0xffff_ffff_ffff, 1 << 48, u64::MAX] {
            assert_eq!(grow.call(&mut store, delta).unwrap(), -1);
        }
        assert_eq!(grow.call(&mut store, 2).unwrap(), 1);
        assert_eq!(memory.grow(&mut store, 1).unwrap(), 3);
        assert!(memory.grow(&mut store, 1 << 48).is_err());
        assert_eq!(size.call(&mut store, ()).unwrap(), 4);
        assert_eq!(get.call(&mut store, 65_535).unwrap(), 9);
        assert_eq!(get.call(&mut store, 4 * 65_536 - 1).unwrap(), 0);
        assert_eq!(trap(get.call(&mut store, 4 * 65_536)), Trap::MemoryOutOfBounds);
    }
}

#[test]
fn a_memory_of_bytes_ends_at_its_last_byte() {
    let wat = r#"(module (memory (export "memory") 100 120 (pagesize 1))
        (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
        (func (export "size") (result i32) (memory.size))
        (func (export "get") (param i32) (result i32) (i32.load (local.get 0)))
        (func (export "far") (param i32) (result i32) (i32.load8_u offset=99 (local.get 0))))"#;
    for engine in all_engines() {
        let (mut store, instance) = instantiate(&engine, wat);
        let grow = instance.get_typed_func::<i32, i32>(&mut store, "grow").unwrap();
        let size = instance.get_typed_func::<(), i32>(&mut store, "size").unwrap();
        let get = instance.get_typed_func::<u32, i32>(&mut store, "get").unwrap();
        let far = instance.get_typed_func::<u32, i32>(&mut store, "far").unwrap();
        let memory = instance.get_memory(&mut store, "memory").unwrap();
        assert_eq!((memory.page_size(&store), memory.data_size(&store)), (1, 100));
        get.call(&mut store, 96).unwrap();
        far.call(&mut store, 0).unwrap();
        for index in [97, 99, 100, 120, 4095, 65_532, u32::MAX] {
            assert_eq!(trap(get.call(&mut store, index)), Trap::MemoryOutOfBounds, "{index}");
        }
        for index in [1, u32::MAX - 98, u32::MAX] {
            assert_eq!(trap(far.call(&mut store, index)), Trap::MemoryOutOfBounds, "{index}");
        }
        assert_eq!(grow.call(&mut store, 1).unwrap(), 100);
        assert_eq!(
            (get.call(&mut store, 97).unwrap(), size.call(&mut store, ()).unwrap()),
            (0, 101)
        );
        assert_eq!(trap(get.call(&mut store, 98)), Trap::MemoryOutOfBounds);
        assert_eq!(
            (grow.call(&mut store, 20).unwrap(), grow.call(&mut store, 19).unwrap()),
            (-1, 101)
        );
        assert_eq!(
            (grow.call(&mut store, 1).unwrap(), grow.call(&mut store, -1).unwrap()),
            (-1, -1)
        );
    }
}

#[test]
fn tables_take_64_bit_indices() {
    let wat = r#"(module
        (import "" "table" (table $wide i64 2 funcref)) (table $narrow 4 funcref)
        (type $f (func (result i32)))
        (elem $e func $seven) (elem (table $wide) (i64.const 1) func $seven)
        (func $seven (result i32) (i32.const 7))
        (func (export "call") (param i64) (result i32)
            (call_indirect $wide (type $f) (local.get 0)))
        (func (export "init") (param i64) (table.init $wide $e
            (local.get 0) (i32.const 0) (i32.const 1)))
        (func (export "copy") (param i32 i64 i32) (table.copy $narrow $wide
            (local.get 0) (local.get 1) (local.get 2)))
        (func (export "null") (param i64) (result i32)
            (ref.is_null (table.get $wide (local.get 0))))
        (func (export "grow") (param i64) (result i64)
            (table.grow $wide (ref.null func) (local.get 0)))
        (func (export "size") (result i64) (table.size $wide)))"#;
    for engine in all_engines() {
        let mut store = Store::new(&engine, ());
        let s = &mut store;
        let ty = TableType::new64(RefType::FUNCREF, 2, Some(1 << 40));
        let table = Table::new(&mut *s, ty, Ref::Func(None)).unwrap();
        assert!(table.ty(&*s).is_64());
        let module = Module::new(&engine, wat).unwrap();
        let instance = Instance::new(&mut *s, &module, &[Extern::Table(table)]).unwrap();
        let call = instance.get_typed_func::<u64, i32>(&mut *s, "call").unwrap();
        let init = instance.get_typed_func::<u64, ()>(&mut *s, "init").unwrap();
        let copy = instance.get_typed_func::<(u32, u64, u32), ()>(&mut *s, "copy").unwrap();
        let null = instance.get_typed_func::<u64, i32>(&mut *s, "null").unwrap();
        let grow = instance.get_typed_func::<u64, i64>(&mut *s, "grow").unwrap();
        let size = instance.get_typed_func::<(), u64>(&mut *s, "size").unwrap();
        assert_eq!(call.call(&mut *s, 1).unwrap(), 7);
        assert_eq!(trap(call.call(&mut *s, 0)), Trap::IndirectCallToNull);
        for index in [2, 1 << 32 | 1, u64::MAX] {
            assert_eq!(trap(call.call(&mut *s, index)), Trap::UndefinedElement, "{index}");
            assert_eq!(trap(init.call(&mut *s, index)), Trap::TableOutOfBounds, "{index}");
            assert_eq!(trap(null.call(&mut *s, index)), Trap::TableOutOfBounds, "{index}");
            let copied = copy.call(&mut *s, (0, index, 1));
            assert_eq!(trap(copied), Trap::TableOutOfBounds, "{index}");
        }
        init.call(&mut *s, 0).unwrap();
        copy.call(&mut *s, (2, 0, 2)).unwrap();
        assert_eq!((null.call(&mut *s, 0).unwrap(), grow.call(&mut *s, 1).unwrap()), (0, 2));
        assert_eq!(
            (grow.call(&mut *s, 1 << 39).unwrap(), size.call(&mut *s, ()).unwrap()),
            (-1, 3)
        );
        assert_eq!(null.call(&mut *s, 2).unwrap(), 1);
    }
}

#[test]
fn an_import_has_the_address_type_and_page_size_of_its_declaration() {
    let wide = "(module (import \"\" \"m\" (memory i64 1 4)))";
    let bytes = "(module (import \"\" \"m\" (memory 1 4 (pagesize 1))))";
    let plain = "(module (import \"\" \"m\" (memory 1 4)))";
    for engine in all_engines() {
        let mut store = Store::new(&engine, ());
        let types = [
            (wide, MemoryType::new64(1, Some(4))),
            (bytes, MemoryType::new(1, Some(4)).with_page_size_log2(0).unwrap()),
            (plain, MemoryType::new(1, Some(4))),
        ];
        for (made_for, ty) in types {
            let memory = Memory::new(&mut store, ty.clone()).unwrap();
            assert_eq!(memory.ty(&store), ty);
            for wat in [wide, bytes, plain] {
                let module = Module::new(&engine, wat).unwrap();
                let linked = Instance::new(&mut store, &module, &[Extern::Memory(memory)]);
                assert_eq!(linked.is_ok(), wat == made_for, "{wat} and {ty:?}");
            }
        }
        assert!(MemoryType::new(1, None).with_page_size_log2(3).is_err());
        // More than the system has: an error, no end of the process.
        assert!(Memory::new(&mut store, MemoryType::new64(1 << 47, None)).is_err());
        assert!(Memory::new(&mut store, MemoryType::new64(1 << 48, None)).is_err());
    }
}

#[test]
fn wide_arithmetic_agrees_with_128_bit_integers() {
    let wat = r#"(module
        (func (export "add") (param i64 i64 i64 i64) (result i64 i64)
            (i64.add128 (local.get 0) (local.get 1) (local.get 2) (local.get 3)))
        (func (export "sub") (param i64 i64 i64 i64) (result i64 i64)
            (i64.sub128 (local.get 0) (local.get 1) (local.get 2) (local.get 3)))
        (func (export "mul_s") (param i64 i64) (result i64 i64)
            (i64.mul_wide_s (local.get 0) (local.get 1)))
        (func (export "mul_u") (param i64 i64) (result i64 i64)
            (i64.mul_wide_u (local.get 0) (local.get 1))))"#;
    let join = |low: u64, high: u64| u128::from(low) | u128::from(high) << 64;
    let split = |value: u128| (value as u64, (value >> 64) as u64);
    type Four = (u64, u64, u64, u64);
    for engine in engines_with(|_| {}) {
        let (mut store, instance) = instantiate(&engine, wat);
        let s = &mut store;
        let add = instance.get_typed_func::<Four, (u64, u64)>(&mut *s, "add").unwrap();
        let sub = instance.get_typed_func::<Four, (u64, u64)>(&mut *s, "sub").unwrap();
        let mul_s = instance.get_typed_func::<(u64, u64), (u64, u64)>(&mut *s, "mul_s").unwrap();
        let mul_u = instance.get_typed_func::<(u64, u64), (u64, u64)>(&mut *s, "mul_u").unwrap();
        for a in EDGES {
            for b in EDGES {
                let signed = i128::from(a as i64) * i128::from(b as i64);
                assert_eq!(mul_s.call(&mut *s, (a, b)).unwrap(), split(signed as u128));
                let unsigned = u128::from(a) * u128::from(b);
                assert_eq!(mul_u.call(&mut *s, (a, b)).unwrap(), split(unsigned));
                for (c, d) in EDGES.into_iter().zip(EDGES.into_iter().rev()) {
                    let (x, y) = (join(a, b), join(c, d));
                    let sum = split(x.wrapping_add(y));
                    assert_eq!(add.call(&mut *s, (a, b, c, d)).unwrap(), sum);
                    let difference = split(x.wrapping_sub(y));
                    assert_eq!(sub.call(&mut *s, (a, b, c, d)).unwrap(), difference);
                }
            }
        }
    }
}

#[test]
fn wide_results_meet_constants_locals_and_other_operands() {
    let wat = r#"(module (func (export "run") (param $x i64) (result i64 i64 i64 i64)
        (local $low i64) (local $high i64)
        (i64.const 100)
        (local.get $x)
        (i64.add128 (i64.const -1) (local.get $x) (i64.const 2) (i64.const 3))
        (local.set $high) (local.set $low)
        (local.set $x (i64.const 0x1_0000_0000))
        (i64.mul_wide_u (local.get $x) (i64.shl (local.get $x) (local.get $low)))
        (i64.sub128 (local.get $low) (local.get $high))))"#;
    for engine in engines_with(|_| {}) {
        let (mut store, instance) = instantiate(&engine, wat);
        type Results = (i64, i64, i64, i64);
        let run = instance.get_typed_func::<i64, Results>(&mut store, "run").unwrap();
        // (2^64 - 1 + 5 * 2^64) + (2 + 3 * 2^64) has the halves 1 and 9; 2^32 * 2^33 is
        // 2 * 2^64, and 2 * 2^64 - (1 + 9 * 2^64) has the halves -1 and -8.
        assert_eq!(run.call(&mut store, 5).unwrap(), (100, 5, -1, -8));
    }
}

#[test]
fn a_function_of_both_index_types_is_called_through_either_table() {
    let wat = r#"(module (type $f (func (result i32)))
        (table $a i64 1 funcref) (table $b 1 funcref)
        (func (export "set") (param funcref)
            (table.set $a (i64.const 0) (local.get 0))
            (table.set $b (i32.const 0) (local.get 0)))
        (func (export "sum") (result i32) (i32.add
            (call_indirect $a (type $f) (i64.const 0))
            (call_indirect $b (type $f) (i32.const 0)))))"#;
    for engine in engines_with(|_| {}) {
        let (mut store, instance) = instantiate(&engine, wat);
        let func = Func::wrap(&mut store, || 21);
        let set = instance.get_typed_func::<Option<Func>, ()>(&mut store, "set").unwrap();
        set.call(&mut store, Some(func)).unwrap();
        let sum = instance.get_typed_func::<(), i32>(&mut store, "sum").unwrap();
        assert_eq!(sum.call(&mut store, ()).unwrap(), 42);
    }
}
