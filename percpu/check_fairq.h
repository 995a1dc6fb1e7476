/* check_fairq.h: the invariants of fairq.c's tree and its entries, for who tests it. Host only; the including file brings CHECK. */
#pragma once
#include "percpu/fairq.h"

/* Returns how many black nodes each way down has; counts the nodes. */
static inline unsigned check_fairq_tree(const struct fair_node *n, const struct fair_node *parent, unsigned *count)
{
    uint64_t least = n ? n->deadline : 0;
    bool red = n && n->up & FAIRQ_RED;
    unsigned black[2];

    if (!n)
        return 1;
    ++*count;
    CHECK((n->up & ~FAIRQ_RED) == (uintptr_t)parent && n->slot == FAIRQ_IN_TREE);
    CHECK(!red || (parent && !(parent->up & FAIRQ_RED)));
    CHECK(!n->child[0] || !fairq_key_before(n->key, n->child[0]->key));
    CHECK(!n->child[1] || !fairq_key_before(n->child[1]->key, n->key));
    for (int dir = 0; dir < 2; dir++) {
        black[dir] = check_fairq_tree(n->child[dir], n, count);
        if (n->child[dir] && fairq_key_before(n->child[dir]->least, least))
            least = n->child[dir]->least;
    }
    CHECK(black[0] == black[1] && n->least == least);
    return black[0] + !red;
}

static inline void check_fairq(const struct fairq *q)
{
    const struct fair_node *first = q->root;
    unsigned count = 0;

    (void)check_fairq_tree(q->root, NULL, &count);
    CHECK(count + q->flat == q->total);
    while (first && first->child[0])
        first = first->child[0];
    CHECK(q->first == first);
    for (uint32_t i = 0; i < q->flat; i++)
        CHECK(q->node[i]->slot == i && q->key[i] == q->node[i]->key);
}
