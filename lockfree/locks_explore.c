/* locks_explore.c: the spin locks. An operation is a whole critical section over a plain counter and returns the count, so the order of
 * the sections is the order of the results; what the sections touch is plain, so an unlock that does not release is a race. A node that
 * is the caller's own again is overwritten by plain stores, so that whoever touches it late, or is not ordered before, is one too. */
#include "lockfree/explore.h"
#include "lockfree/mcs.h"
#include "lockfree/qlock.h"
#include "lockfree/ticket_lock.h"

struct model {
    uint64_t count;
};

#define OTHER_USE 2u /* what stands in a node that no lock uses */

static uint64_t count, inside; /* under the lock */
static raw_spinlock_t ticket;
static struct mcs_lock mcs;
static struct mcs_node nodes[EXPLORE_THREADS];
static struct qlock qlock;
static struct qlock_nodes queue[EXPLORE_THREADS];

struct qlock_nodes *qlock_env_nodes(uint32_t cpu)
{
    return &queue[cpu];
}

/* What else the memory of a node was used for since. Not inlined: the compiler must not see that the lock overwrites it. */
__attribute__((noinline)) static struct mcs_node *fresh_node(unsigned thread)
{
    nodes[thread] = (struct mcs_node){&nodes[thread], OTHER_USE};
    return &nodes[thread];
}

/* The nodes that no interrupted context of this CPU uses; returns how many such contexts there are. */
__attribute__((noinline)) static uint32_t fresh_nodes(unsigned thread)
{
    struct qlock_nodes *n = &queue[thread];

    for (uint32_t i = n->in_use; i < QLOCK_CONTEXTS; i++)
        n->node[i] = (struct qlock_node){&n->node[i], OTHER_USE};
    return n->in_use;
}

/* The holder, after its section (the load here must not order that): who queues cannot leave meanwhile, and its node is counted as in use, so that whoever interrupts it takes the next one. */
static void check_queue(void)
{
    uint32_t last = atomic_load_acquire(&qlock.word) >> QLOCK_TAIL;

    if (last)
        EXPLORE_CHECK(atomic_load_relaxed(&queue[(last - 1) / QLOCK_CONTEXTS].in_use) > (last - 1) % QLOCK_CONTEXTS);
}

/* At the end: nobody has written to a node that was its owner's again. */
static bool nodes_are_untouched(void)
{
    for (unsigned i = 0; i < EXPLORE_THREADS; i++) {
        if (nodes[i].granted != OTHER_USE || nodes[i].next != &nodes[i])
            return false;
        for (uint32_t k = 0; k < QLOCK_CONTEXTS; k++)
            if (queue[i].node[k].first != OTHER_USE || queue[i].node[k].next != &queue[i].node[k])
                return false;
    }
    return true;
}

static uint64_t section(void)
{
    EXPLORE_CHECK(inside++ == 0);
    count++;
    EXPLORE_CHECK(--inside == 0);
    return count;
}

static void make_free(void *model)
{
    (void)model;
    explore_name(&count, sizeof(count), 1, "count");
    explore_name(&inside, sizeof(inside), 1, "inside");
    explore_name(&ticket, sizeof(ticket), 1, "ticket");
    explore_name(&mcs, sizeof(mcs), 1, "mcs");
    explore_name(nodes, sizeof(nodes[0]), EXPLORE_THREADS, "node");
    explore_name(&qlock, sizeof(qlock), 1, "qlock");
    explore_name(queue, sizeof(queue[0]), EXPLORE_THREADS, "nodes");
}

static void make_nodes(void *model)
{
    make_free(model);
    for (unsigned i = 0; i < EXPLORE_THREADS; i++) {
        fresh_node(i);
        fresh_nodes(i);
    }
}

static void make_wrap(void *model)
{
    make_free(model);
    ticket.owner = ticket.next = 0xffff;
}

#ifndef STALE_WORDS /* who tries again and again counts his turns, without end while the word he sees is an old one */
static void make_unfair(void *model)
{
    make_nodes(model);
    qlock_unfair = true;
}

/* On CPU 1 an interrupted context is in the slow path, on CPU 2 as many as there are nodes, on CPU 3 two. */
static void make_nested(void *model)
{
    make_nodes(model);
    queue[1].in_use = 1;
    queue[2].in_use = QLOCK_CONTEXTS;
    queue[3].in_use = 2;
}
#endif

/* Thread 0 holds the lock when the others come, so that three threads make a queue of two behind the pending one. */
static bool held_before;

static void make_held(void *model)
{
    make_nodes(model);
    qlock_lock(&qlock);
    held_before = true;
}

static void let_go(unsigned thread)
{
    if (thread || !held_before)
        return;
    held_before = false;
    qlock_unlock(&qlock);
}

static bool lock_spec(void *model, unsigned thread, unsigned serial, unsigned outcome, uint64_t *result)
{
    struct model *m = model;

    (void)thread;
    (void)serial;
    *result = ++m->count;
    return outcome == 0;
}

