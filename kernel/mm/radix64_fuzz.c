/* radix64_fuzz.c: the map of a file's pages against an array of 256 indices, near zero and near the largest, while memory sometimes
 * runs out; every node comes back. */
#define CLOUDOS_KERNEL 1
#include "lockfree/fuzz.h"
struct kmem_cache;
#include "kernel/mm/radix64.c"

#define KEYS 256

static long nodes;
static bool no_memory;

struct kmem_cache *kmem_cache_create(const char *name, size_t size, size_t align)
{
    return NULL;
}

void *kmem_cache_alloc(struct kmem_cache *c, gfp_t gfp)
{
    if (no_memory)
        return NULL;
    nodes++;
    return calloc(1, sizeof(struct radix64));
}

void kmem_cache_free(struct kmem_cache *c, void *p)
{
    nodes--;
    free(p);
}

void call_rcu(struct rcu_head *head, void (*func)(struct rcu_head *))
{
    func(head);
}

static struct radix64 *root;
static void *at[KEYS];

static u64 key_of(unsigned i)
{
    static const u64 base[] = {0, 4000, 1UL << 18, 1UL << 42, ~0UL - 63};

    return base[i % 5] + i / 5;
}

static void walk(void)
{
    unsigned met = 0, in = 0;
    u64 index = 0;

    for (unsigned i = 0; i < KEYS; i++)
        in += at[i] != NULL;
    for (void **found; (found = radix64_next(root, &index)); met++) {
        FUZZ_CHECK(*found == found && key_of((unsigned)(found - at)) == index);
        if (!++index) {
            met++;
            break; /* that was the last index there is */
        }
    }
    FUZZ_CHECK(met == in);
}

static void step(struct fuzz_input *in)
{
    uint8_t op = fuzz_u8(in);
    unsigned i = fuzz_u8(in);

    if (op % 3 == 0) {
        int ret;

        no_memory = op & 128;
        ret = radix64_insert(&root, key_of(i), &at[i]);
        FUZZ_CHECK(ret == (at[i] ? -EEXIST : 0) || (ret == -ENOMEM && no_memory && !at[i]));
        at[i] = at[i] || !ret ? &at[i] : NULL;
        no_memory = false;
    } else if (op % 3 == 1) {
        FUZZ_CHECK(radix64_remove(&root, key_of(i)) == at[i]);
        at[i] = NULL;
    } else {
        walk();
    }
    FUZZ_CHECK(radix64_lookup(&root, key_of(i)) == at[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    struct fuzz_input in = {p, n};

    while (in.n)
        step(&in);
    for (unsigned i = 0; i < KEYS; i++) {
        FUZZ_CHECK(radix64_remove(&root, key_of(i)) == at[i]);
        at[i] = NULL;
    }
    FUZZ_CHECK(!root && nodes == 0);
    return 0;
}
