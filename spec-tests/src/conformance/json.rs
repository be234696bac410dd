//! The report as JSON.
//!
//! `tiers` has one object per tier with its counts, also by folder, kind and file;
//! `failures` and `unsupported` list the directives, each with its place, reason
//! and tiers. Names are keys, so that a reader needs no search.

use serde_json::{Map, Value, json};

use super::{Conformance, Counts, Finding};
use crate::outcome::Kind;
use crate::report::Report;

/// The whole report.
pub fn value(report: &Conformance<'_>) -> Value {
    let tiers = report.tiers.iter().map(|tier| (tier.tier.clone(), self::tier(report, tier)));
    json!({
        "format": 1,
        "tiers": tiers.collect::<Map<_, _>>(),
        "failures": report.failures.iter().map(finding).collect::<Vec<_>>(),
        "unsupported": report.unsupported.iter().map(finding).collect::<Vec<_>>(),
    })
}

fn tier(report: &Conformance<'_>, tier: &Report) -> Value {
    let folders = report.folders.iter().map(|(folder, files)| {
        let counts = Conformance::counts(tier, |_| true, |file| files.binary_search(&file).is_ok());
        (folder.clone(), self::counts(counts))
    });
    let kinds = Kind::ALL.iter().map(|&kind| {
        let counts = Conformance::counts(tier, |other| other == kind, |_| true);
        (kind.keyword().to_owned(), self::counts(counts))
    });
    let files =
        tier.files.iter().map(|file| (file.name.clone(), counts(Counts::of(&file.records))));
    json!({
        "totals": counts(Conformance::counts(tier, |_| true, |_| true)),
        "folders": folders.collect::<Map<_, _>>(),
        "kinds": kinds.collect::<Map<_, _>>(),
        "files": files.collect::<Map<_, _>>(),
    })
}

fn counts(counts: Counts) -> Value {
    let Counts { assertions, passed, failed, unsupported } = counts;
    json!({
        "assertions": assertions,
        "passed": passed,
        "failed": failed,
        "unsupported": unsupported,
    })
}

fn finding(finding: &Finding<'_>) -> Value {
    json!({
        "file": finding.file,
        "line": finding.line,
        "directive": finding.kind.keyword(),
        "reason": finding.reason,
        "text": finding.text,
        "tiers": finding.tiers,
    })
}
