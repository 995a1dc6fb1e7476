/* qlock_explore.c: locks_explore.c once more, with each access to a part of a lock's word made an access to the whole word. Of locations that
 * are used in several sizes the explorer's weak loads return the newest value only; here they may return an older word, so that it shows
 * who relies on having seen a newer one. A store to a part is a read-modify-write here: what store buffers do, locks_explore.c shows. */
#include "lockfree/atomic.h"

static inline uint32_t *word_of(const volatile void *part)
{
    return (uint32_t *)((uintptr_t)part & ~3ul);
}

static inline unsigned shift_of(const volatile void *part)
{
    return 8 * ((unsigned)(uintptr_t)part & 3);
}

static inline uint32_t part_load(const volatile void *part, unsigned size, int order)
{
    uint32_t word = order == __ATOMIC_RELAXED ? atomic_load_relaxed(word_of(part)) : atomic_load_acquire(word_of(part));

    return word >> shift_of(part) & ((1u << 8 * size) - 1);
}

/* The part becomes `value`, or `value` more than it was; what it was. */
static inline uint32_t part_change(volatile void *part, unsigned size, uint32_t value, bool add, int order)
{
    uint32_t *word = word_of(part), mask = ((1u << 8 * size) - 1) << shift_of(part);
    uint32_t old = atomic_load_relaxed(word), changed;

    value <<= shift_of(part);
    do
        changed = (old & ~mask) | ((add ? old + value : value) & mask);
    while (!(order == __ATOMIC_RELAXED ? atomic_cas_relaxed(word, &old, changed) : atomic_cas_release(word, &old, changed)));
    return (old & mask) >> shift_of(part);
}

#define IS_PART(p) (sizeof(*(p)) < sizeof(uint32_t))
#define __atomic_load_n(p, order)                                                                  \
    __builtin_choose_expr(IS_PART(p), (__typeof__(*(p)))(uintptr_t)part_load((p), sizeof(*(p)), (order)), \
                          __atomic_load_n((p), (order)))
#define __atomic_store_n(p, v, order)                                                              \
    __builtin_choose_expr(IS_PART(p), (void)part_change((p), sizeof(*(p)), (uint32_t)(uintptr_t)(v), false, (order)), \
                          __atomic_store_n((p), (v), (order)))
#define __atomic_fetch_add(p, v, order)                                                            \
    __builtin_choose_expr(IS_PART(p), (__typeof__(*(p)))part_change((p), sizeof(*(p)), (uint32_t)(v), true, (order)), \
                          __atomic_fetch_add((p), (v), (order)))

#define STALE_WORDS 1
#include "lockfree/locks_explore.c"
#include "lockfree/qlock.c"
