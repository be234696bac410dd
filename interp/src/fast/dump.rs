//! A readable listing of a function's code.

use std::fmt::Write;

use bimetal_core::index::FuncIdx;
use bimetal_parser::Error;

use super::code::FastModule;
use super::translate;
use super::translate::ir::{Ir, Op};

/// The interpreter code of a defined function, one instruction a line: position
/// in words, instruction, operands. Slots are canonical: locals first, then
/// operands; `acc` is the accumulator of the operand's type. Translates the
/// function anew.
///
/// # Errors
/// If the function cannot be translated.
///
/// # Panics
/// If the module defines no such function.
pub fn dump(tier: &FastModule, defined: usize) -> Result<String, Error> {
    let ir = translate::lower(tier, defined)?;
    let (code, positions) = translate::link(tier, &ir, defined);
    let func = tier.module.func_at(defined);
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = head(&mut out, tier, func, &ir, code.words.len());
    let mut labels: Vec<(u32, usize)> = ir.labels.iter().copied().zip(0..).collect();
    labels.sort_unstable();
    let mut labels = labels.into_iter().peekable();
    for (index, (inst, position)) in ir.insts.iter().zip(&positions).enumerate() {
        while let Some((_, label)) = labels.next_if(|(at, _)| *at == index as u32) {
            let _ = writeln!(out, "L{label}:");
        }
        let _ = write!(out, "  {position:5}  {inst}");
        if let Op::BrTable { first, count } = inst.op {
            for target in &ir.targets[first as usize..(first + count) as usize] {
                let _ = write!(out, " {target}");
            }
        }
        out.push('\n');
    }
    Ok(out)
}

fn head(
    out: &mut String,
    tier: &FastModule,
    func: FuncIdx,
    ir: &Ir,
    words: usize,
) -> std::fmt::Result {
    let name = tier.module.func_name(func).unwrap_or("");
    let ty = tier.module.type_of_func(func);
    writeln!(out, "function {} {name} {ty}: {words} words, {} slots", func.0, ir.slots)?;
    for (start, length) in &ir.zero {
        writeln!(out, "         zero s{start}, {length} slots")?;
    }
    Ok(())
}
