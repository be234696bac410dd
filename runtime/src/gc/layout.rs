//! Where the parts of an object lie: computed once per canonical type, read by
//! every tier.
//!
//! An object begins with a header of 8 bytes. A structure's fields follow in
//! order, each at its natural alignment (8 bytes for vectors), so a subtype has
//! the fields of its supertype at the same places. An array has its length at
//! [`ARRAY_LENGTH`], then its elements. An exception has its tag at
//! [`EXCEPTION_TAG`], then its payload, laid out as a structure's fields are.

use bimetal_core::types::{CompositeType, FieldType, HeapType, StorageType, ValType};

/// Where an array keeps its length, 32 bits.
pub const ARRAY_LENGTH: u32 = 8;
/// Where an exception keeps the number of its tag in the store, 32 bits.
pub const EXCEPTION_TAG: u32 = 8;
/// The size of every object is a multiple of this, and so is its offset.
pub const OBJECT_ALIGN: u32 = 8;
/// Bytes at the beginning of every heap, where null leads, that are never accessible.
pub const NULL_GUARD: u32 = 64 << 10;
/// Bytes before the first field of a structure.
const HEADER: u32 = 8;

/// What kind of object has a layout: part of its header.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum ObjectKind {
    /// A structure.
    Struct = 0,
    /// An array.
    Array = 1,
    /// An exception whose payload is the parameters of a function type.
    Exception = 2,
}

/// How a field, an element or a part of a payload is stored.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FieldKind {
    /// 8 bits, extended by the access.
    I8,
    /// 16 bits, extended by the access.
    I16,
    /// `i32`
    I32,
    /// `i64`
    I64,
    /// `f32`
    F32,
    /// `f64`
    F64,
    /// `v128`
    V128,
    /// A [`super::GcRef`].
    Ref,
    /// A function reference: its place in the store's slab, null being 0.
    Func,
}

impl FieldKind {
    /// How a type is stored; `is_func` says which heap types are functions'.
    fn new(storage: StorageType, is_func: &impl Fn(HeapType) -> bool) -> FieldKind {
        match storage {
            StorageType::I8 => FieldKind::I8,
            StorageType::I16 => FieldKind::I16,
            StorageType::Val(ValType::I32) => FieldKind::I32,
            StorageType::Val(ValType::I64) => FieldKind::I64,
            StorageType::Val(ValType::F32) => FieldKind::F32,
            StorageType::Val(ValType::F64) => FieldKind::F64,
            StorageType::Val(ValType::V128) => FieldKind::V128,
            StorageType::Val(ValType::Ref(ty)) if is_func(ty.heap) => FieldKind::Func,
            StorageType::Val(ValType::Ref(_)) => FieldKind::Ref,
        }
    }

    /// The size is `1 << size_log2` bytes.
    pub const fn size_log2(self) -> u32 {
        match self {
            FieldKind::I8 => 0,
            FieldKind::I16 => 1,
            FieldKind::I32 | FieldKind::F32 | FieldKind::Ref | FieldKind::Func => 2,
            FieldKind::I64 | FieldKind::F64 => 3,
            FieldKind::V128 => 4,
        }
    }

    /// The size in bytes.
    pub const fn size(self) -> u32 {
        1 << self.size_log2()
    }

    /// How many slots a value takes on the operand stack.
    pub const fn slots(self) -> usize {
        if matches!(self, FieldKind::V128) { 2 } else { 1 }
    }

    fn align(self) -> u32 {
        self.size().min(OBJECT_ALIGN)
    }
}

/// A field of a structure, or the first element of an array.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Field {
    /// Bytes from the beginning of the object.
    pub offset: u32,
    /// How it is stored.
    pub kind: FieldKind,
}

/// Where the parts of all objects of one type lie.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ObjectLayout {
    /// What kind of object it is.
    pub kind: ObjectKind,
    /// The fields in order; of an array, its first element alone.
    pub fields: Box<[Field]>,
    /// Bytes of the whole object; of an array, without its elements.
    pub size: u32,
    /// The offsets of what a collection follows. Not used for arrays.
    pub refs: Box<[u32]>,
}

impl ObjectLayout {
    /// The layout of a canonical type; `is_func` says which heap types are those
    /// of functions. A function type gives the layout of exceptions.
    pub fn new(ty: &CompositeType, is_func: &impl Fn(HeapType) -> bool) -> ObjectLayout {
        match ty {
            CompositeType::Struct(fields) => {
                let kinds = fields.iter().map(|field| FieldKind::new(field.storage, is_func));
                ObjectLayout::sequence(ObjectKind::Struct, HEADER, kinds)
            }
            CompositeType::Array(element) => ObjectLayout::array(element, is_func),
            CompositeType::Func(ty) => {
                let params = ty.params.iter();
                let kinds = params.map(|&ty| FieldKind::new(StorageType::Val(ty), is_func));
                ObjectLayout::sequence(ObjectKind::Exception, EXCEPTION_TAG + 4, kinds)
            }
        }
    }

