// What a workload is linked with to be a program for this machine: it does a task as
// benches/src/measure.rs describes it and prints what that took.

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "common.h"

static int64_t read_clock(clockid_t clock) {
    struct timespec time;
    clock_gettime(clock, &time);
    return time.tv_sec * INT64_C(1000000000) + time.tv_nsec;
}

static int64_t now(void) { return read_clock(CLOCK_MONOTONIC); }

// What this thread has taken of the processor.
static int64_t taken(void) { return read_clock(CLOCK_THREAD_CPUTIME_ID); }

// The largest resident set so far, in bytes.
static long peak(void) {
    long kib = 0;
    char line[256];
    FILE *status = fopen("/proc/self/status", "r");
    while (status && fgets(line, sizeof line, status))
        if (sscanf(line, "VmHWM: %ld", &kib) == 1) break;
    if (status) fclose(status);
    return kib * 1024;
}

// Calls until the budget is used up, at least twice.
static void measure(int32_t times, int64_t budget) {
    int64_t start = now(), sum = run(1), begun = now();
    printf("{\"first_ns\":%" PRId64 ",\"runs_ns\":[", begun - start);
    for (int calls = 0; calls < 2 || now() - begun < budget; calls++) {
        start = taken();
        sum = run(times);
        printf(calls ? ",%" PRId64 : "%" PRId64, taken() - start);
    }
    printf("],\"checksum\":\"%" PRId64 "\"", sum);
}

// As `watch` in measure.rs.
static void watch(int64_t watched) {
    int64_t start = now();
    double since = 0, at = 0;
    int done = 0, points = 0;
    printf("{\"speed\":[");
    while (at * 1e9 < (double)watched) {
        double before = (double)(now() - start) / 1e9;
        run(1);
        at = (double)(now() - start) / 1e9;
        if (done == 0) since = before;
        done++;
        if (at > since * 1.25 || at - since > 0.01) {
            printf(points++ ? ",[%.9f,%.3f]" : "[%.9f,%.3f]", at, done / (at - since));
            done = 0;
        }
    }
    printf("]");
}

int main(int argc, char **argv) {
    if (argc != 4) return fprintf(stderr, "expected TIMES BUDGET WATCH\n"), 1;
    int64_t millis = 1000000, watched = atoll(argv[3]) * millis;
    if (watched) watch(watched);
    else measure(atoi(argv[1]), atoll(argv[2]) * millis);
    printf(",\"peak_rss_bytes\":%ld}\n", peak());
    return 0;
}
