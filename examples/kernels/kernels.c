// Small compute kernels with a known answer, for tests and for comparing tiers
// and native code: the same source builds with `cc -O3`.
//
//     kernels sieve ROUNDS    counts the primes below 2,000,000
//     kernels sort ROUNDS     quicksorts 100,000 pseudo-random numbers
//     kernels matrix ROUNDS   multiplies two 96 x 96 matrices of doubles
//     kernels calls ROUNDS    fibonacci(25) by plain recursion
//
// Each prints its name and a checksum over all rounds.

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SIEVE_SIZE = 2000000, SORT_SIZE = 100000, MATRIX_SIZE = 96 };

static uint8_t composite[SIEVE_SIZE];
static uint32_t numbers[SORT_SIZE];
static double left[MATRIX_SIZE][MATRIX_SIZE];
static double right[MATRIX_SIZE][MATRIX_SIZE];
static double product[MATRIX_SIZE][MATRIX_SIZE];

// Marsaglia's xorshift with the shifts 13, 17, 5.
static uint32_t next_random(uint32_t *state) {
    uint32_t x = *state;
    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    return *state = x;
}

static uint32_t sieve(uint32_t round) {
    uint32_t size = SIEVE_SIZE - round % 7, primes = 0;
    memset(composite, 0, sizeof composite);
    for (uint32_t i = 2; i < size; i++) {
        if (composite[i]) continue;
        primes++;
        for (uint64_t j = (uint64_t)i * i; j < size; j += i) composite[j] = 1;
    }
    return primes;
}

static void quicksort(uint32_t *first, uint32_t *last) {
    while (last - first > 12) {
        uint32_t pivot = first[(last - first) / 2];
        uint32_t *i = first, *j = last - 1;
        while (i <= j) {
            while (*i < pivot) i++;
            while (*j > pivot) j--;
            if (i > j) break;
            uint32_t swapped = *i;
            *i++ = *j;
            *j-- = swapped;
        }
        quicksort(first, j + 1);
        first = i;
    }
    for (uint32_t *i = first + 1; i < last; i++) {
        uint32_t value = *i, *j = i;
        for (; j > first && j[-1] > value; j--) *j = j[-1];
        *j = value;
    }
}

static uint32_t sort(uint32_t round) {
    uint32_t state = round + 1, checksum = 0;
    for (uint32_t i = 0; i < SORT_SIZE; i++) numbers[i] = next_random(&state);
    quicksort(numbers, numbers + SORT_SIZE);
    for (uint32_t i = 1; i < SORT_SIZE; i++) {
        if (numbers[i - 1] > numbers[i]) {
            fprintf(stderr, "kernels: not sorted at %u\n", i);
            exit(1);
        }
        checksum = checksum * 31 + numbers[i];
    }
    return checksum;
}

static uint32_t matrix(uint32_t round) {
    for (int i = 0; i < MATRIX_SIZE; i++) {
        for (int j = 0; j < MATRIX_SIZE; j++) {
            left[i][j] = (double)((i * 7 + j + (int)(round % 5)) % 13);
            right[i][j] = (double)((i + j * 3) % 11) - 5.0;
            product[i][j] = 0.0;
        }
    }
    for (int i = 0; i < MATRIX_SIZE; i++)
        for (int k = 0; k < MATRIX_SIZE; k++)
            for (int j = 0; j < MATRIX_SIZE; j++) product[i][j] += left[i][k] * right[k][j];
    uint32_t checksum = 0;
    for (int i = 0; i < MATRIX_SIZE; i++)
        for (int j = 0; j < MATRIX_SIZE; j++)
            checksum = checksum * 31 + (uint32_t)(int32_t)product[i][j];
    return checksum;
}

// Not inlined, so that it stays a measure of calls.
__attribute__((noinline)) static uint32_t fibonacci(uint32_t n) {
    return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2);
}

// Volatile, so that no round is the same computation as the one before.
static volatile uint32_t fibonacci_index = 25;

static uint32_t calls(uint32_t round) { return fibonacci(fibonacci_index - round % 2); }

struct kernel {
    const char *name;
    uint32_t (*run)(uint32_t round);
};

static const struct kernel KERNELS[] = {
    {"sieve", sieve}, {"sort", sort}, {"matrix", matrix}, {"calls", calls},
};

int main(int argc, char **argv) {
    unsigned long rounds = argc == 3 ? strtoul(argv[2], NULL, 10) : 0;
    for (size_t i = 0; rounds > 0 && i < sizeof KERNELS / sizeof *KERNELS; i++) {
        if (strcmp(KERNELS[i].name, argv[1]) != 0) continue;
        uint32_t checksum = 0;
        for (unsigned long round = 0; round < rounds; round++)
            checksum = checksum * 131 + KERNELS[i].run((uint32_t)round);
        printf("%s %08x\n", argv[1], checksum);
        return 0;
    }
    fprintf(stderr, "usage: kernels sieve|sort|matrix|calls ROUNDS\n");
    return 2;
}
