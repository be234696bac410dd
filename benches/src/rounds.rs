//! Figures from interleaved rounds.

use std::time::Duration;

use crate::guest::{Call, Error};
use crate::report::cpu_time;

/// What the command line of a table asks for: `[ROUNDS] [NAME..]`.
pub struct Asked {
    /// How many rounds.
    pub rounds: usize,
    names: Vec<String>,
}

impl Asked {
    /// Reads the arguments of this process; without a number, `rounds`.
    ///
    /// # Errors
    /// If the first argument is not a number.
    pub fn from_args(rounds: usize) -> Result<Asked, Error> {
        let mut args = std::env::args().skip(1);
        let rounds = args.next().map_or(Ok(rounds), |text| text.parse())?;
        Ok(Asked { rounds, names: args.collect() })
    }

    /// Whether the whole table is asked for.
    pub fn all(&self) -> bool {
        self.names.is_empty()
    }

    /// Whether this row is asked for: its name contains one of those given.
    pub fn row(&self, name: &str) -> bool {
        self.all() || self.names.iter().any(|part| name.contains(part.as_str()))
    }
}

/// Calls the same function of several engines in interleaved rounds, behind one that
/// warms up: each engine's times of the processor, round by round.
///
/// # Errors
/// If a call traps or the results differ.
pub fn interleaved<const N: usize>(
    engines: &mut [Call; N],
    times: i32,
    rounds: usize,
) -> Result<[Vec<Duration>; N], Error> {
    let mut taken = [const { Vec::new() }; N];
    for round in 0..=rounds {
        let mut sums = [0; N];
        for turn in 0..N {
            // None is always the first.
            let index = (turn + round) % N;
            let start = cpu_time();
            sums[index] = engines[index](times)?;
            let time = cpu_time().saturating_sub(start);
            if round > 0 {
                taken[index].push(time);
            }
        }
        if sums.iter().any(|&sum| sum != sums[0]) {
            return Err(format!("the checksums differ: {sums:?}").into());
        }
    }
    Ok(taken)
}

/// The median of some durations; zero if there is none.
pub fn median(durations: &[Duration]) -> Duration {
    let mut sorted = durations.to_vec();
    sorted.sort_unstable();
    sorted.get(sorted.len() / 2).copied().unwrap_or_default()
}

/// The median, least and greatest ratio of `times` to `base`, round by round.
pub fn ratios(times: &[Duration], base: &[Duration]) -> [f64; 3] {
    let ratios = sorted_ratios(times, base);
    let at = |index: usize| ratios.get(index).copied().unwrap_or(f64::NAN);
    [at(ratios.len() / 2), at(0), at(ratios.len().saturating_sub(1))]
}

/// The lower quartile, the median and the upper quartile of the same ratios.
pub fn quartiles(times: &[Duration], base: &[Duration]) -> [f64; 3] {
    let ratios = sorted_ratios(times, base);
    [1, 2, 3].map(|quarter| ratios.get(ratios.len() * quarter / 4).copied().unwrap_or(f64::NAN))
}

fn sorted_ratios(times: &[Duration], base: &[Duration]) -> Vec<f64> {
    let mut ratios: Vec<f64> = times
        .iter()
        .zip(base)
        .map(|(time, base)| time.as_secs_f64() / base.as_secs_f64().max(1e-9))
        .collect();
    ratios.sort_unstable_by(f64::total_cmp);
    ratios
}

/// The geometric mean.
pub fn geomean(values: &[f64]) -> f64 {
    let sum: f64 = values.iter().map(|value| value.ln()).sum();
    (sum / values.len() as f64).exp()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounds_are_interleaved_and_results_compared() {
        let engine = |sum: i64| -> Call { Box::new(move |times| Ok(sum * i64::from(times))) };
        let taken = interleaved(&mut [engine(2), engine(2), engine(2)], 5, 4).unwrap();
        assert_eq!(taken.map(|times| times.len()), [4; 3]);
        let error = interleaved(&mut [engine(2), engine(3)], 5, 4).unwrap_err();
        assert_eq!(error.to_string(), "the checksums differ: [10, 15]");
    }

    #[test]
    fn ratios_pair_the_rounds() {
        let ms = |n| Duration::from_millis(n);
        let times = [ms(20), ms(90), ms(40)];
        let base = [ms(10), ms(30), ms(10)];
        assert_eq!(ratios(&times, &base), [3.0, 2.0, 4.0]);
        assert_eq!(quartiles(&times, &base), [2.0, 3.0, 4.0]);
        assert_eq!(median(&times), ms(40));
    }

    #[test]
    fn the_mean_of_ratios_is_geometric() {
        assert!((geomean(&[1.0, 4.0]) - 2.0).abs() < 1e-12);
    }
}
