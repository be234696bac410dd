//! Runs: iterations of loops that copy or fill memory, all at once
//! ([`bimetal_core::ops::run`]).
//!
//! They do exactly what the loop would have done, or nothing: never does a run trap,
//! and memory is as if the stores had been done one after the other.

use bimetal_core::addr::range_in_bounds;
use bimetal_core::ops::run::{MAX_SPREAD, MemoryRun};
use bimetal_core::ops::slow::SlowImm;

use super::memory::memory;
use crate::vmctx::{BuiltinResult, VmCtx};

/// The bytes that a run stores or loads.
#[derive(Clone, Copy)]
struct Bytes {
    start: u64,
    count: u64,
}

/// A run, how long it is, and the memory that it is in.
struct Extent {
    run: MemoryRun,
    backward: bool,
    iterations: u64,
    base: *mut u8,
    len: u64,
}

impl Extent {
    /// # Safety
    /// As for the builtins.
    unsafe fn new(cx: *mut VmCtx, imm: u64, iterations: u64) -> Extent {
        let run = MemoryRun::from_imm(SlowImm::unpack(imm));
        let (backward, iterations) = if run.signed {
            let signed = iterations.cast_signed();
            (signed < 0, signed.unsigned_abs())
        } else {
            (run.backward, u64::from(iterations as u32))
        };
        // SAFETY: by the contract of `Builtin` the context is live.
        let (base, len) = unsafe {
            let (vm, _) = memory(cx, run.memory.into());
            ((*vm).base, (*vm).byte_len())
        };
        Extent { run, backward, iterations, base, len }
    }

    /// What is accessed from the index of the first iteration on, if no index wraps
    /// and all of it is inside the memory.
    fn bytes(&self, index: u64, offset: u16) -> Option<Bytes> {
        const INDICES: u64 = 1 << 32;
        let unit = u64::from(self.run.unit());
        let count = unit.checked_mul(self.iterations).filter(|&count| count != 0)?;
        let index = u64::from(index as u32);
        let low = if self.backward { index.checked_sub(count - unit)? } else { index };
        let end = low.checked_add(count)?;
        // As far from either end as any other index of the same iteration can be.
        let margin = if self.run.indices { u64::from(MAX_SPREAD) } else { 0 };
        if low < margin || end > INDICES - margin {
            return None;
        }
        let start = low + u64::from(offset);
        range_in_bounds(start, count, self.len).then_some(Bytes { start, count })
    }
}

fn whether(done: bool) -> BuiltinResult {
    BuiltinResult { value: done.into(), trap: 0 }
}

/// Iterations that load and store.
pub(super) unsafe extern "C-unwind" fn memory_copy_run(
    cx: *mut VmCtx,
    imm: u64,
    to: u64,
    from: u64,
    iterations: u64,
) -> BuiltinResult {
    // SAFETY: the caller's promise; both ranges are inside the memory, which nobody else
    // accesses meanwhile.
    whether(unsafe {
        let extent = Extent::new(cx, imm, iterations);
        let to = extent.bytes(to, extent.run.store_offset);
        let from = extent.bytes(from, extent.run.load_offset);
        to.zip(from).is_some_and(|(to, from)| {
            copy(extent.base, to, from, extent.backward, extent.run.width_log2)
        })
    })
}

/// Copies as a loop does that goes from one end to the other. Whether it could.
///
/// # Safety
/// Both ranges are inside the memory that begins at `base`.
unsafe fn copy(base: *mut u8, to: Bytes, from: Bytes, backward: bool, width_log2: u8) -> bool {
    let apart = to.start.abs_diff(from.start);
    let count = to.count;
    let behind = if backward { to.start > from.start } else { to.start < from.start };
    // SAFETY: the caller's promise.
    unsafe {
        let (to, from) = (base.add(to.start as usize), base.add(from.start as usize));
        if behind || apart == 0 || apart >= count {
            // No byte is stored before it has been loaded.
            std::ptr::copy(from, to, count as usize);
            true
        } else if backward || apart < 1 << width_log2 {
            false
        } else {
            repeat(from, to, apart as usize, count as usize);
            true
        }
    }
}

/// Copies forward where the destination begins inside the source: what lies between
/// their beginnings is repeated.
///
/// # Safety
/// The ranges are valid, and `apart`, the distance from `from` to `to`, is not zero.
unsafe fn repeat(from: *mut u8, mut to: *mut u8, mut apart: usize, mut count: usize) {
    while count != 0 {
        let part = count.min(apart);
        // SAFETY: `to` is `apart` bytes behind `from`, and `part` is no more than that.
        unsafe {
            std::ptr::copy_nonoverlapping(from, to, part);
            to = to.add(part);
        }
        count -= part;
        // All before `to` now repeats what is at `from`, so more of it can be copied.
        apart += part;
    }
}

/// Iterations that store a value.
pub(super) unsafe extern "C-unwind" fn memory_fill_run(
    cx: *mut VmCtx,
    imm: u64,
    to: u64,
    value: u64,
    iterations: u64,
) -> BuiltinResult {
    // SAFETY: the caller's promise; the range is inside the memory, which nobody else
    // accesses meanwhile.
    whether(unsafe {
        let extent = Extent::new(cx, imm, iterations);
        extent.bytes(to, extent.run.store_offset).is_some_and(|Bytes { start, count }| {
            let to = extent.base.add(start as usize);
            fill(to, count as usize, value, extent.run.width_log2)
        })
    })
}

/// Fills with copies of a value's low bytes. Whether it could.
///
/// # Safety
/// The range is valid, and holds a whole number of them.
unsafe fn fill(to: *mut u8, count: usize, value: u64, width_log2: u8) -> bool {
    let bytes = value.to_le_bytes();
    let width = 1usize << width_log2;
    let pattern = &bytes[..width.min(bytes.len())];
    // SAFETY: the caller's promise.
    unsafe {
        if pattern.iter().all(|&byte| byte == bytes[0]) {
            to.write_bytes(bytes[0], count);
            return true;
        }
        if width > bytes.len() || count < width {
            return false;
        }
        to.copy_from_nonoverlapping(pattern.as_ptr(), width);
        repeat(to, to.add(width), width, count - width);
    }
    true
}
