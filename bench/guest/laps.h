/*
 * laps.h: how long each iteration took. Owns the timings that `laps` in a SPEC asks for: one 32-bit
 * count of TSC ticks an iteration, kept in memory that fork does not copy, made into a histogram and
 * into sums of 32 equal slices after the window. Nothing of it runs in the window but one rdtsc and
 * one store an iteration, and nothing at all when laps were not asked for.
 */
#pragma once
#include <stdint.h>

#define LAP_SLICES 32

struct laps {
    uint32_t *tick; /* room for the run's iterations; NULL: not asked for */
    long count;
    long ops; /* of a lap, where they are not the window's operations by its iterations; else 0 */
    uint64_t last;
};

static inline uint64_t lap_clock(void)
{
    uint32_t lo, hi;
    __asm__ volatile("rdtsc" : "=a"(lo), "=d"(hi)::"memory");
    return (uint64_t)hi << 32 | lo;
}

/* One iteration has ended. A time that does not fit is kept as the greatest one: counted, never dropped, and no figure. */
static inline void lap_take(struct laps *l)
{
    uint64_t now = lap_clock(), d = now - l->last;
    l->tick[l->count++] = d > UINT32_MAX ? UINT32_MAX : (uint32_t)d;
    l->last = now;
}

/* What follows is no part of the next lap. */
static inline void lap_skip(struct laps *l)
{
    l->last = lap_clock();
}

/* Children take the laps: the room is shared with them from now on. Each counts in its own copy of the struct; the parent adds
 * what they took. Nothing when laps were not asked for. 0, or -1 with errno. */
int laps_share(struct laps *l, long n);
/* Room for n laps, touched beforehand. 0, or -1 with errno. */
int laps_prepare(struct laps *l, long n);
/* {"timer":..,["ops":..,]"slices":[..],"hist":".."} of docs/result-protocol.md; the caller frees it, NULL without memory. */
char *laps_json(const struct laps *l);
