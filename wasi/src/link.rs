//! The functions as imports of a guest.

use bimetal::{Caller, Error, Extern, Linker, Result};

use crate::ctx::{I32Exit, WasiCtx};
use crate::errno::Errno;
use crate::memory::GuestMemory;
use crate::signature::{Fd, MODULE, Ptr, Size, answer, wasi_functions};

/// Defines the 46 functions of `wasi_snapshot_preview1` in a linker. `get` finds the
/// guest's world in the store's value. A function uses the memory that its caller
/// exports as `memory`.
///
/// When the guest calls `proc_exit`, the call into the guest fails with an error in
/// which `downcast_ref` finds an [`I32Exit`].
///
/// ```
/// use bimetal::{Engine, Linker, Module, Store};
/// use bimetal_wasi::{I32Exit, WasiCtx, WasiCtxBuilder, add_to_linker};
///
/// let engine = Engine::default();
/// let module = Module::new(
///     &engine,
///     r#"(module
///         (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
///         (memory (export "memory") 1)
///         (func (export "_start") (call $exit (i32.const 3))))"#,
/// )?;
/// let mut linker = Linker::new(&engine);
/// add_to_linker(&mut linker, |ctx: &mut WasiCtx| ctx)?;
/// let mut store = Store::new(&engine, WasiCtxBuilder::new().build());
/// let start = linker
///     .instantiate(&mut store, &module)?
///     .get_typed_func::<(), ()>(&mut store, "_start")?;
/// let error = start.call(&mut store, ()).unwrap_err();
/// assert_eq!(error.downcast_ref::<I32Exit>(), Some(&I32Exit(3)));
/// # bimetal::Result::<()>::Ok(())
/// ```
///
/// # Errors
///
/// If the linker has a function of one of these names already.
pub fn add_to_linker<T: 'static>(
    linker: &mut Linker<T>,
    get: impl Fn(&mut T) -> &mut WasiCtx + Send + Sync + Copy + 'static,
) -> Result<()> {
    macro_rules! register {
        ($($kind:ident $name:ident($($parameter:ident: $ty:ident),*);)*) => {
            $(linker.func_wrap(
                MODULE,
                stringify!($name),
                move |mut caller: Caller<'_, T>, $($parameter: $ty),*| {
                    let result = with_guest(&mut caller, get, |ctx, memory| {
                        answer(ctx.$name(memory, $($parameter),*))
                    });
                    finish!($kind result)
                },
            )?;)*
        };
    }
    /// What the function returns to the guest, by the kind of its row.
    macro_rules! finish {
        (errno $result:ident) => {
            $result.map(|errno| errno as u32)
        };
        (exit $result:ident) => {
            $result.map(drop)
        };
    }
    wasi_functions!(register);
    Ok(())
}

/// Calls a function of the guest's world with the caller's memory.
fn with_guest<T: 'static>(
    caller: &mut Caller<'_, T>,
    get: impl Fn(&mut T) -> &mut WasiCtx,
    call: impl FnOnce(&mut WasiCtx, &mut GuestMemory<'_>) -> Result<Errno, I32Exit>,
) -> Result<Errno> {
    let Some(Extern::Memory(memory)) = caller.get_export("memory") else {
        return Err(Error::msg("a WASI guest must export a memory as `memory`"));
    };
    let (bytes, data) = memory.data_and_store_mut(caller);
    call(get(data), &mut GuestMemory::new(bytes)).map_err(Error::new)
}
