/* fairq.c: the pairing heap behind fairq.h's flat arrays. Owner CPU only. */
#include "percpu/fairq.h"

/* Both are roots (next and prev meaningless). Returns the root of the union. */
static struct fair_node *meld(struct fair_node *a, struct fair_node *b)
{
    if (!a)
        return b;
    if (!b)
        return a;
    if (fairq_key_before(b->key, a->key)) {
        struct fair_node *t = a;

        a = b;
        b = t;
    }
    b->next = a->child;
    if (b->next)
        b->next->prev = b;
    b->prev = a;
    a->child = b;
    return a;
}

/* Melds a list of siblings in pairs, left to right, then the results right to left. */
static struct fair_node *meld_siblings(struct fair_node *first)
{
    struct fair_node *pairs = NULL, *root = NULL;

    while (first) {
        struct fair_node *a = first, *b = a->next, *pair;

        first = b ? b->next : NULL;
        pair = meld(a, b);
        pair->next = pairs; /* a stack through next */
        pairs = pair;
    }
    while (pairs) {
        struct fair_node *pair = pairs;

        pairs = pair->next;
        root = meld(root, pair);
    }
    return root;
}

void fairq_heap_insert(struct fairq *q, struct fair_node *n)
{
    atomic_store_relaxed(&n->slot, FAIRQ_IN_HEAP);
    n->child = n->next = n->prev = NULL;
    q->heap = meld(q->heap, n);
    q->heap->next = q->heap->prev = NULL;
}

void fairq_heap_remove(struct fairq *q, struct fair_node *n)
{
    struct fair_node *rest = meld_siblings(n->child);

    if (q->heap == n) {
        q->heap = rest;
    } else {
        if (n->prev->child == n)
            n->prev->child = n->next;
        else
            n->prev->next = n->next;
        if (n->next)
            n->next->prev = n->prev;
        q->heap = meld(q->heap, rest);
    }
    if (q->heap)
        q->heap->next = q->heap->prev = NULL;
}

struct fair_node *fairq_late(const struct fairq *q)
{
    uint32_t at = 0;

    if (!q->flat)
        return q->heap && q->heap->child ? q->heap->child : q->heap;
    for (uint32_t i = 1; i < q->flat; i++)
        if (fairq_key_before(q->key[at], q->key[i]))
            at = i;
    return q->node[at];
}
