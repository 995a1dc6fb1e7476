/* radix.c: the slow half of radix.h: insertion, removal and walks. Owns the nodes; never frees one while the tree lives. */
#include "lockfree/radix.h"

#define RADIX_ENOMEM 12
#define RADIX_EEXIST 17

/* The node in *slot, made on demand; the loser of a race frees its own. */
static struct radix_node *child_make(struct radix_tree *t, void **slot)
{
    void *found = atomic_load_acquire(slot);
    void *fresh;

    if (found)
        return (struct radix_node *)found;
    fresh = t->alloc(sizeof(struct radix_node));
    if (!fresh)
        return NULL;
    if (atomic_cas_full(slot, &found, fresh))
        return (struct radix_node *)fresh;
    t->free(fresh);
    return (struct radix_node *)found;
}

static void **slot_find(struct radix_tree *t, uint32_t key)
{
    struct radix_node *n = atomic_load_acquire(&t->root);

    if (key >= RADIX_MAX)
        return NULL;
    for (int level = RADIX_LEVELS - 1; n && level > 0; level--)
        n = (struct radix_node *)atomic_load_acquire(&n->slot[radix_index(key, level)]);
    return n ? &n->slot[radix_index(key, 0)] : NULL;
}

int radix_insert(struct radix_tree *t, uint32_t key, void *object)
{
    struct radix_node *n;
    void *none = NULL;

    LF_ASSERT(key < RADIX_MAX && object, t);
    n = child_make(t, (void **)&t->root);
    for (int level = RADIX_LEVELS - 1; n && level > 0; level--)
        n = child_make(t, &n->slot[radix_index(key, level)]);
    if (!n)
        return -RADIX_ENOMEM;
    return atomic_cas_full(&n->slot[radix_index(key, 0)], &none, object) ? 0 : -RADIX_EEXIST; /* X1 */
}

void *radix_remove(struct radix_tree *t, uint32_t key)
{
    void **slot = slot_find(t, key);

    return slot ? atomic_xchg_full(slot, NULL) : NULL; /* X2 */
}

/* What is not there is passed by, beyond `end` too: that costs less than to come again. */
static void *find_in(struct radix_node *n, int level, uint32_t *key, uint32_t end)
{
    uint32_t span = 1u << (RADIX_SHIFT * level);

    for (unsigned i = radix_index(*key, level); i < RADIX_FANOUT; i++) {
        void *p = atomic_load_acquire(&n->slot[i]);

        if (!p) {
            *key = (*key & ~(span - 1)) + span; /* nothing here: the next subtree from its start */
            continue;
        }
        if (*key >= end)
            return NULL;
        if (level > 0)
            p = find_in((struct radix_node *)p, level - 1, key, end); /* without success it leaves *key at the next subtree's start */
        if (p || *key >= end)
            return p;
    }
    return NULL;
}

void *radix_find_next(struct radix_tree *t, uint32_t *key, uint32_t end)
{
    struct radix_node *root = atomic_load_acquire(&t->root);

    LF_ASSERT(end <= RADIX_MAX, t);
    if (*key >= RADIX_MAX)
        return NULL;
    if (root)
        return find_in(root, RADIX_LEVELS - 1, key, end);
    *key = RADIX_MAX;
    return NULL;
}

static void destroy_node(struct radix_tree *t, struct radix_node *n, int level)
{
    for (unsigned i = 0; level > 0 && i < RADIX_FANOUT; i++)
        if (n->slot[i])
            destroy_node(t, (struct radix_node *)n->slot[i], level - 1);
    t->free(n);
}

void radix_destroy(struct radix_tree *t)
{
    if (t->root)
        destroy_node(t, t->root, RADIX_LEVELS - 1);
    t->root = NULL;
}
