//! Addresses outside memory are [`Errno::Fault`] in every function, before it does
//! anything.

use bimetal_wasi::{Errno, FUNCTIONS, Function, GuestMemory, VirtualDir, WasiCtxBuilder};

use crate::guest::{Guest, ROOT};

/// Calls that succeed, as far as functions of addresses can without an argument
/// being an address that is wrong. `FILE` stands for an open file.
const FILE: u64 = 4;
const VALID: &[(&str, &[u64])] = &[
    ("args_get", &[0, 64]),
    ("args_sizes_get", &[0, 4]),
    ("environ_get", &[0, 64]),
    ("environ_sizes_get", &[0, 4]),
    ("clock_res_get", &[1, 0]),
    ("clock_time_get", &[1, 0, 0]),
    ("fd_fdstat_get", &[FILE, 0]),
    ("fd_filestat_get", &[FILE, 0]),
    ("fd_pread", &[FILE, 512, 1, 0, 0]),
    ("fd_prestat_get", &[ROOT as u64, 0]),
    ("fd_prestat_dir_name", &[ROOT as u64, 0, 1]),
    ("fd_pwrite", &[FILE, 512, 1, 0, 0]),
    ("fd_read", &[FILE, 512, 1, 0]),
    ("fd_readdir", &[ROOT as u64, 1024, 64, 0, 0]),
    ("fd_seek", &[FILE, 0, 0, 0]),
    ("fd_tell", &[FILE, 0]),
    ("fd_write", &[FILE, 512, 1, 0]),
    ("path_create_directory", &[ROOT as u64, 600, 3]),
    ("path_filestat_get", &[ROOT as u64, 0, 610, 4, 0]),
    ("path_filestat_set_times", &[ROOT as u64, 0, 610, 4, 0, 0, 0]),
    ("path_link", &[ROOT as u64, 0, 610, 4, ROOT as u64, 620, 4]),
    ("path_open", &[ROOT as u64, 0, 610, 4, 0, 0, 0, 0, 0]),
    ("path_symlink", &[610, 4, ROOT as u64, 630, 4]),
    ("path_readlink", &[ROOT as u64, 630, 4, 1024, 9, 0]),
    ("path_rename", &[ROOT as u64, 620, 4, ROOT as u64, 640, 4]),
    ("path_remove_directory", &[ROOT as u64, 600, 3]),
    ("path_unlink_file", &[ROOT as u64, 640, 4]),
    ("poll_oneoff", &[2048, 3072, 1, 0]),
    ("random_get", &[0, 16]),
];

/// Functions that take addresses and never look at them.
const SOCKETS: &[&str] = &["sock_accept", "sock_recv", "sock_send"];

fn guest() -> Guest {
    let ctx = WasiCtxBuilder::new()
        .arg("prog")
        .env("KEY", "value")
        .virtual_dir(&VirtualDir::new(), "/")
        .build();
    let mut guest = Guest::new(ctx);
    assert_eq!(guest.create(ROOT, "file").map(u64::from), Ok(FILE));
    // One buffer of eight bytes at 1024.
    guest.put(512, &[0, 4, 0, 0, 8, 0, 0, 0]);
    for (at, name) in [(600, "dir"), (610, "file"), (620, "link"), (630, "soft"), (640, "move")] {
        guest.put(at, name.as_bytes());
    }
    // A clock that is due at once.
    guest.put(2048, &[0; 48]);
    guest
}

fn has_pointer(function: &Function) -> bool {
    function.parameters.iter().any(|parameter| parameter.pointer)
}

#[test]
fn the_table_names_every_function_that_takes_an_address() {
    let mut expected: Vec<_> =
        FUNCTIONS.iter().filter(|function| has_pointer(function)).map(|f| f.name).collect();
    let mut named: Vec<_> = VALID.iter().map(|row| row.0).chain(SOCKETS.iter().copied()).collect();
    expected.sort_unstable();
    named.sort_unstable();
    assert_eq!(named, expected);
}

#[test]
fn the_calls_of_the_table_succeed() {
    let mut guest = guest();
    for (name, arguments) in VALID {
        assert_eq!(guest.call(name, arguments), Ok(()), "{name}");
    }
}

#[test]
fn every_address_outside_memory_faults() {
    for (name, arguments) in VALID {
        let function = FUNCTIONS.iter().find(|function| function.name == *name).unwrap();
        for (index, parameter) in function.parameters.iter().enumerate() {
            if !parameter.pointer {
                continue;
            }
            // Behind the end, at the end of the address space, and across the end.
            for bad in [1 << 16, (1 << 16) + 4, u64::from(u32::MAX), u64::from(u32::MAX - 7)] {
                let mut guest = guest();
                let mut arguments = arguments.to_vec();
                arguments[index] = bad;
                let result = guest.call(name, &arguments);
                assert_eq!(result, Err(Errno::Fault), "{name} {} = {bad}", parameter.name);
            }
        }
    }
}

