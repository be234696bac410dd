//! The compiling tier: every function of a module through Cranelift.
//!
//! [`JitEngine::compile_module`] turns a module into a [`JitModule`], whose code
//! slots hold machine code. All of a module's functions lie in one block of
//! memory and call each other directly; everything else they reach through
//! their context, so the code holds no address of any store or instance.
//!
//! Guest code never unwinds through a frame of the host: see `unwind`.

mod abi;
mod artifact;
mod bridge;
mod budget;
mod code;
mod codemap;
mod codemem;
mod compile;
mod dump;
mod engine;
mod enter;
mod env;
mod error;
mod guess;
mod handlers;
mod image;
mod inline;
mod isa;
mod link;
mod lower;
mod module;
mod numbered;
mod osr;
mod place;
mod profile;
mod relink;
mod sites;
mod skew;
mod stackmap;
mod stub;
mod stubcache;
mod tails;
mod thread;
mod unwind;
mod wire;

pub use code::{FuncStats, JitCode, Stats};
pub use engine::JitEngine;
pub use enter::native_call;
pub use error::JitError;
pub use isa::Target;
pub use module::JitModule;
pub use osr::OsrCode;
pub use profile::ProfilingStrategy;
pub use thread::compile_on_this_thread;
