/* rq.h: the kernel's run queue of each CPU and what the files of kernel/sched share. Nobody outside kernel/sched includes it.
 *
 * A struct rq belongs to its CPU: only that CPU touches it, with interrupts off; the protocol by which others reach it is
 * percpu/runqueue.h. Fields marked hint may be read from anywhere at any time.
 * Times are TSC ticks; sched_ns() and sched_ticks() convert. */
#pragma once
#include "kernel/arch/x86/cpu.h"
#include "kernel/arch/x86/smp.h"
#include "kernel/debug/assert.h"
#include "percpu/fair_calendar.h"
#include "kernel/sched/isolation.h"
#include "kernel/sched/sched.h"
#include "kernel/time/timer_heap.h"
#include "kernel/trace/trace.h"
#include "lockfree/rcu_core.h"
#include "percpu/cpugroup.h"
#include "percpu/runqueue.h"

/* How the running task comes to the scheduler, and what the switch tail does with it. */
enum prev_fate {
    PREV_RUNS,   /* stays runnable: preempted */
    PREV_YIELDS, /* stays runnable, lets one other run */
    PREV_BLOCKS, /* its word is BLOCKING or was: parks unless woken */
    PREV_DIES,
    PREV_IDLE,   /* the idle task: never queued */
};
#define PREEMPT_ACTIVE PREV_RUNS /* how an involuntary switch comes: whatever its state says, prev stays runnable */

struct rt_rq {
    u64 bitmap[2];                       /* a bit for each priority with a task; bit 0 is priority 99 */
    struct list_head queue[MAX_RT_PRIO];
    u32 nr;                              /* queued, the running one not */
    u64 period_start, used;              /* throttling: rt time used in this period */
    bool throttled;
};

#define DL_LAGS 4

/* Tasks that sleep and whose bandwidth counts as active until then. */
struct dl_lag {
    s64 until_ns;
    u64 bw;  /* 0: free */
    u32 seq; /* counts how often it became free */
};

struct dl_rq {
    struct timer_heap ready;             /* by absolute deadline; the running one not */
    struct timer_heap throttled;         /* by the begin of the next period */
    struct hrtimer timer;
    u32 nr;                              /* ready; hint */
    s64 curr_deadline_ns;                /* hint: of the running one while curr_prio is -1 */
    u64 running_bw, this_bw;             /* dl_active.c */
    struct dl_lag lag[DL_LAGS];
    u64 gone_bw __cacheline_aligned;     /* RMW by anyone: of this_bw, what is elsewhere by now; only rises */
};

struct rq_statistics {
    u64 yld_count, sched_goidle, ttwu_count, ttwu_local, run_delay, pcount;
};

struct rq {
    struct runqueue q;             /* protocol, fair container, shelf */
    struct task_struct *curr;
    struct task_struct *idle;
    struct task_struct *next;      /* RUNNABLE: the wakee of a synchronous wake, runs when curr blocks */
    u64 zero_vruntime;             /* the queue's time when it was last computed (fair.c) */
    s64 avg_vruntime;              /* sum of weight * (key - zero_vruntime) over the container */
    u64 avg_load;                  /* sum of their weights */
    u32 nr_fair;                   /* how many wait: in the calendar, or beside it in q.fair */
    u32 nr_urgent;                 /* the same of the classes above: stop, deadline (those that are due), rt; hint */
    u64 served, served_at;         /* hints: V's steps, and the TSC when they were last counted (fair_service.c) */
    u64 served_v, served_idle;     /* V then, and how long it had idled */
    bool unserved;                 /* hint: it idled before that, and made no pass since */
    bool turn_waits;               /* somebody may wait for eligibility alone (fair_turn.c) */
    u64 turn_at;                   /* TSC; valid while turn.link */
    struct fair_calendar calendar;
    enum prev_fate fate;           /* of the task that was switched away from */
    bool sync_wake;                /* the arrival in progress goes to `next` */
    bool ticking;                  /* at the full rate */
    bool slow_tick;                /* at the slow rate */
    bool shelved_brief;            /* whoever was shelved last usually sleeps soon; valid while q.nr_shelved */
    bool idle_marked;              /* this CPU's bit in cpu_groups is set */
    bool preempt_due;              /* a reschedule was due at the last tick already (lazy preemption) */
    bool balanced;                 /* takes tasks by itself: neither isolated nor on its way out */
    u32 hotplug;                   /* enum cpu_stage; written in turn by this CPU and the one that commands it (hotplug.c) */
    u64 halted;                    /* when it stopped; 0: it runs */
    struct mm_struct *drop_mm;     /* lazily borrowed, given back in the switch tail */
    u32 balance_cursor;            /* the last CPU that sched_least_loaded looked at */
    u32 near_cursor;               /* the same among the CPUs of its cache */
    u32 balance_tick;
    u32 refused;                   /* passes that moved nothing because all was hot */
    u32 send_to;                   /* where the running task goes when it is switched away; CPUGROUP_NONE: as its mask says */
    u64 offered;                   /* when this CPU, idle, last looked for a task that shares a core */
    u32 called;                    /* the last idle CPU that was told of surplus here */
    struct task_struct *slot;      /* hint: an rt task that waits here and may run elsewhere (urgent.c); the owner writes it */
    bool asked;                    /* set by anyone: a CPU became free for it; cleared by the owner */
    int curr_prio;                 /* hint: -2 stopper, -1 deadline, 0..99 rt, 100..139 fair, 140 idle */
    int nr_uninterruptible;        /* hint; the sum over CPUs counts */
    u64 nr_switches;               /* hint */
    u64 nr_migrations;             /* fair tasks that came from another CPU */
    u64 urgent_time;               /* run time of stoppers, deadline and real-time tasks, where it was charged */
    struct rq_statistics stats;    /* moved while sched_schedstats is 1 */
    u64 user_ticks, nice_ticks, sys_ticks, irq_ticks; /* hint: samples */
    u64 started;                   /* when this CPU began to schedule */
    struct hrtimer turn;           /* fair_turn.c */
    struct hrtimer extension;      /* slice_extension.c */
    struct list_head stops;        /* stoppers that wait (stopper.c) */
    struct rt_rq rt;
    struct dl_rq dl;
    struct rcu_cpu rcu;
    struct task_struct *rcu_thread; /* rcu_thread.c; set once, NULL: not yet */
};

