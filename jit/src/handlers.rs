//! Where the calls of compiled code are that exceptions may come out of, and where
//! each of these exceptions is caught.

use bimetal_core::index::TagIdx;
use cranelift_codegen::{
    ExceptionContextLoc, Final, FinalizedMachExceptionHandler, MachBufferFinalized,
};

use crate::error::JitError;

/// A call inside a `try_table`. Offsets count from the beginning of the code.
#[derive(Clone, Debug)]
pub(crate) struct CallSite {
    /// Where it returns to.
    pub(crate) ret: u32,
    /// How far the stack pointer is below the frame pointer.
    pub(crate) frame: u32,
    /// How far above the stack pointer the frame's context is kept.
    pub(crate) cx: u32,
    /// The clauses, innermost first: their tags, `None` for all, and handlers.
    pub(crate) clauses: Box<[(Option<TagIdx>, u32)]>,
}

impl CallSite {
    /// All such calls of a function, in order.
    pub(crate) fn all(buffer: &MachBufferFinalized<Final>) -> Result<Vec<CallSite>, JitError> {
        let mut sites = Vec::new();
        for site in buffer.call_sites().filter(|site| !site.exception_handlers.is_empty()) {
            let unknown = || JitError::new("a call with unknown handlers");
            let frame = site.frame_offset.ok_or_else(unknown)?;
            let (mut cx, mut clauses) = (None, Vec::new());
            for handler in site.exception_handlers {
                match *handler {
                    FinalizedMachExceptionHandler::Context(ExceptionContextLoc::SPOffset(at)) => {
                        cx = Some(at);
                    }
                    FinalizedMachExceptionHandler::Context(_) => return Err(unknown()),
                    FinalizedMachExceptionHandler::Tag(tag, at) => {
                        clauses.push((Some(TagIdx(tag.as_u32())), at));
                    }
                    FinalizedMachExceptionHandler::Default(at) => clauses.push((None, at)),
                }
            }
            let cx = cx.ok_or_else(unknown)?;
            sites.push(CallSite { ret: site.ret_addr, frame, cx, clauses: clauses.into() });
        }
        sites.sort_unstable_by_key(|site| site.ret);
        Ok(sites)
    }

    /// The same call of code that begins at `start`.
    pub(crate) fn at(&self, start: u32) -> CallSite {
        let clauses = self.clauses.iter().map(|&(tag, at)| (tag, start + at)).collect();
        CallSite { ret: start + self.ret, clauses, ..*self }
    }
}