    fn array(element: &FieldType, is_func: &impl Fn(HeapType) -> bool) -> ObjectLayout {
        let kind = FieldKind::new(element.storage, is_func);
        let offset = (ARRAY_LENGTH + 4).next_multiple_of(kind.align());
        let fields = Box::new([Field { offset, kind }]);
        ObjectLayout { kind: ObjectKind::Array, fields, size: offset, refs: Box::default() }
    }

    /// Fields one after another. Validation bounds their number, so that no sum
    /// comes near 32 bits.
    fn sequence(
        kind: ObjectKind,
        start: u32,
        kinds: impl Iterator<Item = FieldKind>,
    ) -> ObjectLayout {
        let mut end = start;
        let place = |kind: FieldKind| {
            let offset = end.next_multiple_of(kind.align());
            end = offset + kind.size();
            Field { offset, kind }
        };
        let fields: Box<[Field]> = kinds.map(place).collect();
        let refs = fields.iter().filter(|field| field.kind == FieldKind::Ref);
        let refs = refs.map(|field| field.offset).collect();
        ObjectLayout { kind, size: end.next_multiple_of(OBJECT_ALIGN), fields, refs }
    }

    /// The elements of an array, as the first of them.
    ///
    /// # Panics
    /// If it is the layout of something without fields.
    pub fn element(&self) -> Field {
        self.fields[0]
    }

    /// Bytes of an array of this length, or of any other object.
    pub fn size_with(&self, length: u32) -> u64 {
        let elements = match self.kind {
            ObjectKind::Array => u64::from(length) << self.element().kind.size_log2(),
            ObjectKind::Struct | ObjectKind::Exception => 0,
        };
        (u64::from(self.size) + elements).next_multiple_of(u64::from(OBJECT_ALIGN))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bimetal_core::types::{FuncType, RefType};

    const ANY: StorageType =
        StorageType::Val(ValType::Ref(RefType { nullable: true, heap: HeapType::Any }));
    const FUNC: StorageType = StorageType::Val(ValType::FUNCREF);

    fn is_func(heap: HeapType) -> bool {
        heap == HeapType::Func
    }

    fn structure(fields: &[StorageType]) -> ObjectLayout {
        let field = |&storage| FieldType { storage, mutable: true };
        let ty = CompositeType::Struct(fields.iter().map(field).collect());
        ObjectLayout::new(&ty, &is_func)
    }

    fn offsets(layout: &ObjectLayout) -> Vec<u32> {
        layout.fields.iter().map(|field| field.offset).collect()
    }

    #[test]
    fn fields_lie_in_order_at_their_natural_alignment() {
        use StorageType::{I8, I16, Val};
        let layout = structure(&[I8, I16, I8, ANY, Val(ValType::I64), FUNC, Val(ValType::V128)]);
        assert_eq!(offsets(&layout), [8, 10, 12, 16, 24, 32, 40]);
        assert_eq!((layout.size, &*layout.refs), (56, &[16][..]));
        assert_eq!((structure(&[]).size, structure(&[I8]).size), (8, 16));
    }

    #[test]
    fn a_subtype_has_its_supertypes_fields_where_they_were() {
        let fields = [StorageType::I8, ANY, StorageType::Val(ValType::F64)];
        let (sub, sup) = (structure(&fields), structure(&fields[..2]));
        assert_eq!(sub.fields[..2], *sup.fields);
    }

    #[test]
    fn elements_follow_the_length_as_closely_as_they_can() {
        let size = |storage, length| {
            let ty = CompositeType::Array(FieldType { storage, mutable: true });
            ObjectLayout::new(&ty, &is_func).size_with(length)
        };
        assert_eq!([0, 4, 5].map(|length| size(StorageType::I8, length)), [16, 16, 24]);
        assert_eq!(size(ANY, 3), 24);
        assert_eq!(size(StorageType::Val(ValType::I64), 1), 24);
        assert_eq!(size(StorageType::Val(ValType::V128), u32::MAX), 16 + 16 * u64::from(u32::MAX));
    }

    #[test]
    fn an_exception_has_its_payload_behind_its_tag() {
        let params = [ValType::I32, ValType::EXTERNREF, ValType::F64];
        let layout = ObjectLayout::new(&CompositeType::Func(FuncType::new(params, [])), &is_func);
        assert_eq!(offsets(&layout), [12, 16, 24]);
        assert_eq!(
            (layout.kind, layout.size, &*layout.refs),
            (ObjectKind::Exception, 32, &[16][..])
        );
    }
}
