// An interpreter whose instructions go on to the next one by a tail call through a
// table, with the state of the machine in parameters.

#include "common.h"

typedef struct {
    uint8_t code;
    uint8_t place;
    int16_t value;
} instruction;

static int64_t cells[4];

typedef int64_t handler(const instruction *at, int64_t top, int64_t below);
static handler push, add, multiply, xor, load, store, decrement, branch, end;

static handler *const HANDLERS[] = {push, add, multiply, xor, load, store, decrement, branch, end};
enum { PUSH, ADD, MULTIPLY, XOR, LOAD, STORE, DECREMENT, BRANCH, END };

#define NEXT(at, top, below) MUST_TAIL return HANDLERS[(at)->code](at, top, below)

static int64_t push(const instruction *at, int64_t top, int64_t below) {
    (void)below;
    NEXT(at + 1, at->value, top);
}
static int64_t add(const instruction *at, int64_t top, int64_t below) { NEXT(at + 1, top + below, below); }
static int64_t multiply(const instruction *at, int64_t top, int64_t below) { NEXT(at + 1, top * below, below); }
static int64_t xor(const instruction *at, int64_t top, int64_t below) { NEXT(at + 1, top ^ below, below); }
static int64_t load(const instruction *at, int64_t top, int64_t below) {
    (void)below;
    NEXT(at + 1, cells[at->place], top);
}
static int64_t store(const instruction *at, int64_t top, int64_t below) {
    cells[at->place] = top;
    NEXT(at + 1, below, below);
}
static int64_t decrement(const instruction *at, int64_t top, int64_t below) {
    cells[at->place]--;
    NEXT(at + 1, top, below);
}
static int64_t branch(const instruction *at, int64_t top, int64_t below) {
    const instruction *next = cells[at->place] > 0 ? at + at->value : at + 1;
    NEXT(next, top, below);
}
static int64_t end(const instruction *at, int64_t top, int64_t below) {
    (void)at, (void)below;
    return top;
}

// Not constant, so that no compiler runs it beforehand.
static instruction program[] = {
    {PUSH, 0, 1},     {STORE, 0, 0},     {PUSH, 0, 200},  {STORE, 1, 0},
    {LOAD, 0, 0},     {PUSH, 0, 31},     {MULTIPLY, 0, 0}, {LOAD, 1, 0},
    {XOR, 0, 0},      {LOAD, 2, 0},      {ADD, 0, 0},      {STORE, 0, 0},
    {DECREMENT, 1, 0}, {BRANCH, 1, -9},  {LOAD, 0, 0},     {END, 0, 0},
};

int64_t EXPORT(run)(int32_t times) {
    uint64_t sum = 0;
    for (int32_t i = 0; i < times; i++) {
        cells[2] = i;
        program[2].value = (int16_t)(200 + i % 8);
        sum = sum * 31 + (uint64_t)HANDLERS[program[0].code](program, 0, 0);
    }
    return (int64_t)sum;
}
