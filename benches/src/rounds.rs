//! Figures from interleaved rounds.

use std::time::Duration;

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
