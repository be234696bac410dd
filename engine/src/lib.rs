//! A WebAssembly engine to embed: two interpreters and a compiler behind one API.
//!
//! An [`Engine`] holds what everything has in common; a [`Module`] is loaded
//! once; a [`Store`] owns instances and a value of the embedder's; a [`Linker`]
//! finds imports by name. The API has the meanings that users of wasmtime know.
//!
//! ```
//! use bimetal::{Caller, Engine, Linker, Module, Store};
//!
//! let engine = Engine::default();
//! let module = Module::new(&engine, r#"(module
//!     (import "host" "add" (func $add (param i32)))
//!     (func (export "run") (call $add (i32.const 40)) (call $add (i32.const 2))))"#)?;
//! let mut linker = Linker::new(&engine);
//! linker.func_wrap("host", "add", |mut caller: Caller<'_, i32>, n: i32| *caller.data_mut() += n)?;
//! let mut store = Store::new(&engine, 0);
//! let instance = linker.instantiate(&mut store, &module)?;
//! instance.get_typed_func::<(), ()>(&mut store, "run")?.call(&mut store, ())?;
//! assert_eq!(*store.data(), 42);
//! # bimetal::Result::<()>::Ok(())
//! ```
//!
//! # Errors and traps
//!
//! Every error is an [`Error`], in which [`Error::downcast_ref`] finds the value
//! that caused it: the [`Trap`] and [`WasmBacktrace`] of a trap, or the very
//! value that a host function returned. A handle used with another store than its
//! own is an error where the method can return one, and a panic, documented as
//! such, where it cannot. A host function's panic goes through the guest to the
//! host that called it.
//!
//! # Strategies
//!
//! [`Config::strategy`] chooses who runs the guest's code; results are the same
//! under all of them.

mod allocation;
mod any;
mod array;
mod backtrace;
mod cache;
mod caller;
mod config;
pub mod dump;
mod engine;
pub mod error;
mod exception;
mod extern_;
mod extern_ref;
mod func;
mod function_stats;
mod global;
mod i31;
mod instance;
mod linker;
mod memory;
mod module;
mod object_types;
mod precompiled;
mod refs;
mod rooted;
mod serialize;
mod shared_memory;
mod store;
mod structure;
mod table;
mod tier;
mod tiering;
mod trap;
mod types;
mod unwind;
mod value;

pub use allocation::{InstanceAllocationStrategy, PoolingAllocationConfig};
pub use any::{AnyRef, EqRef};
pub use array::ArrayRef;
pub use backtrace::{FrameInfo, WasmBacktrace};
pub use cache::{Cache, CacheConfig};
pub use caller::Caller;
pub use config::{Config, Strategy};
pub use engine::Engine;
pub use error::{Error, Result};
pub use exception::{ExnRef, Tag, ThrownException};
pub use extern_::{Export, Extern};
pub use extern_ref::ExternRef;
pub use func::{Func, IntoFunc, TypedFunc, WasmParams, WasmResults, WasmRet, WasmTy};
pub use function_stats::{BranchStats, CallSiteStats, CalleeStats, FunctionStats, LoopStats};
pub use global::Global;
pub use i31::{I31, I31Ref};
pub use instance::Instance;
pub use linker::{InstancePre, Linker, UnknownImportError};
pub use memory::{Memory, MemoryAccessError};
pub use module::Module;
pub use object_types::{ArrayType, FieldType, Finality, StorageType, StructType};
pub use precompiled::Precompiled;
pub use refs::Ref;
pub use rooted::{OwnedRooted, RootScope, Rooted};
pub use shared_memory::{SharedMemory, WaitResult};
pub use store::{
    AsContext, AsContextMut, Store, StoreContext, StoreContextMut, StoreLimits, StoreLimitsBuilder,
};
pub use structure::StructRef;
pub use table::Table;
pub use tiering::{TieringEvent, TieringStep};
pub use trap::Trap;
pub use types::{
    ExportType, ExternType, FuncType, GlobalType, HeapType, ImportType, MemoryType, Mutability,
    RefType, TableType, TagType, ValType,
};
pub use value::{V128, Val};

pub use bimetal_jit::ProfilingStrategy;
pub use bimetal_parser::{Error as ModuleError, ErrorKind as ModuleErrorKind};
