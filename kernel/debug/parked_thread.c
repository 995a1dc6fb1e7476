/* /proc/kthread-park: root makes one kernel thread that counts its turns, and parks it, so that tests see the rules of
 * kernel/sched/kthread.h kept. Words to write; the error is that of the function named:
 *
 *   bound, unbound   starts the thread, on the last CPU or on any. EBUSY: there is one
 *   park, unpark     kthread_park(), kthread_unpark(). ESRCH: there is none
 *   end              the thread's function returns. ESRCH
 *   forget           drops a thread that has been told to end. ESRCH
 *   init             kthread_park() of a task that is no kernel thread
 *   new              makes the thread, on the last CPU, and does not wake it: it is TASK_NEW. EBUSY
 *   start            wake_up_new_task(). EINVAL: there is none that was not woken
 *   sleep, idle      the thread sleeps TASK_UNINTERRUPTIBLE, or with TASK_NOLOAD besides, until `wake`. ESRCH
 *   wake             wake_up_state() of all classes but TASK_PARKED. EAGAIN: it woke nobody
 *   wake-slowly      the same of a thread that sleeps, while its CPU takes no interrupts; the state in which it is then is kept. EINVAL: it
 *                    does not sleep, or this is its CPU. EIO: a second wake-up woke it again
 * Reading gives "PID TURNS STATE KEPT", the states in hexadecimal digits (kernel/task/task.h). Offers nothing to the rest of the kernel and must never be called by it. */
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
static bool started;               /* one_at_a_time */
static u32 sleep_state;            /* how the thread is to sleep; 0: it takes its turns */
static u32 kept_state;             /* one_at_a_time */

static void sleep_as_told(void)
{
    while (READ_ONCE(sleep_state) && !kthread_should_park()) {
        set_current_state(READ_ONCE(sleep_state));
        if (READ_ONCE(sleep_state) && !kthread_should_park())
            schedule();
    }
    set_current_state(TASK_RUNNING);
}

static int take_turns(void *unused)
{
    while (!READ_ONCE(told_to_end)) {
        sleep_as_told();
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

static int make(bool bound)
{
    struct task_struct *t;

    if (thread)
        return -EBUSY;
    WRITE_ONCE(told_to_end, false);
    WRITE_ONCE(sleep_state, 0);
    t = kthread_create_on_cpu(take_turns, NULL, bound ? (int)last_cpu() : -1, "parked");
    if (IS_ERR(t))
        return (int)PTR_ERR(t);
    get_task_struct(t);
    thread = t;
    started = false;
    return 0;
}

static int start(void)
{
    if (!thread || started)
        return -EINVAL;
    started = true;
    wake_up_new_task(thread);
    return 0;
}

static int make_and_start(bool bound)
{
    int err = make(bound);

    return err ? err : start();
}

static int start_bound(void) { return make_and_start(true); }
static int start_unbound(void) { return make_and_start(false); }
static int make_new(void) { return make(true); }

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

/* ---- sleep and wake-ups ---- */

static int tell_to_sleep(u32 state)
{
    WRITE_ONCE(sleep_state, state);
    return thread ? 0 : -ESRCH;
}

static int to_sleep(void) { return tell_to_sleep(TASK_UNINTERRUPTIBLE); }
static int to_idle(void) { return tell_to_sleep(TASK_UNINTERRUPTIBLE | TASK_NOLOAD); }

static bool wake_thread(void)
{
    return wake_up_state(thread, TASK_NORMAL | TASK_STOPPED | TASK_TRACED | TASK_WAKEKILL);
}

static int wake(void)
{
    WRITE_ONCE(sleep_state, 0);
    return thread && wake_thread() ? 0 : -EAGAIN;
}

enum { CPU_FREE, CPU_ASKED, CPU_HELD };

/* Interrupts off, on the thread's CPU, for as long as the caller takes to wake the thread. */
static void hold_cpu(void *held)
{
    atomic_store_release((u32 *)held, CPU_HELD);
    while (atomic_load_acquire((u32 *)held) == CPU_HELD)
        cpu_relax();
}

/* Preemption off: whoever ran here instead might wait for the CPU that is held. */
static int wake_slowly(void)
{
    static u32 held;
    bool again;
    int err = -EINVAL;

    preempt_disable();
    if (thread && OWN_STATE(own_read(&thread->se.rq.own)) == OWN_PARKED && task_state(thread) == TASK_UNINTERRUPTIBLE &&
        last_cpu() != smp_processor_id()) {
        atomic_store_relaxed(&held, CPU_ASKED);
        smp_call_function_single(last_cpu(), hold_cpu, &held, false);
        while (atomic_load_acquire(&held) != CPU_HELD)
            cpu_relax();
        err = wake();
        kept_state = task_state(thread);
        again = wake_thread();
        atomic_store_release(&held, CPU_FREE);
        if (again)
            err = -EIO;
    }
    preempt_enable();
    return err;
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
    {"end", tell_to_end, true},   {"forget", forget, true},         {"init", park_init, false},     {"new", make_new, true},
    {"start", start, true},       {"sleep", to_sleep, true},        {"idle", to_idle, true},        {"wake", wake, true},
    {"wake-slowly", wake_slowly, true},
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
    seq_printf(s, "%d %lu %x %x\n", thread ? thread->pid : 0, READ_ONCE(turns), thread ? task_state(thread) : 0, kept_state);
    mutex_unlock(&one_at_a_time);
    return 0;
}

void parked_thread_create(void)
{
    proc_create("kthread-park", 0600, park_show, park_store, NULL);
}
