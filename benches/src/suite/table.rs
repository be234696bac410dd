//! The figures as Markdown.

use std::fmt::Write as _;

use super::Report;
use crate::plot::seconds;

/// Two tables: each workload on each engine, and each engine on all workloads.
pub fn table(report: &Report) -> String {
    let mut text = String::new();
    let _ = writeln!(text, "| workload | {} |", report.engines.join(" | "));
    let _ = writeln!(text, "|---|{}", "---|".repeat(report.engines.len()));
    for (workload, measured) in report.workloads.iter().enumerate() {
        let cells = (0..report.engines.len()).map(|engine| cell(report, workload, engine));
        let cells: Vec<String> = cells.collect();
        let _ = writeln!(text, "| {} | {} |", measured.name, cells.join(" | "));
    }
    let mean = |engine| report.summary(engine).map_or("-".to_owned(), |own| ratio(own.ratio));
    let means: Vec<String> = (0..report.engines.len()).map(mean).collect();
    let _ = writeln!(text, "| geometric mean | {} |\n", means.join(" | "));
    let _ = writeln!(text, "| engine | time | start-up | peak memory | machine code | workloads |");
    let _ = writeln!(text, "|---|---|---|---|---|---|");
    for (engine, name) in report.engines.iter().enumerate() {
        let Some(own) = report.summary(engine) else { continue };
        let code = own.code.map_or("-".to_owned(), |bytes| format!("{:.1} kB", bytes as f64 / 1e3));
        let _ = writeln!(
            text,
            "| {name} | {} | {} | {:.1} MB | {code} | {} |",
            ratio(own.ratio),
            seconds(&own.start),
            own.memory / 1e6,
            own.workloads
        );
    }
    let failures = failures(report);
    if !failures.is_empty() {
        let _ = writeln!(text, "\n{}", failures.join("\n"));
    }
    text
}

/// Who could not do what, and why.
pub(super) fn failures(report: &Report) -> Vec<String> {
    let mut all = Vec::new();
    for measured in &report.workloads {
        for (entry, name) in measured.entries.iter().zip(&report.engines) {
            if let Some(failure) = &entry.failure {
                all.push(format!("- {name} failed on {}: {failure}", measured.name));
            }
        }
    }
    all
}

fn ratio(value: f64) -> String {
    format!("{value:.2}x")
}

/// The ratio with its quartiles, or the time of the base engine.
fn cell(report: &Report, workload: usize, engine: usize) -> String {
    let Some(cell) = report.cell(workload, engine) else { return "-".to_owned() };
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
        assert!(text.contains("| vectors | 2 ms | - |"), "{text}");
        assert!(text.contains("| geometric mean | 1.00x | 2.00x |"), "{text}");
        assert!(text.contains("| second | 2.00x | 2.5 µs | 4.2 MB | 0.2 kB | 1 |"), "{text}");
        assert!(text.contains("- second failed on vectors: no SIMD"), "{text}");
    }
}
