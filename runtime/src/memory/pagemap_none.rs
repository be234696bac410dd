//! Where the system does not tell which pages were written to.

use std::ops::Range;

/// Nobody tells: never calls `each`, and has not come to the end.
pub(super) fn written(_: *const u8, _: Range<usize>, _: impl FnMut(Range<usize>) -> bool) -> bool {
    false
}
