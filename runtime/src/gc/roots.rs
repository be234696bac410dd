//! What a collection starts from: everything that holds a reference and is not
//! an object itself.

use bimetal_core::types::ValType;
use bimetal_core::value::Slot;

use crate::activation::Activation;
use crate::store::Store;
use crate::trap::Unwind;

use super::GcRef;

/// Is told of every root, and may change it: objects move.
///
/// A root that is reported twice does no harm.
pub trait RootVisitor {
    /// A reference.
    fn visit(&mut self, reference: &mut GcRef);
}

impl dyn RootVisitor + '_ {
    /// A reference in a slot.
    #[inline]
    pub fn slot(&mut self, slot: &mut Slot) {
        let mut reference = GcRef::from_slot(*slot);
        if reference.is_collected() {
            self.visit(&mut reference);
            *slot = reference.slot();
        }
    }

    /// References in slots.
    pub fn slots(&mut self, slots: &mut [Slot]) {
        slots.iter_mut().for_each(|slot| self.slot(slot));
    }
}

/// Reports the references in the frames of one activation: those in the
/// hierarchies of `any`, `extern` and `exn`, none to functions.
///
/// # Safety
/// The activation is in its store's list and its exit fields are current; nobody
/// else looks at its frames meanwhile.
pub type WalkRoots = unsafe fn(activation: &Activation, visit: &mut dyn RootVisitor);

/// The roots of a tier that refuses code which could make objects: none.
///
/// # Safety
/// None of the activation's frames holds a reference to an object.
pub unsafe fn no_roots(_: &Activation, _: &mut dyn RootVisitor) {}

impl Store {
    /// Reports every root of the store.
    ///
    /// # Safety
    /// Every activation of the store has current exit fields, and nobody has a
    /// Rust reference to a table's or global's value or to a frame's slots.
    pub(super) unsafe fn visit_roots(&mut self, visit: &mut dyn RootVisitor) {
        self.handles.visit(visit);
        if let Some(Unwind::Exception { exception, .. }) = &mut self.pending {
            visit.slot(exception);
        }
        for index in 0..self.globals.len() as u32 {
            let global = self.globals.get_mut(index);
            if self.types.is_collected(global.ty().content) {
                let [mut value, high] = global.get();
                visit.slot(&mut value);
                global.set([value, high]);
            }
        }
        for index in 0..self.tables.len() as u32 {
            let table = self.tables.get_mut(index);
            if self.types.is_collected(ValType::Ref(table.ty().element)) {
                visit.slots(table.elements_mut());
            }
        }
        for index in 0..self.instances.len() as u32 {
            // SAFETY: instances live as long as the store; code that runs reads
            // segments in builtins only.
            let instance = unsafe { &mut *self.instances.ptr(index) };
            instance.segments.visit(visit);
        }
        // SAFETY: activations live in the frames of the entries that pushed them
        // and leave the list before they die; the rest is the caller's promise.
        unsafe {
            let mut next = (*self.vm()).activation;
            while let Some(activation) = next.as_ref() {
                (activation.roots)(activation, visit);
                next = activation.prev;
            }
        }
    }
}
