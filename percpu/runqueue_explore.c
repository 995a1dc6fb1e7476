/* runqueue_explore.c: inbox, kick, shelf, stealing, requests with HANDOVER and affinity over the real runqueue.c. Each thread is a CPU
 * with its queue; there are two tasks. Checked in every order: a task runs on one CPU at a time and where its mask allows (T1, Q4), no
 * wake-up is lost (Q1), each request is carried out and each reference comes back (Q3, Q5), a CPU that has mail is kicked (Q2), and
 * the owner's counts are those of its queue and shelf. CPU 3 is off line, and CPU 0 has adopted it (Q6). */
#include "lockfree/explore.h"
#include "percpu/runqueue.h"

#define CPUS  3
#define TASKS 2
#define CLASS 1u
#define ABSENT  3u
#define ADOPTER 0u
#define EVERYWHERE ((1ull << CPUS) - 1)

struct task {
    struct rq_task rq;
    uint64_t allowed;
    uint64_t mail;       /* atomic: tokens sent to it */
    uint64_t read;       /* plain, the task: tokens it has taken. A race here: two CPUs run it, or its context was not handed over */
    uint32_t references; /* atomic */
    uint32_t wanted, done;               /* atomic: affinity changes asked for, and in force */
    uint32_t policy_wanted, policy_done; /* atomic */
    uint32_t edits;                      /* plain, the owner's */
};

struct cpu {
    struct runqueue q;
    struct task *curr;
    uint64_t keys;
    uint32_t ipis; /* atomic */
    uint32_t calls; /* the owner's: how often it found itself kicked */
    bool raised;    /* the owner's: it called itself */
    bool polls;     /* always: RQ_POLLING stands in its kick word */
};

static struct cpu cpus[EXPLORE_THREADS];
static struct task tasks[TASKS];
static struct rq_task fillers[SHELF_SLOTS]; /* on the shelf where it is full: nobody steals there */
static uint32_t clearing_up; /* number + 1 of the CPU that the final look is */

uint32_t lf_env_cpu(void)
{
    return clearing_up ? clearing_up - 1 : explore_cpu();
}

static struct task *task_of(struct rq_task *t)
{
    return lf_container_of(t, struct task, rq);
}

static struct cpu *cpu_of(struct runqueue *q)
{
    return lf_container_of(q, struct cpu, q);
}

struct runqueue *rq_env_of(uint32_t cpu)
{
    return &cpus[cpu == ABSENT ? ADOPTER : cpu].q;
}

void rq_env_ipi(uint32_t cpu)
{
    EXPLORE_CHECK(!cpus[cpu].polls); /* Q2 */
    atomic_inc_relaxed(&cpus[cpu].ipis);
}

bool rq_env_holds(struct runqueue *q, struct rq_task *t)
{
    (void)q;
    return fair_node_is_queued(&t->fair);
}

static void dequeue(struct runqueue *q, struct fair_node *n)
{
    fairq_remove(&q->fair, n);
    q->nr_running--;
}

/* What is queued or shelved here counts, what runs does not; what thieves took counts until the owner reaps. */
static void check_counts(const struct runqueue *q)
{
    unsigned shelved = 0;

    for (int i = 0; i < SHELF_SLOTS; i++)
        shelved += q->shadow[i].task != NULL;
    EXPLORE_CHECK(q->nr_shelved == shelved && q->nr_running == q->fair.total + shelved);
}

