/* rcu_test.c: torture in the manner of rcutorture. An object that has been removed ages by one with each grace period; a reader that
 * holds it across other work must never see an age above 1. Periods are waited for by callbacks, by polling and expedited, mixed;
 * readers are preempted inside their sections, report late, idle, or wait for a kick; one CPU goes offline and leaves its
 * callbacks to another; one is idle for ever, in another leaf.
 * rcu_test SECONDS SEED early: the updater believes a period too early. rcu_test SECONDS SEED inside: a reader reports inside its
 * section. Both must be noticed. */
#include <string.h>
#include "lockfree/check.h"
#include "lockfree/rcu_core.h"

#define READERS 3
#define UPDATER READERS       /* CPU numbers */
#define COMMUTER (READERS + 1) /* goes offline and comes back */
#define SLEEPER (READERS + 2)
#define FAR_CPU 20 /* the sleeper's, in another leaf */
#define CPUS (READERS + 3)
#define OBJECTS 256
#define OLD_AGE 4

struct object {
    struct rcu_head head;
    struct object *next;
    uint64_t cookie;
    uint32_t age; /* 0 published, 1 removed, +1 with each period */
};

static struct rcu_cpu cpus[CPUS];
static struct object objects[OBJECTS], *published;
static struct object *pool, *polled; /* the updater's */
static struct rcu_cpu *left_behind;  /* offline: to be adopted by the updater */
static uint64_t kicks, recycled, orphans, orphans_run, adopted, too_old;
static uint32_t kicked[CPUS], stop, commuter_done;
static bool break_early, break_inside;

void rcu_env_kick(unsigned cpu)
{
    atomic_inc_relaxed(&kicks);
    if (cpu < CPUS)
        atomic_store_release(&kicked[cpu], 1);
}

void rcu_env_free(void *object) { free(object); }

/* ---- readers ---- */

static void dawdle(struct check_thread *t, struct rcu_cpu *rc)
{
    uint64_t n = check_random(&t->random);

    for (volatile uint64_t i = n % 64; i; i--)
        ;
    if (break_inside && n % 16 == 0) {
        sched_yield();
        rcu_cpu_quiet(rc);
        sched_yield();
    }
    if (n % 64 == 0)
        sched_yield(); /* preempted in its section */
}

static void read_section(struct check_thread *t, struct rcu_cpu *rc)
{
    struct object *o = rcu_dereference(published);

    dawdle(t, rc);
    if (atomic_load_relaxed(&o->age) > 1)
        atomic_inc_relaxed(&too_old);
}

/* Quiet when kicked, at times, or by idling. */
static void between_sections(struct check_thread *t, struct rcu_cpu *rc)
{
    uint64_t n = check_random(&t->random);

    if (atomic_load_acquire(&kicked[t->index]) || n % 8 == 0) {
        atomic_store_release(&kicked[t->index], 0);
        rcu_cpu_quiet(rc);
    }
    if (n % 64 == 0) {
        rcu_cpu_idle_enter(rc);
        sched_yield();
        rcu_cpu_idle_exit(rc);
    }
    t->done++;
}

static void reader(struct check_thread *t)
{
    while (!atomic_load_acquire(&stop)) {
        read_section(t, &cpus[t->index]);
        between_sections(t, &cpus[t->index]);
    }
    rcu_cpu_idle_enter(&cpus[t->index]);
}

/* ---- the CPU that comes and goes ---- */

static void orphan_run(struct rcu_head *head)
{
    orphans_run++; /* by the updater only: the commuter never runs callbacks itself */
    free(head);
}

static void commute(struct check_thread *t, struct rcu_cpu *rc)
{
    for (uint64_t n = check_random(&t->random) % 200; n; n--) {
        rcu_cpu_enqueue(rc, (struct rcu_head *)malloc(sizeof(struct rcu_head)), orphan_run);
        orphans++;
        read_section(t, rc);
        between_sections(t, rc);
    }
    rcu_cpu_offline(rc);
    atomic_store_release(&left_behind, rc);
    while (atomic_load_acquire(&left_behind))
        sched_yield();
}

static void commuter(struct check_thread *t)
{
    struct rcu_cpu *rc = &cpus[COMMUTER];

    /* Who came back leaves again: one that ended online would never report. */
    for (commute(t, rc); !atomic_load_acquire(&stop); commute(t, rc))
        rcu_cpu_online(rc, COMMUTER);
    atomic_store_release(&commuter_done, 1);
}

/* ---- the updater ---- */

static uint64_t ask_period(void)
{
    uint64_t cookie = rcu_snapshot();

    rcu_request(cookie);
    return break_early ? cookie - 2 : cookie; /* a period that may have begun before the removal */
}

static void recycle(struct object *o)
{
    o->next = pool;
    pool = o;
    recycled++;
}

/* True when the object is old enough to be used again. */
static bool grow_older(struct object *o)
{
    uint32_t age = atomic_load_relaxed(&o->age) + 1;

    atomic_store_relaxed(&o->age, age);
    return age >= OLD_AGE;
}

static void aged_by_callback(struct rcu_head *head)
{
    struct object *o = lf_container_of(head, struct object, head);

    if (grow_older(o))
        recycle(o);
    else
        rcu_cpu_enqueue(&cpus[UPDATER], head, aged_by_callback);
}

static void collect(struct check_thread *t, struct rcu_cpu *rc)
{
    struct rcu_cpu *dead = atomic_load_acquire(&left_behind);

    if (dead) {
        rcu_cpu_adopt(rc, dead);
        adopted++;
        atomic_store_release(&left_behind, NULL);
    }
    rcu_cpu_quiet(rc);
    rcu_cpu_advance(rc);
    rcu_force_quiet(check_random(&t->random) % 16 == 0);
    rc->queued -= rcu_invoke(rcu_cpu_take_done(rc, check_random(&t->random) % 100 + 1));
}

