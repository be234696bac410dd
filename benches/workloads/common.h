// What the workloads share. Each exports `run`, which does its work a number of
// times and returns a checksum; there is no C library and nothing is imported. The
// same sources build natively: see build.sh.

#ifndef COMMON_H
#define COMMON_H

#include <stddef.h>
#include <stdint.h>

#ifdef __wasm__
#define EXPORT(name) __attribute__((export_name(#name))) name
#else
#define EXPORT(name) name
#endif

// Compilers that know no such attribute make tail calls by themselves when they optimise.
#ifdef __clang__
#define MUST_TAIL __attribute__((musttail))
#else
#define MUST_TAIL
#endif

int64_t run(int32_t times);

// Marsaglia's xorshift with the shifts 13, 17, 5.
static inline uint32_t next_random(uint32_t *state) {
    uint32_t x = *state;
    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    return *state = x;
}

static inline uint64_t bits(double value) {
    union { double value; uint64_t bits; } both = {value};
    return both.bits;
}

#endif
