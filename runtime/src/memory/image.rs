//! Images: the first contents of memories as files that live in memory, of which each
//! memory has a private mapping. Only pages that a memory writes to are copied.
//!
//! **What must never happen here:** the file of an image changes after it was made.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::sync::Arc;

use bimetal_core::addr::range_in_bounds;
use bimetal_core::index::MemIdx;
use bimetal_parser::Module;
use bimetal_parser::module::DataSegment;

use super::mapping::{Mapping, round_up};
use super::plan::HALF;
use crate::constexpr::{address, constant};

/// With fewer bytes of data, copying them is as good.
const LEAST: usize = 32 << 10;
/// An image has at most so many bytes for each byte of data: what is between segments
/// takes memory, too, once it is read.
const SPARSEST: usize = 4;

/// The first contents of a memory, as far as they are not zero.
#[derive(Debug)]
pub(crate) struct MemoryImage {
    file: File,
    /// Where it belongs in the memory: whole pages of the host.
    range: Range<usize>,
    /// The same bytes to read.
    view: Mapping,
}

impl MemoryImage {
    /// Where it belongs in the memory.
    pub(crate) fn range(&self) -> Range<usize> {
        self.range.clone()
    }

    /// Its bytes.
    pub(crate) fn bytes(&self) -> &[u8] {
        // SAFETY: the view is accessible, and nobody writes there once it is made.
        unsafe { std::slice::from_raw_parts(self.view.base(), self.range.len()) }
    }

    /// Puts it where it belongs in a memory: the range is accessible then.
    ///
    /// # Errors
    /// If the system refuses, or it lies outside the mapping.
    pub(crate) fn map(&self, mapping: &mut Mapping) -> io::Result<()> {
        // SAFETY: the file was made as long as the range, and is never written again.
        unsafe { mapping.map_file(self.range(), &self.file) }
    }

    /// An image with these bytes at these places, which lie inside `range`.
    fn new<'d>(
        range: Range<usize>,
        datas: impl Iterator<Item = (usize, &'d [u8])>,
    ) -> io::Result<MemoryImage> {
        let file = memory_file("bimetal-memory-image", range.len())?;
        for (offset, bytes) in datas {
            write_at(&file, bytes, offset - range.start)?;
        }
        let mut view = Mapping::reserve(range.len())?;
        // SAFETY: the file is as long, and never written to again.
        unsafe { view.map_file(0..range.len(), &file)? };
        Ok(MemoryImage { file, range, view })
    }
}

/// The images of a module's memories, by index; empty if its data is to be copied.
///
/// Images stand for the whole effect of the module's active data segments: so each must
/// have a constant offset, lie inside a memory of the module's own, and some memory be
/// worth an image.
#[derive(Debug, Default)]
pub(crate) struct Images(Box<[Option<Arc<MemoryImage>>]>);

impl Images {
    /// The images of a module, none where that does not pay or the system has no such
    /// files.
    pub(crate) fn new(module: &Module) -> Images {
        Images(images(module).unwrap_or_default())
    }

    /// Whether the images hold all active data of the module.
    pub(crate) fn hold_all(&self) -> bool {
        !self.0.is_empty()
    }

    /// The image of a memory.
    pub(crate) fn get(&self, memory: usize) -> Option<&Arc<MemoryImage>> {
        self.0.get(memory)?.as_ref()
    }
}

fn images(module: &Module) -> Option<Box<[Option<Arc<MemoryImage>>]>> {
    let mut placed: Vec<Vec<(usize, &[u8])>> = vec![Vec::new(); module.memories.len()];
    for data in module.datas.iter().filter(|data| data.active.is_some()) {
        let (memory, offset, bytes) = place(module, data)?;
        if !bytes.is_empty() {
            placed[memory.index()].push((offset, bytes));
        }
    }
    let images = placed.iter().map(|datas| {
        let Some(range) = worth(datas) else { return (datas.is_empty()).then_some(None) };
        Some(Some(Arc::new(MemoryImage::new(range, datas.iter().copied()).ok()?)))
    });
    let images: Option<Box<[_]>> = images.collect();
    images.filter(|images| images.iter().any(Option::is_some))
}

/// Where an active segment is to be written. `None` if that is known only when an
/// instance is made, or it does not fit.
fn place<'m>(module: &'m Module, data: &DataSegment) -> Option<(MemIdx, usize, &'m [u8])> {
    let (memory, offset) = data.active.as_ref()?;
    let ty = module.memories.get(memory.index())?;
    if memory.0 < module.imported.memories || ty.shared {
        return None;
    }
    let offset = address(ty.addr, constant(offset)?[0].bits());
    let bytes = module.bytes.get(data.range.clone())?;
    let len = ty.limits.min.checked_mul(ty.page_size())?;
    if !range_in_bounds(offset, bytes.len() as u64, len) {
        return None;
    }
    Some((*memory, usize::try_from(offset).ok()?, bytes))
}

/// The range of an image with these contents, if it pays.
fn worth(datas: &[(usize, &[u8])]) -> Option<Range<usize>> {
    let page = round_up(1)?;
    let start = datas.iter().map(|&(offset, _)| offset).min()? / page * page;
    let end = datas.iter().map(|&(offset, bytes)| offset + bytes.len()).max()?;
    let end = round_up(end)?;
    let bytes: usize = datas.iter().map(|(_, bytes)| bytes.len()).sum();
    // The upper half of a memory may be other pages later.
    let low = end as u64 <= HALF;
    (low && bytes >= LEAST && end - start <= bytes.saturating_mul(SPARSEST)).then_some(start..end)
}

/// A file in memory of so many zeros.
#[cfg(all(any(target_os = "linux", target_os = "android"), not(miri)))]
pub(super) fn memory_file(name: &str, len: usize) -> io::Result<File> {
    let flags = rustix::fs::MemfdFlags::CLOEXEC;
    let file = File::from(rustix::fs::memfd_create(name, flags)?);
    file.set_len(len as u64)?;
    Ok(file)
}

/// Elsewhere there are none.
#[cfg(not(all(any(target_os = "linux", target_os = "android"), not(miri))))]
pub(super) fn memory_file(_: &str, _: usize) -> io::Result<File> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(unix)]
fn write_at(file: &File, bytes: &[u8], offset: usize) -> io::Result<()> {
    std::os::unix::fs::FileExt::write_all_at(file, bytes, offset as u64)
}

#[cfg(not(unix))]
fn write_at(_: &File, _: &[u8], _: usize) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}
