/* cputime.c: how long tasks and CPUs ran. Run time is exact (charged at each switch, in TSC ticks); its split into user and
 * system time follows the tick samples, as Linux's default does. Also the conversion between ticks and nanoseconds. */
#include "kernel/sched/rq.h"
#include "kernel/time/ktime.h"

static u64 ns_per_tick_32 = 1ull << 32; /* ns = ticks * this >> 32; set once */
static u64 ticks_per_ns_32 = 1ull << 32;

static u64 scale(u64 v, u64 mult)
{
    return (u64)(((unsigned __int128)v * mult) >> 32);
}

u64 sched_ns(u64 ticks)
{
    return scale(ticks, ns_per_tick_32);
}

u64 sched_ticks(u64 ns)
{
    return scale(ns, ticks_per_ns_32);
}

/* The slice is Linux's default, which grows with the logarithm of the CPUs, up to 8 of them. The least turn is some ten times what a
 * timer and a switch cost (docs/sched-workloads.md has what other values do). A pair that wakes each other by turns goes on
 * for two of the shortest requests: more, and those who wait behind it for a message of theirs see it. */
void sched_clock_init(void)
{
    u64 khz = tsc_khz(), cpus = min((u64)nr_cpu_ids, (u64)8), factor = 1 + (63 - (u64)__builtin_clzll(cpus));

    ASSERT(khz != 0);
    ns_per_tick_32 = (u64)(((unsigned __int128)1000000 << 32) / khz);
    ticks_per_ns_32 = (u64)(((unsigned __int128)khz << 32) / 1000000);
    sched_tunables.base_slice_ns = 750000 * factor;
    sched_tunables.base_slice = sched_ticks(sched_tunables.base_slice_ns);
    sched_follow_features();
    sched_tunables.avg_period = sched_ticks(4 * SCHED_AVG_PERIOD_NS);
    sched_tunables.min_request = sched_ticks(100000);
    sched_tunables.least_turn = sched_ticks(12500);
    sched_tunables.wake_granularity = 2 * sched_tunables.min_request;
    sched_tunables.rotate = sched_ticks(ROTATE_NS);
    sched_tunables.migration_cost_ns = 500000; /* Linux's */
    sched_tunables.migration_cost = sched_ticks(sched_tunables.migration_cost_ns);
    sched_tunables.nr_migrate = 8;
    sched_tunables.sync_window = sched_ticks(50000);
}

/* Its slice has begun. own says so earlier, when exec_start is still the time at which it went to sleep. */
static bool slice_runs(struct task_struct *t)
{
    u64 w = own_read(&t->se.rq.own);

    return OWN_STATE(w) >= OWN_RUNNING && OWN_STATE(w) <= OWN_WOKEN && atomic_load_acquire(&cpu_rq(OWN_CPU(w))->curr) == t;
}

/* What was charged and what the running slice adds. The owner may charge meanwhile: a pair of values that did not change is taken;
 * between the owner's two stores the answer is short by that charge, for an instant. */
static u64 run_ticks(struct task_struct *t)
{
    u64 sum, start, now;
    bool runs;

    for (int i = 0; i < 4; i++) {
        start = atomic_load_acquire(&t->se.exec_start);
        sum = atomic_load_acquire(&t->se.sum_exec_runtime);
        runs = slice_runs(t);
        now = rdtsc(); /* before the second look: who is preempted after it would count what others run meanwhile */
        if (atomic_load_acquire(&t->se.exec_start) == start)
            break;
    }
    return runs && now > start ? sum + (now - start) : sum;
}

u64 task_sched_runtime(struct task_struct *t)
{
    return sched_ns(run_ticks(t));
}

static u64 split(u64 total, u64 part, u64 other)
{
    if (!other)
        return total;
    return (u64)((unsigned __int128)total * part / (part + other));
}

/* Neither part ever goes back: t->utime and t->stime hold the most that was said, also by a reader who overtook this one. Two who compute at once,
 * with a tick between them, may so say more than the total together, by that tick's part: the next ones say no more until it has caught up. */
void task_cputime(struct task_struct *t, u64 *utime, u64 *stime)
{
    u64 total = task_sched_runtime(t);
    u64 user = split(total, READ_ONCE(t->se.user_ticks), READ_ONCE(t->se.sys_ticks));
    u64 said_user = READ_ONCE(t->utime), said_sys = READ_ONCE(t->stime);

    if (user < said_user)
        user = said_user;
    if (total < user + said_sys)
        user = total > said_sys ? total - said_sys : said_user;
    *utime = never_less(&t->utime, said_user, user);
    *stime = never_less(&t->stime, said_sys, total > *utime ? total - *utime : 0);
}

u64 nr_context_switches(void)
{
    u64 n = 0;

    for_each_possible_cpu(cpu)
        n += READ_ONCE(cpu_rq(cpu)->nr_switches);
    return n;
}

void cpu_times(unsigned cpu, u64 *user, u64 *nice, u64 *sys, u64 *idle, u64 *irq)
{
    struct rq *rq = cpu_rq(cpu);
    struct task_struct *it = READ_ONCE(rq->idle);
    u64 halted = READ_ONCE(rq->halted), now = halted ? halted : rdtsc(), idle_ticks, busy, samples;

    *user = *nice = *sys = *idle = *irq = 0;
    if (!it)
        return;
    idle_ticks = READ_ONCE(it->se.sum_exec_runtime);
    if (READ_ONCE(rq->curr) == it && now > READ_ONCE(it->se.exec_start))
        idle_ticks += now - READ_ONCE(it->se.exec_start);
    busy = now - rq->started > idle_ticks ? sched_ns(now - rq->started - idle_ticks) : 0;
    *idle = sched_ns(idle_ticks);
    samples = rq->user_ticks + rq->nice_ticks + rq->sys_ticks;
    if (!samples) {
        *sys = busy;
        return;
    }
    *user = (u64)((unsigned __int128)busy * rq->user_ticks / samples);
    *nice = (u64)((unsigned __int128)busy * rq->nice_ticks / samples);
    *sys = busy - *user - *nice;
}
