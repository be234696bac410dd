//! The native entries of interpreted functions, and the little machine code that is
//! written by hand.
//!
//! A native entry is given a context and arguments, but not which function is meant.
//! So the entry of an interpreted function is a *numbered entry*: it leaves the
//! function's position among the defined ones in the store and goes on to the bridge
//! of its signature, through the function's code slot. Numbered entries name nothing
//! else, so all modules share them; they are made as they are needed and stay.
//!
//! Registers: arguments are left as they are. On x86-64 `rax` and `r11` carry none,
//! on aarch64 `x9` to `x17`.

use std::arch::naked_asm;
use std::sync::{Mutex, PoisonError};

use bimetal_runtime::layout::{
    CODE_BRIDGE, CODE_NATIVE, CODE_SLOT_SIZE, CX_CODE, CX_STORE, STORE_CALLEE,
};

use crate::codemem::CodeBlock;
use crate::error::JitError;

/// Bytes of an entry.
const ENTRY: usize = 16;
/// How many entries are made at once: 16 KiB of code, with the address behind them.
const AT_ONCE: usize = 1023;

/// The entries made so far: those whose context is in the first integer register,
/// and those with it in the second.
static ENTRIES: Mutex<[Vec<CodeBlock>; 2]> = Mutex::new([Vec::new(), Vec::new()]);

/// The native entries of interpreted functions, by their positions among the defined
/// ones of their module.
pub(crate) struct NumberedEntries(Vec<*mut u8>);

impl NumberedEntries {
    /// The entries of so many functions. `shifted`:
    /// [`crate::abi::Shape::shifts_context`].
    ///
    /// # Errors
    /// If the system refuses memory for code.
    pub(crate) fn new(count: usize, shifted: bool) -> Result<NumberedEntries, JitError> {
        let mut entries = ENTRIES.lock().unwrap_or_else(PoisonError::into_inner);
        let blocks = &mut entries[usize::from(shifted)];
        let wanted = count.div_ceil(AT_ONCE);
        while blocks.len() < wanted {
            let first = blocks.len() * AT_ONCE;
            blocks.push(CodeBlock::new(AT_ONCE * ENTRY + ENTRY, |bytes, _| {
                fill(bytes, first as u32, to_bridge(shifted));
                Ok::<_, JitError>(())
            })?);
        }
        Ok(NumberedEntries(blocks[..wanted].iter().map(|block| block.at(0)).collect()))
    }

    /// The entry of the function at this position.
    ///
    /// # Panics
    /// If it is not among them.
    pub(crate) fn at(&self, defined: usize) -> *mut u8 {
        self.0[defined / AT_ONCE].wrapping_add(defined % AT_ONCE * ENTRY)
    }
}

/// Where the entries go on: with the number in a register.
fn to_bridge(shifted: bool) -> usize {
    let first: unsafe extern "C" fn() = bridge_by_first;
    let second: unsafe extern "C" fn() = bridge_by_second;
    if shifted { second as usize } else { first as usize }
}

/// What stands in a code slot as a bridge before there is one.
pub(crate) fn missing_bridge() -> *const u8 {
    let missing: unsafe extern "C" fn() = make_bridge;
    missing as *const u8
}

/// Writes entries from `first` on, and behind them the address where they go on.
fn fill(bytes: &mut [u8], first: u32, target: usize) {
    for (at, entry) in bytes[..AT_ONCE * ENTRY].chunks_exact_mut(ENTRY).enumerate() {
        let distance = (AT_ONCE - at) * ENTRY;
        entry.copy_from_slice(&entry_code(first + at as u32, distance as u32));
    }
    bytes[AT_ONCE * ENTRY..][..8].copy_from_slice(&(target as u64).to_le_bytes());
}

/// An entry, at `distance` before the address where it goes on.
#[cfg(target_arch = "x86_64")]
fn entry_code(number: u32, distance: u32) -> [u8; ENTRY] {
    let mut code = [0xcc; ENTRY];
    // mov r11d, number
    code[..2].copy_from_slice(&[0x41, 0xbb]);
    code[2..6].copy_from_slice(&number.to_le_bytes());
    // jmp [rip + distance], counted from the end of the instruction
    code[6..8].copy_from_slice(&[0xff, 0x25]);
    code[8..12].copy_from_slice(&(distance - 12).to_le_bytes());
    code
}

