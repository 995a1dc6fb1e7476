/* inbox.h: an intrusive stack of messages to one owner. Push from anywhere, detach the whole by one xchg.
 *
 *                   push      detach_all
 *   push            yes       yes
 *   detach_all      yes       yes (each node goes to exactly one detacher)
 * Progress: push is lock-free (one CAS without contention), detach_all is wait-free. There is no pop of one, so no ABA.
 * Ordering: I1 what the pusher wrote before the push is seen by who detaches the node. I2 push is a full barrier: a kick word
 * read or written after it is ordered behind it. Reuse: the detacher may reuse or push a node again once it has read its next.
 * Misuse: pushing a node that is in a list is caught in debug builds, with the place of the push before.
 * Source: Treiber, IBM RJ 5118, 1986 (push half); Linux llist. */
#pragma once
#include "lockfree/atomic.h"
#include "lockfree/env.h"

struct inbox_node {
    struct inbox_node *next;
    LF_SITE(pushed) /* written by the pusher, before it */
};
#define INBOX_UNLINKED ((struct inbox_node *)8) /* debug builds: in no list; never a node's address */

struct inbox {
    struct inbox_node *head;
};
#define INBOX_INIT { NULL }

static inline void inbox_node_init(struct inbox_node *n)
{
    if (LF_DEBUG)
        n->next = INBOX_UNLINKED;
    LF_SITE_NONE(n->pushed);
}

/* Returns true when the list was empty: the caller must then tell the owner. Any context. */
static inline bool inbox_push_mpsc(struct inbox *b, struct inbox_node *n)
{
    struct inbox_node *head = atomic_load_relaxed(&b->head);

    LF_MISUSE_IF(atomic_load_relaxed(&n->next) != INBOX_UNLINKED, "inbox: pushed while in a list", n, n->pushed);
    LF_SITE_HERE(n->pushed);
    do {
        atomic_store_relaxed(&n->next, head);
    } while (!atomic_cas_full(&b->head, &head, n)); /* I1, I2 */
    return head == NULL;
}

static inline bool inbox_is_empty(const struct inbox *b)
{
    return atomic_load_relaxed(&b->head) == NULL;
}

/* Takes everything, newest first. Walk it with inbox_take_next. */
static inline struct inbox_node *inbox_detach_all(struct inbox *b)
{
    if (inbox_is_empty(b))
        return NULL;
    return atomic_xchg_acquire(&b->head, NULL); /* I1 */
}

/* The detacher's walk: unlinks n, returns the next. After it, n may be pushed again by anyone. */
static inline struct inbox_node *inbox_take_next(struct inbox_node *n)
{
    struct inbox_node *next = atomic_load_relaxed(&n->next);

    if (LF_DEBUG)
        atomic_store_relaxed(&n->next, INBOX_UNLINKED);
    return next;
}

/* Oldest first. The list belongs to the caller. */
static inline struct inbox_node *inbox_reverse(struct inbox_node *n)
{
    struct inbox_node *done = NULL;

    while (n) {
        struct inbox_node *next = atomic_load_relaxed(&n->next);

        atomic_store_relaxed(&n->next, done);
        done = n;
        n = next;
    }
    return done;
}
