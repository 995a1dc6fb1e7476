/* /proc/PID/stat, statm, status: Linux's text, field by field (proc(5)). Reads another task's
 * numbers without stopping it: they may be a moment old, never torn. */
#include "kernel/arch/x86/smp.h"
#include "kernel/dev/tty.h"
#include "kernel/fs/proc_internal.h"
#include "kernel/fs/seq_bitmap.h"
#include "kernel/lib/string.h"
#include "kernel/mm/mm.h"
#include "kernel/sched/sched.h"
#include "kernel/signal/signal.h"
#include "kernel/task/cred.h"
#include "kernel/task/process.h"
#include "kernel/task/rusage.h"

#define NS_PER_TICK 10000000UL /* USER_HZ is 100 */
#define RLIMIT_RSS  5

char proc_state_letter(struct task_struct *t)
{
    u32 state = task_state(t);
    int exit_state = READ_ONCE(t->exit_state);

    if (exit_state & EXIT_ZOMBIE)
        return 'Z';
    if ((exit_state & EXIT_DEAD) || (state & TASK_DEAD))
        return 'X';
    if (state & TASK_STOPPED)
        return 'T';
    if (state & TASK_TRACED)
        return 't';
    if (state & TASK_PARKED)
        return 'P';
    if (state & TASK_INTERRUPTIBLE)
        return 'S';
    if (state & TASK_UNINTERRUPTIBLE)
        return state & TASK_NOLOAD ? 'I' : 'D';
    return 'R';
}

static const char *state_name(char letter)
{
    static const char *const names[] = {"R (running)", "S (sleeping)",     "D (disk sleep)",
                                        "T (stopped)", "t (tracing stop)", "X (dead)",
                                        "Z (zombie)",  "P (parked)",       "I (idle)"};

    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        if (names[i][0] == letter)
            return names[i];
    return "R (running)";
}

/* Of the whole process, the threads that have ended included; or of one thread. */
static struct rusage_acc usage_of(struct task_struct *t, bool whole)
{
    struct rusage_acc u = {0};

    if (whole)
        rusage_of_threads(&u, t);
    else
        rusage_add_task(&u, t);
    return u;
}

struct signal_masks {
    sigset_t pending, shared, blocked, ignored, caught;
};

static struct signal_masks masks_of(struct task_struct *t)
{
    struct signal_masks m = {0};
    struct sighand_struct *sh;
    unsigned long flags;

    rcu_read_lock();
    sh = lock_task_sighand(t, &flags);
    if (sh) {
        m.pending = t->pending_set;
        m.shared = t->signal->shared_set;
        m.blocked = t->blocked;
        for (int i = 0; i < _NSIG; i++) {
            if (sh->action[i].sa_handler == SIG_IGN)
                m.ignored |= 1UL << i;
            else if (sh->action[i].sa_handler != SIG_DFL)
                m.caught |= 1UL << i;
        }
        unlock_task_sighand(sh, flags);
    }
    rcu_read_unlock();
    return m;
}

/* A process keeps its parent in its leader, who is there as long as a thread is. */
static pid_t parent_of(struct task_struct *t)
{
    struct task_struct *parent = NULL;
    pid_t nr;

    rcu_read_lock();
    if (!(t->exit_state & EXIT_DEAD))
        parent = rcu_dereference(t->group_leader->real_parent);
    nr = parent ? parent->tgid : 0;
    rcu_read_unlock();
    return nr;
}

static void show_stat_mm(struct seq_buf *s, struct task_struct *t, struct mm_struct *mm)
{
    seq_printf(s, " %lu %lu %lu", mm ? mm->total_vm * PAGE_SIZE : 0, mm ? get_mm_rss(mm) : 0,
               READ_ONCE(t->signal->rlim[RLIMIT_RSS].rlim_cur));
    if (mm && proc_may_access(t))
        seq_printf(s, " %lu %lu %lu", mm->start_code, mm->end_code, mm->start_stack);
    else
        seq_puts(s, " 1 1 0");
    seq_puts(s, " 0 0"); /* kstkesp, kstkeip: only for a task that is dumping */
}

static void show_stat_tail(struct seq_buf *s, struct task_struct *t, struct mm_struct *mm)
{
    bool may = proc_may_access(t);

    seq_printf(s, " %d %u %u %u 0 %lu %lu", t->exit_signal, task_cpu(t), t->rt_priority, t->policy,
               t->gtime / NS_PER_TICK, 0UL);
    if (mm && may)
        seq_printf(s, " %lu %lu %lu %lu %lu %lu %lu", mm->start_data, mm->end_data, mm->start_brk,
                   mm->arg_start, mm->arg_end, mm->env_start, mm->env_end);
    else
        seq_puts(s, " 0 0 0 0 0 0 0");
    seq_printf(s, " %d\n", may ? t->exit_code : 0);
}

