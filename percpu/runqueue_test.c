/* runqueue_test.c: a scheduler of threads in small. Each thread is a CPU that runs tasks from its run queue; tasks wake, block,
 * yield, are stolen, have their masks changed and get requests from outside. Checked all the time: a task runs on one CPU at a time (T1), never on
 * a forbidden one after the change was acknowledged, no wake-up is lost, every request is applied, every reference comes back. */
#include <string.h>
#include "lockfree/check.h"
#include "percpu/runqueue.h"

#define CPUS 4
#define TASKS 12
#define CLASS 1u

struct task {
    struct rq_task rq;
    uint64_t allowed;
    uint32_t running;      /* atomic: CPUs that run it now */
    uint32_t references;   /* atomic */
    uint64_t mail;         /* atomic: tokens sent to it */
    uint64_t read;         /* the task: tokens it has taken */
    uint32_t wanted, done; /* affinity changes asked for and acknowledged */
    uint32_t policy_wanted, policy_done;
};

struct cpu {
    struct runqueue q;
    struct task *curr;
    uint64_t ran, stole;
};

static struct cpu cpus[CPUS];
static struct task tasks[TASKS];
static uint32_t stop;
static uint64_t acknowledged, requests_sent;

static struct task *task_of(struct rq_task *t)
{
    return lf_container_of(t, struct task, rq);
}

static __thread uint32_t here; /* the CPU that this thread is */

uint32_t lf_env_cpu(void)
{
    return here;
}

struct runqueue *rq_env_of(uint32_t cpu)
{
    return &cpus[cpu].q;
}

void rq_env_ipi(uint32_t cpu)
{
    (void)cpu; /* the threads poll */
}

bool rq_env_holds(struct runqueue *q, struct rq_task *t)
{
    (void)q;
    return fair_node_is_queued(&t->fair);
}

static struct cpu *cpu_of(struct runqueue *q)
{
    return lf_container_of(q, struct cpu, q);
}

void rq_env_apply(struct runqueue *q, struct rq_task *rqt, uint32_t requests)
{
    struct task *t = task_of(rqt);
    uint32_t wanted = atomic_load_acquire(&t->wanted);

    if (requests & REQ_POLICY)
        atomic_store_release(&t->policy_done, atomic_load_acquire(&t->policy_wanted));
    if (!(requests & REQ_AFFINITY))
        return;
    if (!rq_task_may_run_on(rqt, q->cpu)) {
        if (cpu_of(q)->curr == t) {
            rqt->moving = 1;
            return;
        }
        if (OWN_STATE(own_read(&rqt->own)) == OWN_RUNNABLE && fair_node_is_queued(&rqt->fair)) {
            fairq_remove(&q->fair, &rqt->fair);
            rq_place(q, rqt);
        }
    }
    atomic_store_release(&t->done, wanted);
}

void rq_env_applied(struct rq_task *t)
{
    CHECK(atomic_fetch_sub_full(&task_of(t)->references, 1) > 0);
}

void rq_env_enqueue(struct runqueue *q, struct rq_task *t)
{
    CHECK(OWN_STATE(own_read(&t->own)) == OWN_RUNNABLE && OWN_CPU(own_read(&t->own)) == q->cpu);
    t->fair.key = ++cpu_of(q)->ran;
    fairq_insert(&q->fair, &t->fair);
}

uint32_t rq_env_select(struct rq_task *t)
{
    return (uint32_t)__builtin_ctzll(atomic_load_relaxed(t->allowed));
}

static void wake(struct task *t)
{
    uint64_t seen;

    if (own_wake(&t->rq.own, CLASS, &seen) != OWN_WAKE_WON)
        return;
    rq_post_wake(&cpus[bitmap_test(&t->allowed, OWN_CPU(seen)) ? OWN_CPU(seen) : rq_env_select(&t->rq)].q, &t->rq);
}

