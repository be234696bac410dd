//! Arguments, environment, clocks, random bytes, sockets.

use bimetal_wasi::{Errno, HostClocks, HostFile, ManualClocks, SeededRandom, WasiCtxBuilder};

use crate::guest::Guest;

#[test]
fn arguments_and_environment_arrive() {
    let ctx = WasiCtxBuilder::new()
        .args(&["prog", "", "zwölf"])
        .env("LANG", "C")
        .env("EMPTY", "")
        .build();
    let mut guest = Guest::new(ctx);
    guest.call32("args_sizes_get", &[0, 4]).unwrap();
    assert_eq!((guest.u32(0), guest.u32(4)), (3, 13));
    guest.call32("args_get", &[16, 64]).unwrap();
    assert_eq!([guest.u32(16), guest.u32(20), guest.u32(24)], [64, 69, 70]);
    assert_eq!(guest.slice(64, 13), "prog\0\0zwölf\0".as_bytes());
    guest.call32("environ_sizes_get", &[0, 4]).unwrap();
    assert_eq!((guest.u32(0), guest.u32(4)), (2, 14));
    guest.call32("environ_get", &[16, 64]).unwrap();
    assert_eq!(guest.slice(64, 14), b"LANG=C\0EMPTY=\0");
}

#[test]
fn nothing_arrives_that_was_not_given() {
    let mut guest = Guest::new(WasiCtxBuilder::new().build());
    guest.call32("environ_sizes_get", &[0, 4]).unwrap();
    assert_eq!((guest.u32(0), guest.u32(4)), (0, 0));
    assert_eq!(guest.read(0, &[9]).unwrap(), b"");
    assert_eq!(guest.call32("fd_prestat_get", &[3, 0]), Err(Errno::Badf));
}

#[test]
fn clocks_are_those_that_were_given() {
    let clock = ManualClocks::new(5_000);
    let mut guest = Guest::new(WasiCtxBuilder::new().clocks(clock.clone()).build());
    clock.advance(30);
    for (id, time) in [(0, 5_030), (1, 30)] {
        guest.call("clock_time_get", &[id, 0, 0]).unwrap();
        assert_eq!(guest.u64(0), time);
        guest.call("clock_res_get", &[id, 0]).unwrap();
        assert_eq!(guest.u64(0), 1);
    }
    for name in ["clock_time_get", "clock_res_get"] {
        assert_eq!(guest.call(name, &[2, 0, 0]), Err(Errno::Badf));
        assert_eq!(guest.call(name, &[4, 0, 0]), Err(Errno::Inval));
    }
}

#[test]
fn the_clock_of_the_host_goes_forward() {
    let mut guest = Guest::new(WasiCtxBuilder::new().clocks(HostClocks::new()).build());
    guest.call("clock_time_get", &[1, 0, 0]).unwrap();
    let before = guest.u64(0);
    std::thread::sleep(std::time::Duration::from_millis(2));
    guest.call("clock_time_get", &[1, 0, 0]).unwrap();
    assert!(guest.u64(0) >= before + 2_000_000);
}

#[test]
fn random_bytes_are_reproducible_when_seeded() {
    let mut bytes = Vec::new();
    for _ in 0..2 {
        let ctx = WasiCtxBuilder::new().random(SeededRandom::new(1)).build();
        let mut guest = Guest::new(ctx);
        guest.call32("random_get", &[100, 1000]).unwrap();
        assert_eq!((guest.u8(99), guest.u8(1100)), (0, 0));
        bytes.push(guest.slice(100, 1000).to_vec());
    }
    assert_eq!(bytes[0], bytes[1]);
    let mut guest = Guest::new(WasiCtxBuilder::new().build());
    guest.call32("random_get", &[100, 1000]).unwrap();
    assert_ne!(guest.slice(100, 1000), bytes[0]);
}

#[test]
fn no_descriptor_is_a_socket() {
    let mut guest = Guest::new(WasiCtxBuilder::new().build());
    for name in ["sock_accept", "sock_recv", "sock_send", "sock_shutdown"] {
        assert_eq!(guest.call32(name, &[0]), Err(Errno::Notsock), "{name}");
        assert_eq!(guest.call32(name, &[9]), Err(Errno::Badf), "{name}");
    }
    assert_eq!(guest.call32("proc_raise", &[9]), Err(Errno::Notsup));
    assert_eq!(guest.call32("sched_yield", &[]), Ok(()));
}

#[test]
fn writing_to_a_closed_pipe_is_an_error() {
    let (reader, writer) = std::io::pipe().unwrap();
    let writer = HostFile::new(std::os::fd::OwnedFd::from(writer).into()).unwrap();
    let mut guest = Guest::new(WasiCtxBuilder::new().stdout(writer).build());
    assert_eq!(guest.write(1, &[b"heard"]), Ok(5));
    drop(reader);
    assert_eq!(guest.write(1, &[b"unheard"]), Err(Errno::Pipe));
}

#[test]
fn a_context_can_move_to_another_thread() {
    let ctx = WasiCtxBuilder::new().arg("prog").build();
    let count = std::thread::spawn(move || {
        let mut guest = Guest::new(ctx);
        guest.call32("args_sizes_get", &[0, 4]).map(|()| guest.u32(0))
    });
    assert_eq!(count.join().unwrap(), Ok(1));
}
