//! Many functions into one block of code.
//!
//! Code reaches code of its own block by distances, which no place changes. What
//! remains are a few words that hold addresses: [`Fixup`]s.

use std::borrow::Borrow;
use std::collections::HashMap;

use bimetal_core::sem;
use cranelift_codegen::binemit::Reloc;
use cranelift_codegen::ir::LibCall;
use libc::{c_int, c_void};

use crate::codemem::CodeBlock;
use crate::compile::{FuncCode, Relocation, Target};
use crate::env::Symbol;
use crate::error::JitError;
use crate::skew::LINE;
use crate::unwind;

/// The type of C's `memmove`.
type MemMove = unsafe extern "C" fn(*mut c_void, *const c_void, usize) -> *mut c_void;

/// The type of C's `memset`.
type MemSet = unsafe extern "C" fn(*mut c_void, c_int, usize) -> *mut c_void;

/// Lowest alignment of a function: a line of what processors fetch at once.
const ALIGN: usize = 16;

/// Where the functions of a block lie.
pub(crate) struct Layout {
    /// The offset of each function.
    pub(crate) offsets: Vec<usize>,
    /// Bytes in total.
    pub(crate) len: usize,
}

impl Layout {
    pub(crate) fn new(funcs: &[impl Borrow<FuncCode>]) -> Layout {
        let mut len = 0_usize;
        let offsets = funcs
            .iter()
            .map(|func| {
                let func: &FuncCode = func.borrow();
                let offset = match func.skew {
                    Some(skew) => behind(len, skew as usize),
                    None => len.next_multiple_of(ALIGN.max(func.align as usize)),
                };
                len = offset + func.bytes.len();
                offset
            })
            .collect();
        Layout { offsets, len }
    }
}

/// The first offset from `len` on that lies so many bytes behind the beginning of a line.
fn behind(len: usize, skew: usize) -> usize {
    let line = LINE as usize;
    (len + line - skew).next_multiple_of(line) + skew - line
}

/// Functions that refer to each other, in bytes that can be put anywhere.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Linked {
    /// The code but for the addresses in it, which are zero.
    pub(crate) code: Vec<u8>,
    /// The addresses in the code.
    pub(crate) fixups: Vec<Fixup>,
}

/// Eight bytes of code that hold an address.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Fixup {
    /// Where they are.
    pub(crate) at: u32,
    /// What the address is of.
    pub(crate) target: Fixed,
}

/// What code refers to by its address.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Fixed {
    /// A place in the same block.
    Here(u32),
    /// The function [`unwind::raise`].
    Raise,
    /// C's `memmove`.
    MemMove,
    /// C's `memset`.
    MemSet,
    /// The function of this number among those that stand in for instructions.
    LibCall(u8),
}

impl Fixed {
    /// Its address, seen from a block at `base`; `None` for a number that stands
    /// for nothing.
    fn address(self, base: usize) -> Option<usize> {
        match self {
            Fixed::Here(offset) => Some(base + offset as usize),
            Fixed::Raise => Some(unwind::raise as unwind::Raise as usize),
            Fixed::MemMove => Some(libc::memmove as MemMove as usize),
            Fixed::MemSet => Some(libc::memset as MemSet as usize),
            Fixed::LibCall(number) => libcall_address(number),
        }
    }
}

impl Linked {
    /// Puts functions behind each other. `names` are the positions of those that
    /// others call.
    ///
    /// # Errors
    /// If code lies too far apart.
    pub(crate) fn new(
        funcs: &[impl Borrow<FuncCode>],
        layout: &Layout,
        names: &HashMap<Symbol, usize>,
    ) -> Result<Linked, JitError> {
        // Displacements are 32 bits and the code index counts in 32 bits.
        if i32::try_from(layout.len).is_err() {
            return Err(JitError::new("the module's code exceeds 2 GiB"));
        }
        let here = |&at: &usize| Fixed::Here(layout.offsets[at] as u32);
        let resolve = |symbol| match symbol {
            Symbol::Raise => Some(Fixed::Raise),
            Symbol::MemMove => Some(Fixed::MemMove),
            Symbol::MemSet => Some(Fixed::MemSet),
            Symbol::Defined(_) | Symbol::SlowCall | Symbol::RunCall | Symbol::Throw => {
                names.get(&symbol).map(here)
            }
        };
        let mut linked = Linked { code: vec![0; layout.len], fixups: Vec::new() };
        for (func, &offset) in funcs.iter().zip(&layout.offsets) {
            let func: &FuncCode = func.borrow();
            linked.code[offset..offset + func.bytes.len()].copy_from_slice(&func.bytes);
            for reloc in &func.relocs {
                let target = match reloc.target {
                    Target::Symbol(symbol) => resolve(symbol),
                    Target::Here(target) => Some(Fixed::Here(offset as u32 + target)),
                    Target::LibCall(libcall) => libcall_number(libcall).map(Fixed::LibCall),
                };
                let target = target.ok_or_else(|| {
                    JitError::new(format!("nothing to call for {:?}", reloc.target))
                })?;
                linked.apply(offset, reloc, target)?;
            }
        }
        Ok(linked)
    }

