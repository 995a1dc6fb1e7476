/* fair_calendar.h: where the fair tasks of a CPU wait: in the calendar, or beside it in percpu/fairq.h (`rest`).
 *
 *            insert, remove, pick, due, min, late, next      fair_node_is_queued
 *   each     no: owner CPU only, interrupts off              any CPU, a hint (fairq.h, slot)
 *
 * Who yields asks anew, and a tree makes each pay for its place among all that wait. Tasks whose requests have one length go by the same
 * order of keys and of deadlines; those stand in the calendar, by days of 2^shift ticks of virtual time, at a price that does not grow.
 *   C1 all in the calendar have the same deadline - key, and their days lie within CALENDAR_DAYS of each other. Who does not fit goes to
 *      the rest.
 *   C2 within a day who came first goes first. So the first of the first day is due first and has the least key but for a day.
 *   C3 the calendar begins with a request of `whole` length, which is asked for again and again, and beside CALENDAR_FROM others: fewer
 *      are as cheap in the rest's arrays.
 *   C4 while the calendar is not empty, nobody in the rest whose key is before rest_from has a deadline before rest_due: until then an
 *      eligible first that is due no later goes without a look at the rest.
 * A node's child[] are its neighbours in the day, 0 the one before; child[0] of the first is the last.
 * Progress: no loop waits; in the calendar each call takes a fixed number of steps, in the rest those of fairq.h. Reuse: a removed node is
 * the caller's; its key and deadline must not change while it is queued. Keys and deadlines wrap, as in fairq.h.
 * Misuse: inserting twice and removing what is not queued are caught in debug builds.
 * Source: Brown, "Calendar queues: a fast O(1) priority queue implementation for the simulation event set problem", CACM 31(10), 1988. */
#pragma once
#include "percpu/fairq.h"

#define CALENDAR_DAYS 64
#define CALENDAR_FROM (FAIRQ_FLAT / 2)
#define FAIR_IN_CALENDAR (FAIRQ_NOWHERE + 1) /* fair_node.slot */

struct fair_calendar {
    uint64_t days;                         /* a bit for each that is not empty; bit d for all days that are d modulo CALENDAR_DAYS */
    uint64_t today;                        /* the key with which the first of them begins; valid while there is one */
    uint64_t length;                       /* deadline - key, C1 */
    uint64_t rest_due, rest_from;          /* C4 */
    uint32_t shift;                        /* set once */
    struct fair_node *day[CALENDAR_DAYS];  /* valid where `days` has a bit */
};

static inline unsigned calendar_day(const struct fair_calendar *c, uint64_t key)
{
    return (key >> c->shift) % CALENDAR_DAYS;
}

/* The days from today on that are not empty: bit 0 is today. */
static inline uint64_t calendar_ahead(const struct fair_calendar *c)
{
    unsigned by = calendar_day(c, c->today);

    return c->days >> by | c->days << (-by % CALENDAR_DAYS);
}

static inline struct fair_node *calendar_first(const struct fair_calendar *c)
{
    return c->days ? c->day[calendar_day(c, c->today)] : NULL;
}

void calendar_leave(struct fair_calendar *c, struct fair_node *n);
void calendar_insert_among_many(struct fair_calendar *c, struct fairq *rest, struct fair_node *n, uint64_t whole);
struct fair_node *calendar_pick_slow(struct fair_calendar *c, const struct fairq *rest, uint64_t v);

static inline void calendar_insert(struct fair_calendar *c, struct fairq *rest, struct fair_node *n, uint64_t whole)
{
    if (lf_likely(rest->total < CALENDAR_FROM) && lf_likely(!c->days)) /* C3 */
        fairq_insert(rest, n);
    else
        calendar_insert_among_many(c, rest, n, whole);
}

static inline void calendar_remove(struct fair_calendar *c, struct fairq *rest, struct fair_node *n)
{
    if (n->slot == FAIR_IN_CALENDAR)
        calendar_leave(c, n);
    else
        fairq_remove(rest, n);
}

/* The earliest deadline of all, in the calendar but for a day; NULL: nobody waits. */
struct fair_node *calendar_due(const struct fair_calendar *c, const struct fairq *rest);
/* calendar_pick() where that needs no look at the rest (C4), else NULL. */
static inline struct fair_node *calendar_peek(const struct fair_calendar *c, uint64_t v)
{
    struct fair_node *first = calendar_first(c);

    if (lf_likely(first) && !fairq_key_before(v, first->key) && lf_likely(fairq_key_before(v, c->rest_from)) &&
        lf_likely(!fairq_key_before(c->rest_due, first->deadline)))
        return first;
    return NULL;
}

/* Of those whose key is not after v the one with the earliest deadline, but for a day; NULL: there is none. */
static inline struct fair_node *calendar_pick(struct fair_calendar *c, const struct fairq *rest, uint64_t v)
{
    struct fair_node *n = calendar_peek(c, v);

    return n ? n : calendar_pick_slow(c, rest, v);
}

/* The least key but for a day, and a late one; NULL: nobody waits. */
struct fair_node *calendar_min(const struct fair_calendar *c, const struct fairq *rest);
struct fair_node *calendar_late(const struct fair_calendar *c, const struct fairq *rest);
/* All, in no order, as fairq_next(). */
struct fair_node *calendar_next(const struct fair_calendar *c, const struct fairq *rest, const struct fair_node *n);
