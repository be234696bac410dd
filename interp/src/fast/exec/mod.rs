//! The handlers, one file per family, generic over instruction and places.
//!
//! A cell is its handler's address, an operand word of 16-bit fields and, where
//! the family's docstring says so, further words. Handlers call `bimetal-core`
//! for the meaning of an instruction.

pub(crate) mod add_branch;
pub(crate) mod atomic;
pub(crate) mod both;
pub(crate) mod bulk;
pub(crate) mod call;
pub(crate) mod control;
pub(crate) mod data;
pub(crate) mod exception;
pub(crate) mod gc;
pub(crate) mod hot;
pub(crate) mod lists;
pub(crate) mod load_branch;
pub(crate) mod load_store;
pub(crate) mod load_tee;
pub(crate) mod memory;
pub(crate) mod mul_add;
pub(crate) mod native;
pub(crate) mod num;
pub(crate) mod object;
pub(crate) mod pair;
pub(crate) mod pinned;
pub(crate) mod place;
pub(crate) mod profile;
pub(crate) mod sample;
pub(crate) mod select;
pub(crate) mod slow;
pub(crate) mod step;
pub(crate) mod straight;
pub(crate) mod sum;
pub(crate) mod table;
pub(crate) mod tail;
pub(crate) mod vec;
#[cfg(all(bimetal_tail_calls, not(debug_assertions), not(miri), target_arch = "x86_64"))]
pub(crate) mod vec_avx2;
pub(crate) mod vec_fused;
pub(crate) mod vec_mem;
#[cfg(all(bimetal_tail_calls, not(debug_assertions), not(miri), target_arch = "x86_64"))]
pub(crate) mod vec_x86;
pub(crate) mod wide;

/// How many places an operand can have: slot, accumulator, constant.
pub(crate) const PLACES: usize = 3;
/// How many places a result can have: accumulator, or slot and accumulator.
pub(crate) const DEST_FORMS: usize = 2;

/// A table of handlers by place of one operand: `by_place!(Body<args; _>)`.
macro_rules! by_place {
    ($body:ident < $($arg:ty),* ; _ > ) => {
        [
            $crate::fast::dispatch::handler::<$body<$($arg,)* $crate::fast::exec::place::S>>,
            $crate::fast::dispatch::handler::<$body<$($arg,)* $crate::fast::exec::place::A>>,
            $crate::fast::dispatch::handler::<$body<$($arg,)* $crate::fast::exec::place::C>>,
        ]
    };
}
pub(crate) use by_place;
