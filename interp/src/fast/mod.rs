//! The fast interpreter: register code, translated per function at its first
//! call, direct-threaded.
//!
//! [`translate`] turns a body into cells ([`code`]); each cell begins with the
//! address of its handler ([`exec`]), and each handler hands over to the next
//! ([`dispatch`], the only place that knows how). Frames lie on the store's value
//! stack ([`frames`]); [`entry`] is the way in, [`trap`] the way out.
//!
//! Where an instruction is: `i32.add`, say, has its meaning in `bimetal_core::sem` and a row
//! in `bimetal_core::ops`, of which `exec::num` makes its handlers. The walker tells
//! `translate::backend` of it, and `translate::plain` makes an `Op::Bin` of it
//! (`translate::ir`), unless it becomes part of another instruction (`translate::address`,
//! `fuse`). `translate::cell` chooses its handler, by where its operands are, unless it
//! shares a cell with the next instruction (`translate::combine`). `bimetal dump` shows
//! what has become of a function.

mod branches;
mod code;
mod dispatch;
mod dump;
mod entry;
mod exception;
mod exec;
mod frames;
mod hot;
mod layouts;
mod lazy;
mod roots;
mod translate;
mod trap;
mod vreg;

pub use code::{FastModule, Stats};
pub use dump::dump;
pub use entry::call;
pub use hot::{NotedCall, OuterLoop};
pub use translate::Fusions;

#[cfg(test)]
mod tests;
