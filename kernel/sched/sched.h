/* The scheduler's interface to the rest of the kernel. Protocol and invariants: percpu/own.h, docs/invariants.md.
 *
 * Waiting: set_current_state(class) ; if (condition) ... ; schedule() ; set_current_state(TASK_RUNNING). Every wait is a
 * loop: a wake-up may be spurious. No page fault may be served between set_current_state(class) and schedule(). */
#pragma once
#include "kernel/task/task.h"

void sched_init(void);               /* boot CPU, before the first task */
void sched_init_cpu(unsigned cpu);   /* each AP, before it idles */
struct task_struct *fork_idle(unsigned cpu); /* boot CPU, before the AP starts: its idle task, NULL or ERR_PTR */
__noreturn void cpu_idle_loop(void);
/* The idle task of an AP, with a stack; boot CPU, before the AP starts. NULL: no memory. */
struct task_struct *fork_idle(unsigned cpu);

/* May sleep: the running task gives the CPU away. Blocks only if set_current_state() chose a class and no wake came. */
void schedule(void);
void sched_yield_current(void);
bool cond_resched(void);

/* RUNNING -> BLOCKING by xchg (full barrier) for a class; TASK_RUNNING cancels (BLOCKING or WOKEN -> RUNNING). */
void set_current_state(unsigned task_state);
#define __set_current_state(s) set_current_state(s)

/* Wakes a task whose wait's class is in `classes`. Any context. True if this call woke it. The condition must have been
 * written before; the RMW inside is a full barrier. */
bool wake_up_state(struct task_struct *t, unsigned classes);
static inline bool wake_up_process(struct task_struct *t) { return wake_up_state(t, TASK_NORMAL); }
/* The waker is about to block: the wakee goes to this CPU's `next` slot when it may run here. */
bool wake_up_state_sync(struct task_struct *t, unsigned classes);
void wake_up_new_task(struct task_struct *t); /* none -> WAKING -> a run queue */

/* Fork and exit hooks. sched_fork: sets policy, weights, placement; nothing is to be undone. 0, -EAGAIN: a deadline task may not, unless
 * its children are reset. */
int sched_fork(struct task_struct *child, unsigned long clone_flags);
extern bool sched_smp; /* more than one CPU is on line */
void sched_exec_balance(void);
/* current is about to load a program and has least to lose by a move: it goes to a better CPU if there is one. Process context. */
static inline void sched_exec(void)
{
    if (unlikely(sched_smp))
        sched_exec_balance();
}
/* What a task ran beyond its share is charged to who goes on by it (fair_debt.c). */
void sched_leave_debt(bool is_last); /* current ends, nobody was told yet; is_last: of its process */
void sched_take_debt(const struct task_struct *child); /* current reaps child */
void sched_inherit_debt(struct signal_struct *parent, const struct task_struct *child); /* nobody will reap child; under parent's child_lock */
void sched_take_own_debt(void); /* current forks or clones */
__noreturn void sched_exit_current(void); /* RUNNING -> DEAD in the switch tail; drops the running reference of the task */

/* Sleeps until the monotonic time deadline_ns (or S64_MAX) in the state already set; returns true when the time came,
 * false when woken before. With slack the time comes when the hardware is there anyway, slack_ns later at the latest. */
bool schedule_hrtimeout_range(s64 deadline_ns, u64 slack_ns);
static inline bool schedule_hrtimeout(s64 deadline_ns)
{
    return schedule_hrtimeout_range(deadline_ns, 0);
}
long schedule_timeout_ns(s64 ns); /* relative; returns ns left, >= 0 */

/* Restricts t to `mask` (MAX_CPUS bits). Waits killably until it holds. 0, -EBUSY (a deadline task, which may not be kept from any CPU that
 * is not isolated), -EINVAL (no online CPU), -EINTR. */
int set_cpus_allowed_ptr(struct task_struct *t, const unsigned long *mask);
int set_user_nice(struct task_struct *t, int nice);
int task_nice(const struct task_struct *t);
int task_prio(const struct task_struct *t); /* as user space sees it: -1 deadline, 0..99 rt, 100..139 fair, 140 idle; hint */
/* How much later a sleep of t may end; 0: as it was when t began. Does nothing to a real-time or deadline task. The caller checked permissions. */
void sched_set_timer_slack(struct task_struct *t, u64 ns);
/* Valid values only; the caller checked permissions. The task's owner takes them over at its next mail. */
struct sched_policy_change {
    unsigned policy, rt_priority;
    bool keeps_policy;        /* -EAGAIN unless `policy` is still t's */
    bool reset_on_fork;
    bool sets_fair;           /* nice and slice_ns too; else both stay as they are */
    int nice;
    u64 slice_ns;             /* kept through the other policies; 0: the default */
    u64 runtime_ns, deadline_ns, period_ns, dl_flags; /* of SCHED_DEADLINE */
};
/* 0, -EPERM (a deadline task that may not run on all CPUs), -EBUSY (one for whose bandwidth there is no room), -ESRCH (it ends: no deadline for it),
 * -EAGAIN. */
