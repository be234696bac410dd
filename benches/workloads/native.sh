#!/bin/sh
# The workloads in C as programs for this machine: a runner as benches/src/measure.rs
# describes it, which has two engines if there is a C compiler.
#
#     bimetal bench --native
set -eu
here=$(dirname "$0")
programs=$here/../../target/native

case $1 in
list)
    command -v "${CC:-cc}" >/dev/null || exit 0
    sh "$here/build.sh" native >&2
    echo native
    echo native-scalar
    ;;
run)
    engine=$2 module=$3
    shift 3
    # A module with SIMD or a large memory has the same source.
    name=$(basename "$module" .wasm)
    name=${name%_simd}
    program=$programs/$engine/${name%_memory64}
    if [ ! -x "$program" ]; then
        echo "unsupported: it is not written in C, or uses vectors" >&2
        exit 1
    fi
    exec "$program" "$@"
    ;;
esac