void rq_env_apply(struct runqueue *q, struct rq_task *rqt, uint32_t requests)
{
    struct task *t = task_of(rqt);
    uint32_t wanted = atomic_load_relaxed(&t->wanted);

    /* frozen, queued or running here, or dead: only its owner edits a task, and the node holds a reference (Q5) */
    EXPLORE_CHECK(rq_env_of(OWN_CPU(own_read(&rqt->own))) == q || OWN_STATE(own_read(&rqt->own)) == OWN_DEAD);
    EXPLORE_CHECK(OWN_STATE(own_read(&rqt->own)) != OWN_MIGRATING && OWN_STATE(own_read(&rqt->own)) != OWN_WAKING);
    EXPLORE_CHECK(atomic_load_relaxed(&t->references) > 0);
    check_counts(q);
    t->edits++;
    if (requests & REQ_POLICY)
        atomic_store_relaxed(&t->policy_done, atomic_load_relaxed(&t->policy_wanted));
    if (!(requests & REQ_AFFINITY))
        return;
    if (!rq_task_may_run_on(rqt, q->cpu)) {
        if (cpu_of(q)->curr == t) {
            rqt->moving = 1;
            return;
        }
        if (OWN_STATE(own_read(&rqt->own)) == OWN_RUNNABLE && fair_node_is_queued(&rqt->fair)) {
            dequeue(q, &rqt->fair);
            rq_place(q, rqt);
        }
    }
    atomic_store_relaxed(&t->done, wanted);
}

void rq_env_applied(struct rq_task *t)
{
    EXPLORE_CHECK(atomic_fetch_sub_full(&task_of(t)->references, 1) > 0);
}

void rq_env_enqueue(struct runqueue *q, struct rq_task *t)
{
    EXPLORE_CHECK(OWN_STATE(own_read(&t->own)) == OWN_RUNNABLE && OWN_CPU(own_read(&t->own)) == q->cpu);
    task_of(t)->edits++; /* in hand */
    t->fair.key = ++cpu_of(q)->keys;
    fairq_insert(&q->fair, &t->fair);
    q->nr_running++;
}

uint32_t rq_env_select(struct rq_task *t)
{
    return (uint32_t)__builtin_ctzll(atomic_load_relaxed(t->allowed));
}

static void make_cpus(void)
{
    explore_name(cpus, sizeof(cpus[0]), CPUS, "cpu");
    explore_name(tasks, sizeof(tasks[0]), TASKS, "task");
    for (uint32_t i = 0; i < EXPLORE_THREADS; i++)
        rq_init(&cpus[i].q, i);
    for (uint32_t i = 0; i < TASKS; i++) {
        tasks[i].allowed = EVERYWHERE;
        rq_task_init(&tasks[i].rq, &tasks[i].allowed);
    }
}

static void park(struct task *t, uint32_t cpu)
{
    t->rq.own = own_make(OWN_PARKED, CLASS, cpu, UINT32_MAX);
}

static void queue(struct task *t, uint32_t cpu)
{
    t->rq.own = own_make(OWN_RUNNABLE, CLASS, cpu, UINT32_MAX);
    rq_env_enqueue(&cpus[cpu].q, &t->rq);
}

static void make_asleep(void *model)
{
    (void)model;
    make_cpus();
    park(&tasks[0], 0);
    park(&tasks[1], 1);
}

/* Both on a CPU that polls. */
static void make_together(void *model)
{
    (void)model;
    make_cpus();
    park(&tasks[0], 0);
    park(&tasks[1], 0);
    cpus[0].polls = true;
    cpus[0].q.kick = RQ_POLLING;
}

static void make_queued(void *model)
{
    (void)model;
    make_cpus();
    queue(&tasks[0], 0);
    park(&tasks[1], 0);
}

/* Task 0 lies on the shelf of CPU 0. */
static void make_shelved(void *model)
{
    (void)model;
    make_cpus();
    tasks[0].rq.own = own_make(OWN_RUNNABLE, CLASS, 0, UINT32_MAX);
    rq_shelve(&cpus[0].q, &tasks[0].rq, 1, 1);
    cpus[0].q.nr_running++;
    park(&tasks[1], 1);
}

/* And another is queued there. */
static void make_crowded(void *model)
{
    make_shelved(model);
    queue(&tasks[1], 0);
}

static void make_full(void *model)
{
    struct runqueue *q = &cpus[0].q;

    make_queued(model);
    for (int i = 0; i < SHELF_SLOTS; i++)
        rq_shelve(q, &fillers[i], 1, 1);
    q->nr_running += SHELF_SLOTS;
}

/* The first went to sleep on the CPU that is off line now, and may go back there one day. */
static void make_adopted(void *model)
{
    (void)model;
    make_cpus();
    tasks[0].allowed |= 1u << ABSENT;
    park(&tasks[0], ABSENT);
    park(&tasks[1], 0);
}

