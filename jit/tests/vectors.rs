//! Every vector instruction computes what `core` says that it means.

mod common;

use bimetal_core::addr::effective;
use bimetal_core::ops::relaxed::{RelaxedChoice, RelaxedOp};
use bimetal_core::ops::vec::{VecImm, VecOp};
use bimetal_core::ops::vec_mem::{LoadLaneOp, StoreLaneOp, VecLoadOp, VecStoreOp};
use bimetal_core::sem::vec::Lanes;
use bimetal_core::trap::TrapCode;
use bimetal_core::types::ValType;
use bimetal_core::value::{Slot, V128};
use bimetal_runtime::limits::Settings;
use bimetal_runtime::store::InstanceId;
use bimetal_runtime::trap::Unwind;
use common::World;

/// Edges of every kind of lane.
fn vectors() -> Vec<V128> {
    let bytes = |step: u8, first: u8| {
        let mut next = first;
        V128([(); 16].map(|()| {
            next = next.wrapping_mul(5).wrapping_add(step);
            next
        }))
    };
    let floats = [
        [0.0, -0.0, 1.0, -1.0],
        [0.5, -0.5, 1.5, 2.5],
        [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, f32::MAX],
        [2147483648.0, -2147483648.0, 4294967296.0, 2147483520.0],
        [f32::MIN_POSITIVE, 1e-45, -0.9, 8388608.5],
        [-1e30, 1.0 + f32::EPSILON, f32::from_bits(0xffc0_0001), 3.0],
    ];
    let doubles = [
        [0.0, -0.0],
        [f64::NAN, f64::INFINITY],
        [2147483647.9, 2147483648.0],
        [-2147483648.9, 4294967295.5],
        [1e300, -1e300],
        [f64::MIN_POSITIVE, 4.9e-324],
        [1.0 + f64::EPSILON, -2.5],
        [0.1, 4503599627370496.5],
    ];
    let mut all = vec![
        V128::default(),
        V128([0xff; 16]),
        V128([0x80; 16]),
        V128([0x7f; 16]),
        V128([0x81; 16]),
        V128([0, 1, 2, 3, 15, 16, 17, 31, 32, 127, 128, 129, 143, 144, 254, 255]),
        [i16::MIN, i16::MAX, -1, 0, 1, 0x100, -0x100, 0x7f].into_v128(),
        [i16::MIN; 8].into_v128(),
        [i16::MAX; 8].into_v128(),
        [i32::MIN, i32::MAX, -1, 1].into_v128(),
        [0xffff, 0x1_0000, -0x8001, 0x8000].into_v128(),
        [i64::MIN, i64::MAX].into_v128(),
        [-1_i64, 1].into_v128(),
        [0_i64, 0x8000_0000].into_v128(),
        bytes(3, 7),
        bytes(29, 200),
        bytes(101, 31),
    ];
    all.extend(floats.map(Lanes::into_v128));
    all.extend(doubles.map(Lanes::into_v128));
    all
}

/// Slots of values to call an instruction with.
fn operands(ty: ValType) -> Vec<Vec<u64>> {
    match ty {
        ValType::V128 => vectors().iter().map(|v| v.to_slots().map(Slot::bits).to_vec()).collect(),
        ValType::F32 => [0.0_f32, -1.5, f32::NAN].map(|v| vec![v.to_bits().into()]).to_vec(),
        ValType::F64 => [0.0_f64, -1.5, f64::NAN].map(|v| vec![v.to_bits()]).to_vec(),
        _ => [0, 1, 7, 8, 31, 32, 63, 64, 127, 128, 0xffff_ffff, 0x8000_0000, 0x1234_5678]
            .map(|v| vec![v])
            .to_vec(),
    }
}

/// An instruction with an immediate, as text and as a value.
struct Case {
    text: String,
    op: VecOp,
    imm: VecImm,
}

fn lane_count(op: VecOp) -> u8 {
    match op.name().split_once(['x', '.']) {
        Some(("i8", _)) => 16,
        Some(("i16", _)) => 8,
        Some(("i32" | "f32", _)) => 4,
        _ => 2,
    }
}

/// The immediates to try an instruction with, and how they are written.
fn immediates(op: VecOp) -> Vec<(String, VecImm)> {
    let name = op.name();
    if name.contains("_lane") && !name.contains("laneselect") {
        let lane = |lane| (format!(" {lane}"), VecImm::from(lane));
        return (0..lane_count(op)).map(lane).collect();
    }
    if op != VecOp::i8x16_shuffle {
        return vec![(String::new(), VecImm::NONE)];
    }
    let patterns: [fn(u8) -> u8; 7] = [
        |_| 0,
        |i| i,
        |i| 31 - i,
        |i| i / 2 + 16 * (i % 2),
        |i| (i * 7 + 3) % 32,
        |i| i + 5,
        |i| 16 + (i ^ 2),
    ];
    let shuffle = |pattern: fn(u8) -> u8| {
        let lanes: [u8; 16] = std::array::from_fn(|i| pattern(i as u8));
        let text = lanes.iter().map(|lane| format!(" {lane}")).collect();
        (text, VecImm::from(lanes))
    };
    patterns.map(shuffle).to_vec()
}

