/* rcu_list.h: lists that RCU readers walk while one writer at a time changes them: circular doubly linked ones, on any {next, prev}
 * head of the caller through the macros' names (kernel lists need no second type), and one-pointer heads (hlist) for tables.
 *
 *                    walk      add, del (writer's lock)
 *   walk             yes       yes: sees the list with or without the change
 *   add, del         yes       no: the caller's lock
 * Progress: walk is wait-free a step, add and del are wait-free. Ordering: L1 a walker sees an added node's contents and the list
 * behind it. L2 a walker that stands on a node that is deleted goes on into the list. Nothing else: a walk is no snapshot.
 * Reuse: a deleted node keeps its next pointer; free it, or add it again anywhere, after a grace period.
 * Source: McKenney and Walpole, "Introducing technology into the Linux kernel", SIGOPS OSR 42(5), 2008. */
#pragma once
#include "lockfree/rcu.h"

#define rcu_list_add_between(n, p, x)                                                              \
    do {                                                                                           \
        (n)->next = (x);                                                                           \
        (n)->prev = (p);                                                                           \
        atomic_store_release(&(p)->next, (n)); /* L1 */                                            \
        (x)->prev = (n);                                                                           \
    } while (0)
#define list_add_rcu(n, head)                                                                      \
    do {                                                                                           \
        __typeof__(n) n_ = (n), h_ = (head), x_ = h_->next;                                        \
        rcu_list_add_between(n_, h_, x_);                                                          \
    } while (0)
#define list_add_tail_rcu(n, head)                                                                 \
    do {                                                                                           \
        __typeof__(n) n_ = (n), h_ = (head), p_ = h_->prev;                                        \
        rcu_list_add_between(n_, p_, h_);                                                          \
    } while (0)
#define list_del_rcu(n)                                                                            \
    do {                                                                                           \
        __typeof__(n) n_ = (n);                                                                    \
        n_->next->prev = n_->prev;                                                                 \
        atomic_store_release(&n_->prev->next, n_->next); /* L1 of what follows, L2 */              \
    } while (0)
#define list_for_each_entry_rcu(pos, head, member)                                                 \
    for (pos = lf_container_of(rcu_dereference((head)->next), __typeof__(*pos), member);           \
         &pos->member != (head);                                                                   \
         pos = lf_container_of(rcu_dereference(pos->member.next), __typeof__(*pos), member))

struct hlist_node {
    struct hlist_node *next;
    struct hlist_node **pprev; /* writers: whoever points here */
};

struct hlist_head {
    struct hlist_node *first;
};

static inline void hlist_add_at_rcu(struct hlist_node *n, struct hlist_node **at)
{
    struct hlist_node *next = atomic_load_relaxed(at);

    n->pprev = at;
    n->next = next;
    if (next)
        next->pprev = &n->next;
    atomic_store_release(at, n); /* L1; partner: hlist_for_each_entry_rcu */
}

static inline void hlist_add_head_rcu(struct hlist_node *n, struct hlist_head *head)
{
    hlist_add_at_rcu(n, &head->first);
}

static inline void hlist_add_behind_rcu(struct hlist_node *n, struct hlist_node *prev)
{
    hlist_add_at_rcu(n, &prev->next);
}

static inline void hlist_del_rcu(struct hlist_node *n)
{
    struct hlist_node *next = atomic_load_relaxed(&n->next);

    if (next)
        next->pprev = n->pprev;
    atomic_store_release(n->pprev, next); /* L1 of what follows, L2 */
}

#define hlist_entry_or_null(node, type, member)                                                    \
    ({                                                                                             \
        struct hlist_node *n_ = (node);                                                            \
        n_ ? lf_container_of(n_, type, member) : NULL;                                             \
    })
#define hlist_for_each_entry_rcu(pos, head, member)                                                \
    for (pos = hlist_entry_or_null(rcu_dereference((head)->first), __typeof__(*pos), member); pos; \
         pos = hlist_entry_or_null(rcu_dereference(pos->member.next), __typeof__(*pos), member))
