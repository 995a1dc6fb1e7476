/* interrupts_explore.c: the queue lock with interrupts. A task's section, an interrupt's and an NMI's each have a lock; an interrupt comes
 * before any atomic access of a task, an NMI before any of a task or an interrupt, also while these lock and unlock. In the initial state
 * "queued" each lock is held and has a pending waiter, whose parts thread 1 plays, so that who comes next must queue: a task and the
 * interrupt within it at once. A node that no context of its CPU uses is overwritten: whoever counts on it is found. */
#include "lockfree/explore.h"
#include "lockfree/explore_interrupts.h"
#include "lockfree/qlock.c"

#define INTERRUPTED 2u /* the CPU whose lines are raised */
#define OTHER_USE 2u /* what stands in a node that no lock uses */

enum context { TASK, IRQ, NMI, CONTEXTS };

struct model {
    uint64_t count;
    bool queued;
};

static struct qlock lock[CONTEXTS];                /* an interrupt must not take one that the interrupted context has */
static uint64_t count[CONTEXTS], inside[CONTEXTS]; /* under it */
static struct cpu { /* its own */
    uint64_t ran[CONTEXTS];
    enum context now;
} cpus[EXPLORE_THREADS];
static uint32_t lines[EXPLORE_THREADS]; /* of interrupts: a bit for each context */
static struct qlock_nodes queue[EXPLORE_THREADS];
static bool starts_queued;
static bool queued; /* until thread 1 has let go */

struct qlock_nodes *qlock_env_nodes(uint32_t cpu)
{
    return &queue[cpu];
}

/* Not inlined: the compiler must not see that the lock overwrites it. */
__attribute__((noinline)) static void fresh_nodes(struct qlock_nodes *n)
{
    for (uint32_t i = n->in_use; i < QLOCK_CONTEXTS; i++)
        n->node[i] = (struct qlock_node){&n->node[i], OTHER_USE};
}

/* Only interrupted contexts have nodes when it begins; they still have them, and no others, when it is there. */
static uint64_t section(enum context c)
{
    struct qlock_nodes *mine = &queue[explore_cpu()];
    uint32_t in_use = mine->in_use;
    uint64_t n;

    fresh_nodes(mine);
    qlock_lock(&lock[c]);
    EXPLORE_CHECK(mine->in_use == in_use && in_use <= (uint32_t)c && inside[c]++ == 0);
    fresh_nodes(mine);
    n = ++count[c];
    EXPLORE_CHECK(--inside[c] == 0);
    qlock_unlock(&lock[c]);
    cpus[explore_cpu()].ran[c]++;
    return n;
}

static void explore_point(void)
{
    unsigned cpu = explore_cpu();
    enum context interrupted = cpus[cpu].now;
    uint32_t up;

    while (interrupted < NMI && (up = explore_lines(&lines[cpu]) >> (interrupted + 1))) {
        cpus[cpu].now = up >> 1 ? NMI : interrupted + 1;
        explore_lines_down(&lines[cpu], 1u << cpus[cpu].now);
        section(cpus[cpu].now);
        cpus[cpu].now = interrupted;
    }
}

/* The holder, the pending waiter that follows it, and its unlock: who is interrupted gets its lock last, and may have a successor. */
static void let_go(unsigned thread)
{
    if (thread != 1 || !queued)
        return;
    queued = false;
    for (enum context c = CONTEXTS; c-- > TASK;) {
        atomic_store_release(&lock[c].held, 0);
        atomic_store_relaxed(&lock[c].owned, QLOCK_HELD);
        atomic_store_release(&lock[c].held, 0);
    }
    cpus[thread].now = TASK;
}

static void make_free(void *model)
{
    (void)model;
    explore_name(count, sizeof(count[0]), CONTEXTS, "count");
    explore_name(lock, sizeof(lock[0]), CONTEXTS, "lock");
    explore_name(lines, sizeof(lines[0]), EXPLORE_THREADS, "lines");
    explore_name(queue, sizeof(queue[0]), EXPLORE_THREADS, "nodes");
    for (unsigned i = 0; i < EXPLORE_THREADS; i++)
        fresh_nodes(&queue[i]);
}

static void make_queued(void *model)
{
    struct model *m = model;

    make_free(model);
    queued = starts_queued = m->queued = true;
    cpus[1].now = NMI; /* what it holds its interrupts must not want */
    for (enum context c = TASK; c < CONTEXTS; c++)
        lock[c].owned = QLOCK_PENDING | QLOCK_HELD;
}

/* ---- operations: a task's section is in the order, the others are counted at the end ---- */


static bool task_spec(void *model, unsigned thread, unsigned serial, unsigned outcome, uint64_t *result)
{
    struct model *m = model;

    (void)serial;
    *result = m->queued && thread == 0 ? 0 : ++m->count;
    return outcome == 0;
}

static uint64_t task(unsigned thread, unsigned serial)
{
    (void)serial;
    if (starts_queued && thread == 0)
        return 0; /* two behind the pending one are enough here; more: locks_explore.c */
    let_go(thread);
    return section(TASK);
}

static uint64_t raise(unsigned thread, enum context c)
{
    (void)atomic_fetch_or_relaxed(&lines[INTERRUPTED], 1u << c);
    let_go(thread);
    return 0;
}

static uint64_t irq(unsigned thread, unsigned serial)
{
    (void)serial;
    return raise(thread, IRQ);
}

static uint64_t nmi(unsigned thread, unsigned serial)
{
    (void)serial;
    return raise(thread, NMI);
}

static uint64_t last(unsigned thread, unsigned serial)
{
    (void)thread, (void)serial;
    cpus[0].now = NMI; /* what nobody answered is no matter now */
    for (enum context c = TASK; c < CONTEXTS; c++) {
        uint64_t sections = 0;

        for (unsigned cpu = 0; cpu < EXPLORE_THREADS; cpu++)
            sections += cpus[cpu].ran[c];
        EXPLORE_CHECK(sections == count[c] && qlock_trylock(&lock[c]));
    }
    for (unsigned cpu = 0; cpu < EXPLORE_THREADS; cpu++)
        for (unsigned i = 0; i < QLOCK_CONTEXTS; i++)
            EXPLORE_CHECK(queue[cpu].node[i].first == OTHER_USE && queue[cpu].node[i].next == &queue[cpu].node[i]);
    return 0;
}

static const struct explore_op ops[] = {{"irq", irq, NULL, 0}, {"nmi", nmi, NULL, 0}, {"task", task, task_spec, 0}, {NULL, NULL, NULL, 0}};
static const struct explore_op final = {"last", last, NULL, 0};
static const struct explore_initial initials[] = {{"queued", make_queued}, {"free", make_free}, {NULL, NULL}};
static const struct explore_scenario scenarios[] = {
    {"queued", {"irq nmi", "task irq", "task"}},
    {"free", {"irq", "task task", "task task", "task"}},
    {NULL, {NULL}},
};
static const struct explore_structure interrupts = {
    .name = "qlock, interrupts", .ops = ops, .initials = initials, .scenarios = scenarios, .final = &final};

const struct explore_structure *const explore_list[] = {&interrupts, NULL};
