// Calls through a table with an index that comes from data: sixteen small functions.

#include "common.h"

enum { LENGTH = 4096 };

static uint8_t choices[LENGTH];

typedef uint32_t step(uint32_t, uint32_t);

#define STEP(n, expression) static uint32_t step##n(uint32_t a, uint32_t b) { return expression; }
STEP(0, a + b)
STEP(1, a - b)
STEP(2, a ^ b)
STEP(3, a * (b | 1))
STEP(4, (a << 7 | a >> 25) + b)
STEP(5, a > b ? a - b : a + b)
STEP(6, (a & b) + (a >> 3))
STEP(7, (a | b) * 5)
STEP(8, a / (b | 1) + b)
STEP(9, a + (b << 3))
STEP(10, ~a ^ (b >> 2))
STEP(11, a * 33 + b)
STEP(12, (a ^ a >> 15) * 0x2c1b3c6d + b)
STEP(13, a - (b >> 1))
STEP(14, b - a)
STEP(15, a % (b | 1) ^ b)

static step *const STEPS[16] = {step0, step1, step2, step3, step4, step5, step6, step7,
                                step8, step9, step10, step11, step12, step13, step14, step15};

int64_t EXPORT(run)(int32_t times) {
    uint32_t random = 1, value = 1;
    uint64_t sum = 0;
    for (int i = 0; i < LENGTH; i++) choices[i] = (uint8_t)(next_random(&random) >> 11 & 15);
    for (int32_t round = 0; round < times; round++) {
        for (uint32_t i = 0; i < LENGTH; i++) value = STEPS[choices[i]](value, i);
        sum = sum * 31 + value;
    }
    return (int64_t)sum;
}
