//! Accesses to memory that other threads may access at the same time.
//!
//! **What must never happen here:** a Rust reference to guest memory is made.

use std::sync::atomic::Ordering::{Relaxed, SeqCst};
use std::sync::atomic::{AtomicU8, AtomicU16, AtomicU32, AtomicU64};

use bimetal_core::ops::atomic::{AtomicKind, AtomicOp};

/// Executes an atomic access and returns what it pushes, zero-extended; 0 if it
/// pushes nothing. Operands that it lacks are ignored.
///
/// # Safety
/// `at` is a multiple of the access's width and valid for as many bytes, which
/// nobody has a reference to.
#[inline(always)] // the body of a handler per instruction
pub unsafe fn atomic_access(op: AtomicOp, at: *mut u8, args: [u64; 2]) -> u64 {
    macro_rules! access {
        ($atomic:ident $int:ident) => {{
            // SAFETY: the caller's promise.
            let cell = unsafe { $atomic::from_ptr(at.cast()) };
            match op.kind() {
                AtomicKind::Load => u64::from($int::from_le(cell.load(SeqCst))),
                AtomicKind::Store => {
                    cell.store((args[0] as $int).to_le(), SeqCst);
                    0
                }
                kind => {
                    let mut found = cell.load(Relaxed);
                    loop {
                        let old = u64::from($int::from_le(found));
                        let new = (kind.update(old, args, op.mask()) as $int).to_le();
                        match cell.compare_exchange_weak(found, new, SeqCst, Relaxed) {
                            Ok(_) => break old,
                            Err(other) => found = other,
                        }
                    }
                }
            }
        }};
    }
    match op.width() {
        1 => access!(AtomicU8 u8),
        2 => access!(AtomicU16 u16),
        4 => access!(AtomicU32 u32),
        _ => access!(AtomicU64 u64),
    }
}

/// Calls `$part` for the largest naturally aligned parts of a range, in order, with
/// the type of the part and its position.
macro_rules! in_aligned_parts {
    ($base:ident, $count:expr, $part:ident) => {
        let (count, mut at) = ($count, 0);
        while at < count {
            let address = ($base as usize).wrapping_add(at);
            let rest = count - at;
            if address % 8 == 0 && rest >= 8 {
                $part!(AtomicU64 u64, at);
            } else if address % 4 == 0 && rest >= 4 {
                $part!(AtomicU32 u32, at);
            } else if address % 2 == 0 && rest >= 2 {
                $part!(AtomicU16 u16, at);
            } else {
                $part!(AtomicU8 u8, at);
            }
        }
    };
}

/// Copies out of guest memory that others may write meanwhile. An aligned number
/// does not tear.
///
/// # Safety
/// `from` is valid for as many bytes as `to` has; the two do not overlap.
pub unsafe fn load_bytes(from: *const u8, to: &mut [u8]) {
    macro_rules! part {
        ($atomic:ident $int:ident, $at:ident) => {{
            // SAFETY: inside the range, aligned, and written through atomics or by
            // guests only.
            let cell = unsafe { $atomic::from_ptr(from.add($at).cast_mut().cast()) };
            let bytes = cell.load(Relaxed).to_ne_bytes();
            to[$at..$at + bytes.len()].copy_from_slice(&bytes);
            $at += bytes.len();
        }};
    }
    in_aligned_parts!(from, to.len(), part);
}

/// Copies into guest memory that others may access meanwhile. An aligned number
/// does not tear.
///
/// # Safety
/// `to` is valid for as many bytes as `from` has; the two do not overlap.
pub unsafe fn store_bytes(to: *mut u8, from: &[u8]) {
    macro_rules! part {
        ($atomic:ident $int:ident, $at:ident) => {{
            let mut bytes = [0; size_of::<$int>()];
            bytes.copy_from_slice(&from[$at..$at + size_of::<$int>()]);
            // SAFETY: as in `load_bytes`.
            let cell = unsafe { $atomic::from_ptr(to.add($at).cast()) };
            cell.store($int::from_ne_bytes(bytes), Relaxed);
            $at += bytes.len();
        }};
    }
    in_aligned_parts!(to, from.len(), part);
}

#[cfg(test)]
mod tests {
    use super::*;
    use bimetal_core::value::Slot;

    #[test]
    fn every_access_does_what_its_row_says() {
        for &op in AtomicOp::ALL {
            for args in [[5, 9], [0x1122_3344_5566_7788, 7], [u64::MAX, 0]] {
                let mut memory = [0x1122_3344_5566_7788_u64, 0xaabb_ccdd_eeff_0011];
                let before = memory[0] & op.mask();
                let (new, result) = op.eval(before, args.map(Slot::from_bits));
                // SAFETY: aligned for every width, and valid.
                let pushed = unsafe { atomic_access(op, memory.as_mut_ptr().cast(), args) };
                assert_eq!(pushed, result.map_or(0, Slot::bits), "{}", op.name());
                let expected = 0x1122_3344_5566_7788 & !op.mask() | new;
                assert_eq!(memory, [expected, 0xaabb_ccdd_eeff_0011], "{}", op.name());
            }
        }
    }

    #[test]
    fn copies_of_any_length_and_alignment_copy_every_byte() {
        let source: Vec<u8> = (0..40).collect();
        for start in 0..9 {
            for len in 0..24 {
                let mut words = [0_u64; 6];
                let base = words.as_mut_ptr().cast::<u8>();
                let mut back = vec![0; len];
                // SAFETY: at most 33 of the 48 bytes.
                unsafe {
                    store_bytes(base.add(start), &source[..len]);
                    load_bytes(base.add(start), &mut back);
                }
                assert_eq!(back, source[..len]);
                assert_eq!(
                    words.iter().flat_map(|w| w.to_ne_bytes()).sum::<u8>(),
                    source[..len].iter().sum::<u8>()
                );
            }
        }
    }
}