/// Code that goes on to whatever is behind the code slot of a function of the same
/// module.
#[cfg(target_arch = "x86_64")]
pub(crate) fn through_slot(defined: u32, shifted: bool) -> Vec<u8> {
    // mov rax, [rdi or rsi + CX_CODE]
    let mut code = vec![0x48, 0x8b, if shifted { 0x86 } else { 0x87 }];
    code.extend(CX_CODE.to_le_bytes());
    // jmp [rax + slot]
    code.extend([0xff, 0xa0]);
    code.extend((defined as i32 * CODE_SLOT_SIZE + CODE_NATIVE).to_le_bytes());
    code
}

#[cfg(target_arch = "x86_64")]
macro_rules! bridge_by {
    ($name:ident, $cx:literal) => {
        /// Leaves the number of a function in the store and goes on to its bridge,
        /// with the context in a register of which bridges know nothing.
        ///
        /// # Safety
        /// Entered from a numbered entry alone.
        #[unsafe(naked)]
        unsafe extern "C" fn $name() {
            naked_asm!(
                concat!("mov rax, [", $cx, " + {store}]"),
                "mov [rax + {callee}], r11d",
                concat!("mov rax, [", $cx, " + {code}]"),
                "imul r11, r11, {size}",
                "mov r11, [rax + r11 + {bridge}]",
                concat!("mov rax, ", $cx),
                "jmp r11",
                store = const CX_STORE,
                callee = const STORE_CALLEE,
                code = const CX_CODE,
                size = const CODE_SLOT_SIZE,
                bridge = const CODE_BRIDGE,
            )
        }
    };
}

#[cfg(target_arch = "x86_64")]
bridge_by!(bridge_by_first, "rdi");
#[cfg(target_arch = "x86_64")]
bridge_by!(bridge_by_second, "rsi");

/// Has the bridge made and goes on to it: arguments as they were.
///
/// # Safety
/// Entered from the code above alone.
#[cfg(target_arch = "x86_64")]
#[unsafe(naked)]
unsafe extern "C" fn make_bridge() {
    naked_asm!(
        "push rbp",
        "mov rbp, rsp",
        "sub rsp, 176",
        "mov [rsp], rdi",
        "mov [rsp + 8], rsi",
        "mov [rsp + 16], rdx",
        "mov [rsp + 24], rcx",
        "mov [rsp + 32], r8",
        "mov [rsp + 40], r9",
        "movups [rsp + 48], xmm0",
        "movups [rsp + 64], xmm1",
        "movups [rsp + 80], xmm2",
        "movups [rsp + 96], xmm3",
        "movups [rsp + 112], xmm4",
        "movups [rsp + 128], xmm5",
        "movups [rsp + 144], xmm6",
        "movups [rsp + 160], xmm7",
        "mov rdi, rax",
        "mov rsi, [rbp + 8]",
        "mov rdx, [rbp]",
        "call {make}",
        "mov r11, rax",
        "mov rdi, [rsp]",
        "mov rsi, [rsp + 8]",
        "mov rdx, [rsp + 16]",
        "mov rcx, [rsp + 24]",
        "mov r8, [rsp + 32]",
        "mov r9, [rsp + 40]",
        "movups xmm0, [rsp + 48]",
        "movups xmm1, [rsp + 64]",
        "movups xmm2, [rsp + 80]",
        "movups xmm3, [rsp + 96]",
        "movups xmm4, [rsp + 112]",
        "movups xmm5, [rsp + 128]",
        "movups xmm6, [rsp + 144]",
        "movups xmm7, [rsp + 160]",
        "leave",
        "jmp r11",
        make = sym crate::unwind::make_bridge,
    )
}

