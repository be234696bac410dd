//! The rows: every instruction that is not part of control flow, described once.
pub mod slow;
