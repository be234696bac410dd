// One switch with many cases that differ, over random numbers: a jump table whose next
// target nobody can foresee.

#include "common.h"

enum { LENGTH = 4096 };

static uint8_t codes[LENGTH];

#define CASE(n) case n: sum = (sum ^ ((n) * 0x9e37u + 5)) * (2 * (n) + 1) + (sum >> ((n) % 13 + 1)); break;
#define CASES(n) CASE(n) CASE(n + 1) CASE(n + 2) CASE(n + 3) CASE(n + 4) CASE(n + 5) CASE(n + 6) CASE(n + 7)

int64_t EXPORT(run)(int32_t times) {
    uint32_t random = 1, sum = 0;
    uint64_t all = 0;
    for (int i = 0; i < LENGTH; i++) codes[i] = (uint8_t)(next_random(&random) >> 9 & 63);
    for (int32_t round = 0; round < times; round++) {
        for (int i = 0; i < LENGTH; i++) {
            switch (codes[i]) {
                CASES(0) CASES(8) CASES(16) CASES(24) CASES(32) CASES(40) CASES(48) CASES(56)
            }
        }
        all = all * 31 + sum;
    }
    return (int64_t)all;
}
