/* fair_calendar.c: what is to be found in the calendar and beside it. Owner CPU only, interrupts off. */
#include "percpu/fair_calendar.h"

static bool due_before(const struct fair_node *a, const struct fair_node *b)
{
    return fairq_key_before(a->deadline, b->deadline);
}

/* Before, and after, whatever is compared with key. */
static uint64_t long_before(uint64_t key)
{
    return key - (1ull << 62);
}

static uint64_t long_after(uint64_t key)
{
    return key + (1ull << 62);
}

/* ---- coming and going ---- */

/* C3, if n fits. */
static void begin(struct fair_calendar *c, const struct fair_node *n, uint64_t whole)
{
    c->today = n->key >> c->shift << c->shift;
    c->length = whole;
    c->rest_from = long_before(n->key); /* to be looked at */
}

/* C1, for a calendar that is not empty and n of its length. */
static bool is_from_today_on(const struct fair_calendar *c, const struct fair_node *n)
{
    return (n->key - c->today) >> c->shift < CALENDAR_DAYS;
}

/* The same for who is before that. Today may become an earlier day. */
static bool begins_earlier(struct fair_calendar *c, const struct fair_node *n)
{
    uint64_t day = n->key >> c->shift << c->shift;

    if ((c->today - day) >> c->shift > (uint64_t)__builtin_clzll(calendar_ahead(c)))
        return false;
    c->today = day;
    return true;
}

static void calendar_enter(struct fair_calendar *c, struct fair_node *n)
{
    unsigned day = calendar_day(c, n->key);
    struct fair_node *first = c->day[day];

    LF_MISUSE_IF(n->slot != FAIRQ_NOWHERE, "calendar: entered while in a queue", n, n->queued);
    LF_SITE_HERE(n->queued);
    atomic_store_relaxed(&n->slot, FAIR_IN_CALENDAR);
    n->child[1] = NULL;
    if (c->days >> day & 1) {
        n->child[0] = first->child[0];
        first->child[0]->child[1] = n;
        first->child[0] = n;
        return;
    }
    c->days |= 1ull << day;
    c->day[day] = n->child[0] = n;
}

void calendar_leave(struct fair_calendar *c, struct fair_node *n)
{
    unsigned day = calendar_day(c, n->key);
    struct fair_node *first = c->day[day], *after = n->child[1];

    LF_MISUSE_IF(n->slot != FAIR_IN_CALENDAR, "calendar: left while not in it", n, n->queued);
    LF_SITE_HERE(n->queued);
    atomic_store_relaxed(&n->slot, FAIRQ_NOWHERE);
    if (n != first) {
        n->child[0]->child[1] = after;
        (after ? after : first)->child[0] = n->child[0];
    } else if (after) {
        after->child[0] = n->child[0];
        c->day[day] = after;
    } else {
        c->days &= ~(1ull << day);
        if (c->days)
            c->today += (uint64_t)__builtin_ctzll(calendar_ahead(c)) << c->shift;
    }
}

static __attribute__((noinline)) void insert_elsewhere(struct fair_calendar *c, struct fairq *rest, struct fair_node *n, uint64_t whole)
{
    if (!c->days)
        begin(c, n, whole);
    if (n->deadline - n->key == c->length && (is_from_today_on(c, n) || begins_earlier(c, n))) {
        calendar_enter(c, n);
        return;
    }
    if (fairq_key_before(n->key, c->rest_from) && fairq_key_before(n->deadline, c->rest_due))
        c->rest_due = n->deadline;
    fairq_insert(rest, n);
}

void calendar_insert_among_many(struct fair_calendar *c, struct fairq *rest, struct fair_node *n, uint64_t whole)
{
    if (lf_likely(c->days) && lf_likely(n->deadline - n->key == c->length) && lf_likely(is_from_today_on(c, n)))
        calendar_enter(c, n);
    else
        insert_elsewhere(c, rest, n, whole);
}

/* ---- finding ---- */

/* The earliest deadline of the rest, not empty. Where requests have one length it is the least key's, too. */
static struct fair_node *rest_due(const struct fairq *rest)
{
    struct fair_node *n = rest->first;

    if (rest->flat || n->deadline != rest->root->least)
        n = fairq_pick_eligible(rest, long_after(fairq_min(rest)->key));
    return n;
}

struct fair_node *calendar_due(const struct fair_calendar *c, const struct fairq *rest)
{
    struct fair_node *first = calendar_first(c), *n;

    if (!rest->total)
        return first;
    n = rest_due(rest);
    return first && !due_before(n, first) ? first : n;
}

/* The first is eligible; somebody in the rest may go before it. If nobody does, C4 says how long so. */
static struct fair_node *first_or_rest(struct fair_calendar *c, const struct fairq *rest, uint64_t v)
{
    struct fair_node *first = calendar_first(c), *n, *best;

    c->rest_from = long_after(v);
    c->rest_due = long_after(first->deadline);
    if (!rest->total)
        return first;
    n = rest_due(rest);
    if (!due_before(n, first) || !fairq_key_before(v, n->key)) {
        c->rest_due = n->deadline;
        return due_before(n, first) ? n : first;
    }
    c->rest_from = fairq_first_after(rest, v)->key;
    best = fairq_pick_eligible(rest, v);
    if (!best)
        return first;
    c->rest_due = best->deadline;
    return due_before(best, first) ? best : first;
}

struct fair_node *calendar_pick_slow(struct fair_calendar *c, const struct fairq *rest, uint64_t v)
{
    struct fair_node *first = calendar_first(c);

    return first && !fairq_key_before(v, first->key) ? first_or_rest(c, rest, v) : fairq_pick_eligible(rest, v);
}

struct fair_node *calendar_min(const struct fair_calendar *c, const struct fairq *rest)
{
    struct fair_node *first = calendar_first(c), *n = fairq_min(rest);

    return !n || (first && fairq_key_before(first->key, n->key)) ? first : n;
}

static struct fair_node *last_of_all(const struct fair_calendar *c)
{
    unsigned day = calendar_day(c, c->today) + CALENDAR_DAYS - 1 - (unsigned)__builtin_clzll(calendar_ahead(c));

    return c->day[day % CALENDAR_DAYS]->child[0];
}

struct fair_node *calendar_late(const struct fair_calendar *c, const struct fairq *rest)
{
    struct fair_node *n = fairq_late(rest), *last;

    if (!c->days)
        return n;
    last = last_of_all(c);
    return !n || fairq_key_before(n->key, last->key) ? last : n;
}

/* The first of the first day, in the order of bits, from `day` on. */
static struct fair_node *from_day(const struct fair_calendar *c, unsigned day)
{
    uint64_t days = day < CALENDAR_DAYS ? c->days >> day << day : 0;

    return days ? c->day[__builtin_ctzll(days)] : NULL;
}

struct fair_node *calendar_next(const struct fair_calendar *c, const struct fairq *rest, const struct fair_node *n)
{
    struct fair_node *next;

    if (n && n->slot == FAIR_IN_CALENDAR)
        return n->child[1] ? n->child[1] : from_day(c, calendar_day(c, n->key) + 1);
    next = fairq_next(rest, n);
    return next ? next : from_day(c, 0);
}
