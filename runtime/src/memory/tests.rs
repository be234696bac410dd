//! Growth, limits and access.

use super::*;
use bimetal_core::types::{AddrType, Limits};

const PAGE: usize = 1 << 16;

fn memory_type(min: u64, max: Option<u64>) -> MemoryType {
    let limits = Limits { min, max };
    MemoryType { addr: AddrType::I32, limits, shared: false, page_size_log2: 16 }
}

fn settings(guard: bool) -> Settings {
    Settings { memory_guard_pages: guard, ..Settings::default() }
}

/// A memory of its own allocator.
fn new(ty: MemoryType, settings: &Settings, limits: &StoreLimits) -> Result<Memory, ResourceError> {
    Memory::new(ty, settings, limits, &Arc::new(Allocator::on_demand(settings)), None)
}

fn memory(min: u64, max: Option<u64>, guard: bool) -> Memory {
    new(memory_type(min, max), &settings(guard), &StoreLimits::default()).unwrap()
}

#[test]
fn growth_keeps_the_contents_and_adds_zeros() {
    for guard in [true, false] {
        let mut memory = memory(1, None, guard);
        memory.write(0, &[1, 2, 3]).unwrap();
        for pages in 1..20 {
            assert_eq!(memory.grow(1), Some(pages));
        }
        assert_eq!(memory.data().len(), 20 * PAGE);
        assert_eq!(memory.data()[..4], [1, 2, 3, 0]);
        assert!(memory.data()[3..].iter().all(|&byte| byte == 0));
        // SAFETY: the memory is alive and not borrowed.
        let (base, len) = unsafe { ((*memory.vm()).base, (*memory.vm()).byte_len()) };
        assert_eq!((base.cast_const(), len), (memory.data().as_ptr(), 20 * PAGE as u64));
    }
}

#[test]
fn a_guarded_memory_never_moves() {
    let mut memory = memory(0, None, true);
    let base = memory.data().as_ptr();
    memory.grow(1000).unwrap();
    assert_eq!(memory.data().as_ptr(), base);
}

#[test]
fn growth_stops_at_the_maximum_and_at_the_address_space() {
    for guard in [true, false] {
        let mut memory = memory(1, Some(2), guard);
        assert_eq!((memory.grow(2), memory.grow(1), memory.grow(1)), (None, Some(1), None));
        assert_eq!((memory.grow(0), memory.pages()), (Some(2), 2));
    }
    let mut whole = memory(1, None, true);
    assert_eq!((whole.grow(u64::MAX), whole.grow(65_536)), (None, None));
    // The last page of a circle would be next to the first.
    let most = whole.plan().max_bytes().min(1 << 32);
    assert_eq!(whole.grow((most >> 16) - 1), Some(1));
    assert_eq!((whole.byte_len(), whole.grow(1)), (most, None));
}

#[test]
fn the_stores_limit_binds_creation_and_growth() {
    let limits = StoreLimits { max_memory_bytes: Some(2 * PAGE as u64), ..StoreLimits::default() };
    let limited = |min| new(memory_type(min, None), &settings(true), &limits);
    assert!(limited(3).unwrap_err().to_string().contains("3 pages"));
    let mut memory = limited(1).unwrap();
    assert_eq!((memory.grow(2), memory.grow(1)), (None, Some(1)));
}

#[test]
fn an_impossible_64_bit_memory_is_refused_not_fatal() {
    let wide = MemoryType { addr: AddrType::I64, ..memory_type(1 << 47, None) };
    let limits = StoreLimits::default();
    assert!(new(wide, &settings(true), &limits).is_err());
    let small = MemoryType { addr: AddrType::I64, ..memory_type(1, None) };
    let mut memory = new(small, &settings(true), &limits).unwrap();
    assert_eq!((memory.grow(1 << 40), memory.grow(u64::MAX)), (None, None));
    assert_eq!(memory.grow(1), Some(1));
}

