//! Totals: per file, per tier, per kind of directive.

use std::fmt;

use crate::outcome::{FileReport, Kind, Outcome};

/// What all scripts gave on one tier.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Report {
    /// The tier.
    pub tier: String,
    /// The scripts, in the order in which they were given.
    pub files: Vec<FileReport>,
}

/// How many directives there are of each outcome.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Totals {
    /// Those that hold.
    pub passed: usize,
    /// Those that do not.
    pub failed: usize,
    /// Those that need what is not implemented.
    pub unsupported: usize,
}

impl Totals {
    fn add(&mut self, outcome: &Outcome) {
        match outcome {
            Outcome::Passed => self.passed += 1,
            Outcome::Failed(_) => self.failed += 1,
            Outcome::Unsupported(_) => self.unsupported += 1,
        }
    }

    /// How many directives there are.
    pub fn all(&self) -> usize {
        self.passed + self.failed + self.unsupported
    }
}

impl FileReport {
    /// The totals of these kinds of directives.
    pub fn totals(&self, of: impl Fn(Kind) -> bool) -> Totals {
        let mut totals = Totals::default();
        for record in self.records.iter().filter(|record| of(record.kind)) {
            totals.add(&record.outcome);
        }
        totals
    }
}

impl Report {
    /// The totals of these kinds of directives.
    pub fn totals(&self, of: impl Fn(Kind) -> bool) -> Totals {
        let mut totals = Totals::default();
        for record in self.files.iter().flat_map(|file| &file.records) {
            if of(record.kind) {
                totals.add(&record.outcome);
            }
        }
        totals
    }

    /// How many directives failed, those that assert nothing included: a module
    /// that does not load, a script that does not parse or surprises.
    pub fn failed(&self) -> usize {
        self.totals(|_| true).failed
    }

    /// The tier's line: how many assertions there are and what became of them.
    /// `failed` counts the directives that assert nothing as well.
    pub fn summary(&self) -> String {
        let assertions = self.totals(Kind::is_assertion);
        format!(
            "tier={} files={} assertions={} passed={} failed={} unsupported={}",
            self.tier,
            self.files.len(),
            assertions.all(),
            assertions.passed,
            self.failed(),
            assertions.unsupported
        )
    }

    /// One line per failure: tier, file, line, kind and reason.
    pub fn failures(&self) -> impl Iterator<Item = String> + '_ {
        let records = self
            .files
            .iter()
            .flat_map(|file| file.records.iter().map(move |record| (&file.name, record)));
        records.filter_map(|(file, record)| match &record.outcome {
            Outcome::Failed(reason) => {
                let (line, kind) = (record.line, record.kind.keyword());
                Some(format!("{}: {file}:{line}: {kind}: {reason}", self.tier))
            }
            _ => None,
        })
    }

    /// The names of the scripts that assert nothing: what they test is that their
    /// modules load.
    pub fn without_assertions(&self) -> impl Iterator<Item = &str> {
        let silent = |file: &&FileReport| file.totals(Kind::is_assertion).all() == 0;
        self.files.iter().filter(silent).map(|file| file.name.as_str())
    }

    /// A table with a line per file: assertions, and how many of them passed,
    /// failed and are not supported.
    pub fn by_file(&self) -> String {
        let mut table = Table::new("file");
        for file in &self.files {
            table.row(&file.name, file.totals(Kind::is_assertion));
        }
        table.0
    }

    /// A table with a line per kind of directive.
    pub fn by_kind(&self) -> String {
        let mut table = Table::new("kind");
        for &kind in Kind::ALL {
            let totals = self.totals(|other| other == kind);
            if totals.all() > 0 {
                table.row(kind.keyword(), totals);
            }
        }
        table.0
    }
}

/// The failures, the totals per kind, and the summary.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for failure in self.failures() {
            writeln!(f, "{failure}")?;
        }
        f.write_str(&self.by_kind())?;
        for name in self.without_assertions() {
            writeln!(f, "no assertions: {name}")?;
        }
        f.write_str(&self.summary())
    }
}

struct Table(String);

impl Table {
    fn new(what: &str) -> Table {
        let header =
            format!("{:>8} {:>8} {:>8} {:>11}  {what}\n", "all", "passed", "failed", "unsupported");
        Table(header)
    }

    fn row(&mut self, name: &str, totals: Totals) {
        let Totals { passed, failed, unsupported } = totals;
        let all = totals.all();
        self.0 += &format!("{all:>8} {passed:>8} {failed:>8} {unsupported:>11}  {name}\n");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::Record;

    #[test]
    fn a_module_that_fails_counts_as_failed_but_not_as_assertion() {
        let record = |line, kind, outcome| Record { line, kind, outcome };
        let records = vec![
            record(0, Kind::File, Outcome::Passed),
            record(1, Kind::Module, Outcome::Failed("no".into())),
            record(2, Kind::AssertTrap, Outcome::Passed),
            record(3, Kind::AssertTrap, Outcome::Unsupported("vectors".into())),
        ];
        let files = vec![FileReport { name: "a.wast".into(), records }];
        let report = Report { tier: "jit".into(), files };
        let summary = "tier=jit files=1 assertions=2 passed=1 failed=1 unsupported=1";
        assert_eq!(report.summary(), summary);
        assert_eq!(report.failures().collect::<Vec<_>>(), ["jit: a.wast:1: module: no"]);
        assert!(report.to_string().ends_with(summary));
        assert!(report.by_file().contains("       2        1        0           1  a.wast\n"));
    }
}