static void take_mail(struct cpu *c)
{
    if (!(atomic_load_relaxed(&c->q.kick) & RQ_NEED_RESCHED))
        return;
    (void)atomic_fetch_and_full(&c->q.kick, ~RQ_NEED_RESCHED); /* Q1 */
    c->calls++;
    rq_drain(&c->q);
}

static struct task *pick(struct cpu *c)
{
    struct fair_node *n;

    c->q.nr_running -= rq_reap_shelf(&c->q);
    for (int i = 0; i < SHELF_SLOTS && !c->q.fair.total; i++) {
        struct rq_task *t = c->q.shadow[i].task ? rq_unshelve(&c->q, i) : NULL;

        if (t) {
            c->q.nr_running--;
            rq_place(&c->q, t);
        }
    }
    n = fairq_min(&c->q.fair);
    if (n)
        dequeue(&c->q, n);
    return n ? task_of(lf_container_of(n, struct rq_task, fair)) : NULL;
}

/* The task's own code: true when it wants to sleep and has found no mail. */
static bool begins_to_wait(struct task *t)
{
    own_begin_wait(&t->rq.own, CLASS);
    if (atomic_load_relaxed(&t->mail) == t->read)
        return true;
    own_cancel_wait(&t->rq.own);
    return false;
}

enum end { STAYS, SLEEPS, DIES };

/* One turn of schedule(): mail, pick, run, mail, switch. */
static uint64_t turn(struct cpu *c, enum end end)
{
    bool sleeps = end == SLEEPS;
    struct task *t;

    take_mail(c);
    t = pick(c);
    if (!t)
        return 0;
    own_run(&t->rq.own);
    c->curr = t;
    t->read = atomic_load_relaxed(&t->mail); /* T1: plain */
    sleeps = sleeps && begins_to_wait(t);
    take_mail(c);
    c->curr = NULL;
    if (t->rq.moving) {
        t->rq.moving = 0;
        atomic_store_relaxed(&t->done, atomic_load_relaxed(&t->wanted));
    }
    if (end == DIES) {
        t->edits++;
        own_die(&t->rq.own);
        return 0;
    }
    if (sleeps && own_park(&t->rq.own))
        return 0;
    own_requeue(&t->rq.own);
    rq_place(&c->q, &t->rq);
    return 0;
}

static uint64_t block(unsigned cpu, unsigned serial)
{
    (void)serial;
    return turn(&cpus[cpu], SLEEPS);
}

static uint64_t carry_on(unsigned cpu, unsigned serial)
{
    (void)serial;
    return turn(&cpus[cpu], STAYS);
}

static uint64_t die(unsigned cpu, unsigned serial)
{
    (void)serial;
    return turn(&cpus[cpu], DIES);
}

static uint64_t shelve(unsigned cpu, unsigned serial)
{
    struct cpu *c = &cpus[cpu];
    struct fair_node *n;

    (void)serial;
    take_mail(c);
    c->q.nr_running -= rq_reap_shelf(&c->q);
    n = fairq_late(&c->q.fair);
    if (!n)
        return 0;
    fairq_remove(&c->q.fair, n);
    if (!rq_shelve(&c->q, lf_container_of(n, struct rq_task, fair), n->key, 1))
        fairq_insert(&c->q.fair, n);
    return 0;
}

static uint64_t steal(unsigned cpu, unsigned serial)
{
    struct rq_task *t = rq_steal(&cpus[(cpu + 1) % CPUS].q);

    (void)serial;
    if (!t)
        t = rq_steal(&cpus[(cpu + 2) % CPUS].q);
    if (!t)
        return 0;
    rq_arrive(&cpus[cpu].q, t);
    if (atomic_load_relaxed(&cpus[cpu].q.kick) & RQ_NEED_RESCHED)
        cpus[cpu].raised = true; /* sees it when it lets interrupts in again */
    return 0;
}

