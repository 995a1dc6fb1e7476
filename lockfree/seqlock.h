/* seqlock.h: readers retry, writers never wait for readers. One writer at a time: the caller brings the writers' lock.
 *
 *              read      write
 *   read       yes       yes: the reader retries
 *   write      yes       no
 * Progress: write is wait-free; read is obstruction-free. Ordering: S1 the data read between seq_read_begin and a false
 * seq_read_retry is one writer's whole state. Data are read and written by relaxed atomics (or are torn harmlessly).
 * A reader must not run where it can interrupt the writer (irq readers: write with interrupts off).
 * Source: Boehm, MSPC 2012. */
#pragma once
#include "lockfree/atomic.h"
#include "lockfree/env.h"

struct seqcount {
    uint32_t seq; /* odd while a writer is inside */
};
#define SEQCOUNT_INIT { LF_COUNTER_START(uint32_t) }

static inline uint32_t seq_read_begin(const struct seqcount *s)
{
    uint32_t v;

    while (lf_unlikely((v = atomic_load_acquire(&s->seq)) & 1))
        cpu_relax();
    return v;
}

static inline bool seq_read_retry(const struct seqcount *s, uint32_t begun)
{
    atomic_fence_acquire(); /* pairs with the release fence in seq_write_begin: S1 */
    return lf_unlikely(atomic_load_relaxed(&s->seq) != begun);
}

static inline void seq_write_begin(struct seqcount *s)
{
    LF_DEBUG_ASSERT(!(s->seq & 1), s);
    atomic_store_relaxed(&s->seq, s->seq + 1);
    atomic_fence_release(); /* the odd value before the data: seq_read_retry */
}

static inline void seq_write_end(struct seqcount *s)
{
    LF_DEBUG_ASSERT(s->seq & 1, s);
    atomic_store_release(&s->seq, s->seq + 1); /* the data before the even value: seq_read_begin */
}
