// The encoder: finds repetitions (LZ77 over chains of equal hashes), then codes
// them with two Huffman codes.

#include <stdlib.h>
#include <string.h>

#include "squeeze.h"

enum { HASH_BITS = 15, CHAIN_LIMIT = 64, NOWHERE = -1 };

// One step of the output: a literal byte (length 0), or a match.
struct token {
    uint32_t length, value;
};

struct tokens {
    struct token *items;
    size_t count;
};

struct bit_writer {
    struct buffer *out;
    uint32_t bits, count;
};

struct code {
    uint8_t length;
    uint16_t bits;
};

static void put_bits(struct bit_writer *writer, uint32_t value, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        writer->bits |= (value >> i & 1) << writer->count++;
        if (writer->count < 8) continue;
        append(writer->out, (uint8_t)writer->bits);
        writer->bits = writer->count = 0;
    }
}

static void put_code(struct bit_writer *writer, struct code code) {
    for (int i = code.length - 1; i >= 0; i--) put_bits(writer, code.bits >> i & 1, 1);
}

// The class of a value: the number of its significant bits.
static uint32_t class_of(uint32_t value) { return value ? 32 - (uint32_t)__builtin_clz(value) : 0; }

static void put_extra(struct bit_writer *writer, uint32_t value) {
    uint32_t class = class_of(value);
    if (class > 1) put_bits(writer, value - (1u << (class - 1)), class - 1);
}

static uint32_t hash_at(const uint8_t *p) {
    uint32_t word = p[0] | p[1] << 8 | p[2] << 16 | (uint32_t)p[3] << 24;
    return word * 2654435761u >> (32 - HASH_BITS);
}

// The longest earlier occurrence of what stands at `at`, among the nearest CHAIN_LIMIT.
static struct token longest_match(const uint8_t *data, size_t size, size_t at, int32_t from,
                                  const int32_t *previous) {
    struct token best = {0, 0};
    size_t limit = size - at < MAX_MATCH ? size - at : MAX_MATCH;
    for (int tries = 0; from != NOWHERE && tries < CHAIN_LIMIT; tries++, from = previous[from]) {
        size_t length = 0;
        while (length < limit && data[(size_t)from + length] == data[at + length]) length++;
        if (length < MIN_MATCH || length <= best.length) continue;
        best.length = (uint32_t)length;
        best.value = (uint32_t)(at - (size_t)from);
    }
    return best;
}

static struct tokens find_tokens(const uint8_t *data, size_t size) {
    struct tokens tokens = {allocate((size + 1) * sizeof(struct token)), 0};
    int32_t *heads = allocate(sizeof(int32_t) << HASH_BITS);
    int32_t *previous = allocate((size + 1) * sizeof(int32_t));
    for (size_t i = 0; i < (size_t)1 << HASH_BITS; i++) heads[i] = NOWHERE;
    for (size_t at = 0; at < size;) {
        struct token token = {0, data[at]};
        if (size - at >= MIN_MATCH) {
            struct token match = longest_match(data, size, at, heads[hash_at(data + at)], previous);
            if (match.length) token = match;
        }
        tokens.items[tokens.count++] = token;
        size_t end = at + (token.length ? token.length : 1);
        for (; at < end; at++) {
            if (size - at < MIN_MATCH) continue;
            uint32_t hash = hash_at(data + at);
            previous[at] = heads[hash];
            heads[hash] = (int32_t)at;
        }
    }
    free(heads);
    free(previous);
    return tokens;
}

// Joins the two lightest trees until one is left; the depth of each leaf becomes its
// code length. Returns the greatest depth. Quadratic, but in the alphabet only.
static uint32_t tree_depths(const uint32_t *weights, int count, struct code *codes) {
    uint32_t weight[2 * SYMBOLS];
    int parent[2 * SYMBOLS], nodes = count;
    for (int i = 0; i < count; i++) weight[i] = weights[i];
    for (int i = 0; i < 2 * SYMBOLS; i++) parent[i] = NOWHERE;
    for (;;) {
        int a = NOWHERE, b = NOWHERE;
        for (int i = 0; i < nodes; i++) {
            if (!weight[i]) continue;
            if (a == NOWHERE || weight[i] < weight[a]) b = a, a = i;
            else if (b == NOWHERE || weight[i] < weight[b]) b = i;
        }
        if (b == NOWHERE) break;
        weight[nodes] = weight[a] + weight[b];
        weight[a] = weight[b] = 0;
        parent[a] = parent[b] = nodes++;
    }
    uint32_t deepest = 0;
    for (int i = 0; i < count; i++) {
        uint32_t depth = 0;
        for (int node = i; parent[node] != NOWHERE; node = parent[node]) depth++;
        // An alphabet of one symbol still needs a code of one bit.
        if (weights[i] && depth == 0) depth = 1;
        codes[i].length = (uint8_t)depth;
        if (depth > deepest) deepest = depth;
    }
    return deepest;
}

// Canonical Huffman codes of at most MAX_CODE_LENGTH bits: flattens the weights until
// the tree is shallow enough.
static void make_codes(uint32_t *weights, int count, struct code *codes) {
    while (tree_depths(weights, count, codes) > MAX_CODE_LENGTH)
        for (int i = 0; i < count; i++) weights[i] = weights[i] ? weights[i] / 2 + 1 : 0;
    uint32_t next = 0;
    for (uint32_t length = 1; length <= MAX_CODE_LENGTH; length++, next <<= 1)
        for (int i = 0; i < count; i++)
            if (codes[i].length == length) codes[i].bits = (uint16_t)next++;
}

static void put_word(struct buffer *out, uint32_t word) {
    for (int shift = 0; shift < 32; shift += 8) append(out, (uint8_t)(word >> shift));
}

struct buffer squeeze(const uint8_t *data, size_t size) {
    struct tokens tokens = find_tokens(data, size);
    uint32_t symbol_weights[SYMBOLS] = {0}, distance_weights[DISTANCE_CLASSES] = {0};
    for (size_t i = 0; i < tokens.count; i++) {
        struct token token = tokens.items[i];
        symbol_weights[token.length ? LITERALS + class_of(token.length - MIN_MATCH) : token.value]++;
        if (token.length) distance_weights[class_of(token.value - 1)]++;
    }
    struct code symbols[SYMBOLS], distances[DISTANCE_CLASSES];
    make_codes(symbol_weights, SYMBOLS, symbols);
    make_codes(distance_weights, DISTANCE_CLASSES, distances);

    struct buffer out = {0};
    for (int i = 0; i < 4; i++) append(&out, (uint8_t)"BSQ1"[i]);
    put_word(&out, (uint32_t)size);
    put_word(&out, hash_bytes(data, size));
    struct bit_writer writer = {&out, 0, 0};
    for (int i = 0; i < SYMBOLS; i++) put_bits(&writer, symbols[i].length, 4);
    for (int i = 0; i < DISTANCE_CLASSES; i++) put_bits(&writer, distances[i].length, 4);
    for (size_t i = 0; i < tokens.count; i++) {
        struct token token = tokens.items[i];
        if (!token.length) {
            put_code(&writer, symbols[token.value]);
            continue;
        }
        put_code(&writer, symbols[LITERALS + class_of(token.length - MIN_MATCH)]);
        put_extra(&writer, token.length - MIN_MATCH);
        put_code(&writer, distances[class_of(token.value - 1)]);
        put_extra(&writer, token.value - 1);
    }
    put_bits(&writer, 0, 7);
    free(tokens.items);
    return out;
}
