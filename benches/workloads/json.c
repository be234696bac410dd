// A parser of JSON that builds a tree in an arena and sums it up.

#include "common.h"

enum { TEXT = 24000, NODES = 8000 };

typedef enum { NUMBER, STRING, LIST, OBJECT, WORD } Kind;
typedef struct Node { Kind kind; double number; const char *text; uint32_t len; struct Node *first, *next; } Node;

static char text[TEXT + 64];
static uint32_t length;
static Node nodes[NODES];
static uint32_t used;
static const char *at;

static void put(const char *words) { while (*words) text[length++] = *words++; }

static void put_number(uint32_t number) {
    char digits[10];
    int count = 0;
    do digits[count++] = (char)('0' + number % 10); while (number /= 10);
    while (count) text[length++] = digits[--count];
}

static void write_text(uint32_t *random) {
    length = 0;
    put("[");
    while (length + 200 < TEXT) {
        put("{\"id\": ");
        put_number(next_random(random) % 100000);
        put(", \"name\": \"item \\\"");
        put_number(next_random(random) % 1000);
        put("\\\"\", \"price\": ");
        put_number(next_random(random) % 1000);
        put(".25, \"tags\": [\"a\", \"bc\", null, true], \"size\": {\"w\": 3, \"h\": -4e2}},\n");
    }
    put("null]");
    text[length] = 0;
}

static void space(void) { while (*at == ' ' || *at == '\n' || *at == '\t') at++; }

static double number(void) {
    double value = 0, sign = 1, scale = 1;
    if (*at == '-') sign = -1, at++;
    while (*at >= '0' && *at <= '9') value = value * 10 + (*at++ - '0');
    if (*at == '.') for (at++; *at >= '0' && *at <= '9'; at++) value += (*at - '0') * (scale /= 10);
    if (*at == 'e') {
        int exponent = 0;
        for (at++; *at >= '0' && *at <= '9'; at++) exponent = exponent * 10 + (*at - '0');
        while (exponent--) value *= 10;
    }
    return sign * value;
}

static void string(Node *node) {
    node->text = ++at;
    while (*at && *at != '"') at += *at == '\\' ? 2 : 1;
    node->len = (uint32_t)(at - node->text);
    at++;
}

static Node *value(void) {
    if (used == NODES) __builtin_trap();
    Node *node = &nodes[used++];
    node->first = node->next = 0;
    space();
    if (*at == '"') {
        node->kind = STRING;
        string(node);
    } else if (*at == '[' || *at == '{') {
        node->kind = *at == '[' ? LIST : OBJECT;
        char close = *at++ == '[' ? ']' : '}';
        Node **last = &node->first;
        for (space(); *at != close; space()) {
            if (*at == ',' || *at == ':') at++;
            *last = value();
            last = &(*last)->next;
        }
        at++;
    } else if ((*at >= '0' && *at <= '9') || *at == '-') {
        node->kind = NUMBER;
        node->number = number();
    } else {
        node->kind = WORD;
        node->text = at;
        while (*at >= 'a' && *at <= 'z') at++;
        node->len = (uint32_t)(at - node->text);
    }
    return node;
}

static double total(const Node *node) {
    double sum = node->kind == NUMBER ? node->number : node->kind == STRING ? node->len : 0;
    for (const Node *child = node->first; child; child = child->next) sum += total(child);
    return sum;
}

int64_t EXPORT(run)(int32_t times) {
    uint32_t random = 5;
    uint64_t sum = 0;
    for (int32_t round = 0; round < times; round++) {
        if (round % 8 == 0) write_text(&random);
        used = 0;
        at = text;
        sum = sum * 31 + bits(total(value()));
    }
    return (int64_t)sum;
}
