/* deadline.c: SCHED_DEADLINE: earliest deadline first over constant-bandwidth servers. Owner CPU only, interrupts off, but for
 * admission. Sources: sched(7); Abeni and Buttazzo, "Integrating multimedia applications in hard real-time systems", RTSS 1998.
 *
 *   D1 A task that is READY or runs has budget left (left_ns > 0) and an absolute deadline; it never runs for longer than its
 *      budget before that deadline, but for what it reclaims (dl_active.c R2).
 *   D2 A task without budget waits THROTTLED until its next period begins; it is not counted in nr_running, and its word says
 *      RUNNABLE: it belongs to this CPU like a queued one.
 *   D3 A task that wakes keeps its deadline if what is left of its budget fits under its bandwidth until then; else it begins a new
 *      instance now. So a task that sleeps cannot save up bandwidth.
 *   D4 The sum of runtime / period of all tasks is at most runtime_us / period_us of the rt throttle, times the online CPUs.
 *   D5 A task that a deadline task waits for (pi_donation.c) has the earlier of its own and the lent deadline, and no budget ends it: who
 *      waits would wait longer. What it runs is taken off its own budget all the same.
 *
 * One timer a CPU: the end of the running task's budget, or the first throttled task's next period. How fast a budget falls, and which tasks
 * of a CPU count as active: dl_active.c. */
#include "kernel/lib/errno.h"
#include "kernel/sched/rq.h"
#include "kernel/sched/sched_stats.h"
#include "kernel/signal/signal.h"

#define MOST_AHEAD_NS (1ull << 60) /* of a deadline: 36 years */
#define DL_TASK(n) container_of((n), struct task_struct, dl.node)

u32 sched_dl_period_min_us = 100, sched_dl_period_max_us = 4194304; /* Linux's */
static DEFINE_SPINLOCK(admission_lock);
static u64 admitted_bw; /* admission_lock */

/* ---- admission: any task, no queue touched ---- */

u64 dl_bandwidth(u64 runtime_ns, u64 period_ns)
{
    return (u64)(((unsigned __int128)runtime_ns << BW_SHIFT) / period_ns);
}

u64 dl_total_bandwidth(void)
{
    return READ_ONCE(admitted_bw);
}

static u64 limit_by(int runtime_us, int period_us, unsigned cpus)
{
    return runtime_us < 0 ? (u64)cpus << BW_SHIFT : dl_bandwidth((u64)runtime_us, (u64)period_us) * cpus;
}

static u64 bandwidth_limit(unsigned cpus)
{
    return limit_by(sched_rt_runtime_us, sched_rt_period_us, cpus);
}

u64 dl_limit_of_cpu(void)
{
    return bandwidth_limit(1);
}

int dl_admit_locked(struct task_struct *t, u64 bw)
{
    int err = 0;

    spin_lock(&admission_lock);
    if (bw > t->dl.bw && admitted_bw - t->dl.bw + bw > bandwidth_limit(num_balancing_cpus()))
        err = -EBUSY;
    if (!err) {
        admitted_bw += bw - t->dl.bw;
        t->dl.bw = bw;
    }
    spin_unlock(&admission_lock);
    return err;
}

int dl_set_limit(int runtime_us, int period_us)
{
    int err = 0;

    spin_lock(&admission_lock);
    if (admitted_bw > limit_by(runtime_us, period_us, num_balancing_cpus()))
        err = -EBUSY;
    if (!err) {
        WRITE_ONCE(sched_rt_runtime_us, runtime_us);
        WRITE_ONCE(sched_rt_period_us, period_us);
    }
    spin_unlock(&admission_lock);
    return err;
}

int dl_cpu_leaves(u32 cpu)
{
    int err = 0;

    spin_lock(&admission_lock);
    if (admitted_bw && admitted_bw > bandwidth_limit(num_balancing_cpus() - cpu_balances(cpu)))
        err = -EBUSY;
    else
        sched_cpu_parts(cpu);
    spin_unlock(&admission_lock);
    return err;
}

