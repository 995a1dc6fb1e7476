/* The scheduler's files: its knobs in /proc/sys/kernel and debugfs, /proc/PID/sched and schedstat, /proc/schedstat and sched_debug (debugfs
 * has it too). The names are Linux's. May sleep: a CPU is asked for its run queue. */
#include "kernel/debug/ksyms.h"
#include "kernel/arch/x86/smp.h"
#include "kernel/fs/proc_internal.h"
#include "kernel/lib/string.h"
#include "kernel/sched/knobs.h"
#include "kernel/sched/sched_stats.h"
#include "kernel/signal/signal.h"
#include "kernel/task/cred.h"
#include "kernel/time/ktime.h"

#define PROC_PREFIX  "/proc/"
#define DEBUG_PREFIX "/sys/kernel/debug/"

static bool is_sysctl(const struct sched_knob *k)
{
    return !strncmp(k->file, PROC_PREFIX, strlen(PROC_PREFIX));
}

static bool is_white(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static const char *skip_white(const char *text)
{
    while (is_white(*text))
        text++;
    return text;
}

static int knob_show(struct seq_buf *s, void *data)
{
    const struct sched_knob *k = data;
    char text[KNOB_TEXT_BYTES];

    if (k->get) {
        seq_printf(s, "%ld\n", k->get());
        return 0;
    }
    k->show(text, sizeof(text));
    seq_printf(s, "%s\n", text);
    return 0;
}

/* As on Linux: white space may stand before a sysctl's number, and what comes after white space behind it is ignored; a debugfs file takes a
 * number alone, with the newline of echo. */
static int store_number(const struct sched_knob *k, const char *text)
{
    bool sysctl = is_sysctl(k), negative;
    const char *end, *digits;
    u64 v;

    if (sysctl)
        text = skip_white(text);
    negative = *text == '-';
    digits = text + negative;
    v = strtou64(digits, &end, 10);
    if (end == digits || v > INT64_MAX)
        return -EINVAL;
    if (*end && (sysctl ? !is_white(*end) : strcmp(end, "\n")))
        return -EINVAL;
    if (negative ? -(s64)v < k->low : (s64)v < k->low || (s64)v > k->high)
        return -EINVAL;
    return k->set(negative ? -(s64)v : (s64)v);
}

/* One word, and white space around it: a second one is refused. */
static int store_word(const struct sched_knob *k, const char *text)
{
    char word[KNOB_TEXT_BYTES];
    size_t n = 0;

    text = skip_white(text);
    while (n + 1 < sizeof(word) && text[n] && !is_white(text[n])) {
        word[n] = text[n];
        n++;
    }
    word[n] = '\0';
    return *skip_white(text + n) ? -EINVAL : k->store(word);
}

static ssize_t knob_store(const char *text, size_t n, void *data)
{
    const struct sched_knob *k = data;
    int err = k->get ? store_number(k, text) : store_word(k, text);

    return err ? err : (ssize_t)n;
}

static void create_knob(const struct sched_knob *k)
{
    if (is_sysctl(k))
        proc_create(k->file + strlen(PROC_PREFIX), 0644, knob_show, knob_store, (void *)k);
    else
        debugfs_create(k->file + strlen(DEBUG_PREFIX), 0644, knob_show, knob_store, (void *)k);
}

/* ---- /proc/PID ---- */

int proc_schedstat_show(struct seq_buf *s, struct task_struct *t)
{
    seq_printf(s, "%lu %lu %lu\n", task_sched_runtime(t), sched_run_delay(t), t->stats.nvcsw + t->stats.nivcsw);
    return 0;
}

static void show_ms(struct seq_buf *s, const char *name, u64 ns)
{
    seq_printf(s, "%-45s:%14lu.%06lu\n", name, ns / 1000000, ns % 1000000);
}

static void show_count(struct seq_buf *s, const char *name, u64 n)
{
    seq_printf(s, "%-45s:%21ld\n", name, (s64)n);
}

static void show_statistics(struct seq_buf *s, const struct sched_statistics *st)
{
    show_ms(s, "sum_sleep_runtime", st->sum_sleep_runtime);
    show_ms(s, "sum_block_runtime", st->sum_block_runtime);
    show_ms(s, "sleep_max", st->sleep_max);
    show_ms(s, "block_max", st->block_max);
    show_ms(s, "slice_max", st->slice_max);
    show_ms(s, "wait_max", st->wait_max);
    show_ms(s, "wait_sum", st->wait_sum);
    show_count(s, "wait_count", st->wait_count);
    show_count(s, "nr_wakeups", st->nr_wakeups);
    show_count(s, "nr_wakeups_sync", st->nr_wakeups_sync);
    show_count(s, "nr_wakeups_migrate", st->nr_wakeups_migrate);
    show_count(s, "nr_wakeups_local", st->nr_wakeups_local);
    show_count(s, "nr_wakeups_remote", st->nr_wakeups_remote);
}

int proc_sched_show(struct seq_buf *s, struct task_struct *t)
{
    struct task_view v;

    sched_view_task(t, &v);
    seq_printf(s, "%.15s (%d, #threads: %d)\n", t->comm, t->pid, t->signal->nr_threads);
    seq_puts(s, "-------------------------------------------------------------------\n");
    show_ms(s, "se.exec_start", v.exec_start);
    show_ms(s, "se.last_wakeup", v.last_wakeup);
    show_count(s, "se.vruntime", v.vruntime);
    show_count(s, "se.deadline", v.deadline);
    show_count(s, "se.vlag", (u64)v.vlag);
    show_count(s, "se.slice", v.slice);
    show_ms(s, "se.sum_exec_runtime", v.sum_exec_runtime);
    show_ms(s, "se.prev_sum_exec_runtime", v.prev_sum_exec_runtime);
    show_count(s, "se.nr_migrations", t->se.nr_migrations);
    show_count(s, "se.on_rq", v.on_rq);
    show_count(s, "se.run_node", v.waits);
    show_ms(s, "run_delay", v.run_delay);
    if (sched_schedstats)
        show_statistics(s, &v.stats);
    show_count(s, "nr_switches", t->stats.nvcsw + t->stats.nivcsw);
    show_count(s, "nr_voluntary_switches", t->stats.nvcsw);
    show_count(s, "nr_involuntary_switches", t->stats.nivcsw);
    show_count(s, "se.load.weight", t->se.load.weight);
    show_count(s, "se.avg.load_avg", v.load_avg);
    show_count(s, "se.avg.runnable_avg", v.runnable_avg);
    show_count(s, "se.avg.util_avg", v.util_avg);
    show_count(s, "policy", t->policy);
    show_count(s, "prio", (u64)(s64)task_prio(t));
    return 0;
}

/* Whatever is written begins anew. */
ssize_t proc_sched_store(const char *text, size_t n, struct task_struct *t)
{
    sched_forget_statistics(t);
    return (ssize_t)n;
}

/* As on Linux: its own, or with CAP_SYS_NICE. */
static bool may_slacken(struct task_struct *t)
{
    return t == current || capable(CAP_SYS_NICE);
}

int proc_timerslack_show(struct seq_buf *s, struct task_struct *t)
{
    if (!may_slacken(t))
        return -EPERM;
    seq_printf(s, "%lu\n", READ_ONCE(t->timer_slack_ns));
    return 0;
}

ssize_t proc_timerslack_store(const char *text, size_t n, struct task_struct *t)
{
    const char *end;
    u64 ns;
    bool fits = scan_u64(text, &end, 10, &ns);

    if (end == text || (fits && strcmp(end, *end == '\n' ? "\n" : "")))
        return -EINVAL;
    if (!fits)
        return -ERANGE;
    if (!may_slacken(t))
        return -EPERM;
    sched_set_timer_slack(t, ns);
    return (ssize_t)n;
}

/* ---- the CPUs ---- */

#define SCHEDSTAT_VERSION 15 /* of Linux 5.x and 6.1: nine numbers a CPU; there are no domains to list */

static int schedstat_show(struct seq_buf *s, void *unused)
{
    struct rq_view v;

    seq_printf(s, "version %d\ntimestamp %lu\n", SCHEDSTAT_VERSION, (u64)ktime_get_ns() / 4000000);
    for_each_online_cpu(cpu) {
        sched_view_rq(cpu, &v);
        seq_printf(s, "cpu%u %lu 0 %lu %lu %lu %lu %lu %lu %lu\n", cpu, v.yld_count, v.nr_switches, v.sched_goidle, v.ttwu_count, v.ttwu_local,
                   v.busy_time, v.run_delay, v.pcount);
    }
    return 0;
}

static void rq_number(struct seq_buf *s, const char *name, s64 n)
{
    seq_printf(s, "  .%-30s: %ld\n", name, n);
}

static void rq_ms(struct seq_buf *s, const char *name, u64 ns)
{
    seq_printf(s, "  .%-30s: %lu.%06lu\n", name, ns / 1000000, ns % 1000000);
}

static void show_fair_rq(struct seq_buf *s, unsigned cpu, const struct rq_view *v)
{
    seq_printf(s, "\ncfs_rq[%u]:/\n", cpu);
    rq_ms(s, "exec_clock", v->exec_clock);
    rq_number(s, "left_vruntime", v->left_vruntime);
    rq_number(s, "min_vruntime", v->min_vruntime);
    rq_number(s, "avg_vruntime", v->avg_vruntime);
    rq_number(s, "right_vruntime", v->right_vruntime);
    rq_number(s, "spread", v->right_vruntime - v->left_vruntime);
    rq_number(s, "nr_spread_over", (s64)v->nr_spread_over);
    rq_number(s, "nr_migrations", (s64)v->nr_migrations);
    rq_number(s, "tasks_timeline", v->fair_waiting);
    rq_number(s, "rb_leftmost->pid", v->fair_first);
    rq_number(s, "nr_running", v->fair_running);
    if (v->fair_viewed < v->fair_running)
        rq_number(s, "nr_viewed", v->fair_viewed);
    rq_number(s, "load", (s64)v->load);
    rq_number(s, "load_avg", (s64)v->load_avg);
    rq_number(s, "runnable_avg", (s64)v->runnable_avg);
    rq_number(s, "util_avg", (s64)v->util_avg);
}

static void show_rq(struct seq_buf *s, unsigned cpu)
{
    struct rq_view v;

    sched_view_rq(cpu, &v);
    seq_printf(s, "\ncpu#%u\n", cpu);
    rq_number(s, "nr_running", v.nr_running);
    rq_number(s, "nr_switches", (s64)v.nr_switches);
    rq_number(s, "nr_uninterruptible", v.nr_uninterruptible);
    rq_number(s, "curr->pid", v.curr);
    rq_number(s, "next->pid", v.next);
    rq_ms(s, "clock", v.clock);
    show_fair_rq(s, cpu, &v);
    seq_printf(s, "\nrt_rq[%u]:\n", cpu);
    rq_number(s, "rt_nr_running", v.rt_nr_running);
    rq_number(s, "highest_prio", v.highest_prio);
    rq_number(s, "active", v.rt_active);
    rq_number(s, "rt_queued", v.rt_queued);
    rq_number(s, "rt_throttled", (s64)v.rt_throttled);
    rq_ms(s, "rt_time", v.rt_time);
    rq_ms(s, "rt_runtime", v.rt_runtime);
    rq_ms(s, "rt_period_timer", v.rt_period_left);
    seq_printf(s, "\ndl_rq[%u]:\n", cpu);
    rq_number(s, "dl_nr_running", v.dl_nr_running);
    rq_number(s, "running_bw", v.dl_running_bw);
    rq_number(s, "this_bw", v.dl_this_bw);
    rq_number(s, "dl_bw->total_bw", (s64)dl_total_bandwidth());
}

static void show_task_line(struct seq_buf *s, struct task_struct *t)
{
    struct task_view v;

    sched_view_task(t, &v);
    if (v.on_rq)
        seq_printf(s, " %15.15s %6d %4u %20ld %9lu %5d %12lu.%06lu %12lu.%06lu\n", t->comm, t->pid, task_cpu(t), (s64)v.vruntime,
                   t->stats.nvcsw + t->stats.nivcsw, task_prio(t), v.run_delay / 1000000, v.run_delay % 1000000,
                   v.sum_exec_runtime / 1000000, v.sum_exec_runtime % 1000000);
}

#define THREADS_AT_ONCE 32

/* The text may have to grow, which sleeps: references are taken first, some at a time. */
static void show_threads(struct seq_buf *s, struct task_struct *leader)
{
    struct task_struct *some[THREADS_AT_ONCE], *t;
    size_t n, skip = 0;

    do {
        size_t i = n = 0;

        rcu_read_lock();
        for_each_thread(leader, t)
            if (i++ >= skip && n < ARRAY_SIZE(some) && tryget_task_struct(t))
                some[n++] = t;
        rcu_read_unlock();
        for (i = 0; i < n; i++) {
            show_task_line(s, some[i]);
            put_task_struct(some[i]);
        }
        skip += n;
    } while (n == ARRAY_SIZE(some));
}

static void show_runnable(struct seq_buf *s)
{
    pid_t nr = 0;

    seq_puts(s, "\nrunnable tasks:\n            task    PID  CPU            tree-key  switches  prio            wait-time             sum-exec\n");
    for (struct task_struct *p; (p = next_process(&nr)); nr++) {
        show_threads(s, p);
        put_task_struct(p);
    }
}

static int sched_debug_show(struct seq_buf *s, void *unused)
{
    u64 now = (u64)ktime_get_ns();

    seq_printf(s, "Sched Debug Version: v0.11\nktime : %lu.%06lu\n", now / 1000000, now % 1000000);
    for (size_t i = 0; i < nr_sched_knobs; i++) {
        const char *name = strrchr(sched_knobs[i].file, '/') + 1;

        seq_printf(s, "  .%-30s: ", name);
        knob_show(s, (void *)&sched_knobs[i]);
    }
    for_each_online_cpu(cpu)
        show_rq(s, cpu);
    show_runnable(s);
    return 0;
}

#ifdef CLOUDOS_DEBUG
/* "NANOSECONDS FROM TO"; whatever is written begins anew. */
static int preempt_off_show(struct seq_buf *s, void *unused)
{
    const void *from = NULL, *to = NULL;
    u64 ns = sched_longest_section(&from, &to);
    char name[2][KNOB_TEXT_BYTES];

    ksym_format((unsigned long)from, name[0], sizeof(name[0]));
    ksym_format((unsigned long)to, name[1], sizeof(name[1]));
    seq_printf(s, "%lu %s %s\n", ns, name[0], name[1]);
    return 0;
}

static ssize_t preempt_off_store(const char *text, size_t n, void *unused)
{
    sched_forget_sections();
    return (ssize_t)n;
}

static void create_preempt_off(void)
{
    debugfs_create("sched/preempt_off", 0600, preempt_off_show, preempt_off_store, NULL);
}
#else
static void create_preempt_off(void) {}
#endif

void proc_sched_create(void)
{
    create_preempt_off();
    for (size_t i = 0; i < nr_sched_knobs; i++)
        create_knob(&sched_knobs[i]);
    proc_create("schedstat", 0444, schedstat_show, NULL, NULL);
    proc_create("sched_debug", 0444, sched_debug_show, NULL, NULL);
    debugfs_create("sched/debug", 0444, sched_debug_show, NULL, NULL);
}