DECLARE_PER_CPU(struct rq, runqueues); /* NOIRQ */
extern struct cpu_groups sched_groups;

#define cpu_rq(cpu) (&per_cpu(runqueues, (cpu)))
#define this_rq()   this_cpu_ptr(&runqueues)
#define RQ_OF(runq) container_of((runq), struct rq, q)
#define TASK_OF(rqt) container_of((rqt), struct task_struct, se.rq)
#define FAIR_TASK(n) container_of((n), struct task_struct, se.rq.fair)

#define PRIO_IDLE 140
#define RCU_PIECE 4      /* callbacks that run in one section without preemption */
#define RCU_FLOOD 10000  /* of so many that wait memory matters more than who pays for them */
#define BALANCE_WINDOW 16 /* CPUs looked at in one search for a less loaded one */
#define WAKE_LOOKS 4u     /* CPUs of a cache, and then of a node, looked at for one wakee that would wait */
#define BALANCE_TICKS 4
#define BALANCE_LOOKS 16 /* tasks that wait looked at for one that should go */
#define ROTATE_NS (24 * NSEC_PER_MSEC)
#define DAYS_OF_SHORTEST_REQUEST 16 /* fair_calendar.h */
#define HOT_TRIES 3      /* passes in which only hot tasks could go; in the next they may */
#define CROWD_OF_RT 16
#define BEHIND_CROWD 2 /* tasks that a CPU seems to have in addition whose own lack service (fair_service.c) */
#define NICE_TO_PRIO(nice) ((nice) + 120)
#define NICE_0_SHIFT 10
#define NICE_0_WEIGHT (1 << NICE_0_SHIFT)
#define IDLE_POLICY_WEIGHT 3

/* A scheduling class (guide). The core calls the fair class directly on its fast paths. Owner, interrupts off. */
struct sched_class {
    const char *name;
    void (*enqueue_task)(struct rq *rq, struct task_struct *t);
    void (*dequeue_task)(struct rq *rq, struct task_struct *t);
    bool (*task_queued)(const struct task_struct *t);
    void (*task_tick)(struct rq *rq, struct task_struct *curr);
};
extern const struct sched_class stop_sched_class, dl_sched_class, rt_sched_class, fair_sched_class, idle_sched_class;

static inline bool task_is_fair(const struct task_struct *t) { return t->sched_class == &fair_sched_class; }
static inline bool task_is_rt(const struct task_struct *t) { return t->sched_class == &rt_sched_class; }

static inline bool task_is_deadline(const struct task_struct *t) { return t->sched_class == &dl_sched_class; }
static inline bool task_is_stopper(const struct task_struct *t) { return t->sched_class == &stop_sched_class; }
/* Stopper, deadline or real time. */
static inline bool task_is_urgent(const struct task_struct *t) { return t->prio < MAX_RT_PRIO; }