/* ---- the two heaps ---- */

static void queue_in(struct timer_heap *heap, struct sched_dl_entity *dl, s64 key, enum dl_place place)
{
    dl->node.expires_ns = key;
    dl->place = place;
    timer_heap_insert(heap, &dl->node);
}

static s64 next_period_ns(const struct sched_dl_entity *dl)
{
    return dl->abs_deadline_ns - (s64)dl->deadline_ns + (s64)dl->period_ns;
}

static bool is_lent(const struct task_struct *t)
{
    return t->dl.lent_deadline_ns != S64_MAX;
}

/* The deadline by which t is compared: D5. */
static s64 due_ns(const struct task_struct *t)
{
    return t->normal_prio == PRIO_DEADLINE ? min(t->dl.abs_deadline_ns, t->dl.lent_deadline_ns) : t->dl.lent_deadline_ns;
}

static void make_ready(struct rq *rq, struct task_struct *t)
{
    queue_in(&rq->dl.ready, &t->dl, due_ns(t), DL_READY);
    rq->dl.nr++;
    rq->nr_urgent++;
}

/* The next event of this CPU: a throttled task's period, the end of the running task's budget, or that it pays less from then on. */
static void arm_timer(struct rq *rq, struct task_struct *curr, s64 now)
{
    s64 next = rq->dl.throttled.root ? rq->dl.throttled.root->expires_ns : S64_MAX;

    if (task_is_deadline(curr) && !is_lent(curr) && curr->dl.left_ns > 0) {
        next = min(next, now + dl_time_left(rq, curr));
        if (dl_reclaims(curr))
            next = min(next, dl_next_lag(rq));
    }
    if (next != S64_MAX)
        hrtimer_start(&rq->dl.timer, next);
}

static void throttle(struct rq *rq, struct task_struct *t)
{
    queue_in(&rq->dl.throttled, &t->dl, next_period_ns(&t->dl), DL_THROTTLED);
    rq->q.nr_running--;
    arm_timer(rq, rq->curr, ktime_get_ns());
}

struct task_struct *dl_first(struct rq *rq)
{
    return rq->dl.ready.root ? DL_TASK(rq->dl.ready.root) : NULL;
}

struct task_struct *dl_any_throttled(struct rq *rq)
{
    return rq->dl.throttled.root ? DL_TASK(rq->dl.throttled.root) : NULL;
}

bool dl_earlier(const struct task_struct *a, const struct task_struct *b)
{
    return due_ns(a) < due_ns(b);
}

/* ---- budgets ---- */

static void new_instance(struct sched_dl_entity *dl, s64 now)
{
    dl->abs_deadline_ns = now + (s64)dl->deadline_ns;
    dl->left_ns = (s64)dl->runtime_ns;
}

/* At the begin of a period. A debt of several periods is paid by as many: who ran for long on a lent deadline (D5) has one of any number.
 * What was given up is gone: the next period begins where this one ends, however late that is noticed. */
static void replenish(struct sched_dl_entity *dl, s64 now)
{
    if (dl->yielded)
        dl->left_ns = min(dl->left_ns, (s64)0);
    dl->yielded = false;
    if (dl->left_ns <= 0) {
        u64 debt = (u64)-dl->left_ns, runtime = max(dl->runtime_ns, 1ull);
        u64 periods = min(debt / runtime + 1, MOST_AHEAD_NS / max(dl->period_ns, 1ull));

        dl->abs_deadline_ns += (s64)(periods * dl->period_ns);
        dl->left_ns = (s64)(runtime - debt % runtime);
    }
    if (dl->abs_deadline_ns <= now)
        new_instance(dl, now);
    dl->left_ns = min(dl->left_ns, (s64)dl->runtime_ns);
}

