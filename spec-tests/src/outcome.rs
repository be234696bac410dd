//! What became of each directive of a script.

use std::fmt;

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $keyword:literal, $assertion:literal;)*) => {
        /// The kinds of directives.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub enum Kind {
            $($(#[$doc])* $name,)*
        }

        impl Kind {
            /// Every kind, in the order of the tables.
            pub const ALL: &'static [Kind] = &[$(Kind::$name),*];

            /// The keyword in a script.
            pub const fn keyword(self) -> &'static str {
                match self { $(Kind::$name => $keyword,)* }
            }

            /// Whether it asserts something; the others only have to work.
            pub const fn is_assertion(self) -> bool {
                match self { $(Kind::$name => $assertion,)* }
            }
        }
    };
}

kinds! {
    /// A call or a global gives these values.
    AssertReturn = "assert_return", true;
    /// A call or an instantiation traps.
    AssertTrap = "assert_trap", true;
    /// A call uses up the stack.
    AssertExhaustion = "assert_exhaustion", true;
    /// A module does not validate.
    AssertInvalid = "assert_invalid", true;
    /// A module cannot be decoded or parsed.
    AssertMalformed = "assert_malformed", true;
    /// A module cannot be linked.
    AssertUnlinkable = "assert_unlinkable", true;
    /// A call throws an exception.
    AssertException = "assert_exception", true;
    /// A call suspends.
    AssertSuspension = "assert_suspension", true;
    /// A custom section does not validate.
    AssertInvalidCustom = "assert_invalid_custom", true;
    /// A custom annotation cannot be parsed.
    AssertMalformedCustom = "assert_malformed_custom", true;
    /// Defines a module, or instantiates it, or both.
    Module = "module", false;
    /// Names an instance for imports.
    Register = "register", false;
    /// Calls a function.
    Invoke = "invoke", false;
    /// Runs directives on another thread, or waits for one that does.
    Thread = "thread", false;
    /// The file as a whole: it parses, and holds a directive.
    File = "file", false;
}

/// What became of a directive.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// It holds.
    Passed,
    /// It does not hold, for this reason.
    Failed(String),
    /// It needs what the engine does not implement.
    Unsupported(String),
}

impl Outcome {
    /// A failure with this reason.
    pub(crate) fn failed(reason: impl fmt::Display) -> Outcome {
        Outcome::Failed(reason.to_string())
    }
}

impl From<Result<(), Outcome>> for Outcome {
    fn from(result: Result<(), Outcome>) -> Outcome {
        result.err().unwrap_or(Outcome::Passed)
    }
}

/// One directive and its outcome.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Record {
    /// Its line in the file, counted from 1; 0 for the file itself.
    pub line: usize,
    /// Its kind.
    pub kind: Kind,
    /// What became of it.
    pub outcome: Outcome,
}

/// All directives of one file, in order.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FileReport {
    /// The file's name: see [`crate::source::Script::name`].
    pub name: String,
    /// Its directives.
    pub records: Vec<Record>,
}
