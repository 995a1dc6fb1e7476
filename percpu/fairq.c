/* fairq.c: the red-black tree behind fairq.h's flat arrays. Owner CPU only.
 *
 * Invariants: the root is black; a red node has black children; every way down has as many black nodes; least is the earliest deadline of
 * the node and its children's least. A missing child is black. `dir` is 0 for the side of smaller keys. */
#include "percpu/fairq.h"

static struct fair_node *up(const struct fair_node *n)
{
    return (struct fair_node *)(n->up & ~FAIRQ_RED);
}

static bool is_red(const struct fair_node *n)
{
    return n && n->up & FAIRQ_RED;
}

static void set_up(struct fair_node *n, struct fair_node *parent)
{
    n->up = (uintptr_t)parent | (n->up & FAIRQ_RED);
}

static void set_red(struct fair_node *n)
{
    n->up |= FAIRQ_RED;
}

static void set_black(struct fair_node *n)
{
    n->up &= ~FAIRQ_RED;
}

static void update(struct fair_node *n)
{
    n->least = n->deadline;
    for (int dir = 0; dir < 2; dir++)
        if (n->child[dir] && fairq_key_before(n->child[dir]->least, n->least))
            n->least = n->child[dir]->least;
}

/* `with` (or nothing) takes n's place below n's parent. */
static void replace(struct fairq *q, struct fair_node *n, struct fair_node *with)
{
    struct fair_node *p = up(n);

    if (!p)
        q->root = with;
    else
        p->child[p->child[1] == n] = with;
    if (with)
        set_up(with, p);
}

/* n goes down to side dir; its other child comes up. */
static void rotate(struct fairq *q, struct fair_node *n, int dir)
{
    struct fair_node *c = n->child[!dir];

    n->child[!dir] = c->child[dir];
    if (n->child[!dir])
        set_up(n->child[!dir], n);
    replace(q, n, c);
    c->child[dir] = n;
    set_up(n, c);
    update(n);
    update(c);
}

static void balance_inserted(struct fairq *q, struct fair_node *n)
{
    struct fair_node *p;

    while (is_red(p = up(n))) {
        struct fair_node *g = up(p); /* a red node is not the root */
        int dir = g->child[1] == p;

        if (is_red(g->child[!dir])) {
            set_black(p);
            set_black(g->child[!dir]);
            set_red(g);
            n = g;
            continue;
        }
        if (p->child[!dir] == n) {
            rotate(q, p, dir);
            p = n;
        }
        set_black(p);
        set_red(g);
        rotate(q, g, !dir);
        break;
    }
    set_black(q->root);
}

void fairq_tree_insert(struct fairq *q, struct fair_node *n)
{
    struct fair_node *p = NULL, *at = q->root;
    bool first = true;
    int dir = 0;

    atomic_store_relaxed(&n->slot, FAIRQ_IN_TREE);
    while (at) {
        if (fairq_key_before(n->deadline, at->least))
            at->least = n->deadline;
        p = at;
        dir = !fairq_key_before(n->key, at->key);
        first &= !dir;
        at = at->child[dir];
    }
    n->child[0] = n->child[1] = NULL;
    n->least = n->deadline;
    n->up = (uintptr_t)p | FAIRQ_RED;
    if (p)
        p->child[dir] = n;
    else
        q->root = n;
    if (first)
        q->first = n;
    balance_inserted(q, n);
}

static struct fair_node *end_of(struct fair_node *n, int dir)
{
    while (n->child[dir])
        n = n->child[dir];
    return n;
}

/* The ways through x, a child of p, have a black node too few. */
static void balance_removed(struct fairq *q, struct fair_node *x, struct fair_node *p)
{
    while (p && !is_red(x)) {
        int dir = p->child[0] != x;
        struct fair_node *s = p->child[!dir];

        if (is_red(s)) {
            set_black(s);
            set_red(p);
            rotate(q, p, dir);
            s = p->child[!dir];
        }
        if (!is_red(s->child[0]) && !is_red(s->child[1])) {
            set_red(s);
            x = p;
            p = up(x);
            continue;
        }
        if (!is_red(s->child[!dir])) {
            set_black(s->child[dir]);
            set_red(s);
            rotate(q, s, !dir);
            s = p->child[!dir];
        }
        s->up = (uintptr_t)up(s) | (p->up & FAIRQ_RED);
        set_black(p);
        set_black(s->child[!dir]);
        rotate(q, p, dir);
        return;
    }
    if (x)
        set_black(x);
}