/* One slice of a task. Returns false when it wants to block. */
static bool run_task(struct task *t, uint64_t *random)
{
    struct task *peer = &tasks[check_random(random) % TASKS];

    for (int i = 0; i < 3; i++) {
        if (peer != t) {
            atomic_inc_relaxed(&peer->mail);
            wake(peer);
        }
    }
    if (check_random(random) % 4 == 0)
        return true;
    own_begin_wait(&t->rq.own, CLASS);
    if (atomic_load_relaxed(&t->mail) != t->read) { /* T3 */
        t->read = atomic_load_relaxed(&t->mail);
        own_cancel_wait(&t->rq.own);
        return true;
    }
    return false;
}

static void left(struct task *t)
{
    t->rq.moving = 0;
    atomic_store_release(&t->done, atomic_load_acquire(&t->wanted));
}

static void surplus(struct cpu *c)
{
    struct fair_node *n = fairq_late(&c->q.fair);

    rq_reap_shelf(&c->q);
    if (!n || c->q.fair.total < 2)
        return;
    fairq_remove(&c->q.fair, n);
    if (!rq_shelve(&c->q, lf_container_of(n, struct rq_task, fair), n->key, 1))
        fairq_insert(&c->q.fair, n);
}

static struct task *pick(struct cpu *c, uint64_t *random)
{
    struct fair_node *n;

    if (c->q.nr_shelved && check_random(random) % 4 == 0) {
        struct rq_task *t = NULL;

        for (int i = 0; i < SHELF_SLOTS && !t; i++)
            if (c->q.shadow[i].task)
                t = rq_unshelve(&c->q, i);
        if (t)
            rq_place(&c->q, t);
    }
    n = fairq_min(&c->q.fair);
    if (!n)
        return NULL;
    fairq_remove(&c->q.fair, n);
    return task_of(lf_container_of(n, struct rq_task, fair));
}

static void steal(struct cpu *c, uint64_t *random)
{
    struct cpu *victim = &cpus[check_random(random) % CPUS];
    struct rq_task *t = victim == c ? NULL : rq_steal(&victim->q);

    if (!t)
        return;
    c->stole++;
    rq_arrive(&c->q, t);
}

static void take_mail(struct cpu *c)
{
    if (!(atomic_load_relaxed(&c->q.kick) & RQ_NEED_RESCHED))
        return;
    (void)atomic_fetch_and_full(&c->q.kick, ~RQ_NEED_RESCHED);
    rq_drain(&c->q);
}

static void run_one(struct cpu *c, struct task *t, struct check_thread *thread)
{
    bool stays;

    own_run(&t->rq.own);
    c->curr = t;
    CHECK(atomic_fetch_add_full(&t->running, 1) == 0); /* T1 */
    stays = run_task(t, &thread->random);
    take_mail(c); /* schedule(): mail before the switch */
    CHECK(atomic_fetch_sub_full(&t->running, 1) == 1);
    c->curr = NULL;
    thread->done++;
    if (t->rq.moving)
        left(t);
    if (!stays && own_park(&t->rq.own))
        return;
    own_requeue(&t->rq.own);
    rq_place(&c->q, &t->rq);
}

/* At the end everything is drained, but a task may still be on its way: all CPUs go on until nobody has moved anything. */
static void cpu_body(struct check_thread *thread)
{
    struct cpu *c = &cpus[here = thread->index];

    while (!atomic_load_acquire(&stop)) {
        struct task *t;

        take_mail(c);
        surplus(c);
        t = pick(c, &thread->random);
        if (t)
            run_one(c, t, thread);
        else
            steal(c, &thread->random);
        if (!t && check_random(&thread->random) % 2)
            sched_yield();
    }
}

