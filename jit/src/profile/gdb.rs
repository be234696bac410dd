//! The interface through which gdb and lldb learn of code made at run time: a list of
//! object files in memory, and a function that debuggers put a breakpoint at.
//!
//! The two symbols are weak: another engine in the process may have them as well,
//! and then all use the same list.

use std::ptr::null_mut;
use std::sync::{Mutex, PoisonError};

use super::{Symbol, elf};

const REGISTER: u32 = 1;
const UNREGISTER: u32 = 2;

/// An element of the list.
#[repr(C)]
struct Entry {
    next: *mut Entry,
    previous: *mut Entry,
    file: *const u8,
    len: u64,
}

#[repr(C)]
struct Descriptor {
    version: u32,
    action: u32,
    relevant: *mut Entry,
    first: *mut Entry,
}

std::arch::global_asm!(
    ".pushsection .text.__jit_debug_register_code, \"ax\"",
    ".weak __jit_debug_register_code",
    ".type __jit_debug_register_code, %function",
    "__jit_debug_register_code:",
    "ret",
    ".popsection",
    ".pushsection .data.__jit_debug_descriptor, \"aw\"",
    ".balign 8",
    ".weak __jit_debug_descriptor",
    ".type __jit_debug_descriptor, %object",
    ".size __jit_debug_descriptor, 24",
    "__jit_debug_descriptor:",
    ".long 1, 0",
    ".quad 0, 0",
    ".popsection",
);

unsafe extern "C" {
    fn __jit_debug_register_code();
    static mut __jit_debug_descriptor: Descriptor;
}

/// Keeps our changes of the list apart.
static LIST: Mutex<()> = Mutex::new(());

/// Code that debuggers know of for as long as this lives.
pub(crate) struct Registered {
    entry: *mut Entry,
    _file: Box<[u8]>,
}

// SAFETY: the entry is touched under the lock only.
unsafe impl Send for Registered {}
// SAFETY: as above.
unsafe impl Sync for Registered {}

impl Registered {
    /// Tells debuggers of the functions of a block of code.
    pub(super) fn new(symbols: &[Symbol<'_>], address: usize, len: usize) -> Registered {
        let file = elf::file(symbols, address, len).into_boxed_slice();
        let (next, previous) = (null_mut(), null_mut());
        let entry = Entry { next, previous, file: file.as_ptr(), len: file.len() as u64 };
        let entry = Box::into_raw(Box::new(entry));
        let _lock = LIST.lock().unwrap_or_else(PoisonError::into_inner);
        // SAFETY: the list is well-formed and changed under the lock; the entry is new.
        unsafe {
            let list = &raw mut __jit_debug_descriptor;
            (*entry).next = (*list).first;
            if let Some(first) = (*list).first.as_mut() {
                first.previous = entry;
            }
            (*list).first = entry;
            (*list).relevant = entry;
            (*list).action = REGISTER;
            __jit_debug_register_code();
        }
        Registered { entry, _file: file }
    }
}

impl Drop for Registered {
    fn drop(&mut self) {
        let _lock = LIST.lock().unwrap_or_else(PoisonError::into_inner);
        // SAFETY: as in `new`; the entry is in the list and made by `Box::into_raw`.
        unsafe {
            let list = &raw mut __jit_debug_descriptor;
            let Entry { next, previous, .. } = *self.entry;
            match previous.as_mut() {
                Some(previous) => previous.next = next,
                None => (*list).first = next,
            }
            if let Some(next) = next.as_mut() {
                next.previous = previous;
            }
            (*list).relevant = self.entry;
            (*list).action = UNREGISTER;
            __jit_debug_register_code();
            (*list).relevant = null_mut();
            drop(Box::from_raw(self.entry));
        }
    }
}

impl std::fmt::Debug for Registered {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Registered").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed() -> Vec<*mut Entry> {
        let _lock = LIST.lock().unwrap();
        let mut found = Vec::new();
        // SAFETY: the list is well-formed.
        unsafe {
            let mut entry = __jit_debug_descriptor.first;
            while !entry.is_null() {
                found.push(entry);
                entry = (*entry).next;
            }
        }
        found
    }

    #[test]
    fn entries_are_in_the_list_until_they_are_dropped() {
        let symbol = || Symbol { name: "wasm:f".to_owned(), address: 0x1000, code: &[0; 16] };
        let [a, b, c] = [(); 3].map(|()| Registered::new(&[symbol()], 0x1000, 16));
        let (first, middle, last) = (a.entry, b.entry, c.entry);
        assert_eq!(listed(), [last, middle, first]);
        drop(b);
        assert_eq!(listed(), [last, first]);
        drop((a, c));
        assert!(listed().is_empty());
    }
}
