// The compressed form and the functions of the two files that read and write it.
//
// A squeezed file is
//     4 bytes   "BSQ1"
//     4 bytes   size of the original, little endian
//     4 bytes   FNV-1a hash of the original, little endian
//     the code lengths of both alphabets, 4 bits each
//     the symbols, each a Huffman code and its extra bits
// Bits fill bytes from the lowest bit up; a Huffman code is sent highest bit first.
//
// The first alphabet holds the 256 byte values and 16 classes of match length, the
// second one 32 classes of distance. Class 0 means 0; class k > 0 means 2^(k-1)
// plus k-1 extra bits. A length is stored minus MIN_MATCH, a distance minus 1.
#ifndef SQUEEZE_H
#define SQUEEZE_H

#include <stddef.h>
#include <stdint.h>

enum {
    HEADER_SIZE = 12,
    LITERALS = 256,
    LENGTH_CLASSES = 16,
    SYMBOLS = LITERALS + LENGTH_CLASSES,
    DISTANCE_CLASSES = 32,
    MAX_CODE_LENGTH = 15,
    MIN_MATCH = 4,
    MAX_MATCH = MIN_MATCH + (1 << (LENGTH_CLASSES - 1)) - 1,
    MAX_SIZE = 1 << 28,
};

struct buffer {
    uint8_t *data;
    size_t size, capacity;
};

// malloc and realloc that end the program with a message instead of returning NULL.
void *allocate(size_t size);
void append(struct buffer *buffer, uint8_t byte);

uint32_t hash_bytes(const uint8_t *data, size_t size);

// Squeezes data; the caller frees the result's data.
struct buffer squeeze(const uint8_t *data, size_t size);

// Restores what squeeze made. Returns NULL, or what is wrong with the input; then
// output holds nothing.
const char *unsqueeze(const uint8_t *data, size_t size, struct buffer *output);

#endif
