//! Where a function should begin so that its loops lie well.
//!
//! Processors fetch and keep code in lines: a small loop that begins at the end of one
//! takes one line more than it needs, in every iteration. A function can begin at any
//! offset in a line; the one that is best for its innermost loops is its *skew*.

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

/// A loop in machine code.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Loop {
    code: Range<CodeOffset>,
    /// How many loops are around it.
    depth: usize,
}

/// The best offset in a line for a function with loops: a multiple of its alignment.
pub(crate) fn best(code: &CompiledCode) -> Option<u32> {
    let len = code.buffer.data().len() as CodeOffset;
    let loops = loops(&code.bb_starts, &code.bb_edges, len);
    best_for(&loops, code.buffer.alignment)
}

fn best_for(loops: &[Loop], align: u32) -> Option<u32> {
    let candidates = (0..LINE).step_by(align.max(1) as usize);
    candidates.min_by_key(|&skew| cost(loops, skew)).filter(|_| !loops.is_empty())
}

/// The loops of a function: a block that is led back to begins one, which ends with
/// the last block that does so.
fn loops(starts: &[CodeOffset], edges: &[(CodeOffset, CodeOffset)], len: CodeOffset) -> Vec<Loop> {
    let mut codes: Vec<Range<CodeOffset>> = Vec::new();
    for &(from, to) in edges.iter().filter(|(from, to)| to <= from) {
        let end = starts.partition_point(|&start| start <= from);
        let end = starts.get(end).copied().unwrap_or(len);
        match codes.iter().position(|code| code.start == to) {
            Some(at) => codes[at].end = codes[at].end.max(end),
            None if codes.len() < MAX_LOOPS => codes.push(to..end),
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
        let times = 1 << (LOG2_TIMES * each.depth.min(MAX_DEPTH));
        times * u64::from(lines - least) * u64::from(MAX_LINES / least)
    };
    loops.iter().map(cost).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loops_end_with_the_last_block_that_leads_back() {
        let starts = [0, 10, 20, 30, 40, 50];
        let edges = [(0, 10), (10, 20), (20, 20), (20, 30), (30, 10), (40, 10), (40, 50)];
        let found = loops(&starts, &edges, 60);
        let wanted = [(20..30, 1), (10..50, 0)];
        let wanted = wanted.map(|(code, depth)| Loop { code, depth });
        assert_eq!(found, wanted);
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