/// All plain instructions and, as their chosen outcomes, the relaxed ones.
fn cases(choice: RelaxedChoice) -> Vec<Case> {
    let mut cases = Vec::new();
    for &op in VecOp::PLAIN {
        for (imm_text, imm) in immediates(op) {
            cases.push(Case { text: format!("{}{imm_text}", op.name()), op, imm });
        }
    }
    for op in RelaxedOp::ALL {
        let text = op.name().to_owned();
        cases.push(Case { text, op: op.choose(choice), imm: VecImm::NONE });
    }
    cases
}

/// Whether the specification leaves the bits of a NaN in the result open.
fn rounds(op: VecOp) -> bool {
    let Some((lanes, rest)) = op.name().split_once('.') else { return false };
    let operations =
        ["add", "sub", "mul", "div", "sqrt", "min", "max", "ceil", "floor", "trunc", "nearest"];
    lanes.starts_with('f')
        && (operations.contains(&rest)
            || ["demote", "promote", "relaxed"].iter().any(|part| rest.starts_with(part)))
}

/// The bits of a result with all NaNs made one, where they may differ.
fn canonical(op: VecOp, slots: [u64; 2]) -> [u64; 2] {
    let vector = V128::from_slots(slots.map(Slot::from_bits));
    let vector = if !rounds(op) {
        vector
    } else if op.name().starts_with("f32") {
        <[f32; 4]>::from_v128(vector).map(|x| if x.is_nan() { f32::NAN } else { x }).into_v128()
    } else {
        <[f64; 2]>::from_v128(vector).map(|x| if x.is_nan() { f64::NAN } else { x }).into_v128()
    };
    vector.to_slots().map(Slot::bits)
}

fn result(op: VecOp, slots: &[u64]) -> [u64; 2] {
    match op.result() {
        ValType::V128 => canonical(op, [slots[0], slots[1]]),
        ValType::I32 | ValType::F32 => [slots[0] & 0xffff_ffff, 0],
        _ => [slots[0], 0],
    }
}

fn compare_instructions(choice: RelaxedChoice) {
    let cases = cases(choice);
    let mut wat = String::from("(module ");
    for Case { text, op, .. } in &cases {
        let params: Vec<String> = op.params().iter().map(ToString::to_string).collect();
        let gets: String = (0..params.len()).map(|i| format!("(local.get {i})")).collect();
        let (params, result) = (params.join(" "), op.result());
        wat += &format!(
            "(func (export \"{text}\") (param {params}) (result {result}) ({text} {gets}))"
        );
    }
    wat += ")";
    let mut world = World::with(Settings { relaxed: choice, ..Settings::default() });
    let id = world.instance(&wat, &[]);
    for Case { text, op, imm } in &cases {
        let params: Vec<Vec<Vec<u64>>> = op.params().iter().map(|&ty| operands(ty)).collect();
        let first = params[0].iter().enumerate();
        for (i, a) in first {
            let others = params.get(1).map_or(1, Vec::len);
            for j in 0..others {
                let mut args = a.clone();
                args.extend(params.get(1).map(|b| &b[j]).into_iter().flatten());
                let third = params.get(2).map(|c| &c[(i * 7 + j * 3) % c.len()]);
                args.extend(third.into_iter().flatten());
                let slots: Vec<Slot> = args.iter().map(|&bits| Slot::from_bits(bits)).collect();
                let expected = result(*op, &op.eval(&slots, *imm).map(Slot::bits));
                let found = world.call(id, text, &args).expect("no vector instruction traps");
                assert_eq!(result(*op, &found), expected, "{text} as {op:?}: {args:x?}");
            }
        }
    }
}

#[test]
fn every_vector_instruction_agrees_with_its_meaning_on_this_processor() {
    compare_instructions(RelaxedChoice::host());
}

#[test]
fn every_vector_instruction_agrees_with_its_meaning_in_the_deterministic_profile() {
    compare_instructions(RelaxedChoice::DETERMINISTIC);
}

const SIZE: u64 = 65_536;
const VECTOR: V128 = V128(*b"\x10\x21\x32\x43\x54\x65\x76\x87\x98\xa9\xba\xcb\xdc\xed\xfe\x0f");

/// A memory and functions for one width of access.
struct Accesses {
    world: World,
    id: InstanceId,
    pattern: Vec<u8>,
}

impl Accesses {
    fn new(settings: Settings, functions: &str) -> Accesses {
        let mut world = World::with(settings);
        let id = world.instance(&format!("(module (memory 1) {functions})"), &[]);
        let pattern: Vec<u8> = (0..SIZE).map(|at| (at * 7 + at / 256 + 0x81) as u8).collect();
        let mut accesses = Accesses { world, id, pattern };
        accesses.reset();
        accesses
    }

