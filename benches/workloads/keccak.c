// The permutation of Keccak (FIPS 202), its constants computed: rotations and logic on
// words of 64 bits.

#include "common.h"

static uint64_t state[25], constants[24];

static uint64_t rotate(uint64_t x, int n) { return n ? x << n | x >> (64 - n) : x; }

// The round constants come from a shift register of eight bits.
static void prepare(void) {
    uint8_t bits = 1;
    for (int round = 0; round < 24; round++) {
        constants[round] = 0;
        for (int power = 0; power < 7; power++) {
            if (bits & 1) constants[round] |= 1ull << ((1 << power) - 1);
            bits = (uint8_t)(bits << 1 ^ (bits & 0x80 ? 0x71 : 0));
        }
    }
}

static void permute(void) {
    for (int round = 0; round < 24; round++) {
        uint64_t columns[5], row[5];
        for (int x = 0; x < 5; x++)
            columns[x] = state[x] ^ state[x + 5] ^ state[x + 10] ^ state[x + 15] ^ state[x + 20];
        for (int x = 0; x < 5; x++) {
            uint64_t mixed = columns[(x + 4) % 5] ^ rotate(columns[(x + 1) % 5], 1);
            for (int y = 0; y < 25; y += 5) state[y + x] ^= mixed;
        }
        uint64_t moved = state[1];
        int x = 1, y = 0;
        for (int step = 0; step < 24; step++) {
            int next = (2 * x + 3 * y) % 5;
            x = y, y = next;
            uint64_t old = state[y * 5 + x];
            state[y * 5 + x] = rotate(moved, (step + 1) * (step + 2) / 2 % 64);
            moved = old;
        }
        for (int y = 0; y < 25; y += 5) {
            for (int x = 0; x < 5; x++) row[x] = state[y + x];
            for (int x = 0; x < 5; x++) state[y + x] = row[x] ^ (~row[(x + 1) % 5] & row[(x + 2) % 5]);
        }
        state[0] ^= constants[round];
    }
}

int64_t EXPORT(run)(int32_t times) {
    prepare();
    for (int i = 0; i < 25; i++) state[i] = 0;
    for (int32_t i = 0; i < times; i++) {
        state[0] ^= (uint64_t)i;
        permute();
    }
    return (int64_t)state[0];
}
