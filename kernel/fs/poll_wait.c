/* poll_wait.c: the table that a sleeping poller enters into the wait queues of its files. A wake-up
 * sets `triggered` before it wakes, so that the scan itself runs in the running state and may fault
 * and sleep. */
#include "kernel/fs/poll_wait.h"
#include "kernel/signal/signal.h"

#define PAGE_ENTRIES     ((PAGE_SIZE - sizeof(struct poll_page)) / sizeof(struct poll_entry))
#define PART_OF_TIMEOUT      1000
#define NICE_PART_OF_TIMEOUT 200
#define MAX_POLL_SLACK_NS    (100 * NSEC_PER_MSEC)
#define DEFAULT_POLLMASK (POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM)

static struct poll_entry *new_entry(struct poll_wqueues *w)
{
    struct poll_page *p = w->pages;

    if (w->used < POLL_INLINE_ENTRIES)
        return &w->fast[w->used++];
    if (!p || p->used == PAGE_ENTRIES) {
        p = kmalloc(PAGE_SIZE, GFP_KERNEL);
        if (!p)
            return NULL;
        p->next = w->pages;
        p->used = 0;
        w->pages = p;
    }
    return &p->entry[p->used++];
}

static int poll_wake(struct wait_queue_entry *e, unsigned mode, unsigned events, bool sync)
{
    struct poll_entry *pe = container_of(e, struct poll_entry, wait);

    if (events && !(events & pe->events))
        return 0;
    atomic_store_release(&pe->owner->triggered,
                         1); /* partner: poll_sleep(), which blocks first and then reads it */
    return default_wake_function(e, mode, events, sync);
}

static void poll_queue(struct file *f, struct wait_queue_head *wq, struct poll_table *pt)
{
    struct poll_wqueues *w = container_of(pt, struct poll_wqueues, pt);
    struct poll_entry *e = new_entry(w);

    if (!e) {
        w->error = -ENOMEM;
        return;
    }
    get_file(f);
    e->file = f;
    e->wq = wq;
    e->owner = w;
    e->events = pt->events | POLLERR | POLLHUP;
    init_wait_entry(&e->wait, 0);
    e->wait.func = poll_wake;
    add_wait_queue(wq, &e->wait);
}

static void poll_init(struct poll_wqueues *w)
{
    w->pt.queue = poll_queue;
    w->pt.events = 0;
    w->triggered = 0;
    w->error = 0;
    w->used = 0;
    w->pages = NULL;
}

static void free_entry(struct poll_entry *e)
{
    remove_wait_queue(e->wq, &e->wait);
    fput(e->file);
}

static void poll_free(struct poll_wqueues *w)
{
    for (unsigned i = 0; i < w->used; i++)
        free_entry(&w->fast[i]);
    while (w->pages) {
        struct poll_page *p = w->pages;

        w->pages = p->next;
        for (unsigned i = 0; i < p->used; i++)
            free_entry(&p->entry[i]);
        kfree(p);
    }
}

u64 poll_slack(s64 deadline)
{
    u64 own = current->timer_slack_ns;
    s64 left;

    if (deadline == S64_MAX || !own)
        return own;
    left = (deadline - ktime_get_ns()) / (task_nice(current) > 0 ? NICE_PART_OF_TIMEOUT : PART_OF_TIMEOUT);
    left = min_t(s64, left, MAX_POLL_SLACK_NS);
    return left > 0 && (u64)left > own ? (u64)left : own;
}

/* True when the deadline came. */
static bool poll_sleep(struct poll_wqueues *w, s64 deadline)
{
    bool expired = false;

    set_current_state(TASK_INTERRUPTIBLE);
    if (!atomic_load_acquire(&w->triggered))
        expired = schedule_hrtimeout_range(deadline, poll_slack(deadline));
    set_current_state(TASK_RUNNING);
    atomic_store_relaxed(&w->triggered, 0);
    atomic_fence_full(); /* the scan comes after; partner: poll_wake() */
    return expired;
}

unsigned vfs_poll(struct file *f, struct poll_table *pt)
{
    return f->f_op->poll ? f->f_op->poll(f, pt) : DEFAULT_POLLMASK;
}

int poll_until(int (*scan)(void *what, struct poll_wqueues *w), void *what, s64 deadline)
{
    struct poll_wqueues w;
    bool last = deadline == 0;
    int ready;

    poll_init(&w);
    if (last)
        w.pt.queue = NULL;
    for (;;) {
        ready = scan(what, &w);
        w.pt.queue = NULL; /* every later scan finds the entries in place */
        if (ready || last)
            break;
        ready = w.error ? w.error : signal_pending(current) ? -EINTR : 0;
        if (ready)
            break;
        last = poll_sleep(&w, deadline);
    }
    poll_free(&w);
    return ready;
}

/* ---- time-outs that are written back ---- */
s64 poll_deadline_in(s64 ns)
{
    s64 now, end;

    if (ns <= 0)
        return 0;
    now = ktime_get_ns();
    return __builtin_add_overflow(now, ns, &end) ? S64_MAX : end;
}

int poll_get_timeout(const struct timespec __user *uts, s64 *deadline)
{
    struct timespec t;

    *deadline = S64_MAX;
    if (!uts)
        return 0;
    if (copy_from_user(&t, uts, sizeof(t)))
        return -EFAULT;
    if (!timespec_valid(&t))
        return -EINVAL;
    *deadline = poll_deadline_in(timespec_to_ns(&t));
    return 0;
}

struct timespec poll_time_left(s64 deadline)
{
    s64 left = deadline ? deadline - ktime_get_ns() : 0;

    return ns_to_timespec(left > 0 ? left : 0);
}

/* The rest is written even after a signal; then the call is not restarted by itself. */
long poll_finish_timed(long r, struct timespec __user *uts, s64 deadline)
{
    if (r == -EINTR)
        r = -ERESTARTNOHAND;
    if (uts) {
        struct timespec t = poll_time_left(deadline);

        (void)copy_to_user(uts, &t, sizeof(t));
    }
    return r;
}