/* n has two children: the next key's node takes its place. Returns the parent of the place that became empty, and what stands there. */
static struct fair_node *replace_by_next(struct fairq *q, struct fair_node *n, struct fair_node **x, bool *red)
{
    struct fair_node *s = end_of(n->child[1], 0), *p = up(s);

    *red = is_red(s);
    *x = s->child[1];
    if (p == n) {
        p = s;
    } else {
        replace(q, s, *x);
        s->child[1] = n->child[1];
        set_up(s->child[1], s);
    }
    replace(q, n, s);
    s->child[0] = n->child[0];
    set_up(s->child[0], s);
    s->up = (uintptr_t)up(s) | (n->up & FAIRQ_RED);
    return p;
}

void fairq_tree_remove(struct fairq *q, struct fair_node *n)
{
    struct fair_node *x = n->child[!n->child[0]], *p = up(n);
    bool red = is_red(n);

    if (q->first == n) /* the first has nothing on its left: the next is below it on the right, or its parent */
        q->first = n->child[1] ? end_of(n->child[1], 0) : p;
    if (n->child[0] && n->child[1])
        p = replace_by_next(q, n, &x, &red);
    else
        replace(q, n, x);
    for (struct fair_node *at = p; at; at = up(at))
        update(at);
    if (!red)
        balance_removed(q, x, p);
}

static struct fair_node *earlier(struct fair_node *a, struct fair_node *b)
{
    return !b || (a && fairq_key_before(a->deadline, b->deadline)) ? a : b;
}

/* The node whose deadline is n's least. */
static struct fair_node *find_least(struct fair_node *n)
{
    while (n->deadline != n->least)
        n = n->child[!(n->child[0] && n->child[0]->least == n->least)];
    return n;
}

/* Whoever is on the left of an eligible node is eligible: of those only the subtree with the earliest deadline matters. */
static struct fair_node *tree_pick(struct fair_node *n, uint64_t v)
{
    struct fair_node *best = NULL, *left = NULL;

    while (n) {
        bool eligible = !fairq_key_before(v, n->key);

        if (eligible) {
            best = earlier(n, best);
            if (n->child[0] && (!left || fairq_key_before(n->child[0]->least, left->least)))
                left = n->child[0];
        }
        n = n->child[eligible];
    }
    return left && fairq_key_before(left->least, best->deadline) ? find_least(left) : best;
}

struct fair_node *fairq_pick_eligible(const struct fairq *q, uint64_t v)
{
    struct fair_node *best = tree_pick(q->root, v);

    for (uint32_t i = 0; i < q->flat; i++)
        if (!fairq_key_before(v, q->key[i]))
            best = earlier(q->node[i], best);
    return best;
}

struct fair_node *fairq_first_after(const struct fairq *q, uint64_t v)
{
    struct fair_node *best = NULL, *n = q->root;

    while (n) {
        bool after = fairq_key_before(v, n->key);

        if (after)
            best = n;
        n = n->child[!after];
    }
    for (uint32_t i = 0; i < q->flat; i++)
        if (fairq_key_before(v, q->key[i]) && (!best || fairq_key_before(q->key[i], best->key)))
            best = q->node[i];
    return best;
}

struct fair_node *fairq_late(const struct fairq *q)
{
    uint32_t at = 0;

    if (!q->flat)
        return q->root ? end_of(q->root, 1) : NULL;
    for (uint32_t i = 1; i < q->flat; i++)
        if (fairq_key_before(q->key[at], q->key[i]))
            at = i;
    return q->node[at];
}

static struct fair_node *leftmost(struct fair_node *n)
{
    while (n->child[0])
        n = n->child[0];
    return n;
}

static struct fair_node *tree_next(const struct fair_node *n)
{
    if (n->child[1])
        return leftmost(n->child[1]);
    while (up(n) && up(n)->child[1] == n)
        n = up(n);
    return up(n);
}

struct fair_node *fairq_next(const struct fairq *q, const struct fair_node *n)
{
    uint32_t at = n ? n->slot + 1 : 0;

    if (n && n->slot == FAIRQ_IN_TREE)
        return tree_next(n);
    return at < q->flat ? q->node[at] : q->first;
}
