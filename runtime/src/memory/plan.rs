//! What a memory reserves, and what compiled code may therefore leave unchecked.
//!
//! A plan follows from the memory's type and the engine's settings alone, so
//! that the compiler of an importing module arrives at the same answers as the
//! store that made the memory. Where an import's type says less than the
//! memory's own, the answers stay true: a 32-bit memory is never matched by a
//! 64-bit one, page sizes are equal, and a memory that an importer believes to
//! be of fixed size has reached that size when it is imported.

use bimetal_core::types::{AddrType, MemoryType};

use crate::limits::Settings;

/// Inaccessible bytes behind a reservation: an access that ends less than this behind
/// a byte of the memory touches the memory or a page that faults.
pub const GUARD_BYTES: u64 = 2 << 30;

/// The half of a 32-bit address range.
pub const HALF: u64 = 1 << 31;

/// Address space in front of memories with guard pages. The upper half of a 32-bit
/// memory is there a second time (see [`MemoryPlan::circular`]); only Linux has what
/// that takes. Processors other than x86-64 may have written some bytes of a store when
/// the page of others faults: there, one across the beginning of the memory would show.
pub const FRONT_BYTES: u64 = if cfg!(all(
    any(target_os = "linux", target_os = "android"),
    target_arch = "x86_64",
    not(miri)
)) {
    HALF
} else {
    0
};

/// The longest circular memory: all of the address range but a page.
const CIRCLE_BYTES: u64 = (1 << 32) - (1 << 16);

/// What a 32-bit address range takes together with its guard.
pub const GUARDED_BYTES: u64 = (1 << 32) + GUARD_BYTES;

/// Memories that cannot grow beyond this are reserved as a whole, so that they
/// never move.
const RESERVED_BYTES: u64 = 8 << 30;

/// How a memory lies in the host's address space.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct MemoryPlan {
    /// Bytes reserved for the contents when the memory is made.
    pub reservation: u64,
    /// Bytes behind the reservation that stay inaccessible for ever. Where there are any,
    /// what the memory's length does not cover of the reservation is inaccessible to the
    /// byte, and all memories of the address and page size have as many, wherever they
    /// move: compiled code relies on that.
    pub guard: u64,
    /// Bytes reserved in front of the memory.
    pub front: u64,
    /// Whether the upper half of the address range is there a second time, in front of
    /// the memory: byte `2^32 - n` is the one `n` bytes in front of the first, or both
    /// fault, for `n` up to [`HALF`]. Then the last page of the address range is never
    /// part of the memory, so that no access runs over from the end of the upper half
    /// into the beginning of the lower: what has that page from the start is no circle.
    pub circular: bool,
    /// Whether growing can move the memory: then compiled code reloads the base
    /// after everything that can grow it.
    pub can_move: bool,
    /// Whether every 32-bit index lies in the reservation.
    whole_address_range: bool,
}

impl MemoryPlan {
    /// The plan for memories of this type.
    pub fn new(ty: &MemoryType, settings: &Settings) -> MemoryPlan {
        let bytes = |pages: u64| pages.saturating_mul(ty.page_size());
        let min = bytes(ty.limits.min);
        let max = bytes(ty.limits.max.unwrap_or(ty.max_pages()).min(ty.max_pages()));
        // Lengths of other memories may end within a page of the host.
        let guarded = settings.memory_guard_pages && ty.page_size_log2 == 16;
        if guarded && ty.addr == AddrType::I32 {
            return MemoryPlan {
                reservation: 1 << 32,
                guard: GUARD_BYTES,
                front: FRONT_BYTES,
                circular: FRONT_BYTES == HALF && min <= CIRCLE_BYTES,
                can_move: false,
                whole_address_range: true,
            };
        }
        // Threads that share a memory rely on its place. An import's maximum is at
        // least the memory's own, so one that its importer believes to be reserved
        // is. Without guard pages address space is to be spared.
        let reserved = settings.memory_guard_pages && max <= RESERVED_BYTES;
        let can_move = !ty.shared && max > min && !reserved;
        let reservation = if can_move { min } else { max };
        // With a guard as much as a 32-bit memory, so that one's slot serves the other.
        let (reservation, guard) =
            if guarded { (reservation.max(1 << 32), GUARD_BYTES) } else { (reservation, 0) };
        let front = if guarded { FRONT_BYTES } else { 0 };
        let (circular, whole_address_range) = (false, false);
        MemoryPlan { reservation, guard, front, circular, can_move, whole_address_range }
    }

    /// What compiled code may rely on of a memory that is imported as this type.
    pub fn of_import(ty: &MemoryType, settings: &Settings) -> MemoryPlan {
        let plan = MemoryPlan::new(ty, settings);
        // What has all pages from the start is no circle, and has no smaller maximum.
        let max = ty.limits.max.and_then(|max| max.checked_mul(ty.page_size()));
        let circular = plan.circular && max.is_some_and(|max| max <= CIRCLE_BYTES);
        MemoryPlan { circular, ..plan }
    }

