//! The list of what is not supported, checked both ways.
//!
//! The files in `expected/` are lists, one entry per line: a script's name and
//! how many of its directives are not supported, or a script's name and line
//! where a directive does not hold because of what is not supported, then the
//! reason in words:
//!
//! ```text
//! # a comment
//! core/simd/simd_address.wast 48 vectors
//! core/binary.wast:1234 multiple tables are fine since the reference types
//! ```
//!
//! A directive that is not supported without being listed, or is listed but
//! holds, is a failure: of the script as a whole.

use std::collections::BTreeMap;
use std::path::MAIN_SEPARATOR;

use crate::outcome::{FileReport, Kind, Outcome, Record};

macro_rules! lists {
    ($($name:literal)*) => {
        /// The names and texts of the lists.
        const LISTS: &[(&str, &str)] =
            &[$(($name, include_str!(concat!("../expected/", $name)))),*];
    };
}

lists! {
    "other.txt"
}

/// What is expected of one script.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
struct Entry {
    /// How many directives are not supported.
    unsupported: usize,
    /// The lines of directives that do not hold, and why.
    lines: BTreeMap<usize, String>,
}

/// What is expected of all scripts.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Expected {
    entries: BTreeMap<String, Entry>,
}

impl Expected {
    /// The lists in `expected/`.
    ///
    /// # Panics
    /// If a list is malformed: a test reads them all.
    pub fn built_in() -> Expected {
        let mut expected = Expected::default();
        for (name, text) in LISTS {
            expected.add(text).unwrap_or_else(|error| panic!("expected/{name}: {error}"));
        }
        expected
    }

    /// Adds the entries of a list.
    ///
    /// # Errors
    /// The first line that is no entry, or that is there twice.
    pub fn add(&mut self, list: &str) -> Result<(), String> {
        for line in list.lines() {
            let line = line.trim();
            if !line.is_empty() && !line.starts_with('#') && self.add_line(line).is_none() {
                return Err(format!("not an entry, or a second one: `{line}`"));
            }
        }
        Ok(())
    }

    fn add_line(&mut self, line: &str) -> Option<()> {
        let (place, rest) = line.split_once(' ')?;
        match place.strip_suffix(".wast") {
            Some(_) => {
                let (count, reason) = rest.split_once(' ')?;
                let entry = self.entries.entry(place.to_owned()).or_default();
                let count = count.parse().ok().filter(|&count| count > 0)?;
                let fresh = std::mem::replace(&mut entry.unsupported, count) == 0;
                (fresh && !reason.is_empty()).then_some(())
            }
            None => {
                let (name, line) = place.rsplit_once(':')?;
                let entry = self.entries.entry(name.to_owned()).or_default();
                let before = entry.lines.insert(line.parse().ok()?, rest.to_owned());
                before.is_none().then_some(())
            }
        }
    }

    /// The entry of a script: the longest name that its own ends with, where a
    /// relative path counts as the whole path.
    fn entry(&self, name: &str) -> Entry {
        let whole = std::path::absolute(name).ok().filter(|_| !name.starts_with("crate:"));
        let whole = whole.map(|path| path.to_string_lossy().replace(MAIN_SEPARATOR, "/"));
        let name = whole.as_deref().unwrap_or(name);
        let fits = |entry: &str| {
            let front = name.strip_suffix(entry);
            front.is_some_and(|front| front.is_empty() || front.ends_with('/'))
        };
        let best = self.entries.iter().filter(|(entry, _)| fits(entry));
        best.max_by_key(|(entry, _)| entry.len())
            .map(|(_, entry)| entry.clone())
            .unwrap_or_default()
    }

