/* radix_fuzz.c: the radix tree against an array of 256 keys, dense, sparse and the last one, while its memory sometimes runs out. */
#include "lockfree/fuzz.h"
#include "lockfree/radix.h"

#define KEYS 256
#define ENOMEM_ (-12)
#define EEXIST_ (-17)

static bool no_memory;
static long nodes;

static void *node_alloc(size_t size)
{
    nodes += !no_memory;
    return no_memory ? NULL : calloc(1, size);
}

static void node_free(void *p)
{
    nodes--;
    free(p);
}

static uint32_t key_of(unsigned i)
{
    return i == KEYS - 1 ? RADIX_MAX - 1 : i < 128 ? 500 + i : i * 524287u % RADIX_MAX;
}

struct reference {
    struct radix_tree tree;
    void *at[KEYS];
};

static void insert(struct reference *r, unsigned i, bool fails)
{
    int ret;

    no_memory = fails;
    ret = radix_insert(&r->tree, key_of(i), &r->at[i]);
    no_memory = false;
    FUZZ_CHECK(ret == (r->at[i] ? EEXIST_ : 0) || (ret == ENOMEM_ && fails && !r->at[i]));
    if (!ret)
        r->at[i] = &r->at[i];
}

/* The next object, looked for `piece` indices at a time; NULL at the end. */
static void **find_next(struct reference *r, uint32_t *key, uint32_t piece)
{
    while (*key < RADIX_MAX) {
        uint32_t from = *key, end = RADIX_MAX - from < piece ? RADIX_MAX : from + piece;
        void *found = radix_find_next(&r->tree, key, end);

        if (found) {
            FUZZ_CHECK(*key >= from && *key < end);
            return (void **)found;
        }
        FUZZ_CHECK(*key >= end);
    }
    return NULL;
}

/* The walk ascends and meets exactly what is in. */
static void walk(struct reference *r, uint32_t piece)
{
    unsigned met = 0, in = 0;
    uint32_t key = 0, before = 0;

    for (unsigned i = 0; i < KEYS; i++)
        in += r->at[i] != NULL;
    for (void **found; (found = find_next(r, &key, piece)); key++, met++) {
        FUZZ_CHECK(found >= r->at && found < r->at + KEYS && *found && key_of((unsigned)(found - r->at)) == key);
        FUZZ_CHECK(!met || key > before);
        before = key;
    }
    FUZZ_CHECK(met == in);
}

static void step(struct reference *r, struct fuzz_input *in)
{
    uint8_t op = fuzz_u8(in);
    unsigned i = fuzz_u8(in);

    switch (op % 4) {
    case 0:
        insert(r, i, op & 128);
        break;
    case 1:
        FUZZ_CHECK(radix_remove(&r->tree, key_of(i)) == r->at[i]);
        r->at[i] = NULL;
        break;
    case 2:
        walk(r, op & 128 ? RADIX_MAX : 1 + i * 997u);
        break;
    default:
        FUZZ_CHECK(!radix_lookup(&r->tree, RADIX_MAX + i));
    }
    FUZZ_CHECK(radix_lookup(&r->tree, key_of(i)) == r->at[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    struct reference r = {.tree = RADIX_INIT(node_alloc, node_free)};
    struct fuzz_input in = {p, n};

    while (in.n)
        step(&r, &in);
    walk(&r, RADIX_MAX);
    radix_destroy(&r.tree);
    FUZZ_CHECK(nodes == 0);
    return 0;
}