#[test]
fn a_page_may_be_one_byte() {
    let ty = MemoryType { page_size_log2: 0, ..memory_type(3, Some(10_000)) };
    let mut memory = new(ty, &settings(true), &StoreLimits::default()).unwrap();
    assert_eq!(memory.data(), [0; 3]);
    assert_eq!((memory.grow(9_997), memory.grow(1)), (Some(3), None));
    assert_eq!(memory.byte_len(), 10_000);
}

#[test]
fn a_shared_memory_keeps_its_place_even_without_guard_pages() {
    let ty = MemoryType { shared: true, ..memory_type(1, Some(64)) };
    let mut memory = new(ty, &settings(false), &StoreLimits::default()).unwrap();
    let base = memory.data().as_ptr();
    assert_eq!(memory.grow(63), Some(1));
    assert_eq!(memory.data().as_ptr(), base);
}

#[test]
fn a_shared_memory_is_the_same_for_all_its_clones() {
    let ty = MemoryType { shared: true, ..memory_type(1, Some(3)) };
    for guard in [true, false] {
        let shared = SharedMemory::new(ty, &settings(guard), &StoreLimits::default()).unwrap();
        let mut memory = Memory::from(shared.clone());
        assert!(memory.shared().is_some_and(|other| other.same(&shared)));
        std::thread::scope(|scope| {
            scope.spawn(|| shared.clone().grow(1)).join().unwrap().unwrap();
        });
        assert_eq!((memory.grow(1), shared.grow(1), memory.pages()), (Some(2), None, 3));
        memory.write(3 * PAGE as u64 - 2, &[1, 2]).unwrap();
        let mut bytes = [0; 2];
        shared.read(3 * PAGE as u64 - 2, &mut bytes).unwrap();
        assert_eq!(bytes, [1, 2]);
        assert_eq!(shared.write(3 * PAGE as u64 - 1, &bytes), Err(MemoryAccessError));
        // Others may write them: they are not to be borrowed.
        assert!(memory.data().is_empty() && memory.data_mut().is_empty());
    }
}

#[test]
fn a_shared_memory_has_a_maximum_and_a_shared_type() {
    for (shared, max) in [(false, Some(1)), (true, None)] {
        let ty = MemoryType { shared, ..memory_type(1, max) };
        assert!(SharedMemory::new(ty, &settings(true), &StoreLimits::default()).is_err());
    }
}

#[test]
fn the_host_reads_and_writes_inside_only() {
    let mut memory = memory(1, None, true);
    let end = PAGE as u64;
    let mut byte = [7];
    assert_eq!(memory.write(end - 1, &[9, 9]), Err(MemoryAccessError));
    assert_eq!(memory.read(end - 1, &mut byte), Ok(()));
    assert_eq!(byte, [0]);
    assert_eq!(memory.read(end, &mut byte), Err(MemoryAccessError));
    assert_eq!(memory.read(u64::MAX, &mut byte), Err(MemoryAccessError));
    assert_eq!(memory.write(end, &[]), Ok(()));
    assert_eq!(memory.write(end + 1, &[]), Err(MemoryAccessError));
}

#[test]
fn behind_a_guarded_memory_pages_are_inaccessible() {
    let memory = memory(1, None, true);
    // A system call reports a fault where a plain access would raise a signal:
    // `readable` writes the byte into a pipe.
    assert!(readable(memory.vm(), PAGE as u64 - 1));
    assert!(!readable(memory.vm(), PAGE as u64));
    assert!(!readable(memory.vm(), (1 << 32) - 1));
    assert!(!readable(memory.vm(), (1 << 32) + plan::GUARD_BYTES - 1));
}

