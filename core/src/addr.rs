//! The effective address of a memory access and its bounds check (spec:
//! *Execution / Instructions / Memory Instructions*): computed here and nowhere
//! else in the interpreters and the runtime.

use crate::trap::TrapCode;

/// The position of the first byte of an access of `width` bytes at
/// `index + offset` in a memory of `len` bytes.
///
/// # Errors
/// [`TrapCode::MemoryOutOfBounds`] if any byte of the access lies outside the
/// memory; sums that leave 64 bits count as outside.
#[inline(always)]
pub const fn effective(index: u64, offset: u64, width: u64, len: u64) -> Result<u64, TrapCode> {
    let Some(start) = index.checked_add(offset) else {
        return Err(TrapCode::MemoryOutOfBounds);
    };
    let Some(end) = start.checked_add(width) else {
        return Err(TrapCode::MemoryOutOfBounds);
    };
    if end <= len { Ok(start) } else { Err(TrapCode::MemoryOutOfBounds) }
}

/// As [`effective`], for an access that must be naturally aligned: `width` is a power
/// of two and divides the position.
///
/// # Errors
/// [`TrapCode::UnalignedAtomic`] before anything else; then as [`effective`].
#[inline(always)]
pub const fn effective_aligned(
    index: u64,
    offset: u64,
    width: u64,
    len: u64,
) -> Result<u64, TrapCode> {
    // Powers of two divide a sum that wrapped as they divide the sum.
    if index.wrapping_add(offset) & (width - 1) != 0 {
        return Err(TrapCode::UnalignedAtomic);
    }
    effective(index, offset, width, len)
}

/// Whether the range of `count` items from `start` lies inside `len` items.
///
/// Bulk operations check the whole range before they touch anything.
#[inline(always)]
pub const fn range_in_bounds(start: u64, count: u64, len: u64) -> bool {
    match start.checked_add(count) {
        Some(end) => end <= len,
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_byte_decides() {
        assert_eq!(effective(0, 0, 4, 4), Ok(0));
        assert_eq!(effective(1, 0, 4, 4), Err(TrapCode::MemoryOutOfBounds));
        assert_eq!(effective(65_532, 0, 4, 65_536), Ok(65_532));
    }

    #[test]
    fn alignment_is_checked_before_bounds() {
        assert_eq!(effective_aligned(3, 1, 4, 8), Ok(4));
        assert_eq!(effective_aligned(4, 1, 4, 8), Err(TrapCode::UnalignedAtomic));
        assert_eq!(effective_aligned(9, 0, 4, 8), Err(TrapCode::UnalignedAtomic));
        assert_eq!(effective_aligned(8, 0, 4, 8), Err(TrapCode::MemoryOutOfBounds));
        assert_eq!(effective_aligned(u64::MAX, 1, 8, 8), Err(TrapCode::MemoryOutOfBounds));
        assert_eq!(effective_aligned(7, 0, 1, 8), Ok(7));
    }

    #[test]
    fn sums_do_not_wrap() {
        assert_eq!(effective(u64::MAX, 1, 1, 16), Err(TrapCode::MemoryOutOfBounds));
        assert_eq!(effective(u64::MAX - 1, 1, 8, 16), Err(TrapCode::MemoryOutOfBounds));
        assert!(!range_in_bounds(u64::MAX, 1, u64::MAX));
        assert!(range_in_bounds(4, 0, 4));
        assert!(!range_in_bounds(5, 0, 4));
    }
}
