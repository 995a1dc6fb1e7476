/* struct sched_entity and sched_rt_entity: the scheduler's part of a task.
 *
 * Guards: O the owner by the state word (rq.own, percpu/own.h), A attr_lock, a RMW by anyone, t the task itself while it runs.
 * Times are TSC ticks, but where the name says _ns. */
#pragma once
#include "kernel/lib/list.h"
#include "kernel/lib/spinlock.h"
#include "kernel/lib/types.h"
#include "kernel/time/ktime.h"
#include "percpu/runqueue.h"

struct load_weight {
    u64 weight;
    u32 inv_weight; /* 2^32 / weight */
};

/* Moved while /proc/sys/kernel/sched_schedstats is 1 (sched_stats.c); times in ticks. Guard: O; sched_forget_statistics() writes zeros
 * at any time. Words of 64 bits only. */
struct sched_statistics {
    u64 wait_count, wait_sum, wait_max;     /* runnable, until it ran */
    u64 sum_sleep_runtime, sleep_max;       /* interruptible */
    u64 sum_block_runtime, block_max;       /* uninterruptible */
    u64 slice_max;                          /* ran without a switch */
    u64 nr_wakeups, nr_wakeups_sync, nr_wakeups_local, nr_wakeups_remote, nr_wakeups_migrate;
};

/* How much of the time the task ran (util) and wanted to run: 10 bits of fraction of 1024 (sched_avg.c). Guard: O. */
struct sched_avg {
    u64 last_update;
    u64 exec, delay; /* sum_exec_runtime and run_delay then */
    u32 util, runnable;
};

struct sched_entity {
    struct rq_task rq;         /* state word, nodes, request bits; rq.fair.key is the vruntime, .deadline the virtual deadline (O) */
    struct load_weight load;   /* O */
    u64 exec_start;            /* O  when the running slice was last accounted */
    u64 sum_exec_runtime;      /* O */
    u64 prev_sum_exec_runtime; /* O  sum_exec_runtime when it was last picked */
    u64 charged_runtime;       /* O  sum_exec_runtime when an urgent task's budget was last charged */
    s64 vlag;                  /* O  time of the others minus its own when it left a queue (fair.c, E3) */
    s64 owed;                  /* O  V that it lacks against the CPU where it is sent (fair_service.c) */
    u64 burst;                 /* O  ticks that it ran before it slept, averaged */
    u64 debt;                  /* what its process leaves to who reaps it (fair_debt.c); set once, before the parent is told */
    u64 vlag_load;             /* O  the others' weight then; 0: it was in no queue yet */
    u64 slice;                 /* A  its requests' length; 0: base_slice */
    u64 slice_ns;              /* A  the same, as it was asked for */
    u64 vslice;                /* O  that in its virtual time; 0: base_slice at nice 0 */
    u32 last_cpu;              /* O  the CPU whose virtual time the key belongs to */
    u32 on_rt;                 /* O  in the rt lists */
    u64 user_ticks, sys_ticks; /* O  samples that split sum_exec_runtime */
    u64 nr_migrations;         /* O */
    u64 last_wakeup;           /* O */
    u64 run_delay;             /* O  time for which it was runnable and did not run */
    struct sched_avg avg;      /* O */
    unsigned long cpus_mask[MAX_CPUS / 64]; /* A  rq.allowed points here */
    u32 nr_cpus_allowed;       /* A */
    u32 affinity_wanted;       /* A  counts changes of cpus_mask */
    u32 affinity_done;         /* O  the last change that holds */
    u64 sync_at;               /* t  when it last woke somebody and said it would block */
    bool sync_kept;            /* O  it did, soon: the next such wakee may wait for it in the next slot */
    bool reset_on_fork;        /* A */
    struct sched_statistics statistics; /* O */
    spinlock_t attr_lock;      /* policy, priorities and mask as user space sees them: task->policy, static_prio, rt_priority */
};

enum dl_place { DL_NOWHERE, DL_READY, DL_THROTTLED };

struct sched_dl_entity {
    u64 runtime_ns, deadline_ns, period_ns; /* A */
    u64 flags;                 /* A  SCHED_FLAG_RECLAIM, SCHED_FLAG_DL_OVERRUN */
    u64 bw;                    /* admission_lock: what is reserved for it */
    s64 left_ns;               /* O  budget until the deadline; negative: overrun */
    s64 abs_deadline_ns;       /* O  monotonic */
    s64 lent_deadline_ns;      /* O  of who waits for it; S64_MAX: no deadline task does. While there is one the budget does not count */
    struct hrtimer node;       /* O  in one of the CPU's two heaps */
    enum dl_place place;       /* O */
    bool changed;              /* A  the parameters above are new */
    bool yielded;              /* O  gave the rest of its budget up */
    bool slept;                /* O  the next enqueue is a wake-up (D3) */
    u64 counted_bw;            /* O  in running_bw of the CPU where it is; this and what follows: dl_active.c */
    u64 home_bw;               /* O  in this_bw of CPU `home`; 0: of none */
    u64 lag_bw;                /* O  in lag[lag_place] of CPU `lag_cpu` while that has lag_seq; 0: in none */
    u32 home, lag_cpu, lag_place, lag_seq; /* O */
};

struct sched_rt_entity {
    struct list_head run_list; /* O */
    u64 slice_end;             /* O  sum_exec_runtime when its slice ends: who is preempted, or sleeps, completes it; SCHED_RR */
    u64 awake_since;           /* O  sum_exec_runtime at the first tick after its last sleep that saw RLIMIT_RTTIME */
    u64 awake_sleeps;          /* O  its sleeps until then; ~0: it was no real-time task */
};
