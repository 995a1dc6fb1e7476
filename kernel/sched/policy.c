/* policy.c: nice values, policies and priorities. What user space sees (policy, static_prio, rt_priority) changes under attr_lock;
 * what the queue uses (class, prio, weight) is changed by the task's owner on request. */
#include "kernel/sched/rq.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "kernel/task/process.h"

static bool policy_is_urgent(unsigned policy)
{
    return policy == SCHED_FIFO || policy == SCHED_RR || policy == SCHED_DEADLINE;
}

int sched_normal_prio(const struct task_struct *t)
{
    if (task_is_stopper(t))
        return PRIO_STOP;
    if (t->policy == SCHED_DEADLINE)
        return PRIO_DEADLINE;
    if (t->policy == SCHED_FIFO || t->policy == SCHED_RR)
        return MAX_RT_PRIO - 1 - (int)t->rt_priority;
    return t->static_prio;
}

static const struct sched_class *class_of(int prio)
{
    if (prio == PRIO_STOP)
        return &stop_sched_class;
    if (prio == PRIO_DEADLINE)
        return &dl_sched_class;
    return prio < MAX_RT_PRIO ? &rt_sched_class : &fair_sched_class;
}

/* The priority that t is lent; PRIO_IDLE: none. attr_lock held. */
static int lent_prio(const struct task_struct *t)
{
    return t->pi.lent < STANDING_OF_PRIO ? PRIO_DEADLINE : (int)(t->pi.lent - STANDING_OF_PRIO);
}

/* A fair task that is lent the urgency of another one weighs as much as that one. attr_lock held. */
static void adopt_weight(struct task_struct *t, int lent)
{
    bool inherits = lent >= MAX_RT_PRIO && lent < PRIO_IDLE;

    sched_set_weight(t, inherits ? min(t->static_prio, lent) : t->static_prio, t->policy == SCHED_IDLE && !inherits);
}

/* Takes over what attr_lock's side says. The task is not queued. */
static void adopt(struct task_struct *t)
{
    int lent;

    spin_lock(&t->se.attr_lock);
    lent = lent_prio(t);
    t->normal_prio = sched_normal_prio(t);
    t->prio = min(t->normal_prio, lent);
    t->sched_class = class_of(t->prio);
    t->dl.lent_deadline_ns = lent == PRIO_DEADLINE ? t->pi.lent : S64_MAX;
    rt_renew_slice(t);
    t->se.charged_runtime = t->se.sum_exec_runtime;
    if (unlikely(t->dl.changed)) {
        t->dl.changed = false;
        dl_begin(t);
    }
    adopt_weight(t, lent);
    spin_unlock(&t->se.attr_lock);
}

/* The owner: t runs here, is queued here, in hand, frozen or dead. */
void sched_apply_policy(struct rq *rq, struct task_struct *t)
{
    enum own_state s = OWN_STATE(own_read(&t->se.rq.own));
    bool queued = s == OWN_RUNNABLE && sched_task_is_queued(rq, t), was_fair = task_is_fair(t);
    int before = task_is_rt(t) ? t->prio : MAX_RT_PRIO;

    if (queued)
        t->sched_class->dequeue_task(rq, t);
    if (t == rq->curr) {
        sched_update_curr(rq, t, rdtsc());
        if (task_is_urgent(t))
            sched_charge_urgent(rq, t);
        if (task_is_deadline(t))
            dl_uncount(rq, t);
    }
    adopt(t);
    if (!task_is_deadline(t) && unlikely(t->dl.home_bw))
        dl_forget(rq, t);
    if (queued && task_is_rt(t) && t->prio > before) {
        rt_requeue(rq, t, true); /* sched(7): whose priority is lowered becomes the first of the new one */
        sched_urgent_waits(rq);
    } else if (queued) {
        t->sched_class->enqueue_task(rq, t);
        sched_check_preempt(rq, t);
    } else if (t == rq->curr) {
        if (rq->curr_prio < MAX_RT_PRIO && t->prio > rq->curr_prio)
            sched_urgent_gone(rq, t->prio);
        rq->curr_prio = t->prio;
        if (task_is_deadline(t)) {
            dl_count(rq, t);
            dl_runs(rq, t);
        } else if (task_is_fair(t) && !was_fair) {
            fair_begin(rq, t);
        }
        rq_kick_self(&rq->q); /* somebody else may be due now */
    }
}

