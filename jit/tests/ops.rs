//! Every plain instruction computes what `core` says that it means.

mod common;

use bimetal_core::addr::effective;
use bimetal_core::ops::mem::{LoadOp, StoreOp};
use bimetal_core::ops::num::NumOp;
use bimetal_core::trap::TrapCode;
use bimetal_core::types::ValType;
use bimetal_core::value::Slot;
use bimetal_runtime::limits::Settings;
use bimetal_runtime::store::InstanceId;
use bimetal_runtime::trap::Unwind;
use common::World;

const I32: &[u32] = &[
    0,
    1,
    2,
    3,
    7,
    31,
    32,
    33,
    100,
    0x7f,
    0x80,
    0xff,
    0x7fff,
    0x8000,
    0xffff,
    0x7fff_ffff,
    0x8000_0000,
    0x8000_0001,
    0xffff_fffe,
    0xffff_ffff,
    0x1234_5678,
    0xdead_beef,
];
const I64: &[u64] = &[
    0,
    1,
    2,
    5,
    63,
    64,
    65,
    0x80,
    0x8000,
    0x7fff_ffff,
    0x8000_0000,
    0xffff_ffff,
    1 << 32,
    (1 << 53) + 1,
    i64::MAX as u64,
    i64::MIN as u64,
    i64::MIN as u64 + 1,
    u64::MAX,
    u64::MAX - 1,
    0x0123_4567_89ab_cdef,
    0xfedc_ba98_7654_3210,
    0x8000_0080_0000_0001,
    0xffff_ff7f_ffff_ffff,
];
const F64: &[f64] = &[
    0.0,
    -0.0,
    1.0,
    -1.0,
    0.5,
    -0.5,
    1.5,
    2.5,
    -2.5,
    0.1,
    4.9e-324,
    f64::MIN_POSITIVE,
    f64::MAX,
    f64::MIN,
    f64::INFINITY,
    f64::NEG_INFINITY,
    f64::NAN,
    2147483647.0,
    2147483648.0,
    -2147483648.0,
    -2147483649.0,
    4294967295.0,
    4294967296.0,
    -0.9,
    9223372036854775807.0,
    -9223372036854775808.0,
    -9223372036854777856.0,
    18446744073709551615.0,
    18446744073709549568.0,
    4503599627370496.5,
    123456.789,
];

/// Interesting values of a type, as raw slots.
fn values(ty: ValType) -> Vec<u64> {
    match ty {
        ValType::I32 => I32.iter().map(|&value| u64::from(value)).collect(),
        ValType::I64 => I64.to_vec(),
        ValType::F32 => {
            let mut all: Vec<u32> = F64.iter().map(|&value| (value as f32).to_bits()).collect();
            all.extend([0x7fa0_0001, 0xffc0_0000, 1, 0x4b00_0001, 0x4f7f_ffff, 0xcf00_0001]);
            all.into_iter().map(u64::from).collect()
        }
        ValType::F64 => {
            let mut all: Vec<u64> = F64.iter().map(|value| value.to_bits()).collect();
            all.extend([0x7ff4_0000_0000_0001, 0xfff8_0000_0000_0000]);
            all
        }
        other => panic!("no values of type {other}"),
    }
}

/// A result that may be compared bit for bit: all NaNs are one, as the
/// specification leaves their bits open, unless `exact`.
fn canonical(ty: ValType, bits: u64, exact: bool) -> u64 {
    match ty {
        ValType::F32 if !exact && f32::from_bits(bits as u32).is_nan() => 0x7fc0_0000,
        ValType::F64 if !exact && f64::from_bits(bits).is_nan() => 0x7ff8_0000_0000_0000,
        ValType::I32 | ValType::F32 => bits & 0xffff_ffff,
        _ => bits,
    }
}

fn outcome(world: &mut World, id: InstanceId, name: &str, args: &[u64]) -> Result<u64, TrapCode> {
    match world.call(id, name, args) {
        Ok(results) => Ok(results[0]),
        Err(Unwind::Trap(trap)) => Err(trap.code),
        Err(other) => panic!("{name} {args:x?}: {other:?}"),
    }
}

#[test]
fn every_numeric_instruction_agrees_with_its_meaning() {
    let mut wat = String::from("(module ");
    for op in NumOp::PLAIN {
        let params: Vec<String> = op.params().iter().map(ToString::to_string).collect();
        let gets = ["(local.get 0)", "(local.get 1)"][..params.len()].join(" ");
        let (name, params, result) = (op.name(), params.join(" "), op.result());
        wat += &format!(
            "(func (export \"{name}\") (param {params}) (result {result}) ({name} {gets}))"
        );
    }
    wat += ")";
    let mut world = World::new();
    let id = world.instance(&wat, &[]);
    for &op in NumOp::PLAIN {
        let name = op.name();
        let exact =
            ["abs", "neg", "copysign", "reinterpret"].iter().any(|part| name.contains(part));
        let mut compare = |args: &[u64]| {
            let slots: Vec<Slot> = args.iter().map(|&bits| Slot::from_bits(bits)).collect();
            let canonical = |bits| canonical(op.result(), bits, exact);
            let expected = op.eval(&slots).map(|slot| canonical(slot.bits()));
            let found = outcome(&mut world, id, name, args).map(canonical);
            assert_eq!(found, expected, "{name} {args:x?}");
        };
        match *op.params() {
            [a] => values(a).iter().for_each(|&a| compare(&[a])),
            [a, b] => {
                for a in values(a) {
                    values(b).iter().for_each(|&b| compare(&[a, b]));
                }
            }
            _ => panic!("{name} takes one or two operands"),
        }
    }
}

