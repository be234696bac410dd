//! Points with names.

use plotters::prelude::*;

use super::{FONT, bounds, color, seconds, short, svg};
use crate::guest::Error;

/// A point of a plot.
#[derive(Clone, Debug)]
pub struct Point {
    /// What stands beside it.
    pub name: String,
    /// Which colour it has.
    pub color: usize,
    /// Where it is from left to right: seconds.
    pub x: f64,
    /// Where it is from below.
    pub y: f64,
}

/// Points between axes that go in powers of ten.
///
/// # Errors
/// If there is nothing to draw.
pub fn points(title: &str, across: &str, up: &str, points: &[Point]) -> Result<String, Error> {
    let x = bounds(points.iter().map(|point| point.x));
    let y = bounds(points.iter().map(|point| point.y));
    svg((760, 460), |area| {
        let mut builder = ChartBuilder::on(area);
        builder.caption(title, (FONT, 17)).margin(12);
        builder.set_label_area_size(LabelAreaPosition::Left, 60);
        builder.set_label_area_size(LabelAreaPosition::Bottom, 42);
        // Room for names on the right.
        let across_range = (x.0 / 1.5..x.1 * (x.1 / x.0).powf(0.25).max(1.5)).log_scale();
        let mut chart =
            builder.build_cartesian_2d(across_range, (y.0 / 1.3..y.1 * 1.3).log_scale())?;
        let mut mesh = chart.configure_mesh();
        mesh.x_desc(across).y_desc(up).x_label_formatter(&seconds).y_label_formatter(&short);
        mesh.light_line_style(TRANSPARENT).label_style((FONT, 12)).draw()?;
        for (index, point) in points.iter().enumerate() {
            let at = (point.x, point.y);
            // Names of neighbours are not on top of each other.
            let name = Text::new(
                point.name.clone(),
                (8, if index % 2 == 0 { -15 } else { 2 }),
                (FONT, 13),
            );
            let dot = Circle::new((0, 0), 5, color(point.color).filled());
            chart.draw_series(std::iter::once(EmptyElement::at(at) + dot + name))?;
        }
        Ok(())
    })
}
