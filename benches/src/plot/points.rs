//! Points with names.

use plotters::prelude::*;

use super::{FONT, color, log_bounds, seconds, short, svg};
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
    let x = log_bounds(points.iter().map(|point| point.x));
    let y = log_bounds(points.iter().map(|point| point.y));
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
        let at = |point: &Point| (point.x.clamp(x.0, x.1), point.y.clamp(y.0, y.1));
        let pixel = |point: &Point| chart.plotting_area().map_coordinate(&at(point));
        let around = |(x, y): (i32, i32)| [x - 6, y - 6, x + 6, y + 6];
        let mut taken: Vec<[i32; 4]> = points.iter().map(|point| around(pixel(point))).collect();
        for point in points {
            let (x, y) = pixel(point);
            area.draw(&Circle::new((x, y), 5, color(point.color).filled()))?;
            let room = place((x, y), &point.name, &taken);
            area.draw(&Text::new(point.name.clone(), (room[0], room[1]), (FONT, 13)))?;
            taken.push(room);
        }
        Ok(())
    })
}

/// Where a name stands beside its point, as the corners of its room: where nothing else
/// is, if there is such a place.
fn place((x, y): (i32, i32), name: &str, taken: &[[i32; 4]]) -> [i32; 4] {
    let width = 8 * name.chars().count() as i32;
    let room = |(x, y): (i32, i32)| [x, y, x + width, y + 13];
    let left = x - width - 8;
    let places = [
        (x + 9, y - 6),
        (x + 9, y - 18),
        (x + 9, y + 6),
        (left, y - 6),
        (left, y - 18),
        (left, y + 6),
    ];
    let free = |room: &[i32; 4]| {
        !taken.iter().any(|other| {
            room[0] < other[2] && other[0] < room[2] && room[1] < other[3] && other[1] < room[3]
        })
    };
    places.map(room).into_iter().find(free).unwrap_or(room(places[0]))
}

#[cfg(test)]
mod tests {
    use super::place;

    #[test]
    fn names_of_neighbours_are_not_on_top_of_each_other() {
        let first = place((100, 100), "first", &[]);
        let second = place((102, 101), "second", &[first]);
        assert!(second[1] >= first[3] || second[3] <= first[1] || second[2] <= first[0]);
    }
}
