/* bitmap.h: arrays of bits shared between CPUs. Single-bit changes are atomic; whole-map operations are not snapshots.
 *
 *              set/clear/test-and-*   read, find, copy
 *   each       any CPUs               any CPUs; a finder may miss a bit that changes while it looks
 * Progress: wait-free. Ordering: B1 test_and_set and test_and_clear are full barriers; set_bit and clear_bit are atomic and relaxed in name
 * though a locked operation on x86; *_plain are for a map that only the caller touches. Reuse: as the memory that holds the map.
 * Source: none needed; the names follow Linux. */
#pragma once
#include "lockfree/atomic.h"
#include "lockfree/env.h"

#define BITMAP_WORDS(bits) (((bits) + 63) / 64)

static inline void bitmap_set(uint64_t *map, unsigned bit)
{
    atomic_fetch_or_relaxed(&map[bit / 64], 1ull << (bit % 64));
}

static inline void bitmap_clear(uint64_t *map, unsigned bit)
{
    atomic_fetch_and_relaxed(&map[bit / 64], ~(1ull << (bit % 64)));
}

static inline bool bitmap_test(const uint64_t *map, unsigned bit)
{
    return (atomic_load_relaxed(&map[bit / 64]) >> (bit % 64)) & 1;
}

static inline bool bitmap_test_and_set(uint64_t *map, unsigned bit)
{
    return (atomic_fetch_or_full(&map[bit / 64], 1ull << (bit % 64)) >> (bit % 64)) & 1; /* B1 */
}

static inline bool bitmap_test_and_clear(uint64_t *map, unsigned bit)
{
    return (atomic_fetch_and_full(&map[bit / 64], ~(1ull << (bit % 64))) >> (bit % 64)) & 1; /* B1 */
}

static inline void bitmap_set_plain(uint64_t *map, unsigned bit)
{
    map[bit / 64] |= 1ull << (bit % 64);
}

static inline void bitmap_clear_plain(uint64_t *map, unsigned bit)
{
    map[bit / 64] &= ~(1ull << (bit % 64));
}

/* First set bit at or after `from`; `bits` when there is none. */
static inline unsigned bitmap_find(const uint64_t *map, unsigned bits, unsigned from)
{
    unsigned w = from / 64;
    uint64_t v;

    if (from >= bits)
        return bits;
    v = atomic_load_relaxed(&map[w]) & (~0ull << (from % 64));
    while (!v) {
        if (++w >= BITMAP_WORDS(bits))
            return bits;
        v = atomic_load_relaxed(&map[w]);
    }
    w = w * 64 + (unsigned)__builtin_ctzll(v);
    return w < bits ? w : bits;
}

static inline unsigned bitmap_find_zero(const uint64_t *map, unsigned bits, unsigned from)
{
    unsigned w = from / 64;
    uint64_t v;

    if (from >= bits)
        return bits;
    v = ~atomic_load_relaxed(&map[w]) & (~0ull << (from % 64));
    while (!v) {
        if (++w >= BITMAP_WORDS(bits))
            return bits;
        v = ~atomic_load_relaxed(&map[w]);
    }
    w = w * 64 + (unsigned)__builtin_ctzll(v);
    return w < bits ? w : bits;
}

/* First bit that is set in both, at or after `from`; `bits` when there is none. */
static inline unsigned bitmap_find_and(const uint64_t *a, const uint64_t *b, unsigned bits, unsigned from)
{
    for (unsigned w = from / 64; w < BITMAP_WORDS(bits); w++) {
        uint64_t v = atomic_load_relaxed(&a[w]) & atomic_load_relaxed(&b[w]);

        if (w == from / 64)
            v &= ~0ull << (from % 64);
        if (v) {
            unsigned bit = w * 64 + (unsigned)__builtin_ctzll(v);

            return bit < bits ? bit : bits;
        }
    }
    return bits;
}

static inline unsigned bitmap_weight(const uint64_t *map, unsigned bits)
{
    unsigned n = 0;

    for (unsigned w = 0; w < BITMAP_WORDS(bits); w++)
        n += (unsigned)__builtin_popcountll(atomic_load_relaxed(&map[w]));
    return n;
}