    /// As many bytes as a memory may have by the way it lies.
    pub fn max_bytes(&self) -> u64 {
        if self.circular { CIRCLE_BYTES } else { u64::MAX }
    }

    /// The address space that a memory takes when it is made, without what is in front.
    pub fn total_bytes(&self) -> u64 {
        self.reservation.saturating_add(self.guard)
    }

    /// Whether an access of `width` bytes with this constant offset needs no
    /// bounds check: whatever the 32-bit index, it touches the memory or a page
    /// that faults.
    pub fn elides_check(&self, offset: u64, width: u32) -> bool {
        let end = u64::from(u32::MAX).saturating_add(offset).saturating_add(u64::from(width));
        self.whole_address_range && end <= self.reservation + self.guard
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bimetal_core::types::Limits;

    fn memory(min: u64, max: Option<u64>) -> MemoryType {
        let limits = Limits { min, max };
        MemoryType { addr: AddrType::I32, limits, shared: false, page_size_log2: 16 }
    }

    #[test]
    fn a_guarded_memory_needs_no_check_up_to_the_guard() {
        let plan = MemoryPlan::new(&memory(1, None), &Settings::default());
        assert!(plan.elides_check(0, 16));
        assert!(plan.elides_check(GUARD_BYTES - 8, 8));
        // The very last access: index 2^32 - 1 ends at the guard's last byte.
        assert!(plan.elides_check(GUARD_BYTES - 7, 8));
        assert!(!plan.elides_check(GUARD_BYTES - 6, 8));
        assert!(!plan.elides_check(u64::MAX, 1));
        assert!(!plan.can_move);
    }

    #[test]
    fn only_32_bit_memories_of_whole_pages_need_no_check() {
        let wide = MemoryType { addr: AddrType::I64, ..memory(1, None) };
        let bytes = MemoryType { page_size_log2: 0, ..memory(100, None) };
        for (ty, guard, can_move) in [(wide, GUARD_BYTES, true), (bytes, 0, false)] {
            let plan = MemoryPlan::new(&ty, &Settings::default());
            assert!(!plan.elides_check(0, 1));
            assert_eq!((plan.guard, plan.can_move), (guard, can_move));
            assert_eq!(plan.reservation, 1 << 32);
        }
    }

    #[test]
    fn an_import_is_a_circle_only_if_all_that_it_can_stand_for_are() {
        let settings = Settings::default();
        let (most, all) = (CIRCLE_BYTES >> 16, 1 << 16);
        for (min, max) in [(1, None), (1, Some(most)), (1, Some(all)), (most, None)] {
            let ty = memory(min, max);
            assert_eq!(MemoryPlan::new(&ty, &settings).circular, FRONT_BYTES == HALF);
            let import = MemoryPlan::of_import(&ty, &settings);
            assert_eq!(import.circular, FRONT_BYTES == HALF && max == Some(most));
        }
        for max in [None, Some(all)] {
            let plan = MemoryPlan::new(&memory(all, max), &settings);
            assert!(!plan.circular && plan.max_bytes() > CIRCLE_BYTES);
        }
    }

    #[test]
    fn a_wide_memory_with_a_small_maximum_is_reserved_as_a_whole() {
        let plan = |min, max| {
            let ty = MemoryType { addr: AddrType::I64, ..memory(min, max) };
            let plan = MemoryPlan::new(&ty, &Settings::default());
            assert_eq!(plan.guard, GUARD_BYTES);
            (plan.reservation, plan.can_move)
        };
        assert_eq!(plan(1, Some(10)), (1 << 32, false));
        assert_eq!(plan(1, Some(RESERVED_BYTES >> 16)), (RESERVED_BYTES, false));
        assert_eq!(plan(1, Some((RESERVED_BYTES >> 16) + 1)), (1 << 32, true));
        assert_eq!(plan(1, Some(1 << 48)), (1 << 32, true));
        assert_eq!(plan(1 << 20, None), (1 << 36, true));
    }

    #[test]
    fn every_memory_that_an_import_can_stand_for_has_its_guard() {
        for settings in [true, false] {
            let settings = Settings { memory_guard_pages: settings, ..Settings::default() };
            let plan = |max| {
                let ty = MemoryType { addr: AddrType::I64, ..memory(1, max) };
                MemoryPlan::new(&ty, &settings)
            };
            for max in [None, Some(1), Some(1 << 17), Some(1 << 20)] {
                assert_eq!(plan(None).guard, plan(max).guard);
                assert!(plan(None).can_move);
            }
        }
    }

    #[test]
    fn without_guard_pages_only_what_can_grow_can_move() {
        let settings = Settings { memory_guard_pages: false, ..Settings::default() };
        assert!(MemoryPlan::new(&memory(1, None), &settings).can_move);
        assert!(!MemoryPlan::new(&memory(2, Some(2)), &settings).can_move);
        let shared = MemoryType { shared: true, ..memory(1, Some(8)) };
        let plan = MemoryPlan::new(&shared, &settings);
        assert_eq!((plan.can_move, plan.reservation), (false, 8 << 16));
    }
}
