// V8 for `bimetal bench`: a runner as benches/src/measure.rs describes it.
//
//     bimetal bench --peers "node benches/v8.mjs"

import { readFileSync, writeSync } from "node:fs";
import { dirname } from "node:path";

const [command, , file, times, budget, watch] = process.argv.slice(2);
const nanos = () => process.hrtime.bigint();
// What the process has taken of the processor: of one thread, node tells it only to the
// nearest milliseconds.
const taken = () => {
    const { user, system } = process.cpuUsage();
    return BigInt(user + system) * 1000n;
};

// What a program may use: the folder that it lies in. The warning that
// this is experimental goes to standard error.
async function wasi(folder) {
    const { WASI } = await import("node:wasi");
    return new WASI({ version: "preview1", preopens: { ".": folder }, returnOnExit: true });
}

function figures(fields) {
    const peak_rss_bytes = process.resourceUsage().maxRSS * 1024;
    // On a line of its own, whatever a program wrote before.
    writeSync(1, `\n${JSON.stringify({ ...fields, peak_rss_bytes })}\n`);
}

function compiled(bytes) {
    try {
        return new WebAssembly.Module(bytes);
    } catch (error) {
        throw new Error(`unsupported: ${error.message}`);
    }
}

// A program that marks what is to be measured.
async function program(bytes) {
    const system = await wasi(dirname(file));
    let started, total = 0n;
    const bench = {
        start: () => { started = nanos(); },
        end: () => { total += nanos() - started; },
    };
    const start = nanos();
    const module = compiled(bytes);
    const imports = { ...system.getImportObject(), bench };
    const instance = new WebAssembly.Instance(module, imports);
    const load_ns = Number(nanos() - start);
    if (system.start(instance) !== 0) throw new Error("the program failed");
    figures({ load_ns, runs_ns: [Number(total)], checksum: "" });
}

function workload(bytes) {
    const start = nanos();
    const { run } = new WebAssembly.Instance(compiled(bytes)).exports;
    const load_ns = Number(nanos() - start);
    if (Number(watch) > 0) return figures({ load_ns, speed: speed(start, run) });
    const timed = (clock, times) => {
        const start = clock();
        const sum = run(times);
        return [Number(clock() - start), sum];
    };
    const [first_ns] = timed(nanos, 1);
    const runs_ns = [];
    let checksum;
    const begun = nanos();
    while (runs_ns.length < 2 || Number(nanos() - begun) < Number(budget) * 1e6) {
        const [took, sum] = timed(taken, Number(times));
        runs_ns.push(took);
        checksum = String(sum);
    }
    figures({ load_ns, first_ns, runs_ns, checksum });
}

// As `watch` in measure.rs.
function speed(start, run) {
    const elapsed = () => Number(nanos() - start) / 1e9;
    const points = [];
    let since = 0, done = 0;
    while (elapsed() < watch / 1e3) {
        const before = elapsed();
        run(1);
        const now = elapsed();
        if (done === 0) since = before;
        done++;
        if (now > since * 1.25 || now - since > 0.01) {
            points.push([now, done / (now - since)]);
            done = 0;
        }
    }
    return points;
}

if (command === "list") {
    console.log("v8");
} else {
    try {
        const bytes = readFileSync(file);
        const marked = bytes.includes("\x05bench\x05start");
        if (marked) await program(bytes);
        else workload(bytes);
    } catch (error) {
        console.error(error.message);
        process.exitCode = 1;
    }
}
