// Integer work in the shape of CoreMark: a linked list that is searched, reversed and
// sorted, products of small matrices, a state machine that reads numbers, and a checksum
// over all of it.

#include "common.h"

enum { NODES = 128, SIZE = 12, TEXT = 512 };

typedef struct node {
    struct node *next;
    int16_t value, place;
} node;

static node nodes[NODES];
static int16_t left[SIZE][SIZE], right[SIZE][SIZE];
static int32_t product[SIZE][SIZE];
static char text[TEXT];

static uint16_t crc(uint16_t sum, uint32_t value) {
    for (int bit = 0; bit < 16; bit++, value >>= 1)
        sum = (sum ^ value) & 1 ? (uint16_t)(sum >> 1 ^ 0xa001) : (uint16_t)(sum >> 1);
    return sum;
}

static __attribute__((noinline)) int by_value(const node *a, const node *b) { return a->value - b->value; }
static __attribute__((noinline)) int by_place(const node *a, const node *b) { return a->place - b->place; }

// Bottom-up merge sort.
static node *sort(node *list, int (*compare)(const node *, const node *)) {
    for (int length = 1;; length *= 2) {
        node *rest = list, *last = 0;
        int merges = 0;
        list = 0;
        while (rest) {
            node *a = rest, *b = rest;
            int as = 0, bs = length;
            while (as < length && b) as++, b = b->next;
            while (as > 0 || (bs > 0 && b)) {
                node *least;
                if (as == 0 || (bs > 0 && b && compare(a, b) > 0)) least = b, b = b->next, bs--;
                else least = a, a = a->next, as--;
                if (last) last->next = least;
                else list = least;
                last = least;
            }
            rest = b;
            merges++;
        }
        last->next = 0;
        if (merges == 1) return list;
    }
}

static uint16_t lists(uint16_t sum, uint32_t *random) {
    for (int i = 0; i < NODES; i++)
        nodes[i] = (node){i + 1 < NODES ? &nodes[i + 1] : 0, (int16_t)next_random(random), (int16_t)i};
    node *list = sort(nodes, by_value);
    for (int round = 0; round < 8; round++) {
        int16_t wanted = (int16_t)(next_random(random) & 127);
        node *found = list;
        while (found && found->place != wanted) found = found->next;
        sum = crc(sum, found ? (uint32_t)found->value : 0);
        node *reversed = 0;
        while (list) {
            node *next = list->next;
            list->next = reversed, reversed = list, list = next;
        }
        list = reversed;
    }
    return crc(sum, (uint32_t)sort(list, by_place)->value);
}

static uint16_t matrices(uint16_t sum, uint32_t *random) {
    for (int i = 0; i < SIZE; i++)
        for (int j = 0; j < SIZE; j++)
            left[i][j] = (int16_t)next_random(random), right[i][j] = (int16_t)(i * j + sum);
    for (int i = 0; i < SIZE; i++)
        for (int j = 0; j < SIZE; j++) {
            int32_t cell = 0;
            for (int k = 0; k < SIZE; k++) cell += (left[i][k] >> 2 & 63) * (right[k][j] & 127);
            product[i][j] = cell;
        }
    for (int i = 0; i < SIZE; i++) sum = crc(sum, (uint32_t)product[i][(i * 7 + 3) % SIZE]);
    return sum;
}

enum state { START, SIGN, INTEGER, POINT, FRACTION, EXPONENT, POWER, INVALID, STATES };

static int digit(char c) { return c >= '0' && c <= '9'; }

static enum state step(enum state state, char c) {
    switch (state) {
    case START: return digit(c) ? INTEGER : c == '+' || c == '-' ? SIGN : c == '.' ? POINT : INVALID;
    case SIGN: return digit(c) ? INTEGER : c == '.' ? POINT : INVALID;
    case INTEGER: return digit(c) ? INTEGER : c == '.' ? FRACTION : c == 'e' ? EXPONENT : INVALID;
    case POINT: return digit(c) ? FRACTION : INVALID;
    case FRACTION: return digit(c) ? FRACTION : c == 'e' ? EXPONENT : INVALID;
    case EXPONENT: return digit(c) || c == '-' ? POWER : INVALID;
    case POWER: return digit(c) ? POWER : INVALID;
    default: return INVALID;
    }
}

static uint16_t states(uint16_t sum, uint32_t *random) {
    uint32_t counts[STATES] = {0};
    for (int i = 0; i < TEXT; i++) text[i] = "0123456789012345+-.e,,,,01234567"[next_random(random) >> 7 & 31];
    enum state state = START;
    for (int i = 0; i < TEXT; i++) {
        if (text[i] == ',') counts[state]++, state = START;
        else state = step(state, text[i]);
    }
    for (int i = 0; i < STATES; i++) sum = crc(sum, counts[i]);
    return sum;
}

int64_t EXPORT(run)(int32_t times) {
    uint32_t random = 1;
    uint16_t sum = 0;
    uint64_t all = 0;
    for (int32_t i = 0; i < times; i++) {
        sum = states(matrices(lists(sum, &random), &random), &random);
        all = all * 31 + sum;
    }
    return (int64_t)all;
}