/* ---- stopper.c ---- */
#define PRIO_STOP (-2)
void stop_start_thread(unsigned cpu);
u32 stop_select(const struct task_struct *t);
void stop_requeue(struct rq *rq, struct task_struct *t);
void stop_dequeue(struct rq *rq, struct task_struct *t);
struct task_struct *stop_pick(struct rq *rq, struct task_struct *prev, bool prev_stays);

/* ---- dl_active.c ---- */
#define BW_SHIFT 20 /* bandwidths: bits of fraction of a CPU */
/* t, of the deadline class. One whose deadline is lent to it was promised nothing, is not counted and does not reclaim. */
static inline bool dl_reclaims(const struct task_struct *t)
{
    return t->dl.counted_bw && t->dl.flags & SCHED_FLAG_RECLAIM;
}
void dl_count(struct rq *rq, struct task_struct *t);
void dl_uncount(struct rq *rq, struct task_struct *t);
void dl_sleeps(struct rq *rq, struct task_struct *t, s64 now);
void dl_forget(struct rq *rq, struct task_struct *t);
void dl_end_lags(struct rq *rq, s64 now);
s64 dl_next_lag(const struct rq *rq);
s64 dl_price(const struct rq *rq, const struct task_struct *t, s64 ns);
s64 dl_time_left(const struct rq *rq, const struct task_struct *t);

/* ---- deadline.c ---- */
#define PRIO_DEADLINE (-1)
u64 dl_bandwidth(u64 runtime_ns, u64 period_ns);
u64 dl_limit_of_cpu(void);    /* what of a CPU may be promised; hint */
int dl_admit_locked(struct task_struct *t, u64 bw); /* attr_lock held: reserves bw instead of what t has. 0, -EBUSY */
int dl_set_limit(int runtime_us, int period_us); /* of the rt throttle. -EBUSY: what was promised needs more */
void dl_init(struct rq *rq);
int dl_cpu_leaves(u32 cpu); /* takes cpu out of cpu_active_mask. -EBUSY: what was promised needs it */
struct task_struct *dl_any_throttled(struct rq *rq);
void dl_begin(struct task_struct *t);
struct task_struct *dl_first(struct rq *rq);   /* the most urgent that waits, NULL */
bool dl_earlier(const struct task_struct *a, const struct task_struct *b);
bool dl_exhausted(const struct task_struct *t);
void dl_account(struct rq *rq, struct task_struct *curr, u64 ticks);
void dl_take(struct rq *rq, struct task_struct *t);
void dl_runs(struct rq *rq, struct task_struct *t);    /* t was picked */
void dl_blocks(struct rq *rq, struct task_struct *t, bool dies); /* t was running and gives its CPU up */
bool dl_requeue(struct rq *rq, struct task_struct *t, bool yields); /* true: it is ready */
bool dl_send_waiting(struct rq *rq);
u32 sched_select_deadline(struct task_struct *t, u32 prev_cpu);

/* ---- fair.c ---- */
struct sched_tunables {
    u64 base_slice, min_request, least_turn, wake_granularity, sync_window; /* ticks */
    u64 lag_limit;                                              /* two slices; 0: lag is not kept over sleep */
    u64 base_slice_ns;
    u64 rotate;                                                 /* who computes stays at least so long before it changes places */
    u64 migration_cost, migration_cost_ns;                      /* who ran since then is hot */
    u32 nr_migrate;                                             /* tasks that leave at once */
    u64 avg_period;                                             /* ticks: averages are not brought up to date more often */
};
extern struct sched_tunables sched_tunables;
void sched_set_weight(struct task_struct *t, int prio, bool idle_policy);
u32 sched_weight(int prio, bool idle_policy);
#define FEAT_PLACE_LAG 1u
#define FEAT_WAKEUP_PREEMPTION 2u
extern u32 sched_features;
void sched_follow_features(void);                           /* after a change of sched_features or base_slice */
void fair_place(struct rq *rq, struct task_struct *t);       /* charges the running task, too */
void fair_leave_slot(struct rq *rq);                        /* queues the task in the next slot */
u64 fair_time(struct rq *rq);                               /* V; charges the running task */
void fair_begin(struct rq *rq, struct task_struct *t);      /* the running task became a fair one */
void sched_follow_slice(struct sched_entity *se);           /* after a change of slice, weight or base_slice; writes vslice only */
bool fair_renew_request(struct sched_entity *se);
struct task_struct *fair_pick(struct rq *rq, bool prev_stays);
bool fair_keeps_cpu(struct rq *rq, struct task_struct *prev, struct task_struct *best);
bool fair_preempts(struct rq *rq, struct task_struct *t);
void fair_dequeue(struct rq *rq, struct task_struct *t);

