//! Two engines against each other, over what both of them can run.

use super::Report;
use super::grid::Grid;
use super::own::TIERS;
use crate::rounds::{geomean, quartiles};

/// One engine against another.
pub(super) struct Pair {
    /// The workloads that both ran, with the median of the ratios of their rounds.
    pub(super) ratios: Vec<(usize, f64)>,
}

impl Pair {
    /// The geometric mean, and over how many workloads.
    pub(super) fn mean(&self) -> Option<(f64, usize)> {
        let ratios: Vec<f64> = self.ratios.iter().map(|&(_, ratio)| ratio).collect();
        (!ratios.is_empty()).then(|| (geomean(&ratios), ratios.len()))
    }

    /// The workload with the greatest ratio.
    fn worst(&self) -> Option<(usize, f64)> {
        self.ratios.iter().copied().max_by(|a, b| a.1.total_cmp(&b.1))
    }
}

impl Report {
    /// The times of one engine relative to those of another, of the workloads of a group
    /// or of all.
    pub(super) fn pair(&self, own: usize, other: usize, group: Option<&str>) -> Pair {
        let ratio = |(index, measured): (usize, &super::Measured)| {
            let entry = |engine: usize| Some(measured.entries.get(engine)?.times());
            let (own, other) = (entry(own)?, entry(other)?);
            let wanted = group.is_none_or(|group| measured.group == group);
            (wanted && !own.is_empty() && !other.is_empty())
                .then(|| (index, quartiles(&own, &other)[1]))
        };
        Pair { ratios: self.workloads.iter().enumerate().filter_map(ratio).collect() }
    }

    /// The groups that there are, in the order of their workloads.
    pub(super) fn groups(&self) -> Vec<&str> {
        let mut groups: Vec<&str> = Vec::new();
        for measured in &self.workloads {
            if !groups.contains(&measured.group.as_str()) {
                groups.push(&measured.group);
            }
        }
        groups
    }
}

/// Each of our tiers against all other engines, group by group.
pub(super) fn pairs(report: &Report) -> Vec<Grid> {
    let tiers =
        report.engines.iter().enumerate().filter(|(_, name)| TIERS.contains(&name.as_str()));
    tiers.map(|(tier, name)| against(report, tier, name)).collect()
}

fn against(report: &Report, tier: usize, name: &str) -> Grid {
    let groups = report.groups();
    let head = [&[name, "all"], &groups[..], &["worst", "behind"]].concat();
    let title = format!("Time of `{name}` relative to others', over the workloads that both ran");
    let mut grid = Grid::new(&title, head);
    for (other, other_name) in report.engines.iter().enumerate() {
        let all = report.pair(tier, other, None);
        let (false, Some(worst)) = (other == tier, all.worst()) else { continue };
        let mut row = vec![format!("/ {other_name}"), mean(&all)];
        row.extend(groups.iter().map(|group| mean(&report.pair(tier, other, Some(group)))));
        row.push(format!("{:.2} {}", worst.1, report.workloads[worst.0].name));
        row.push(all.ratios.iter().filter(|(_, ratio)| *ratio > 1.05).count().to_string());
        grid.rows.push(row);
    }
    grid
}

/// A mean, and over how many workloads.
fn mean(pair: &Pair) -> String {
    pair.mean().map_or("-".to_owned(), |(mean, count)| format!("{mean:.2} ({count})"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::suite::summary::tests::report;

    #[test]
    fn a_pair_is_compared_over_what_both_ran() {
        let report = report();
        assert_eq!(report.pair(1, 0, None).mean(), Some((2.0, 1)));
        assert_eq!(report.pair(0, 1, Some("SIMD")).mean(), None);
        let grids = pairs(&report);
        assert_eq!(grids.len(), 1);
        let row = ["/ second", "0.50 (1)", "0.50 (1)", "-", "0.50 sort", "0"];
        assert_eq!(grids[0].rows, [row.map(str::to_owned)]);
    }
}
