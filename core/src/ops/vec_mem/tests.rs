//! The rows say the width that the mnemonic says, and lanes land where they belong.

use super::*;
use crate::sem::vec::Lanes;

#[test]
fn a_mnemonic_says_the_width() {
    let rows: Vec<_> = (VecLoadOp::ALL.iter().map(|op| (op.name(), op.width())))
        .chain(VecStoreOp::ALL.iter().map(|op| (op.name(), op.width())))
        .chain(LoadLaneOp::ALL.iter().map(|op| (op.name(), op.width())))
        .chain(StoreLaneOp::ALL.iter().map(|op| (op.name(), op.width())))
        .collect();
    assert_eq!(rows.len(), 22);
    for (name, width) in rows {
        let rest = name.strip_prefix("v128.").unwrap();
        let numbers = rest.trim_start_matches("load").trim_start_matches("store");
        let product = |text: &str| text.split('x').map(|n| n.parse::<u32>().unwrap()).product();
        let bits = match numbers.split('_').next() {
            None | Some("") => 128,
            Some(text) => product(text),
        };
        assert_eq!(width * 8, bits, "{name}");
    }
}

#[test]
fn extending_loads_widen_each_number() {
    let bytes = [0x80, 1, 0xff, 0x7f, 2, 3, 4, 0xff];
    let load = |op: VecLoadOp| op.eval(&bytes).unwrap();
    let signed = [-128_i16, 1, -1, 127, 2, 3, 4, -1];
    assert_eq!(load(VecLoadOp::v128_load8x8_s), signed.into_v128());
    assert_eq!(load(VecLoadOp::v128_load8x8_u), bytes.map(u16::from).into_v128());
    assert_eq!(load(VecLoadOp::v128_load16x4_s), [0x180, 0x7fff, 0x302, -252].into_v128());
    assert_eq!(load(VecLoadOp::v128_load16x4_u), [0x180, 0x7fff, 0x302, 0xff04].into_v128());
    assert_eq!(load(VecLoadOp::v128_load32x2_s), [0x7fff_0180_i64, -0xfb_fcfe].into_v128());
    assert_eq!(load(VecLoadOp::v128_load32x2_u), [0x7fff_0180_i64, 0xff04_0302].into_v128());
}

#[test]
fn splats_fill_and_zero_loads_clear_the_other_lanes() {
    let bytes = [1, 2, 3, 4, 5, 6, 7, 0x88];
    let load = |op: VecLoadOp| op.eval(&bytes[..op.width() as usize]).unwrap();
    assert_eq!(load(VecLoadOp::v128_load8_splat), V128([1; 16]));
    assert_eq!(load(VecLoadOp::v128_load16_splat), [0x0201_u16; 8].into_v128());
    assert_eq!(load(VecLoadOp::v128_load32_splat), [0x0403_0201_u32; 4].into_v128());
    assert_eq!(load(VecLoadOp::v128_load64_splat), [0x8807_0605_0403_0201_u64; 2].into_v128());
    assert_eq!(load(VecLoadOp::v128_load32_zero), V128::from_u128(0x0403_0201));
    assert_eq!(load(VecLoadOp::v128_load64_zero), V128::from_u128(0x8807_0605_0403_0201));
}

#[test]
fn a_load_of_the_wrong_length_is_refused() {
    let v = V128::default();
    for op in VecLoadOp::ALL {
        let width = op.width() as usize;
        assert_eq!(op.eval(&[0; 17][..width + 1]), None);
        assert_eq!(op.eval(&[0; 17][..width]), Some(v));
    }
    for op in LoadLaneOp::ALL {
        assert_eq!(op.eval(v, &[0; 17][..op.width() as usize - 1], 0), None);
    }
}

#[test]
fn a_stored_lane_is_the_lane_that_was_loaded() {
    let old = V128([0xee; 16]);
    let bytes = [1, 2, 3, 4, 5, 6, 7, 8];
    for (&load, &store) in LoadLaneOp::ALL.iter().zip(StoreLaneOp::ALL) {
        let width = load.width() as usize;
        for lane in 0..16 / width {
            let new = load.eval(old, &bytes[..width], lane as u8).unwrap();
            let mut expected = [0xee; 16];
            expected[lane * width..][..width].copy_from_slice(&bytes[..width]);
            assert_eq!(new, V128(expected), "{} {lane}", load.name());
            assert_eq!(store.eval(new, lane as u8)[..width], bytes[..width]);
        }
    }
}

#[test]
fn a_whole_vector_is_stored_as_it_is_loaded() {
    let v = V128(*b"0123456789abcdef");
    let bytes = VecStoreOp::v128_store.eval(v);
    assert_eq!(VecLoadOp::v128_load.eval(&bytes), Some(v));
    assert_eq!(<vec_mem_sem::v128_store as VecStore>::wrap(v).to_le_bytes(), bytes);
    assert_eq!(<vec_mem_sem::v128_store16_lane as StoreLane>::extract(v, 1), 0x3332);
    assert_eq!(<vec_mem_sem::v128_load8_splat as VecLoad>::extend(7), V128([7; 16]));
    assert_eq!(<vec_mem_sem::v128_load64_lane as LoadLane>::replace(v, 0, 1).0[8..], [0; 8]);
}
