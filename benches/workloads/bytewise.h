// The three functions of a C library that compilers call for copies and fills, as they
// are where there are no bulk memory instructions: byte by byte. Natively, the system's.

#ifndef BYTEWISE_H
#define BYTEWISE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __wasm__
// The functions below must not become calls of themselves.
#define BYTEWISE __attribute__((no_builtin, noinline))

BYTEWISE void *memcpy(void *restrict to, const void *restrict from, size_t count) {
    uint8_t *d = to;
    const uint8_t *s = from;
    for (; count != 0; count--) *d++ = *s++;
    return to;
}

BYTEWISE void *memmove(void *to, const void *from, size_t count) {
    uint8_t *d = to;
    const uint8_t *s = from;
    if (d <= s)
        for (size_t i = 0; i < count; i++) d[i] = s[i];
    else
        while (count != 0) count--, d[count] = s[count];
    return to;
}

BYTEWISE void *memset(void *to, int byte, size_t count) {
    uint8_t *d = to;
    for (size_t i = 0; i < count; i++) d[i] = (uint8_t)byte;
    return to;
}
#else
#include <string.h>
#endif

#endif
