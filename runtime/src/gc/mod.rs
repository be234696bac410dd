//! Garbage collection: the heap of a store, its objects and the collector.
//!
//! A store reserves 4 GiB of address space; a reference is a 32-bit offset into
//! it ([`GcRef`]). An object begins with its canonical type, whose record
//! ([`crate::types::VmType`]) says how large it is and which parts of it are
//! references ([`layout`]). Allocation moves a pointer ([`heap`]); when the space
//! is used up, all that can be reached from the roots ([`roots`]) is copied to the
//! other half ([`collect`]) and every root is updated.
//!
//! So whoever runs code obeys two rules. A reference that is to survive an
//! allocation is in a root at that moment: a canonical slot of a frame, a table,
//! a global, a handle. And no address of an object is kept across one.
//!
//! References to functions are not part of this: they are pointers on operand
//! stacks, and in objects places in a slab of the store.

mod cast;
mod collect;
mod handles;
mod heap;
mod host_values;
pub mod layout;
mod new;
pub mod object;
mod reference;
pub mod roots;
mod store;
#[cfg(test)]
mod tests;

pub use handles::{Handle, Handles, OwnedHandle, Scope};
pub(crate) use heap::Heap;
pub use host_values::HostValue;
pub(crate) use host_values::HostValues;
pub use object::Objects;
pub use reference::GcRef;
pub use store::Operands;
