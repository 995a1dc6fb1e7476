/* timeout.c: sleeping until a time. The timer stands on the sleeper's stack and is cancelled before it returns. */
#include "kernel/sched/sched.h"
#include "kernel/time/ktime.h"

struct sleeper {
    struct hrtimer timer;
    struct task_struct *task;
    u32 expired; /* written by the timer, before the wake-up */
};

static void sleeper_expired(struct hrtimer *timer)
{
    struct sleeper *s = container_of(timer, struct sleeper, timer);

    atomic_store_release(&s->expired, 1);
    wake_up_state(s->task, 0xff);
}

bool schedule_hrtimeout_range(s64 deadline_ns, u64 slack_ns)
{
    struct sleeper s = {.task = current};

    if (deadline_ns == S64_MAX) {
        schedule();
        return false;
    }
    hrtimer_init(&s.timer, sleeper_expired);
    hrtimer_start_range(&s.timer, deadline_ns, slack_ns);
    schedule();
    hrtimer_cancel(&s.timer);
    set_current_state(TASK_RUNNING);
    return atomic_load_acquire(&s.expired);
}

long schedule_timeout_ns(s64 ns)
{
    s64 deadline = ktime_get_ns(), left;

    deadline = ns > S64_MAX - deadline ? S64_MAX : deadline + ns;
    if (schedule_hrtimeout(deadline))
        return 0;
    if (deadline == S64_MAX)
        return S64_MAX;
    left = deadline - ktime_get_ns();
    return left > 0 ? left : 0;
}