#[test]
fn every_length_that_leaves_memory_faults() {
    let lengths = ["_len", "nsubscriptions"];
    for (name, arguments) in VALID {
        let function = FUNCTIONS.iter().find(|function| function.name == *name).unwrap();
        for (index, parameter) in function.parameters.iter().enumerate() {
            if !lengths.iter().any(|end| parameter.name.ends_with(end)) {
                continue;
            }
            for bad in [u64::from(u32::MAX), 1 << 31, 1 << 17] {
                let mut guest = guest();
                let mut arguments = arguments.to_vec();
                arguments[index] = bad;
                let result = guest.call(name, &arguments);
                // A name that is shorter than its buffer is written as it is, and
                // too many subscriptions are refused before memory is looked at.
                let expected = match *name {
                    "fd_prestat_dir_name" => Ok(()),
                    "poll_oneoff" => Err(Errno::Inval),
                    _ => Err(Errno::Fault),
                };
                assert_eq!(result, expected, "{name} {} = {bad}", parameter.name);
            }
        }
    }
}

#[test]
fn a_bad_result_address_leaves_the_world_as_it_was() {
    let mut guest = guest();
    guest.put(700, b"new");
    let root = u64::from(ROOT);
    let open = [root, 0, 700, 3, 1, 0, 0, 0, 1 << 16];
    assert_eq!(guest.call("path_open", &open), Err(Errno::Fault));
    assert_eq!(guest.stat(ROOT, "new", false), Err(Errno::Noent));
    assert_eq!(guest.call("fd_write", &[FILE, 512, 1, 1 << 16]), Err(Errno::Fault));
    assert_eq!(guest.stat(ROOT, "file", false).unwrap().size, 0);
    assert_eq!(guest.seek(4, 7, 0), Ok(7));
    assert_eq!(guest.call("fd_seek", &[FILE, 3, 0, 1 << 16]), Err(Errno::Fault));
    assert_eq!(guest.seek(4, 0, 1), Ok(7));
}

#[test]
fn buffers_outside_memory_fault() {
    for buffer in [[0x1_0000u32, 1], [0, 0x1_0001], [u32::MAX, u32::MAX], [0xffff, 2]] {
        let mut guest = guest();
        guest.put(512, &buffer[0].to_le_bytes());
        guest.put(516, &buffer[1].to_le_bytes());
        for name in ["fd_read", "fd_write"] {
            assert_eq!(guest.call(name, &[FILE, 512, 1, 0]), Err(Errno::Fault), "{name}");
        }
        for name in ["fd_pread", "fd_pwrite"] {
            assert_eq!(guest.call(name, &[FILE, 512, 1, 0, 0]), Err(Errno::Fault), "{name}");
        }
    }
}

#[test]
fn huge_numbers_of_buffers_are_cut_short_or_fault() {
    let mut guest = guest();
    // 4096 buffers of one byte each, all at 1024, described from 8192 on.
    for index in 0..4096u32 {
        guest.put(8192 + index * 8, &1024u32.to_le_bytes());
        guest.put(8192 + index * 8 + 4, &1u32.to_le_bytes());
    }
    assert_eq!(guest.call("fd_write", &[FILE, 8192, 4096, 0]), Ok(()));
    assert_eq!(guest.u32(0), 1024);
    assert_eq!(guest.call("fd_write", &[FILE, 8192, 1 << 29, 0]), Err(Errno::Fault));
    assert_eq!(guest.call("fd_read", &[FILE, 8192, u64::from(u32::MAX), 0]), Err(Errno::Fault));
}

#[test]
fn any_arguments_at_all_never_panic() {
    let interesting =
        [0, 1, 3, 4, 8, 512, 610, 0xffff, 0x1_0000, 0x7fff_ffff, 0xffff_ffff, u64::MAX];
    let mut state = 1u64;
    let mut memory = vec![0u8; 1 << 16];
    let mut ctx = guest().ctx;
    for round in 0..20_000 {
        let function = &FUNCTIONS[round % FUNCTIONS.len()];
        let arguments: Vec<u64> = function
            .parameters
            .iter()
            .map(|_| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                interesting[(state >> 33) as usize % interesting.len()]
            })
            .collect();
        let result = ctx.call(function.name, &mut GuestMemory::new(&mut memory), &arguments);
        assert_eq!(result.unwrap().is_err(), !function.returns);
    }
}
