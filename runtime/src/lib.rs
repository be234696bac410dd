//! One instance, whoever runs it: stores, instances, memories, tables, globals
//! and the structures that compiled code and the interpreters share.
//!
//! The runtime knows no tier. What it must call in one of them it reaches
//! through the entries of a [`code::CodeSlot`]; what a tier needs of it stands
//! in [`vmctx`], [`abi`] and [`activation`].

pub mod abi;
pub mod activation;
pub mod allocator;
mod arena;
pub mod builtins;
mod cells;
pub mod code;
mod constexpr;
mod exception;
pub mod gc;
pub mod global;
pub mod host;
pub mod hot;
pub mod instance;
pub mod instantiate;
pub mod layout;
pub mod limits;
pub mod memory;
mod native_stack;
pub mod osr;
pub mod seen;
mod segment;
pub mod store;
pub mod table;
pub mod template;
#[cfg(test)]
mod test_tier;
pub mod trap;
pub mod types;
pub mod vmctx;

pub use allocator::Allocator;
pub use global::Global;
pub use host::HostFunc;
pub use instance::Instance;
pub use instantiate::InstantiateError;
pub use limits::{ResourceError, Settings, StoreLimits};
pub use memory::{Memory, MemoryAccessError, MemoryPlan, SharedMemory, WaitResult};
pub use store::{Extern, GlobalId, InstanceId, MemoryId, Store, StoreBox, StoreId, TableId, TagId};
pub use table::Table;
pub use template::Template;
pub use trap::{Trap, Unwind};
pub use types::TypeRegistry;
