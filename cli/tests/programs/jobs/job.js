// The QuickJS job: sorts, hashes, throws and prints; reads itself, writes a file.
// Run as: qjs --std /jobs/job.js WORD...

// FNV-1a over the UTF-16 units, 32 bits.
function fnv(text) {
    let hash = 2166136261;
    for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 16777619);
    return (hash >>> 0).toString(16).padStart(8, "0");
}

// A 64-bit multiplicative hash on BigInt.
function bigHash(text) {
    let hash = 0xcbf29ce484222325n;
    for (const c of text) hash = BigInt.asUintN(64, (hash ^ BigInt(c.codePointAt(0))) * 0x100000001b3n);
    return hash.toString(16);
}

function* randomNumbers(seed, count) {
    for (let i = 0; i < count; i++) {
        seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
        yield seed;
    }
}

class JobError extends Error {
    constructor(message, code) {
        super(message);
        this.name = "JobError";
        this.code = code;
    }
}

function throwsDeep(depth) {
    try {
        if (depth === 0) throw new JobError("from the bottom", 17);
        throwsDeep(depth - 1);
    } finally {
        unwound++;
    }
}
let unwound = 0;

print("args", scriptArgs.slice(1).join(" "));

const numbers = [...randomNumbers(42, 2000)];
const sorted = numbers.slice().sort((a, b) => a - b);
print("sorted", sorted[0], sorted[1000], sorted[1999], fnv(sorted.join()));
print("typed", fnv(Uint32Array.from(numbers).sort().join()) === fnv(sorted.join()));
const words = "the quick brown fox jumps over the lazy dog".split(" ").sort().reverse();
print("words", words.join(" "), bigHash(words.join(" ")));

try {
    throwsDeep(20);
} catch (error) {
    print("caught", String(error), error.code, error instanceof JobError, unwound);
}
for (const bad of [() => null.x, () => missing, () => [].reduce((a) => a), () => JSON.parse("{"),
    () => "x".repeat(-1), () => new Array(-1), () => { throw { plain: true }; }]) {
    try {
        bad();
    } catch (error) {
        print("caught", error.name ?? JSON.stringify(error));
    }
}

const counts = new Map();
for (const [, word] of "a rose is a rose is a rose".matchAll(/(\w+)/gu))
    counts.set(word, (counts.get(word) ?? 0) + 1);
print("counts", JSON.stringify(Object.fromEntries(counts)));
print("numbers", 0.1 + 0.2, 1e21, -0, 2 ** 53, (1234.5678).toFixed(2), (255).toString(2), Math.sqrt(2));
print("big", 2n ** 200n, (3n ** 100n) % 1000000007n);
print("date", new Date(Date.UTC(2024, 1, 29, 12)).toISOString());
print("text", "Größe → 漢字 😀".normalize("NFD").length, "ß".toUpperCase(), [..."a😀b"].length);

const source = std.loadFile(scriptArgs[0]);
print("source", source.length > 1000, source.startsWith("// The QuickJS job"));
const out = std.open("/out/sorted.txt", "w");
sorted.forEach((number) => out.puts(number + "\n"));
out.close();

async function later() {
    await null;
    print("later", await Promise.allSettled([Promise.resolve(1), Promise.reject(new JobError("no", 1))])
        .then((results) => results.map((result) => result.status).join()));
}
later();
print("end");
