//! The figures as tables.

use std::collections::BTreeMap;

use super::grid::Grid;
use super::pairs::pairs;
use super::{Failure, Report};
use crate::plot::seconds;

/// All tables as Markdown.
pub fn table(report: &Report) -> String {
    grids(report).iter().map(Grid::markdown).collect::<Vec<_>>().join("\n")
}

/// The command that measures what stands in `RESULTS.md`.
const COMMAND: &str = "bimetal bench --native --record --peers target/release/bench-peer \
    --peers \"node benches/v8.mjs\" --peers \"python3 benches/pywasm3.py\"";

/// The heading of the section in `RESULTS.md`.
pub const HEADING: &str = "Whole programs";

/// All tables with how they came about, for `RESULTS.md`.
pub fn section(report: &Report) -> String {
    format!(
        "Written by `{COMMAND}`: the programs of [`workloads`](workloads) on each engine, in a \
         process of their own for every round, {} rounds in turns. A time is the best call of a \
         process, in time of the processor that its thread took (V8: its process, with its \
         helpers); a ratio is the median over the rounds. Start-up is from the bytes to the first \
         result, by the clock. `native` is `cc -O3`, `native-scalar` the same without vectors. \
         wasm3 is PyPI's pywasm3 0.5.0, built by gcc; its memory is python's for the most part. \
         Machine: {}.\n\n{}",
        report.rounds,
        report.machine,
        table(report)
    )
}

/// Each engine on the workloads that all can run; our tiers against the others; each
/// workload on each engine; and who can't do what.
pub(super) fn grids(report: &Report) -> Vec<Grid> {
    let mut all = vec![engines(report)];
    all.extend(pairs(report));
    all.push(workloads(report));
    let failures = failures(report);
    if !failures.rows.is_empty() {
        all.push(failures);
    }
    all
}

fn engines(report: &Report) -> Grid {
    let (common, all) = (report.common().len(), report.workloads.len());
    let title = format!("Means over the {common} workloads that every engine ran");
    let of = format!("runs of {all}");
    let head = ["engine", "time", "start-up", "peak memory", "machine code", &of];
    let mut grid = Grid::new(&title, head);
    for (engine, name) in report.engines.iter().enumerate() {
        let Some(own) = report.summary(engine) else { continue };
        let or_none = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
        grid.rows.push(vec![
            name.clone(),
            ratio(own.ratio),
            or_none(own.start.map(|start| seconds(&start))),
            or_none(own.memory.map(|bytes| format!("{:.1} MB", bytes / 1e6))),
            or_none(own.code.map(|bytes| format!("{:.1} kB", bytes as f64 / 1e3))),
            own.workloads.to_string(),
        ]);
    }
    grid
}

fn workloads(report: &Report) -> Grid {
    let names = report.engines.iter().map(String::as_str);
    let title = format!("Times relative to `{}`: medians and quartiles", report.base);
    let mut grid = Grid::new(&title, std::iter::once("workload").chain(names));
    for (workload, measured) in report.workloads.iter().enumerate() {
        let mut row = vec![measured.name.clone()];
        row.extend((0..report.engines.len()).map(|engine| cell(report, workload, engine)));
        grid.rows.push(row);
    }
    let mean = |engine| match report.pair(engine, report.base(), None).mean() {
        Some((mean, count)) => format!("{} ({count})", ratio(mean)),
        None => "-".to_owned(),
    };
    let mut row = vec!["geometric mean".to_owned()];
    row.extend((0..report.engines.len()).map(mean));
    grid.rows.push(row);
    grid
}

/// Who could not do what, and why.
fn failures(report: &Report) -> Grid {
    let mut all: BTreeMap<(usize, &Failure), Vec<&str>> = BTreeMap::new();
    for measured in &report.workloads {
        for (engine, entry) in measured.entries.iter().enumerate() {
            if let Some(failure) = &entry.failure {
                all.entry((engine, failure)).or_default().push(&measured.name);
            }
        }
    }
    let mut grid = Grid::new("What engines did not run", ["engine", "", "reason", "workloads"]);
    for ((engine, failure), workloads) in all {
        let kind = word(failure).to_owned();
        let reason = failure.reason.replace('|', "/");
        grid.rows.push(vec![report.engines[engine].clone(), kind, reason, workloads.join(", ")]);
    }
    grid
}

fn word(failure: &Failure) -> &'static str {
    if failure.unsupported { "unsupported" } else { "failed" }
}

fn ratio(value: f64) -> String {
    format!("{value:.2}x")
}

/// The ratio with its quartiles, or the time of the base engine.
fn cell(report: &Report, workload: usize, engine: usize) -> String {
    let Some(cell) = report.cell(workload, engine) else {
        let failure = report.workloads[workload].entries[engine].failure.as_ref();
        return failure.map_or("-", word).to_owned();
    };
    if engine == report.base() {
        return seconds(&cell.time.as_secs_f64());
    }
    let [lower, middle, upper] = cell.ratio;
    format!("{} ({lower:.2}-{upper:.2})", ratio(middle))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::suite::summary::tests::report;

    #[test]
    fn the_table_has_ratios_to_the_base_engine_and_says_who_failed() {
        let text = table(&report());
        assert!(text.contains("| sort | 2 ms | 2.00x (2.00-2.00) |"), "{text}");
        assert!(text.contains("| vectors | 2 ms | unsupported |"), "{text}");
        assert!(text.contains("| geometric mean | 1.00x (2) | 2.00x (1) |"), "{text}");
        assert!(text.contains("| second | 2.00x | 2.5 µs | 4.2 MB | 0.2 kB | 1 |"), "{text}");
        assert!(text.contains("| second | unsupported | no vectors | vectors |"), "{text}");
    }
}
