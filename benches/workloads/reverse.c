// The reverse complement of a strand of DNA, in place: a table of bytes from both ends.

#include "common.h"

enum { LENGTH = 60000 };

static uint8_t strand[LENGTH], complement[256];

int64_t EXPORT(run)(int32_t times) {
    uint32_t random = 1;
    uint64_t sum = 0;
    for (int i = 0; i < 256; i++) complement[i] = (uint8_t)i;
    for (const char *pair = "ATCGGCTAUAMKRYWWSSYRKMVBHDDHBVNN"; *pair; pair += 2)
        complement[(uint8_t)pair[0]] = complement[(uint8_t)(pair[0] | 32)] = (uint8_t)pair[1];
    for (int i = 0; i < LENGTH; i++) strand[i] = (uint8_t)"acgtACGTNacgtmkr"[next_random(&random) >> 8 & 15];
    for (int32_t round = 0; round < times; round++) {
        strand[round % LENGTH] = 'A';
        for (int low = 0, high = LENGTH - 1; low < high; low++, high--) {
            uint8_t last = complement[strand[high]];
            strand[high] = complement[strand[low]];
            strand[low] = last;
        }
        sum = sum * 31 + strand[round * 7 % LENGTH];
    }
    return (int64_t)sum;
}
