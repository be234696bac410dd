//! Instructions on many bytes that do not go through the runtime.

use bimetal_core::index::MemIdx;
use bimetal_core::ops::slow::{SlowImm, SlowOp};
use bimetal_parser::walk::MemArg;

use super::access::is_plain;
use super::link::Linker;
use crate::fast::dispatch::{Handler, handler};
use crate::fast::exec::bulk::{MemoryCopy, MemoryFill};

/// The handler of an instruction on many bytes of a memory 0 that has the short form.
pub(super) fn bulk_handler(l: &Linker<'_>, op: SlowOp, imm: SlowImm) -> Option<Handler> {
    let memory = |index| MemArg { memory: MemIdx(index), offset: 0 };
    let plain = |index| is_plain(&l.tier.module, memory(index));
    match op {
        _ if !l.tier.fusions.bulk => None,
        SlowOp::memory_copy if plain(imm.a) && plain(imm.b) => Some(handler::<MemoryCopy>),
        SlowOp::memory_fill if plain(imm.a) => Some(handler::<MemoryFill>),
        _ => None,
    }
}