/* A thief's task that ends at once. */
static uint64_t finish(unsigned cpu, unsigned serial)
{
    steal(cpu, serial);
    return die(cpu, serial);
}

static uint64_t wake_task(struct task *t)
{
    uint64_t seen;

    atomic_inc_relaxed(&t->mail);
    if (own_wake(&t->rq.own, CLASS, &seen) != OWN_WAKE_WON)
        return 0;
    t->read = atomic_load_relaxed(&t->mail); /* T2: the winner's */
    rq_post_wake(rq_env_of(bitmap_test(&t->allowed, OWN_CPU(seen)) ? OWN_CPU(seen) : rq_env_select(&t->rq)), &t->rq);
    return 0;
}

static uint64_t wake(unsigned cpu, unsigned serial)
{
    (void)cpu, (void)serial;
    return wake_task(&tasks[0]);
}

static uint64_t wake_second(unsigned cpu, unsigned serial)
{
    (void)cpu, (void)serial;
    return wake_task(&tasks[1]);
}

static void request(struct task *t, uint32_t bits)
{
    atomic_inc_relaxed(&t->references);
    if (!rq_request(&t->rq, bits))
        EXPLORE_CHECK(atomic_fetch_sub_full(&t->references, 1) > 0);
}

/* Task 0 may no longer run on CPU 0, nor anywhere else but on CPU 1. */
static uint64_t forbid(unsigned cpu, unsigned serial)
{
    (void)cpu, (void)serial;
    atomic_store_relaxed(&tasks[0].allowed, 2); /* not ordered: that is rq_request's part */
    atomic_inc_relaxed(&tasks[0].wanted);
    request(&tasks[0], REQ_AFFINITY);
    return 0;
}

/* By who read the map of owners before CPU 3 left. */
static void wake_by_old_map(struct task *t)
{
    uint64_t seen;

    atomic_inc_relaxed(&t->mail);
    if (own_wake(&t->rq.own, CLASS, &seen) != OWN_WAKE_WON)
        return;
    t->read = atomic_load_relaxed(&t->mail);
    rq_post_wake(&cpus[OWN_CPU(seen)].q, &t->rq);
}

static uint64_t late(unsigned cpu, unsigned serial)
{
    (void)cpu, (void)serial;
    wake_by_old_map(&tasks[1]);
    return 0;
}

static void ask_by_old_map(struct task *t)
{
    atomic_inc_relaxed(&t->references);
    atomic_inc_relaxed(&t->policy_wanted);
    if (!atomic_fetch_or_full(&t->rq.requests, REQ_POLICY))
        rq_post_request(&cpus[ABSENT].q, &t->rq);
}

/* A task that was woken, and two requests, went to the CPU that has left since. */
static void make_left(void *model)
{
    (void)model;
    make_cpus();
    for (uint32_t i = 0; i < TASKS; i++) {
        tasks[i].allowed |= 1u << ABSENT;
        park(&tasks[i], ABSENT);
        ask_by_old_map(&tasks[i]);
    }
    wake_by_old_map(&tasks[0]);
}

/* By its own thread, as it leaves, and by who comes once nobody has the old map. */
static uint64_t forward(unsigned cpu, unsigned serial)
{
    (void)cpu, (void)serial;
    rq_forward(&cpus[ABSENT].q, &cpus[ADOPTER].q);
    return 0;
}

/* And its CPU wants to schedule. */
static uint64_t policy(unsigned cpu, unsigned serial)
{
    (void)serial;
    rq_kick_self(&cpus[cpu].q);
    cpus[cpu].raised = true;
    EXPLORE_CHECK(atomic_load_relaxed(&cpus[cpu].q.kick) & RQ_NEED_RESCHED);
    atomic_inc_relaxed(&tasks[0].policy_wanted);
    request(&tasks[0], REQ_POLICY);
    return 0;
}

