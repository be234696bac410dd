//! References to internal and external values: 32 bits that say themselves what
//! they refer to.

use bimetal_core::value::Slot;

/// A reference of the hierarchies of `any`, `extern` and `exn`.
///
/// | bits | meaning |
/// |---|---|
/// | 0 | null |
/// | `value << 1 \| 1` | an `i31` |
/// | `index << 3 \| 2` | a host value of the store |
/// | a multiple of 8 | an object: its offset in the store's heap |
///
/// In a [`Slot`] the upper half is zero, so two references are the same if their
/// slots are. `any.convert_extern` and `extern.convert_any` change no bit: a host
/// value is told from internal values by its tag, in either hierarchy.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[repr(transparent)]
pub struct GcRef(u32);

impl GcRef {
    /// Null.
    pub const NULL: GcRef = GcRef(0);
    /// How many host values can be told apart.
    pub const HOST_VALUES: u32 = 1 << 29;
    const HOST_TAG: u32 = 2;

    /// The reference with these bits.
    #[inline(always)]
    pub const fn from_bits(bits: u32) -> GcRef {
        GcRef(bits)
    }

    /// Its bits.
    #[inline(always)]
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// The reference in a slot.
    #[inline(always)]
    pub const fn from_slot(slot: Slot) -> GcRef {
        GcRef(slot.u32())
    }

    /// A slot that holds the reference.
    #[inline(always)]
    pub const fn slot(self) -> Slot {
        Slot::from_bits(self.0 as u64)
    }

    /// `ref.i31`: the low 31 bits of a number.
    #[inline(always)]
    pub const fn i31(value: i32) -> GcRef {
        GcRef((value as u32) << 1 | 1)
    }

    /// The reference to the host value at an index below [`GcRef::HOST_VALUES`].
    pub(crate) const fn host(index: u32) -> GcRef {
        GcRef(index << 3 | GcRef::HOST_TAG)
    }

    /// Whether it is null.
    #[inline(always)]
    pub const fn is_null(self) -> bool {
        self.0 == 0
    }

    /// Whether it is an `i31`.
    #[inline(always)]
    pub const fn is_i31(self) -> bool {
        self.0 & 1 != 0
    }

    /// Whether it is an object: something that a collection can move.
    #[inline(always)]
    pub const fn is_object(self) -> bool {
        self.0 & 7 == 0 && self.0 != 0
    }

    /// Whether it leads to something that lives as long as it can be reached: an
    /// object or a host value.
    #[inline(always)]
    pub const fn is_collected(self) -> bool {
        self.0 & 1 == 0 && self.0 != 0
    }

    /// `i31.get_s`, if it is an `i31`.
    #[inline(always)]
    pub const fn i31_signed(self) -> Option<i32> {
        if self.is_i31() { Some(self.0.cast_signed() >> 1) } else { None }
    }

    /// `i31.get_u`, if it is an `i31`.
    #[inline(always)]
    pub const fn i31_unsigned(self) -> Option<i32> {
        if self.is_i31() { Some((self.0 >> 1).cast_signed()) } else { None }
    }

    /// The index of the host value, if it is one.
    pub const fn host_index(self) -> Option<u32> {
        if self.0 & 7 == GcRef::HOST_TAG { Some(self.0 >> 3) } else { None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_i31_keeps_31_bits_with_or_without_sign() {
        for (value, signed, unsigned) in [
            (0, 0, 0),
            (-1, -1, 0x7fff_ffff),
            (0x4000_0000, -0x4000_0000, 0x4000_0000),
            (i32::MIN, 0, 0),
            (0x3fff_ffff, 0x3fff_ffff, 0x3fff_ffff),
        ] {
            let reference = GcRef::i31(value);
            assert_eq!(reference.i31_signed(), Some(signed));
            assert_eq!(reference.i31_unsigned(), Some(unsigned));
            assert!(!reference.is_null() && !reference.is_object());
        }
    }

    #[test]
    fn the_kinds_of_references_exclude_each_other() {
        let host = GcRef::host(GcRef::HOST_VALUES - 1);
        assert_eq!(host.host_index(), Some(GcRef::HOST_VALUES - 1));
        assert!(!host.is_i31() && !host.is_object() && !host.is_null());
        let object = GcRef::from_bits(1 << 16);
        assert!(object.is_object() && object.host_index().is_none() && !object.is_i31());
        assert!(GcRef::NULL.is_null() && !GcRef::NULL.is_object());
        assert_eq!(GcRef::from_slot(host.slot()), host);
    }
}