/* ---- fair_turn.c ---- */
void fair_turn_init(struct rq *rq);
void fair_watch_turn(struct rq *rq, struct task_struct *t); /* V was just computed; t runs or is about to, and is not queued */
void slice_extension_init(struct rq *rq);
/* core.c: clears NEED_RESCHED and takes what came in. Interrupts off. */
void sched_take_mail(struct rq *rq);

/* ---- fair_service.c ---- */
void fair_count_service(struct rq *rq);
u64 fair_unserved(u32 cpu);
bool fair_is_behind(u32 cpu, u32 than);
bool fair_is_served_better(struct rq *rq, u32 cpu);
s64 fair_owed(const struct rq *rq, u32 cpu);

/* ---- fair_balance.c ---- */
void fair_balance_tick(struct rq *rq);
void fair_take_back(struct rq *rq, bool prev_stays);
/* Runs what is over on another CPU's behalf: publishes surplus and tells an idle CPU. */
void sched_publish_surplus(struct rq *rq);

/* ---- rt.c ---- */
void rt_init(struct rt_rq *rt);
struct task_struct *rt_first(struct rq *rq);
void rt_requeue(struct rq *rq, struct task_struct *t, bool head);
bool rt_slice_ended(const struct task_struct *t); /* its equals' turn */
void rt_renew_slice(struct task_struct *t); /* one that ended */
void rt_dequeue(struct rq *rq, struct task_struct *t);
bool rt_may_run(struct rq *rq);
void rt_account(struct rq *rq, u64 delta, u64 now);
void rt_unthrottle(struct rq *rq);
bool rt_send_waiting(struct rq *rq, struct task_struct *t);

/* ---- urgent.c: interrupts off, the owner ---- */
void sched_urgent_waits(struct rq *rq);         /* some may wait here, and rq->curr_prio says what runs or is about to: they may leave */
void sched_urgent_left(struct rq *rq);          /* the task in the slot is not queued any more, or the last deadline task */
void sched_urgent_answer(struct rq *rq);
void sched_urgent_gone(struct rq *rq, int prio); /* this CPU ran something urgent; what it runs now has priority prio */

/* ---- nearness.c ---- */
void sched_init_groups(void);
extern bool sched_smt; /* some core has several threads */
bool sched_shares_core(u32 cpu); /* another thread of its core runs something */
bool sched_leave_to_nearer(u32 thief, u32 victim); /* interrupts off */
void sched_leave_shared_core(struct rq *rq); /* the running task is the only one here */
void sched_offer_core(struct rq *rq); /* idle, interrupts off */
/* How crowded a CPU is for a fair task. An rt task there may keep the CPU for long. */
static inline u32 sched_crowd(u32 cpu)
{
    struct rq *rq = cpu_rq(cpu);

    return READ_ONCE(rq->q.nr_running) + (READ_ONCE(rq->curr_prio) < MAX_RT_PRIO ? CROWD_OF_RT : 0);
}
u32 sched_least_loaded(struct task_struct *t, u32 here);
u32 sched_best_served(struct task_struct *t, u32 here);
u64 sched_load(u32 cpu); /* the weight of all fair tasks there, without bounds behind an urgent one; hint. Interrupts off */
u32 sched_less_crowded(const struct task_struct *t, u32 cpu, u32 crowd); /* interrupts off */

/* ---- hotplug.c ---- */
void sched_hotplug_idle(struct rq *rq);      /* idle, interrupts off, rq->hotplug is set */
void sched_widen_if_stranded(struct task_struct *t);
extern bool sched_cpus_left;                 /* a CPU has left since boot: a mask may name none that takes tasks */

/* ---- placement.c ---- */
u32 sched_any_allowed(const struct task_struct *t);
u32 sched_select_cpu(struct task_struct *t, u32 prev_cpu);
u32 sched_select_new(struct task_struct *t); /* several CPUs are on line */
u32 sched_select_rt(struct task_struct *t, u32 prev_cpu);
u32 sched_claim_idle_core(const struct task_struct *t, u32 here);

