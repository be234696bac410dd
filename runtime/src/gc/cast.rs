//! Which type a reference has at run time.

use bimetal_core::types::{HeapType, RefType};
use bimetal_core::value::Slot;

use crate::store::Store;
use crate::vmctx::VmFuncRef;

use super::GcRef;
use super::layout::ObjectKind;

impl Store {
    /// Whether a reference is of a type, given in canonical ids (spec:
    /// `ref.test`).
    ///
    /// # Safety
    /// The slot holds a reference of this store, in the hierarchy of the type.
    pub unsafe fn ref_has_type(&mut self, reference: Slot, ty: RefType) -> bool {
        if reference == Slot::ZERO {
            return ty.nullable;
        }
        let value = GcRef::from_slot(reference);
        let objects = self.objects();
        let is = |kind| value.is_object() && objects.is(value, kind);
        match ty.heap {
            HeapType::Any | HeapType::Extern | HeapType::Func | HeapType::Exn => true,
            HeapType::None | HeapType::NoExtern | HeapType::NoFunc | HeapType::NoExn => false,
            HeapType::I31 => value.is_i31(),
            HeapType::Eq => value.is_i31() || value.is_object(),
            HeapType::Struct => is(ObjectKind::Struct),
            HeapType::Array => is(ObjectKind::Array),
            HeapType::Concrete(wanted) => {
                let found = if self.type_table(wanted).get(wanted).is_func() {
                    let record =
                        std::ptr::with_exposed_provenance::<VmFuncRef>(reference.bits() as usize);
                    // SAFETY: by the caller's promise a function reference, not null.
                    unsafe { (*record).type_id }
                } else if value.is_object() {
                    objects.type_id(value)
                } else {
                    return false;
                };
                self.type_table(found).is_subtype(found, wanted)
            }
        }
    }
}