/* Who has taken its last loan back from t (pi_state.c) holds no reference: t may have ended meanwhile, and nobody is asked then. */
void sched_request_policy(struct task_struct *t)
{
    unsigned long flags;

    if (unlikely(!tryget_task_struct(t)))
        return;
    flags = local_irq_save();
    if (!rq_request(&t->se.rq, REQ_POLICY))
        put_task_struct(t);
    local_irq_restore(flags);
    if (need_resched() && preempt_count() == 0)
        preempt_schedule();
}

int set_user_nice(struct task_struct *t, int nice)
{
    bool urgent;

    nice = nice < MIN_NICE ? MIN_NICE : nice > MAX_NICE ? MAX_NICE : nice;
    spin_lock(&t->se.attr_lock);
    t->static_prio = NICE_TO_PRIO(nice);
    urgent = policy_is_urgent(t->policy);
    spin_unlock(&t->se.attr_lock);
    if (urgent)
        return 0; /* it counts when t is a fair task again; its place among its equals stays */
    sched_request_policy(t);
    pi_follow(t);
    return 0;
}

int task_prio(const struct task_struct *t)
{
    return t->prio == PRIO_STOP ? 0 : t->prio;
}

int task_nice(const struct task_struct *t)
{
    return t->static_prio - NICE_TO_PRIO(0);
}

/* Under attr_lock. 0, -EPERM: t may not run on all CPUs, -EBUSY: no room for that bandwidth. A task that ends has given its share back, or will:
 * see sched_exit_current(). */
static int store_deadline(struct task_struct *t, const struct sched_policy_change *c)
{
    bool dl = c->policy == SCHED_DEADLINE;
    int err = 0;

    if (dl && t->flags & PF_EXITING)
        return -ESRCH;
    if (dl && !mask_covers_balancing(t->se.cpus_mask))
        return -EPERM;
    if (dl || t->dl.bw)
        err = dl_admit_locked(t, dl ? dl_bandwidth(c->runtime_ns, c->period_ns) : 0);
    if (err || !dl)
        return err;
    t->dl.runtime_ns = c->runtime_ns;
    t->dl.deadline_ns = c->deadline_ns;
    t->dl.period_ns = c->period_ns;
    t->dl.flags = c->dl_flags;
    t->dl.changed = true;
    return 0;
}

/* Under attr_lock. */
static void store_fair(struct task_struct *t, const struct sched_policy_change *c)
{
    t->static_prio = NICE_TO_PRIO(c->nice);
    t->se.slice_ns = c->slice_ns;
    t->se.slice = c->slice_ns ? sched_ticks(c->slice_ns) : 0;
}

/* ns: 0 goes back to the default; an urgent task has none. attr_lock held. */
static void set_slack_locked(struct task_struct *t, u64 ns)
{
    WRITE_ONCE(t->timer_slack_ns, policy_is_urgent(t->policy) ? 0 : ns ? ns : t->default_timer_slack_ns);
}

void sched_set_timer_slack(struct task_struct *t, u64 ns)
{
    spin_lock(&t->se.attr_lock);
    set_slack_locked(t, ns);
    spin_unlock(&t->se.attr_lock);
}

int sched_set_policy(struct task_struct *t, const struct sched_policy_change *c)
{
    int err;

    spin_lock(&t->se.attr_lock);
    err = c->keeps_policy && c->policy != t->policy ? -EAGAIN : store_deadline(t, c);
    if (!err) {
        t->policy = c->policy;
        set_slack_locked(t, t->timer_slack_ns);
        t->rt_priority = c->rt_priority;
        t->se.reset_on_fork = c->reset_on_fork;
        if (c->sets_fair)
            store_fair(t, c);
    }
    spin_unlock(&t->se.attr_lock);
    if (err)
        return err;
    sched_request_policy(t);
    pi_follow(t);
    return 0;
}

void sched_set_reset_on_fork(struct task_struct *t, bool reset)
{
    spin_lock(&t->se.attr_lock);
    t->se.reset_on_fork = reset;
    spin_unlock(&t->se.attr_lock);
}

