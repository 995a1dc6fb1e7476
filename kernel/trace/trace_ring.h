/* trace_ring.h: the last N records of one CPU, the oldest overwritten. Owns the slots' protocol; knows nothing of what a record says.
 *
 * One writer, the ring's CPU with interrupts off; readers anywhere, at any time. A reader copies a slot and then looks whether the
 * writer had come round to it: such a copy is refused, never half old and half new.
 *
 *            | put        | read
 *   put      | never      | yes
 *   read     | yes        | yes
 *
 * R1  A record that read() returns was put whole. put: the store of `begun` comes before the slot's words (fence_release, partner: the
 *     fence_acquire in read); read: the slot's words come before the load of `begun`.
 * R2  read() of a record below `head` sees what put wrote. put: `head` by store_release (partner: the load_acquire in trace_ring_head).
 * Progress: put and read are wait-free. Slots are reused in order; nothing is freed while the kernel runs.
 * Source: the sequence lock (Lameter, Gelato 2005; Boehm, MSPC 2012) with one sequence for a ring of slots. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "lockfree/atomic.h"

#define TRACE_WORDS 5

struct trace_slot {
    uint64_t word[TRACE_WORDS];
};

struct trace_ring {
    struct trace_slot *slot; /* mask + 1 of them; set once */
    uint64_t mask;
    uint64_t begun; /* records that put has begun to write; the writer's */
    uint64_t head;  /* records that are whole; the writer's */
};

static inline void trace_ring_put(struct trace_ring *r, const struct trace_slot *s)
{
    uint64_t n = r->head;
    struct trace_slot *to = &r->slot[n & r->mask];

    atomic_store_relaxed(&r->begun, n + 1);
    atomic_fence_release(); /* R1 */
    for (int i = 0; i < TRACE_WORDS; i++)
        atomic_store_relaxed(&to->word[i], s->word[i]);
    atomic_store_release(&r->head, n + 1); /* R2 */
}

/* Records below it may be read. */
static inline uint64_t trace_ring_head(const struct trace_ring *r)
{
    return atomic_load_acquire(&r->head); /* R2 */
}

/* The oldest record that may still be there. */
static inline uint64_t trace_ring_tail(const struct trace_ring *r, uint64_t head)
{
    return head > r->mask + 1 ? head - r->mask - 1 : 0;
}

/* Record n, which must be below a head that was read before. False: it has been overwritten. */
static inline bool trace_ring_read(const struct trace_ring *r, uint64_t n, struct trace_slot *out)
{
    const struct trace_slot *from = &r->slot[n & r->mask];

    for (int i = 0; i < TRACE_WORDS; i++)
        out->word[i] = atomic_load_relaxed(&from->word[i]);
    atomic_fence_acquire(); /* R1 */
    return atomic_load_relaxed(&r->begun) <= n + r->mask + 1;
}
