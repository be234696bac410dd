//! Which instructions make NaNs whose sign and payload the specification leaves
//! open, and what makes these canonical in the deterministic profile.
//!
//! The walker lets the instruction found here follow the other one, so that no tier
//! knows of the profile. Specification: "Profiles" in the appendix, and "NaN
//! propagation" under Numerics.

use super::num::NumOp;
use super::vec::VecOp;

impl NumOp {
    /// The instruction that makes a NaN of this one canonical; `None` if this one
    /// only moves bits, or never gives a NaN.
    pub const fn canonical_nan(self) -> Option<NumOp> {
        use NumOp::*;
        match self {
            f32_ceil | f32_floor | f32_trunc | f32_nearest | f32_sqrt | f32_add | f32_sub
            | f32_mul | f32_div | f32_min | f32_max | f32_demote_f64 => Some(f32_canonical_nan),
            f64_ceil | f64_floor | f64_trunc | f64_nearest | f64_sqrt | f64_add | f64_sub
            | f64_mul | f64_div | f64_min | f64_max | f64_promote_f32 => Some(f64_canonical_nan),
            _ => None,
        }
    }
}

impl VecOp {
    /// The instruction that makes NaNs in lanes of this one canonical; `None` if
    /// this one only moves bits, or never gives a NaN.
    pub const fn canonical_nan(self) -> Option<VecOp> {
        use VecOp::*;
        match self {
            f32x4_ceil
            | f32x4_floor
            | f32x4_trunc
            | f32x4_nearest
            | f32x4_sqrt
            | f32x4_add
            | f32x4_sub
            | f32x4_mul
            | f32x4_div
            | f32x4_min
            | f32x4_max
            | f32x4_demote_f64x2_zero
            | f32x4_relaxed_madd_unfused
            | f32x4_relaxed_madd_fused
            | f32x4_relaxed_nmadd_unfused
            | f32x4_relaxed_nmadd_fused => Some(f32x4_canonical_nan),
            f64x2_ceil
            | f64x2_floor
            | f64x2_trunc
            | f64x2_nearest
            | f64x2_sqrt
            | f64x2_add
            | f64x2_sub
            | f64x2_mul
            | f64x2_div
            | f64x2_min
            | f64x2_max
            | f64x2_promote_low_f32x4
            | f64x2_relaxed_madd_unfused
            | f64x2_relaxed_madd_fused
            | f64x2_relaxed_nmadd_unfused
            | f64x2_relaxed_nmadd_fused => Some(f64x2_canonical_nan),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::vec::VecImm;
    use crate::types::ValType;
    use crate::value::{Slot, V128};

    /// Numbers, and NaNs with every sign, quiet and signalling, with a payload.
    const FLOATS: [f64; 5] = [0.0, -1.5, f64::INFINITY, f64::NEG_INFINITY, f64::MAX];
    const NANS32: [u32; 4] = [0x7fc0_0000, 0xffc0_0000, 0x7fa0_1234, 0xffc0_1234];
    const NANS64: [u64; 4] =
        [0x7ff8 << 48, 0xfff8 << 48, 0x7ff4_0000_0000_5678, 0xfff8_0000_0000_5678];

    fn slots32() -> Vec<Slot> {
        let nans = NANS32.map(f32::from_bits);
        FLOATS.iter().map(|&x| x as f32).chain(nans).map(Slot::from_f32).collect()
    }

    fn slots64() -> Vec<Slot> {
        let nans = NANS64.map(f64::from_bits);
        FLOATS.into_iter().chain(nans).map(Slot::from_f64).collect()
    }

    /// A NaN that is not the positive canonical one.
    fn odd32(bits: u32) -> bool {
        f32::from_bits(bits).is_nan() && bits != NANS32[0]
    }

    fn odd64(bits: u64) -> bool {
        f64::from_bits(bits).is_nan() && bits != NANS64[0]
    }

    /// Instructions whose results carry over bits of their operands unread.
    fn moves(name: &str) -> bool {
        let parts = [
            "abs",
            "neg",
            "copysign",
            "reinterpret",
            "splat",
            "lane",
            ".pmin",
            ".pmax",
            "shuffle",
            "swizzle",
        ];
        parts.iter().any(|part| name.contains(part)) && !name.contains("madd")
    }

    #[test]
    fn an_instruction_is_followed_if_it_can_make_a_nan_that_is_not_canonical() {
        for &op in NumOp::ALL {
            let values = |ty| match ty {
                ValType::F32 => slots32(),
                ValType::F64 => slots64(),
                _ => [slots32(), slots64()].concat(),
            };
            let firsts = values(op.params()[0]);
            let seconds = op.params().get(1).map_or(vec![Slot::ZERO], |&ty| values(ty));
            let odd = |args: &[Slot]| match (op.result(), op.eval(&args[..op.params().len()])) {
                (ValType::F32, Ok(slot)) => odd32(slot.f32().to_bits()),
                (ValType::F64, Ok(slot)) => odd64(slot.f64().to_bits()),
                _ => false,
            };
            let makes = firsts.iter().any(|&a| seconds.iter().any(|&b| odd(&[a, b])));
            assert_eq!(op.canonical_nan().is_some(), makes && !moves(op.name()), "{}", op.name());
            if let Some(follower) = op.canonical_nan() {
                assert_eq!(
                    (follower.params(), follower.result()),
                    (&[op.result()][..], op.result())
                );
            }
        }
    }

    fn vectors() -> Vec<V128> {
        let lanes32 = slots32().into_iter().map(|slot| {
            let lane = slot.f32().to_bits().to_le_bytes();
            V128(std::array::from_fn(|i| lane[i % 4]))
        });
        let lanes64 = slots64().into_iter().map(|slot| {
            let lane = slot.f64().to_bits().to_le_bytes();
            V128(std::array::from_fn(|i| lane[i % 8]))
        });
        lanes32.chain(lanes64).collect()
    }

    #[test]
    fn a_vector_instruction_on_floats_is_followed_if_it_can_make_such_a_nan() {
        let vectors = vectors();
        let floats = VecOp::ALL.iter().filter(|op| op.name().starts_with('f'));
        for &op in floats.filter(|op| op.result() == ValType::V128 && !moves(op.name())) {
            let wide = op.name().starts_with("f64");
            let odd = |args: [V128; 3]| {
                let slots: Vec<Slot> = args.iter().flat_map(|arg| arg.to_slots()).collect();
                let [low, high] = op.eval(&slots[..op.param_slots()], VecImm::NONE);
                let (low, high) = (low.bits(), high.bits());
                let halves = [low, low >> 32, high, high >> 32].map(|bits| bits as u32);
                if wide {
                    [low, high].into_iter().any(odd64)
                } else {
                    halves.into_iter().any(odd32)
                }
            };
            let makes =
                vectors.iter().any(|&a| vectors.iter().any(|&b| odd([a, b, V128([0; 16])])));
            // A comparison gives lanes of ones, which are no floats.
            let compares = matches!(&op.name()[6..], "eq" | "ne" | "lt" | "gt" | "le" | "ge");
            assert_eq!(op.canonical_nan().is_some(), makes && !compares, "{}", op.name());
        }
    }

    #[test]
    fn what_follows_makes_every_nan_canonical_and_nothing_else() {
        for slot in slots32() {
            let found = NumOp::f32_canonical_nan.eval(&[slot]).unwrap().f32().to_bits();
            let expected = if slot.f32().is_nan() { NANS32[0] } else { slot.f32().to_bits() };
            assert_eq!(found, expected);
        }
        for slot in slots64() {
            let found = NumOp::f64_canonical_nan.eval(&[slot]).unwrap().f64().to_bits();
            let expected = if slot.f64().is_nan() { NANS64[0] } else { slot.f64().to_bits() };
            assert_eq!(found, expected);
        }
    }

    #[test]
    fn each_lane_is_made_canonical_alone() {
        let lanes = [0x7fa0_1234u32, 0x3f80_0000, 0xffff_ffff, 0xff80_0000];
        let bytes: Vec<u8> = lanes.iter().flat_map(|lane| lane.to_le_bytes()).collect();
        let vector = V128(bytes.try_into().unwrap());
        let made =
            |op: VecOp| V128::from_slots(op.eval(&vector.to_slots(), VecImm::NONE)).to_u128();
        assert_eq!(made(VecOp::f32x4_canonical_nan), 0xff80_0000_7fc0_0000_3f80_0000_7fc0_0000);
        assert_eq!(made(VecOp::f64x2_canonical_nan), vector.to_u128());
    }
}
