/* radix64: against a plain array, with sparse and dense indices. */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

void *calloc(size_t n, size_t size);
void free(void *p);
long random(void);

struct kmem_cache;
#include "kernel/mm/radix64.c"

static long nodes, nodes_allowed = LONG_MAX;
struct kmem_cache *kmem_cache_create(const char *name, size_t size, size_t align)
{
    return NULL;
}
void *kmem_cache_alloc(struct kmem_cache *c, gfp_t gfp)
{
    if (nodes >= nodes_allowed)
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

#define N 512
static u64 key_of(unsigned i)
{
    static const u64 base[] = {0, 100, 4090, 1UL << 20, 1UL << 40, ~0UL - 70};

    return base[i % ARRAY_SIZE(base)] + i / ARRAY_SIZE(base) % 70;
}

static void agrees(void **state)
{
    struct radix64 *root = NULL;
    static void *model[N];
    int item;

    for (unsigned round = 0; round < 20000; round++) {
        unsigned i = (unsigned)random() % 420;
        u64 key = key_of(i);

        if (random() & 1) {
            assert_int_equal(radix64_insert(&root, key, &item), model[i] ? -EEXIST : 0);
            model[i] = &item;
        } else {
            assert_ptr_equal(radix64_remove(&root, key), model[i]);
            model[i] = NULL;
        }
        for (unsigned k = 0; round % 500 == 0 && k < 420; k++)
            assert_ptr_equal(radix64_lookup(&root, key_of(k)), model[k]);
    }
    for (unsigned i = 0; i < 420; i++)
        radix64_remove(&root, key_of(i));
    assert_null(root);
    assert_int_equal(nodes, 0);
}

static void next_skips_holes(void **state)
{
    static const u64 keys[] = {3, 63, 64, 5000, 1UL << 30};
    struct radix64 *root = NULL;
    u64 at = 0;
    int item;

    for (unsigned i = 0; i < ARRAY_SIZE(keys); i++)
        assert_int_equal(radix64_insert(&root, keys[i], &item), 0);
    for (unsigned i = 0; i < ARRAY_SIZE(keys); i++, at++) {
        assert_ptr_equal(radix64_next(root, &at), &item);
        assert_int_equal(at, keys[i]);
    }
    assert_null(radix64_next(root, &at));
    for (unsigned i = 0; i < ARRAY_SIZE(keys); i++)
        radix64_remove(&root, keys[i]);
    assert_int_equal(nodes, 0);
}

/* A file whose only page lies far out: nothing stays when it goes. And an insert without memory leaves nothing. */
static void far_index_alone(void **state)
{
    struct radix64 *root = NULL;
    int item;

    for (u64 index = 1; index; index <<= 3) {
        assert_int_equal(radix64_insert(&root, index, &item), 0);
        assert_ptr_equal(radix64_remove(&root, index), &item);
        assert_null(root);
        assert_int_equal(nodes, 0);
    }
    for (nodes_allowed = 0; radix64_insert(&root, 1UL << 40, &item); nodes_allowed++) {
        assert_null(root);
        assert_int_equal(nodes, 0);
    }
    nodes_allowed = LONG_MAX;
    assert_ptr_equal(radix64_remove(&root, 1UL << 40), &item);
    assert_int_equal(nodes, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(agrees), cmocka_unit_test(next_skips_holes),
                                       cmocka_unit_test(far_index_alone)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
