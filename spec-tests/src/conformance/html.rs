//! The report as one page that needs nothing from elsewhere: no script, no font,
//! no image.

use super::escape::escape;
use super::{Conformance, Counts, Finding, base_name};
use crate::outcome::Kind;
use crate::report::Report;

const STYLE: &str = include_str!("style.css");

/// The whole page.
pub fn page(report: &Conformance<'_>) -> String {
    let sections = [
        totals(report),
        findings("failures", "Failures", &report.failures, "Nothing failed."),
        by_folder(report),
        by_kind(report),
        matrix(report),
        findings("unsupported", "Not supported", &report.unsupported, "Everything is supported."),
    ];
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n\
         <title>Bimetal: WebAssembly conformance</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n\
         <h1>Bimetal: WebAssembly conformance</h1>\n{}</body>\n</html>\n",
        sections.concat()
    )
}

fn totals(report: &Conformance<'_>) -> String {
    let rows = report.tiers.iter().map(|tier| {
        let counts = Conformance::counts(tier, |_| true, |_| true);
        let Counts { assertions, passed, failed, unsupported } = counts;
        let class = |bad: usize, name: &'static str| if bad > 0 { name } else { "" };
        format!(
            "<tr><td>{}</td><td>{}</td><td>{assertions}</td><td class=\"good\">{passed}</td>\
             <td class=\"{}\">{failed}</td><td class=\"{}\">{unsupported}</td></tr>\n",
            escape(&tier.tier),
            tier.files.len(),
            class(failed, "bad"),
            class(unsupported, "other"),
        )
    });
    let heads = ["tier", "files", "assertions", "passed", "failed", "not supported"];
    let note = "<p class=\"note\">“Failed” counts every directive that does not hold, also those \
                that assert nothing, such as a module that does not load.</p>\n";
    table("totals", "Totals", &heads, &rows.collect::<String>()) + note
}

fn by_folder(report: &Conformance<'_>) -> String {
    let rows = report.folders.iter().map(|(folder, files)| {
        let counts = |tier: &Report| {
            Conformance::counts(tier, |_| true, |file| files.binary_search(&file).is_ok())
        };
        row(&escape(&shown(folder)), report.tiers.iter().map(counts))
    });
    table("folders", "By folder", &heads("folder", report), &rows.collect::<String>())
}

fn by_kind(report: &Conformance<'_>) -> String {
    let kinds = Kind::ALL.iter().filter(|kind| kind.is_assertion());
    let rows = kinds.filter_map(|&kind| {
        let counts = |tier| Conformance::counts(tier, |other| other == kind, |_| true);
        let all: Vec<Counts> = report.tiers.iter().map(counts).collect();
        let any = all.iter().any(|counts| counts.assertions > 0);
        any.then(|| row(&format!("<code>{}</code>", kind.keyword()), all))
    });
    let rows: String = rows.collect();
    table("kinds", "By kind of assertion", &heads("assertion", report), &rows)
}

/// A row per file, a column per tier.
fn matrix(report: &Conformance<'_>) -> String {
    let mut rows = String::new();
    for (folder, files) in &report.folders {
        let (columns, folder) = (report.tiers.len() + 1, escape(&shown(folder)));
        rows += &format!("<tr class=\"folder\"><th colspan=\"{columns}\">{folder}</th></tr>\n");
        for name in files {
            let counts = |tier: &Report| {
                let file = tier.files.iter().find(|file| file.name == *name);
                file.map(|file| Counts::of(&file.records)).unwrap_or_default()
            };
            rows += &row(&escape(base_name(name)), report.tiers.iter().map(counts));
        }
    }
    table("files", "By file", &heads("file", report), &rows)
}

fn shown(folder: &str) -> String {
    if folder.is_empty() { ".".to_owned() } else { folder.to_owned() }
}

fn heads<'a>(first: &'a str, report: &Conformance<'a>) -> Vec<&'a str> {
    [first].into_iter().chain(report.tiers.iter().map(|tier| &*tier.tier)).collect()
}

fn table(id: &str, title: &str, heads: &[&str], rows: &str) -> String {
    let heads: String = heads.iter().map(|head| format!("<th>{}</th>", escape(head))).collect();
    format!(
        "<h2 id=\"{id}\">{title}</h2>\n<table>\n<thead><tr>{heads}</tr></thead>\n\
         <tbody>\n{rows}</tbody>\n</table>\n"
    )
}

/// A row: `first` as it is, then a cell per tier.
fn row(first: &str, counts: impl IntoIterator<Item = Counts>) -> String {
    let cells: String = counts.into_iter().map(cell).collect();
    format!("<tr><td>{first}</td>{cells}</tr>\n")
}

/// How many assertions passed of how many, and what became of the others.
fn cell(counts: Counts) -> String {
    let Counts { assertions, passed, failed, unsupported } = counts;
    let class = match (failed, unsupported) {
        (0, 0) => "good",
        (0, _) => "other",
        _ => "bad",
    };
    let mut text = format!("{passed} / {assertions}");
    if failed > 0 {
        text += &format!(", {failed} failed");
    }
    if unsupported > 0 {
        text += &format!(", {unsupported} not supported");
    }
    format!("<td class=\"{class}\">{text}</td>")
}

/// A list, file by file, that can be folded away.
fn findings(id: &str, title: &str, findings: &[Finding<'_>], none: &str) -> String {
    let mut list = format!("<h2 id=\"{id}\">{title}: {}</h2>\n", findings.len());
    if findings.is_empty() {
        list += &format!("<p class=\"good\">{none}</p>\n");
    }
    let open = if id == "failures" { " open" } else { "" };
    for group in findings.chunk_by(|a, b| a.file == b.file) {
        let items: String = group.iter().map(item).collect();
        let (file, count) = (escape(group[0].file), group.len());
        list += &format!(
            "<details{open}><summary><code>{file}</code>: {count}</summary>\n<ul>\n{items}</ul>\n\
             </details>\n"
        );
    }
    list
}

fn item(finding: &Finding<'_>) -> String {
    let Finding { file, line, kind, reason, text, tiers } = finding;
    let text = match *text {
        "" => String::new(),
        text => format!("<pre>{}</pre>", escape(text)),
    };
    format!(
        "<li><code>{}:{line}</code> <code>{}</code> on {}{text}<div>{}</div></li>\n",
        escape(file),
        kind.keyword(),
        escape(&tiers.join(", ")),
        escape(reason)
    )
}
