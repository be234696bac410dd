// A hash whose rounds are those of ChaCha, on four rows of four words: with SIMD a row is
// a vector, without it the compiler takes the rows apart.

#include "common.h"

typedef uint32_t row __attribute__((vector_size(16)));

static row rotate(row x, int n) { return x << n | x >> (32 - n); }

#define TURN(x, n) __builtin_shufflevector(x, x, (n) & 3, ((n) + 1) & 3, ((n) + 2) & 3, ((n) + 3) & 3)

static void half(row *a, row *b, row *c, row *d) {
    *a += *b, *d = rotate(*d ^ *a, 16);
    *c += *d, *b = rotate(*b ^ *c, 12);
    *a += *b, *d = rotate(*d ^ *a, 8);
    *c += *d, *b = rotate(*b ^ *c, 7);
}

int64_t EXPORT(run)(int32_t times) {
    row state[4] = {{1, 2, 3, 4}, {5, 6, 7, 8}, {9, 10, 11, 12}, {13, 14, 15, 16}};
    for (int32_t i = 0; i < times; i++) {
        row a = state[0], b = state[1], c = state[2], d = state[3];
        d[0] ^= (uint32_t)i;
        for (int round = 0; round < 10; round++) {
            half(&a, &b, &c, &d);
            b = TURN(b, 1), c = TURN(c, 2), d = TURN(d, 3);
            half(&a, &b, &c, &d);
            b = TURN(b, 3), c = TURN(c, 2), d = TURN(d, 1);
        }
        state[0] += a, state[1] += b, state[2] += c, state[3] += d;
    }
    row all = state[0] ^ state[1] ^ state[2] ^ state[3];
    return (int64_t)((uint64_t)(all[0] ^ all[1]) << 32 | (all[2] ^ all[3]));
}
