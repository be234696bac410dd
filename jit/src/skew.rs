//! Where a function should begin so that its loops lie well.
//!
//! Processors fetch and keep code in lines: a small loop that begins at the end of one
//! takes one line more than it needs, in every iteration. It costs most if nothing but
//! its closing comparison and branch lies in that one: a cycle each time, as much as all
//! the rest of the smallest loops takes. Loops that need more lines take as long with one
//! more, unless that is it. A function can begin at any offset in a line; the one that is
//! best for its innermost loops is its *skew*.
//!
//! The branches that lead back are read from the machine code: of a function with cold
//! blocks, which are emitted last, the code generator says where edges lead, but gives
//! the offsets of other blocks as where they come from.

use std::ops::Range;

use cranelift_codegen::CompiledCode;
use cranelift_codegen::binemit::CodeOffset;

/// Bytes of a line.
pub(crate) const LINE: u32 = 64;
/// Loops around a loop that make a difference.
const MAX_DEPTH: usize = 6;
/// How much more often the body of a loop is executed than what is around it: as a
/// power of two.
const LOG2_TIMES: usize = 3;
/// Loops of more lines than this are never short of what is fetched ahead.
const MAX_LINES: u32 = 16;
/// More loops than this are not looked at.
const MAX_LOOPS: usize = 64;
/// How many bytes of a loop's end hold nothing but its closing comparison and branch.
const CLOSING: u32 = 10;
/// How much more it costs if only they lie in another line.
const CLOSING_APART: u64 = 4;

/// A loop in machine code.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Loop {
    code: Range<CodeOffset>,
    /// How many loops are around it.
    depth: usize,
}

/// The best offset in a line for a function with loops: a multiple of its alignment.
pub(crate) fn best(code: &CompiledCode) -> Option<u32> {
    let mut targets: Vec<CodeOffset> = code.bb_edges.iter().map(|edge| edge.1).collect();
    targets.sort_unstable();
    let loops = loops(back_edges(code.buffer.data(), &targets));
    best_for(&loops, code.buffer.alignment)
}

/// The branches to `targets`, which are sorted, from behind them: from the first byte of
/// where each leads to the last one of the branch.
fn back_edges<'a>(
    code: &'a [u8],
    targets: &'a [CodeOffset],
) -> impl Iterator<Item = Range<CodeOffset>> + 'a {
    let jump = if cfg!(target_arch = "x86_64") { x86_64_jump } else { aarch64_jump };
    (0..code.len()).filter_map(move |at| {
        let (len, by) = jump(&code[at..], at)?;
        let target = CodeOffset::try_from(at as i64 + by).ok()?;
        let known = target as usize <= at && targets.binary_search(&target).is_ok();
        known.then_some(target..at as CodeOffset + len)
    })
}

/// How long the jump is that code begins with, and how far from its own beginning it
/// leads. What is no instruction may look like one.
fn x86_64_jump(code: &[u8], _: usize) -> Option<(u32, i64)> {
    let opcode = match *code {
        [0xe9, ..] => 1,
        [0x0f, 0x80..=0x8f, ..] => 2,
        _ => return None,
    };
    let by = i32::from_le_bytes(code.get(opcode..opcode + 4)?.try_into().ok()?);
    let len = opcode as u32 + 4;
    Some((len, i64::from(by) + i64::from(len)))
}

/// The same; `at` is where the code lies.
fn aarch64_jump(code: &[u8], at: usize) -> Option<(u32, i64)> {
    let word = u32::from_le_bytes(code.get(..4)?.try_into().ok()?);
    // Where the distance begins and how many bits it has: of `b`, of `b.cond`, `cbz` and
    // `cbnz`, of `tbz` and `tbnz`.
    let (low, bits) = match word >> 24 {
        0x14..=0x17 => (0, 26),
        0x54 | 0x34 | 0x35 | 0xb4 | 0xb5 => (5, 19),
        0x36 | 0x37 | 0xb6 | 0xb7 => (5, 14),
        _ => return None,
    };
    let above = 32 - low - bits;
    let words = (word << above).cast_signed() >> (above + low);
    at.is_multiple_of(4).then_some((4, 4 * i64::from(words)))
}

fn best_for(loops: &[Loop], align: u32) -> Option<u32> {
    let candidates = (0..LINE).step_by(align.max(1) as usize);
    candidates.min_by_key(|&skew| cost(loops, skew)).filter(|_| !loops.is_empty())
}

