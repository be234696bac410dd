// Two functions that go on to each other: the Collatz sequence, a step at a time.

#include "common.h"

static uint32_t even(uint64_t n, uint32_t steps);
static uint32_t odd(uint64_t n, uint32_t steps);

static __attribute__((noinline)) uint32_t even(uint64_t n, uint32_t steps) {
    n /= 2;
    if (n & 1) MUST_TAIL return odd(n, steps + 1);
    MUST_TAIL return even(n, steps + 1);
}

static __attribute__((noinline)) uint32_t odd(uint64_t n, uint32_t steps) {
    if (n == 1) return steps;
    MUST_TAIL return even(3 * n + 1, steps + 1);
}

int64_t EXPORT(run)(int32_t times) {
    uint64_t sum = 0;
    uint32_t random = 1;
    for (int32_t i = 0; i < times; i++) {
        uint64_t n = next_random(&random);
        sum = sum * 31 + (n & 1 ? odd(n, 0) : even(n | 2, 0));
    }
    return (int64_t)sum;
}
