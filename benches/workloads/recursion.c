// Plain recursion: the calls are the work.

#include "common.h"

static __attribute__((noinline)) uint32_t fib(uint32_t n) {
    return n < 2 ? n : fib(n - 1) + fib(n - 2);
}

int64_t EXPORT(run)(int32_t times) {
    uint64_t sum = 0;
    for (int32_t i = 0; i < times; i++) sum = sum * 31 + fib(18 + (i & 1));
    return (int64_t)sum;
}
