//! The meaning of every vector instruction: one pure function each on [`V128`].
//!
//! Named like the scalar ones in [`crate::sem`]; lanes are numbered from the
//! lowest bits. A relaxed instruction has no function of its own: it is one of
//! the functions that [`crate::ops::relaxed`] lists for it.
//!
//! [`V128`]: crate::value::V128

mod bits;
mod compare_float;
mod compare_int;
mod convert;
mod float;
mod int;
mod lanes;
mod memory;
mod moves;
mod product;
mod relaxed;
mod saturate;
mod select;
mod shift;
mod widen;

pub use bits::*;
pub use compare_float::*;
pub use compare_int::*;
pub use convert::*;
pub use float::*;
pub use int::*;
pub use lanes::Lanes;
pub use memory::*;
pub use moves::*;
pub use product::*;
pub use relaxed::*;
pub use saturate::*;
pub use shift::*;
pub use widen::*;
