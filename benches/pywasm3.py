"""wasm3 for `bimetal bench`: a runner as benches/src/measure.rs describes it.

    pip install pywasm3==0.5.0
    bimetal bench --peers "python3 benches/pywasm3.py"

The package's sources are built by the C compiler that is there, with -O3. It has wasm3
record backtraces, which makes calls a little slower: 1.09 times the time of `recursion`.
The process's memory is python's for the most part.
"""

import json
import os
import sys
import time

try:
    import wasm3
except ImportError:
    sys.exit("wasm3 is not there: pip install pywasm3==0.5.0")

# Bytes of the guest's stack: with many more, deep recursion ends the process.
STACK = 1 << 16


class Unsupported(Exception):
    """The engine cannot run the module at all."""


def refusal(error):
    """What the engine says of a module, as an error of the right kind.

    It compiles a function when that is first called: what it has no operation for
    may turn up as late as that. Traps have a mark.
    """
    text = str(error)
    return RuntimeError(text) if text.startswith("[trap]") else Unsupported(text)


def load(data):
    """The module's `run`."""
    # Marked programs need WASI, which the package leaves out.
    if b"\x05bench\x05start" in data:
        raise Unsupported("the package has no WASI")
    try:
        environment = wasm3.Environment()
        runtime = environment.new_runtime(STACK)
        runtime.load(environment.parse_module(data))
        return runtime.find_function("run")
    except RuntimeError as error:
        raise refusal(error) from error


def timed(clock, run, times):
    """How long a call took, and what it gave."""
    start = clock()
    try:
        total = run(times)
    except RuntimeError as error:
        raise refusal(error) from error
    return clock() - start, total


def calls(run, times, budget):
    """The first call, which does the work once, and those that follow."""
    first_ns, _ = timed(time.perf_counter_ns, run, 1)
    runs_ns, checksum = [], ""
    begun = time.perf_counter_ns()
    while len(runs_ns) < 2 or time.perf_counter_ns() - begun < budget * 1_000_000:
        took, total = timed(time.thread_time_ns, run, times)
        runs_ns.append(took)
        checksum = str(total)
    return {"first_ns": first_ns, "runs_ns": runs_ns, "checksum": checksum}


def speed(start, run, watch):
    """As `watch` in measure.rs."""

    def elapsed():
        return (time.perf_counter_ns() - start) / 1e9

    points, since, done = [], 0.0, 0
    while elapsed() < watch / 1e3:
        before = elapsed()
        timed(time.perf_counter_ns, run, 1)
        now = elapsed()
        if done == 0:
            since = before
        done += 1
        if now > since * 1.25 or now - since > 0.01:
            points.append((now, done / (now - since)))
            done = 0
    return points


def peak_rss_bytes():
    """The largest resident set that the process had so far."""
    with open("/proc/self/status", encoding="ascii") as status:
        for line in status:
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return None


def measure(file, times, budget, watch):
    """The figures of a task."""
    with open(file, "rb") as module:
        data = module.read()
    start = time.perf_counter_ns()
    run = load(data)
    figures = {"load_ns": time.perf_counter_ns() - start}
    if watch > 0:
        figures["speed"] = speed(start, run, watch)
    else:
        figures.update(calls(run, times, budget))
    figures["peak_rss_bytes"] = peak_rss_bytes()
    return figures


def main():
    """What a runner does."""
    command, *task = sys.argv[1:]
    if command == "list":
        print("wasm3")
        return
    _, file, *numbers = task
    # The package writes backtraces there, above what is to be told.
    errors = os.dup(2)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    try:
        figures = measure(file, *map(int, numbers))
    except Unsupported as error:
        os.dup2(errors, 2)
        sys.exit(f"unsupported: {error}")
    except Exception as error:
        os.dup2(errors, 2)
        sys.exit(str(error))
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
