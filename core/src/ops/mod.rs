//! The rows: every instruction that is not part of control flow, described once.
//!
//! Each family is a table in an exported macro (`for_each_num_op!`,
//! `for_each_load_op!`, ...) that hands all its rows to the macro it is given.
//! The enums here, the walker, the handlers, the fuel costs and the tests are
//! readers of these tables; to add an instruction is to add a row and, for a
//! pure one, its function in [`crate::sem`].

/// The text-format mnemonic of a row's name, as a `&'static str`.
macro_rules! mnemonic {
    ($name:ident) => {{
        const BYTES: [u8; stringify!($name).len()] = $crate::ops::dotted(stringify!($name));
        const TEXT: &str = match str::from_utf8(&BYTES) {
            Ok(text) => text,
            Err(_) => panic!("a name in ASCII stays so"),
        };
        TEXT
    }};
}
use mnemonic;

pub mod atomic;
pub mod gc;
pub mod mem;
pub mod nan;
pub mod num;
pub mod relaxed;
pub mod run;
pub mod slow;
pub mod vec;
pub mod vec_mem;
pub mod wide;

/// The bytes of `name` with the first underscore, which stands for the dot, as a dot.
const fn dotted<const N: usize>(name: &str) -> [u8; N] {
    let mut bytes = [0; N];
    let mut dot = false;
    let mut i = 0;
    while i < N {
        bytes[i] = name.as_bytes()[i];
        if bytes[i] == b'_' && !dot {
            bytes[i] = b'.';
            dot = true;
        }
        i += 1;
    }
    bytes
}