static void change_affinity(struct task *t, uint64_t mask)
{
    uint32_t ticket;

    atomic_store_relaxed(&t->allowed, mask);
    ticket = atomic_fetch_add_full(&t->wanted, 1) + 1;
    atomic_inc_relaxed(&t->references);
    if (!rq_request(&t->rq, REQ_AFFINITY))
        atomic_dec_relaxed(&t->references);
    requests_sent++;
    while ((int32_t)(atomic_load_acquire(&t->done) - ticket) < 0)
        sched_yield();
    acknowledged++;
    for (int i = 0; i < 20; i++) { /* acknowledged: it never runs on a forbidden CPU again */
        uint64_t w = atomic_load_acquire(&t->rq.own);

        CHECK(OWN_STATE(w) != OWN_RUNNING || (mask >> OWN_CPU(w) & 1));
    }
}

static void change_policy(struct task *t)
{
    uint32_t ticket = atomic_fetch_add_full(&t->policy_wanted, 1) + 1;

    atomic_inc_relaxed(&t->references);
    if (!rq_request(&t->rq, REQ_POLICY))
        atomic_dec_relaxed(&t->references);
    requests_sent++;
    while ((int32_t)(atomic_load_acquire(&t->policy_done) - ticket) < 0)
        sched_yield();
}

/* The only changer of masks; sends mail too, so that the tasks never all sleep. */
static void changer_body(struct check_thread *thread)
{
    double end = check_now() + check_seconds;

    while (check_now() < end) {
        struct task *t = &tasks[check_random(&thread->random) % TASKS];

        if (check_random(&thread->random) % 2)
            change_affinity(t, check_random(&thread->random) % ((1u << CPUS) - 1) + 1);
        else
            change_policy(t);
        atomic_inc_relaxed(&t->mail);
        wake(t);
    }
    atomic_store_release(&stop, 1);
}

static void body(struct check_thread *thread)
{
    if (thread->index == CPUS)
        changer_body(thread);
    else
        cpu_body(thread);
}

/* Lost wake-ups: a parked task has read all its mail. Nothing was lost: each task is where its word says. */
static void final_state(void)
{
    unsigned queued = 0, parked = 0;

    for (unsigned i = 0; i < CPUS; i++) {
        here = (uint32_t)i;
        cpus[i].q.kick = 0;
        rq_drain(&cpus[i].q);
    }
    for (unsigned i = 0; i < CPUS; i++) {
        here = (uint32_t)i;
        rq_drain(&cpus[i].q); /* what the first round forwarded */
    }
    for (unsigned i = 0; i < CPUS; i++) {
        here = (uint32_t)i;
        rq_reap_shelf(&cpus[i].q);
        queued += cpus[i].q.fair.total + cpus[i].q.nr_shelved;
    }
    for (unsigned i = 0; i < TASKS; i++) {
        CHECK(tasks[i].running == 0 && tasks[i].references == 0);
        if (OWN_STATE(tasks[i].rq.own) == OWN_PARKED) {
            CHECK(tasks[i].mail == tasks[i].read);
            parked++;
        } else {
            CHECK(OWN_STATE(tasks[i].rq.own) == OWN_RUNNABLE);
        }
    }
    CHECK(queued + parked == TASKS);
}

int main(int argc, char **argv)
{
    void (*bodies[])(struct check_thread *) = {body};
    uint64_t slices, stolen = 0;

    check_options(argc, argv);
    for (unsigned i = 0; i < CPUS; i++)
        rq_init(&cpus[i].q, i);
    for (unsigned i = 0; i < TASKS; i++) {
        tasks[i].allowed = (1u << CPUS) - 1;
        rq_task_init(&tasks[i].rq, &tasks[i].allowed);
        own_init(&tasks[i].rq.own, i % CPUS);
        rq_post_wake(&cpus[i % CPUS].q, &tasks[i].rq);
    }
    slices = check_run(CPUS + 1, bodies, 1);
    final_state();
    for (unsigned i = 0; i < CPUS; i++)
        stolen += cpus[i].stole;
    CHECK(slices > 0 && acknowledged > 0);
    printf("runqueue: ok, %llu slices, %llu stolen, %llu requests, %llu affinity changes\n", (unsigned long long)slices,
           (unsigned long long)stolen, (unsigned long long)requests_sent, (unsigned long long)acknowledged);
    return 0;
}
