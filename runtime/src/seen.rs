//! What an interpreter has seen of a module, for a compiler that wants to know what is
//! worth its while.
//!
//! It is likely, never certain: threads that count may lose counts, and what runs next
//! may be something else. Code that is made with it is right for any run.

/// A call in a function, as far as that was interpreted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SeenCall {
    /// Its byte offset in the module.
    pub offset: u32,
    /// About how often it was done.
    pub calls: u64,
    /// How often the code around it came by: iterations of the innermost loop, or calls
    /// of the function.
    pub around: u64,
    /// The functions of the same instance that it reached most, one or two, as positions
    /// among the defined ones, and how often; the first one most.
    pub callees: Vec<(u32, u64)>,
}

/// A conditional branch in a function, as far as that was interpreted: one that does not
/// close a loop.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SeenBranch {
    /// Its byte offset in the module.
    pub offset: u32,
    /// How often it was executed while it was watched, which is not for long.
    pub executed: u32,
    /// How often it was taken; of an `if`: how often its first arm was.
    pub taken: u32,
}

/// What has been seen of the functions of a module, by their positions among the
/// defined ones.
pub trait Seen: Sync {
    /// How often a function was called.
    fn calls(&self, defined: usize) -> u64;

    /// The calls in a function of which something is known, ascending by their offsets.
    fn calls_in(&self, defined: usize) -> Vec<SeenCall>;

    /// The conditional branches in a function of which something is known, ascending by
    /// their offsets.
    fn branches_in(&self, defined: usize) -> Vec<SeenBranch>;
}
