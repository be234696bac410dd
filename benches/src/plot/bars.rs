//! Bars from left to right, with their spread.

use plotters::prelude::*;

use super::{FONT, color, log_bounds, short, svg};
use crate::guest::Error;

/// A bar.
#[derive(Clone, Debug)]
pub struct Bar {
    /// What stands in front of it.
    pub name: String,
    /// Which colour it has.
    pub color: usize,
    /// The lower quartile, the median, where it ends, and the upper quartile.
    pub quartiles: [f64; 3],
    /// What stands behind it.
    pub label: String,
}

const HEIGHT: u32 = 22;

/// Bars below each other, over an axis that goes in powers of ten.
///
/// # Errors
/// If there is nothing to draw.
pub fn bars(title: &str, across: &str, bars: &[Bar]) -> Result<String, Error> {
    let (low, high) = log_bounds(bars.iter().flat_map(|bar| bar.quartiles));
    let low = low / 1.6;
    svg((520, 78 + HEIGHT * bars.len() as u32), |area| {
        let mut builder = ChartBuilder::on(area);
        builder.caption(title, (FONT, 15)).margin(8);
        builder.set_label_area_size(LabelAreaPosition::Left, 124);
        builder.set_label_area_size(LabelAreaPosition::Bottom, 34);
        // Room for the figure on the right.
        let range = (low..high * (high / low).powf(0.25)).log_scale();
        let mut chart = builder.build_cartesian_2d(range, bars.len() as f64..0.0)?;
        let mut mesh = chart.configure_mesh();
        mesh.x_desc(across).disable_y_mesh().y_labels(0).x_labels(6);
        mesh.x_label_formatter(&|value| short(value));
        mesh.light_line_style(TRANSPARENT).label_style((FONT, 12)).draw()?;
        for (index, bar) in bars.iter().enumerate() {
            let [lower, middle, upper] = bar.quartiles.map(|value| value.clamp(low, high));
            let y = index as f64 + 0.5;
            let whole = [(low, y - 0.32), (middle, y + 0.32)];
            let spread = PathElement::new([(lower, y), (upper, y)], BLACK.stroke_width(2));
            let figure = Text::new(bar.label.clone(), (6, -6), (FONT, 12));
            chart.draw_series([Rectangle::new(whole, color(bar.color).mix(0.75).filled())])?;
            if lower < upper {
                chart.draw_series([spread])?;
            }
            chart.draw_series([EmptyElement::at((upper.max(middle), y)) + figure])?;
        }
        for (index, bar) in bars.iter().enumerate() {
            let (x, y) = chart.plotting_area().map_coordinate(&(low, index as f64 + 0.5));
            area.draw(&Text::new(bar.name.clone(), (x - 118, y - 6), (FONT, 12)))?;
        }
        Ok(())
    })
}
