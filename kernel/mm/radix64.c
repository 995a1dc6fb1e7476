/* Insertion, removal and walks of radix64.h. Owns the nodes' cache. Callers of insert and remove
 * hold the tree's lock. */
#include "kernel/mm/radix64.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "kernel/mm/slab.h"

static struct kmem_cache *node_cache;

void radix64_init(void)
{
    node_cache = kmem_cache_create("radix_tree_node", sizeof(struct radix64), 64);
}

static struct radix64 *node_make(u32 shift)
{
    struct radix64 *n = kmem_cache_alloc(node_cache, GFP_ATOMIC | GFP_ZERO);

    if (n)
        n->shift = shift;
    return n;
}

static void node_free(struct rcu_head *head)
{
    kmem_cache_free(node_cache, container_of(head, struct radix64, rcu));
}

/* The lowest root that covers index. */
static u32 shift_for(u64 index)
{
    u32 shift = 0;

    while (shift + RADIX64_SHIFT < 64 && index >> (shift + RADIX64_SHIFT))
        shift += RADIX64_SHIFT;
    return shift;
}

/* Adds roots until the tree covers index. The old root is not empty, so none of them is. */
static int grow(struct radix64 **root, u64 index)
{
    if (!*root)
        rcu_assign_pointer(*root, node_make(shift_for(index)));
    while (*root && !radix64_covers(*root, index)) {
        struct radix64 *top = node_make((*root)->shift + RADIX64_SHIFT);

        if (!top)
            return -ENOMEM;
        top->slot[0] = *root;
        top->count = 1;
        rcu_assign_pointer(*root, top);
    }
    return *root ? 0 : -ENOMEM;
}

/* Frees the nodes without children on the way to index: what an insert without memory has left. */
static void prune(struct radix64 **at, u64 index)
{
    struct radix64 *n = *at, **child;

    child = (struct radix64 **)&n->slot[radix64_index(n, index)];
    if (n->shift && *child) {
        prune(child, index);
        n->count -= !*child;
    }
    if (!n->count) {
        rcu_assign_pointer(*at, NULL);
        call_rcu(&n->rcu, node_free);
    }
}

int radix64_insert(struct radix64 **root, u64 index, void *item)
{
    struct radix64 *n;
    unsigned i;

    if (grow(root, index))
        return -ENOMEM;
    for (n = *root; n->shift; n = n->slot[i]) {
        i = radix64_index(n, index);
        if (!n->slot[i]) {
            struct radix64 *child = node_make(n->shift - RADIX64_SHIFT);

            if (!child) {
                prune(root, index);
                return -ENOMEM;
            }
            rcu_assign_pointer(n->slot[i], child);
            n->count++;
        }
    }
    i = radix64_index(n, index);
    if (n->slot[i])
        return -EEXIST;
    rcu_assign_pointer(n->slot[i], item);
    n->count++;
    return 0;
}

/* Empties one slot on the path; a node without children leaves its parent. */
static void *remove_from(struct radix64 **at, u64 index)
{
    struct radix64 *n = *at;
    void **slot, *item;

    if (!n)
        return NULL;
    slot = &n->slot[radix64_index(n, index)];
    item = n->shift ? remove_from((struct radix64 **)slot, index) : *slot;
    if (!item)
        return NULL;
    if (!n->shift)
        rcu_assign_pointer(*slot, NULL);
    if (!*slot && --n->count == 0) {
        rcu_assign_pointer(*at, NULL);
        call_rcu(&n->rcu, node_free);
    }
    return item;
}

void *radix64_remove(struct radix64 **root, u64 index)
{
    return *root && radix64_covers(*root, index) ? remove_from(root, index) : NULL;
}

static void *next_in(struct radix64 *n, u64 *index)
{
    for (unsigned i = radix64_index(n, *index); i < RADIX64_SLOTS; i++) {
        void *item = n->slot[i];

        if (item && n->shift) {
            item =
                next_in(item, index); /* leaves *index behind the subtree when it finds nothing */
            if (!item)
                continue;
        }
        if (item)
            return item;
        *index = ((*index >> n->shift) + 1) << n->shift;
    }
    return NULL;
}

void *radix64_next(struct radix64 *root, u64 *index)
{
    return root && radix64_covers(root, *index) ? next_in(root, index) : NULL;
}
