//! On which threads the compiler runs: it needs more stack than a caller may have.

use std::cell::Cell;

thread_local! {
    static COMPILES: Cell<bool> = const { Cell::new(false) };
}

/// From now on this thread compiles itself what it asks for. It has at least 4 MiB of
/// stack.
pub fn compile_on_this_thread() {
    COMPILES.set(true);
}

/// Whether the thread compiles for itself. It does so alone: nobody who waits for it
/// waits for other threads.
pub(crate) fn compiles() -> bool {
    COMPILES.get()
}

/// Runs a compilation where there is stack enough.
pub(crate) fn run<R: Send>(compilation: impl FnOnce() -> R + Send) -> R {
    if compiles() { compilation() } else { rayon::scope(|_| compilation()) }
}
