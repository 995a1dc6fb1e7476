/* line_model.c: the directory is a hash table with linear probing that doubles when half full. */
#include "perf/plugin/line_model.h"

#include <stdlib.h>

#define SLOTS_AT_FIRST 4096

void line_model_free(struct line_model *m)
{
    free(m->slot);
    *m = (struct line_model){0};
}

static struct line_state *probe(struct line_model *m, uint64_t number)
{
    size_t i = (number * 0x9e3779b97f4a7c15ull >> 20) & (m->slots - 1);
    while (m->slot[i].number && m->slot[i].number != number)
        i = (i + 1) & (m->slots - 1);
    return &m->slot[i];
}

static void grow(struct line_model *m)
{
    struct line_model old = *m;
    m->slots = old.slots ? 2 * old.slots : SLOTS_AT_FIRST;
    m->slot = calloc(m->slots, sizeof(*m->slot));
    if (!m->slot)
        abort();
    for (size_t i = 0; i < old.slots; i++)
        if (old.slot[i].number)
            *probe(m, old.slot[i].number) = old.slot[i];
    free(old.slot);
}

static struct line_state *line_at(struct line_model *m, uint64_t line)
{
    if (2 * (m->used + 1) > m->slots)
        grow(m);
    struct line_state *s = probe(m, line + 1);
    m->used += s->number == 0;
    s->number = line + 1;
    return s;
}

static uint64_t bytes_of(const struct line_touch *t)
{
    return (t->size >= LINE_BYTES ? ~0ull : (1ull << t->size) - 1) << t->offset;
}

struct line_outcome line_model_touch(struct line_model *m, uint64_t line, struct line_touch touch,
                                     bool store)
{
    struct line_state *s = line_at(m, line);
    uint64_t me = 1ull << touch.vcpu;
    struct line_outcome o = {.from = s->writer};
    o.transfer = s->writer.size && !(s->holders & me);
    o.apart = o.transfer && !(s->written & bytes_of(&touch));
    if (!store) {
        s->holders |= me;
        if (touch.vcpu != s->writer.vcpu || !s->writer.size)
            s->reader = touch;
        return o;
    }
    o.lost = s->holders & ~me;
    o.invalidation = o.lost != 0;
    if (!o.transfer && s->reader.size && s->reader.vcpu != touch.vcpu)
        o.from = s->reader;
    s->holders = me;
    bool again = s->writer.size && s->writer.vcpu == touch.vcpu;
    s->written = bytes_of(&touch) | (again ? s->written : 0);
    s->writer = touch;
    s->reader = (struct line_touch){0};
    return o;
}
