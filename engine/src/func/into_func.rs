//! Closures as host functions.

use std::sync::Arc;

use bimetal_runtime::HostFunc;

use super::abi::WasmTy;
use super::host::{WasmRet, typed_host_func};
use crate::caller::Caller;
use crate::engine::Engine;

/// Invokes a macro with the names of zero to sixteen type parameters.
macro_rules! for_each_arity {
    ($macro:ident) => {
        $macro!();
        $macro!(A1);
        $macro!(A1 A2);
        $macro!(A1 A2 A3);
        $macro!(A1 A2 A3 A4);
        $macro!(A1 A2 A3 A4 A5);
        $macro!(A1 A2 A3 A4 A5 A6);
        $macro!(A1 A2 A3 A4 A5 A6 A7);
        $macro!(A1 A2 A3 A4 A5 A6 A7 A8);
        $macro!(A1 A2 A3 A4 A5 A6 A7 A8 A9);
        $macro!(A1 A2 A3 A4 A5 A6 A7 A8 A9 A10);
        $macro!(A1 A2 A3 A4 A5 A6 A7 A8 A9 A10 A11);
        $macro!(A1 A2 A3 A4 A5 A6 A7 A8 A9 A10 A11 A12);
        $macro!(A1 A2 A3 A4 A5 A6 A7 A8 A9 A10 A11 A12 A13);
        $macro!(A1 A2 A3 A4 A5 A6 A7 A8 A9 A10 A11 A12 A13 A14);
        $macro!(A1 A2 A3 A4 A5 A6 A7 A8 A9 A10 A11 A12 A13 A14 A15);
        $macro!(A1 A2 A3 A4 A5 A6 A7 A8 A9 A10 A11 A12 A13 A14 A15 A16);
    };
}
pub(super) use for_each_arity;

#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a host function",
    note = "a host function is a `Fn` closure, `Send`, `Sync` and `'static`, of up to sixteen \
            WebAssembly types, with or without a `Caller` before them"
)]
/// A closure that can be a host function.
///
/// It takes up to sixteen [`WasmTy`], with a [`Caller`] before them if it wants
/// to reach the store, and returns `()`, a [`WasmTy`], a tuple of them, or a
/// [`Result`](crate::Result) of one of these. The `Err` of a host function goes
/// through the guest to the host that called it, as the same value.
pub trait IntoFunc<T, Params, Results>: Send + Sync + 'static {
    /// The host function.
    #[doc(hidden)]
    fn into_host_func(self, engine: &Engine) -> Arc<HostFunc>;
}

macro_rules! closures {
    ($($name:ident)*) => {
        #[allow(non_snake_case, reason = "a variable is called like its type")]
        impl<T, F, R, $($name),*> IntoFunc<T, ($($name,)*), R> for F
        where
            T: 'static,
            F: Fn($($name),*) -> R + Send + Sync + 'static,
            $($name: WasmTy,)*
            R: WasmRet,
        {
            fn into_host_func(self, engine: &Engine) -> Arc<HostFunc> {
                let body = move |_: Caller<'_, T>, ($($name,)*): ($($name,)*)| self($($name),*);
                typed_host_func::<false, T, _, _>(engine, body)
            }
        }

        #[allow(non_snake_case, reason = "a variable is called like its type")]
        impl<T, F, R, $($name),*> IntoFunc<T, (Caller<'_, T>, $($name,)*), R> for F
        where
            T: 'static,
            F: Fn(Caller<'_, T>, $($name),*) -> R + Send + Sync + 'static,
            $($name: WasmTy,)*
            R: WasmRet,
        {
            fn into_host_func(self, engine: &Engine) -> Arc<HostFunc> {
                let body = move |caller: Caller<'_, T>, ($($name,)*): ($($name,)*)| {
                    self(caller, $($name),*)
                };
                typed_host_func::<true, T, _, _>(engine, body)
            }
        }
    };
}

for_each_arity!(closures);
