//! What the strategies that compile share: the compiler, and how host functions are
//! made known to its code.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use bimetal_interp::fast;
use bimetal_jit::{JitEngine, JitError};
use bimetal_runtime::HostFunc;

use crate::config::Config;
use crate::error::Result;

/// The compiler for this machine, with the interpreter for what it leaves.
///
/// # Errors
/// If the processor or the system is not supported.
pub(super) fn for_host(config: &Config) -> Result<JitEngine, JitError> {
    JitEngine::with_interpreter(&config.settings, fast::call)
}

/// The compiler, and who is told of its code.
///
/// # Errors
/// If a profiler's file cannot be made.
pub(super) fn watched(mut jit: JitEngine, config: &Config) -> Result<Arc<JitEngine>> {
    jit.profile(config.profiler)?;
    jit.debug_info(config.debug_info);
    Ok(Arc::new(jit))
}

/// Makes a host function callable by compiled code, unless it is.
///
/// # Errors
/// If there is no memory for code.
pub(super) fn prepare_host_func(jit: &JitEngine, host: &HostFunc) -> Result<()> {
    if !host.slot().native.load(Ordering::Acquire).is_null() {
        return Ok(());
    }
    let thunk = jit.host_thunk(host)?;
    host.slot().native.store(thunk.cast_mut(), Ordering::Release);
    Ok(())
}
