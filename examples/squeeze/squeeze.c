// A small file compressor: LZ77 and Huffman codes, in a format of its own.
//
//     squeeze c IN OUT     compresses
//     squeeze d IN OUT     restores
//     squeeze t IN         does both in memory, compares, prints the sizes
//     squeeze bench ROUNDS round trips of a made-up text, prints a checksum
//
// Exit codes: 0, 1 for a file that can't be read, written or restored, 2 for usage.

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "squeeze.h"

void *allocate(size_t size) {
    void *memory = malloc(size ? size : 1);
    if (!memory) {
        fprintf(stderr, "squeeze: out of memory\n");
        exit(1);
    }
    return memory;
}

void append(struct buffer *buffer, uint8_t byte) {
    if (buffer->size == buffer->capacity) {
        buffer->capacity = buffer->capacity ? buffer->capacity * 2 : 4096;
        buffer->data = realloc(buffer->data, buffer->capacity);
        if (!buffer->data) {
            fprintf(stderr, "squeeze: out of memory\n");
            exit(1);
        }
    }
    buffer->data[buffer->size++] = byte;
}

uint32_t hash_bytes(const uint8_t *data, size_t size) {
    uint32_t hash = 2166136261u;
    for (size_t i = 0; i < size; i++) hash = (hash ^ data[i]) * 16777619u;
    return hash;
}

static void fail(const char *path, const char *problem) {
    fprintf(stderr, "squeeze: %s: %s\n", path, problem);
    exit(1);
}

static struct buffer read_file(const char *path) {
    FILE *file = fopen(path, "rb");
    if (!file) fail(path, strerror(errno));
    struct buffer content = {0};
    uint8_t chunk[4096];
    size_t got;
    while ((got = fread(chunk, 1, sizeof chunk, file)) > 0) {
        if (content.size + got > MAX_SIZE) fail(path, "too large");
        for (size_t i = 0; i < got; i++) append(&content, chunk[i]);
    }
    if (ferror(file)) fail(path, strerror(errno));
    fclose(file);
    return content;
}

static void write_file(const char *path, struct buffer content) {
    FILE *file = fopen(path, "wb");
    if (!file) fail(path, strerror(errno));
    size_t written = content.size ? fwrite(content.data, 1, content.size, file) : 0;
    if (written != content.size || fclose(file)) fail(path, strerror(errno));
}

static struct buffer restore(const char *path, struct buffer squeezed) {
    struct buffer restored;
    const char *problem = unsqueeze(squeezed.data, squeezed.size, &restored);
    if (problem) fail(path, problem);
    return restored;
}

// Squeezes and restores; ends the program if that is not the same again.
static struct buffer round_trip(const char *path, struct buffer content) {
    struct buffer squeezed = squeeze(content.data, content.size);
    struct buffer restored = restore(path, squeezed);
    if (restored.size != content.size ||
        (content.size && memcmp(restored.data, content.data, content.size) != 0))
        fail(path, "restored to something else");
    free(restored.data);
    return squeezed;
}

static int test(const char *path) {
    struct buffer content = read_file(path);
    struct buffer squeezed = round_trip(path, content);
    printf("%zu -> %zu bytes, hash %08x\n", content.size, squeezed.size,
           hash_bytes(squeezed.data, squeezed.size));
    return 0;
}

// A text of made-up words, the same for the same round.
static struct buffer made_up_text(uint32_t round) {
    static const char *const syllables[] = {"ba", "ken", "li", "mor", "ta", "shu", "ri", "el"};
    struct buffer text = {0};
    uint32_t state = round * 2654435761u + 1;
    while (text.size < 200000) {
        state = state * 1664525u + 1013904223u;
        for (uint32_t bits = state >> 18; bits; bits >>= 4)
            for (const char *p = syllables[bits & 7]; *p; p++) append(&text, (uint8_t)*p);
        append(&text, state >> 30 ? ' ' : '\n');
    }
    return text;
}

static int bench(const char *rounds) {
    unsigned long count = strtoul(rounds, NULL, 10);
    uint32_t checksum = 0;
    for (uint32_t round = 0; round < count; round++) {
        struct buffer text = made_up_text(round);
        struct buffer squeezed = round_trip("bench", text);
        checksum = checksum * 31 + hash_bytes(squeezed.data, squeezed.size);
        free(squeezed.data);
        free(text.data);
    }
    printf("squeeze %08x\n", checksum);
    return 0;
}

int main(int argc, char **argv) {
    const char *mode = argc > 1 ? argv[1] : "";
    if (!strcmp(mode, "t") && argc == 3) return test(argv[2]);
    if (!strcmp(mode, "bench") && argc == 3) return bench(argv[2]);
    if ((!strcmp(mode, "c") || !strcmp(mode, "d")) && argc == 4) {
        struct buffer content = read_file(argv[2]);
        write_file(argv[3], *mode == 'c' ? squeeze(content.data, content.size)
                                         : restore(argv[2], content));
        return 0;
    }
    fprintf(stderr, "usage: squeeze c|d IN OUT | squeeze t IN | squeeze bench ROUNDS\n");
    return 2;
}
