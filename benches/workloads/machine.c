// An interpreter inside the guest: a register machine with a dense switch, which
// becomes `br_table`, running a program that counts Collatz steps.

#include "common.h"

enum Op { SET, ADD, SHIFT, TRIPLE, EVEN, LESS, JUMP, SKIP, COUNT, HALT };

typedef struct { uint8_t op, a, b, c; int32_t value; } Instruction;

static Instruction program[] = {
    {SET, 0, 0, 0, 1},       // 0: start = 1
    {ADD, 1, 0, 4, 0},       // 1: n = start (register 4 is zero)
    {LESS, 1, 5, 0, 10},     // 2: if n < 2 (register 5) go to 10
    {EVEN, 1, 0, 0, 6},      // 3: if n is even go to 6
    {TRIPLE, 1, 0, 0, 0},    // 4: n = 3 n + 1
    {JUMP, 0, 0, 0, 8},      // 5
    {SHIFT, 1, 0, 0, 1},     // 6: n >>= 1
    {SKIP, 0, 0, 0, 0},      // 7
    {COUNT, 2, 0, 0, 0},     // 8: steps++
    {JUMP, 0, 0, 0, 2},      // 9
    {COUNT, 0, 0, 0, 0},     // 10: start++
    {LESS, 0, 3, 0, 1},      // 11: if start < limit (register 3) go to 1
    {HALT, 0, 0, 0, 0},      // 12
};

static uint64_t execute(uint64_t limit) {
    uint64_t registers[8] = {0, 0, 0, limit, 0, 2, 0, 0};
    int32_t pc = 0;
    for (;;) {
        const Instruction *i = &program[pc++];
        switch (i->op) {
        case SET: registers[i->a] = (uint64_t)i->value; break;
        case ADD: registers[i->a] = registers[i->b] + registers[i->c]; break;
        case SHIFT: registers[i->a] >>= i->value; break;
        case TRIPLE: registers[i->a] = registers[i->a] * 3 + 1; break;
        case EVEN: if (!(registers[i->a] & 1)) pc = i->value; break;
        case LESS: if (registers[i->a] < registers[i->b]) pc = i->value; break;
        case JUMP: pc = i->value; break;
        case SKIP: break;
        case COUNT: registers[i->a]++; break;
        default: return registers[2];
        }
    }
}

int64_t EXPORT(run)(int32_t times) {
    uint64_t sum = 0;
    for (int32_t round = 0; round < times; round++) sum = sum * 31 + execute(200 + (uint64_t)round % 5);
    return (int64_t)sum;
}
