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
    c->rest_due = c->rest_from = long_before(n->key); /* to be looked at */
}

/* C1, for a calendar that is not empty. Today may become an earlier day. */
static bool calendar_takes(struct fair_calendar *c, const struct fair_node *n)
{
    uint64_t day;

    if (n->deadline - n->key != c->length)
        return false;
    if (lf_likely((n->key - c->today) >> c->shift < CALENDAR_DAYS))
        return true;
    day = n->key >> c->shift << c->shift;
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

void calendar_insert_slow(struct fair_calendar *c, struct fairq *rest, struct fair_node *n, uint64_t whole)
{
    if (!c->days)
        begin(c, n, whole);
    if (calendar_takes(c, n)) {
        calendar_enter(c, n);
        return;
    }
    if (fairq_key_before(n->deadline, c->rest_due))
        c->rest_due = n->deadline;
    if (fairq_key_before(n->key, c->rest_from))
        c->rest_from = n->key;
    fairq_insert(rest, n);
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

    if (!rest->total || (first && !fairq_key_before(c->rest_due, first->deadline)))
        return first;
    n = rest_due(rest);
    return first && !due_before(n, first) ? first : n;
}

/* The first is eligible; somebody in the rest may go before it. C4 is made exact. */
struct fair_node *calendar_pick_slow(struct fair_calendar *c, const struct fairq *rest, uint64_t v)
{
    struct fair_node *first = calendar_first(c), *n;

    if (!rest->total) {
        c->rest_due = c->rest_from = long_after(first->deadline);
        return first;
    }
    c->rest_from = fairq_min(rest)->key;
    if (fairq_key_before(v, c->rest_from))
        return first;
    n = rest_due(rest);
    c->rest_due = n->deadline;
    if (due_before(n, first) && fairq_key_before(v, n->key))
        n = fairq_pick_eligible(rest, v);
    return n && due_before(n, first) ? n : first;
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
