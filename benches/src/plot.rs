//! Line plots as SVG text.

use plotters::prelude::*;

use crate::peers::Error;

/// A line of a plot.
#[derive(Clone, Debug)]
pub struct Line {
    /// Its name in the legend.
    pub name: String,
    /// Its points, from left to right.
    pub points: Vec<(f64, f64)>,
}

const SIZE: (u32, u32) = (760, 420);

/// A plot of lines over a logarithmic axis; with a logarithmic vertical axis unless
/// `linear`.
///
/// # Errors
/// If there is nothing to draw.
pub fn lines(
    title: &str,
    x_label: &str,
    y_label: &str,
    lines: &[Line],
    linear: bool,
) -> Result<String, Error> {
    let points = || lines.iter().flat_map(|line| line.points.iter());
    let (x, y) = (bounds(points().map(|point| point.0)), bounds(points().map(|point| point.1)));
    let mut text = String::new();
    {
        let area = SVGBackend::with_string(&mut text, SIZE).into_drawing_area();
        area.fill(&WHITE)?;
        let mut builder = ChartBuilder::on(&area);
        builder.caption(title, ("sans-serif", 17)).margin(12);
        builder.set_label_area_size(LabelAreaPosition::Left, 64);
        builder.set_label_area_size(LabelAreaPosition::Bottom, 40);
        macro_rules! draw {
            ($y:expr) => {{
                let mut chart = builder.build_cartesian_2d((x.0..x.1).log_scale(), $y)?;
                chart
                    .configure_mesh()
                    .x_desc(x_label)
                    .y_desc(y_label)
                    .light_line_style(WHITE)
                    .draw()?;
                for (index, line) in lines.iter().enumerate() {
                    let color = Palette99::pick(index).to_rgba();
                    let series =
                        LineSeries::new(line.points.iter().copied(), color.stroke_width(2));
                    chart.draw_series(series)?.label(&line.name).legend(move |(x, y)| {
                        PathElement::new([(x, y), (x + 18, y)], color.stroke_width(2))
                    });
                }
                chart
                    .configure_series_labels()
                    .position(SeriesLabelPosition::UpperRight)
                    .background_style(WHITE.mix(0.8))
                    .border_style(BLACK)
                    .draw()?;
            }};
        }
        if linear {
            draw!(0.0..y.1 * 1.1)
        } else {
            draw!((y.0..y.1).log_scale())
        }
        area.present()?;
    }
    Ok(text)
}

fn bounds(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let (low, high) =
        values.fold((f64::MAX, f64::MIN), |(low, high), value| (low.min(value), high.max(value)));
    if low < high { (low, high) } else { (low.min(1.0) / 2.0, low.max(1.0) * 2.0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plot_names_its_lines_and_axes() {
        let line = Line { name: "a line".to_owned(), points: vec![(0.001, 1.0), (1.0, 3.0)] };
        for linear in [true, false] {
            let text = lines("title", "across", "up", std::slice::from_ref(&line), linear).unwrap();
            for words in ["<svg", "title", "across", "up", "a line", "polyline"] {
                assert!(text.contains(words), "{words}: {text}");
            }
        }
    }
}
