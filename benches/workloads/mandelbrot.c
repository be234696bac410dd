// The Mandelbrot set: a chain of double operations with an exit that is hard to predict.

#include "common.h"

enum { WIDTH = 48, HEIGHT = 32, LIMIT = 100 };

int64_t EXPORT(run)(int32_t times) {
    uint64_t sum = 0;
    for (int32_t round = 0; round < times; round++) {
        double zoom = 1.0 / (1 + round % 16);
        for (int row = 0; row < HEIGHT; row++)
            for (int column = 0; column < WIDTH; column++) {
                double cx = (column * 3.0 / WIDTH - 2.0) * zoom - 0.1;
                double cy = (row * 2.0 / HEIGHT - 1.0) * zoom;
                double x = 0, y = 0;
                int steps = 0;
                while (steps < LIMIT && x * x + y * y < 4) {
                    double next = x * x - y * y + cx;
                    y = 2 * x * y + cy;
                    x = next;
                    steps++;
                }
                sum = sum * 31 + (uint64_t)steps;
            }
    }
    return (int64_t)sum;
}
