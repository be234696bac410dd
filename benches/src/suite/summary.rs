//! What is said about an engine: medians over the rounds, and over the workloads.

use std::time::Duration;

use super::{Entry, Report};
use crate::measure::Figures;
use crate::rounds::{geomean, median, quartiles};

/// An engine on one workload.
pub(super) struct Cell {
    /// Its time relative to the base engine's, round by round: quartiles.
    pub(super) ratio: [f64; 3],
    /// Its time for a call.
    pub(super) time: Duration,
}

/// An engine on the workloads that every engine can run.
pub(super) struct Summary {
    /// How many it can run.
    pub(super) workloads: usize,
    /// The geometric mean of its times relative to the base engine's.
    pub(super) ratio: f64,
    /// The lower quartile of these times, the mean and the upper quartile.
    pub(super) spread: [f64; 3],
    /// Of the seconds from the bytes to the result of a first call: nothing but
    /// loading where there is no such call, and nothing at all of what does not load.
    pub(super) start: Option<f64>,
    /// Of the bytes that a process had at most.
    pub(super) memory: Option<f64>,
    /// The machine code of these workloads in bytes, if it makes any.
    pub(super) code: Option<u64>,
}

impl Report {
    /// The position of the base engine.
    pub(super) fn base(&self) -> usize {
        self.engines.iter().position(|name| *name == self.base).unwrap_or(0)
    }

    /// An engine on a workload; nothing if it failed there.
    pub(super) fn cell(&self, workload: usize, engine: usize) -> Option<Cell> {
        let entries = &self.workloads.get(workload)?.entries;
        let (own, base) = (entries.get(engine)?.times(), entries.get(self.base())?.times());
        (!own.is_empty()).then(|| Cell { ratio: quartiles(&own, &base), time: median(&own) })
    }

    /// The workloads that every engine ran which ran any.
    pub(super) fn common(&self) -> Vec<usize> {
        let ran = |workload: usize, engine: usize| self.cell(workload, engine).is_some();
        let all = 0..self.workloads.len();
        let able = |engine: &usize| all.clone().any(|workload| ran(workload, *engine));
        let engines: Vec<usize> = (0..self.engines.len()).filter(able).collect();
        let common = |workload: &usize| engines.iter().all(|&engine| ran(*workload, engine));
        all.clone().filter(common).collect()
    }

    /// An engine on [`Report::common`]; nothing if it failed on all.
    pub(super) fn summary(&self, engine: usize) -> Option<Summary> {
        let common = self.common();
        let ratios = common.iter().filter_map(|&at| Some(self.cell(at, engine)?.ratio[1]));
        let mut ratios: Vec<f64> = ratios.collect();
        ratios.sort_unstable_by(f64::total_cmp);
        let quarter = |at: usize| ratios.get(ratios.len() * at / 4).copied().unwrap_or(f64::NAN);
        let spread = [quarter(1), geomean(&ratios), quarter(3)];
        let entry = |at: &usize| self.workloads.get(*at)?.entries.get(engine);
        let entries: Vec<&Entry> = common.iter().filter_map(entry).collect();
        let mean = |of: fn(&Entry) -> Option<f64>| {
            let values: Option<Vec<f64>> = entries.iter().map(|entry| of(entry)).collect();
            values.filter(|values| !values.is_empty()).map(|values| geomean(&values))
        };
        let ran = self.workloads.iter().filter_map(|workload| workload.entries.get(engine));
        let code = entries.iter().map(|entry| entry.rounds.last()?.code_bytes);
        (!ratios.is_empty()).then(|| Summary {
            workloads: ran.filter(|entry| !entry.rounds.is_empty()).count(),
            ratio: spread[1],
            spread,
            start: mean(Entry::start),
            memory: mean(Entry::memory),
            code: code.sum(),
        })
    }
}

impl Entry {
    /// The best call of each process: what it took when everything was warm.
    pub(super) fn times(&self) -> Vec<Duration> {
        let best = |round: &Figures| round.runs_ns.iter().min().copied().unwrap_or(0);
        self.rounds.iter().map(|round| Duration::from_nanos(best(round))).collect()
    }

    /// Seconds from the bytes to a first result.
    fn start(&self) -> Option<f64> {
        let start = |round: &Figures| Some(round.load_ns? + round.first_ns.unwrap_or(0));
        Some(middle(self.rounds.iter().map(start).collect::<Option<_>>()?)? as f64 / 1e9)
    }

    /// Bytes that a process had at most.
    fn memory(&self) -> Option<f64> {
        let peaks = self.rounds.iter().map(|round| round.peak_rss_bytes);
        Some(middle(peaks.collect::<Option<_>>()?)? as f64)
    }
}

/// The median.
fn middle(mut values: Vec<u64>) -> Option<u64> {
    values.sort_unstable();
    values.get(values.len() / 2).copied()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::suite::{Failure, Measured};

    /// Two engines, of which the second takes twice as long and fails on one workload.
    pub(in crate::suite) fn report() -> Report {
        let entry = |factor: u64| {
            let round = |noise: u64| Figures {
                load_ns: Some(1000 * factor),
                first_ns: Some(500),
                runs_ns: vec![9_000_000 * factor, 1_000_000 * factor * noise],
                checksum: "7".to_owned(),
                peak_rss_bytes: Some(4 << 20),
                code_bytes: Some(100 * factor),
                speed: Vec::new(),
            };
            let rounds = [1, 3, 2].map(round).into();
            Entry { rounds, failure: None, speed: vec![(0.001, 50.0), (0.01, 100.0)] }
        };
        let failure = Failure { unsupported: true, reason: "no vectors".to_owned() };
        let failed = Entry { failure: Some(failure), ..Entry::default() };
        let measured = |name: &str, group: &str, entries| Measured {
            name: name.to_owned(),
            group: group.to_owned(),
            times: 5,
            entries,
        };
        Report {
            machine: "a machine".to_owned(),
            base: "jit".to_owned(),
            rounds: 3,
            engines: vec!["jit".to_owned(), "second".to_owned()],
            workloads: vec![
                measured("sort", "C", vec![entry(1), entry(2)]),
                measured("vectors", "SIMD", vec![entry(1), failed]),
            ],
        }
    }

    #[test]
    fn ratios_pair_the_best_calls_of_the_rounds() {
        let report = report();
        let cell = report.cell(0, 1).unwrap();
        assert_eq!((cell.ratio, cell.time), ([2.0; 3], Duration::from_millis(4)));
        assert!(report.cell(1, 1).is_none());
        let summary = report.summary(1).unwrap();
        assert_eq!((summary.workloads, summary.code), (1, Some(200)));
        assert!((summary.ratio - 2.0).abs() < 1e-9);
        assert!((summary.start.unwrap() - 2.5e-6).abs() < 1e-12);
        assert!((summary.memory.unwrap() - f64::from(4 << 20)).abs() < 1.0);
    }
}
