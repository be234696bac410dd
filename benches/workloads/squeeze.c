// A compressor of the LZ kind with a hash table of positions, and its inverse.

#include "common.h"

enum { SIZE = 16384, TABLE = 4096, LONGEST = 255 };

static uint8_t plain[SIZE], packed[SIZE * 2], again[SIZE];
static uint16_t positions[TABLE];

static uint32_t hash(const uint8_t *at) {
    return ((uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16) * 2654435761u >> 20;
}

static uint32_t pack(void) {
    uint32_t out = 0;
    for (int i = 0; i < TABLE; i++) positions[i] = 0;
    for (uint32_t at = 0; at < SIZE;) {
        uint32_t len = 0, from = 0;
        if (at + 3 < SIZE) {
            uint32_t slot = hash(plain + at);
            from = positions[slot];
            positions[slot] = (uint16_t)at;
            if (from < at)
                while (len < LONGEST && at + len < SIZE && plain[from + len] == plain[at + len]) len++;
        }
        if (len >= 4) {
            packed[out++] = (uint8_t)len;
            packed[out++] = (uint8_t)from;
            packed[out++] = (uint8_t)(from >> 8);
            at += len;
        } else {
            packed[out++] = 0;
            packed[out++] = plain[at++];
        }
    }
    return out;
}

static uint32_t unpack(uint32_t len) {
    uint32_t out = 0;
    for (uint32_t at = 0; at < len;) {
        uint32_t count = packed[at++];
        if (count == 0) {
            again[out++] = packed[at++];
        } else {
            uint32_t from = packed[at] | (uint32_t)packed[at + 1] << 8;
            at += 2;
            while (count--) again[out++] = again[from++];
        }
    }
    return out;
}

int64_t EXPORT(run)(int32_t times) {
    uint32_t random = 3;
    uint64_t sum = 0;
    for (int32_t round = 0; round < times; round++) {
        if (round % 16 == 0)
            for (int i = 0; i < SIZE; i++) {
                uint32_t dice = next_random(&random);
                plain[i] = i > 64 && dice % 8 ? plain[i - 1 - (dice >> 8) % 3] : (uint8_t)(dice >> 16);
            }
        uint32_t len = pack();
        uint32_t back = unpack(len);
        sum = sum * 31 + len + (again[(uint32_t)round % SIZE] == plain[(uint32_t)round % SIZE]) + back;
    }
    return (int64_t)sum;
}
