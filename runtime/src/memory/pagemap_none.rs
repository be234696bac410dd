//! Where the system does not tell which pages were written to.

/// Pages that are asked about at once.
pub(super) const MOST: usize = 512;

/// Nobody tells.
pub(super) fn written(_: *const u8, _: usize) -> Option<std::iter::Empty<bool>> {
    None
}
