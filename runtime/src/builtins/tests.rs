//! Every slow op through the table that the tiers use: bounds, dirty upper
//! halves, no effect before a trap.

use crate::store::{Extern, InstanceId, StoreBox};
use crate::test_tier::{instantiate, store};
use crate::vmctx::BuiltinResult;
use bimetal_core::ops::slow::SlowImm;
use bimetal_core::ops::slow::SlowOp::{self, *};
use bimetal_core::trap::TrapCode;
use bimetal_core::value::Slot;

const WAT: &str = r#"(module
    (memory (export "m") 1 3)
    (table (export "t") 4 10 funcref)
    (table (export "u") 2 externref)
    (func $f)
    (elem funcref (ref.func $f) (ref.null func))
    (elem (i32.const 0) func $f)
    (data "passive")
    (data (i32.const 0) "active"))"#;

/// The upper half of a 32-bit operand means nothing.
const DIRT: u64 = 0xdead_beef << 32;
const MEMORY: u64 = TrapCode::MemoryOutOfBounds as u64;
const TABLE: u64 = TrapCode::TableOutOfBounds as u64;

struct Test {
    store: StoreBox,
    instance: InstanceId,
}

impl Test {
    fn new() -> Test {
        let mut store = store();
        let instance = instantiate(&mut store, WAT, &[]).unwrap();
        Test { store, instance }
    }

    fn run(&mut self, op: SlowOp, [a, b]: [u32; 2], operands: [u64; 3]) -> BuiltinResult {
        let cx = self.store.instance(self.instance).cx();
        let [x, y, z] = operands.map(|operand| operand | DIRT);
        // SAFETY: the context is of a live instance; the store is not borrowed.
        unsafe { (*(*cx).builtins.add(op as usize))(cx, SlowImm { a, b }.pack(), x, y, z) }
    }

    fn trap(&mut self, op: SlowOp, imm: [u32; 2], operands: [u64; 3]) -> u64 {
        self.run(op, imm, operands).trap
    }

    fn bytes(&self) -> &[u8] {
        let Some(Extern::Memory(id)) = self.store.export(self.instance, "m") else { panic!() };
        self.store.memory(id).data()
    }

    /// Which elements of a table are not null.
    fn elements(&self, name: &str) -> Vec<bool> {
        let Some(Extern::Table(id)) = self.store.export(self.instance, name) else { panic!() };
        self.store.table(id).elements().iter().map(|&item| item != Slot::ZERO).collect()
    }
}

#[test]
fn memory_grow_answers_the_old_size_or_minus_one_in_32_bits() {
    let mut test = Test::new();
    assert_eq!(test.run(memory_grow, [0, 0], [1, 0, 0]).value, 1);
    assert_eq!(test.run(memory_grow, [0, 0], [2, 0, 0]).value, 0xffff_ffff);
    assert_eq!(test.run(memory_grow, [0, 0], [0xffff_ffff, 0, 0]).value, 0xffff_ffff);
    assert_eq!(test.run(memory_grow, [0, 0], [0, 0, 0]).value, 2);
    assert_eq!(test.bytes().len(), 2 << 16);
}

#[test]
fn memory_fill_writes_low_bytes_inside_the_memory_only() {
    let mut test = Test::new();
    assert_eq!(test.trap(memory_fill, [0, 0], [65_530, 0x1ff, 7]), MEMORY);
    assert_eq!(test.bytes()[65_530], 0);
    assert_eq!(test.trap(memory_fill, [0, 0], [65_530, 0x1ff, 6]), 0);
    assert_eq!(test.bytes()[65_529..], [0, 255, 255, 255, 255, 255, 255]);
    assert_eq!(test.trap(memory_fill, [0, 0], [65_536, 0, 0]), 0);
    assert_eq!(test.trap(memory_fill, [0, 0], [65_537, 0, 0]), MEMORY);
}

#[test]
fn memory_copy_allows_overlap_and_checks_both_ranges() {
    let mut test = Test::new();
    assert_eq!(test.trap(memory_copy, [0, 0], [2, 0, 6]), 0);
    assert_eq!(test.bytes()[..9], *b"acactive\0");
    assert_eq!(test.trap(memory_copy, [0, 0], [65_535, 0, 2]), MEMORY);
    assert_eq!(test.trap(memory_copy, [0, 0], [0, 65_535, 2]), MEMORY);
    assert_eq!(test.trap(memory_copy, [0, 0], [0, 4, 0xffff_ffff]), MEMORY);
    assert_eq!(test.bytes()[..9], *b"acactive\0");
}

#[test]
fn memory_init_reads_a_segment_until_it_is_dropped() {
    let mut test = Test::new();
    assert_eq!(test.trap(memory_init, [0, 0], [10, 1, 6]), 0);
    assert_eq!(test.bytes()[10..17], *b"assive\0");
    assert_eq!(test.trap(memory_init, [0, 0], [10, 2, 6]), MEMORY);
    assert_eq!(test.trap(memory_init, [0, 0], [65_535, 0, 2]), MEMORY);
    assert_eq!(test.trap(data_drop, [0, 0], [0; 3]), 0);
    assert_eq!(test.trap(memory_init, [0, 0], [10, 0, 1]), MEMORY);
    assert_eq!(test.trap(memory_init, [0, 0], [10, 0, 0]), 0);
    // An active segment is dropped by instantiation.
    assert_eq!(test.trap(memory_init, [0, 1], [10, 0, 1]), MEMORY);
}

#[test]
fn table_grow_answers_the_old_size_or_minus_one_in_32_bits() {
    let mut test = Test::new();
    assert_eq!(test.run(table_grow, [0, 0], [0, 7, 0]).value, 0xffff_ffff);
    assert_eq!(test.run(table_grow, [0, 0], [0, 6, 0]).value, 4);
    assert_eq!(test.run(table_grow, [1, 0], [1, 0xffff_fff0, 0]).value, 0xffff_ffff);
    assert_eq!(test.elements("t").len(), 10);
    assert_eq!(test.elements("u").len(), 2);
}

#[test]
fn table_fill_copy_and_init_check_before_they_write() {
    let mut test = Test::new();
    assert_eq!(test.elements("t"), [true, false, false, false]);
    assert_eq!(test.trap(table_fill, [1, 0], [1, 1, 2]), TABLE);
    assert_eq!(test.elements("u"), [false, false]);
    assert_eq!(test.trap(table_fill, [1, 0], [1, 1, 1]), 0);
    assert_eq!(test.elements("u"), [false, true]);
    assert_eq!(test.trap(table_copy, [0, 0], [1, 0, 4]), TABLE);
    assert_eq!(test.trap(table_copy, [0, 0], [1, 0, 2]), 0);
    assert_eq!(test.elements("t"), [true, true, false, false]);
    assert_eq!(test.trap(table_init, [0, 0], [3, 0, 2]), TABLE);
    assert_eq!(test.trap(table_init, [0, 0], [2, 1, 2]), TABLE);
    assert_eq!(test.trap(table_init, [0, 0], [2, 0, 2]), 0);
    assert_eq!(test.elements("t"), [true, true, true, false]);
}

#[test]
fn element_segments_are_empty_once_dropped() {
    let mut test = Test::new();
    assert_eq!(test.trap(elem_drop, [0, 0], [0; 3]), 0);
    for segment in [0, 1] {
        assert_eq!(test.trap(table_init, [0, segment], [0, 0, 1]), TABLE);
        assert_eq!(test.trap(table_init, [0, segment], [4, 0, 0]), 0);
    }
}
