//! Chooses how the fast interpreter dispatches.
//!
//! `bimetal_tail_calls`: handlers end in a call of the next handler, which an
//! optimising build turns into a jump. Without it a loop drives the handlers.
//! `--cfg bimetal_loop` and `--cfg bimetal_tail` in RUSTFLAGS override the choice;
//! builds with debug assertions use the loop whatever is chosen here, because
//! the checks in them keep calls from becoming jumps.

use std::env;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rustc-check-cfg=cfg(bimetal_tail_calls)");
    println!("cargo:rustc-check-cfg=cfg(bimetal_loop)");
    println!("cargo:rustc-check-cfg=cfg(bimetal_tail)");
    let arch = env::var("CARGO_CFG_TARGET_ARCH").unwrap_or_default();
    let optimised = env::var("OPT_LEVEL").is_ok_and(|level| level != "0");
    let sanitized = env::var_os("CARGO_CFG_SANITIZE").is_some();
    let able = matches!(&*arch, "x86_64" | "aarch64" | "riscv64");
    let forced = env::var_os("CARGO_CFG_BIMETAL_TAIL").is_some();
    let refused = env::var_os("CARGO_CFG_BIMETAL_LOOP").is_some();
    if forced || (able && optimised && !sanitized && !refused) {
        println!("cargo:rustc-cfg=bimetal_tail_calls");
    }
}
