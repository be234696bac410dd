//! The report as JUnit XML, as continuous integration reads it.
//!
//! One test suite per tier and file. Every directive that failed or is not
//! supported is a test case of its own, named by its line and kind; those that
//! passed are one test case per kind, or the document would have a line for each
//! of many ten thousands.

use super::Conformance;
use super::escape::escape;
use crate::outcome::{FileReport, Kind, Outcome, Record};

/// The whole document.
pub fn document(report: &Conformance<'_>) -> String {
    let suites = report.tiers.iter().flat_map(|tier| {
        tier.files.iter().map(|file| Suite::new(&tier.tier, file)).collect::<Vec<_>>()
    });
    let mut body = String::new();
    let (mut tests, mut failures, mut skipped) = (0, 0, 0);
    for suite in suites {
        tests += suite.tests;
        failures += suite.failures;
        skipped += suite.skipped;
        body += &suite.xml();
    }
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"WebAssembly conformance\" \
         tests=\"{tests}\" failures=\"{failures}\" errors=\"0\" skipped=\"{skipped}\">\n{body}\
         </testsuites>\n"
    )
}

/// A file on a tier.
struct Suite {
    name: String,
    class: String,
    tests: usize,
    failures: usize,
    skipped: usize,
    cases: String,
}

impl Suite {
    fn new(tier: &str, file: &FileReport) -> Suite {
        let mut suite = Suite {
            name: escape(&format!("{tier}: {}", file.name)),
            // Readers take dots for the levels of packages.
            class: escape(&format!("{tier}.{}", file.name.replace('.', "_").replace('/', "."))),
            tests: 0,
            failures: 0,
            skipped: 0,
            cases: String::new(),
        };
        for &kind in Kind::ALL {
            let passed = file.totals(|other| other == kind).passed;
            if passed > 0 {
                suite.case(&format!("{} ({passed} passed)", kind.keyword()), "");
            }
        }
        for record in &file.records {
            suite.finding(&file.name, record);
        }
        suite
    }

    fn finding(&mut self, file: &str, record: &Record) {
        let (element, reason) = match &record.outcome {
            Outcome::Passed => return,
            Outcome::Failed(reason) => ("failure", reason),
            Outcome::Unsupported(reason) => ("skipped", reason),
        };
        match element {
            "failure" => self.failures += 1,
            _ => self.skipped += 1,
        }
        let (line, kind) = (record.line, record.kind.keyword());
        let message = escape(&format!("{file}:{line}: {kind}: {reason}"));
        let content = format!("<{element} message=\"{message}\"/>");
        self.case(&format!("line {line}: {kind}"), &content);
    }

    fn case(&mut self, name: &str, content: &str) {
        self.tests += 1;
        let (class, name) = (&self.class, escape(name));
        self.cases += &match content {
            "" => format!("    <testcase classname=\"{class}\" name=\"{name}\"/>\n"),
            _ => format!(
                "    <testcase classname=\"{class}\" name=\"{name}\">{content}</testcase>\n"
            ),
        };
    }

    fn xml(&self) -> String {
        let Suite { name, tests, failures, skipped, cases, .. } = self;
        format!(
            "  <testsuite name=\"{name}\" tests=\"{tests}\" failures=\"{failures}\" errors=\"0\" \
             skipped=\"{skipped}\">\n{cases}  </testsuite>\n"
        )
    }
}
