//! Switches of the compiler's optimisations, for measurements.

use super::Config;

impl Config {
    /// Whether a compiled tail call of a function to itself jumps to the function's
    /// start: to measure what that gains. On by default.
    #[doc(hidden)]
    pub fn tail_loops(&mut self, enable: bool) -> &mut Config {
        self.settings.optimisations.tail_loops = enable;
        self
    }

    /// Whether compiled tail calls among a few functions that go on to each other jump to
    /// their bodies, which stand in the code of each: to measure what that gains. On by
    /// default.
    #[doc(hidden)]
    pub fn tail_sets(&mut self, enable: bool) -> &mut Config {
        self.settings.optimisations.tail_sets = enable;
        self
    }

    /// Whether compiled code makes floats from unsigned 64-bit integers by a signed
    /// conversion and a branch: to measure what that gains. On by default.
    #[doc(hidden)]
    pub fn signed_conversions(&mut self, enable: bool) -> &mut Config {
        self.settings.optimisations.signed_conversions = enable;
        self
    }

    /// Whether compiled code holds the body of a function that calls itself in place of
    /// such calls, a few levels deep: to measure what that gains. On by default.
    #[doc(hidden)]
    pub fn inline_recursion(&mut self, enable: bool) -> &mut Config {
        self.settings.optimisations.inline_recursion = enable;
        self
    }

    /// Whether compiled code holds the bodies of other small functions in place of
    /// direct calls: to measure what that gains. On by default.
    #[doc(hidden)]
    pub fn inline_calls(&mut self, enable: bool) -> &mut Config {
        self.settings.optimisations.inline_calls = enable;
        self
    }

    /// Whether compiled code holds the bodies of small functions that an indirect call
    /// is likely to reach, behind a comparison: to measure what that gains. On by
    /// default.
    #[doc(hidden)]
    pub fn inline_guesses(&mut self, enable: bool) -> &mut Config {
        self.settings.optimisations.inline_guesses = enable;
        self
    }

    /// Whether indirect calls are compared with the functions that the interpreter saw
    /// them reach, rather than with those that are likely by their type: to measure what
    /// that gains. On by default, as are the next two.
    #[doc(hidden)]
    pub fn seen_callees(&mut self, enable: bool) -> &mut Config {
        self.settings.optimisations.seen_callees = enable;
        self
    }

    /// Whether an indirect call through a table whose elements never change is compared
    /// with functions by its index, and not by what the table holds there.
    #[doc(hidden)]
    pub fn fixed_tables(&mut self, enable: bool) -> &mut Config {
        self.settings.optimisations.fixed_tables = enable;
        self
    }

    /// Whether compiled code passes its own context to functions that it calls through
    /// a table which only ever holds functions of the module: to measure what that
    /// gains. On by default.
    #[doc(hidden)]
    pub fn own_contexts(&mut self, enable: bool) -> &mut Config {
        self.settings.optimisations.own_contexts = enable;
        self
    }

    /// Whether the bodies of small functions stand in place of those direct calls that
    /// the interpreter saw done, hot ones first.
    #[doc(hidden)]
    pub fn seen_calls(&mut self, enable: bool) -> &mut Config {
        self.settings.optimisations.seen_calls = enable;
        self
    }

    /// Whether the interpreter watches conditional branches while they are new, and
    /// compiled code keeps apart what they hardly ever led to. Also what
    /// [`FunctionStats::branches`](crate::FunctionStats::branches) needs.
    #[doc(hidden)]
    pub fn seen_branches(&mut self, enable: bool) -> &mut Config {
        self.settings.optimisations.seen_branches = enable;
        self
    }

    /// Whether compiled code copies and fills memory without calling the runtime: to
    /// measure what that gains. On by default.
    #[doc(hidden)]
    pub fn inline_bulk(&mut self, enable: bool) -> &mut Config {
        self.settings.optimisations.inline_bulk = enable;
        self
    }

    /// Whether the compiler turns masks of low bits into conversions, and stores constants
    /// as immediates and first lanes as floats: to measure what that gains. On by default.
    #[doc(hidden)]
    pub fn narrow(&mut self, enable: bool) -> &mut Config {
        self.settings.optimisations.narrow = enable;
        self
    }

    /// Whether the compiler makes products and remainders by 3, 5 and 9 of sums: to
    /// measure what that gains. On by default.
    #[doc(hidden)]
    pub fn cheap_products(&mut self, enable: bool) -> &mut Config {
        self.settings.optimisations.cheap_products = enable;
        self
    }

    /// Whether the compiler makes 32-bit sums of a value and constants parts of
    /// addresses: to measure what that gains. On by default.
    #[doc(hidden)]
    pub fn address_sums(&mut self, enable: bool) -> &mut Config {
        self.settings.optimisations.address_sums = enable;
        self
    }

    /// Whether compiled functions are placed by where their loops begin: to measure
    /// what that gains. On by default.
    #[doc(hidden)]
    pub fn place_loops(&mut self, enable: bool) -> &mut Config {
        self.settings.optimisations.place_loops = enable;
        self
    }

    /// Whether compiled code takes the bases of memories that never move from its
    /// context: to measure what that gains. On by default.
    #[doc(hidden)]
    pub fn near_bases(&mut self, enable: bool) -> &mut Config {
        self.settings.optimisations.near_bases = enable;
        self
    }

    /// Whether compiled code checks an access to memory by one comparison and leaves the
    /// offset to guard pages: to measure what that gains. On by default.
    #[doc(hidden)]
    pub fn short_checks(&mut self, enable: bool) -> &mut Config {
        self.settings.optimisations.short_checks = enable;
        self
    }

    /// Whether compiled code leaves out checks of accesses near a checked one: to measure
    /// what that gains. On by default.
    #[doc(hidden)]
    pub fn known_bounds(&mut self, enable: bool) -> &mut Config {
        self.settings.optimisations.known_bounds = enable;
        self
    }

    /// Whether compiled code loads the lengths of memories in front of loops: to measure
    /// what that gains. On by default.
    #[doc(hidden)]
    pub fn early_lengths(&mut self, enable: bool) -> &mut Config {
        self.settings.optimisations.early_lengths = enable;
        self
    }

    /// Whether loops that copy or fill memory a few bytes at a time are done at once,
    /// by compiled and by interpreted code: to measure what that gains. On by default.
    #[doc(hidden)]
    pub fn byte_loops(&mut self, enable: bool) -> &mut Config {
        self.settings.optimisations.byte_loops = enable;
        self
    }

    /// Whether compiled code does short runs of such loops by vectors in place: to
    /// measure what that gains. On by default.
    #[doc(hidden)]
    pub fn inline_runs(&mut self, enable: bool) -> &mut Config {
        self.settings.optimisations.inline_runs = enable;
        self
    }
}
