#!/bin/sh
# Rebuilds every example's .wasm beside its source.
#
#     examples/build.sh            all of them
#     examples/build.sh NAME...    some of them
#     examples/build.sh native     the C examples as native programs, into target/native
#
# Needs Debian's packages (apt-get install --no-install-recommends ...)
#     C:    clang-22 lld-22 libclang-rt-22-dev-wasm32 wasi-libc
#     Rust: rustc-web rust-web-src cargo-web lld-22 wasi-libc
# and, the first time, cargo's access to its registry for the crates std is made of.
# CC and CARGO choose other programs.
set -eu
cd "$(dirname "$0")"

# --no-wasm-opt: what clang emits is what is kept; --strip-debug drops the debug
# information of libc but keeps the names; no contraction of a * b + c, so that
# every machine computes the same bits.
WASM_FLAGS="--target=wasm32-wasi -Wno-deprecated --no-wasm-opt -Wl,--strip-debug"
C_FLAGS="-Wall -Wextra -ffp-contract=off"

missing() {
    echo "build.sh: $1 not found; Debian: apt-get install --no-install-recommends $2" >&2
    exit 1
}

build_c() {
    cc=${CC:-clang-22}
    command -v "$cc" >/dev/null || missing "$cc" "clang-22 lld-22 libclang-rt-22-dev-wasm32 wasi-libc"
    # shellcheck disable=SC2086
    (cd "$1" && "$cc" $WASM_FLAGS $C_FLAGS -O2 ./*.c -o "$1.wasm")
}

# The packaged compiler has no standard library for this target, so std is built too,
# and linked with wasi-libc by wasm-ld.
build_rust() {
    cargo=${CARGO:-/usr/bin/cargo}
    command -v "$cargo" >/dev/null || missing "$cargo" "rustc-web rust-web-src cargo-web lld-22 wasi-libc"
    libc=/usr/lib/wasm32-wasi
    target="$PWD/../target/examples"
    (cd "$1" && RUSTC=${RUSTC:-/usr/bin/rustc} RUSTC_BOOTSTRAP=1 \
        CARGO_TARGET_WASM32_WASIP1_LINKER=wasm-ld-22 \
        RUSTFLAGS="-Clink-self-contained=no -Clink-arg=$libc/crt1-command.o -Clink-arg=-L$libc
            -Clink-arg=-lc -Clink-arg=--strip-debug
            --remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}=cargo --remap-path-prefix=$PWD/$1=." \
        "$cargo" build --locked --release --target wasm32-wasip1 -Zbuild-std=std,panic_abort \
        --target-dir "$target")
    cp "$target/wasm32-wasip1/release/$1.wasm" "$1/$1.wasm"
}

build_native() {
    out="$PWD/../target/native"
    mkdir -p "$out"
    for name in $C_EXAMPLES; do
        # shellcheck disable=SC2086
        (cd "$name" && "${CC:-cc}" $C_FLAGS -O3 ./*.c -o "$out/$name")
        echo "target/native/$name"
    done
}

C_EXAMPLES="mandelbrot squeeze kernels diagnose"
[ $# -gt 0 ] || set -- $C_EXAMPLES json
for name; do
    case " $C_EXAMPLES " in
        *" $name "*) build_c "$name" ;;
        *) case $name in
            json) build_rust json ;;
            native) build_native; continue ;;
            *) echo "build.sh: no example named $name" >&2; exit 2 ;;
        esac ;;
    esac
    chmod 644 "$name/$name.wasm"
    ls -l "$name/$name.wasm" | awk '{print $9, $5, "bytes"}'
done
