// The spectral norm of an infinite matrix, cut off: integer to double conversions
// and divisions.

#include "common.h"

enum { SIZE = 60 };

static double u[SIZE], v[SIZE], w[SIZE];

static double entry(uint64_t i, uint64_t j) {
    uint64_t sum = i + j;
    return 1.0 / (double)(sum * (sum + 1) / 2 + i + 1);
}

static void times_matrix(const double *in, double *out) {
    for (uint64_t i = 0; i < SIZE; i++) {
        double sum = 0;
        for (uint64_t j = 0; j < SIZE; j++) sum += entry(i, j) * in[j];
        out[i] = sum;
    }
}

static void times_transposed(const double *in, double *out) {
    for (uint64_t i = 0; i < SIZE; i++) {
        double sum = 0;
        for (uint64_t j = 0; j < SIZE; j++) sum += entry(j, i) * in[j];
        out[i] = sum;
    }
}

int64_t EXPORT(run)(int32_t times) {
    uint64_t sum = 0;
    for (int32_t round = 0; round < times; round++) {
        for (int i = 0; i < SIZE; i++) u[i] = 1 + round % 3;
        for (int step = 0; step < 3; step++) {
            times_matrix(u, w);
            times_transposed(w, v);
            times_matrix(v, w);
            times_transposed(w, u);
        }
        sum = sum * 31 + bits(u[round % SIZE]);
    }
    return (int64_t)sum;
}
