//! Functions that execute an instruction on many operands in one form.
//!
//! A probe is a function `(in, out, n)`: `n` times, it reads operands from the
//! memory `$io` at `in`, executes the instruction and writes the results at `out`,
//! sixteen bytes for each value. Constant operands are in its code: without traps,
//! one iteration tries several, one after the other.

use bimetal_core::types::ValType;

use crate::instruction::Instruction;
use crate::values::Value;

/// Where an operand comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Source {
    Constant,
    Local,
    /// The instruction before.
    Stack,
    /// The first operand's local.
    Same,
}

/// Where the result goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Sink {
    Stack,
    Local,
    /// The condition of `if`.
    If,
    /// The condition of `br_if`, negated.
    BranchUnless,
    /// The condition of `select`.
    Select,
}

/// A function under test.
pub(crate) struct Probe<'a> {
    pub(crate) instruction: &'a Instruction,
    pub(crate) sources: Vec<Source>,
    pub(crate) sink: Sink,
    /// The operands that are read from memory, for each iteration.
    pub(crate) rows: Vec<Vec<Value>>,
    /// The constant operands, for each time that an iteration executes the instruction.
    pub(crate) constants: Vec<Vec<Value>>,
}

/// No more iterations than this.
const MAX_ROWS: usize = 1024;

/// All probes of an instruction.
pub(crate) fn probes(instruction: &Instruction) -> Vec<Probe<'_>> {
    let mut all = Vec::new();
    for (sources, sink) in forms(instruction) {
        let of = |source: &[Source]| -> Vec<&[Value]> {
            let used = sources.iter().zip(&instruction.operands);
            used.filter(|(from, _)| source.contains(from)).map(|(_, values)| &**values).collect()
        };
        let rows = product(&of(&[Source::Local, Source::Stack]));
        let constants = tuples(&of(&[Source::Constant]));
        // After a trap, nothing else is tried.
        let variants = if instruction.traps { 1 } else { constants.len() };
        for constants in constants.chunks(variants) {
            all.push(Probe {
                instruction,
                sources: sources.clone(),
                sink,
                rows: rows.clone(),
                constants: constants.to_vec(),
            });
        }
    }
    all
}

/// The forms in which an instruction is tried: with two operands, every pair of
/// sources; with more, one operand differs from the others.
fn forms(instruction: &Instruction) -> Vec<(Vec<Source>, Sink)> {
    use Source::{Constant, Local, Same, Stack};
    let arity = instruction.operands.len();
    let mut all: Vec<Vec<Source>> = Vec::new();
    for most in [Constant, Local, Stack] {
        all.push(vec![most; arity]);
        for at in 0..arity {
            for one in [Constant, Local, Stack] {
                let mut sources = vec![most; arity];
                sources[at] = one;
                all.push(sources);
            }
        }
    }
    let first = instruction.operands.first().and_then(|values| values.first());
    let alike =
        |values: &Vec<Value>| values.first().map(|value| value.ty) == first.map(|value| value.ty);
    if arity > 1 && instruction.operands.iter().all(alike) {
        all.push([vec![Local], vec![Same; arity - 1]].concat());
    }
    let mut forms: Vec<(Vec<Source>, Sink)> = Vec::new();
    for sources in all {
        if !forms.iter().any(|(other, _)| *other == sources) {
            forms.push((sources, Sink::Stack));
        }
    }
    if instruction.results.len() == 1 && arity <= 2 {
        let last = |source| [vec![Local; arity - 1], vec![source]].concat();
        let mut sinks = vec![Sink::Local];
        if instruction.results == [ValType::I32] {
            sinks.extend([Sink::If, Sink::BranchUnless, Sink::Select]);
        }
        for sink in sinks {
            forms.extend([Local, Constant].map(|source| (last(source), sink)));
        }
    }
    forms
}

/// Every combination, or as many as are tried, evenly chosen.
fn product(operands: &[&[Value]]) -> Vec<Vec<Value>> {
    let count: usize = operands.iter().map(|values| values.len()).product();
    // Coprime to the numbers of values, so that none is left out.
    let step = if count > MAX_ROWS { 31 } else { 1 };
    let row = |mut index: usize| -> Vec<Value> {
        let mut digit = |values: &&[Value]| {
            let value = values[index % values.len()];
            index /= values.len();
            value
        };
        operands.iter().map(&mut digit).collect()
    };
    (0..count.min(MAX_ROWS)).map(|i| row(i * step % count)).collect()
}

