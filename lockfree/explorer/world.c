/* world.c: everything an execution can change, as bytes: saved, loaded, hashed. Owns the fixed mappings: the engine, the arenas that
 * explore_alloc cuts, the stacks; knows where the program's globals are. Memory once freed is never handed out again. */
#include "lockfree/explorer/engine.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

extern uint8_t __data_start[], _end[];

#define BLOCK 64
#define ARENAS ((THREADS + 1) * (size_t)ARENA_BYTES)
#define ARENA_AT ((uint8_t *)0x110000000000ull)
#define STACK_AT ((uint8_t *)0x120000000000ull)

static void *map_at(void *at, size_t n)
{
    void *p = mmap(at, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

    if (p != at) {
        perror("explorer: mmap");
        exit(2);
    }
    return p;
}

/* Once, before anything under test ran: what the globals hold now is where each execution starts. */
void world_init(void)
{
    static bool done;

    if (done)
        return;
    done = true;
    map_at(E, sizeof(struct engine));
    E->arena = map_at(ARENA_AT, ARENAS);
    E->stack = map_at(STACK_AT, (THREADS + 1) * (size_t)STACK_BYTES);
    E->region = (uint8_t *)((uintptr_t)__data_start & ~(BLOCK - 1ul));
    E->region_bytes = (size_t)(_end - E->region);
    E->pristine = malloc(E->region_bytes);
    memcpy(E->pristine, E->region, E->region_bytes);
    E->made = malloc(E->region_bytes + ARENAS);
    E->nothing = calloc(MAX_LOCS, sizeof(struct loc_meta));
}

void world_made(void)
{
    memcpy(E->made, E->region, E->region_bytes);
    memcpy(E->made + E->region_bytes, E->arena, ARENAS);
}

void world_reset(void)
{
    for (unsigned t = 0; t <= THREADS; t++)
        memset(E->arena + (size_t)t * ARENA_BYTES, 0, E->w.used[t]);
    memset(&E->w, 0, sizeof(E->w));
    memcpy(E->region, E->pristine, E->region_bytes);
}

/* How a piece of memory goes into a snapshot or comes out of one. `made`: what it was at the start, or NULL. */
typedef void transfer(void *context, void *p, const uint8_t *made, size_t n);

/* All that belongs to a state, always in the same order; the sizes of later parts are fields of earlier ones. */
static void for_each_part(transfer *part, void *context)
{
    struct world *w = &E->w;

    part(context, w->used, NULL, (size_t)((uint8_t *)w->buffer - (uint8_t *)w->used));
    for (unsigned t = 0; t < E->threads; t++) {
        struct thread *th = &w->thread[t];

        part(context, th, NULL, sizeof(*th));
        part(context, w->buffer[t], NULL, th->stores * sizeof(struct store));
        part(context, w->seen[t], NULL, th->nseen * sizeof(struct seen));
        part(context, &w->results[t][th->retired], NULL, (size_t)(th->responded - th->retired) * sizeof(uint64_t));
        part(context, th->sp, NULL, (size_t)(E->stack + (size_t)(t + 1) * STACK_BYTES - (uint8_t *)th->sp));
    }
    for (unsigned t = 0; t <= THREADS; t++) {
        size_t at = (size_t)t * ARENA_BYTES;

        part(context, w->block[t], NULL, w->blocks[t] * sizeof(struct block));
        part(context, E->arena + at, E->made + E->region_bytes + at, w->used[t]);
    }
    part(context, w->config, NULL, w->configs * sizeof(struct config));
    part(context, E->region, E->made, E->region_bytes);
    if (E->options.memory == EXPLORE_WEAK) {
        part(context, w->cur, NULL, (size_t)((uint8_t *)w->hist - (uint8_t *)w->cur));
        part(context, w->hist, NULL, w->hists * sizeof(struct hist));
    }
    part(context, w->meta, E->nothing, w->metas * sizeof(struct loc_meta));
}

static bool block_differs(const uint8_t *a, const uint8_t *b)
{
    uint64_t x[BLOCK / 8], y[BLOCK / 8], d = 0;

    memcpy(x, a, BLOCK);
    memcpy(y, b, BLOCK);
    for (unsigned i = 0; i < BLOCK / 8; i++)
        d |= x[i] ^ y[i];
    return d;
}

/* The blocks that differ, each with its number, and an end mark. The last block of the globals may be short. */
static uint8_t *save_changes(uint8_t *to, const uint8_t *p, const uint8_t *made, size_t n)
{
    const uint64_t end = ~0ull;

    for (uint64_t at = 0; at < n; at += BLOCK) {
        size_t size = n - at < BLOCK ? n - at : BLOCK;

        if (size == BLOCK ? !block_differs(p + at, made + at) : !memcmp(p + at, made + at, size))
            continue;
        memcpy(to, &at, sizeof(at));
        memcpy(to + sizeof(at), p + at, size);
        to += sizeof(at) + size;
    }
    memcpy(to, &end, sizeof(end));
    return to + sizeof(end);
}

static const uint8_t *load_changes(const uint8_t *from, uint8_t *p, const uint8_t *made, size_t n)
{
    uint64_t at;

    memcpy(p, made, n);
    for (;;) {
        size_t size;

        memcpy(&at, from, sizeof(at));
        from += sizeof(at);
        if (at == ~0ull)
            return from;
        size = n - at < BLOCK ? n - at : BLOCK;
        memcpy(p + at, from, size);
        from += size;
    }
}

static void save_part(void *context, void *p, const uint8_t *made, size_t n)
{
    uint8_t **to = context;

    if (made) {
        *to = save_changes(*to, p, made, n);
    } else {
        memcpy(*to, p, n);
        *to += n;
    }
}

static void load_part(void *context, void *p, const uint8_t *made, size_t n)
{
    const uint8_t **from = context;

    if (made) {
        *from = load_changes(*from, p, made, n);
    } else {
        memcpy(p, *from, n);
        *from += n;
    }
}

size_t world_save(uint8_t *to)
{
    uint8_t *p = to;

    E->w.metas = E->locs;
    E->w.hists = E->weak_locs;
    for_each_part(save_part, &p);
    return (size_t)(p - to);
}

/* What was learned after the save is empty in it. */
void world_load(const uint8_t *from)
{
    uint32_t used[THREADS + 1];

    memcpy(used, E->w.used, sizeof(used));
    for_each_part(load_part, &from);
    memset(&E->w.meta[E->w.metas], 0, (E->locs - E->w.metas) * sizeof(struct loc_meta));
    memset(&E->w.hist[E->w.hists], 0, (E->weak_locs - E->w.hists) * sizeof(struct hist));
    for (unsigned t = 0; t <= THREADS; t++)
        if (used[t] > E->w.used[t])
            memset(E->arena + (size_t)t * ARENA_BYTES + E->w.used[t], 0, used[t] - E->w.used[t]);
}

static uint64_t mix(uint64_t a, uint64_t b)
{
    __uint128_t m = (__uint128_t)(a ^ 0x9e3779b97f4a7c15ull) * (b ^ 0xd1b54a32d192ed03ull);

    return (uint64_t)m ^ (uint64_t)(m >> 64);
}

uint64_t world_hash(const uint8_t *bytes, size_t n)
{
    uint64_t a = n, b = 0x2545f4914f6cdd1dull, v[4] = {0};

    for (; n >= 32; n -= 32, bytes += 32) {
        memcpy(v, bytes, 32);
        a = mix(v[0] ^ a, v[1]);
        b = mix(v[2] ^ b, v[3]);
    }
    memset(v, 0, sizeof(v));
    memcpy(v, bytes, n);
    a = mix(v[0] ^ a, v[1] + 0x632be59bd9b4e019ull);
    b = mix(v[2] ^ b, v[3] + 0x85157af5);
    a = mix(a, b);
    return a ? a : 1;
}

uintptr_t world_alloc(unsigned t, size_t size)
{
    struct world *w = &E->w;
    uint32_t offset = w->used[t];

    size = (size + 63) & ~63ul;
    if (w->blocks[t] == MAX_BLOCKS || offset + size > ARENA_BYTES)
        return 0;
    w->block[t][w->blocks[t]++] = (struct block){.offset = offset, .size = (uint32_t)size};
    w->used[t] = (uint32_t)(offset + size);
    return (uintptr_t)E->arena + (size_t)t * ARENA_BYTES + offset;
}

struct block *world_block_of(uintptr_t addr)
{
    uintptr_t at = addr - (uintptr_t)E->arena;
    unsigned t = (unsigned)(at / ARENA_BYTES);

    if (at >= (THREADS + 1) * (uintptr_t)ARENA_BYTES)
        return NULL;
    at %= ARENA_BYTES;
    for (unsigned i = 0; i < E->w.blocks[t]; i++) {
        struct block *b = &E->w.block[t][i];

        if (at >= b->offset && at < b->offset + b->size)
            return b;
    }
    return NULL;
}

extern uint8_t __executable_start[];

/* May code under test touch it: a global or constant, a live block, a stack. */
bool world_is_mapped(uintptr_t addr, unsigned size)
{
    const struct block *b;

    if (addr >= (uintptr_t)__executable_start && addr + size <= (uintptr_t)_end)
        return true;
    if (addr >= (uintptr_t)E->stack && addr + size <= (uintptr_t)E->stack + (THREADS + 1) * (size_t)STACK_BYTES)
        return true;
    if (addr >= (uintptr_t)E->model && addr + size <= (uintptr_t)E->model + sizeof(E->model))
        return true;
    b = world_block_of(addr);
    return b && !b->freed;
}
