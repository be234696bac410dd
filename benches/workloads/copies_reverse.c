// The reverse complement of sequences in lines of 60 letters: lines are read out of a
// buffered input into one sequence, which is turned round, and written to a buffered
// output. Without bulk memory instructions.

#include "bytewise.h"
#include "common.h"

enum { LINE = 60, LETTERS = 24000, BUFFER = 4096 };

static uint8_t input[LETTERS + LETTERS / LINE + 1], output[sizeof input];
static uint8_t buffer[BUFFER], sequence[LETTERS], complement[256];
static size_t read_at, buffered_at, buffered, written, pending;

static size_t min(size_t a, size_t b) { return a < b ? a : b; }

// Copies up to the end of the line; how many letters there were, 0 at the end of input.
static size_t read_line(uint8_t *to) {
    size_t length = 0;
    for (;;) {
        if (buffered_at == buffered) {
            buffered = min(BUFFER, sizeof input - read_at);
            if (buffered == 0) return length;
            memcpy(buffer, input + read_at, buffered);
            read_at += buffered, buffered_at = 0;
        }
        size_t end = buffered_at;
        while (end < buffered && buffer[end] != '\n') end++;
        memcpy(to + length, buffer + buffered_at, end - buffered_at);
        length += end - buffered_at;
        int found = end < buffered;
        buffered_at = end + (size_t)found;
        if (found) return length;
    }
}

static void flush(void) {
    memcpy(output + written, buffer, pending);
    written += pending, pending = 0;
}

static void write_line(const uint8_t *from, size_t length) {
    if (pending + length + 1 > BUFFER) flush();
    memcpy(buffer + pending, from, length);
    buffer[pending + length] = '\n';
    pending += length + 1;
}

int64_t EXPORT(run)(int32_t times) {
    uint32_t random = 77;
    uint64_t sum = 0;
    memset(complement, 'N', sizeof complement);
    complement['A'] = 'T', complement['C'] = 'G', complement['G'] = 'C', complement['T'] = 'A';
    for (size_t i = 0; i < sizeof input; i++)
        input[i] = i % (LINE + 1) == LINE ? '\n' : "ACGT"[next_random(&random) >> 30];
    input[sizeof input - 1] = '\n';
    for (int32_t round = 0; round < times; round++) {
        size_t length = 0;
        read_at = buffered_at = buffered = written = pending = 0;
        for (size_t got; length < LETTERS && (got = read_line(sequence + length)) != 0;) length += got;
        for (size_t low = 0, high = length; low < high; low++) {
            uint8_t letter = complement[sequence[low]];
            sequence[low] = complement[sequence[--high]];
            sequence[high] = letter;
        }
        for (size_t at = 0; at < length; at += LINE) write_line(sequence + at, min(LINE, length - at));
        flush();
        sum = sum * 31 + output[(size_t)round * 977 % written] + length;
    }
    return (int64_t)sum;
}
