//! The instructions under test, from the rows in `core`.

use bimetal_core::ops::num::NumOp;
use bimetal_core::ops::relaxed::{RelaxedChoice, RelaxedOp};
use bimetal_core::ops::vec::{VecImm, VecOp};
use bimetal_core::ops::wide::WideOp;
use bimetal_core::trap::TrapCode;
use bimetal_core::types::ValType;
use bimetal_core::value::Slot;

use crate::values::{Value, canonical, edges};

/// What an instruction gives for operands.
pub(crate) type Outcome = Result<Vec<Value>, TrapCode>;

/// What an instruction gives for operands, by its row.
pub(crate) type Eval = Box<dyn Fn(&[Value]) -> Outcome>;

/// An instruction with its immediates.
pub(crate) struct Instruction {
    /// The instruction as text; for a store, also what reads the memory back.
    pub(crate) text: String,
    /// The values to try for each operand.
    pub(crate) operands: Vec<Vec<Value>>,
    pub(crate) results: Vec<ValType>,
    /// Instructions to execute once the results are stored.
    pub(crate) after: String,
    pub(crate) traps: bool,
    /// The width of the lanes, if the results are floats of which any NaN will do.
    pub(crate) any_nan: Option<u32>,
    /// What `core` says.
    pub(crate) eval: Eval,
}

impl Instruction {
    fn plain(
        text: String,
        params: &[ValType],
        results: Vec<ValType>,
        eval: impl Fn(&[Value]) -> Outcome + 'static,
    ) -> Instruction {
        Instruction {
            any_nan: any_nan(&text),
            operands: params.iter().map(|&ty| edges(ty)).collect(),
            text,
            results,
            after: String::new(),
            traps: false,
            eval: Box::new(eval),
        }
    }

    /// The same with the result that the deterministic profile prescribes.
    pub(crate) fn deterministic(mut self) -> Instruction {
        let Some(lane) = self.any_nan.take() else { return self };
        let eval = self.eval;
        self.eval = Box::new(move |operands| {
            let mut results = eval(operands)?;
            for value in results.iter_mut().filter(|value| is_float(value.ty)) {
                value.bits = canonical(value.bits, lane);
            }
            Ok(results)
        });
        self
    }
}

fn is_float(ty: ValType) -> bool {
    matches!(ty, ValType::F32 | ValType::F64 | ValType::V128)
}

/// NaNs of arithmetic may be any; moves and changes of sign keep all bits, and the
/// ones of a comparison are no NaN.
fn any_nan(text: &str) -> Option<u32> {
    const EXACT: [&str; 8] =
        ["abs", "neg", "copysign", "reinterpret", "splat", "lane", ".pmin", ".pmax"];
    const COMPARISONS: [&str; 6] = ["eq", "ne", "lt", "gt", "le", "ge"];
    let lane = match text.get(..3)? {
        "f32" => 32,
        "f64" => 64,
        _ => return None,
    };
    // `relaxed_nmadd` negates a product.
    let exact = EXACT.iter().any(|part| text.contains(part)) && !text.contains("relaxed");
    let compares = text.split('.').nth(1).is_some_and(|name| COMPARISONS.contains(&name));
    (!exact && !compares).then_some(lane)
}

fn slots(operands: &[Value]) -> Vec<Slot> {
    operands.iter().flat_map(|value| value.slots()).collect()
}

/// The scalar instructions.
pub(crate) fn scalar() -> Vec<Instruction> {
    let instruction = |&op: &NumOp| {
        let eval = move |operands: &[Value]| {
            let result = op.eval(&slots(operands))?;
            Ok(vec![Value::from_slots(op.result(), [result, Slot::ZERO])])
        };
        let results = vec![op.result()];
        let plain = Instruction::plain(op.name().to_owned(), op.params(), results, eval);
        Instruction { traps: op.traps(), ..plain }
    };
    NumOp::PLAIN.iter().map(instruction).collect()
}

/// The instructions with two results.
pub(crate) fn wide() -> Vec<Instruction> {
    let instruction = |&op: &WideOp| {
        let eval = move |operands: &[Value]| {
            let results = op.eval(&slots(operands));
            Ok(results.map(|slot| Value::from_slots(ValType::I64, [slot, Slot::ZERO])).to_vec())
        };
        let (params, results) = (vec![ValType::I64; op.arity()], vec![ValType::I64; 2]);
        Instruction::plain(op.name().to_owned(), &params, results, eval)
    };
    WideOp::ALL.iter().map(instruction).collect()
}

fn vector_op(op: VecOp, name: &str, immediates: String, imm: VecImm) -> Instruction {
    let eval = move |operands: &[Value]| {
        Ok(vec![Value::from_slots(op.result(), op.eval(&slots(operands), imm))])
    };
    Instruction::plain(format!("{name}{immediates}"), op.params(), vec![op.result()], eval)
}

/// The vector instructions, each with some of its lanes.
pub(crate) fn vector() -> Vec<Instruction> {
    let mut all = Vec::new();
    macro_rules! rows {
        ($($name:ident $operator:ident {$($imm:ident)?} ($($param:ident),+) -> $result:ident;)+) => {
            $(all.extend(with_immediates(VecOp::$name, stringify!($($imm)?)));)+
        };
    }
    bimetal_core::for_each_vec_op!(rows);
    all
}

fn with_immediates(op: VecOp, immediate: &str) -> Vec<Instruction> {
    let name = op.name();
    match immediate {
        "" => vec![vector_op(op, name, String::new(), VecImm::NONE)],
        "lane" => lanes(name)
            .map(|lane| vector_op(op, name, format!(" {lane}"), VecImm::from(lane)))
            .into(),
        _ => SHUFFLES
            .iter()
            .map(|&lanes| {
                let text = lanes.map(|lane| format!(" {lane}")).concat();
                vector_op(op, name, text, VecImm::from(lanes))
            })
            .collect(),
    }
}

/// The first lane, one in the middle, and the last.
fn lanes(name: &str) -> [u8; 3] {
    let count = match name.get(..5) {
        Some("i8x16") => 16,
        Some("i16x8") => 8,
        Some("i32x4" | "f32x4") => 4,
        _ => 2,
    };
    [0, count / 2, count - 1]
}

/// Identities, broadcasts, interleavings, a window over both operands, a reversal:
/// what processors have instructions for; and what they have not.
const SHUFFLES: [[u8; 16]; 10] = [
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
    [16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31],
    [3; 16],
    [0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23],
    [8, 9, 24, 25, 10, 11, 26, 27, 12, 13, 28, 29, 14, 15, 30, 31],
    [5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20],
    [15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0],
    [4, 5, 6, 7, 0, 1, 2, 3, 12, 13, 14, 15, 8, 9, 10, 11],
    [0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23],
    [31, 0, 17, 4, 9, 9, 22, 1, 30, 13, 2, 16, 8, 27, 5, 11],
];

/// The relaxed instructions with the outcomes of a choice.
pub(crate) fn relaxed(choice: RelaxedChoice) -> Vec<Instruction> {
    let instruction =
        |op: &RelaxedOp| vector_op(op.choose(choice), op.name(), String::new(), VecImm::NONE);
    RelaxedOp::ALL.iter().map(instruction).collect()
}