/* D3: left / (deadline - now) > runtime / deadline. */
static bool would_overflow(const struct sched_dl_entity *dl, s64 now)
{
    return (unsigned __int128)dl->left_ns * dl->deadline_ns >
           (unsigned __int128)(dl->abs_deadline_ns - now) * dl->runtime_ns;
}

/* What a task that slept wakes to. False: it has to wait for its next period. */
static bool wake_instance(struct sched_dl_entity *dl, s64 now)
{
    bool ended = dl->abs_deadline_ns <= now;

    if (dl->left_ns <= 0 || dl->yielded || (ended && dl->deadline_ns < dl->period_ns)) {
        if (next_period_ns(dl) > now)
            return false;
        dl->yielded = false;
        new_instance(dl, now);
    } else if (ended || would_overflow(dl, now)) {
        new_instance(dl, now);
    }
    return true;
}

bool dl_exhausted(const struct task_struct *t)
{
    return (t->dl.left_ns <= 0 || t->dl.yielded) && !is_lent(t);
}

void dl_account(struct rq *rq, struct task_struct *curr, u64 ticks)
{
    curr->dl.left_ns -= dl_price(rq, curr, (s64)sched_ns(ticks));
}

static void expired(struct hrtimer *timer)
{
    struct rq *rq = container_of(timer, struct rq, dl.timer);
    struct task_struct *curr = rq->curr;
    s64 now = ktime_get_ns();
    struct hrtimer *n;

    if (task_is_deadline(curr)) {
        sched_update_curr(rq, curr, rdtsc());
        sched_charge_urgent(rq, curr);
        if (dl_exhausted(curr)) {
            rq_kick_self(&rq->q);
            if (curr->dl.flags & SCHED_FLAG_DL_OVERRUN)
                send_sig_info(SIGXCPU, SEND_SIG_PRIV, curr);
        }
    }
    dl_end_lags(rq, now);
    while ((n = rq->dl.throttled.root) && n->expires_ns <= now) {
        struct task_struct *t = DL_TASK(n);

        timer_heap_remove(&rq->dl.throttled, n);
        replenish(&t->dl, now);
        rq->q.nr_running++;
        make_ready(rq, t);
        sched_check_preempt(rq, t);
    }
    arm_timer(rq, curr, now);
}

void dl_init(struct rq *rq)
{
    hrtimer_init(&rq->dl.timer, expired);
}

/* ---- the class ---- */

/* New parameters hold from now on. */
void dl_begin(struct task_struct *t)
{
    t->dl.yielded = false;
    t->dl.slept = false;
    new_instance(&t->dl, ktime_get_ns());
}

/* Another task counts here now: the running one pays more from here on, so its budget ends sooner. */
static void follow_rate(struct rq *rq, s64 now)
{
    if (!task_is_deadline(rq->curr) || !dl_reclaims(rq->curr))
        return;
    if (dl_exhausted(rq->curr))
        rq_kick_self(&rq->q);
    else
        arm_timer(rq, rq->curr, now);
}

static void dl_enqueue(struct rq *rq, struct task_struct *t)
{
    struct sched_dl_entity *dl = &t->dl;
    s64 now = ktime_get_ns();

    if (t->se.last_cpu != rq->q.cpu) {
        trace_migrate(t, t->se.last_cpu);
        t->se.last_cpu = rq->q.cpu;
        t->se.nr_migrations++;
    }
    dl_count(rq, t);
    if ((dl->slept && !wake_instance(dl, now) && !is_lent(t)) || dl_exhausted(t))
        throttle(rq, t);
    else
        make_ready(rq, t);
    dl->slept = false;
    follow_rate(rq, now);
}

/* The caller takes it out of nr_running, in which a throttled one is not. */
void dl_take(struct rq *rq, struct task_struct *t)
{
    if (t->dl.place == DL_READY) {
        timer_heap_remove(&rq->dl.ready, &t->dl.node);
        rq->nr_urgent--;
        if (!--rq->dl.nr)
            sched_urgent_left(rq);
    } else {
        timer_heap_remove(&rq->dl.throttled, &t->dl.node);
        rq->q.nr_running++;
    }
    t->dl.place = DL_NOWHERE;
}

