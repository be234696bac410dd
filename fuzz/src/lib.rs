//! Fuzz targets as plain functions over bytes.
//!
//! * [`tiers()`](tiers::tiers): a random valid module must behave the same on
//!   every tier.
//! * [`bytes()`](bytes::bytes): any bytes must be loaded or refused, never more.
//!
//! The tests drive both from seeds, so that they run on a stable compiler.

#![forbid(unsafe_code)]

pub mod bytes;
pub mod generate;
pub mod observe;
pub mod tiers;

use bimetal::Strategy;

/// Every tier, the one that is right in a dispute first.
pub const STRATEGIES: [Strategy; 3] = [Strategy::Reference, Strategy::Interpreter, Strategy::Jit];
