//! Runs: many iterations of a loop that does nothing but copy or fill memory, as one
//! slow op. No instruction of the format: the walker finds such loops and asks for a
//! run in front of them.

use super::slow::SlowImm;

/// How many bytes lie at most between the accesses of one iteration.
pub const MAX_SPREAD: u32 = 1024;

/// What each iteration of a run does: `accesses` stores, each of `1 << width_log2`
/// bytes, side by side; the next iteration goes on right behind them, or right before.
///
/// Its operands are the index, without the constant offset, of the lowest byte that
/// the first iteration stores; the same of what it loads, or the value that it stores;
/// and how many iterations there are. Its result says whether they have been done.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct MemoryRun {
    /// Which memory.
    pub memory: u8,
    /// The binary logarithm of the bytes of one access, 0 to 4.
    pub width_log2: u8,
    /// Stores in one iteration, at most [`MAX_SPREAD`] bytes in all.
    pub accesses: u8,
    /// Whether the indices fall.
    pub backward: bool,
    /// Whether the number of iterations has 64 bits and a sign that says the direction.
    pub signed: bool,
    /// Whether the accesses of one iteration have both indices and constant offsets of
    /// their own, so that an index could wrap although no byte lies beyond the others.
    pub indices: bool,
    /// The constant offset of the lowest store.
    pub store_offset: u16,
    /// The constant offset of the lowest load.
    pub load_offset: u16,
}

impl MemoryRun {
    /// Bytes stored by one iteration.
    pub const fn unit(self) -> u32 {
        (self.accesses as u32) << self.width_log2
    }

    /// How many iterations make so many stores, of which several in one iteration count
    /// half as much.
    pub const fn iterations_of(self, stores: u32) -> u32 {
        let stores = if self.accesses > 1 { 2 * stores } else { stores };
        stores.div_ceil(self.accesses as u32)
    }

    /// As the immediates of a slow op.
    pub const fn imm(self) -> SlowImm {
        let a = self.memory as u32
            | (self.width_log2 as u32 & 7) << 8
            | (self.accesses as u32) << 11
            | (self.backward as u32) << 19
            | (self.signed as u32) << 20
            | (self.indices as u32) << 21;
        SlowImm { a, b: self.store_offset as u32 | (self.load_offset as u32) << 16 }
    }

    /// From the immediates made by [`MemoryRun::imm`].
    pub const fn from_imm(imm: SlowImm) -> MemoryRun {
        MemoryRun {
            memory: imm.a as u8,
            width_log2: (imm.a >> 8) as u8 & 7,
            accesses: (imm.a >> 11) as u8,
            backward: imm.a >> 19 & 1 != 0,
            signed: imm.a >> 20 & 1 != 0,
            indices: imm.a >> 21 & 1 != 0,
            store_offset: imm.b as u16,
            load_offset: (imm.b >> 16) as u16,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn immediates_keep_all_of_a_run() {
        let plain = MemoryRun {
            memory: 0,
            width_log2: 0,
            accesses: 1,
            backward: false,
            signed: false,
            indices: false,
            store_offset: 0,
            load_offset: 0,
        };
        let full = MemoryRun {
            memory: 255,
            width_log2: 4,
            accesses: 255,
            backward: true,
            signed: true,
            indices: true,
            store_offset: 65_535,
            load_offset: 65_534,
        };
        let others = [
            MemoryRun { backward: true, ..plain },
            MemoryRun { signed: true, ..plain },
            MemoryRun { indices: true, load_offset: 7, ..plain },
        ];
        for run in others.into_iter().chain([plain, full]) {
            assert_eq!(MemoryRun::from_imm(run.imm()), run);
        }
    }
}
