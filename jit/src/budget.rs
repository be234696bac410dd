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

use std::sync::atomic::{AtomicU64, Ordering};

use cranelift_codegen::ir::{Function, Opcode};

use crate::error::JitError;

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

/// Blocks times locals beyond which a function is refused: the register allocator
/// may find every local alive in every block. Sixty million take four seconds and
/// 750 MB.
pub(crate) const MAX_ALIVE_WORK: u64 = 16_000_000;

/// Instructions of CLIF, parameters, results and locals that the functions of a module
/// may have together, whatever its length, and besides for each byte of code. Known
/// programs have less than one for each byte; allocations of objects alone have seven.
const INSTS: u64 = 250_000;
const INSTS_PER_BYTE: u64 = 6;

/// Bytes of bodies that may take the place of calls in the functions of a module,
/// whatever its length, and besides for each byte of code. Programs whose compiler
/// has done so before take in less than one for each byte.
const ROOM: u64 = 50_000;
const ROOM_PER_BYTE: u64 = 2;

/// Operands below structures, counted once for each structure right above them, beyond
/// which a function cannot begin at one of its loops.
pub(crate) const MAX_PARKED: usize = 1 << 20;

/// Bytes of native stack that a call of a function may take: half of what guests have
/// unless told otherwise. Without optimisation every value that crosses a block has
/// a place of its own, and 600 nested loops with 600 locals take more than all of it.
pub(crate) const MAX_FRAME: u32 = 256 << 10;

/// Beyond any of these a function is compiled without optimisation. They lie above
/// the largest functions of known programs, such as the main loops of CPython and
/// QuickJS.
const FULL_EFFORT_BLOCKS: usize = 32_768;
const FULL_EFFORT_BLOCK_PARAMS: usize = 20_000;
const FULL_EFFORT_INSTS: usize = 150_000;
const FULL_EFFORT_CALLS: usize = 8_000;

/// Whether the function is small enough to be optimised.
pub(crate) fn deserves_full_effort(func: &Function) -> bool {
    let blocks = func.dfg.num_blocks();
    let params: usize = func.layout.blocks().map(|block| func.dfg.num_block_params(block)).sum();
    let is_call =
        |inst: &_| matches!(func.dfg.insts[*inst].opcode(), Opcode::Call | Opcode::CallIndirect);
    let calls = || {
        func.layout
            .blocks()
            .flat_map(|block| func.layout.block_insts(block))
            .filter(is_call)
            .count()
    };
    blocks <= FULL_EFFORT_BLOCKS
        && params <= FULL_EFFORT_BLOCK_PARAMS
        && func.dfg.num_insts() <= FULL_EFFORT_INSTS
        && calls() <= FULL_EFFORT_CALLS
}

/// What the functions of one module may cost together. Once it is spent, the others
/// are refused; which ones depends on the order of compilation.
pub(crate) struct Budget {
    left: AtomicU64,
    /// Bytes of bodies that may still take the place of calls.
    room: AtomicU64,
}

impl Budget {
    /// For a module with so many bytes of code.
    pub(crate) fn new(bytes: usize) -> Budget {
        let bytes = bytes as u64;
        Budget {
            left: AtomicU64::new(INSTS + INSTS_PER_BYTE * bytes),
            room: AtomicU64::new(ROOM + ROOM_PER_BYTE * bytes),
        }
    }

    /// Whether bodies may still take the place of calls.
    pub(crate) fn has_room(&self) -> bool {
        self.room.load(Ordering::Relaxed) > 0
    }

    /// Takes what so many instructions cost of which a part comes from so many bytes
    /// of bodies in place of calls: there is room for those apart.
    ///
    /// # Errors
    /// If there is not as much left.
    pub(crate) fn spend_beyond(&self, insts: u64, taken_in: u64) -> Result<(), JitError> {
        let less = |room: u64| Some(room.saturating_sub(taken_in));
        // It never fails.
        let _ = self.room.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
        self.spend(insts.saturating_sub(INSTS_PER_BYTE * taken_in))
    }

    /// Takes what so many instructions or locals cost.
    ///
    /// # Errors
    /// If there is not as much left.
    pub(crate) fn spend(&self, count: u64) -> Result<(), JitError> {
        let less = |left: u64| left.checked_sub(count);
        match self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less) {
            Ok(_) => Ok(()),
            Err(_) => Err(JitError::new("the code of the module is too complex")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_lasts_for_a_multiple_of_the_code() {
        let budget = Budget::new(1_000);
        budget.spend(INSTS).unwrap();
        budget.spend(INSTS_PER_BYTE * 1_000 + 1).unwrap_err();
        budget.spend(INSTS_PER_BYTE * 1_000).unwrap();
        budget.spend(1).unwrap_err();
    }

    #[test]
    fn bodies_in_place_of_calls_cost_nothing_while_there_is_room() {
        let budget = Budget::new(0);
        budget.spend_beyond(INSTS_PER_BYTE * ROOM, ROOM).unwrap();
        assert!(!budget.has_room());
        budget.spend(INSTS).unwrap();
    }
}
