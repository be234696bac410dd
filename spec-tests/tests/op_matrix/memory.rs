//! Loads and stores under test: in the first memory and in another, at constant
//! offsets, at addresses around both ends.

use bimetal_core::ops::mem::{LoadOp, StoreOp};
use bimetal_core::ops::vec_mem::{LoadLaneOp, StoreLaneOp, VecLoadOp, VecStoreOp};
use bimetal_core::trap::TrapCode;
use bimetal_core::types::ValType;
use bimetal_core::value::{Slot, V128};

use crate::instruction::{Instruction, Outcome};
use crate::values::{Value, edges};

/// The length of the memories, a page.
const LENGTH: u64 = 65_536;
/// How many bytes at either end are written to and looked at.
const WINDOW: u64 = 32;
const OFFSETS: [u64; 3] = [0, 5, LENGTH - 8];

/// The byte that stands at an address of the memories under test.
pub(crate) fn initial(address: u64) -> u8 {
    // Odd, so that no byte is zero, and of either sign.
    (address.wrapping_mul(0x9e37_79b9) >> 7) as u8 | 1
}

/// A load or store of a row: what differs between the families.
struct Access {
    name: &'static str,
    width: u32,
    lane: Option<u8>,
    /// The operand besides the address.
    operand: Option<ValType>,
    kind: Kind,
}

/// What a load gives: from its bytes and the vector operand, if it takes one.
type LoadEval = Box<dyn Fn(&[u8], u128) -> [Slot; 2]>;

enum Kind {
    /// The value loaded, for the bytes in memory and the operand.
    Load(ValType, LoadEval),
    /// The bytes to write for the operand.
    Store(Box<dyn Fn(u128) -> [u8; 16]>),
}

/// All loads and stores.
pub(crate) fn accesses() -> Vec<Instruction> {
    let mut all = Vec::new();
    for memory in ["$m", "$n"] {
        for offset in OFFSETS {
            let accesses = scalar_accesses().into_iter().chain(vector_accesses());
            all.extend(accesses.map(|access| instruction(access, memory, offset)));
        }
    }
    all
}

fn scalar_accesses() -> Vec<Access> {
    let loads = LoadOp::ALL.iter().map(|&op| {
        let eval = move |bytes: &[u8], _| [op.eval(bytes).expect("as wide"), Slot::ZERO];
        let kind = Kind::Load(op.value_type(), Box::new(eval));
        Access { name: op.name(), width: op.width(), lane: None, operand: None, kind }
    });
    let stores = StoreOp::ALL.iter().map(|&op| {
        let eval = move |value: u128| {
            let bytes = op.eval(Slot::from_bits(value as u64));
            u128::from(u64::from_le_bytes(bytes)).to_le_bytes()
        };
        let (operand, kind) = (Some(op.value_type()), Kind::Store(Box::new(eval)));
        Access { name: op.name(), width: op.width(), lane: None, operand, kind }
    });
    loads.chain(stores).collect()
}

fn vector_accesses() -> Vec<Access> {
    const OPERAND: Option<ValType> = Some(ValType::V128);
    let loads = VecLoadOp::ALL.iter().map(|&op| {
        let eval = move |bytes: &[u8], _| op.eval(bytes).expect("as wide").to_slots();
        let kind = Kind::Load(ValType::V128, Box::new(eval));
        Access { name: op.name(), width: op.width(), lane: None, operand: None, kind }
    });
    let stores = VecStoreOp::ALL.iter().map(|&op| {
        let kind = Kind::Store(Box::new(move |value| op.eval(V128::from_u128(value))));
        Access { name: op.name(), width: op.width(), lane: None, operand: OPERAND, kind }
    });
    let load_lanes = LoadLaneOp::ALL.iter().map(|&op| {
        let lane = (16 / op.width() - 1) as u8;
        let eval = move |bytes: &[u8], value| {
            op.eval(V128::from_u128(value), bytes, lane).expect("as wide").to_slots()
        };
        let kind = Kind::Load(ValType::V128, Box::new(eval));
        Access { name: op.name(), width: op.width(), lane: Some(lane), operand: OPERAND, kind }
    });
    let store_lanes = StoreLaneOp::ALL.iter().map(|&op| {
        let lane = (16 / op.width() - 1) as u8;
        let kind = Kind::Store(Box::new(move |value| op.eval(V128::from_u128(value), lane)));
        Access { name: op.name(), width: op.width(), lane: Some(lane), operand: OPERAND, kind }
    });
    loads.chain(stores).chain(load_lanes).chain(store_lanes).collect()
}

fn instruction(access: Access, memory: &str, offset: u64) -> Instruction {
    let Access { name, width, lane, operand, kind } = access;
    let lane = lane.map_or(String::new(), |lane| format!(" {lane}"));
    let mut text = format!("{name} {memory} offset={offset} align=1{lane}");
    let addresses = addresses(offset, u64::from(width));
    let mut operands = vec![addresses];
    // A few of the values will do: their bits are moved, not looked at.
    operands.extend(operand.map(|ty| edges(ty).into_iter().skip(4).step_by(3).take(3).collect()));
    let mut results = Vec::new();
    let mut after = String::new();
    match &kind {
        Kind::Load(ty, _) => results.push(*ty),
        Kind::Store(_) => {
            for at in window() {
                text += &format!("\n(v128.load {memory} offset={at} (i32.const 0))");
                let bits = u128::from_le_bytes(std::array::from_fn(|i| initial(at + i as u64)));
                let value = Value::new(ValType::V128, bits).constant();
                after += &format!("(v128.store {memory} offset={at} (i32.const 0) ({value}))\n");
                results.push(ValType::V128);
            }
        }
    }
    let eval = move |operands: &[Value]| evaluate(&kind, offset, width.into(), operands);
    let eval = Box::new(eval);
    Instruction { text, operands, results, after, traps: true, any_nan: None, eval }
}

/// Where the vectors begin that cover both ends.
fn window() -> impl Iterator<Item = u64> {
    [0, WINDOW / 2, LENGTH - WINDOW, LENGTH - WINDOW / 2].into_iter()
}

/// Addresses that, with the offset, lie at either end or outside.
fn addresses(offset: u64, width: u64) -> Vec<Value> {
    let ends = [offset, offset + 3, LENGTH - width, LENGTH - width + 1, LENGTH, LENGTH + 1];
    let mut all: Vec<u64> = ends.into_iter().filter_map(|end| end.checked_sub(offset)).collect();
    all.extend([0x7fff_ffff, 0x8000_0000, 0xffff_ffff]);
    all.into_iter().map(|address| Value::new(ValType::I32, address.into())).collect()
}

fn evaluate(kind: &Kind, offset: u64, width: u64, operands: &[Value]) -> Outcome {
    let start = operands[0].bits as u64 + offset;
    if start + width > LENGTH {
        return Err(TrapCode::MemoryOutOfBounds);
    }
    let operand = operands.get(1).map_or(0, |value| value.bits);
    match kind {
        Kind::Load(ty, eval) => {
            let bytes: Vec<u8> = (start..start + width).map(initial).collect();
            Ok(vec![Value::from_slots(*ty, eval(&bytes, operand))])
        }
        Kind::Store(eval) => {
            let written = eval(operand);
            let byte = |at: u64| match at.checked_sub(start) {
                Some(i) if i < width => written[i as usize],
                _ => initial(at),
            };
            let vector = |at| u128::from_le_bytes(std::array::from_fn(|i| byte(at + i as u64)));
            Ok(window().map(|at| Value::new(ValType::V128, vector(at))).collect())
        }
    }
}