    /// Puts the code into memory, where it can run.
    ///
    /// # Errors
    /// If the system refuses the memory.
    pub(crate) fn place(&self) -> Result<CodeBlock, JitError> {
        CodeBlock::new(self.code.len(), |bytes, base| {
            bytes[..self.code.len()].copy_from_slice(&self.code);
            for fixup in &self.fixups {
                let field = bytes.get_mut(fixup.at as usize..).and_then(|rest| rest.get_mut(..8));
                let (Some(field), Some(address)) = (field, fixup.target.address(base)) else {
                    return Err(JitError::new("an address that is unknown or outside the code"));
                };
                field.copy_from_slice(&(address as u64).to_le_bytes());
            }
            Ok(())
        })
    }

    /// Writes one relocation of the function at `offset`.
    fn apply(&mut self, offset: usize, reloc: &Relocation, target: Fixed) -> Result<(), JitError> {
        let at = offset + reloc.offset as usize;
        let unknown = || JitError::new(format!("a relocation of kind {:?}", reloc.kind));
        if reloc.kind == Reloc::Abs8 {
            if reloc.addend != 0 {
                return Err(unknown());
            }
            self.fixups.push(Fixup { at: at as u32, target });
            return Ok(());
        }
        let Fixed::Here(target) = target else { return Err(unknown()) };
        let distance = i64::from(target) + reloc.addend - at as i64;
        let too_far = || JitError::new("a call inside the module is too far");
        let field = &mut self.code[at..at + 4];
        match reloc.kind {
            Reloc::X86PCRel4 | Reloc::X86CallPCRel4 => {
                let distance = i32::try_from(distance).map_err(|_| too_far())?;
                field.copy_from_slice(&distance.to_le_bytes());
            }
            Reloc::Arm64Call => {
                // 26 bits, counted in instructions of four bytes.
                if !(-(1 << 27)..1 << 27).contains(&distance) {
                    return Err(too_far());
                }
                let word = u32::from_le_bytes([field[0], field[1], field[2], field[3]]);
                let word = (word & !0x03ff_ffff) | ((distance >> 2) as u32 & 0x03ff_ffff);
                field.copy_from_slice(&word.to_le_bytes());
            }
            _ => return Err(unknown()),
        }
        Ok(())
    }
}

impl From<std::io::Error> for JitError {
    fn from(error: std::io::Error) -> JitError {
        JitError::new(format!("no memory for code: {error}"))
    }
}

macro_rules! libcalls {
    ($($libcall:ident $name:ident $ty:ident;)*) => {
        /// The functions that stand in for instructions, on processors that lack
        /// them (x86-64 without SSE4.1).
        const LIBCALLS: &[LibCall] = &[$(LibCall::$libcall),*];

        /// The address of the function of this number.
        fn libcall_address(number: u8) -> Option<usize> {
            $(extern "C" fn $name(a: $ty) -> $ty {
                sem::$name(a)
            })*
            [$($name as extern "C" fn($ty) -> $ty as usize),*].get(usize::from(number)).copied()
        }
    };
}

/// The number of a function that stands in for an instruction.
fn libcall_number(libcall: LibCall) -> Option<u8> {
    LIBCALLS.iter().position(|&known| known == libcall).map(|number| number as u8)
}

libcalls! {
    CeilF32 f32_ceil f32;
    CeilF64 f64_ceil f64;
    FloorF32 f32_floor f32;
    FloorF64 f64_floor f64;
    TruncF32 f32_trunc f32;
    TruncF64 f64_trunc f64;
    NearestF32 f32_nearest f32;
    NearestF64 f64_nearest f64;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_lies_where_it_wants_to_in_a_line() {
        for len in 0..200 {
            for skew in 0..64 {
                let offset = behind(len, skew);
                assert_eq!(offset % 64, skew);
                assert!((len..len + 64).contains(&offset));
            }
        }
    }
}
