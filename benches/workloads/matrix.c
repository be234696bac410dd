// The product of two matrices of doubles, by the definition.

#include "common.h"

enum { SIZE = 48 };

static double left[SIZE][SIZE], right[SIZE][SIZE], product[SIZE][SIZE];

int64_t EXPORT(run)(int32_t times) {
    uint64_t sum = 0;
    for (int i = 0; i < SIZE; i++)
        for (int j = 0; j < SIZE; j++) {
            left[i][j] = i + 0.5 * j;
            right[i][j] = i - 0.25 * j;
        }
    for (int32_t round = 0; round < times; round++) {
        left[round % SIZE][0] += 1;
        for (int i = 0; i < SIZE; i++)
            for (int j = 0; j < SIZE; j++) {
                double cell = 0;
                for (int k = 0; k < SIZE; k++) cell += left[i][k] * right[k][j];
                product[i][j] = cell;
            }
        sum = sum * 31 + bits(product[round % SIZE][7]);
    }
    return (int64_t)sum;
}
