// A memory-hard hash whose blocks are values: each step takes two blocks out of the
// memory, mixes them and puts the result back, as languages do that copy what they
// assign. Without bulk memory instructions.

#include "bytewise.h"
#include "common.h"
#include "mixing.h"

enum { BLOCKS = 256, WORDS = 128 };

typedef struct { uint64_t words[WORDS]; } Block;

static Block memory[BLOCKS];

static void compress(Block *out, const Block *a, const Block *b) {
    Block sum, mixed;
    memcpy(&sum, a, sizeof sum);
    for (int i = 0; i < WORDS; i++) sum.words[i] ^= b->words[i];
    memcpy(&mixed, &sum, sizeof mixed);
    for (int row = 0; row < WORDS; row += 16)
        for (int i = 0; i < 4; i++) {
            quarter(mixed.words + row, i, 4 + i, 8 + i, 12 + i);
            quarter(mixed.words + row, i, 4 + (i + 1) % 4, 8 + (i + 2) % 4, 12 + (i + 3) % 4);
        }
    for (int i = 0; i < WORDS; i++) mixed.words[i] ^= sum.words[i];
    memcpy(out, &mixed, sizeof *out);
}

int64_t EXPORT(run)(int32_t times) {
    uint64_t sum = 0;
    for (int32_t round = 0; round < times; round++) {
        memset(memory, 0, sizeof memory);
        for (int i = 0; i < WORDS; i++)
            memory[0].words[i] = (uint64_t)i * 0x9e3779b97f4a7c15u + (uint64_t)round;
        for (int i = 1; i < BLOCKS; i++) {
            Block next;
            compress(&next, &memory[i - 1], &memory[memory[i - 1].words[0] % (uint64_t)i]);
            memcpy(&memory[i], &next, sizeof next);
        }
        sum = sum * 31 + memory[BLOCKS - 1].words[round % WORDS];
    }
    return (int64_t)sum;
}
