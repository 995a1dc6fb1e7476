/* line_tally.c: linear probing, doubled when half full; cleared for each window. */
#include "perf/plugin/line_tally.h"

#include <stdlib.h>
#include <string.h>

#define SLOTS_AT_FIRST 1024

static bool same_touch(const struct line_touch *a, const struct line_touch *b)
{
    return a->pc == b->pc && a->offset == b->offset && a->size == b->size;
}

static bool same(const struct line_meeting *a, const struct line_meeting *b)
{
    return a->line == b->line && a->kind == b->kind && a->far == b->far && a->apart == b->apart &&
           same_touch(&a->to, &b->to) && same_touch(&a->from, &b->from);
}

static uint64_t hash(const struct line_meeting *k)
{
    uint64_t h = k->line * 31 + k->to.pc;
    h = h * 0x9e3779b97f4a7c15ull + k->from.pc;
    h = h * 0x9e3779b97f4a7c15ull + k->to.offset + 64u * k->from.offset + k->kind;
    return h ^ h >> 29;
}

static struct tally_entry *probe(struct line_tally *t, const struct line_meeting *key)
{
    size_t i = hash(key) & (t->slots - 1);
    while (t->slot[i].count && !same(&t->slot[i].key, key))
        i = (i + 1) & (t->slots - 1);
    return &t->slot[i];
}

static void grow(struct line_tally *t)
{
    struct line_tally old = *t;
    t->slots = old.slots ? 2 * old.slots : SLOTS_AT_FIRST;
    t->slot = calloc(t->slots, sizeof(*t->slot));
    if (!t->slot)
        abort();
    for (size_t i = 0; i < old.slots; i++)
        if (old.slot[i].count)
            *probe(t, &old.slot[i].key) = old.slot[i];
    free(old.slot);
}

void line_tally_add(struct line_tally *t, const struct line_meeting *key, uint64_t vaddr)
{
    if (2 * (t->used + 1) > t->slots)
        grow(t);
    struct tally_entry *e = probe(t, key);
    t->used += e->count == 0;
    e->key = *key;
    e->vaddr = vaddr;
    e->count++;
}

void line_tally_clear(struct line_tally *t)
{
    if (t->slot)
        memset(t->slot, 0, t->slots * sizeof(*t->slot));
    t->used = 0;
}
