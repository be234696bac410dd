//! Plots as SVG text, readable on a bright and on a dark page.

mod bars;
mod lines;
mod points;

pub use bars::{Bar, bars};
pub use lines::{Axes, Line, Panel, panels, relate};
pub use points::{Point, points};

use plotters::coord::Shift;
use plotters::prelude::*;

use crate::guest::Error;

/// The area of a plot, or a part of it.
type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// Colours that differ on white and on black, also for most colour-blind eyes.
const COLORS: [RGBColor; 14] = [
    RGBColor(213, 94, 0),
    RGBColor(0, 114, 178),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(230, 159, 0),
    RGBColor(86, 180, 233),
    RGBColor(123, 97, 181),
    RGBColor(140, 109, 49),
    RGBColor(136, 136, 136),
    RGBColor(194, 59, 59),
    RGBColor(42, 167, 160),
    RGBColor(94, 108, 132),
    RGBColor(160, 180, 60),
    RGBColor(233, 130, 120),
];

/// What a page in dark mode makes of a plot.
const DARK: &str = "<style>@media (prefers-color-scheme:dark){svg rect[fill=\"#FFFFFF\"]\
    {fill:#0d1117}svg text{fill:#c9d1d9}svg [stroke=\"#000000\"]{stroke:#8b949e}}</style>";

const FONT: &str = "sans-serif";

/// The colour of a thing by its position.
fn color(index: usize) -> RGBColor {
    COLORS[index % COLORS.len()]
}

/// Draws on an empty area and gives the text.
fn svg(
    size: (u32, u32),
    draw: impl FnOnce(&Area<'_>) -> Result<(), Error>,
) -> Result<String, Error> {
    let mut text = String::new();
    {
        let area = SVGBackend::with_string(&mut text, size).into_drawing_area();
        area.fill(&WHITE)?;
        draw(&area)?;
        area.present()?;
    }
    // Behind the tag of the picture itself.
    let end = text.find("<svg").and_then(|at| Some(at + text[at..].find('>')? + 1)).unwrap_or(0);
    text.insert_str(end, DARK);
    Ok(text)
}

/// The room that a name takes with its colour in front.
fn room(name: &str) -> i32 {
    44 + 7 * name.chars().count() as i32
}

/// The height of [`head`] over a plot that is so wide.
fn head_height(width: u32, names: &[&str]) -> u32 {
    let (mut x, mut lines) = (14, 1);
    for name in names {
        if x > 14 && x + room(name) > width as i32 {
            (x, lines) = (14, lines + 1);
        }
        x += room(name);
    }
    36 + 20 * lines
}

/// Draws a title and the names with their colours in a strip at the top; gives what
/// is left.
fn head<'a>(area: &Area<'a>, title: &str, names: &[&str]) -> Result<Area<'a>, Error> {
    let width = area.dim_in_pixel().0;
    let (strip, rest) = area.split_vertically(head_height(width, names));
    strip.draw(&Text::new(title.to_owned(), (14, 10), (FONT, 17)))?;
    let (mut x, mut y) = (14, 36);
    for (index, name) in names.iter().enumerate() {
        if x > 14 && x + room(name) > width as i32 {
            (x, y) = (14, y + 20);
        }
        strip.draw(&Rectangle::new([(x, y + 3), (x + 16, y + 9)], color(index).filled()))?;
        strip.draw(&Text::new((*name).to_owned(), (x + 22, y), (FONT, 13)))?;
        x += room(name);
    }
    Ok(rest)
}

/// A duration in seconds with the unit that makes it short.
pub fn seconds(value: &f64) -> String {
    let (value, unit) = match *value {
        value if value >= 1.0 => (value, "s"),
        value if value >= 1e-3 => (value * 1e3, "ms"),
        value => (value * 1e6, "µs"),
    };
    format!("{} {unit}", (value * 100.0).round() / 100.0)
}

/// A number with as many digits as it takes to tell it from others of its size.
fn short(value: &f64) -> String {
    let digits = if *value < 0.1 { 1e4 } else { 1e2 };
    format!("{}", (value * digits).round() / digits)
}

/// The least and the greatest value, some way apart.
fn bounds(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let (low, high) =
        values.fold((f64::MAX, f64::MIN), |(low, high), value| (low.min(value), high.max(value)));
    if low < high { (low, high) } else { (low.min(1.0) / 2.0, low.max(1.0) * 2.0) }
}

/// As [`bounds`], for an axis that goes in powers of ten: what such an axis cannot show
/// does not count.
fn log_bounds(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let shown = values.filter(|value| value.is_finite() && *value > 0.0);
    let (low, high) = bounds(shown);
    (low.max(1e-9), high.min(1e12))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plot_names_what_it_shows() {
        let line = Line { name: "a line".to_owned(), points: vec![(0.001, 1.0), (1.0, 3.0)] };
        let panel = Panel { title: "a panel".to_owned(), lines: vec![line] };
        let axes = Axes { across: "across", up: "up", mark: Some(1.15) };
        let text = panels("title", &axes, &[panel], 2).unwrap();
        for words in ["<svg", "title", "a panel", "across", "up", "a line", "polyline"] {
            assert!(text.contains(words), "{words}: {text}");
        }
        let point = Point { name: "a point".to_owned(), color: 0, x: 0.001, y: 2.0 };
        let text = points("title", "across", "up", &[point]).unwrap();
        assert!(text.contains("a point") && text.contains("circle"), "{text}");
        let bar = Bar {
            name: "a bar".to_owned(),
            color: 1,
            quartiles: [0.9, 1.0, 1.2],
            label: "1.00x".into(),
        };
        let text = bars("title", "across", &[bar]).unwrap();
        assert!(text.contains("a bar") && text.contains("1.00"), "{text}");
    }

    #[test]
    fn what_has_no_place_on_an_axis_of_powers_is_drawn_at_its_edge() {
        let bar = |value: f64| Bar {
            name: "a bar".to_owned(),
            color: 1,
            quartiles: [value; 3],
            label: value.to_string(),
        };
        let text = bars("title", "across", &[bar(0.0), bar(2.0), bar(f64::INFINITY)]).unwrap();
        assert_eq!(text.matches("a bar").count(), 3, "{text}");
        let point = |x: f64| Point { name: "a point".to_owned(), color: 0, x, y: 1.0 };
        let text = points("title", "across", "up", &[point(0.0), point(1.0)]).unwrap();
        assert!(text.contains("a point"), "{text}");
    }

    #[test]
    fn durations_have_a_fitting_unit() {
        let text = [2.0, 0.01, 0.000_25].map(|value| seconds(&value));
        assert_eq!(text, ["2 s", "10 ms", "250 µs"]);
    }
}
