// The core of a memory-hard password hash: blocks of 1 KiB mixed by multiplications
// and rotations, with data-dependent references to earlier blocks.

#include "common.h"
#include "mixing.h"

enum { BLOCKS = 256, WORDS = 128 };

static uint64_t memory[BLOCKS][WORDS];

static void compress(const uint64_t *previous, const uint64_t *reference, uint64_t *out) {
    uint64_t v[WORDS];
    for (int i = 0; i < WORDS; i++) v[i] = previous[i] ^ reference[i];
    for (int row = 0; row < WORDS; row += 16)
        for (int i = 0; i < 4; i++) {
            quarter(v + row, i, 4 + i, 8 + i, 12 + i);
            quarter(v + row, i, 4 + (i + 1) % 4, 8 + (i + 2) % 4, 12 + (i + 3) % 4);
        }
    for (int i = 0; i < WORDS; i++) out[i] = v[i] ^ previous[i] ^ reference[i];
}

int64_t EXPORT(run)(int32_t times) {
    uint64_t sum = 0;
    for (int32_t round = 0; round < times; round++) {
        for (int i = 0; i < WORDS; i++) memory[0][i] = (uint64_t)i * 0x9e3779b97f4a7c15u + (uint64_t)round;
        for (int i = 1; i < BLOCKS; i++)
            compress(memory[i - 1], memory[memory[i - 1][0] % (uint64_t)i], memory[i]);
        sum = sum * 31 + memory[BLOCKS - 1][round % WORDS];
    }
    return (int64_t)sum;
}
