// Copies and fills of many lengths: bulk memory instructions.

#include "common.h"

enum { SIZE = 65536 };

static uint8_t from[SIZE], to[SIZE];

int64_t EXPORT(run)(int32_t times) {
    uint32_t random = 9;
    uint64_t sum = 0;
    __builtin_memset(from, 0, SIZE);
    __builtin_memset(to, 0, SIZE);
    for (int32_t round = 0; round < times; round++) {
        for (int i = 0; i < 64; i++) {
            uint32_t dice = next_random(&random), len = dice % 2048, at = (dice >> 12) % (SIZE - 4096);
            __builtin_memset(from + at, (int)(dice >> 24), len);
            __builtin_memcpy(to + at + i, from + at, len);
            __builtin_memmove(to + at, to + at + 16, len);
            sum = sum * 31 + to[at + len / 2];
        }
    }
    return (int64_t)sum;
}
