// Counts words in a hash table with chains: hashing, comparing and chasing pointers.

#include "common.h"

enum { TEXT = 20000, BUCKETS = 512, ENTRIES = 4096 };

typedef struct Entry { const char *word; uint32_t len, count; struct Entry *next; } Entry;

static char text[TEXT];
static Entry entries[ENTRIES];
static Entry *buckets[BUCKETS];

static void write_text(uint32_t *random) {
    int at = 0;
    while (at < TEXT) {
        uint32_t word = next_random(random) % 600, len = 2 + word % 9;
        for (uint32_t i = 0; i < len && at < TEXT; i++) text[at++] = (char)('a' + (word * 7 + i * i) % 26);
        if (at < TEXT) text[at++] = ' ';
    }
}

static int same(const char *a, const char *b, uint32_t len) {
    for (uint32_t i = 0; i < len; i++) if (a[i] != b[i]) return 0;
    return 1;
}

static uint32_t count(void) {
    uint32_t used = 0, most = 0;
    for (int i = 0; i < BUCKETS; i++) buckets[i] = 0;
    for (int at = 0; at < TEXT;) {
        const char *word = text + at;
        uint32_t len = 0, hash = 2166136261u;
        for (; at < TEXT && text[at] != ' '; at++, len++) hash = (hash ^ (uint8_t)text[at]) * 16777619u;
        at++;
        Entry **place = &buckets[hash % BUCKETS], *entry = *place;
        while (entry && !(entry->len == len && same(entry->word, word, len))) entry = entry->next;
        if (!entry) {
            if (used == ENTRIES) continue;
            entry = &entries[used++];
            entry->word = word, entry->len = len, entry->count = 0, entry->next = *place;
            *place = entry;
        }
        if (++entry->count > most) most = entry->count;
    }
    return used * 1000 + most;
}

int64_t EXPORT(run)(int32_t times) {
    uint32_t random = 1;
    uint64_t sum = 0;
    for (int32_t round = 0; round < times; round++) {
        if (round % 8 == 0) write_text(&random);
        sum = sum * 31 + count();
    }
    return (int64_t)sum;
}
