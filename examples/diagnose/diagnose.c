// Ends in every way a program can end: for tests of exit codes, traps and
// backtraces.
//
//     diagnose exit N       exits with code N
//     diagnose abort        calls abort()
//     diagnose divide       divides an integer by zero
//     diagnose overflow     divides the smallest integer by -1
//     diagnose convert      converts a NaN to an integer
//     diagnose recurse      recurses without end
//     diagnose read         reads far outside of the memory
//     diagnose write        writes far outside of the memory
//     diagnose null         calls a null function pointer
//     diagnose signature    calls a function pointer with the wrong type
//     diagnose echo ...     prints its arguments and environment, one a line

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEEP __attribute__((noinline))

extern char **environ;

// Volatile, so that the compiler can't see what happens and remove it.
static volatile int32_t zero = 0;
static volatile int32_t minus_one = -1;
static volatile int32_t smallest = INT32_MIN;
static volatile double nan_value = 0.0;
static volatile uintptr_t far_away = 0xfffffff0u;
static volatile uint32_t steps = 0;

KEEP static int32_t divide(int32_t a, int32_t b) { return a / b; }

KEEP static int32_t convert(double value) {
#ifdef __wasm__
    return __builtin_wasm_trunc_s_i32_f64(value);
#else
    return (int32_t)value;
#endif
}

KEEP static uint32_t recurse(uint32_t depth) {
    steps = depth;
    return steps == UINT32_MAX ? 0 : recurse(depth + 1) + steps;
}

static int32_t add_one(int32_t value) { return value + 1; }
static int32_t (*volatile function)(int32_t) = add_one;

static int call_null(void) {
    int32_t (*volatile missing)(int32_t) = NULL;
    return missing(1);
}

static int call_with_wrong_type(void) {
    double (*wrong)(double, double) = (double (*)(double, double))(void *)function;
    return (int)wrong(1.0, 2.0);
}

static int echo(int argc, char **argv) {
    for (int i = 2; i < argc; i++) printf("arg %s\n", argv[i]);
    for (char **entry = environ; entry && *entry; entry++) printf("env %s\n", *entry);
    return 0;
}

int main(int argc, char **argv) {
    const char *way = argc > 1 ? argv[1] : "";
    if (!strcmp(way, "exit") && argc == 3) exit(atoi(argv[2]));
    if (!strcmp(way, "echo")) return echo(argc, argv);
    fprintf(stderr, "diagnose: %s\n", way);
    if (!strcmp(way, "abort")) abort();
    if (!strcmp(way, "divide")) return divide(1, zero);
    if (!strcmp(way, "overflow")) return divide(smallest, minus_one);
    if (!strcmp(way, "convert")) return convert(nan_value / nan_value);
    if (!strcmp(way, "recurse")) return (int)recurse(0);
    if (!strcmp(way, "read")) return *(volatile int *)far_away;
    if (!strcmp(way, "write")) return *(volatile int *)far_away = 1;
    if (!strcmp(way, "null")) return call_null();
    if (!strcmp(way, "signature")) return call_with_wrong_type();
    fprintf(stderr, "diagnose: unknown way to end\n");
    return 2;
}
