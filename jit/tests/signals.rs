//! Faults, in compiled code and elsewhere.

mod common;

use std::os::unix::process::ExitStatusExt;
use std::process::Command;
use std::ptr::null_mut;

use bimetal_core::trap::TrapCode;
use common::World;

const TRAPS: &str = r#"(module (memory 1)
    (func (export "load") (param i32) (result i32) (i32.load (local.get 0)))
    (func $rec (export "rec") (param i32) (result i32) (call $rec (local.get 0))))"#;

fn trap_in_all_ways() {
    let mut world = World::new();
    let id = world.instance(TRAPS, &[]);
    for _ in 0..20 {
        let trap = world.trap_code(id, "load", &[0x7fff_ffff]);
        assert_eq!(trap, TrapCode::MemoryOutOfBounds);
        assert_eq!(world.trap_code(id, "rec", &[0]), TrapCode::StackOverflow);
        assert_eq!(world.i32(id, "load", &[0]), 0);
    }
}

#[test]
fn a_thread_that_the_host_made_without_std_can_trap() {
    extern "C" fn run(_: *mut libc::c_void) -> *mut libc::c_void {
        match std::panic::catch_unwind(trap_in_all_ways) {
            Ok(()) => null_mut(),
            Err(_) => std::ptr::dangling_mut(),
        }
    }
    // SAFETY: the thread function takes nothing and does not unwind.
    let result = unsafe {
        let mut thread = std::mem::zeroed();
        assert_eq!(libc::pthread_create(&mut thread, std::ptr::null(), run, null_mut()), 0);
        let mut result = null_mut();
        assert_eq!(libc::pthread_join(thread, &mut result), 0);
        result
    };
    assert!(result.is_null(), "the thread panicked");
}

#[test]
fn a_thread_with_little_stack_is_exhausted_as_well() {
    for size in [100 << 10, 200 << 10, 300 << 10] {
        let run = move || {
            let mut world = World::new();
            let id = world.instance(TRAPS, &[]);
            assert_eq!(world.trap_code(id, "rec", &[0]), TrapCode::StackOverflow, "{size}");
        };
        let thread = std::thread::Builder::new().stack_size(size).spawn(run);
        thread.unwrap().join().unwrap();
    }
}

#[test]
fn traps_are_found_while_other_threads_compile_and_drop_code() {
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| (0..3).for_each(|_| trap_in_all_ways()));
        }
        scope.spawn(|| {
            let world = World::new();
            for _ in 0..50 {
                assert!(world.compile(TRAPS).stats().code_bytes > 0);
            }
        });
    });
}

const CHILD: &str = "BIMETAL_TEST_CHILD";

/// Runs one test of this file in a process of its own.
fn child(test: &str, role: &str) -> std::process::ExitStatus {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args([test, "--exact"]).env(CHILD, role);
    command.output().expect("the child runs").status
}

fn fault() {
    // SAFETY: none; this is the fault that the parent expects.
    unsafe { std::ptr::null_mut::<u32>().wrapping_add(1).write_volatile(1) };
}

#[test]
fn a_fault_outside_compiled_code_still_ends_the_process() {
    if std::env::var(CHILD).is_ok_and(|role| role == "fault") {
        trap_in_all_ways();
        fault();
    }
    let status = child("a_fault_outside_compiled_code_still_ends_the_process", "fault");
    assert_eq!(status.signal(), Some(libc::SIGSEGV));
}

#[test]
fn a_handler_of_the_host_sees_the_faults_that_are_not_ours() {
    extern "C" fn handler(_: libc::c_int) {
        // SAFETY: ends the process at once.
        unsafe { libc::_exit(42) };
    }
    if std::env::var(CHILD).is_ok_and(|role| role == "handler") {
        // SAFETY: the handler is async-signal-safe.
        unsafe { libc::signal(libc::SIGSEGV, handler as extern "C" fn(_) as usize) };
        trap_in_all_ways();
        fault();
    }
    let status = child("a_handler_of_the_host_sees_the_faults_that_are_not_ours", "handler");
    assert_eq!(status.code(), Some(42));
}
