//! The figures as one page of HTML that needs nothing else.

use std::fmt::Write as _;

use super::table::failures;
use super::{Measured, Report};
use crate::guest::Error;
use crate::plot::{Axes, Bar, Line, Panel, Point, bars, panels, points, relate, seconds};

const STYLE: &str = "body{font:15px/1.5 sans-serif;max-width:1180px;margin:2em auto;padding:0 1em;\
    background:#fff;color:#1c2024}svg{max-width:100%;height:auto}.bars{display:flex;flex-wrap:wrap}\
    table{border-collapse:collapse;margin:1em 0}td,th{padding:.2em .7em;text-align:right;\
    border-bottom:1px solid #8884}td:first-child,th:first-child{text-align:left}\
    @media (prefers-color-scheme:dark){body{background:#0d1117;color:#c9d1d9}}";

/// The page.
///
/// # Errors
/// If there is nothing to draw.
pub fn page(report: &Report) -> Result<String, Error> {
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>bimetal bench</title>\
         <style>{STYLE}</style></head><body>\n<h1>bimetal bench</h1>\n\
         <p>{}. {} rounds; in each, every engine does every workload in a new process, in turns. \
         Times are those of a process's best call, relative to <code>{}</code>: medians over the \
         rounds, and quartiles. Lower is better.</p>\n",
        escape(&report.machine),
        report.rounds,
        escape(&report.base),
    );
    page += &overview(report);
    page += &scatter(report)?;
    page += &speed(report)?;
    page += "<h2>Workload by workload</h2>\n<div class=\"bars\">\n";
    for (workload, measured) in report.workloads.iter().enumerate() {
        page += &workload_bars(report, workload, measured)?;
    }
    page += "</div>\n";
    let failures = failures(report);
    if !failures.is_empty() {
        let items: Vec<String> =
            failures.iter().map(|line| format!("<li>{}</li>", escape(&line[2..]))).collect();
        let _ = writeln!(page, "<h2>Failures</h2>\n<ul>{}</ul>", items.join("\n"));
    }
    page += "</body></html>\n";
    Ok(page)
}

/// What text is in HTML.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// A row for each engine.
fn overview(report: &Report) -> String {
    let mut table = String::from(
        "<table><tr><th>engine</th><th>time</th><th>start-up</th><th>peak memory</th>\
         <th>machine code</th><th>workloads</th></tr>\n",
    );
    for (engine, name) in report.engines.iter().enumerate() {
        let Some(own) = report.summary(engine) else { continue };
        let code = own.code.map_or("-".to_owned(), |bytes| format!("{:.1} kB", bytes as f64 / 1e3));
        let _ = writeln!(
            table,
            "<tr><td>{}</td><td>{:.2}x</td><td>{}</td><td>{:.1} MB</td><td>{code}</td><td>{}</td></tr>",
            escape(name),
            own.ratio,
            seconds(&own.start),
            own.memory / 1e6,
            own.workloads
        );
    }
    table + "</table>\n"
}

fn scatter(report: &Report) -> Result<String, Error> {
    let point = |(engine, name): (usize, &String)| {
        let own = report.summary(engine)?;
        Some(Point { name: name.clone(), color: engine, x: own.start, y: own.ratio })
    };
    let all: Vec<Point> = report.engines.iter().enumerate().filter_map(point).collect();
    let up = format!("time when warm, relative to {}", report.base);
    points("Start-up against peak", "from bytes to the first result", &up, &all)
}

/// The speed over time of the workloads that were watched.
fn speed(report: &Report) -> Result<String, Error> {
    let line = |(name, points): (&String, &Vec<(f64, f64)>)| Line {
        name: name.clone(),
        points: points.clone(),
    };
    let panel = |measured: &Measured| {
        let watched = measured.entries.iter().map(|entry| &entry.speed);
        let mut lines: Vec<Line> = report.engines.iter().zip(watched).map(line).collect();
        lines.retain(|line| !line.points.is_empty());
        relate(&mut lines);
        (!lines.is_empty()).then(|| Panel { title: measured.name.clone(), lines })
    };
    let all: Vec<Panel> = report.workloads.iter().filter_map(panel).collect();
    if all.is_empty() {
        return Ok(String::new());
    }
    let axes = Axes { across: "time since the engine got the bytes", up: "speed", mark: None };
    panels("Speed over time, relative to the fastest moment", &axes, &all, 3)
}

fn workload_bars(report: &Report, workload: usize, measured: &Measured) -> Result<String, Error> {
    let bar = |(engine, name): (usize, &String)| {
        let quartiles = report.cell(workload, engine)?.ratio;
        Some(Bar { name: name.clone(), color: engine, quartiles })
    };
    let all: Vec<Bar> = report.engines.iter().enumerate().filter_map(bar).collect();
    bars(&measured.name, &format!("time, relative to {}", report.base), &all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::suite::summary::tests::report;

    #[test]
    fn the_page_has_all_plots_and_nothing_from_elsewhere() {
        let mut report = report();
        report.machine = "a <machine>".to_owned();
        let page = page(&report).unwrap();
        for words in
            ["Start-up against peak", "Speed over time", "sort", "no SIMD", "a &lt;machine"]
        {
            assert!(page.contains(words), "{words}: {page}");
        }
        assert_eq!(page.matches("<svg").count(), 4);
        assert!(!page.contains("src=") && !page.contains("href="), "{page}");
    }
}
