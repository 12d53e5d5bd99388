/* The plain operation in C, and all that a worker needs to speak the protocol: no library but C's own.
 *
 * cc -std=c99 -O2 -o on_c on_c.c && adjoint run --command ./on_c
 *
 * Each line of standard input is a JSON object: start, perform or stop; each answer is one on standard output.
 */
#define _POSIX_C_SOURCE 200809L
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- JSON: a value is a word (a number, true, null), a text, a list or an object, whose keys are texts ---- */

typedef struct Value {
    enum { WORD, TEXT, LIST, OBJECT } kind;
    char *text;                 /* of a word or a text, which ends where the line has a zero put in */
    struct Value *first, *next; /* of a list its items; of an object key, value, key, value ... */
} Value;

static char *at; /* where in the line we are */

static char take(void) { char c = *at; if (c) *at++ = 0; return c; }

static char past_spaces(void) { while (*at == ' ' || *at == ',' || *at == ':' || *at == '\n') at++; return *at; }

static Value *parse(void) {
    Value *value = calloc(1, sizeof *value), **end = &value->first;
    char opens = past_spaces();
    if (opens == '"') {
        value->kind = TEXT, take(), value->text = at;
        while (*at && *at != '"') at += *at == '\\' && at[1] ? 2 : 1; /* no text that matters here is escaped */
        take();
    } else if (opens == '[' || opens == '{') {
        value->kind = opens == '[' ? LIST : OBJECT;
        for (take(); past_spaces() && *at != ']' && *at != '}'; end = &(*end)->next) *end = parse();
        take();
    } else {
        value->text = at;
        at += strcspn(at, " ,:]}\n");
        if (at == value->text && *at) at++;
    }
    return value;
}

static void drop(Value *value) {
    if (!value) return;
    drop(value->first), drop(value->next), free(value);
}

static Value *get(Value *object, const char *name) {
    for (Value *key = object ? object->first : NULL; key && key->next; key = key->next->next)
        if (key->text && !strcmp(key->text, name)) return key->next;
    return NULL;
}

/* A word ends where the next sign stood, which may not have been put to zero: strtoll and strtoull stop there. */
static long number(Value *value) { return value && value->text ? strtol(value->text, NULL, 10) : 0; }

static int numbers(Value *list, long *into, int most) {
    int count = 0;
    for (Value *item = list ? list->first : NULL; item && count < most; item = item->next) into[count++] = number(item);
    return count;
}

/* ---- tensors: shape, and every element as a double, which holds float32 and float64 exactly ---- */

typedef struct { int axes; long shape[8], size; int single; double *data; } Tensor;

