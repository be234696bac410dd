//! What WebAssembly means, independent of who runs it.
//!
//! This crate holds each fact of the specification exactly once: types, values,
//! traps, effective addresses, the rows that describe every plain instruction
//! ([`ops`]) and one pure function per instruction ([`sem`]). It depends on
//! nothing and contains no `unsafe` code.

#![forbid(unsafe_code)]

pub mod addr;
pub mod index;
pub mod ops;
pub mod sem;
pub mod trap;
pub mod types;
pub mod value;
