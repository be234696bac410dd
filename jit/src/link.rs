//! Many functions into one block of code.

use bimetal_core::sem;
use cranelift_codegen::binemit::Reloc;
use cranelift_codegen::ir::LibCall;

use crate::codemem::CodeBlock;
use crate::compile::{FuncCode, Relocation, Target};
use crate::env::Symbol;
use crate::error::JitError;

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
    pub(crate) fn new(funcs: &[FuncCode]) -> Layout {
        let mut len = 0_usize;
        let offsets = funcs
            .iter()
            .map(|func| {
                let offset = len.next_multiple_of(ALIGN.max(func.align as usize));
                len = offset + func.bytes.len();
                offset
            })
            .collect();
        Layout { offsets, len }
    }
}

/// Puts functions into a block of code. Defined functions come first, in order;
/// `stubs` are the positions of those of [`Symbol::SlowCall`] and [`Symbol::Throw`].
///
/// # Errors
/// If the system refuses the memory, or code lies too far apart.
pub(crate) fn link(
    funcs: &[FuncCode],
    layout: &Layout,
    stubs: Option<[usize; 2]>,
) -> Result<CodeBlock, JitError> {
    // Displacements are 32 bits and the code index counts in 32 bits.
    if i32::try_from(layout.len).is_err() {
        return Err(JitError::new("the module's code exceeds 2 GiB"));
    }
    let resolve = |symbol| match symbol {
        Symbol::Defined(index) => layout.offsets.get(index as usize).copied(),
        Symbol::SlowCall => layout.offsets.get(stubs?[0]).copied(),
        Symbol::Throw => layout.offsets.get(stubs?[1]).copied(),
    };
    CodeBlock::new(layout.len, |bytes, base| {
        for (func, &offset) in funcs.iter().zip(&layout.offsets) {
            bytes[offset..offset + func.bytes.len()].copy_from_slice(&func.bytes);
            for reloc in &func.relocs {
                let target = match reloc.target {
                    Target::Symbol(symbol) => resolve(symbol).map(|target| base + target),
                    Target::Here(target) => Some(base + offset + target as usize),
                    Target::LibCall(libcall) => libcall_address(libcall),
                };
                let target = target.ok_or_else(|| {
                    JitError::new(format!("nothing to call for {:?}", reloc.target))
                })?;
                apply(bytes, base, offset, reloc, target)?;
            }
        }
        Ok(())
    })
}

/// Writes one relocation of the function at `offset`.
fn apply(
    bytes: &mut [u8],
    base: usize,
    offset: usize,
    reloc: &Relocation,
    target: usize,
) -> Result<(), JitError> {
    let at = offset + reloc.offset as usize;
    let value = (target as i64).wrapping_add(reloc.addend);
    let distance = value.wrapping_sub((base + at) as i64);
    let too_far = || JitError::new("a call inside the module is too far");
    match reloc.kind {
        Reloc::Abs8 => bytes[at..at + 8].copy_from_slice(&value.to_le_bytes()),
        Reloc::X86PCRel4 | Reloc::X86CallPCRel4 => {
            let distance = i32::try_from(distance).map_err(|_| too_far())?;
            bytes[at..at + 4].copy_from_slice(&distance.to_le_bytes());
        }
        Reloc::Arm64Call => {
            // 26 bits, counted in instructions of four bytes.
            if !(-(1 << 27)..1 << 27).contains(&distance) {
                return Err(too_far());
            }
            let field = bytes[at..at + 4].try_into().map_err(|_| too_far())?;
            let word = u32::from_le_bytes(field) & !0x03ff_ffff;
            let word = word | ((distance >> 2) as u32 & 0x03ff_ffff);
            bytes[at..at + 4].copy_from_slice(&word.to_le_bytes());
        }
        other => return Err(JitError::new(format!("a relocation of kind {other:?}"))),
    }
    Ok(())
}

impl From<std::io::Error> for JitError {
    fn from(error: std::io::Error) -> JitError {
        JitError::new(format!("no memory for code: {error}"))
    }
}

macro_rules! libcalls {
    ($($libcall:ident $name:ident $ty:ident;)*) => {
        /// The function that stands in for an instruction, on processors that
        /// lack it (x86-64 without SSE4.1).
        fn libcall_address(libcall: LibCall) -> Option<usize> {
            $(extern "C" fn $name(a: $ty) -> $ty {
                sem::$name(a)
            })*
            match libcall {
                $(LibCall::$libcall => Some($name as extern "C" fn($ty) -> $ty as usize),)*
                _ => None,
            }
        }
    };
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