static int show_stat(struct seq_buf *s, struct task_struct *t, bool whole)
{
    struct rusage_acc u = usage_of(t, whole);
    struct rusage_acc *children = &t->signal->children;
    struct signal_masks m = masks_of(t);
    struct mm_struct *mm = get_task_mm(t);
    char letter = proc_state_letter(t);
    u32 tty_nr;
    int tpgid;

    tty_of_task(t, &tty_nr, &tpgid);
    seq_printf(s, "%d (%.15s) %c %d %d %d %u %d %u", whole ? t->tgid : t->pid, t->comm, letter,
               parent_of(t), t->signal->pgrp, t->signal->session, tty_nr, tpgid, t->flags);
    seq_printf(s, " %lu %lu %lu %lu", u.minflt, whole ? children->minflt : 0, u.majflt,
               whole ? children->majflt : 0);
    seq_printf(s, " %lu %lu %lu %lu", u.utime / NS_PER_TICK, u.stime / NS_PER_TICK,
               whole ? children->utime / NS_PER_TICK : 0,
               whole ? children->stime / NS_PER_TICK : 0);
    seq_printf(s, " %d %d %d 0 %lu", task_prio(t) - MAX_RT_PRIO, task_nice(t), t->signal->nr_threads,
               t->real_start_time / NS_PER_TICK);
    show_stat_mm(s, t, mm);
    /* The old 31-bit signal masks. */
    seq_printf(s, " %lu %lu %lu %lu", m.pending & 0x7fffffff, m.blocked & 0x7fffffff,
               m.ignored & 0x7fffffff, m.caught & 0x7fffffff);
    seq_printf(s, " %d 0 0", letter != 'R');
    show_stat_tail(s, t, mm);
    if (mm)
        mmput(mm);
    return 0;
}

int proc_stat_show(struct seq_buf *s, struct task_struct *t)
{
    return show_stat(s, t, true);
}
int proc_thread_stat_show(struct seq_buf *s, struct task_struct *t)
{
    return show_stat(s, t, false);
}

int proc_statm_show(struct seq_buf *s, struct task_struct *t)
{
    struct mm_struct *mm = get_task_mm(t);

    if (!mm) {
        seq_puts(s, "0 0 0 0 0 0 0\n");
        return 0;
    }
    seq_printf(s, "%lu %lu %ld %lu 0 %lu 0\n", mm->total_vm, get_mm_rss(mm),
               max(mm->rss_file + mm->rss_shmem, 0L),
               (PAGE_SIZE - 1 + mm->end_code - (mm->start_code & PAGE_MASK)) >> PAGE_SHIFT,
               mm->data_vm + mm->stack_vm);
    mmput(mm);
    return 0;
}

/* ---- status ---- */
static void show_ids(struct seq_buf *s, struct task_struct *t)
{
    const struct cred *c = get_task_cred(t); /* the buffer may grow below */
    struct files_struct *files = get_task_files(t);
    pid_t pgrp = t->signal->pgrp, session = t->signal->session;

    seq_printf(s, "Uid:\t%u\t%u\t%u\t%u\nGid:\t%u\t%u\t%u\t%u\n", c->uid, c->euid, c->suid,
               c->fsuid, c->gid, c->egid, c->sgid, c->fsgid);
    seq_printf(s, "FDSize:\t%u\nGroups:\t", files ? files_limit(files) : 0);
    for (u32 i = 0; c->group_info && i < c->group_info->ngroups; i++)
        seq_printf(s, "%u ", c->group_info->gid[i]);
    seq_printf(s, "\nNStgid:\t%d\nNSpid:\t%d\nNSpgid:\t%d\nNSsid:\t%d\n", t->tgid, t->pid, pgrp,
               session);
    put_cred(c);
    if (files)
        put_files(files);
}

static void show_kb(struct seq_buf *s, const char *name, u64 pages)
{
    seq_printf(s, "%s:\t%8lu kB\n", name, pages << (PAGE_SHIFT - 10));
}

