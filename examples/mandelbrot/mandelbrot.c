// Draws the Mandelbrot set as a binary PPM image.
//
//     mandelbrot [WIDTH [LIMIT [FILE]]]   image to FILE, or to standard output
//     mandelbrot bench ROUNDS             computes ROUNDS images, prints a checksum
//
// Only +, - and * on doubles are used and contraction is off (see build.sh), so
// every engine and every machine must produce the same bytes.

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEFAULT_WIDTH = 240, DEFAULT_LIMIT = 200, BENCH_WIDTH = 300, BENCH_LIMIT = 500 };

// Number of steps until the orbit of (cr, ci) leaves the circle of radius 2.
static uint32_t escape_time(double cr, double ci, uint32_t limit) {
    double zr = 0.0, zi = 0.0;
    for (uint32_t n = 0; n < limit; n++) {
        double rr = zr * zr, ii = zi * zi;
        if (rr + ii > 4.0) return n;
        zi = 2.0 * zr * zi + ci;
        zr = rr - ii + cr;
    }
    return limit;
}

// Three bytes of colour: black inside, bands of blue, gold and white outside.
static void colour(uint32_t n, uint32_t limit, uint8_t *pixel) {
    if (n == limit) {
        memset(pixel, 0, 3);
        return;
    }
    uint32_t t = n * 1530 / limit * 4 % 1530;
    uint32_t step = t % 255;
    static const uint8_t stops[7][3] = {
        {4, 10, 48}, {18, 70, 180}, {120, 200, 240}, {250, 250, 235},
        {250, 190, 40}, {120, 40, 10}, {4, 10, 48},
    };
    const uint8_t *a = stops[t / 255], *b = stops[t / 255 + 1];
    for (int i = 0; i < 3; i++) pixel[i] = (uint8_t)((a[i] * (255 - step) + b[i] * step) / 255);
}

static void draw(uint8_t *pixels, uint32_t width, uint32_t height, uint32_t limit) {
    double scale = 3.0 / width;
    for (uint32_t y = 0; y < height; y++) {
        double ci = (y - height * 0.5) * scale;
        for (uint32_t x = 0; x < width; x++) {
            double cr = x * scale - 2.2;
            colour(escape_time(cr, ci, limit), limit, pixels);
            pixels += 3;
        }
    }
}

// A whole number from 1 to max, or exit code 2.
static uint32_t number(const char *text, uint32_t max) {
    char *end;
    errno = 0;
    unsigned long value = strtoul(text, &end, 10);
    if (errno || end == text || *end || value < 1 || value > max) {
        fprintf(stderr, "mandelbrot: '%s' is not a number from 1 to %u\n", text, max);
        exit(2);
    }
    return (uint32_t)value;
}

static uint8_t *allocate(size_t size) {
    uint8_t *memory = malloc(size);
    if (!memory) {
        fprintf(stderr, "mandelbrot: out of memory\n");
        exit(1);
    }
    return memory;
}

static int bench(uint32_t rounds) {
    uint32_t width = BENCH_WIDTH, height = width * 3 / 4;
    size_t size = (size_t)width * height * 3;
    uint8_t *pixels = allocate(size);
    uint64_t checksum = 14695981039346656037u;
    for (uint32_t round = 0; round < rounds; round++) {
        draw(pixels, width, height, BENCH_LIMIT + round % 16);
        for (size_t i = 0; i < size; i++) checksum = (checksum ^ pixels[i]) * 1099511628211u;
    }
    free(pixels);
    printf("mandelbrot %016llx\n", (unsigned long long)checksum);
    return 0;
}

static int image(uint32_t width, uint32_t limit, const char *path) {
    uint32_t height = width * 3 / 4 ? width * 3 / 4 : 1;
    size_t size = (size_t)width * height * 3;
    uint8_t *pixels = allocate(size);
    draw(pixels, width, height, limit);
    FILE *out = path ? fopen(path, "wb") : stdout;
    if (!out) {
        fprintf(stderr, "mandelbrot: cannot write %s: %s\n", path, strerror(errno));
        return 1;
    }
    fprintf(out, "P6\n%u %u\n255\n", width, height);
    size_t written = fwrite(pixels, 1, size, out);
    free(pixels);
    if (written != size || fflush(out) || (path && fclose(out))) {
        fprintf(stderr, "mandelbrot: cannot write the image: %s\n", strerror(errno));
        return 1;
    }
    return 0;
}

int main(int argc, char **argv) {
    if (argc == 3 && strcmp(argv[1], "bench") == 0) return bench(number(argv[2], 1000000));
    if (argc > 4) {
        fprintf(stderr, "usage: mandelbrot [WIDTH [LIMIT [FILE]]] | mandelbrot bench ROUNDS\n");
        return 2;
    }
    uint32_t width = argc > 1 ? number(argv[1], 8192) : DEFAULT_WIDTH;
    uint32_t limit = argc > 2 ? number(argv[2], 100000) : DEFAULT_LIMIT;
    return image(width, limit, argc > 3 ? argv[3] : NULL);
}
