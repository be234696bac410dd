#!/usr/bin/env python3
"""Fills a manifest of program runs with what wasmtime makes of them.

    expect.py [--check] [--fuel] [MANIFEST...]

Needs PyPI's `wasmtime`. Without arguments: manifest.json beside this file and
examples/expected.json. Every job runs twice and must do the same both times.
--check changes nothing and exits 1 if a manifest disagrees with wasmtime.
--fuel prints how many million instructions each job executes.

A manifest is a list of jobs. Given by hand:
  name       of the job, unique
  wasm       path from the repository's root
  args       after the program's name
  env        environment variables, passed in alphabetical order; no others are
  dirs       [host, guest] pairs; host is a path from the repository's root, or
             "OUT" for a fresh empty folder, whose files are compared afterwards
  stdin      path from the repository's root, or null for empty input
  stderr     a text that standard error must contain, or null
  reference  whether the job is small enough for the reference interpreter
  note       why not, or what is special
Filled in by this script:
  exit           exit code; 134 for a trap
  trap           the specification's words for the trap, or null
  stdout_sha256  of standard output
  files          for each file left in OUT, by guest path, its SHA-256
"""

import hashlib
import json
import pathlib
import sys
import tempfile

import wasmtime

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[2]
FUEL = 10**13
TRAP_EXIT_CODE = 134
TRAPS = {
    wasmtime.TrapCode.UNREACHABLE: "unreachable",
    wasmtime.TrapCode.INTEGER_DIVISION_BY_ZERO: "integer divide by zero",
    wasmtime.TrapCode.INTEGER_OVERFLOW: "integer overflow",
    wasmtime.TrapCode.BAD_CONVERSION_TO_INTEGER: "invalid conversion to integer",
    wasmtime.TrapCode.MEMORY_OUT_OF_BOUNDS: "out of bounds memory access",
    wasmtime.TrapCode.TABLE_OUT_OF_BOUNDS: "undefined element",
    wasmtime.TrapCode.INDIRECT_CALL_TO_NULL: "uninitialized element",
    wasmtime.TrapCode.BAD_SIGNATURE: "indirect call type mismatch",
    wasmtime.TrapCode.STACK_OVERFLOW: "call stack exhausted",
}
COMPUTED = ("exit", "trap", "stdout_sha256", "files")


def sha256(path):
    return hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest()


class Runner:
    """Wasmtime, with each module compiled once."""

    def __init__(self, fuel):
        config = wasmtime.Config()
        config.consume_fuel = fuel
        self.fuel = fuel
        self.engine = wasmtime.Engine(config)
        self.linker = wasmtime.Linker(self.engine)
        self.linker.define_wasi()
        self.modules = {}

    def module(self, path):
        if path not in self.modules:
            self.modules[path] = wasmtime.Module.from_file(self.engine, str(ROOT / path))
        return self.modules[path]

    def call_start(self, wasm, wasi):
        """Returns the exit code, the trap if any, and the fuel used."""
        store = wasmtime.Store(self.engine)
        if self.fuel:
            store.set_fuel(FUEL)
        store.set_wasi(wasi)
        code, trap = 0, None
        try:
            instance = self.linker.instantiate(store, self.module(wasm))
            instance.exports(store)["_start"](store)
        except wasmtime.ExitTrap as exited:
            code = exited.code
        except wasmtime.Trap as trapped:
            code, trap = TRAP_EXIT_CODE, TRAPS[trapped.trap_code]
        used = FUEL - store.get_fuel() if self.fuel else 0
        store.close()
        return code, trap, used

    def run(self, job):
        """Returns what the job did, its standard error, and the fuel used."""
        with tempfile.TemporaryDirectory() as scratch:
            scratch = pathlib.Path(scratch)
            wasi = wasmtime.WasiConfig()
            wasi.argv = [pathlib.Path(job["wasm"]).name, *job["args"]]
            wasi.env = sorted(job["env"].items())
            outputs = []
            for host, guest in job["dirs"]:
                if host == "OUT":
                    folder = scratch / f"out{len(outputs)}"
                    folder.mkdir()
                    outputs.append((folder, guest))
                else:
                    folder = ROOT / host
                wasi.preopen_dir(str(folder), guest)
            if job["stdin"] is not None:
                wasi.stdin_file = str(ROOT / job["stdin"])
            wasi.stdout_file = str(scratch / "stdout")
            wasi.stderr_file = str(scratch / "stderr")
            code, trap, fuel = self.call_start(job["wasm"], wasi)
            files = {
                f"{guest}/{path.relative_to(folder).as_posix()}": sha256(path)
                for folder, guest in outputs
                for path in sorted(folder.rglob("*"))
                if path.is_file()
            }
            stdout = sha256(scratch / "stdout")
            stderr = (scratch / "stderr").read_text(encoding="utf-8", errors="replace")
            result = dict(zip(COMPUTED, (code, trap, stdout, files)))
            return result, stderr, fuel


def check_job(runner, job):
    """Runs a job twice; returns its results."""
    result, stderr, fuel = runner.run(job)
    again, _, _ = runner.run(job)
    if result != again:
        sys.exit(f"expect.py: {job['name']} does not do the same twice: {result} {again}")
    if job["stderr"] is not None and job["stderr"] not in stderr:
        sys.exit(f"expect.py: {job['name']}: standard error lacks {job['stderr']!r}: {stderr}")
    if runner.fuel:
        print(f"{job['name']:24} {fuel / 1e6:10.1f} million instructions")
    return result


def main(arguments):
    options = {argument for argument in arguments if argument.startswith("--")}
    if options - {"--check", "--fuel"}:
        sys.exit(__doc__)
    paths = [pathlib.Path(argument) for argument in arguments if argument not in options]
    runner = Runner("--fuel" in options)
    differ = False
    for path in paths or [HERE / "manifest.json", ROOT / "examples" / "expected.json"]:
        jobs = json.loads(path.read_text(encoding="utf-8"))
        for job in jobs:
            result = check_job(runner, job)
            if any(job.get(key) != result[key] for key in COMPUTED):
                print(f"{job['name']}: {result}")
                differ = True
            job.update(result)
        if "--check" not in options:
            text = json.dumps(jobs, indent=2, ensure_ascii=False)
            path.write_text(text + "\n", encoding="utf-8")
    return 1 if differ and "--check" in options else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
