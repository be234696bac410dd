// Records of 72 bytes sorted by a name in them: runs are sorted by insertion, then
// merged, and records are copied from place to place. Without bulk memory instructions.

#include "bytewise.h"
#include "common.h"

enum { RECORDS = 1500, NAME = 24, RUN = 12 };

typedef struct {
    char name[NAME];
    uint32_t id;
    uint32_t scores[11];
} Record;

static Record given[RECORDS], records[RECORDS], merged[RECORDS];

static int less(const Record *a, const Record *b) {
    for (int i = 0; i < NAME; i++)
        if (a->name[i] != b->name[i]) return a->name[i] < b->name[i];
    return a->id < b->id;
}

static void sort_run(Record *run, size_t count) {
    for (size_t i = 1; i < count; i++) {
        size_t at = i;
        while (at > 0 && less(&run[i], &run[at - 1])) at--;
        if (at == i) continue;
        Record moved;
        memcpy(&moved, &run[i], sizeof moved);
        memmove(&run[at + 1], &run[at], (i - at) * sizeof moved);
        memcpy(&run[at], &moved, sizeof moved);
    }
}

static void merge(const Record *from, Record *to, size_t middle, size_t end) {
    size_t a = 0, b = middle;
    while (a < middle && b < end) {
        int right = less(&from[b], &from[a]);
        memcpy(to++, &from[right ? b : a], sizeof *to);
        if (right) b++;
        else a++;
    }
    memcpy(to, &from[a], (middle - a) * sizeof *to);
    memcpy(to + (middle - a), &from[b], (end - b) * sizeof *to);
}

static size_t min(size_t a, size_t b) { return a < b ? a : b; }

static const Record *sort(void) {
    for (size_t at = 0; at < RECORDS; at += RUN) sort_run(records + at, min(RUN, RECORDS - at));
    Record *from = records, *to = merged;
    for (size_t width = RUN; width < RECORDS; width *= 2) {
        for (size_t at = 0; at < RECORDS; at += 2 * width) {
            size_t end = min(2 * width, RECORDS - at);
            merge(from + at, to + at, min(width, end), end);
        }
        Record *swap = from;
        from = to, to = swap;
    }
    return from;
}

int64_t EXPORT(run)(int32_t times) {
    uint32_t random = 5;
    uint64_t sum = 0;
    for (int i = 0; i < RECORDS; i++) {
        size_t length = 4 + (next_random(&random) >> 28);
        memset(&given[i], 0, sizeof given[i]);
        for (size_t at = 0; at < length; at++) given[i].name[at] = (char)('a' + (next_random(&random) >> 27));
        given[i].id = (uint32_t)i;
        for (int k = 0; k < 11; k++) given[i].scores[k] = next_random(&random);
    }
    for (int32_t round = 0; round < times; round++) {
        memcpy(records, given, sizeof records);
        const Record *sorted = sort();
        sum = sum * 31 + sorted[(size_t)round * 7 % RECORDS].id + sorted[round % RECORDS].scores[10];
    }
    return (int64_t)sum;
}