/* ---- fork ---- */

/* Somebody may change the policy or the mask of `from` meanwhile: what is judged is what the child gets, and of what belongs together it gets
 * both. 0, -EAGAIN: it would be a deadline task. */
static int inherit_policy(struct task_struct *child, struct task_struct *from)
{
    bool reset, rt;

    spin_lock(&from->se.attr_lock);
    for (u32 w = 0; w < DIV_ROUND_UP(nr_cpu_ids, 64); w++)
        child->se.cpus_mask[w] = from->se.cpus_mask[w];
    child->se.nr_cpus_allowed = from->se.nr_cpus_allowed;
    child->se.slice = from->se.slice;
    child->se.slice_ns = from->se.slice_ns;
    child->policy = from->policy;
    child->rt_priority = from->rt_priority;
    child->static_prio = from->static_prio;
    reset = from->se.reset_on_fork;
    spin_unlock(&from->se.attr_lock);
    rt = policy_is_urgent(child->policy);
    if (unlikely(reset)) {
        if (rt)
            child->policy = SCHED_NORMAL;
        if (rt || child->static_prio < NICE_TO_PRIO(0))
            child->static_prio = NICE_TO_PRIO(0);
        child->rt_priority = 0;
        child->se.slice = child->se.slice_ns = 0;
        sched_follow_slice(&child->se);
    }
    child->prio = child->normal_prio = sched_normal_prio(child);
    child->sched_class = class_of(child->prio);
    return unlikely(child->policy == SCHED_DEADLINE) ? -EAGAIN : 0;
}

/* Sets every field of the scheduler in a task that nobody else knows yet. */
int sched_fork(struct task_struct *child, unsigned long clone_flags)
{
    struct sched_entity *se = &child->se, *from = &current->se;
    u32 cpu = smp_processor_id();
    bool kernel_parent = current->sched_class == &idle_sched_class;
    int err;

    sched_take_own_debt();
    child->sched_class = &fair_sched_class; /* whatever the memory was before: what inherits is no stopper */
    rq_task_init(&se->rq, (u64 *)se->cpus_mask);
    own_init(&se->rq.own, cpu);
    se->on_rt = 0;
    se->sum_exec_runtime = se->prev_sum_exec_runtime = se->charged_runtime = 0;
    se->user_ticks = se->sys_ticks = 0;
    se->nr_migrations = 0;
    se->exec_start = se->run_delay = 0;
    se->avg = (struct sched_avg){0};
    if (unlikely(sched_stats_used))
        memset(&se->statistics, 0, sizeof(se->statistics));
    se->last_cpu = cpu;
    se->owed = 0;
    se->vlag = 0;
    se->vlag_load = 0;
    se->debt = 0;
    se->burst = from->burst;
    se->vslice = from->vslice;
    se->reset_on_fork = false;
    se->sync_at = 0;
    se->sync_kept = true;
    se->affinity_wanted = se->affinity_done = NEAR_WRAP_BY(u32, 2);
    spin_lock_init(&se->attr_lock);
    se->load = from->load;
    se->rq.fair.key = kernel_parent ? 0 : from->rq.fair.key;
    child->rt.slice_end = 0;
    child->rt.awake_sleeps = ~0ull;
    child->dl.runtime_ns = child->dl.deadline_ns = child->dl.period_ns = child->dl.flags = 0;
    child->dl.bw = child->dl.counted_bw = child->dl.lag_bw = child->dl.home_bw = 0;
    child->dl.left_ns = child->dl.abs_deadline_ns = 0;
    child->dl.place = DL_NOWHERE;
    child->dl.changed = child->dl.slept = child->dl.yielded = false;
    child->dl.lent_deadline_ns = S64_MAX;
    child->pi = (struct pi_task){.lent = STANDING_NONE};
    err = inherit_policy(child, current);
    if (unlikely(se->load.weight != sched_weight(child->static_prio, child->policy == SCHED_IDLE))) /* reset, or lent to the parent */
        sched_set_weight(child, child->static_prio, child->policy == SCHED_IDLE);
    return err;
}
