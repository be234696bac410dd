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

/// An engine on all workloads that it can run.
pub(super) struct Summary {
    /// How many these are.
    pub(super) workloads: usize,
    /// The geometric mean of its times relative to the base engine's.
    pub(super) ratio: f64,
    /// Of the seconds from the bytes to the result of a first call: nothing but
    /// loading where there is no such call.
    pub(super) start: f64,
    /// Of the bytes that a process had at most; 0 if they are not known.
    pub(super) memory: f64,
    /// The machine code of all workloads in bytes, if it makes any.
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

    /// An engine on all workloads; nothing if it failed on all.
    pub(super) fn summary(&self, engine: usize) -> Option<Summary> {
        let ratios: Vec<f64> = (0..self.workloads.len())
            .filter_map(|workload| Some(self.cell(workload, engine)?.ratio[1]))
            .collect();
        let entries = self.workloads.iter().filter_map(|workload| workload.entries.get(engine));
        let entries: Vec<&Entry> = entries.filter(|entry| !entry.rounds.is_empty()).collect();
        let mean = |of: fn(&Entry) -> Duration| {
            let values: Vec<f64> = entries.iter().map(|entry| of(entry).as_secs_f64()).collect();
            geomean(&values)
        };
        let code = entries.iter().map(|entry| entry.rounds.last()?.code_bytes);
        (!ratios.is_empty()).then(|| Summary {
            workloads: ratios.len(),
            ratio: geomean(&ratios),
            start: mean(Entry::start),
            // As if bytes were nanoseconds.
            memory: mean(Entry::memory) * 1e9,
            code: code.sum(),
        })
    }
}

impl Entry {
    fn each(&self, of: impl Fn(&Figures) -> u64) -> Vec<Duration> {
        self.rounds.iter().map(|round| Duration::from_nanos(of(round))).collect()
    }

    /// The best call of each process: what it took when everything was warm.
    fn times(&self) -> Vec<Duration> {
        self.each(|round| round.runs_ns.iter().min().copied().unwrap_or(0))
    }

    fn start(&self) -> Duration {
        median(&self.each(|round| round.load_ns + round.first_ns.unwrap_or(0)))
    }

    fn memory(&self) -> Duration {
        median(&self.each(|round| round.peak_rss_bytes.unwrap_or(0)))
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::suite::Measured;

    /// Two engines, of which the second takes twice as long and fails on one workload.
    pub(in crate::suite) fn report() -> Report {
        let entry = |factor: u64| {
            let round = |noise: u64| Figures {
                load_ns: 1000 * factor,
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
        let failed = Entry { failure: Some("no SIMD".to_owned()), ..Entry::default() };
        let measured = |name: &str, entries| Measured { name: name.to_owned(), times: 5, entries };
        Report {
            machine: "a machine".to_owned(),
            base: "first".to_owned(),
            rounds: 3,
            engines: vec!["first".to_owned(), "second".to_owned()],
            workloads: vec![
                measured("sort", vec![entry(1), entry(2)]),
                measured("vectors", vec![entry(1), failed]),
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
        assert!((summary.ratio - 2.0).abs() < 1e-9 && (summary.start - 2.5e-6).abs() < 1e-12);
        assert!((summary.memory - f64::from(4 << 20)).abs() < 1.0);
    }
}
