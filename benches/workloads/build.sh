#!/bin/sh
# Rebuilds every workload's .wasm beside its source.
#
#     benches/workloads/build.sh           with Debian's clang-22 and lld-22
#     benches/workloads/build.sh native    as programs for this machine, into target/native
#
# `native` makes each program in C twice: as the compiler does it with -O3, and without
# vectors. What is built for WebAssembly in several ways (with SIMD, with 64-bit memory)
# is the same source natively: native.sh knows which.
set -eu
cd "$(dirname "$0")"
mode=${1:-wasm}
native=../../target/native

C_FLAGS="-Wall -Wextra -ffp-contract=off"
WASM_FLAGS="-O2 -mbulk-memory -msign-ext -mnontrapping-fptoint --no-wasm-opt -nostdlib
    -Wl,--no-entry -Wl,--strip-debug -Wl,--compress-relocations -Wl,-z,stack-size=65536"
SCALAR_FLAGS="-fno-tree-vectorize -fno-tree-slp-vectorize"

# c MODULE SOURCE [FLAG..]: a module of a program in C, for wasm32 if nothing else is said.
c() {
    module=$1 source=$2
    shift 2
    # shellcheck disable=SC2086
    [ "$mode" = native ] || "${CC:-clang-22}" --target=wasm32-unknown-unknown $WASM_FLAGS $C_FLAGS "$@" \
        "$source.c" -o "$module.wasm"
}

# native ENGINE MODULE SOURCE [FLAG..]: a program for this machine, unless it is there.
native() {
    program=$native/$1/$2 source=$3
    shift 3
    [ -z "$(find "$source.c" common.h bytewise.h mixing.h native.c build.sh -newer "$program" 2>&1)" ] && return
    # shellcheck disable=SC2086
    "${CC:-cc}" -O3 -fno-math-errno $C_FLAGS "$@" "$source.c" native.c -o "$program"
}

# both MODULE SOURCE [FLAG..]: a module, or the programs.
both() {
    c "$@"
    [ "$mode" = native ] || return 0
    native native "$@"
    # Vectors that the source asks for cannot be left out.
    # shellcheck disable=SC2086
    [ "$1" = hash ] || native native-scalar "$@" $SCALAR_FLAGS
}

[ "$mode" = wasm ] || mkdir -p "$native/native" "$native/native-scalar"

for source in recursion sieve matrix bodies mandelbrot spectral sha256 words machine match squeeze json \
    memory_hard bulk coremark switch indirect keccak reverse hash image fannkuch; do
    both $source $source
done
both sort_static sort
both sort_dynamic sort -DDYNAMIC
# Natively, a tail call needs no permission.
[ "$mode" = native ] || TAIL=-mtail-call
for source in tail threaded; do
    # shellcheck disable=SC2086
    both $source $source ${TAIL:-}
done
# Where clang makes vectors of the loops, or the source has vectors.
for source in bodies coremark hash image matrix memory_hard reverse spectral; do
    c ${source}_simd $source -msimd128
done
for source in matrix squeeze words; do
    c ${source}_memory64 $source --target=wasm64-unknown-unknown
done
# The older machine that many modules are still compiled for.
[ "$mode" = native ] || WITHOUT_BULK="-mno-bulk-memory -mno-bulk-memory-opt"
for source in copies_hash copies_reverse copies_records; do
    # shellcheck disable=SC2086
    both $source $source ${WITHOUT_BULK:-}
done
