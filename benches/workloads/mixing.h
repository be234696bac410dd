// How a memory-hard password hash mixes four words: sums that a multiplication is part of,
// and rotations.

#ifndef MIXING_H
#define MIXING_H

#include <stdint.h>

static uint64_t rotate(uint64_t x, int n) { return x >> n | x << (64 - n); }

static uint64_t mix(uint64_t a, uint64_t b) { return a + b + 2 * (a & 0xffffffff) * (b & 0xffffffff); }

static void quarter(uint64_t *v, int a, int b, int c, int d) {
    v[a] = mix(v[a], v[b]), v[d] = rotate(v[d] ^ v[a], 32);
    v[c] = mix(v[c], v[d]), v[b] = rotate(v[b] ^ v[c], 24);
    v[a] = mix(v[a], v[b]), v[d] = rotate(v[d] ^ v[a], 16);
    v[c] = mix(v[c], v[d]), v[b] = rotate(v[b] ^ v[c], 63);
}

#endif
