/* srcu.c: the periods of srcu.h. Must never wait. */
#include "lockfree/srcu.h"

void srcu_init(struct srcu *s, struct srcu_slot *slots, uint32_t nr_slots)
{
    LF_ASSERT(nr_slots, s);
    s->slots = slots;
    s->nr_slots = nr_slots;
    s->index = LF_COUNTER_START(uint32_t);
    s->seq = LF_COUNTER_START(uint64_t);
    s->flipped = false;
    for (int i = 0; i < 2; i++)
        slots[0].in[i] = slots[0].out[i] = LF_COUNTER_START(uint64_t);
}

/* True: everybody who had counted in at this index when the sum of the outs was read has counted out. A reader that counts in
 * between the two sums makes them differ; one that counts out between them was inside and does too. One whose count is not seen
 * comes after the full operation that the caller made before (srcu_start, the flip), and so sees the removal. */
static bool index_is_idle(const struct srcu *s, unsigned index)
{
    uint64_t out = 0, in = 0;

    for (uint32_t i = 0; i < s->nr_slots; i++)
        out += atomic_load_acquire(&s->slots[i].out[index]); /* V1: the sections are over, and before the ins; partner: srcu_unlock */
    for (uint32_t i = 0; i < s->nr_slots; i++)
        in += atomic_load_relaxed(&s->slots[i].in[index]);
    return in == out;
}

void srcu_start(struct srcu *s)
{
    uint64_t old = atomic_fetch_add_full(&s->seq, 1); /* the removal before the sums; partner: srcu_lock. And srcu_snapshot */

    LF_ASSERT(!(old & 1), s);
    s->flipped = false;
}

bool srcu_advance(struct srcu *s)
{
    unsigned current_index = atomic_load_relaxed(&s->index) & 1;

    if (!index_is_idle(s, !current_index))
        return false;
    if (!s->flipped) {
        s->flipped = true;
        (void)atomic_fetch_add_full(&s->index, 1); /* before the other index's sums: who is not in them comes after. Partner: srcu_lock */
        if (!index_is_idle(s, current_index))
            return false;
    }
    (void)atomic_fetch_add_release(&s->seq, 1); /* V1; partner: srcu_poll */
    return true;
}