    fn data(&mut self) -> &mut [u8] {
        let memory = self.world.store.instance(self.id).memories()[0];
        self.world.store.memory_mut(memory).data_mut()
    }

    fn reset(&mut self) {
        let pattern = self.pattern.clone();
        self.data().copy_from_slice(&pattern);
    }

    /// What a load gives, compared with what `expected` makes of the bytes read.
    fn load(&mut self, name: &str, at: u64, width: u32, expected: impl Fn(&[u8]) -> V128) {
        let [low, high] = VECTOR.to_slots().map(Slot::bits);
        let found = match self.world.call(self.id, name, &[at, low, high]) {
            Ok(results) => Ok(V128::from_slots([0, 1].map(|i| Slot::from_bits(results[i])))),
            Err(Unwind::Trap(trap)) => Err(trap.code),
            Err(other) => panic!("{name}: {other:?}"),
        };
        let place = effective(at, 0, width.into(), SIZE);
        let bytes = place.map(|at| expected(&self.pattern[at as usize..][..width as usize]));
        assert_eq!(found, bytes, "{name} at {at:#x}");
    }

    /// Compares what a store writes with `expected`, and takes it back.
    fn store(&mut self, name: &str, at: u64, expected: &[u8]) {
        let [low, high] = VECTOR.to_slots().map(Slot::bits);
        let outcome = self.world.call(self.id, name, &[at, low, high]);
        let mut memory = self.pattern.clone();
        match effective(at, 0, expected.len() as u64, SIZE) {
            Ok(at) => {
                outcome.expect("a store inside the memory");
                memory[at as usize..][..expected.len()].copy_from_slice(expected);
            }
            Err(code) => match outcome {
                Err(Unwind::Trap(trap)) => assert_eq!(trap.code, code, "{name} at {at:#x}"),
                other => panic!("{name} at {at:#x}: {other:?}"),
            },
        }
        assert!(self.data() == memory, "{name} at {at:#x} writes that and nothing else");
        self.reset();
    }
}

fn function(name: &str, result: &str, body: &str) -> String {
    format!("(func (export \"{name}\") (param i32 v128) {result} ({body}))")
}

fn compare_accesses(settings: Settings) {
    let result = "(result v128)";
    let mut wat = String::new();
    for op in VecLoadOp::ALL {
        let name = op.name();
        wat += &function(name, result, &format!("{name} (local.get 0)"));
    }
    for op in VecStoreOp::ALL {
        let name = op.name();
        wat += &function(name, "", &format!("{name} (local.get 0) (local.get 1)"));
    }
    let lanes = |width: u32| 0..(16 / width) as u8;
    for op in LoadLaneOp::ALL {
        for lane in lanes(op.width()) {
            let name = format!("{} {lane}", op.name());
            wat += &function(&name, result, &format!("{name} (local.get 0) (local.get 1)"));
        }
    }
    for op in StoreLaneOp::ALL {
        for lane in lanes(op.width()) {
            let name = format!("{} {lane}", op.name());
            wat += &function(&name, "", &format!("{name} (local.get 0) (local.get 1)"));
        }
    }
    let mut accesses = Accesses::new(settings, &wat);
    let mut places: Vec<u64> = vec![0, 1, 77, 0x7fff_ffff, 0xffff_fff0, 0xffff_ffff];
    places.extend((0..18).map(|back| SIZE - back));
    for at in places {
        for op in VecLoadOp::ALL {
            accesses.load(op.name(), at, op.width(), |bytes| op.eval(bytes).unwrap());
        }
        for op in VecStoreOp::ALL {
            accesses.store(op.name(), at, &op.eval(VECTOR)[..op.width() as usize]);
        }
        for op in LoadLaneOp::ALL {
            for lane in lanes(op.width()) {
                let name = format!("{} {lane}", op.name());
                let expected = |bytes: &[u8]| op.eval(VECTOR, bytes, lane).unwrap();
                accesses.load(&name, at, op.width(), expected);
            }
        }
        for op in StoreLaneOp::ALL {
            for lane in lanes(op.width()) {
                let name = format!("{} {lane}", op.name());
                accesses.store(&name, at, &op.eval(VECTOR, lane)[..op.width() as usize]);
            }
        }
    }
}

#[test]
fn vector_accesses_of_a_guarded_memory_are_bounded() {
    compare_accesses(Settings::default());
}

#[test]
fn vector_accesses_of_a_checked_memory_are_bounded() {
    compare_accesses(Settings { memory_guard_pages: false, ..Settings::default() });
}

#[test]
fn a_vector_access_at_the_end_of_the_address_space_traps() {
    let mut world = World::new();
    let wat = r#"(module (memory 1) (func (export "f") (param i32) (result v128)
        (v128.load offset=0xffffffff (local.get 0))))"#;
    let id = world.instance(wat, &[]);
    assert_eq!(world.trap_code(id, "f", &[0xffff_ffff]), TrapCode::MemoryOutOfBounds);
}
