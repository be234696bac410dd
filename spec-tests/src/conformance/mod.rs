//! The conformance report: what became of every directive on every tier, as a
//! page to read ([`html`]), and as JSON ([`json`]) and JUnit XML ([`junit`]) for
//! programs.
//!
//! All three are made from one [`Conformance`] and therefore agree. Counts are
//! those of [`Report::summary`]: assertions, of which some passed and some are not
//! supported; `failed` counts the directives that assert nothing as well.

mod escape;
pub mod html;
pub mod json;
pub mod junit;

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use crate::outcome::{Kind, Outcome, Record};
use crate::report::Report;
use crate::source::Script;

/// What scripts gave on some tiers, arranged for the reader.
#[derive(Clone, Debug)]
pub struct Conformance<'a> {
    /// One report per tier.
    pub tiers: &'a [Report],
    /// The folders, sorted, with their files, sorted.
    pub folders: BTreeMap<String, Vec<&'a str>>,
    /// All that failed.
    pub failures: Vec<Finding<'a>>,
    /// All that is not supported.
    pub unsupported: Vec<Finding<'a>>,
}

/// A directive that failed or is not supported, on one tier or on several in the
/// same way.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Finding<'a> {
    /// The script's name.
    pub file: &'a str,
    /// The directive's line, counted from 1; 0 for the file itself.
    pub line: usize,
    /// The directive's kind.
    pub kind: Kind,
    /// Why.
    pub reason: &'a str,
    /// The text of that line, without the blanks around it; empty if not known.
    pub text: &'a str,
    /// The tiers, in the order of the reports.
    pub tiers: Vec<&'a str>,
}

/// How many assertions there are and what became of them.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Counts {
    /// All assertions.
    pub assertions: usize,
    /// Assertions that hold.
    pub passed: usize,
    /// Directives of any kind that do not hold.
    pub failed: usize,
    /// Assertions that need what is not implemented.
    pub unsupported: usize,
}

impl Counts {
    /// Counts these directives.
    pub fn of<'r>(records: impl IntoIterator<Item = &'r Record>) -> Counts {
        let mut counts = Counts::default();
        for record in records {
            let one = usize::from(record.kind.is_assertion());
            counts.assertions += one;
            match record.outcome {
                Outcome::Passed => counts.passed += one,
                Outcome::Failed(_) => counts.failed += 1,
                Outcome::Unsupported(_) => counts.unsupported += one,
            }
        }
        counts
    }
}

impl<'a> Conformance<'a> {
    /// Arranges the reports of some tiers on the same scripts.
    pub fn new(tiers: &'a [Report], scripts: &'a [Script]) -> Conformance<'a> {
        let texts: BTreeMap<&str, Vec<&str>> = scripts
            .iter()
            .map(|script| (script.name.as_str(), script.text.lines().map(str::trim).collect()))
            .collect();
        let text = |file: &str, line: usize| {
            let lines = line.checked_sub(1).zip(texts.get(file));
            lines.and_then(|(at, lines)| lines.get(at).copied()).unwrap_or_default()
        };
        let mut failures = BTreeMap::new();
        let mut unsupported = BTreeMap::new();
        for report in tiers {
            for (file, record) in records(report) {
                let (all, reason) = match &record.outcome {
                    Outcome::Passed => continue,
                    Outcome::Failed(reason) => (&mut failures, reason),
                    Outcome::Unsupported(reason) => (&mut unsupported, reason),
                };
                let place = (file, record.line, record.kind, reason.as_str());
                let tiers: &mut Vec<&str> = all.entry(place).or_default();
                if tiers.last() != Some(&report.tier.as_str()) {
                    tiers.push(&report.tier);
                }
            }
        }
        let findings = |all: BTreeMap<(&'a str, usize, Kind, &'a str), Vec<&'a str>>| {
            let finding = |((file, line, kind, reason), tiers)| Finding {
                file,
                line,
                kind,
                reason,
                text: text(file, line),
                tiers,
            };
            all.into_iter().map(finding).collect()
        };
        let (failures, unsupported) = (findings(failures), findings(unsupported));
        Conformance { tiers, folders: folders(tiers), failures, unsupported }
    }

    /// The counts of a tier's directives of these kinds, in the files named so.
    pub fn counts(
        report: &Report,
        kinds: impl Fn(Kind) -> bool,
        files: impl Fn(&str) -> bool,
    ) -> Counts {
        let wanted = |(file, record): &(&str, &Record)| kinds(record.kind) && files(file);
        Counts::of(records(report).filter(wanted).map(|(_, record)| record))
    }

    /// Writes `index.html`, `report.json` and `junit.xml` into a folder, which is
    /// made if it is not there.
    ///
    /// # Errors
    /// If the folder cannot be made or written to.
    pub fn write(&self, folder: &Path) -> io::Result<()> {
        std::fs::create_dir_all(folder)?;
        std::fs::write(folder.join("index.html"), html::page(self))?;
        std::fs::write(folder.join("report.json"), format!("{:#}\n", json::value(self)))?;
        std::fs::write(folder.join("junit.xml"), junit::document(self))
    }
}

fn records(report: &Report) -> impl Iterator<Item = (&str, &Record)> {
    report.files.iter().flat_map(|file| file.records.iter().map(|record| (&*file.name, record)))
}

/// The files by folder. A folder is named from the last folder that all files
/// share: `core` and `core/gc`, wherever the suite is.
fn folders(tiers: &[Report]) -> BTreeMap<String, Vec<&str>> {
    let mut names: Vec<&str> =
        tiers.iter().flat_map(|report| &report.files).map(|file| &*file.name).collect();
    names.sort_unstable();
    names.dedup();
    let folder = |name: &str| -> String {
        name.rsplit_once('/').map_or(String::new(), |(folder, _)| folder.to_owned())
    };
    let mut common = names.first().map(|name| folder(name)).unwrap_or_default();
    for name in &names {
        while !(common.is_empty() || name.starts_with(&format!("{common}/"))) {
            common = folder(&common);
        }
    }
    let above = common.rfind('/').map_or(0, |end| end + 1);
    let mut folders = BTreeMap::<String, Vec<&str>>::new();
    for name in names {
        let folder = folder(name).get(above..).unwrap_or_default().to_owned();
        folders.entry(folder).or_default().push(name);
    }
    folders
}

/// The last part of a script's name.
fn base_name(name: &str) -> &str {
    name.rsplit_once('/').map_or(name, |(_, base)| base)
}
