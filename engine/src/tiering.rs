//! What happens to code while it runs, for those who watch.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

/// Something that happened to the code of a function under
/// [`Strategy::Tiered`](crate::Strategy::Tiered): see
/// [`Config::tiering_listener`](crate::Config::tiering_listener).
///
/// Its text is one line.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TieringEvent<'a> {
    /// The name that the module gives itself.
    pub module: Option<&'a str>,
    /// The function's index in the module.
    pub function: u32,
    /// Its name, from the name section or its export.
    pub name: Option<&'a str>,
    /// The loop, if the code is for frames of the interpreter that run in one: its
    /// number in the function, in the order of the text, from zero.
    pub in_loop: Option<u32>,
    /// What happened.
    pub step: TieringStep<'a>,
}

/// A step on the way of code from the interpreter to the processor.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum TieringStep<'a> {
    /// It is hot: it waits for the compiler.
    Queued,
    /// The compiler begins.
    Started,
    /// The compiler is done.
    #[non_exhaustive]
    Compiled {
        /// Time that it took.
        time: Duration,
        /// Bytes of machine code.
        code_bytes: usize,
    },
    /// Whoever comes by enters the machine code: by a call or, if the code is for a
    /// loop, at the loop's header.
    Installed,
    /// A frame that ran in the loop went on in machine code, as the first one.
    Entered,
    /// It stays in the interpreter for good.
    #[non_exhaustive]
    Refused {
        /// Why.
        reason: &'a str,
    },
    /// It waits no more: the module or the engine was dropped, or too much waits
    /// already. In the last case it is queued again if it stays hot.
    Cancelled,
}

impl fmt::Display for TieringEvent<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(module) = self.module {
            write!(f, "{module:?} ")?;
        }
        write!(f, "function {}", self.function)?;
        if let Some(name) = self.name {
            write!(f, " {name:?}")?;
        }
        if let Some(number) = self.in_loop {
            write!(f, ", loop {number}")?;
        }
        write!(f, ": {}", self.step)
    }
}

impl fmt::Display for TieringStep<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TieringStep::Queued => f.write_str("queued"),
            TieringStep::Started => f.write_str("compilation started"),
            TieringStep::Compiled { time, code_bytes } => {
                write!(f, "compiled in {} us: {code_bytes} bytes", time.as_micros())
            }
            TieringStep::Installed => f.write_str("installed"),
            TieringStep::Entered => f.write_str("entered by a running frame"),
            TieringStep::Refused { reason } => write!(f, "refused: {reason}"),
            TieringStep::Cancelled => f.write_str("cancelled"),
        }
    }
}

/// Who is told of events.
#[derive(Clone)]
pub(crate) struct Listener(pub(crate) Arc<dyn Fn(&TieringEvent<'_>) + Send + Sync>);

impl PartialEq for Listener {
    /// Whether both are the same function, not only equal ones.
    fn eq(&self, other: &Listener) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Listener {}

impl Hash for Listener {
    fn hash<H: Hasher>(&self, state: &mut H) {
        Arc::as_ptr(&self.0).hash(state);
    }
}

impl fmt::Debug for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Listener").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_one_line_whatever_names_contain() {
        let step = TieringStep::Compiled { time: Duration::from_millis(2), code_bytes: 70 };
        let event = TieringEvent {
            module: Some("m"),
            function: 3,
            name: Some("two\nlines"),
            in_loop: Some(1),
            step,
        };
        let text = r#""m" function 3 "two\nlines", loop 1: compiled in 2000 us: 70 bytes"#;
        assert_eq!(event.to_string(), text);
        let nameless = TieringEvent {
            module: None,
            name: None,
            in_loop: None,
            step: TieringStep::Queued,
            ..event
        };
        assert_eq!(nameless.to_string(), "function 3: queued");
    }
}