static void dl_dequeue(struct rq *rq, struct task_struct *t)
{
    dl_take(rq, t);
    dl_uncount(rq, t);
}

void dl_runs(struct rq *rq, struct task_struct *t)
{
    s64 now = ktime_get_ns();

    WRITE_ONCE(rq->dl.curr_deadline_ns, due_ns(t));
    dl_end_lags(rq, now);
    arm_timer(rq, t, now);
}

/* How urgent what a CPU runs is, on the scale of deadlines: later is less. */
static s64 standing(u32 cpu)
{
    int prio = READ_ONCE(cpu_rq(cpu)->curr_prio);

    if (prio == PRIO_STOP)
        return -S64_MAX;
    return prio >= 0 ? S64_MAX - PRIO_IDLE + prio : READ_ONCE(cpu_rq(cpu)->dl.curr_deadline_ns);
}

/* The CPU that runs the least urgent task, if t is more urgent; an idle one first. */
u32 sched_select_deadline(struct task_struct *t, u32 prev_cpu)
{
    bool stays = rq_task_may_run_on(&t->se.rq, prev_cpu) && cpu_active(prev_cpu);
    s64 latest = due_ns(t);
    u32 best;

    if (stays && !cpu_balances(prev_cpu))
        return prev_cpu;
    if (stays)
        latest = max(latest, standing(prev_cpu));
    if (latest == S64_MAX)
        return prev_cpu; /* idle */
    best = cpu_groups_claim_idle(&sched_groups, prev_cpu, t->se.rq.allowed);
    if (best != CPUGROUP_NONE)
        return best;
    best = stays ? prev_cpu : sched_any_allowed(t);
    for_each_balancing_cpu(cpu) {
        if (standing(cpu) > latest && rq_task_may_run_on(&t->se.rq, cpu)) {
            latest = standing(cpu);
            best = cpu;
        }
    }
    return best;
}

/* Gives the most urgent that waits here to a CPU that runs something less urgent. False: there is none. */
bool dl_send_waiting(struct rq *rq)
{
    struct task_struct *t = dl_first(rq);
    u32 cpu;

    if (!t || READ_ONCE(t->se.nr_cpus_allowed) == 1)
        return false;
    cpu = sched_select_deadline(t, rq->q.cpu);
    if (cpu == rq->q.cpu)
        return false;
    dl_take(rq, t);
    rq->q.nr_running--;
    dl_uncount(rq, t);
    rq_send(&rq->q, &t->se.rq, cpu);
    return true;
}

bool dl_requeue(struct rq *rq, struct task_struct *t, bool yields)
{
    bool ready;

    if (yields && !is_lent(t))
        t->dl.yielded = true; /* sched_yield(2): what is left of this period is given up */
    ready = !dl_exhausted(t);
    if (ready)
        make_ready(rq, t);
    else
        throttle(rq, t);
    return ready;
}

void dl_blocks(struct rq *rq, struct task_struct *t, bool dies)
{
    t->dl.slept = t->normal_prio == PRIO_DEADLINE; /* who only inherits one has no budget to look after */
    if (t->dl.slept)
        dl_sleeps(rq, t, ktime_get_ns());
    else if (unlikely(t->dl.counted_bw))
        dl_uncount(rq, t); /* it woke to a lent deadline, with one of its own on the way */
    if (dies)
        dl_forget(rq, t);
}

static bool dl_queued(const struct task_struct *t)
{
    return t->dl.place != DL_NOWHERE;
}

static void dl_tick(struct rq *rq, struct task_struct *curr)
{
    if (dl_exhausted(curr))
        rq_kick_self(&rq->q);
}

const struct sched_class dl_sched_class = {"deadline", dl_enqueue, dl_dequeue, dl_queued, dl_tick};