static void poll_all(void)
{
    struct object **link = &polled, *o;

    while ((o = *link)) {
        if (!rcu_poll(o->cookie)) {
            link = &o->next;
        } else if (grow_older(o)) {
            *link = o->next;
            recycle(o);
        } else {
            o->cookie = ask_period();
        }
    }
}

static void expedite(struct rcu_cpu *rc, struct object *o)
{
    uint64_t cookie = ask_period();

    while (!rcu_poll(cookie)) {
        rcu_cpu_quiet(rc);
        rcu_force_quiet(true);
        sched_yield();
    }
    if (grow_older(o))
        recycle(o);
    else
        expedite(rc, o);
}

static void retire(struct check_thread *t, struct rcu_cpu *rc, struct object *o)
{
    unsigned how = (unsigned)(check_random(&t->random) % 16);

    atomic_store_relaxed(&o->age, 1);
    if (how == 0) {
        expedite(rc, o);
    } else if (how < 8 || break_early) {
        o->cookie = ask_period();
        o->next = polled;
        polled = o;
    } else {
        rcu_cpu_enqueue(rc, &o->head, aged_by_callback);
    }
}

static void replace(struct check_thread *t, struct rcu_cpu *rc)
{
    struct object *fresh = pool, *old = published;

    if (!fresh)
        return;
    pool = fresh->next;
    atomic_store_relaxed(&fresh->age, 0);
    rcu_assign_pointer(published, fresh);
    retire(t, rc, old);
    t->done++;
}

static void updater(struct check_thread *t)
{
    struct rcu_cpu *rc = &cpus[UPDATER];
    double end = check_now() + check_seconds;

    while (check_now() < end && !atomic_load_relaxed(&too_old)) {
        replace(t, rc);
        if (check_random(&t->random) % 4 == 0)
            poll_all();
        collect(t, rc);
    }
    atomic_store_release(&stop, 1);
    while (!atomic_load_acquire(&commuter_done) || rcu_cpu_has_callbacks(rc) || polled) {
        poll_all();
        collect(t, rc);
        sched_yield();
    }
}

static void body(struct check_thread *t)
{
    if (t->index < READERS)
        reader(t);
    else if (t->index == UPDATER)
        updater(t);
    else
        commuter(t);
}

/* Segment arithmetic alone: order is kept, nothing runs early, a batch is bounded, a flood is not. */
static uint32_t runs[300], nr_runs;

static void note_run(struct rcu_head *head)
{
    runs[nr_runs++] = (uint32_t)((struct object *)lf_container_of(head, struct object, head))->cookie;
}

static void sequential(void)
{
    struct rcu_cpu *rc = &cpus[0];
    static struct object o[300];
    uint32_t taken = 0;

    for (uint32_t i = 0; i < 300; i++) {
        o[i].cookie = i;
        rcu_cpu_enqueue(rc, &o[i].head, note_run);
        CHECK(!rcu_cpu_has_done(rc) || i > 64);
        if (i % 50 == 49) {
            rcu_cpu_quiet(rc);
            rcu_force_quiet(true);
            rcu_cpu_advance(rc);
        }
    }
    while (rcu_cpu_has_callbacks(rc)) {
        uint32_t n;

        rcu_cpu_quiet(rc);
        rcu_force_quiet(true);
        rcu_cpu_advance(rc);
        n = rcu_invoke(rcu_cpu_take_done(rc, 64));
        CHECK(n <= 64);
        rc->queued -= n;
        taken += n;
    }
    CHECK(taken == 300 && nr_runs == 300);
    for (uint32_t i = 0; i < 300; i++)
        CHECK(runs[i] == i);
    CHECK(rcu_poll(rcu_snapshot() - 2) && !rcu_poll(rcu_snapshot()));
}

static int judge(uint64_t done, uint64_t periods)
{
    if (break_early || break_inside) {
        printf("rcu, broken on purpose: %llu times too old\n", (unsigned long long)too_old);
        return too_old ? 0 : 1;
    }
    CHECK(too_old == 0);
    CHECK(orphans_run == orphans && recycled > OBJECTS && periods > 2);
    printf("rcu: ok, %llu operations, %llu objects used again, %llu periods, %llu kicks, %llu callbacks adopted in %llu turns\n",
           (unsigned long long)done, (unsigned long long)recycled, (unsigned long long)periods, (unsigned long long)kicks,
           (unsigned long long)orphans, (unsigned long long)adopted);
    return 0;
}

int main(int argc, char **argv)
{
    void (*bodies[])(struct check_thread *) = {body};
    uint64_t begin = rcu_state.gp_seq, done;

    check_options(argc, argv);
    break_early = argc > 3 && !strcmp(argv[3], "early");
    break_inside = argc > 3 && !strcmp(argv[3], "inside");
    if (break_early || break_inside)
        check_seconds += 30; /* ends when it is noticed */
    rcu_cpu_online(&cpus[0], 0);
    sequential();
    for (unsigned i = 1; i < CPUS; i++)
        rcu_cpu_online(&cpus[i], i == SLEEPER ? FAR_CPU : i);
    rcu_cpu_idle_enter(&cpus[SLEEPER]); /* never reports: must be sampled */
    for (unsigned i = 0; i < OBJECTS; i++)
        recycle(&objects[i]);
    published = pool;
    pool = pool->next;
    done = check_run(READERS + 2, bodies, 1);
    return judge(done, (rcu_state.gp_seq - begin) / 2);
}
