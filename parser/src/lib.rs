//! From bytes to an immutable [`Module`], and from a function body to the verbs
//! of a tier.
//!
//! Decoding and validation are wasmparser's. This crate keeps what the runtime
//! and the tiers need ([`module`]), and walks function bodies for them: every
//! tier sees the same operands, canonical slots and loop numbers because the
//! same code assigns them.

#![forbid(unsafe_code)]

mod bodies;
mod bytes;
mod constexpr;
mod decode;
pub mod error;
pub mod export_map;
mod features;
pub mod fixed;
pub mod hints;
mod legacy;
mod load;
pub mod module;
pub mod names;
mod once_table;
mod operands;
mod sections;
pub mod tails;
mod text;
pub mod types;
pub mod validate;
pub mod walk;

pub use bytes::Bytes;
pub use error::{Error, ErrorKind};
pub use features::Features;
pub use load::ParseOptions;
pub use module::Module;
pub use once_table::OnceTable;
pub use text::to_binary;
