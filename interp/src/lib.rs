//! The interpreters: `fast`, which starts at once and runs everything until
//! compiled code exists, and `reference`, which is slow and obviously right.

pub mod fast;
pub mod reference;
