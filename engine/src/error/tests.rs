//! Errors keep their value, their context and their order.

use super::*;

#[derive(Debug, PartialEq)]
struct Exit(i32);

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "exit with code {}", self.0)
    }
}

impl StdError for Exit {}

#[derive(Debug)]
struct Outer(Exit);

impl fmt::Display for Outer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("outer")
    }
}

impl StdError for Outer {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(&self.0)
    }
}

#[test]
fn a_value_is_found_under_its_contexts() {
    let mut error = Error::new(Exit(3)).context("running").context(7u8);
    assert_eq!(error.downcast_ref::<Exit>(), Some(&Exit(3)));
    assert_eq!(error.downcast_ref::<&str>(), Some(&"running"));
    assert_eq!(error.downcast_ref::<u8>(), Some(&7));
    assert!(!error.is::<u16>());
    error.downcast_mut::<Exit>().unwrap().0 = 4;
    assert_eq!(error.downcast_mut::<u16>(), None);
    assert_eq!(error.downcast::<Exit>().unwrap(), Exit(4));
}

#[test]
fn a_failed_downcast_returns_the_error() {
    let error = Error::msg("no").context("really");
    let error = error.downcast::<Exit>().unwrap_err();
    assert_eq!(format!("{error:#}"), "really: no");
}

#[test]
fn the_chain_ends_with_the_sources_of_the_innermost_error() {
    let error = Error::new(Outer(Exit(1))).context("context");
    let all: Vec<String> = error.chain().map(ToString::to_string).collect();
    assert_eq!(all, ["context", "outer", "exit with code 1"]);
    assert_eq!(error.root_cause().downcast_ref::<Exit>(), Some(&Exit(1)));
    assert!(error.chain().nth(1).unwrap().is::<Outer>());
    assert_eq!(error.source().unwrap().to_string(), "outer");
}

#[test]
fn an_error_prints_one_line_or_all_layers() {
    let error = Error::new(Exit(1)).context("b").context("a");
    assert_eq!(error.to_string(), "a");
    assert_eq!(format!("{error:#}"), "a: b: exit with code 1");
    assert_eq!(format!("{error:?}"), "a\n\nCaused by:\n    0: b\n    1: exit with code 1");
    assert_eq!(format!("{:?}", Error::msg("x")), "x");
}

#[test]
fn an_error_becomes_a_standard_error() {
    let boxed: Box<dyn StdError + Send + Sync> = Error::new(Exit(1)).context("a").into();
    assert_eq!(boxed.source().unwrap().to_string(), "exit with code 1");
}

#[test]
fn an_error_is_one_word() {
    assert_eq!(size_of::<Result<()>>(), size_of::<usize>());
}
