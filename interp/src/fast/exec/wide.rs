//! Instructions with two results.

use std::marker::PhantomData;

use bimetal_core::ops::wide::WideOp;
use bimetal_core::sem;
use bimetal_core::trap::TrapCode;
use bimetal_core::value::Slot;

use super::straight::Straight;
use crate::fast::dispatch::{Handler, Regs, handler};

/// `[handler, a | b, c | d, dst | .]`, for frames of any size: operands that the
/// instruction lacks name any slot. The results go to `dst` and the next slot;
/// the accumulators stay.
pub(crate) struct Wide<F>(PhantomData<F>);

/// One wide instruction on the slots `a` to `d`.
pub(crate) trait WideFn: 'static {
    /// The results: the low half and the high half.
    fn eval(args: [i64; 4]) -> (i64, i64);
}

impl<F: WideFn> Straight for Wide<F> {
    #[inline(always)] // vanishes into handlers
    unsafe fn straight(r: Regs) -> Result<Regs, TrapCode> {
        // SAFETY: the translator names slots of the function's frame only.
        unsafe {
            let slot = |word, half| r.fp.add(r.half(word, half) as usize);
            let args = [slot(1, 0), slot(1, 1), slot(2, 0), slot(2, 1)];
            let (low, high) = F::eval(args.map(|at| Slot::from_bits(*at).i64()));
            let to = slot(3, 0);
            *to = Slot::from_i64(low).bits();
            *to.add(1) = Slot::from_i64(high).bits();
            Ok(r.behind(4))
        }
    }
}

macro_rules! wide_handlers {
    ($($name:ident $operator:ident ($($operand:ident)*);)*) => {
        $(
            #[allow(non_camel_case_types, reason = "spelled as the specification spells it")]
            enum $name {}
            impl WideFn for $name {
                #[inline(always)] // the whole body of a handler
                fn eval(args: [i64; 4]) -> (i64, i64) {
                    let [$($operand,)* ..] = args;
                    sem::$name($($operand),*)
                }
            }
        )*

        /// The handler of a wide instruction.
        pub(crate) fn wide_handler(op: WideOp) -> Handler {
            match op { $(WideOp::$name => handler::<Wide<$name>>,)* }
        }
    };
}
bimetal_core::for_each_wide_op!(wide_handlers);
