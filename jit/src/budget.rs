//! How much work a function may be, for a guest must not be able to keep the
//! host compiling for minutes or fill its memory.
//!
//! Cranelift takes time quadratic in the size of a function if many values are
//! live across many blocks: 300 nested loops that each change 300 locals (10 KB
//! of code) take 3.6 s with the backtracking register allocator and 0.07 s with
//! the single-pass one and no optimisation. The optimiser also moves pure
//! instructions to the last possible place, so that the sum of 12,000 calls keeps
//! 12,000 values alive until its end and takes 3 s. (Both measured on a busy
//! two-core machine.)

use cranelift_codegen::ir::Function;

/// Values in the CLIF of one function beyond which it is refused: some 600 MB
/// of the compiler's memory.
pub(crate) const MAX_VALUES: usize = 4_000_000;

/// The sum over all loops of the square of the number of locals used in them,
/// beyond which a function is refused: a second or two in the frontend. A loop
/// that uses a thousand locals takes a two-thousandth of it.
pub(crate) const MAX_HEADER_WORK: u64 = 2_000_000_000;

/// Calls and blocks times references that may be alive there, beyond which a
/// function is refused: a second or two in the frontend.
pub(crate) const MAX_STACK_MAP_WORK: u64 = 3_000_000;

/// Operands below structures, counted once for each structure right above them, beyond
/// which a function cannot begin at one of its loops.
pub(crate) const MAX_PARKED: usize = 1 << 20;

/// Beyond any of these a function is compiled without optimisation. They lie above
/// the largest functions of known programs, such as the main loops of CPython and
/// QuickJS.
const FULL_EFFORT_BLOCKS: usize = 32_768;
const FULL_EFFORT_BLOCK_PARAMS: usize = 20_000;
const FULL_EFFORT_INSTS: usize = 150_000;

/// Whether the function is small enough to be optimised.
pub(crate) fn deserves_full_effort(func: &Function) -> bool {
    let blocks = func.dfg.num_blocks();
    let params: usize = func.layout.blocks().map(|block| func.dfg.num_block_params(block)).sum();
    blocks <= FULL_EFFORT_BLOCKS
        && params <= FULL_EFFORT_BLOCK_PARAMS
        && func.dfg.num_insts() <= FULL_EFFORT_INSTS
}