static void check_task(struct task *t, unsigned *queued, unsigned *parked)
{
    uint64_t w = t->rq.own;

    EXPLORE_CHECK(t->references == 0 && t->rq.requests == 0);             /* Q5 */
    EXPLORE_CHECK(t->wanted == t->done && t->policy_wanted == t->policy_done); /* Q3 */
    if (OWN_STATE(w) == OWN_PARKED) {
        EXPLORE_CHECK(t->mail == t->read); /* no wake-up is lost */
        ++*parked;
    } else if (OWN_STATE(w) == OWN_DEAD) {
        ++*parked;
    } else {
        EXPLORE_CHECK(OWN_STATE(w) == OWN_RUNNABLE);
        EXPLORE_CHECK(rq_task_may_run_on(&t->rq, OWN_CPU(w)) || rq_shelf_slot(&cpus[OWN_CPU(w)].q, &t->rq) >= 0); /* Q4 */
        ++*queued;
    }
}

/* A CPU that has mail was told so, by one interrupt at most for each time it looked: Q1, Q2. */
static void check_kicks(const struct cpu *c)
{
    EXPLORE_CHECK(!rq_has_mail(&c->q) || (c->q.kick & RQ_NEED_RESCHED && (c->ipis || c->polls || c->raised)));
    EXPLORE_CHECK(c->ipis <= c->calls + 1);
}

/* Who was woken first is queued first. */
static void drain_all(struct cpu *c)
{
    struct inbox_node *last = c->q.wakes.head, *first = last ? last->next : NULL;

    clearing_up = c->q.cpu + 1;
    rq_drain(&c->q);
    if (first && !rq_has_mail(&c->q))
        EXPLORE_CHECK(fairq_key_before(lf_container_of(first, struct rq_task, wake_node)->fair.key,
                                       lf_container_of(last, struct rq_task, wake_node)->fair.key));
}

/* Each reads its mail until there is none, and all must be in place. */
static uint64_t look(unsigned thread, unsigned serial)
{
    unsigned queued = 0, parked = 0, held = 0;

    (void)thread, (void)serial;
    forward(0, 0);
    for (uint32_t i = 0; i < CPUS; i++)
        check_kicks(&cpus[i]);
    for (uint32_t i = 0; i < 2 * CPUS; i++)
        drain_all(&cpus[i % CPUS]);
    for (uint32_t i = 0; i < CPUS; i++) {
        clearing_up = i + 1;
        cpus[i].q.nr_running -= rq_reap_shelf(&cpus[i].q);
        check_counts(&cpus[i].q);
        held += cpus[i].q.fair.total + cpus[i].q.nr_shelved - (cpus[i].q.shadow[0].task == fillers ? SHELF_SLOTS : 0);
    }
    for (unsigned i = 0; i < TASKS; i++)
        check_task(&tasks[i], &queued, &parked);
    EXPLORE_CHECK(queued == held && queued + parked == TASKS); /* T1 */
    return 0;
}

/* A pair's or triple's threads are in the order of the names: those that run tasks work on CPU 0, where the tasks are. */
#define BLOCK       {"block", block, NULL, 0}
#define CARRY_ON    {"carry_on", carry_on, NULL, 0}
#define DIE         {"die", die, NULL, 0}
#define FINISH      {"finish", finish, NULL, 0}
#define FORBID      {"forbid", forbid, NULL, 0}
#define FORWARD     {"forward", forward, NULL, 0}
#define LATE        {"late", late, NULL, 0}
#define POLICY      {"policy", policy, NULL, 0}
#define SHELVE      {"shelve", shelve, NULL, 0}
#define STEAL       {"steal", steal, NULL, 0}
#define WAKE        {"wake", wake, NULL, 0}
#define WAKE_SECOND {"wake_second", wake_second, NULL, 0}
#define END         {NULL, NULL, NULL, 0}

static const struct explore_op final = {"look", look, NULL, 0};

static const struct explore_op ops[] = {BLOCK, CARRY_ON, FORBID, POLICY, SHELVE, STEAL, WAKE, DIE, WAKE_SECOND, END};
static const struct explore_initial initials[] = {
    {"asleep", make_asleep}, {"queued", make_queued}, {"shelved", make_shelved}, {NULL, NULL}};

