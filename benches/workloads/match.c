// A matcher of regular expressions by backtracking: recursion over a pattern with
// literals, any-character, repetition and anchors.

#include "common.h"

enum { TEXT = 3000 };

static char text[TEXT + 1];

static int match_here(const char *pattern, const char *at);

static int match_many(char c, const char *pattern, const char *at) {
    const char *last = at;
    while (*last && (*last == c || c == '.')) last++;
    do {
        if (match_here(pattern, last)) return 1;
    } while (last-- > at);
    return 0;
}

static int match_here(const char *pattern, const char *at) {
    if (!pattern[0]) return 1;
    if (pattern[1] == '*') return match_many(pattern[0], pattern + 2, at);
    if (pattern[0] == '$' && !pattern[1]) return !*at;
    if (*at && (pattern[0] == '.' || pattern[0] == *at)) return match_here(pattern + 1, at + 1);
    return 0;
}

static uint32_t matches(const char *pattern) {
    uint32_t found = 0;
    for (const char *at = text; *at; at++) found += (uint32_t)match_here(pattern, at);
    return found;
}

static const char *const patterns[] = {"ab*c", "a.c*d", "bb*a*c", "c.*$", "dab", "a*b*c*d*a"};

int64_t EXPORT(run)(int32_t times) {
    uint32_t random = 7;
    uint64_t sum = 0;
    for (int32_t round = 0; round < times; round++) {
        if (round % 16 == 0)
            for (int i = 0; i < TEXT; i++) text[i] = (char)(i % 50 == 49 ? '\n' : 'a' + next_random(&random) % 4);
        sum = sum * 31 + matches(patterns[round % 3]) * 7 + matches(patterns[4 + round % 2]);
    }
    return (int64_t)sum;
}
