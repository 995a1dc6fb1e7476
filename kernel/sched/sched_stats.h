/* sched_stats.h: what the scheduler's files in /proc and debugfs show. Any task; may sleep. Times in ns. */
#pragma once
#include "kernel/sched/sched.h"

/* One CPU's run queues at one moment, taken by that CPU. */
struct rq_view {
    u64 clock, nr_switches, exec_clock, busy_time, run_delay, pcount;
    u64 yld_count, sched_goidle, ttwu_count, ttwu_local;
    unsigned nr_running, fair_running, rt_nr_running, dl_nr_running;
    int nr_uninterruptible, highest_prio;
    unsigned fair_waiting, rt_active; /* who waits in the fair order; priorities with a real-time task that waits */
    pid_t curr, next, fair_first; /* -1: nobody */
    unsigned fair_viewed;        /* how many fair tasks the averages, left, min, right and nr_spread_over are of */
    u64 load, load_avg, util_avg, runnable_avg;
    s64 left_vruntime, min_vruntime, right_vruntime, avg_vruntime; /* relative to nothing: they wrap */
    u64 nr_spread_over, nr_migrations;
    u64 rt_time, rt_runtime, rt_throttled, rt_period_left; /* rt_period_left: 0 when no real-time task ran in this period */
    bool rt_queued;              /* real-time tasks compete here: there are some, and they are not throttled */
    s64 dl_running_bw, dl_this_bw; /* active, and all that was here last: 20 bits of fraction of a CPU */
};
void sched_view_rq(unsigned cpu, struct rq_view *v);

/* One task: as consistent as reading it while it runs allows. */
struct task_view {
    u64 exec_start, vruntime, deadline, slice, sum_exec_runtime, prev_sum_exec_runtime, run_delay, last_wakeup;
    s64 vlag;
    u64 load_avg, util_avg, runnable_avg;
    struct sched_statistics stats; /* in ns */
    bool on_rq, waits; /* waits: in the fair order */
};
void sched_view_task(struct task_struct *t, struct task_view *v);
/* Its sched_statistics begin anew. What the owner counts at that moment may keep the sum from before, as on Linux. */
void sched_forget_statistics(struct task_struct *t);
/* Debug kernels: the longest section with preemption off of any CPU since sched_forget_sections(), in ns; 0: none. */
u64 sched_longest_section(const void **from, const void **to);
void sched_forget_sections(void);
u64 sched_run_delay(const struct task_struct *t);
extern int sched_schedstats;
u64 dl_total_bandwidth(void); /* 20 bits of fraction of a CPU */