static const char SIGNS[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static void decode(const char *text, unsigned char *bytes, size_t count) {
    unsigned held = 0, bits = 0;
    for (size_t done = 0; done < count && *text && *text != '='; text++) {
        held = held << 6 | (unsigned)(strchr(SIGNS, *text) - SIGNS), bits += 6;
        if (bits >= 8) bits -= 8, bytes[done++] = (unsigned char)(held >> bits);
    }
}

static void encode(const unsigned char *bytes, size_t count) {
    for (size_t i = 0; i < count; i += 3) {
        size_t left = count - i;
        unsigned held = bytes[i] << 16 | (left > 1 ? bytes[i + 1] << 8 : 0) | (left > 2 ? bytes[i + 2] : 0);
        putchar(SIGNS[held >> 18]), putchar(SIGNS[held >> 12 & 63]);
        putchar(left > 1 ? SIGNS[held >> 6 & 63] : '='), putchar(left > 2 ? SIGNS[held & 63] : '=');
    }
}

/* Integers between low and high, both included, drawn by SplitMix64 from the flat index. */
static double made(uint64_t seed, long low, long high, long index) {
    uint64_t z = seed + (uint64_t)(index + 1) * 0x9E3779B97F4A7C15u;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    z ^= z >> 31;
    return (double)((int64_t)(z % (uint64_t)(high - low + 1)) + low);
}

static Tensor blank(int axes, const long *shape, int single) {
    Tensor t = {axes, {0}, 1, single, NULL};
    for (int j = 0; j < axes; j++) t.size *= t.shape[j] = shape[j];
    t.data = calloc((size_t)t.size + 1, sizeof *t.data);
    return t;
}

static Tensor read_tensor(Value *specification) {
    long shape[8];
    int axes = numbers(get(specification, "shape"), shape, 8);
    Tensor t = blank(axes, shape, !strcmp(get(specification, "dtype")->text, "float32"));
    Value *make = get(specification, "make");
    size_t bytes = t.single ? 4 : 8;
    unsigned char *raw = calloc((size_t)t.size + 1, bytes);
    if (!make) decode(get(specification, "data")->text, raw, (size_t)t.size * bytes);
    for (long i = 0; i < t.size; i++) { /* a machine whose numbers are little-endian, as nearly all are */
        float f;
        double d;
        memcpy(&f, raw + 4 * (t.single ? i : 0), 4), memcpy(&d, raw + 8 * (t.single ? 0 : i), t.size ? 8 * !t.single : 0);
        uint64_t seed = make ? strtoull(get(make, "seed")->text, NULL, 10) : 0;
        t.data[i] = make ? made(seed, number(get(make, "low")), number(get(make, "high")), i) : t.single ? f : d;
    }
    free(raw);
    return t;
}

static void write_tensor(Tensor t) {
    printf("{\"dtype\":\"%s\",\"shape\":[", t.single ? "float32" : "float64");
    for (int j = 0; j < t.axes; j++) printf(j ? ",%ld" : "%ld", t.shape[j]);
    printf("],\"data\":\"");
    float *singles = calloc((size_t)t.size + 1, sizeof *singles);
    for (long i = 0; i < t.size; i++) singles[i] = (float)t.data[i];
    if (t.single) encode((unsigned char *)singles, (size_t)t.size * 4);
    else encode((unsigned char *)t.data, (size_t)t.size * 8);
    free(singles);
    printf("\"}");
}

/* ---- the operation ---- */

/* Stamp the kernel, scaled by each element of x, into y, on three axes: those that are missing have one element. */
static void operation(Tensor x, Tensor w, Tensor y, long groups, long s[3], long d[3], long crop[3]) {
    long inner = x.shape[1] / groups, share = w.shape[1];
    for (long i = 0; i < x.size; i++)
        for (long k = 0; k < w.size / w.shape[0]; k++) {
            long place = i, tap = k, position[3], inside = 1;
            for (int j = 2; j >= 0; j--) {
                position[j] = place % x.shape[2 + j] * s[j] + tap % w.shape[2 + j] * d[j] - crop[j];
                inside = inside && position[j] >= 0 && position[j] < y.shape[2 + j];
                place /= x.shape[2 + j], tap /= w.shape[2 + j];
            }
            long channel = place % x.shape[1], sample = place / x.shape[1]; /* and tap is now the filter in its group */
            long filter = channel / inner * share + tap, index = sample * y.shape[1] + filter;
            for (int j = 0; j < 3; j++) index = index * y.shape[2 + j] + position[j];
            if (inside) y.data[index] += x.data[i] * w.data[channel * (w.size / w.shape[0]) + k];
        }
}

static void perform(Value *message) {
    Value *call = get(message, "call"), *arguments = get(call, "arguments"), *tensors = get(call, "tensors");
    Tensor x = read_tensor(get(tensors, "input")), w = read_tensor(get(tensors, "kernel"));
    int rank = x.axes - 2;
    long s[3] = {1, 1, 1}, d[3] = {1, 1, 1}, more[3] = {0}, pair[3][2] = {{0}}, first[3], groups, shape[5];
    numbers(get(arguments, "stride"), s, 3), numbers(get(arguments, "dilation"), d, 3);
    numbers(get(arguments, "output_padding"), more, 3), groups = number(get(arguments, "groups"));
    Value *crop = get(arguments, "crop")->first;
    for (int j = 0; j < rank; j++, crop = crop->next) numbers(crop, pair[j], 2);
    for (int j = rank; j < 3; j++) x.shape[2 + j] = w.shape[2 + j] = 1;
    shape[0] = x.shape[0], shape[1] = w.shape[1] * groups;
    for (int j = 0; j < 3; j++) {
        first[j] = pair[j][0];
        shape[2 + j] = (x.shape[2 + j] - 1) * s[j] + (w.shape[2 + j] - 1) * d[j] + 1 - pair[j][0] - pair[j][1] + more[j];
    }
    Tensor y = blank(5, shape, x.single);
    operation(x, w, y, groups, s, d, first);
    y.axes = x.axes;
    printf("{\"id\":%ld,\"outcome\":\"returned\",\"observed\":{\"output\":", number(get(message, "id")));
    write_tensor(y);
    printf("}}\n");
    free(x.data), free(w.data), free(y.data);
}

int main(void) {
    char *line = NULL;
    size_t room = 0;
    while (getline(&line, &room, stdin) > 0) {
        at = line;
        Value *message = parse(), *asked = get(message, "do");
        if (!asked || !strcmp(asked->text, "stop")) break;
        if (!strcmp(asked->text, "start"))
            puts("{\"name\":\"on_c\",\"version\":\"1\","
                 "\"claims\":{\"interpretation\":\"1.0\",\"apis\":[\"operation\"],\"dtypes\":[\"float32\",\"float64\"]}}");
        else perform(message);
        fflush(stdout);
        drop(message);
    }
    free(line);
    return 0;
}
