//! Programs in C, compiled to modules without imports: see `benches/workloads`. Each
//! exports `run`, which does its work a number of times and returns a checksum.

/// A program.
#[derive(Clone, Copy, Debug)]
pub struct Workload {
    /// The name of its module in `benches/workloads`.
    pub name: &'static str,
    /// The module.
    pub wasm: &'static [u8],
}

macro_rules! workloads {
    ($($name:literal)*) => {&[$(Workload {
        name: $name,
        wasm: include_bytes!(concat!("../workloads/", $name, ".wasm")),
    }),*]};
}

/// All of them.
pub const WORKLOADS: &[Workload] = workloads! {
    "recursion" "sort_static" "sort_dynamic" "sieve" "matrix" "bodies" "mandelbrot" "spectral"
    "sha256" "words" "machine" "match" "squeeze" "json" "memory_hard" "bulk"
};

/// The program of this name.
pub fn workload(name: &str) -> Option<Workload> {
    WORKLOADS.iter().copied().find(|workload| workload.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn workloads_compute_the_same_on_every_tier() {
        for workload in WORKLOADS {
            let sums = crate::TIERS.map(|(_, strategy)| crate::run(workload.wasm, strategy, 2));
            assert!(sums.iter().all(|&sum| sum == sums[0]), "{}: {sums:?}", workload.name);
        }
    }
}
