/* Out of memory: the biggest process dies so that the others go on. Owns the choice; the kernel
 * itself never panics for lack of user memory. Runs in task context, without locks. */
#include "kernel/mm/slab.h"
#include "kernel/mm/hooks.h"
#include "kernel/mm/mm.h"
#include "kernel/mm/space.h"
#include "kernel/debug/assert.h"

#define OOM_SCORE_ADJ_MIN (-1000)
#define PATIENCE_NS       (20 * NSEC_PER_MSEC)

static DEFINE_SPINLOCK(oom_lock);
static s64 last_kill_ns; /* under oom_lock */

/* Pages it holds, weighed; below zero: never. */
static s64 badness(struct task_struct *t)
{
    struct mm_struct *mm = READ_ONCE(t->mm);
    s64 adj = t->signal->oom_score_adj, points;

    if (t->pid == 1 || t->flags & PF_KTHREAD || !mm || adj == OOM_SCORE_ADJ_MIN)
        return -1;
    points = (s64)(get_mm_rss(mm) + (mm->pgtables_bytes >> PAGE_SHIFT));
    points += adj * (s64)(nr_total_pages() / 1000);
    return max(points, (s64)1);
}

/* Referenced, or NULL. */
static struct task_struct *choose_victim(void)
{
    struct task_struct *worst = NULL, *t;
    s64 most = 0;
    pid_t nr = 0;

    while ((t = next_process(&nr))) {
        s64 points;

        nr++;
        rcu_read_lock();
        points = t->exit_state ? -1 : badness(t);
        rcu_read_unlock();
        if (points > most) {
            if (worst)
                put_task_struct(worst);
            most = points;
            worst = t;
        } else {
            put_task_struct(t);
        }
    }
    return worst;
}

static void kill_one(void)
{
    struct task_struct *victim = choose_victim();
    struct mm_struct *mm;

    if (!victim) {
        send_sig(SIGKILL, current, 1);
        return;
    }
    mm = get_task_mm(victim);
    pr_err("out of memory: killed process %d (%s), %lu kB resident\n", victim->pid, victim->comm, mm ? get_mm_rss(mm) * 4 : 0UL);
    if (mm)
        mmput(mm);
    (void)atomic_fetch_or_relaxed(&victim->flags, PF_OOM_VICTIM);
    group_send_sig_info(SIGKILL, SEND_SIG_PRIV, victim);
    put_task_struct(victim);
}

void out_of_memory(void)
{
    s64 now = ktime_get_ns();
    bool mine;

    if (fail_alloc_interval)
        return; /* a test made it fail: there is memory, and nobody must die */
    shrink_local_magazines();
    shrink_remote_frees();
    drain_local_pages();
    if (fatal_signal_pending(current))
        return; /* it is we who leave */
    spin_lock(&oom_lock);
    mine = !last_kill_ns || now - last_kill_ns > PATIENCE_NS * 5;
    if (mine)
        last_kill_ns = now;
    spin_unlock(&oom_lock);
    if (mine)
        kill_one();
    set_current_state(TASK_KILLABLE);
    (void)schedule_timeout_ns(PATIENCE_NS); /* the victim needs the CPU */
    set_current_state(TASK_RUNNING);
}
