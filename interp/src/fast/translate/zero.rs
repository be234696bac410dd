//! Which locals must be zeroed on entry: those that may be read before they are
//! written, and every reference.
//!
//! The rule is the one by which validation treats locals without default value
//! (spec: *Validation / Instructions / Variable Instructions*): a write counts
//! until the end of the innermost structure around it.

use bimetal_core::types::ValType;

#[derive(Debug, Default)]
pub(super) struct ZeroLocals {
    /// Whether a local is known to be written here.
    written: Vec<bool>,
    /// Whether a local must be zeroed.
    needed: Vec<bool>,
    /// The locals written in open structures, in order.
    trail: Vec<u32>,
    /// The length of `trail` at the start of each open structure.
    heights: Vec<usize>,
}

impl ZeroLocals {
    /// For locals of these types, the first `params` of which are parameters.
    pub(super) fn new(locals: &[ValType], params: usize) -> ZeroLocals {
        let mut written = vec![false; locals.len()];
        written[..params].fill(true);
        let is_ref = |(i, ty): (usize, &ValType)| i >= params && ty.is_ref();
        let needed = locals.iter().enumerate().map(is_ref).collect();
        ZeroLocals { written, needed, trail: Vec::new(), heights: Vec::new() }
    }

    pub(super) fn read(&mut self, local: usize) {
        if !self.written[local] {
            self.needed[local] = true;
        }
    }

    pub(super) fn write(&mut self, local: usize) {
        if !self.written[local] {
            self.written[local] = true;
            self.trail.push(local as u32);
        }
    }

    /// A structure begins.
    pub(super) fn open(&mut self) {
        self.heights.push(self.trail.len());
    }

    /// A structure ends.
    pub(super) fn close(&mut self) {
        let height = self.heights.pop().unwrap_or(0);
        for local in self.trail.drain(height.min(self.trail.len())..) {
            self.written[local as usize] = false;
        }
    }

    /// Runs of slots to zero, by the slot of each local.
    pub(super) fn runs(&self, slots: &[u32], types: &[ValType]) -> Vec<(u32, u32)> {
        let mut runs: Vec<(u32, u32)> = Vec::new();
        for ((&slot, ty), _) in slots.iter().zip(types).zip(&self.needed).filter(|(_, n)| **n) {
            match runs.last_mut() {
                Some((start, length)) if *start + *length == slot => *length += ty.slots(),
                _ => runs.push((slot, ty.slots())),
            }
        }
        runs
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runs(zero: &ZeroLocals) -> Vec<(u32, u32)> {
        zero.runs(&[0, 1, 2, 3], &[ValType::I32; 4])
    }

    #[test]
    fn a_local_written_first_is_not_zeroed() {
        let mut zero = ZeroLocals::new(&[ValType::I32; 4], 1);
        zero.read(0);
        zero.write(2);
        zero.read(2);
        zero.read(3);
        assert_eq!(runs(&zero), [(3, 1)]);
    }

    #[test]
    fn a_write_in_a_structure_counts_until_its_end() {
        let mut zero = ZeroLocals::new(&[ValType::I32; 4], 0);
        zero.open();
        zero.write(1);
        zero.read(1);
        assert_eq!(runs(&zero), []);
        zero.close();
        zero.read(1);
        zero.read(2);
        assert_eq!(runs(&zero), [(1, 2)]);
    }

    #[test]
    fn references_are_always_zeroed() {
        let types = [ValType::FUNCREF, ValType::I32, ValType::FUNCREF, ValType::I64];
        let mut zero = ZeroLocals::new(&types, 1);
        zero.write(2);
        assert_eq!(zero.runs(&[0, 1, 2, 3], &types), [(2, 1)]);
    }
}
