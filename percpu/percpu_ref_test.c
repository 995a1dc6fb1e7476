/* percpu_ref_test.c: CPUs take and drop references, in their parts and in the word, some of which other CPUs drop. A switcher shares
 * and spreads all the time and compares the exact count with a count kept aside; at the end the last put says so, once. */
#include "lockfree/check.h"
#include "lockfree/rcu_core.h"
#include "percpu/percpu_ref.h"

#define CPUS 4 /* the last one switches */

static struct percpu_ref ref;
static struct rcu_cpu cpus[CPUS];
static struct {
    int64_t part LF_CACHELINE;
} parts[CPUS];
static uint32_t stop, pause_, paused; /* atomic */
static int64_t held;                  /* atomic: references taken and not dropped */
static int64_t parcel;                /* atomic: references whose dropper may be anybody */
static uint64_t lasts, switches;

void rcu_env_kick(unsigned cpu)
{
    (void)cpu;
}

void rcu_env_free(void *object)
{
    (void)object;
}

static int64_t *part_of(uint32_t part, uint32_t cpu)
{
    (void)part;
    return &parts[cpu].part;
}

static void get(uint32_t cpu)
{
    percpu_ref_get(&ref, &parts[cpu].part);
    (void)atomic_fetch_add_full(&held, 1);
}

static void put(uint32_t cpu)
{
    (void)atomic_fetch_sub_full(&held, 1);
    CHECK(!percpu_ref_put(&ref, &parts[cpu].part)); /* the test itself holds one */
}

/* One that some CPU has left. */
static bool take_parcel(void)
{
    int64_t n = atomic_load_relaxed(&parcel);

    while (n > 0)
        if (atomic_cas_full(&parcel, &n, n - 1))
            return true;
    return false;
}

static void user(struct check_thread *t)
{
    uint32_t cpu = t->index;
    unsigned mine = 0;

    while (!atomic_load_acquire(&stop)) {
        switch (check_random(&t->random) % 4) {
        case 0:
        case 1:
            if (mine < 100) {
                get(cpu);
                mine++;
            }
            break;
        case 2:
            if (mine) {
                mine--;
                (void)atomic_fetch_add_full(&parcel, 1);
            }
            break;
        default:
            if (take_parcel())
                put(cpu);
        }
        t->done++;
        rcu_cpu_quiet(&cpus[cpu]); /* no read section is open */
        if (atomic_load_acquire(&pause_)) {
            (void)atomic_fetch_add_full(&paused, 1);
            while (atomic_load_acquire(&pause_)) {
                rcu_cpu_quiet(&cpus[cpu]);
                sched_yield();
            }
            (void)atomic_fetch_sub_full(&paused, 1);
        }
        if (check_random(&t->random) % 64 == 0)
            sched_yield();
    }
    while (mine--)
        put(cpu);
    rcu_cpu_quiet(&cpus[cpu]);
    rcu_cpu_idle_enter(&cpus[cpu]);
}

static void grace_period(void)
{
    uint64_t cookie = rcu_snapshot();

    rcu_request(cookie);
    while (!rcu_poll(cookie)) {
        rcu_cpu_quiet(&cpus[CPUS - 1]);
        rcu_force_quiet(false);
        sched_yield();
    }
}

static void switcher(struct check_thread *t)
{
    double end = check_now() + check_seconds;

    while (check_now() < end || !switches) {
        percpu_ref_share_begin(&ref);
        grace_period();
        percpu_ref_share_end(&ref, part_of, CPUS);
        atomic_store_release(&pause_, 1);
        while (atomic_load_acquire(&paused) < CPUS - 1) {
            rcu_cpu_quiet(&cpus[CPUS - 1]);
            sched_yield();
        }
        CHECK(percpu_ref_count(&ref) == (uint64_t)atomic_load_relaxed(&held) + 1);
        if (check_random(&t->random) % 2)
            percpu_ref_spread(&ref);
        atomic_store_release(&pause_, 0);
        while (atomic_load_acquire(&paused))
            sched_yield();
        if (!percpu_ref_is_spread(&ref))
            percpu_ref_spread(&ref);
        switches++;
    }
    atomic_store_release(&stop, 1);
}

static void body(struct check_thread *t)
{
    if (t->index == CPUS - 1)
        switcher(t);
    else
        user(t);
}

int main(int argc, char **argv)
{
    void (*bodies[])(struct check_thread *) = {body};
    uint64_t done;

    check_options(argc, argv);
    for (uint32_t cpu = 0; cpu < CPUS; cpu++)
        rcu_cpu_online(&cpus[cpu], cpu);
    percpu_ref_init(&ref, 0, 1);
    percpu_ref_spread(&ref);
    done = check_run(CPUS, bodies, 1);
    while (take_parcel())
        put(0);
    percpu_ref_share_begin(&ref);
    percpu_ref_share_end(&ref, part_of, CPUS);
    CHECK(held == 0 && percpu_ref_count(&ref) == 1);
    lasts += percpu_ref_put(&ref, &parts[0].part);
    CHECK(lasts == 1 && percpu_ref_count(&ref) == 0 && done);
    printf("percpu ref: ok, %llu steps, %llu switches\n", (unsigned long long)done, (unsigned long long)switches);
    return 0;
}