/* ---- core.c, wake.c, idle.c ---- */
enum preempt_model { PREEMPT_VOLUNTARY, PREEMPT_FULL, PREEMPT_LAZY }; /* docs/knobs.md */
extern enum preempt_model sched_preempt_model;
void sched_check_preempt(struct rq *rq, struct task_struct *t);
bool sched_task_is_queued(struct rq *rq, struct task_struct *t);
void sched_dequeue_queued(struct rq *rq, struct task_struct *t);
extern struct rq *rq_owners[];
bool sched_steal(struct rq *rq);
void sched_run_callbacks(struct rq *rq); /* a few; interrupts off at call and return, on in between */
void sched_wake_rcu_thread(struct rq *rq); /* interrupts off */
void sched_need_tick(struct rq *rq);
void sched_affinity_init(void);
void sched_affinity_left(struct task_struct *t); /* affinity.c: a moving task is off its forbidden CPU */
void sched_apply_policy(struct rq *rq, struct task_struct *t);
int sched_normal_prio(const struct task_struct *t); /* of its policy, without what it is lent; attr_lock held */
void sched_request_policy(struct task_struct *t);   /* t's owner is to take over what attr_lock's side says */
void sched_apply_affinity(struct rq *rq, struct task_struct *t);
void sched_load_tick(void);
void sched_sample_slowly(struct rq *rq);
bool sched_wants_tick(const struct task_struct *t);
void sched_clock_init(void);
u64 sched_ns(u64 ticks);
u64 sched_ticks(u64 ns);

/* ---- sched_stats.c, sched_avg.c ---- */
#define SCHED_AVG_PERIOD_NS (1u << 20)
extern int sched_schedstats;
extern bool sched_stats_used; /* it was 1 at some time: statistics of tasks may not be 0 */
/* While sched_schedstats is 1: next begins to run, after it waited; prev stops. t was woken, still in the waker's hands. */
void sched_note_switch(struct rq *rq, struct task_struct *prev, struct task_struct *next, u64 delay);
void sched_note_wakeup(struct rq *rq, struct task_struct *t, u32 prev_cpu, u32 cpu, bool sync);
void sched_avg_update(struct sched_entity *se, u64 now);

/* The owner of t; the averages need it once in four periods at the most. */
static __always_inline void sched_avg_follow(struct task_struct *t, u64 now)
{
    if (unlikely(now - t->se.avg.last_update > sched_tunables.avg_period))
        sched_avg_update(&t->se, now);
}

/* Takes what an urgent task has run since it was last charged off its budget or its CPU's rt time. Wherever these are looked at,
 * not at each update of the running task: that is the fast path of all classes. */
void sched_charge_urgent(struct rq *rq, struct task_struct *t);

/* Real time of a task in its virtual time. */
static __always_inline u64 fair_virtual(const struct sched_entity *se, u64 ticks)
{
    if (likely(se->load.weight == NICE_0_WEIGHT))
        return ticks;
    return (u64)(((unsigned __int128)ticks * se->load.inv_weight) >> 22);
}

/* Charges the running task up to `now`. */
static __always_inline void sched_update_curr(struct rq *rq, struct task_struct *curr, u64 now)
{
    u64 delta = now - curr->se.exec_start;

    if (unlikely((s64)delta < 0))
        delta = 0;
    curr->se.exec_start = now;
    curr->se.sum_exec_runtime += delta;
    curr->se.rq.fair.key += fair_virtual(&curr->se, delta);
}

/* ---- the fair queue and its sums ---- */

static inline void fair_count(struct rq *rq, const struct task_struct *t)
{
    rq->avg_load += t->se.load.weight;
    rq->avg_vruntime += (s64)(t->se.rq.fair.key - rq->zero_vruntime) * (s64)t->se.load.weight;
}

static inline void fair_uncount(struct rq *rq, const struct task_struct *t)
{
    rq->avg_load -= t->se.load.weight;
    rq->avg_vruntime -= (s64)(t->se.rq.fair.key - rq->zero_vruntime) * (s64)t->se.load.weight;
}

static inline void fair_insert(struct rq *rq, struct task_struct *t)
{
    rq->nr_fair++;
    calendar_insert(&rq->calendar, &rq->q.fair, &t->se.rq.fair, sched_tunables.base_slice);
    fair_count(rq, t);
}

static __always_inline void fair_remove(struct rq *rq, struct task_struct *t)
{
    if (likely(!--rq->nr_fair) && likely(fairq_is_sole(&rq->q.fair, &t->se.rq.fair))) { /* nothing stays in the sums */
        fairq_remove_sole(&rq->q.fair, &t->se.rq.fair);
        rq->avg_load = 0;
        rq->avg_vruntime = 0;
        return;
    }
    calendar_remove(&rq->calendar, &rq->q.fair, &t->se.rq.fair);
    fair_uncount(rq, t);
}

/* The weight of all that run or wait here. */
static inline u64 fair_load(const struct rq *rq)
{
    return rq->avg_load + (likely(task_is_fair(rq->curr)) ? rq->curr->se.load.weight : 0);
}