/* Somebody else's section may be running: then it fails. That it takes a free lock, the last operation checks. */
static bool try_spec(void *model, unsigned thread, unsigned serial, unsigned outcome, uint64_t *result)
{
    struct model *m = model;

    (void)thread;
    (void)serial;
    *result = outcome ? 0 : ++m->count;
    return outcome < 2;
}

/* Any answer; but it may be asked at any time. */
static bool ask_spec(void *model, unsigned thread, unsigned serial, unsigned outcome, uint64_t *result)
{
    (void)model;
    (void)thread;
    (void)serial;
    *result = outcome;
    return outcome < 2;
}

#define RUN(name, ...)                                                                             \
    static uint64_t name(unsigned thread, unsigned serial)                                         \
    {                                                                                              \
        (void)thread;                                                                              \
        (void)serial;                                                                              \
        __VA_ARGS__                                                                                \
    }

RUN(ticket_lock, raw_spin_lock(&ticket); uint64_t n = section(); raw_spin_unlock(&ticket); return n;)
RUN(ticket_try, if (!raw_spin_trylock(&ticket)) return 0; uint64_t n = section(); raw_spin_unlock(&ticket); return n;)
RUN(ticket_ask, return raw_spin_is_locked(&ticket);)
RUN(ticket_last, uint64_t n = ticket_try(thread, serial); EXPLORE_CHECK(n && !raw_spin_is_locked(&ticket)); return n;)

RUN(mcs_section, mcs_lock(&mcs, fresh_node(thread)); uint64_t n = section(); mcs_unlock(&mcs, &nodes[thread]);
    fresh_node(thread); return n;)
RUN(mcs_try, uint64_t n = 0; if (mcs_trylock(&mcs, fresh_node(thread))) { n = section(); mcs_unlock(&mcs, &nodes[thread]); }
    fresh_node(thread); return n;)
RUN(mcs_ask, return mcs_is_locked(&mcs);)
RUN(mcs_last, uint64_t n = mcs_try(thread, serial); EXPLORE_CHECK(n && !mcs_is_locked(&mcs) && nodes_are_untouched()); return n;)

RUN(qlock_section, let_go(thread); uint32_t interrupted = fresh_nodes(thread); qlock_lock(&qlock); EXPLORE_CHECK(fresh_nodes(thread) == interrupted);
    uint64_t n = section(); check_queue(); qlock_unlock(&qlock); return n;)
RUN(qlock_try, let_go(thread); if (!qlock_trylock(&qlock)) return 0; uint64_t n = section(); qlock_unlock(&qlock); return n;)
RUN(qlock_ask, let_go(thread); return qlock_is_locked(&qlock);)
RUN(qlock_last, uint64_t n = qlock_try(thread, serial); EXPLORE_CHECK(n && !qlock_is_locked(&qlock) && nodes_are_untouched()); return n;)

#define OPS(lock, section, try, ask)                                                               \
    static const struct explore_op lock##_ops[] = {{"lock", section, lock_spec, 0},                \
                                                   {"try", try, try_spec, 0},                      \
                                                   {"ask", ask, ask_spec, 0},                      \
                                                   {NULL, NULL, NULL, 0}};                         \
    static const struct explore_op lock##_final = {"try at the end", lock##_last, lock_spec, 0};

OPS(ticket, ticket_lock, ticket_try, ticket_ask)
OPS(mcs, mcs_section, mcs_try, mcs_ask)
OPS(qlock, qlock_section, qlock_try, qlock_ask)

#define SCENARIOS(lock, initial)                                                                   \
    static const struct explore_scenario lock##_scenarios[] = {                                    \
        {initial, {"lock", "lock", "lock", "lock"}},                                               \
        {initial, {"lock lock lock lock lock lock", "lock lock lock lock lock lock"}},             \
        {initial, {"lock lock try lock lock try", "try lock ask lock try lock"}},                  \
        {initial, {"lock lock lock lock", "lock lock lock lock", "lock try lock lock"}},           \
        {initial, {"lock lock lock", "lock lock lock", "lock lock lock", "lock lock try"}},        \
        {NULL, {NULL}},                                                                            \
    };

SCENARIOS(ticket, "wrap")
SCENARIOS(mcs, "free")
SCENARIOS(qlock, "free")

static const struct explore_initial ticket_initials[] = {{"free", make_free}, {"wrap", make_wrap}, {NULL, NULL}};
static const struct explore_initial mcs_initials[] = {{"free", make_nodes}, {NULL, NULL}};
static const struct explore_initial qlock_initials[] = {
    {"free", make_nodes}, {"held", make_held},
#ifndef STALE_WORDS
    {"unfair", make_unfair}, {"nested", make_nested},
#endif
    {NULL, NULL}};

#define STRUCTURE(lock)                                                                            \
    static const struct explore_structure lock##_structure = {.name = #lock,                       \
                                                              .ops = lock##_ops,                   \
                                                              .initials = lock##_initials,         \
                                                              .scenarios = lock##_scenarios,       \
                                                              .final = &lock##_final};

STRUCTURE(ticket)
STRUCTURE(mcs)
STRUCTURE(qlock)

const struct explore_structure *const explore_list[] = {&ticket_structure, &mcs_structure, &qlock_structure, NULL};
