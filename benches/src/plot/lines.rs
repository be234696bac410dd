//! Lines, in panels side by side.

use plotters::prelude::*;

use super::{Area, FONT, bounds, color, head, head_height, log_bounds, seconds, short, svg};
use crate::guest::Error;

/// A line of a panel.
#[derive(Clone, Debug)]
pub struct Line {
    /// Its name in the legend.
    pub name: String,
    /// Its points, from left to right.
    pub points: Vec<(f64, f64)>,
}

impl Line {
    /// A line without points.
    pub fn new(name: &str) -> Line {
        Line { name: name.to_owned(), points: Vec::new() }
    }
}

/// Lines in one coordinate system.
#[derive(Clone, Debug)]
pub struct Panel {
    /// What it shows.
    pub title: String,
    /// The lines; those of one name have one colour in all panels.
    pub lines: Vec<Line>,
}

/// The axes of all panels.
#[derive(Clone, Copy, Debug)]
pub struct Axes<'a> {
    /// What goes from left to right: seconds, in powers of ten.
    pub across: &'a str,
    /// What goes up, from zero.
    pub up: &'a str,
    /// A level that is marked by a line.
    pub mark: Option<f64>,
}

/// Makes the highest point of all lines 1.
pub fn relate(lines: &mut [Line]) {
    let heights = lines.iter().flat_map(|line| line.points.iter().map(|point| point.1));
    let highest = heights.fold(0.0, f64::max);
    for point in lines.iter_mut().flat_map(|line| &mut line.points) {
        point.1 /= highest;
    }
}

const PANEL: (u32, u32) = (380, 270);

/// Panels in so many columns.
///
/// # Errors
/// If there is nothing to draw.
pub fn panels(
    title: &str,
    axes: &Axes<'_>,
    panels: &[Panel],
    columns: usize,
) -> Result<String, Error> {
    let columns = columns.clamp(1, panels.len().max(1));
    let rows = panels.len().div_ceil(columns);
    let mut names: Vec<&str> = Vec::new();
    for line in panels.iter().flat_map(|panel| &panel.lines) {
        if !names.contains(&line.name.as_str()) {
            names.push(&line.name);
        }
    }
    let width = PANEL.0 * columns as u32;
    let size = (width, head_height(width, &names) + PANEL.1 * rows as u32);
    svg(size, |area| {
        let rest = head(area, title, &names)?;
        for (panel, area) in panels.iter().zip(rest.split_evenly((rows, columns))) {
            draw(&area, axes, panel, &names)?;
        }
        Ok(())
    })
}

fn draw(area: &Area<'_>, axes: &Axes<'_>, panel: &Panel, names: &[&str]) -> Result<(), Error> {
    let points = || panel.lines.iter().flat_map(|line| line.points.iter());
    let x = log_bounds(points().map(|point| point.0));
    // Room for a tick at either end.
    let x = (x.0 * 0.97, x.1 * 1.03);
    let y = bounds(points().map(|point| point.1).chain(axes.mark));
    let mut builder = ChartBuilder::on(area);
    builder.caption(&panel.title, (FONT, 15)).margin(8).margin_right(20);
    builder.set_label_area_size(LabelAreaPosition::Left, 56);
    builder.set_label_area_size(LabelAreaPosition::Bottom, 38);
    let mut chart = builder.build_cartesian_2d((x.0..x.1).log_scale(), 0.0..y.1 * 1.08)?;
    let mut mesh = chart.configure_mesh();
    mesh.x_desc(axes.across).y_desc(axes.up).x_labels(6).y_labels(7);
    mesh.x_label_formatter(&seconds).y_label_formatter(&short);
    mesh.light_line_style(TRANSPARENT).label_style((FONT, 12)).draw()?;
    if let Some(mark) = axes.mark {
        let ends = [(x.0, mark), (x.1, mark)];
        let style = BLACK.mix(0.6).stroke_width(1);
        chart.draw_series(DashedLineSeries::new(ends, 4, 3, style))?;
    }
    // The first name is what the plot is about: it lies on top.
    for (index, name) in names.iter().enumerate().rev() {
        let style = color(index).stroke_width(if index == 0 { 3 } else { 2 });
        for line in panel.lines.iter().filter(|line| line.name == *name) {
            chart.draw_series(LineSeries::new(line.points.iter().copied(), style))?;
        }
    }
    Ok(())
}
