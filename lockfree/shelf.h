/* shelf.h: a few slots on which an owner publishes surplus objects; owner and thieves take them by the same xchg.
 *
 *                  put(owner)  take
 *   put(owner)     no          yes
 *   take           yes         yes (each object goes to exactly one taker)
 * Progress: all wait-free. Ordering: H1 what the owner wrote before put is seen by the taker; H2 put and a successful take are
 * full barriers. Reuse: the taker owns the object; a slot may be filled again at once (no ABA: a slot holds no link).
 * Only the owner puts, so a slot it saw empty stays empty until it puts. Source: our own; the slots are what is left of a work-stealing
 * deque (Arora, Blumofe and Plaxton, SPAA 1998) when the order does not matter and any slot may be taken back. */
#pragma once
#include "lockfree/atomic.h"
#include "lockfree/env.h"

#define SHELF_SLOTS 4

struct shelf {
    void *slot[SHELF_SLOTS];
} LF_CACHELINE;

/* Owner only. Returns the slot used, or -1 when all are full. */
static inline int shelf_put_owner(struct shelf *s, void *object)
{
    LF_DEBUG_ASSERT(object, s);
    for (int i = 0; i < SHELF_SLOTS; i++) {
        if (!atomic_load_relaxed(&s->slot[i])) {
            void *old = atomic_xchg_full(&s->slot[i], object); /* H1, H2 */

            LF_DEBUG_ASSERT(!old, s);
            (void)old;
            return i;
        }
    }
    return -1;
}

/* Anyone, the owner too. NULL when the slot is empty or another was faster. */
static inline void *shelf_take_slot(struct shelf *s, int i)
{
    if (!atomic_load_relaxed(&s->slot[i]))
        return NULL;
    return atomic_xchg_full(&s->slot[i], NULL); /* H1, H2 */
}

static inline void *shelf_take(struct shelf *s)
{
    for (int i = 0; i < SHELF_SLOTS; i++) {
        void *object = shelf_take_slot(s, i);

        if (object)
            return object;
    }
    return NULL;
}

static inline bool shelf_is_empty(const struct shelf *s)
{
    for (int i = 0; i < SHELF_SLOTS; i++)
        if (atomic_load_relaxed(&s->slot[i]))
            return false;
    return true;
}
