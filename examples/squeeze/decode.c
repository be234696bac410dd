// The decoder. It trusts nothing: every field is checked before it is used.

#include <stdlib.h>
#include <string.h>

#include "squeeze.h"

struct bit_reader {
    const uint8_t *data;
    size_t size, at;
    uint32_t bits, count;
    int ended;
};

// A canonical code: how many codes have each length, and the symbols in code order.
struct table {
    uint16_t counts[MAX_CODE_LENGTH + 1];
    uint16_t symbols[SYMBOLS];
};

static uint32_t get_bits(struct bit_reader *reader, uint32_t count) {
    uint32_t value = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (reader->count == 0) {
            if (reader->at == reader->size) {
                reader->ended = 1;
                return 0;
            }
            reader->bits = reader->data[reader->at++];
            reader->count = 8;
        }
        value |= (reader->bits & 1) << i;
        reader->bits >>= 1;
        reader->count--;
    }
    return value;
}

// Returns 0 if the lengths in the input describe more codes than there are.
static int read_table(struct bit_reader *reader, struct table *table, int count) {
    uint8_t lengths[SYMBOLS];
    memset(table, 0, sizeof *table);
    for (int i = 0; i < count; i++) {
        lengths[i] = (uint8_t)get_bits(reader, 4);
        table->counts[lengths[i]]++;
    }
    int32_t left = 1;
    int used = 0;
    for (int length = 1; length <= MAX_CODE_LENGTH; length++) {
        left = left * 2 - table->counts[length];
        if (left < 0) return 0;
        for (int i = 0; i < count; i++)
            if (lengths[i] == length) table->symbols[used++] = (uint16_t)i;
    }
    return !reader->ended;
}

// The next symbol, or -1 if the bits are no code or the input ends.
static int32_t get_symbol(struct bit_reader *reader, const struct table *table) {
    uint32_t code = 0, first = 0, index = 0;
    for (int length = 1; length <= MAX_CODE_LENGTH; length++) {
        code = code << 1 | get_bits(reader, 1);
        if (reader->ended) return -1;
        uint32_t count = table->counts[length];
        if (code < first + count) return table->symbols[index + code - first];
        index += count;
        first = (first + count) << 1;
    }
    return -1;
}

static uint32_t get_value(struct bit_reader *reader, uint32_t class) {
    return class ? (1u << (class - 1)) + get_bits(reader, class - 1) : 0;
}

static uint32_t get_word(const uint8_t *p) {
    return p[0] | p[1] << 8 | p[2] << 16 | (uint32_t)p[3] << 24;
}

static const char *read_symbols(struct bit_reader *reader, size_t size, struct buffer *output) {
    struct table symbols, distances;
    if (!read_table(reader, &symbols, SYMBOLS) ||
        !read_table(reader, &distances, DISTANCE_CLASSES))
        return "bad code lengths";
    while (output->size < size) {
        int32_t symbol = get_symbol(reader, &symbols);
        if (symbol < 0) return "bad code";
        if (symbol < LITERALS) {
            append(output, (uint8_t)symbol);
            continue;
        }
        uint32_t length = MIN_MATCH + get_value(reader, (uint32_t)symbol - LITERALS);
        int32_t class = get_symbol(reader, &distances);
        if (class < 0) return "bad code";
        uint64_t distance = 1 + (uint64_t)get_value(reader, (uint32_t)class);
        if (reader->ended) return "truncated";
        if (distance > output->size) return "distance before the start";
        if (length > size - output->size) return "longer than announced";
        while (length--) append(output, output->data[output->size - distance]);
    }
    return NULL;
}

const char *unsqueeze(const uint8_t *data, size_t size, struct buffer *output) {
    *output = (struct buffer){0};
    if (size < HEADER_SIZE || memcmp(data, "BSQ1", 4) != 0) return "not a squeezed file";
    if (get_word(data + 4) > MAX_SIZE) return "too large";
    struct bit_reader reader = {data, size, HEADER_SIZE, 0, 0, 0};
    const char *problem = read_symbols(&reader, get_word(data + 4), output);
    if (!problem && reader.at != size) problem = "something follows the end";
    if (!problem && hash_bytes(output->data, output->size) != get_word(data + 8))
        problem = "wrong hash";
    if (problem) {
        free(output->data);
        *output = (struct buffer){0};
    }
    return problem;
}
