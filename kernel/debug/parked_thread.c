/* /proc/kthread-park: root makes one kernel thread that counts its turns, and parks it, so that tests see the rules of
 * kernel/sched/kthread.h kept. Words to write; the error is that of the function named:
 *
 *   bound, unbound   starts the thread, on the last CPU or on any. EBUSY: there is one
 *   park, unpark     kthread_park(), kthread_unpark(). ESRCH: there is none
 *   end              the thread's function returns. ESRCH
 *   forget           drops a thread that has been told to end. ESRCH
 *   init             kthread_park() of a task that is no kernel thread
 * Reading gives "PID TURNS". Offers nothing to the rest of the kernel and must never be called by it. */
#include "kernel/arch/x86/smp.h"
#include "kernel/debug/parked_thread.h"
#include "kernel/fs/proc_internal.h"
#include "kernel/lib/err.h"
#include "kernel/lib/string.h"
#include "kernel/sched/kthread.h"
#include "kernel/sched/sched.h"
#include "kernel/sync/mutex.h"
#include "kernel/task/pid.h"
#include "kernel/time/ktime.h"

#define TURN_NS (200 * NSEC_PER_USEC)

static DEFINE_MUTEX(one_at_a_time);
static struct task_struct *thread; /* one_at_a_time for its begin and end; referenced */
static u64 turns;                  /* the thread */
static bool told_to_end;

static int take_turns(void *unused)
{
    while (!READ_ONCE(told_to_end)) {
        WRITE_ONCE(turns, turns + 1);
        set_current_state(TASK_INTERRUPTIBLE);
        if (!kthread_should_park())
            (void)schedule_hrtimeout(ktime_get_ns() + TURN_NS);
        set_current_state(TASK_RUNNING);
        if (kthread_should_park())
            kthread_parkme();
    }
    return 0;
}

static u32 last_cpu(void)
{
    u32 last = 0;

    for_each_online_cpu(cpu)
        last = cpu;
    return last;
}

static int start(bool bound)
{
    struct task_struct *t;

    if (thread)
        return -EBUSY;
    WRITE_ONCE(told_to_end, false);
    t = kthread_create_on_cpu(take_turns, NULL, bound ? (int)last_cpu() : -1, "parked");
    if (IS_ERR(t))
        return (int)PTR_ERR(t);
    get_task_struct(t);
    wake_up_new_task(t);
    thread = t;
    return 0;
}

static int start_bound(void) { return start(true); }
static int start_unbound(void) { return start(false); }

static int tell_to_end(void)
{
    WRITE_ONCE(told_to_end, true);
    return thread ? 0 : -ESRCH;
}

static int forget(void)
{
    if (!thread || !told_to_end)
        return -ESRCH;
    put_task_struct(thread);
    thread = NULL;
    return 0;
}

/* Not under the mutex: somebody else may unpark the thread for which this waits. */
static int park(void)
{
    struct task_struct *t = READ_ONCE(thread);

    return t ? kthread_park(t) : -ESRCH;
}

static int unpark(void)
{
    struct task_struct *t = READ_ONCE(thread);

    if (t)
        kthread_unpark(t);
    return t ? 0 : -ESRCH;
}

static int park_init(void)
{
    struct task_struct *t = find_get_task_by_vpid(1);
    int err = t ? kthread_park(t) : -ESRCH;

    if (t)
        put_task_struct(t);
    return err;
}

static const struct {
    const char *word;
    int (*act)(void);
    bool alone; /* under the mutex */
} words[] = {
    {"bound", start_bound, true}, {"unbound", start_unbound, true}, {"park", park, false},    {"unpark", unpark, false},
    {"end", tell_to_end, true},   {"forget", forget, true},         {"init", park_init, false},
};

static ssize_t park_store(const char *text, size_t n, void *unused)
{
    size_t len = n && text[n - 1] == '\n' ? n - 1 : n;

    for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
        int err;

        if (strlen(words[i].word) != len || strncmp(words[i].word, text, len))
            continue;
        if (words[i].alone)
            mutex_lock(&one_at_a_time);
        err = words[i].act();
        if (words[i].alone)
            mutex_unlock(&one_at_a_time);
        return err ? err : (ssize_t)n;
    }
    return -EINVAL;
}

static int park_show(struct seq_buf *s, void *unused)
{
    mutex_lock(&one_at_a_time);
    seq_printf(s, "%d %lu\n", thread ? thread->pid : 0, READ_ONCE(turns));
    mutex_unlock(&one_at_a_time);
    return 0;
}

void parked_thread_create(void)
{
    proc_create("kthread-park", 0600, park_show, park_store, NULL);
}
