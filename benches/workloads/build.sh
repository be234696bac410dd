#!/bin/sh
# Rebuilds every workload's .wasm beside its source.
#
#     benches/workloads/build.sh           with Debian's clang-22 and lld-22
#     benches/workloads/build.sh native    as shared libraries for this machine, into target/native
set -eu
cd "$(dirname "$0")"

C_FLAGS="-Wall -Wextra -ffp-contract=off -O2"
WASM_FLAGS="--target=wasm32-unknown-unknown -mbulk-memory -msign-ext -mnontrapping-fptoint --no-wasm-opt
    -nostdlib -Wl,--no-entry -Wl,--strip-debug -Wl,-z,stack-size=65536"

build() {
    source=$1 out=$2
    shift 2
    if [ "$mode" = native ]; then
        "${CC:-cc}" -fPIC -shared $C_FLAGS -O3 "$@" "$source.c" -o "../../target/native/$out.so"
    else
        # shellcheck disable=SC2086
        "${CC:-clang-22}" $WASM_FLAGS $C_FLAGS "$@" "$source.c" -o "$out.wasm"
    fi
}

mode=${1:-wasm}
[ "$mode" = wasm ] || mkdir -p ../../target/native
for source in recursion sieve matrix bodies mandelbrot spectral sha256 words machine match squeeze json \
    memory_hard bulk; do
    build $source $source
done
build sort sort_static
build sort sort_dynamic -DDYNAMIC