/// The loops of a function: where a branch leads back to begins one, which ends with the
/// last branch that does so.
fn loops(back_edges: impl Iterator<Item = Range<CodeOffset>>) -> Vec<Loop> {
    let mut codes: Vec<Range<CodeOffset>> = Vec::new();
    for edge in back_edges {
        match codes.iter().position(|code| code.start == edge.start) {
            Some(at) => codes[at].end = codes[at].end.max(edge.end),
            None if codes.len() < MAX_LOOPS => codes.push(edge),
            None => {}
        }
    }
    let around = |inner: &Range<CodeOffset>| {
        let outer = codes.iter().filter(|outer| outer.start < inner.start);
        outer.filter(|outer| inner.start < outer.end).count()
    };
    codes.iter().map(|code| Loop { code: code.clone(), depth: around(code) }).collect()
}

/// How much a function's loops lose with a skew.
fn cost(loops: &[Loop], skew: u32) -> u64 {
    let cost = |each: &Loop| {
        let (start, end) = (each.code.start + skew, each.code.end + skew);
        let least = (end - start).div_ceil(LINE);
        if least > MAX_LINES {
            return 0;
        }
        let lines = (end - 1) / LINE - start / LINE + 1;
        let apart = lines > 1 && (end - 1) % LINE < CLOSING;
        let extra = match (apart, least) {
            (true, _) => CLOSING_APART,
            (false, 1) => (lines - least).into(),
            (false, _) => 0,
        };
        let times = 1 << (LOG2_TIMES * each.depth.min(MAX_DEPTH));
        times * extra * u64::from(MAX_LINES / least)
    };
    loops.iter().map(cost).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loops_end_with_the_last_branch_that_leads_back() {
        let found = loops([20..30, 10..40, 10..50].into_iter());
        let wanted = [(20..30, 1), (10..50, 0)];
        let wanted = wanted.map(|(code, depth)| Loop { code, depth });
        assert_eq!(found, wanted);
    }

    #[test]
    fn branches_back_are_read_from_the_code() {
        // Of `jne -10; jmp -16; jmp +16; jne -15` the third leads forward and the last
        // where no block is.
        let code = [
            0x90, 0x90, 0x90, 0x90, 0x0f, 0x85, 0xf6, 0xff, 0xff, 0xff, 0xe9, 0xf1, 0xff, 0xff,
            0xff, 0xe9, 0x10, 0, 0, 0, 0x0f, 0x85, 0xf1, 0xff, 0xff, 0xff,
        ];
        let jumps: Vec<_> = (0..code.len()).filter_map(|at| x86_64_jump(&code[at..], at)).collect();
        assert_eq!(jumps, [(6, -4), (5, -10), (5, 21), (6, -9)]);
        if cfg!(target_arch = "x86_64") {
            let found: Vec<_> = back_edges(&code, &[0, 4, 36]).collect();
            assert_eq!(found, [0..10, 0..15]);
        }
    }

    #[test]
    fn branches_of_fixed_length_are_read_from_the_code() {
        let jump = |word: u32| aarch64_jump(&word.to_le_bytes(), 8);
        assert_eq!(jump(0x17ff_ffff), Some((4, -4)));
        assert_eq!(jump(0x1400_0002), Some((4, 8)));
        assert_eq!(jump(0x54ff_ffc1), Some((4, -8)));
        assert_eq!(jump(0xb5ff_ffe3), Some((4, -4)));
        assert_eq!(jump(0x3707_ffe3), Some((4, -4)));
        assert_eq!(jump(0x9100_0000), None);
        assert_eq!(aarch64_jump(&[0xff, 0xff, 0xff, 0x17], 2), None);
    }

    #[test]
    fn what_closes_a_loop_does_not_lie_apart() {
        let first = Loop { code: 0..60, depth: 0 };
        let second = Loop { code: 60..130, depth: 0 };
        let end = |skew| (130 + skew - 1) % LINE;
        let apart = cost(std::slice::from_ref(&second), 0);
        assert!(apart > cost(std::slice::from_ref(&second), 40), "{apart}");
        let skew = best_for(&[first, second], 1).unwrap();
        assert!(end(skew) >= CLOSING, "{skew}");
    }

    #[test]
    fn the_innermost_loop_takes_as_few_lines_as_it_can() {
        let inner = Loop { code: 100..160, depth: 1 };
        let outer = Loop { code: 10..200, depth: 0 };
        let skew = best_for(&[outer, inner], 4).unwrap();
        assert_eq!((100 + skew) / LINE, (159 + skew) / LINE);
    }

    #[test]
    fn a_skew_respects_the_alignment_and_is_only_for_loops() {
        let tight = Loop { code: 60..70, depth: 0 };
        assert_eq!(best_for(std::slice::from_ref(&tight), 16), Some(16));
        assert_eq!(best_for(&[tight], 64), Some(0));
        assert_eq!(best_for(&[], 1), None);
    }
}