/* Requests that meet in one word, and for who is dead by then. */
static const struct explore_op request_ops[] = {CARRY_ON, DIE, FORBID, POLICY, END};
static const struct explore_initial request_initials[] = {{"queued", make_queued}, {NULL, NULL}};
static const struct explore_structure requests_structure = {
    .name = "runqueue, requests", .ops = request_ops, .initials = request_initials, .final = &final};

/* One for who died elsewhere. */
static const struct explore_op dead_ops[] = {BLOCK, FINISH, POLICY, END};
static const struct explore_initial dead_initials[] = {{"shelved", make_shelved}, {NULL, NULL}};
static const struct explore_structure dead_structure = {
    .name = "runqueue, dead", .ops = dead_ops, .initials = dead_initials, .final = &final};

/* Wake-ups that meet in one inbox. */
static const struct explore_op wake_ops[] = {BLOCK, WAKE, WAKE_SECOND, END};
static const struct explore_initial wake_initials[] = {{"together", make_together}, {NULL, NULL}};
static const struct explore_structure wakes_structure = {
    .name = "runqueue, wakes", .ops = wake_ops, .initials = wake_initials, .final = &final};

/* A slot that is filled again while a thief who saw it full comes late. */
static const struct explore_op shelf_ops[] = {SHELVE, STEAL, END};
static const struct explore_initial shelf_initials[] = {{"crowded", make_crowded}, {NULL, NULL}};
static const struct explore_structure shelf_structure = {
    .name = "runqueue, shelf", .ops = shelf_ops, .initials = shelf_initials, .final = &final};

static const struct explore_op full_ops[] = {SHELVE, WAKE_SECOND, END};
static const struct explore_initial full_initials[] = {{"full", make_full}, {NULL, NULL}};
static const struct explore_structure full_structure = {
    .name = "runqueue, full", .ops = full_ops, .initials = full_initials, .final = &final};

/* Who answers for a CPU that is off line, and what goes on unopened from it. */
static const struct explore_op adopted_ops[] = {BLOCK, CARRY_ON, FORBID, POLICY, WAKE, END};
static const struct explore_initial adopted_initials[] = {{"adopted", make_adopted}, {NULL, NULL}};
static const struct explore_structure adopted_structure = {
    .name = "runqueue, adopted", .ops = adopted_ops, .initials = adopted_initials, .final = &final};
static const struct explore_op left_ops[] = {BLOCK, FORBID, FORWARD, LATE, END};
static const struct explore_initial left_initials[] = {{"left", make_left}, {NULL, NULL}};
static const struct explore_scenario left_scenarios[] = {
    {"left", {"block", "forward", "late"}}, {"left", {"block", "forbid", "forward"}}, {NULL, {NULL}}};
static const struct explore_structure left_structure = {
    .name = "runqueue, left", .ops = left_ops, .initials = left_initials, .scenarios = left_scenarios, .final = &final, .no_triples = true};

static const struct explore_op main_ops[] = {BLOCK, CARRY_ON, FORBID, POLICY, SHELVE, STEAL, WAKE, END};
static const struct explore_structure runqueue_structure = {
    .name = "runqueue", .ops = main_ops, .initials = initials, .final = &final};

static const struct explore_scenario scenarios[] = {
    {"queued", {"block shelve block", "steal policy block"}},
    {"queued", {"shelve block", "steal carry_on", "forbid wake"}},
    {"asleep", {"block", "block", "forbid wake"}}, /* a request for who sleeps elsewhere by now */
    {"asleep", {"block block", "wake block", "policy wake"}},
    {"shelved", {"forbid carry_on", "steal block", "steal carry_on"}},
    {"shelved", {"die block", "steal die", "policy wake"}},
    {"asleep", {"block die", "wake wake_second", "forbid policy"}},
    {NULL, {NULL}},
};
static const struct explore_structure longer_structure = {
    .name = "runqueue, longer", .ops = ops, .initials = initials, .scenarios = scenarios, .final = &final, .no_triples = true};

const struct explore_structure *const explore_list[] = {
    &requests_structure, &dead_structure, &wakes_structure, &shelf_structure, &full_structure, &adopted_structure, &left_structure,
    &runqueue_structure, &longer_structure, NULL};
