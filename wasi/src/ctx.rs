//! The world of one guest.

use crate::clock::Clocks;
use crate::random::RandomSource;
use crate::table::Table;

/// All that a guest can reach: arguments, environment, descriptors, clocks, random
/// bytes. Made by [`WasiCtxBuilder`](crate::WasiCtxBuilder); its methods are the
/// functions of `wasi_snapshot_preview1`, under their names, on a view of the
/// guest's memory.
pub struct WasiCtx {
    pub(crate) args: Vec<Vec<u8>>,
    pub(crate) env: Vec<Vec<u8>>,
    pub(crate) table: Table,
    pub(crate) clocks: Box<dyn Clocks>,
    pub(crate) random: Box<dyn RandomSource>,
}

/// The guest called `proc_exit`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct I32Exit(pub i32);

impl std::fmt::Display for I32Exit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Exited with i32 exit status {}", self.0)
    }
}

impl std::error::Error for I32Exit {}
