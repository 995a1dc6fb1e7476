/* check_fair_calendar.h: the calendar's invariants, and what is found in it beside a plain search over all nodes, for who tests it. Host
 * only; the including file brings CHECK. */
#pragma once
#include "percpu/check_fairq.h"
#include "percpu/fair_calendar.h"

static inline bool calendar_holds(const struct fair_node *n)
{
    return n->slot == FAIR_IN_CALENDAR;
}

/* Of those whose key is not after v the one with the earliest deadline. */
static inline const struct fair_node *plain_due(const struct fair_node *node, unsigned nodes, uint64_t v)
{
    const struct fair_node *best = NULL;

    for (unsigned i = 0; i < nodes; i++)
        if (fair_node_is_queued(&node[i]) && !fairq_key_before(v, node[i].key) &&
            (!best || fairq_key_before(node[i].deadline, best->deadline)))
            best = &node[i];
    return best;
}

static inline const struct fair_node *plain_least(const struct fair_node *node, unsigned nodes)
{
    const struct fair_node *best = NULL;

    for (unsigned i = 0; i < nodes; i++)
        if (fair_node_is_queued(&node[i]) && (!best || fairq_key_before(node[i].key, best->key)))
            best = &node[i];
    return best;
}

/* The links of a day, and that its members are of it. Returns how many they are. */
static inline unsigned check_day(const struct fair_calendar *c, unsigned day)
{
    const struct fair_node *first = c->day[day], *before = first->child[0];
    unsigned count = 0;

    CHECK(!before->child[1]);
    for (const struct fair_node *n = first; n; before = n, n = n->child[1], count++) {
        CHECK(calendar_holds(n) && calendar_day(c, n->key) == day && n->child[0] == before);
        CHECK(n->deadline - n->key == c->length && (n->key - c->today) >> c->shift < CALENDAR_DAYS); /* C1 */
    }
    return count;
}

static inline void check_calendar(const struct fair_calendar *c, const struct fairq *rest, const struct fair_node *node, unsigned nodes)
{
    unsigned inside = 0, waiting = 0, walked = 0;

    check_fairq(rest);
    for (unsigned day = 0; day < CALENDAR_DAYS; day++)
        if (c->days >> day & 1)
            inside += check_day(c, day);
    CHECK(!c->days || c->today >> c->shift << c->shift == c->today);
    for (unsigned i = 0; i < nodes; i++) {
        if (!fair_node_is_queued(&node[i]))
            continue;
        waiting++;
        if (calendar_holds(&node[i]))
            inside--;
        else if (c->days) /* C4 */
            CHECK(!fairq_key_before(node[i].key, c->rest_from) || !fairq_key_before(node[i].deadline, c->rest_due));
    }
    CHECK(inside == 0);
    for (const struct fair_node *n = calendar_next(c, rest, NULL); n; n = calendar_next(c, rest, n), walked++)
        CHECK(fair_node_is_queued(n) && walked < waiting);
    CHECK(walked == waiting);
}

/* Nothing is found later than plain search finds it but for a day. Looking may make C4 exact. */
static inline void check_calendar_found(struct fair_calendar *c, const struct fairq *rest, const struct fair_node *node, unsigned nodes, uint64_t v)
{
    const struct fair_node *pick = calendar_pick(c, rest, v), *due = calendar_due(c, rest);
    const struct fair_node *min = calendar_min(c, rest), *late = calendar_late(c, rest);
    uint64_t a_day = 1ull << c->shift;
    const struct fair_node *plain = plain_due(node, nodes, v - a_day), *least = plain_least(node, nodes);

    CHECK(!pick || (fair_node_is_queued(pick) && !fairq_key_before(v, pick->key)));
    CHECK(!plain || (pick && fairq_key_before(pick->deadline, plain->deadline + a_day)));
    CHECK(!least == !min && !least == !late && !least == !due);
    if (!least)
        return;
    CHECK(fairq_key_before(min->key, least->key + a_day) && !fairq_key_before(late->key, least->key));
    CHECK(fairq_key_before(due->deadline, plain_due(node, nodes, least->key + (1ull << 62))->deadline + a_day));
}
