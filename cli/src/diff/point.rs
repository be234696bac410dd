//! The points of a module at which the sides are compared.

use std::fmt;

/// A place of the original module.
#[derive(Clone, Copy, Debug)]
pub(super) struct Point {
    pub(super) kind: Kind,
    /// The function's index.
    pub(super) func: u32,
    /// The byte offset in the module.
    pub(super) offset: u64,
}

/// What is told at a point.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    /// The arguments of a call that begins.
    Enter,
    /// The results of a call that returns.
    Exit,
    /// The arguments of a call of an imported function.
    HostEnter,
    /// Its results.
    HostExit,
    /// The address operand and the value of a store into a memory.
    Store { memory: u32, static_offset: u64 },
    /// The operands of an instruction that writes many bytes.
    Bulk,
    /// The number of pages that a memory is to grow by.
    Grow,
    /// The value that a global gets.
    Global(u32),
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Kind::Enter => f.write_str("call with"),
            Kind::Exit => f.write_str("return of"),
            Kind::HostEnter => f.write_str("call of the host with"),
            Kind::HostExit => f.write_str("return of the host with"),
            Kind::Store { memory, static_offset } => {
                write!(f, "write to memory {memory} at offset {static_offset:#x} and")
            }
            Kind::Bulk => f.write_str("bulk write with"),
            Kind::Grow => f.write_str("memory.grow by"),
            Kind::Global(global) => write!(f, "global {global} becomes"),
        }
    }
}