/// Each value of one operand; of several, each value of each.
fn tuples(operands: &[&[Value]]) -> Vec<Vec<Value>> {
    let [_, _, ..] = operands else { return product(operands) };
    let most = operands.iter().map(|values| values.len()).max().unwrap_or_default();
    let tuple = |i: usize, step: usize| -> Vec<Value> {
        let at = |(k, values): (usize, &&[Value])| values[(i + step * k * (i + 3)) % values.len()];
        operands.iter().enumerate().map(at).collect()
    };
    (0..3)
        .flat_map(|step| (0..most).map(move |i| (i, step)))
        .map(|(i, step)| tuple(i, step))
        .collect()
}

impl Probe<'_> {
    /// The types of the results as they are stored.
    pub(crate) fn results(&self) -> &[ValType] {
        &self.instruction.results
    }

    /// All operands of an execution.
    pub(crate) fn operands(&self, row: &[Value], constants: &[Value]) -> Vec<Value> {
        let (mut row, mut constants) = (row.iter(), constants.iter());
        let mut all: Vec<Value> = Vec::new();
        for source in &self.sources {
            let value = match source {
                Source::Constant => constants.next(),
                Source::Local | Source::Stack => row.next(),
                Source::Same => all.first(),
            };
            all.push(*value.expect("a value for each source"));
        }
        all
    }

    /// How many bytes an iteration reads and writes.
    pub(crate) fn strides(&self) -> [usize; 2] {
        let reads = self.rows.first().map_or(0, |row| row.len());
        [reads * 16, self.constants.len() * self.results().len() * 16]
    }

    /// The function.
    pub(crate) fn function(&self, name: &str) -> String {
        let mut locals = String::new();
        let mut loads = String::new();
        let mut operands = Vec::new();
        let mut read = 0;
        for (i, source) in self.sources.iter().enumerate() {
            let ty = self.instruction.operands[i][0].ty;
            let load = format!("({ty}.load $io offset={read} (local.get $in))");
            operands.push(match source {
                Source::Constant => String::new(),
                Source::Local => {
                    locals += &format!(" (local $a{i} {ty})");
                    loads += &format!("(local.set $a{i} {load})\n");
                    format!("(local.get $a{i})")
                }
                Source::Stack => load,
                Source::Same => "(local.get $a0)".to_owned(),
            });
            read += if matches!(source, Source::Local | Source::Stack) { 16 } else { 0 };
        }
        for (i, ty) in self.results().iter().enumerate() {
            locals += &format!(" (local $r{i} {ty})");
        }
        let bodies = self.constants.iter().enumerate();
        let body: String = bodies.map(|(at, values)| self.once(&operands, values, at)).collect();
        let [reads, writes] = self.strides();
        format!(
            "(func (export \"{name}\") (param $in i32) (param $out i32) (param $n i32){locals}
            loop $next\n{loads}{body}{after}
            (local.set $in (i32.add (local.get $in) (i32.const {reads})))
            (local.set $out (i32.add (local.get $out) (i32.const {writes})))
            (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1))))
            end)\n",
            after = self.instruction.after
        )
    }

    /// One execution and the stores of its results.
    fn once(&self, operands: &[String], constants: &[Value], at: usize) -> String {
        let mut constants = constants.iter();
        let operands = operands.iter().map(|operand| match &**operand {
            "" => format!("({})", constants.next().expect("a constant").constant()),
            other => other.to_owned(),
        });
        let op = format!("{}\n{}", operands.collect::<Vec<_>>().join(" "), self.instruction.text);
        let results = self.results();
        let store = |i: usize| {
            let offset = (at * results.len() + i) * 16;
            format!("{}.store $io offset={offset}\n", results[i])
        };
        let value = match self.sink {
            Sink::Stack if results.len() == 1 => op,
            Sink::Stack | Sink::Local => {
                let set = (0..results.len()).rev().map(|i| format!("local.set $r{i}\n"));
                let get = |i| format!("local.get $out local.get $r{i} {}", store(i));
                let gets = (0..results.len()).map(get);
                return format!("{op}\n{}{}", set.collect::<String>(), gets.collect::<String>());
            }
            Sink::If => format!("{op} if (result i32) i32.const 7 else i32.const 9 end"),
            Sink::BranchUnless => {
                format!("block (result i32) i32.const 9 {op} i32.eqz br_if 0 drop i32.const 7 end")
            }
            Sink::Select => format!("i32.const 7 i32.const 9 {op} select"),
        };
        format!("local.get $out {value}\n{}", store(0))
    }

    /// What is stored for a result.
    pub(crate) fn stored(&self, result: Value) -> Value {
        match self.sink {
            Sink::Stack | Sink::Local => result,
            _ => Value { bits: if result.bits != 0 { 7 } else { 9 }, ..result },
        }
    }
}
