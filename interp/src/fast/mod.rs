//! The fast interpreter: register code, translated per function at its first
//! call, direct-threaded.
//!
//! [`translate`] turns a body into cells ([`code`]); each cell begins with the
//! address of its handler ([`exec`]), and each handler hands over to the next
//! ([`dispatch`], the only place that knows how). Frames lie on the store's value
//! stack ([`frames`]); [`entry`] is the way in, [`trap`] the way out.

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
