// Pixels: an image is blurred, brightened and mixed with another one, in bytes that
// become words of 16 bits and back.

#include "common.h"

enum { WIDTH = 256, HEIGHT = 48, PIXELS = WIDTH * HEIGHT };

static uint8_t image[PIXELS], blurred[PIXELS], other[PIXELS];

static void blur(void) {
    for (int y = 1; y + 1 < HEIGHT; y++)
        for (int x = 1; x + 1 < WIDTH; x++) {
            const uint8_t *at = image + y * WIDTH + x;
            unsigned sum = at[-1] + at[1] + at[-WIDTH] + at[WIDTH] + 4u * at[0];
            blurred[y * WIDTH + x] = (uint8_t)(sum >> 3);
        }
}

static void brighten(unsigned by) {
    for (int i = 0; i < PIXELS; i++) {
        unsigned value = blurred[i] + by;
        blurred[i] = value > 255 ? 255 : (uint8_t)value;
    }
}

static void mix(unsigned part) {
    for (int i = 0; i < PIXELS; i++)
        image[i] = (uint8_t)((blurred[i] * part + other[i] * (256 - part)) >> 8);
}

int64_t EXPORT(run)(int32_t times) {
    uint32_t random = 1;
    uint64_t sum = 0;
    for (int i = 0; i < PIXELS; i++) {
        uint32_t next = next_random(&random);
        image[i] = (uint8_t)next, other[i] = (uint8_t)(next >> 8);
        // Its border would else remember earlier calls.
        blurred[i] = 0;
    }
    for (int32_t round = 0; round < times; round++) {
        blur();
        brighten((unsigned)round & 15);
        mix(200);
        sum = sum * 31 + image[(uint32_t)round * 97 % PIXELS];
    }
    return (int64_t)sum;
}
