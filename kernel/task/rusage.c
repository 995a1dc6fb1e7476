/*
 * rusage.c: usage of tasks, processes and reaped children. Owns the sums in signal_struct:
 * self_dead under siglock, children under the process's own child_lock. Readers of living threads
 * see values of a moment ago, and each thread once: among the living or in self_dead (signal->unlinking).
 */
#include "kernel/task/rusage.h"
#include "kernel/mm/mm.h"
#include "kernel/arch/x86/uaccess.h"
#include "kernel/sched/sched.h"
#include "kernel/syscall/syscalls.h"
#include "kernel/task/task_internal.h"
#include "lockfree/rcu_list.h"

#define RUSAGE_SELF     0
#define RUSAGE_CHILDREN (-1)
#define RUSAGE_THREAD   1
#define USER_HZ         100

void rusage_add_task(struct rusage_acc *sum, struct task_struct *t)
{
    u64 utime, stime;

    task_cputime(t, &utime, &stime);
    sum->utime += utime;
    sum->stime += stime;
    sum->minflt += t->stats.min_flt;
    sum->majflt += t->stats.maj_flt;
    sum->nvcsw += t->stats.nvcsw;
    sum->nivcsw += t->stats.nivcsw;
    sum->inblock += t->stats.inblock;
    sum->oublock += t->stats.oublock;
}

void rusage_add(struct rusage_acc *sum, const struct rusage_acc *more)
{
    sum->utime += more->utime;
    sum->stime += more->stime;
    sum->minflt += more->minflt;
    sum->majflt += more->majflt;
    sum->nvcsw += more->nvcsw;
    sum->nivcsw += more->nivcsw;
    sum->inblock += more->inblock;
    sum->oublock += more->oublock;
    sum->maxrss_kb = max(sum->maxrss_kb, more->maxrss_kb);
}

void account_dead_thread(struct task_struct *t)
{
    rusage_add_task(&t->signal->self_dead, t);
}

void account_reaped_child(struct task_struct *child, struct signal_struct *parent)
{
    struct signal_struct *sig = child->signal;

    rusage_add(&parent->children, &sig->self_dead);
    rusage_add_task(&parent->children, child);
    rusage_add(&parent->children, &sig->children);
    parent->children.maxrss_kb = max(parent->children.maxrss_kb, sig->maxrss_kb);
}

void rusage_of_threads(struct rusage_acc *sum, struct task_struct *t)
{
    struct signal_struct *sig = t->signal;
    struct task_struct *each;
    u32 seq;

    rcu_read_lock();
    do {
        seq = seq_read_begin(&sig->unlinking);
        *sum = sig->self_dead;
        list_for_each_entry_rcu(each, &sig->thread_head, thread_node) rusage_add_task(sum, each);
    } while (seq_read_retry(&sig->unlinking, seq));
    rcu_read_unlock();
}

void process_cputime(struct task_struct *t, u64 *utime, u64 *stime)
{
    struct rusage_acc sum;

    rusage_of_threads(&sum, t);
    *utime = sum.utime;
    *stime = sum.stime;
}

void rusage_of_process(struct rusage_acc *sum, struct task_struct *t)
{
    struct mm_struct *mm = get_task_mm(t);

    rusage_of_threads(sum, t);
    sum->maxrss_kb = max(sum->maxrss_kb, t->signal->maxrss_kb);
    if (mm) {
        sum->maxrss_kb =
            max(sum->maxrss_kb, max(mm->hiwater_rss, get_mm_rss(mm)) << (PAGE_SHIFT - 10));
        mmput(mm);
    }
}

void rusage_to_user_form(struct rusage *to, const struct rusage_acc *from)
{
    *to = (struct rusage){
        .ru_utime = ns_to_timeval((s64)from->utime),
        .ru_stime = ns_to_timeval((s64)from->stime),
        .ru_maxrss = (long)from->maxrss_kb,
        .ru_minflt = (long)from->minflt,
        .ru_majflt = (long)from->majflt,
        .ru_inblock = (long)from->inblock,
        .ru_oublock = (long)from->oublock,
        .ru_nvcsw = (long)from->nvcsw,
        .ru_nivcsw = (long)from->nivcsw,
    };
}

long sys_getrusage(int who, struct rusage __user *uru)
{
    struct rusage_acc sum = {0};
    struct rusage ru;

    if (who == RUSAGE_SELF) {
        rusage_of_process(&sum, current);
    } else if (who == RUSAGE_CHILDREN) {
        spin_lock(&current->signal->child_lock);
        sum = current->signal->children;
        spin_unlock(&current->signal->child_lock);
    } else if (who == RUSAGE_THREAD) {
        rusage_add_task(&sum, current);
        sum.maxrss_kb = max(current->mm->hiwater_rss, get_mm_rss(current->mm)) << (PAGE_SHIFT - 10);
    } else {
        return -EINVAL;
    }
    rusage_to_user_form(&ru, &sum);
    return copy_to_user(uru, &ru, sizeof(ru)) ? -EFAULT : 0;
}

struct tms {
    long tms_utime, tms_stime, tms_cutime, tms_cstime;
};

static long to_clock_ticks(u64 ns)
{
    return (long)(ns / (NSEC_PER_SEC / USER_HZ));
}

long sys_times(struct tms __user *buf)
{
    u64 utime, stime;
    struct tms t;

    if (buf) {
        process_cputime(current, &utime, &stime);
        t.tms_utime = to_clock_ticks(utime);
        t.tms_stime = to_clock_ticks(stime);
        t.tms_cutime = to_clock_ticks(current->signal->children.utime);
        t.tms_cstime = to_clock_ticks(current->signal->children.stime);
        if (copy_to_user(buf, &t, sizeof(t)))
            return -EFAULT;
    }
    return to_clock_ticks((u64)ktime_get_boot_ns());
}
