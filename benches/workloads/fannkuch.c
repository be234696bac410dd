// Permutations and how often each must be flipped at its first element until that is the
// least one.

#include "common.h"

enum { COUNT = 7 };

static uint32_t flips(const uint8_t *permutation) {
    uint8_t work[COUNT];
    uint32_t count = 0;
    for (int i = 0; i < COUNT; i++) work[i] = permutation[i];
    for (uint8_t first = work[0]; first; first = work[0], count++)
        for (int low = 0, high = first; low < high; low++, high--) {
            uint8_t kept = work[low];
            work[low] = work[high], work[high] = kept;
        }
    return count;
}

// Heap's algorithm without recursion.
static uint32_t all(uint8_t start) {
    uint8_t permutation[COUNT], turns[COUNT] = {0};
    uint32_t sum = 0, greatest = 0, sign = 0;
    for (int i = 0; i < COUNT; i++) permutation[i] = (uint8_t)((i + start) % COUNT);
    for (int i = 1;;) {
        uint32_t count = flips(permutation);
        if (count > greatest) greatest = count;
        sum += sign & 1 ? -count : count;
        sign++;
        while (i < COUNT && turns[i] == i) turns[i++] = 0;
        if (i == COUNT) return sum * 64 + greatest;
        int from = i & 1 ? turns[i] : 0;
        uint8_t kept = permutation[from];
        permutation[from] = permutation[i], permutation[i] = kept;
        turns[i]++;
        i = 1;
    }
}

int64_t EXPORT(run)(int32_t times) {
    uint64_t sum = 0;
    for (int32_t i = 0; i < times; i++) sum = sum * 31 + all((uint8_t)(i % COUNT));
    return (int64_t)sum;
}