int sched_set_policy(struct task_struct *t, const struct sched_policy_change *c);
void sched_set_reset_on_fork(struct task_struct *t, bool reset);
#define SCHED_FLAG_RECLAIM 0x02    /* takes what others were promised and do not use */
#define SCHED_FLAG_DL_OVERRUN 0x04 /* SIGXCPU when a budget ends */
/* The throttle of urgent tasks, as /proc/sys/kernel has it; runtime -1: none. */
extern int sched_rt_period_us, sched_rt_runtime_us, sched_rr_timeslice_ms;
extern u32 sched_dl_period_min_us, sched_dl_period_max_us; /* of what is admitted */
#define MIN_NICE (-20)
#define MAX_NICE 19
#define SCHED_NORMAL 0
#define SCHED_FIFO 1
#define SCHED_RR 2
#define SCHED_BATCH 3
#define SCHED_IDLE 5
#define SCHED_DEADLINE 6
#define MAX_RT_PRIO 100

/* Priority inheritance (pi_task.h, pi_donation.c). Any of these may be called under spin locks. */
/* How urgent t is, with what it is lent. */
s64 sched_standing(struct task_struct *t);
/* `loan`, t's or nobody's, becomes `standing`; STANDING_NONE takes it away. 1: t's urgency changed, and its CPU was told; whoever t waits for
 * has to be told, too. 0: it did not change. -ESRCH: it is a new one, and t's gate is not open: nothing was lent. A loan keeps t; who takes
 * its last one away is t or has a reference. */
int sched_lend(struct task_struct *t, struct pi_loan *loan, s64 standing);
/* t's most urgent loan and the bucket of its lock; NULL: it has none. With `release` t, which is current, gives all back: there will be no new one
 * until a call finds none, and when it ends never again. */
struct pi_loan *sched_first_loan(struct task_struct *t, bool release, struct futex_bucket **bucket);

/* From now on TIF_RSEQ is set whenever t is switched away, or no longer. t is current, or a child that never ran. */
void sched_note_switches(struct task_struct *t, bool on);
/* current, with NEED_RESCHED, keeps its CPU for SLICE_EXTENSION_NS; false when it must not: it is not fair, has to leave this CPU, or
 * somebody urgent waits. Then NEED_RESCHED stands. Interrupts off. */
bool sched_extend_slice(void);
/* Whoever was put off is looked at now: NEED_RESCHED. Interrupts off, on the CPU that extended. */
void sched_end_extension(void);

unsigned task_cpu(const struct task_struct *t);
/* Hints for spinning: t is on a CPU now; this is not the only CPU. */
bool task_is_running(const struct task_struct *t);
bool sched_has_other_cpus(void);
/* Called by the timer interrupt of the running CPU. user: interrupted user mode. */
void scheduler_tick(bool user);
/* current's signal->cpu_timers became true: its threads need ticks from now on. Interrupts on. */
void sched_cpu_timers_changed(void);
/* For RLIMIT_RTTIME, at the tick of the running task t: how long it has computed since its last sleep, as far as ticks saw it (setrlimit(2)).
 * 0 when it is no real-time task now. Owner CPU, interrupts off. */
u64 sched_rt_awake_ns(struct task_struct *t);
/* utime and stime in ns, up to date to this moment for current. */
void task_cputime(struct task_struct *t, u64 *utime, u64 *stime);
/* The most of `now` and what was said before, which is said from now on: a time that several readers compute does not go back. most: *said, read
 * by the caller. */
static inline u64 never_less(u64 *said, u64 most, u64 now)
{
    while (most < now)
        if (likely(atomic_cas_relaxed(said, &most, now)))
            return now;
    return most;
}
u64 task_sched_runtime(struct task_struct *t);
void sched_loadavg(u64 avg[3]); /* fixed point, 11 bits of fraction */
unsigned nr_running(void);
u64 nr_context_switches(void);
void cpu_times(unsigned cpu, u64 *user, u64 *nice, u64 *sys, u64 *idle, u64 *irq); /* ns */

/* Starts the threads that each CPU has (rcu_thread.c). All CPUs are on line, kthreadd is current; once. */
void sched_start_threads(void);