    /// Compares what is not supported in a script with the list, and makes
    /// failures that the list explains unsupported.
    pub fn reconcile(&self, report: &mut FileReport) {
        let entry = self.entry(&report.name);
        let mut surprises = Vec::new();
        let found = |record: &&Record| matches!(record.outcome, Outcome::Unsupported(_));
        let unsupported = report.records.iter().filter(found).count();
        if unsupported != entry.unsupported {
            let first = report.records.iter().find(found).map(describe).unwrap_or_default();
            surprises.push(format!(
                "{unsupported} directives are not supported, expected {}{first}",
                entry.unsupported
            ));
        }
        for (&line, reason) in &entry.lines {
            if !excuse(&mut report.records, line, reason) {
                surprises.push(format!("line {line} holds: remove it from expected/"));
            }
        }
        let surprises = surprises.into_iter().map(Outcome::Failed);
        let records = surprises.map(|outcome| Record { line: 0, kind: Kind::File, outcome });
        report.records.extend(records);
    }
}

/// The first directive that is not supported, as the end of a message.
fn describe(record: &Record) -> String {
    match &record.outcome {
        Outcome::Unsupported(reason) => format!(": line {}: {reason}", record.line),
        _ => String::new(),
    }
}

/// Makes failures in a line unsupported; whether there were any.
fn excuse(records: &mut [Record], line: usize, reason: &str) -> bool {
    let mut any = false;
    for record in records.iter_mut().filter(|record| record.line == line) {
        if matches!(record.outcome, Outcome::Failed(_)) {
            record.outcome = Outcome::Unsupported(reason.to_owned());
            any = true;
        }
    }
    any
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(outcomes: &[Outcome]) -> FileReport {
        let records = outcomes.iter().enumerate().map(|(i, outcome)| Record {
            line: i + 1,
            kind: Kind::AssertReturn,
            outcome: outcome.clone(),
        });
        FileReport { name: "root/core/a.wast".into(), records: records.collect() }
    }

    fn failures(list: &str, outcomes: &[Outcome]) -> Vec<String> {
        let mut expected = Expected::default();
        expected.add(list).unwrap();
        let mut report = report(outcomes);
        expected.reconcile(&mut report);
        let failed = report.records.into_iter().filter_map(|record| match record.outcome {
            Outcome::Failed(message) => Some(message),
            _ => None,
        });
        failed.collect()
    }

    #[test]
    fn the_lists_can_be_read() {
        let lines = LISTS.iter().flat_map(|(_, text)| text.lines());
        let lines = lines.filter(|line| !line.is_empty() && !line.starts_with('#')).count();
        let count = |entry: &Entry| entry.lines.len() + usize::from(entry.unsupported > 0);
        assert_eq!(Expected::built_in().entries.values().map(count).sum::<usize>(), lines);
    }

    #[test]
    fn as_many_as_listed_is_no_surprise_and_any_other_number_is_one() {
        let unsupported = Outcome::Unsupported("vectors".into());
        let outcomes = [Outcome::Passed, unsupported.clone(), unsupported];
        assert!(failures("core/a.wast 2 vectors", &outcomes).is_empty());
        for list in ["", "core/a.wast 1 vectors", "core/a.wast 3 vectors", "b/core/a.wast 2 no"] {
            let failures = failures(list, &outcomes);
            assert_eq!(failures.len(), 1, "{list}");
            assert!(failures[0].ends_with(": line 2: vectors"), "{failures:?}");
        }
    }

    #[test]
    fn a_listed_failure_is_excused_and_a_listed_success_is_not() {
        let outcomes = [Outcome::Passed, Outcome::Failed("no".into())];
        assert!(failures("core/a.wast:2 old", &outcomes).is_empty());
        assert_eq!(
            failures("core/a.wast:1 old\ncore/a.wast:2 old", &outcomes),
            ["line 1 holds: remove it from expected/"]
        );
    }

    #[test]
    fn an_entry_without_reason_or_given_twice_is_refused() {
        for list in ["a.wast", "a.wast 2", "a.wast 0 x", "a.wast:1", "a.wast 1 x\na.wast 1 y"] {
            assert!(Expected::default().add(list).is_err(), "{list}");
        }
        assert!(Expected::default().add("# a comment\n\na.wast 1 x\na.wast:3 y").is_ok());
    }
}
