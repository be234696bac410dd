//! Random bytes: the host's, and a reproducible sequence.

use cap_rand::RngCore;

/// Where `random_get` takes its bytes from.
pub trait RandomSource: Send {
    /// Fills the whole of `bytes`.
    fn fill(&mut self, bytes: &mut [u8]);
}

/// A cryptographic generator, seeded by the host's system.
pub struct HostRandom(cap_rand::rngs::StdRng);

impl HostRandom {
    /// A generator with a fresh seed.
    pub fn new() -> Self {
        Self(cap_rand::std_rng_from_os_rng(cap_rand::ambient_authority()))
    }
}

impl Default for HostRandom {
    fn default() -> Self {
        Self::new()
    }
}

impl RandomSource for HostRandom {
    fn fill(&mut self, bytes: &mut [u8]) {
        self.0.fill_bytes(bytes);
    }
}

/// A reproducible sequence (SplitMix64). Not for secrets.
#[derive(Debug, Clone)]
pub struct SeededRandom {
    state: u64,
}

impl SeededRandom {
    /// The sequence that belongs to `seed`.
    pub fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

impl RandomSource for SeededRandom {
    fn fill(&mut self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            let random = self.next().to_le_bytes();
            for (byte, value) in chunk.iter_mut().zip(random) {
                *byte = value;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_bytes() {
        let (mut left, mut right, mut other) = ([0; 19], [0; 19], [0; 19]);
        SeededRandom::new(7).fill(&mut left);
        SeededRandom::new(7).fill(&mut right);
        SeededRandom::new(8).fill(&mut other);
        assert_eq!(left, right);
        assert_ne!(left, other);
    }

    #[test]
    fn the_host_gives_different_bytes_each_time() {
        let mut random = HostRandom::new();
        let (mut first, mut second) = ([0; 32], [0; 32]);
        random.fill(&mut first);
        random.fill(&mut second);
        assert_ne!(first, second);
    }
}
