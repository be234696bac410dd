//! Cells of a load and the store of the number.

use bimetal_core::types::AddrType;

use super::ir::{Access, Inst, Op, Src};
use super::link::Linker;
use crate::fast::exec::load_store::load_store;

/// Where an access finds its bytes, as a cell says it.
struct Place {
    address: AddrType,
    offset: u32,
    /// Slot, accumulator, two slots, slot and constant.
    form: usize,
    slots: [u16; 2],
    constant: u32,
}

impl Linker<'_> {
    fn place_of(&self, access: Access, sum: bool, args: [Src; 3]) -> Option<Place> {
        let slot = |slot| self.slot(slot) as u16;
        let (form, slots, constant) = match (sum, args[0], args[1]) {
            (false, Src::Slot(a), _) => (0, [slot(a), 0], 0),
            (false, Src::Acc, _) => (1, [0; 2], 0),
            (true, Src::Slot(a), Src::Slot(b)) => (2, [slot(a), slot(b)], 0),
            (true, Src::Slot(a), Src::Const(bits)) => (3, [slot(a), 0], bits as u32),
            _ => return None,
        };
        let offset = access.arg.offset as u32;
        Some(Place { address: access.address?, offset, form, slots, constant })
    }

    /// A load whose number nothing else uses, and the store of it.
    pub(super) fn load_store(&mut self, first: &Inst, second: &Inst) -> bool {
        let (load, access, sum) = match first.op {
            Op::Load(load, access) => (load, access, false),
            Op::LoadSum(load, access) => (load, access, true),
            _ => return false,
        };
        let (store, to, to_sum, value) = match second.op {
            Op::Store(store, to) => (store, to, false, second.args[1]),
            Op::StoreSum(store, to) => (store, to, true, second.args[2]),
            _ => return false,
        };
        let Some(forms) = load_store(load, store).filter(|_| value == Src::Acc) else {
            return false;
        };
        let from = self.place_of(access, sum, first.args);
        let to = self.place_of(to, to_sum, second.args);
        let (Some(from), Some(to), false) = (from, to, first.to_slot) else { return false };
        let to_form = match to.form {
            0 => 0,
            1 => return false,
            form => form - 1,
        };
        self.position(first);
        self.position_behind(second);
        let forms = &forms[from.address as usize][to.address as usize];
        self.push_handler(forms[from.form][to_form]);
        let ([a, b], [c, d]) = (from.slots, to.slots);
        self.fields([a, b, c, d]);
        self.halves(from.offset, to.offset);
        if from.form == 3 || to.form == 3 {
            self.halves(from.constant, to.constant);
        }
        true
    }
}
