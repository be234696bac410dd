//! The figures as one page of HTML that needs nothing else.

use super::grid::escape;
use super::summary::Summary;
use super::table::grids;
use super::{Measured, Report};
use crate::guest::Error;
use crate::plot::{Axes, Bar, Line, Panel, Point, bars, panels, points, relate, seconds};

const STYLE: &str = "body{font:15px/1.5 sans-serif;max-width:1180px;margin:2em auto;padding:0 1em;\
    background:#fff;color:#1c2024}svg{max-width:100%;height:auto}.bars{display:flex;\
    flex-wrap:wrap;align-items:flex-end;gap:1em}.wide{overflow-x:auto}h2{margin-top:1.6em}\
    table{border-collapse:collapse;margin:1em 0;font-size:13px}tr:hover{background:#8882}\
    td,th{padding:.25em .7em;text-align:right;border-bottom:1px solid #8884;white-space:nowrap}\
    td:first-child,th:first-child{text-align:left}.notes td{text-align:left;white-space:normal}\
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
         Times are those of a process's best call in time of the processor, relative to \
         <code>{}</code>: medians over the rounds, and quartiles. Lower is better.</p>\n",
        escape(&report.machine),
        report.rounds,
        escape(&report.base),
    );
    let tables = grids(report);
    let (overview, others) = tables.split_at(1);
    overview.iter().for_each(|grid| page += &grid.html());
    page += &means(report)?;
    page += &scatter(report)?;
    page += &speed(report)?;
    page += "<h2>Workload by workload</h2>\n<div class=\"bars\">\n";
    for (workload, measured) in report.workloads.iter().enumerate() {
        page += &workload_bars(report, workload, measured)?;
    }
    page += "</div>\n";
    others.iter().for_each(|grid| page += &grid.html());
    page += "</body></html>\n";
    Ok(page)
}

/// Each column of the overview as bars.
fn means(report: &Report) -> Result<String, Error> {
    let summaries: Vec<_> = (0..report.engines.len()).map(|at| report.summary(at)).collect();
    let plot = |title: &str,
                across: &str,
                of: &dyn Fn(&Summary) -> Option<[f64; 3]>,
                label: &dyn Fn(f64) -> String| {
        let bar = |(engine, own): (usize, &Option<Summary>)| {
            let quartiles = of(own.as_ref()?)?;
            let (name, label) = (report.engines[engine].clone(), label(quartiles[1]));
            Some(Bar { name, color: engine, quartiles, label })
        };
        let all: Vec<Bar> = summaries.iter().enumerate().filter_map(bar).collect();
        if all.is_empty() { Ok(String::new()) } else { bars(title, across, &all) }
    };
    let one = |value: f64| [value; 3];
    let time = format!("relative to {}, with the quartiles of the workloads", report.base);
    let plots = [
        plot("Time when warm", &time, &|own| Some(own.spread), &|value| format!("{value:.2}x"))?,
        plot(
            "Start-up",
            "seconds from bytes to the first result",
            &|own| own.start.map(one),
            &|at| seconds(&at),
        )?,
        plot("Peak memory", "MB", &|own| Some(one(own.memory? / 1e6)), &|value| {
            format!("{value:.1} MB")
        })?,
        plot("Machine code", "kB", &|own| Some(one(own.code? as f64 / 1e3)), &|value| {
            format!("{value:.1} kB")
        })?,
    ];
    Ok(format!("<div class=\"bars\">{}</div>\n", plots.concat()))
}

fn scatter(report: &Report) -> Result<String, Error> {
    let point = |(engine, name): (usize, &String)| {
        let own = report.summary(engine)?;
        Some(Point { name: name.clone(), color: engine, x: own.start?, y: own.ratio })
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
        let label = format!("{:.2}", quartiles[1]);
        Some(Bar { name: name.clone(), color: engine, quartiles, label })
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
            ["Start-up against peak", "Speed over time", "sort", "no vectors", "a &lt;machine"]
        {
            assert!(page.contains(words), "{words}: {page}");
        }
        assert_eq!(page.matches("<svg").count(), 8);
        assert!(!page.contains("src=") && !page.contains("href="), "{page}");
    }
}
