/* rcu_list.h: circular doubly linked lists that RCU readers walk while one writer at a time changes them.
 *
 *                    walk      add/del(writer's lock)
 *   walk             yes       yes: sees the list with or without the change
 *   add/del          yes       no
 * Works on any {next, prev} head of the caller through the macros' names, so kernel lists need no second type.
 * Progress: walk wait-free per step. Ordering: L1 a walker sees an added node's contents. Reuse: a deleted node keeps its next
 * pointer; free it after a grace period. */
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
        atomic_store_release(&n_->prev->next, n_->next);                                           \
    } while (0)
#define list_for_each_entry_rcu(pos, head, member)                                                 \
    for (pos = lf_container_of(rcu_dereference((head)->next), __typeof__(*pos), member);           \
         &pos->member != (head);                                                                   \
         pos = lf_container_of(rcu_dereference(pos->member.next), __typeof__(*pos), member))
