/* The pairing heap of timers; theory in timer_heap.h. Pure: no locks, no clock. */
#include "kernel/time/timer_heap.h"

static struct hrtimer *meld(struct hrtimer *a, struct hrtimer *b)
{
    if (!a || !b)
        return a ? a : b;
    if (b->expires_ns < a->expires_ns) {
        struct hrtimer *t = a;

        a = b;
        b = t;
    }
    b->sibling = a->child;
    if (b->sibling)
        b->sibling->link = &b->sibling;
    a->child = b;
    b->link = &a->child;
    return a;
}

static void set_root(struct timer_heap *h, struct hrtimer *t)
{
    h->root = t;
    if (t) {
        t->sibling = NULL;
        t->link = &h->root;
    }
}

/* Pairs the list of siblings left to right, then melds right to left. */
static struct hrtimer *merge_pairs(struct hrtimer *list)
{
    struct hrtimer *pairs = NULL, *result = NULL;

    while (list) {
        struct hrtimer *a = list, *b = a->sibling;

        list = b ? b->sibling : NULL;
        a->sibling = NULL;
        if (b)
            b->sibling = NULL;
        a = meld(a, b);
        a->sibling = pairs;
        pairs = a;
    }
    while (pairs) {
        struct hrtimer *next = pairs->sibling;

        pairs->sibling = NULL;
        result = meld(result, pairs);
        pairs = next;
    }
    return result;
}

/* H4, H5 */
static void publish_first(struct timer_heap *h)
{
    const struct hrtimer *t = h->root;
    s64 latest = S64_MAX, earliest = S64_MAX;

    if (t) {
        latest = t->expires_ns;
        earliest = t->soft_ns;
    }
    atomic_store_relaxed(&h->first_ns, latest);
    atomic_store_relaxed(&h->first_soft_ns, earliest);
}

void timer_heap_insert(struct timer_heap *h, struct hrtimer *t)
{
    t->child = NULL;
    t->sibling = NULL;
    set_root(h, meld(h->root, t));
    publish_first(h);
}

static void meld_into_root(struct timer_heap *h, struct hrtimer *children)
{
    if (h->root)
        h->root->sibling = NULL;
    set_root(h, meld(h->root, merge_pairs(children)));
}

void timer_heap_remove(struct timer_heap *h, struct hrtimer *t)
{
    struct hrtimer *children = t->child;

    *t->link = t->sibling;
    if (t->sibling)
        t->sibling->link = t->link;
    t->child = NULL;
    t->link = NULL;
    if (children)
        meld_into_root(h, children);
    publish_first(h);
}