const OFFSETS: [u64; 9] =
    [0, 1, 8, 65_535, 65_536, 0x7fff_fff8, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff];

fn addresses() -> Vec<u64> {
    let mut all: Vec<u64> = (0..4).collect();
    all.extend((1..20).map(|back| 65_536 - back));
    all.extend([65_536, 65_537, 131_072, 0x7fff_ffff, 0x8000_0000, 0xffff_fff0, 0xffff_ffff]);
    all
}

/// A module with a function for every load and store at every offset.
fn accesses(memory: &str, offsets: &[u64]) -> String {
    let mut wat = format!("(module (memory {memory}) ");
    for offset in offsets {
        for op in LoadOp::ALL {
            let (name, ty) = (op.name(), op.value_type());
            wat += &format!(
                r#"(func (export "{name} {offset}") (param i32) (result {ty})
                  ({name} offset={offset} (local.get 0)))"#
            );
        }
        for op in StoreOp::ALL {
            let (name, ty) = (op.name(), op.value_type());
            wat += &format!(
                r#"(func (export "{name} {offset}") (param i32 {ty})
                  ({name} offset={offset} (local.get 0) (local.get 1)))"#
            );
        }
    }
    wat + ")"
}

/// Compares all loads and stores at all offsets with the bounds check of `core`.
fn compare_accesses(settings: Settings, memory: &str, offsets: &[u64]) {
    let mut world = World::with(settings);
    let id = world.instance(&accesses(memory, offsets), &[]);
    let pattern: Vec<u8> = (0..65_536_u32).map(|at| (at * 7 + at / 256 + 0x81) as u8).collect();
    let memory = world.store.instance(id).memories()[0];
    world.store.memory_mut(memory).data_mut().copy_from_slice(&pattern);
    for &offset in offsets {
        for index in addresses() {
            for &op in LoadOp::ALL {
                compare_load(&mut world, id, op, offset, index, &pattern);
            }
            for &op in StoreOp::ALL {
                compare_store(&mut world, id, op, offset, index, &pattern);
            }
        }
    }
}

fn compare_load(
    world: &mut World,
    id: InstanceId,
    op: LoadOp,
    offset: u64,
    index: u64,
    pattern: &[u8],
) {
    let name = format!("{} {offset}", op.name());
    let width = op.width() as usize;
    let at = effective(index, offset, width as u64, pattern.len() as u64);
    let expected = at.map(|at| {
        let read = op.eval(&pattern[at as usize..][..width]);
        read.expect("as many bytes as it is wide").bits()
    });
    let canonical = |bits| canonical(op.value_type(), bits, true);
    let found = outcome(world, id, &name, &[index]).map(canonical);
    assert_eq!(found, expected.map(canonical), "{name} at {index:#x}");
}

/// Leaves the memory as it was: `pattern`.
fn compare_store(
    world: &mut World,
    id: InstanceId,
    op: StoreOp,
    offset: u64,
    index: u64,
    pattern: &[u8],
) {
    let name = format!("{} {offset}", op.name());
    let width = op.width() as usize;
    let value = 0x8877_6655_4433_2211;
    let mut expected = pattern.to_vec();
    let at = effective(index, offset, width as u64, pattern.len() as u64);
    if let Ok(at) = at {
        let bytes = op.eval(Slot::from_bits(value));
        expected[at as usize..][..width].copy_from_slice(&bytes[..width]);
    }
    let found = outcome(world, id, &name, &[index, value]);
    assert_eq!(found.map(|_| ()), at.map(|_| ()), "{name} at {index:#x}");
    let memory = world.store.instance(id).memories()[0];
    let data = world.store.memory_mut(memory).data_mut();
    assert!(data == expected, "{name} at {index:#x} writes nothing else");
    data.copy_from_slice(pattern);
}

#[test]
fn accesses_of_a_guarded_memory_are_bounded() {
    compare_accesses(Settings::default(), "1 2", &OFFSETS);
}

#[test]
fn accesses_of_a_checked_memory_are_bounded() {
    let settings = Settings { memory_guard_pages: false, ..Settings::default() };
    compare_accesses(settings, "1", &OFFSETS);
}

#[test]
fn accesses_of_a_memory_of_fixed_size_are_bounded() {
    let settings = Settings { memory_guard_pages: false, ..Settings::default() };
    compare_accesses(settings, "1 1", &OFFSETS[..5]);
}
