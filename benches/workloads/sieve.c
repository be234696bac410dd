// The sieve of Eratosthenes: byte stores at growing strides.

#include "common.h"

enum { SIZE = 32768 };

static uint8_t composite[SIZE];

int64_t EXPORT(run)(int32_t times) {
    uint64_t sum = 0;
    for (int32_t round = 0; round < times; round++) {
        uint32_t size = SIZE - (uint32_t)round % 7, primes = 0;
        for (uint32_t i = 0; i < size; i++) composite[i] = 0;
        for (uint32_t i = 2; i < size; i++) {
            if (composite[i]) continue;
            primes++;
            for (uint32_t j = i * 2; j < size; j += i) composite[j] = 1;
        }
        sum = sum * 31 + primes;
    }
    return (int64_t)sum;
}
