//! Small programs, one per thing that an engine can be good or bad at. Each exports
//! `run`, which does it a number of times and returns a checksum.

/// A kernel.
#[derive(Clone, Copy, Debug)]
pub struct Kernel {
    /// Its family and its name: its place in `benches/kernels` as well.
    pub name: &'static str,
    /// Its source.
    pub text: &'static str,
    /// How often to do it in a round: some milliseconds' worth.
    pub times: i32,
    /// The most that our time should be, relative to wasmtime's.
    pub aim: f64,
}

macro_rules! kernels {
    ($($name:literal $times:literal $aim:literal;)*) => {&[$(Kernel {
        name: $name,
        text: include_str!(concat!("../kernels/", $name, ".wat")),
        times: $times,
        aim: $aim,
    }),*]};
}

/// All kernels, by family.
pub const KERNELS: &[Kernel] = kernels! {
    "simd/search" 3_000 1.05;
    "simd/matmul" 200 1.05;
    "simd/mandelbrot" 40 1.05;
    "simd/dot" 3_000 1.05;
    "simd/hash" 300 1.05;
    "simd/blur" 1_500 1.05;
    "simd/hex" 3_000 1.05;
    "gc/trees" 2_000 0.4;
    "gc/list" 2_000 1.0;
    "gc/arrays" 300_000 1.0;
    "gc/cast_hit" 50_000 0.3;
    "gc/cast_miss" 50_000 0.3;
    "gc/methods" 30_000 0.3;
    "gc/fields" 50_000 1.0;
    "gc/copy" 50_000 1.0;
    "gc/fill" 50_000 1.0;
    "exceptions/catch" 50_000 0.5;
    "exceptions/deep" 30_000 0.5;
    "exceptions/reference" 30_000 0.5;
    "exceptions/try" 3_000_000 1.0;
    "atomics/add" 500_000 1.0;
    "atomics/exchange" 500_000 1.0;
    "calls/recursive" 400 1.05;
    "calls/tail" 5_000 1.05;
    "calls/sites" 3_000 1.05;
    "calls/cold" 3_000 1.05;
    "branches/grow" 1_000 1.05;
    "numbers/from_u64" 5_000 1.05;
};

#[cfg(test)]
mod tests {
    use super::*;
    #[test]
    fn kernels_compute_the_same_on_every_tier() {
        for kernel in KERNELS {
            let sums =
                crate::TIERS.map(|(_, strategy)| crate::run(kernel.text.as_bytes(), strategy, 3));
            assert!(sums.iter().all(|&sum| sum == sums[0]), "{}: {sums:?}", kernel.name);
        }
    }
}