/// As on x86-64.
#[cfg(target_arch = "aarch64")]
fn entry_code(number: u32, distance: u32) -> [u8; ENTRY] {
    let words: [u32; ENTRY / 4] = [
        // movz w17, low half; movk w17, high half
        0x5280_0011 | (number & 0xffff) << 5,
        0x72a0_0011 | (number >> 16) << 5,
        // ldr x16, distance, counted from this instruction in words
        0x5800_0010 | ((distance - 8) / 4) << 5,
        // br x16
        0xd61f_0200,
    ];
    let mut code = [0; ENTRY];
    for (bytes, word) in code.chunks_exact_mut(4).zip(words) {
        bytes.copy_from_slice(&word.to_le_bytes());
    }
    code
}

/// As on x86-64, where the context is always in the same register.
#[cfg(target_arch = "aarch64")]
pub(crate) fn through_slot(defined: u32, _shifted: bool) -> Vec<u8> {
    let offset = defined * CODE_SLOT_SIZE as u32 + CODE_NATIVE as u32;
    let words = [
        // ldr x16, [x2, CX_CODE]
        0xf940_0050 | (CX_CODE as u32 / 8) << 10,
        // movz w17, low half; movk w17, high half
        0x5280_0011 | (offset & 0xffff) << 5,
        0x72a0_0011 | (offset >> 16) << 5,
        // ldr x16, [x16, x17]
        0xf871_6a10,
        // br x16
        0xd61f_0200,
    ];
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

/// As on x86-64.
///
/// # Safety
/// As on x86-64.
#[cfg(target_arch = "aarch64")]
#[unsafe(naked)]
unsafe extern "C" fn bridge_by_first() {
    naked_asm!(
        "ldr x16, [x2, {store}]",
        "str w17, [x16, {callee}]",
        "ldr x16, [x2, {code}]",
        "mov w9, {size}",
        "madd x16, x17, x9, x16",
        "ldr x16, [x16, {bridge}]",
        "mov x9, x2",
        "br x16",
        store = const CX_STORE,
        callee = const STORE_CALLEE,
        code = const CX_CODE,
        size = const CODE_SLOT_SIZE,
        bridge = const CODE_BRIDGE,
    )
}

#[cfg(target_arch = "aarch64")]
use bridge_by_first as bridge_by_second;

/// As on x86-64.
///
/// # Safety
/// As on x86-64.
#[cfg(target_arch = "aarch64")]
#[unsafe(naked)]
unsafe extern "C" fn make_bridge() {
    naked_asm!(
        "stp x29, x30, [sp, #-224]!",
        "mov x29, sp",
        "stp x0, x1, [sp, #16]",
        "stp x2, x3, [sp, #32]",
        "stp x4, x5, [sp, #48]",
        "stp x6, x7, [sp, #64]",
        "str x8, [sp, #80]",
        "stp q0, q1, [sp, #96]",
        "stp q2, q3, [sp, #128]",
        "stp q4, q5, [sp, #160]",
        "stp q6, q7, [sp, #192]",
        "mov x0, x9",
        "mov x1, x30",
        "ldr x2, [sp]",
        "bl {make}",
        "mov x16, x0",
        "ldp x0, x1, [sp, #16]",
        "ldp x2, x3, [sp, #32]",
        "ldp x4, x5, [sp, #48]",
        "ldp x6, x7, [sp, #64]",
        "ldr x8, [sp, #80]",
        "ldp q0, q1, [sp, #96]",
        "ldp q2, q3, [sp, #128]",
        "ldp q4, q5, [sp, #160]",
        "ldp q6, q7, [sp, #192]",
        "ldp x29, x30, [sp], #224",
        "br x16",
        make = sym crate::unwind::make_bridge,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_has_one_entry_of_each_kind() {
        let at = |number, shifted| {
            let entries = NumberedEntries::new(number + 1, shifted).unwrap();
            let [first, last] = [0, number].map(|number| entries.at(number) as usize);
            (first, last)
        };
        assert_eq!(at(1, false).1 - at(0, false).1, ENTRY);
        assert_eq!(at(AT_ONCE, true), at(AT_ONCE, true));
        assert_ne!(at(AT_ONCE - 1, true).1 + ENTRY, at(AT_ONCE, true).1, "another block");
        assert_ne!(at(5, false), at(5, true));
    }
}
