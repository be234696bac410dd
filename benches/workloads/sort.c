// Quicksort, with the comparison known to the compiler or, with -DDYNAMIC, behind a
// function pointer, as `qsort` has it.

#include "common.h"

enum { SIZE = 2000 };

typedef int Compare(uint32_t a, uint32_t b);

static int up(uint32_t a, uint32_t b) { return a < b; }
static int down(uint32_t a, uint32_t b) { return a > b; }

#ifdef DYNAMIC
static Compare *volatile compares[] = {up, down};
#define LESS(a, b) less(a, b)
#else
#define LESS(a, b) up(a, b)
#endif

static uint32_t numbers[SIZE];

static void quicksort(uint32_t *first, uint32_t *last, Compare *less) {
    (void)less;
    while (last - first > 12) {
        uint32_t pivot = first[(last - first) / 2];
        uint32_t *i = first, *j = last - 1;
        while (i <= j) {
            while (LESS(*i, pivot)) i++;
            while (LESS(pivot, *j)) j--;
            if (i > j) break;
            uint32_t swapped = *i;
            *i++ = *j;
            *j-- = swapped;
        }
        quicksort(first, j + 1, less);
        first = i;
    }
    for (uint32_t *i = first + 1; i < last; i++) {
        uint32_t value = *i, *j = i;
        for (; j > first && LESS(value, j[-1]); j--) *j = j[-1];
        *j = value;
    }
}

int64_t EXPORT(run)(int32_t times) {
    uint32_t state = 1;
    uint64_t sum = 0;
    for (int32_t i = 0; i < times; i++) {
        for (int k = 0; k < SIZE; k++) numbers[k] = next_random(&state);
#ifdef DYNAMIC
        quicksort(numbers, numbers + SIZE, compares[i % 64 == 63]);
#else
        quicksort(numbers, numbers + SIZE, down);
#endif
        for (int k = 0; k < SIZE; k += 100) sum = sum * 31 + numbers[k];
    }
    return (int64_t)sum;
}
