// The compression function of SHA-256 (FIPS 180-4) with round constants of our own:
// rotations and additions on words.

#include "common.h"

static uint32_t k[64], state[8], w[64];

static uint32_t rotate(uint32_t x, int n) { return x >> n | x << (32 - n); }

static void block(void) {
    for (int i = 16; i < 64; i++) {
        uint32_t a = w[i - 15], b = w[i - 2];
        w[i] = w[i - 16] + w[i - 7] + (rotate(a, 7) ^ rotate(a, 18) ^ a >> 3) +
               (rotate(b, 17) ^ rotate(b, 19) ^ b >> 10);
    }
    uint32_t a = state[0], b = state[1], c = state[2], d = state[3];
    uint32_t e = state[4], f = state[5], g = state[6], h = state[7];
    for (int i = 0; i < 64; i++) {
        uint32_t t = h + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) + ((e & f) ^ (~e & g)) + k[i] + w[i];
        uint32_t s = (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
        h = g, g = f, f = e, e = d + t, d = c, c = b, b = a, a = t + s;
    }
    state[0] += a, state[1] += b, state[2] += c, state[3] += d;
    state[4] += e, state[5] += f, state[6] += g, state[7] += h;
}

int64_t EXPORT(run)(int32_t times) {
    uint32_t random = 1;
    for (int i = 0; i < 64; i++) k[i] = next_random(&random);
    for (int i = 0; i < 8; i++) state[i] = 0x6a09e667u + (uint32_t)i;
    for (int32_t round = 0; round < times; round++) {
        for (int blocks = 0; blocks < 32; blocks++) {
            for (int i = 0; i < 16; i++) w[i] = next_random(&random);
            block();
        }
    }
    return (int64_t)((uint64_t)state[0] << 32 | state[5]);
}
