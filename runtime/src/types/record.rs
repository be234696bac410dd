//! Types as compiled code and the collector read them: flat records, found by
//! canonical id without a lock.
//!
//! **What must never happen here:** a record moves or changes while somebody has
//! a table that holds it. Records are only ever appended; when the buffer is
//! full, a larger one takes its place and the old one is kept, so that a
//! [`TypeTable`] made earlier stays good for the types that it knew.

use std::sync::Arc;

use bimetal_core::types::SubType;

use crate::gc::layout::{FieldKind, ObjectKind, ObjectLayout};

/// How many supertypes a record holds itself.
pub const INLINE_SUPERTYPES: usize = 8;
/// No type's id.
pub const NO_TYPE: u32 = u32::MAX;

/// What a collection follows in an object.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Trace {
    /// Nothing.
    Nothing,
    /// The fields that the layout lists.
    Fields,
    /// Every element of the array.
    Elements,
}

/// A defined type.
///
/// Type `a` is `b` or a subtype of it if the ids are equal or `a`'s supertype at
/// the depth of `b` is `b`.
#[repr(C, align(64))]
#[derive(Clone, Copy, Debug)]
pub struct VmType {
    /// The declared supertypes from the root down to the type itself;
    /// [`NO_TYPE`] behind it.
    pub supertypes: [u32; INLINE_SUPERTYPES],
    /// The first word of every object of the type.
    pub header: u64,
    /// The layout of its objects.
    pub(crate) layout: *const ObjectLayout,
    /// Bytes of an object; of an array, without its elements.
    pub size: u32,
    /// How many supertypes it has.
    pub depth: u16,
    /// The size of an array's element is `1 << element_log2` bytes.
    pub element_log2: u8,
    /// What a collection follows.
    pub trace: Trace,
    /// What is rarely asked for.
    rest: *const Rest,
}

/// What a record points to.
#[derive(Debug)]
struct Rest {
    ty: Arc<SubType>,
    /// All supertypes and the type itself: `depth + 1` ids.
    supertypes: Arc<[u32]>,
    /// Owns what the record's own pointer leads to.
    layout: Arc<ObjectLayout>,
}

// SAFETY: the pointers lead to what the registry owns and never changes.
unsafe impl Send for VmType {}
// SAFETY: as above.
unsafe impl Sync for VmType {}

impl VmType {
    /// The record of a type. `rest` stays in place as long as the registry.
    fn new(id: u32, rest: &Rest) -> VmType {
        let Rest { layout, supertypes, .. } = rest;
        let mut inline = [NO_TYPE; INLINE_SUPERTYPES];
        for (to, from) in inline.iter_mut().zip(&supertypes[..]) {
            *to = *from;
        }
        let (trace, element_log2) = match layout.kind {
            ObjectKind::Array => {
                let kind = layout.element().kind;
                let refs = kind == FieldKind::Ref;
                (if refs { Trace::Elements } else { Trace::Nothing }, kind.size_log2() as u8)
            }
            _ if layout.refs.is_empty() => (Trace::Nothing, 0),
            _ => (Trace::Fields, 0),
        };
        VmType {
            supertypes: inline,
            header: crate::gc::object::header(id, layout.kind),
            layout: Arc::as_ptr(layout),
            size: layout.size,
            // Validation bounds the depth far below.
            depth: (supertypes.len() - 1) as u16,
            element_log2,
            trace,
            rest,
        }
    }

    /// The layout of its objects.
    #[inline]
    pub fn layout(&self) -> &ObjectLayout {
        // SAFETY: in place as long as the registry, which outlives every table.
        unsafe { &*self.layout }
    }

    /// Whether it is the type of functions: its layout is that of exceptions.
    #[inline]
    pub fn is_func(&self) -> bool {
        self.layout().kind == ObjectKind::Exception
    }

    /// Its declared supertype at a depth; itself at its own.
    #[inline]
    fn supertype(&self, depth: u16) -> Option<u32> {
        if depth > self.depth {
            return None;
        }
        self.rest().supertypes.get(usize::from(depth)).copied()
    }

    #[inline]
    fn rest(&self) -> &Rest {
        // SAFETY: as in `layout`.
        unsafe { &*self.rest }
    }

    /// The type itself; inside, references are canonical ids.
    #[inline]
    pub fn ty(&self) -> &SubType {
        &self.rest().ty
    }
}

/// The records of all types up to some moment.
///
/// Good as long as the registry it is from: the stores and tiers that keep one
/// keep the registry too.
#[derive(Clone, Copy, Debug)]
pub struct TypeTable {
    base: *const VmType,
    len: usize,
}

impl TypeTable {
    /// A table without types.
    pub const EMPTY: TypeTable = TypeTable { base: std::ptr::null(), len: 0 };

    /// The first record.
    pub fn base(&self) -> *const VmType {
        self.base
    }

    /// Whether it knows the type.
    #[inline]
    pub fn contains(&self, id: u32) -> bool {
        (id as usize) < self.len
    }

    /// The record of a type.
    ///
    /// # Panics
    /// If the table does not know it.
    #[inline]
    pub fn get(&self, id: u32) -> &VmType {
        assert!(self.contains(id), "a type that the table knows");
        // SAFETY: just checked; see the head of this file.
        unsafe { &*self.base.add(id as usize) }
    }

    /// Whether type `a` is `b` or a declared subtype of it.
    ///
    /// # Panics
    /// If the table does not know them.
    #[inline]
    pub fn is_subtype(&self, a: u32, b: u32) -> bool {
        a == b || self.get(a).supertype(self.get(b).depth) == Some(b)
    }
}

/// All records of a registry.
#[derive(Debug, Default)]
pub(super) struct Records {
    /// The newest buffer last; the others are copies of its beginning.
    buffers: Vec<Vec<VmType>>,
    /// What records point to: in boxes, because it must not move.
    #[expect(clippy::vec_box, reason = "records point to what is in the boxes")]
    kept: Vec<Box<Rest>>,
}

impl Records {
    /// Appends the record of the next type.
    pub(super) fn push(
        &mut self,
        id: u32,
        ty: &Arc<SubType>,
        layout: Arc<ObjectLayout>,
        supertypes: &Arc<[u32]>,
    ) {
        let (ty, supertypes) = (Arc::clone(ty), Arc::clone(supertypes));
        let rest = Box::new(Rest { ty, supertypes, layout });
        let record = VmType::new(id, &rest);
        self.kept.push(rest);
        if self.buffers.last().is_none_or(|buffer| buffer.len() == buffer.capacity()) {
            let old = self.buffers.last().map_or(&[][..], |buffer| buffer);
            let mut buffer = Vec::with_capacity((2 * old.len()).max(64));
            buffer.extend_from_slice(old);
            self.buffers.push(buffer);
        }
        if let Some(buffer) = self.buffers.last_mut() {
            // Within its capacity, so nothing moves.
            buffer.push(record);
        }
    }

    /// The records so far.
    pub(super) fn table(&self) -> TypeTable {
        self.buffers.last().map_or(TypeTable::EMPTY, |buffer| TypeTable {
            base: buffer.as_ptr(),
            len: buffer.len(),
        })
    }
}