static void show_mm(struct seq_buf *s, struct mm_struct *mm)
{
    u64 rss = get_mm_rss(mm),
        text = (ALIGN_UP(mm->end_code, PAGE_SIZE) - (mm->start_code & PAGE_MASK)) >> PAGE_SHIFT;

    show_kb(s, "VmPeak", mm->total_vm);
    show_kb(s, "VmSize", mm->total_vm);
    show_kb(s, "VmLck", mm->locked_vm);
    show_kb(s, "VmPin", 0);
    show_kb(s, "VmHWM", max(mm->hiwater_rss, rss));
    show_kb(s, "VmRSS", rss);
    show_kb(s, "RssAnon", max(mm->rss_anon, 0L));
    show_kb(s, "RssFile", max(mm->rss_file, 0L));
    show_kb(s, "RssShmem", max(mm->rss_shmem, 0L));
    show_kb(s, "VmData", mm->data_vm);
    show_kb(s, "VmStk", mm->stack_vm);
    show_kb(s, "VmExe", text);
    show_kb(s, "VmLib", mm->exec_vm > text ? mm->exec_vm - text : 0);
    show_kb(s, "VmPTE", mm->pgtables_bytes >> PAGE_SHIFT);
    show_kb(s, "VmSwap", 0);
    seq_puts(s, "HugetlbPages:\t       0 kB\nCoreDumping:\t0\nTHP_enabled:\t0\n");
}

static void show_signals(struct seq_buf *s, struct task_struct *t)
{
    struct signal_masks m = masks_of(t);
    u32 queued;

    rcu_read_lock();
    queued = rcu_dereference(t->real_cred)->user->sigpending;
    rcu_read_unlock();
    seq_printf(s, "Threads:\t%d\nSigQ:\t%u/%lu\n", t->signal->nr_threads, queued,
               READ_ONCE(t->signal->rlim[RLIMIT_SIGPENDING].rlim_cur));
    seq_printf(
        s, "SigPnd:\t%016lx\nShdPnd:\t%016lx\nSigBlk:\t%016lx\nSigIgn:\t%016lx\nSigCgt:\t%016lx\n",
        m.pending, m.shared, m.blocked, m.ignored, m.caught);
}

static void show_caps(struct seq_buf *s, struct task_struct *t)
{
    const struct cred *c = get_task_cred(t);

    seq_printf(
        s, "CapInh:\t%016lx\nCapPrm:\t%016lx\nCapEff:\t%016lx\nCapBnd:\t%016lx\nCapAmb:\t%016lx\n",
        c->cap_inheritable, c->cap_permitted, c->cap_effective, c->cap_bset, c->cap_ambient);
    put_cred(c);
    seq_printf(s,
               "NoNewPrivs:\t%d\nSeccomp:\t%d\nSeccomp_filters:\t0\nSpeculation_Store_Bypass:\tnot "
               "vulnerable\n"
               "SpeculationIndirectBranch:\tunsupported\n",
               t->no_new_privs, 0);
}

static void show_places(struct seq_buf *s, struct task_struct *t)
{
    unsigned long nodes = nr_node_ids >= 64 ? ~0UL : BIT(nr_node_ids) - 1;

    seq_puts(s, "Cpus_allowed:\t");
    seq_bitmap(s, t->se.cpus_mask, nr_cpu_ids);
    seq_puts(s, "\nCpus_allowed_list:\t");
    seq_bitmap_list(s, t->se.cpus_mask, nr_cpu_ids);
    seq_puts(s, "\nMems_allowed:\t");
    seq_bitmap(s, &nodes, nr_node_ids);
    seq_puts(s, "\nMems_allowed_list:\t");
    seq_bitmap_list(s, &nodes, nr_node_ids);
    seq_printf(s, "\nvoluntary_ctxt_switches:\t%lu\nnonvoluntary_ctxt_switches:\t%lu\n",
               READ_ONCE(t->stats.nvcsw), READ_ONCE(t->stats.nivcsw));
}

int proc_status_show(struct seq_buf *s, struct task_struct *t)
{
    struct mm_struct *mm = get_task_mm(t);
    int mask = task_umask(t);

    seq_printf(s, "Name:\t%.15s\n", t->comm);
    if (mask >= 0)
        seq_printf(s, "Umask:\t%04o\n", mask);
    seq_printf(s, "State:\t%s\nTgid:\t%d\nNgid:\t0\nPid:\t%d\nPPid:\t%d\nTracerPid:\t0\n",
               state_name(proc_state_letter(t)), t->tgid, t->pid, parent_of(t));
    show_ids(s, t);
    if (mm) {
        show_mm(s, mm);
        mmput(mm);
    }
    show_signals(s, t);
    show_caps(s, t);
    show_places(s, t);
    return 0;
}
