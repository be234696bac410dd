//! How much native stack the current thread has.

use std::cell::Cell;

/// What is left to the host below the guest's frames: host functions, builtins
/// and the capture of a backtrace run there.
const HOST_RESERVE: usize = 128 << 10;

thread_local! {
    static LOWEST: Cell<Option<usize>> = const { Cell::new(None) };
}

/// The lowest address that guest frames of this thread may use, whatever the
/// settings allow.
#[inline]
pub(crate) fn lowest_guest_address() -> usize {
    LOWEST.get().unwrap_or_else(look_up)
}

#[cold]
fn look_up() -> usize {
    let lowest = stack_start().map_or(0, |start| start.saturating_add(HOST_RESERVE));
    LOWEST.set(Some(lowest));
    lowest
}

/// The lowest address of the thread's stack, its guard pages excluded.
#[cfg(all(target_os = "linux", not(miri)))]
fn stack_start() -> Option<usize> {
    use std::mem::MaybeUninit;
    use std::ptr::null_mut;

    let mut attributes = MaybeUninit::uninit();
    let (mut start, mut size) = (null_mut(), 0);
    // SAFETY: the attributes are initialised by the first call if it succeeds,
    // and destroyed once.
    unsafe {
        if libc::pthread_getattr_np(libc::pthread_self(), attributes.as_mut_ptr()) != 0 {
            return None;
        }
        let status = libc::pthread_attr_getstack(attributes.as_ptr(), &mut start, &mut size);
        libc::pthread_attr_destroy(attributes.as_mut_ptr());
        (status == 0).then_some(start as usize)
    }
}

/// Unknown: the settings alone bound the guest.
#[cfg(not(all(target_os = "linux", not(miri))))]
fn stack_start() -> Option<usize> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_keeps_the_reserve_below_its_guests() {
        // The system may give a new thread a larger stack than it asks for.
        let thread = std::thread::Builder::new().stack_size(1 << 20).spawn(|| {
            let here = 0_u8;
            (&raw const here as usize, lowest_guest_address())
        });
        let (here, lowest) = thread.unwrap().join().unwrap();
        if cfg!(all(target_os = "linux", not(miri))) {
            assert!(lowest < here && here - lowest < 1 << 30, "{lowest:#x} {here:#x}");
        }
    }
}
