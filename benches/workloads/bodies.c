// Five bodies under their gravity: double arithmetic with division and square root.

#include "common.h"

enum { BODIES = 5, STEPS = 300 };

typedef struct { double x, y, z, vx, vy, vz, mass; } Body;

static void advance(Body *bodies, double dt) {
    for (int i = 0; i < BODIES; i++) {
        Body *a = &bodies[i];
        for (int j = i + 1; j < BODIES; j++) {
            Body *b = &bodies[j];
            double dx = a->x - b->x, dy = a->y - b->y, dz = a->z - b->z;
            double square = dx * dx + dy * dy + dz * dz;
            double pull = dt / (square * __builtin_sqrt(square));
            a->vx -= dx * b->mass * pull;
            a->vy -= dy * b->mass * pull;
            a->vz -= dz * b->mass * pull;
            b->vx += dx * a->mass * pull;
            b->vy += dy * a->mass * pull;
            b->vz += dz * a->mass * pull;
        }
    }
    for (int i = 0; i < BODIES; i++) {
        Body *body = &bodies[i];
        body->x += dt * body->vx;
        body->y += dt * body->vy;
        body->z += dt * body->vz;
    }
}

static Body bodies[BODIES];

int64_t EXPORT(run)(int32_t times) {
    uint64_t sum = 0;
    for (int i = 0; i < BODIES; i++) {
        Body body = {i * 3.0 + 1, i * i * 0.7, i * -1.3, 0.1 * i, 0.4 - 0.1 * i, 0.05, 10.0 / (i + 1)};
        bodies[i] = body;
    }
    for (int32_t round = 0; round < times; round++) {
        for (int step = 0; step < STEPS; step++) advance(bodies, 0.001);
        sum = sum * 31 + bits(bodies[round % BODIES].x);
    }
    return (int64_t)sum;
}