#[test]
fn behind_a_wide_memory_pages_are_inaccessible_wherever_it_goes() {
    let limits = Limits { min: 1, max: None };
    let ty = MemoryType { addr: AddrType::I64, ..memory_type(1, None) };
    let ty = MemoryType { limits, ..ty };
    let mut memory = new(ty, &settings(true), &StoreLimits::default()).unwrap();
    for pages in [1, 2, 65_536, 65_537, 3 << 16] {
        assert!(memory.grow(pages - memory.pages()).is_some());
        let len = pages * PAGE as u64;
        assert!(readable(memory.vm(), len - 1));
        for behind in [0, 1 << 16, (1 << 30) - 1, plan::GUARD_BYTES - 1] {
            assert!(!readable(memory.vm(), len + behind), "{pages} pages, {behind} behind");
        }
    }
}

/// Whether the system can read the byte at this offset.
fn readable(vm: *mut VmMemory, offset: u64) -> bool {
    let mut pipe = [0; 2];
    // SAFETY: the array has room for two descriptors; the memory is alive; the
    // system checks the address.
    unsafe {
        assert_eq!(libc::pipe(pipe.as_mut_ptr()), 0);
        let byte = (*vm).base.wrapping_add(offset as usize);
        let written = libc::write(pipe[1], byte.cast(), 1);
        libc::close(pipe[0]);
        libc::close(pipe[1]);
        written == 1
    }
}

/// Of a memory that is a circle, whether byte `2^32 - back` is there in front.
fn in_front(memory: &Memory, back: u64) -> bool {
    readable(memory.vm(), back.wrapping_neg())
}

#[test]
fn the_upper_half_of_a_memory_is_in_front_of_it_as_well() {
    if plan::FRONT_BYTES == 0 {
        return;
    }
    let mut memory = memory(1, None, true);
    let half = plan::HALF;
    memory.write(0, b"low").unwrap();
    for pages in [1_u64, 32_768, 32_769, 40_000, 65_535] {
        memory.grow(pages - memory.pages()).unwrap();
        let len = pages * PAGE as u64;
        // The first byte of each half and the last that there is.
        for (at, inside) in [(half, len > half), (len.max(half + 1) - 1, len > half)] {
            assert_eq!(in_front(&memory, (1 << 32) - at), inside, "{pages} pages, {at}");
            if inside {
                memory.write(at, &[pages as u8]).unwrap();
                // SAFETY: readable, as was just seen.
                let byte =
                    unsafe { (*memory.vm()).base.wrapping_sub((1 << 32) - at as usize).read() };
                assert_eq!(byte, pages as u8, "{pages} pages, {at}");
            }
        }
        assert!(!in_front(&memory, (1 << 32) - len.max(half)));
        assert!(!in_front(&memory, 1));
        assert_eq!(memory.data()[..3], *b"low");
    }
}

#[test]
fn a_memory_in_the_place_of_a_long_one_is_zero_and_has_nothing_in_front() {
    if plan::FRONT_BYTES == 0 {
        return;
    }
    let settings = settings(true);
    let allocator = Arc::new(Allocator::on_demand(&settings));
    let new = |ty| Memory::new(ty, &settings, &StoreLimits::default(), &allocator, None).unwrap();
    let wide = MemoryType { addr: AddrType::I64, ..memory_type(1, Some(65_536)) };
    let mut bases = Vec::new();
    for ty in [memory_type(1, None), wide, memory_type(40_000, None), memory_type(1, None)] {
        let mut memory = new(ty);
        bases.push(memory.data().as_ptr());
        assert!(!in_front(&memory, 1 << 31) || ty.limits.min == 40_000);
        memory.grow(50_000 - memory.pages()).unwrap();
        for at in [0, 1 << 20, plan::HALF, plan::HALF + (1 << 20), 50_000 * PAGE as u64 - 1] {
            let mut byte = [1];
            memory.read(at, &mut byte).unwrap();
            assert_eq!(byte, [0], "{at}");
            memory.write(at, &[1]).unwrap();
        }
        assert_eq!(in_front(&memory, 1 << 31), memory.plan().circular);
    }
    assert!(bases.iter().all(|&base| base == bases[0]));
}
