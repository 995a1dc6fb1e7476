/* rcu_test.c: torture in the manner of rcutorture. Readers hold a pointer across other work and check that the object has not
 * been reused; updaters replace it and count its age in grace periods. Also: idle CPUs never hold a period up, and the engine
 * with more CPUs than one leaf holds. */
#include "lockfree/check.h"
#include "lockfree/rcu_core.h"

#define READERS 3
#define CPUS (READERS + 2) /* the updater, and one that idles */
#define FAR_CPU 20         /* in another leaf */

struct object {
    struct rcu_head head;
    uint32_t alive; /* 1 published, 0 freed; plain store under the protocol, atomic for the check */
    uint64_t value;
};

static struct rcu_cpu cpus[CPUS];
static struct object *published;
static uint64_t freed, kicks;
static uint32_t stop;

void rcu_env_kick(unsigned cpu)
{
    (void)cpu;
    atomic_inc_relaxed(&kicks);
}

void rcu_env_free(void *object)
{
    free(object);
}

static struct object *object_new(uint64_t value)
{
    struct object *o = (struct object *)calloc(1, sizeof(*o));

    o->value = value;
    atomic_store_relaxed(&o->alive, 1);
    return o;
}

static void object_free(struct rcu_head *head)
{
    struct object *o = lf_container_of(head, struct object, head);

    CHECK(atomic_xchg_full(&o->alive, 0) == 1);
    free(o);
    freed++;
}

static void reader(struct check_thread *t)
{
    struct rcu_cpu *rc = &cpus[t->index];

    while (!atomic_load_acquire(&stop)) {
        struct object *o = rcu_dereference(published);
        uint64_t value = o->value;

        if (check_random(&t->random) % 4 == 0)
            sched_yield();
        CHECK(atomic_load_relaxed(&o->alive) == 1 && o->value == value);
        rcu_cpu_quiet(rc);
        if (check_random(&t->random) % 64 == 0) {
            rcu_cpu_idle_enter(rc);
            sched_yield();
            rcu_cpu_idle_exit(rc);
        }
        t->done++;
    }
    rcu_cpu_idle_enter(rc);
}

static uint64_t seed_of_collect;

static void collect(struct rcu_cpu *rc)
{
    struct rcu_head *list;
    unsigned n;

    rcu_cpu_quiet(rc);
    rcu_cpu_advance(rc);
    rcu_force_quiet(false);
    list = rcu_cpu_take_done(rc, check_random(&seed_of_collect) % 100 + 1);
    n = rcu_invoke(list);
    rc->queued -= n;
}

static void updater(struct check_thread *t)
{
    struct rcu_cpu *rc = &cpus[t->index];
    double end = check_now() + check_seconds;
    uint64_t cookie;

    while (check_now() < end) {
        struct object *fresh = object_new(t->done), *old = published;

        rcu_assign_pointer(published, fresh);
        rcu_cpu_enqueue(rc, &old->head, object_free);
        if (check_random(&t->random) % 8 == 0)
            collect(rc);
        t->done++;
    }
    cookie = rcu_snapshot();
    rcu_request(cookie);
    while (!rcu_poll(cookie) || rcu_cpu_has_callbacks(rc)) {
        collect(rc);
        sched_yield();
    }
    CHECK(freed == t->done);
    atomic_store_release(&stop, 1);
}

static void body(struct check_thread *t)
{
    if (t->index == READERS)
        updater(t);
    else
        reader(t);
}

int main(int argc, char **argv)
{
    void (*bodies[])(struct check_thread *) = {body};
    uint64_t begin = rcu_state.gp_seq, done;

    check_options(argc, argv);
    for (unsigned i = 0; i < CPUS; i++)
        rcu_cpu_online(&cpus[i], i == CPUS - 1 ? FAR_CPU : i);
    rcu_cpu_idle_enter(&cpus[CPUS - 1]); /* never reports: must be sampled */
    published = object_new(~0ull);
    done = check_run(READERS + 1, bodies, 1);
    CHECK(freed > 0 && rcu_state.gp_seq - begin > 2);
    free(published);
    printf("rcu: ok, %llu operations, %llu objects freed, %llu periods, %llu kicks\n", (unsigned long long)done,
           (unsigned long long)freed, (unsigned long long)(rcu_state.gp_seq - begin) / 2, (unsigned long long)kicks);
    return 0;
}
