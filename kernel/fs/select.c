/* poll, ppoll, select, pselect6. Owns the table that a sleeping poller enters into the wait queues
 * of its files. A wake-up sets `triggered` before it wakes, so that the scan itself runs in the
 * running state and may fault and sleep. */
#include "kernel/fs/fs_internal.h"
#include "kernel/sched/wait.h"
#include "kernel/signal/signal.h"
#include "kernel/syscall/syscalls.h"

#define INLINE_ENTRIES   8
#define DEFAULT_POLLMASK (POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM)

struct pollfd {
    int fd;
    short events, revents;
};

struct poll_wqueues;
struct poll_entry {
    struct wait_queue_entry wait;
    struct wait_queue_head *wq;
    struct file *file; /* keeps the wait queue alive */
    struct poll_wqueues *owner;
    unsigned events;
};

struct poll_page {
    struct poll_page *next;
    unsigned used;
    struct poll_entry entry[];
};
#define PAGE_ENTRIES ((PAGE_SIZE - sizeof(struct poll_page)) / sizeof(struct poll_entry))

struct poll_wqueues {
    struct poll_table pt;
    struct task_struct *task;
    u32 triggered; /* set by wakers */
    int error;
    unsigned used;
    struct poll_page *pages;
    struct poll_entry fast[INLINE_ENTRIES];
};

static struct poll_entry *new_entry(struct poll_wqueues *w)
{
    struct poll_page *p = w->pages;

    if (w->used < INLINE_ENTRIES)
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
    w->task = current;
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

/* True when the deadline came. */
static bool poll_sleep(struct poll_wqueues *w, s64 deadline)
{
    bool expired = false;

    set_current_state(TASK_INTERRUPTIBLE);
    if (!atomic_load_acquire(&w->triggered))
        expired = schedule_hrtimeout(deadline);
    set_current_state(TASK_RUNNING);
    atomic_store_relaxed(&w->triggered, 0);
    atomic_fence_full(); /* the scan comes after; partner: poll_wake() */
    return expired;
}

unsigned vfs_poll(struct file *f, struct poll_table *pt)
{
    return f->f_op->poll ? f->f_op->poll(f, pt) : DEFAULT_POLLMASK;
}

/* ---- poll ---- */
static unsigned poll_one(struct pollfd *p, struct poll_table *pt)
{
    struct fd f;
    unsigned mask;

    if (p->fd < 0)
        return 0;
    f = fdget(p->fd);
    if (!f.file)
        return POLLNVAL;
    if (pt)
        pt->events = (u16)p->events;
    mask = vfs_poll(f.file, pt) & ((u16)p->events | POLLERR | POLLHUP);
    fdput(f);
    return mask;
}

static int poll_scan(struct pollfd *fds, unsigned n, struct poll_wqueues *w)
{
    int ready = 0;

    for (unsigned i = 0; i < n; i++) {
        unsigned mask = poll_one(&fds[i], w->pt.queue ? &w->pt : NULL);

        fds[i].revents = mask;
        if (mask) {
            ready++;
            w->pt.queue = NULL; /* somebody is ready: nothing more to wait for */
        }
    }
    w->pt.queue = NULL; /* every later scan finds the entries in place */
    return ready;
}

/* deadline: 0 do not wait, S64_MAX for ever. */
static int poll_loop(struct pollfd *fds, unsigned n, s64 deadline)
{
    struct poll_wqueues w;
    bool last = deadline == 0;
    int ready;

    poll_init(&w);
    if (last)
        w.pt.queue = NULL;
    for (;;) {
        ready = poll_scan(fds, n, &w);
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

static int do_poll(struct pollfd __user *ufds, unsigned n, s64 deadline)
{
    struct pollfd fast[16], *fds = fast;
    int ready;

    if (n > rlimit(RLIMIT_NOFILE))
        return -EINVAL;
    if (n > ARRAY_SIZE(fast)) {
        fds = kmalloc(n * sizeof(*fds), GFP_KERNEL);
        if (!fds)
            return -ENOMEM;
    }
    if (copy_from_user(fds, ufds, n * sizeof(*fds))) {
        ready = -EFAULT;
    } else {
        ready = poll_loop(fds, n, deadline);
        for (unsigned i = 0; i < n && ready >= 0; i++)
            if (put_user(fds[i].revents, &ufds[i].revents))
                ready = -EFAULT;
    }
    if (fds != fast)
        kfree(fds);
    return ready;
}

static s64 deadline_in(s64 ns)
{
    s64 now, end;

    if (ns <= 0)
        return 0;
    now = ktime_get_ns();
    return __builtin_add_overflow(now, ns, &end) ? S64_MAX : end;
}

static long poll_restart(struct restart_block *r)
{
    int ready = do_poll(r->poll.ufds, r->poll.nfds, r->deadline_ns);

    return ready == -EINTR ? -ERESTART_RESTARTBLOCK : ready;
}

long sys_poll(struct pollfd __user *fds, unsigned nfds, int timeout_ms)
{
    s64 deadline = timeout_ms < 0 ? S64_MAX : deadline_in(timeout_ms * NSEC_PER_MSEC);
    struct restart_block *r = &current->restart;
    int ready = do_poll(fds, nfds, deadline);

    if (ready != -EINTR)
        return ready;
    r->fn = poll_restart;
    r->deadline_ns = deadline;
    r->poll.ufds = fds;
    r->poll.nfds = nfds;
    r->poll.has_timeout = timeout_ms >= 0;
    return -ERESTART_RESTARTBLOCK;
}

/* ---- time-outs that are written back ---- */
static int get_timeout(const struct timespec __user *uts, s64 *deadline)
{
    struct timespec t;

    *deadline = S64_MAX;
    if (!uts)
        return 0;
    if (copy_from_user(&t, uts, sizeof(t)))
        return -EFAULT;
    if (!timespec_valid(&t))
        return -EINVAL;
    *deadline = deadline_in(timespec_to_ns(&t));
    return 0;
}

static struct timespec time_left(s64 deadline)
{
    s64 left = deadline ? deadline - ktime_get_ns() : 0;

    return ns_to_timespec(left > 0 ? left : 0);
}

/* The rest is written even after a signal; then the call is not restarted by itself. */
static long finish_timed(long r, struct timespec __user *uts, s64 deadline)
{
    if (r == -EINTR)
        r = -ERESTARTNOHAND;
    if (uts) {
        struct timespec t = time_left(deadline);

        (void)copy_to_user(uts, &t, sizeof(t));
    }
    return r;
}

long sys_ppoll(struct pollfd __user *fds, unsigned nfds, struct timespec __user *ts,
               const sigset_t __user *sigmask, size_t size)
{
    s64 deadline;
    long r = get_timeout(ts, &deadline);

    if (r)
        return r;
    r = sigmask ? set_user_sigmask(sigmask, size) : 0;
    if (r)
        return r;
    r = do_poll(fds, nfds, deadline);
    if (sigmask)
        restore_saved_sigmask_unless(r == -EINTR);
    return finish_timed(r, ts, deadline);
}

/* ---- select ---- */
#define FD_SET_MAX 65536
struct fd_sets {
    unsigned words;
    unsigned long *in, *out, *ex, *r_in, *r_out, *r_ex;
    unsigned long fast[6 * 4];
};

static int sets_alloc(struct fd_sets *s, unsigned n)
{
    unsigned long *p = s->fast;

    s->words = DIV_ROUND_UP(n, 64);
    if (s->words > 4)
        p = kmalloc(6 * s->words * sizeof(*p), GFP_KERNEL);
    if (!p)
        return -ENOMEM;
    memset(p, 0, 6 * s->words * sizeof(*p));
    s->in = p;
    s->out = p + s->words;
    s->ex = p + 2 * s->words;
    s->r_in = p + 3 * s->words;
    s->r_out = p + 4 * s->words;
    s->r_ex = p + 5 * s->words;
    return 0;
}

static int sets_read(struct fd_sets *s, unsigned long __user *in, unsigned long __user *out,
                     unsigned long __user *ex)
{
    size_t n = s->words * 8;

    if ((in && copy_from_user(s->in, in, n)) || (out && copy_from_user(s->out, out, n)) ||
        (ex && copy_from_user(s->ex, ex, n)))
        return -EFAULT;
    return 0;
}

static int sets_write(struct fd_sets *s, unsigned long __user *in, unsigned long __user *out,
                      unsigned long __user *ex)
{
    size_t n = s->words * 8;

    if ((in && copy_to_user(in, s->r_in, n)) || (out && copy_to_user(out, s->r_out, n)) ||
        (ex && copy_to_user(ex, s->r_ex, n)))
        return -EFAULT;
    return 0;
}

static int select_one(struct fd_sets *s, unsigned fd, struct poll_wqueues *w)
{
    unsigned i = fd / 64;
    unsigned long bit = 1UL << (fd % 64);
    unsigned want = (s->in[i] & bit ? POLLIN | POLLRDNORM | POLLRDBAND | POLLHUP | POLLERR : 0) |
                    (s->out[i] & bit ? POLLOUT | POLLWRNORM | POLLERR : 0) |
                    (s->ex[i] & bit ? POLLPRI : 0);
    struct fd f = fdget(fd);
    unsigned mask;
    int ready = 0;

    if (!f.file)
        return -EBADF;
    w->pt.events = want;
    mask = vfs_poll(f.file, w->pt.queue ? &w->pt : NULL);
    fdput(f);
    if (s->in[i] & bit && mask & (POLLIN | POLLRDNORM | POLLRDBAND | POLLHUP | POLLERR))
        s->r_in[i] |= bit, ready++;
    if (s->out[i] & bit && mask & (POLLOUT | POLLWRNORM | POLLERR))
        s->r_out[i] |= bit, ready++;
    if (s->ex[i] & bit && mask & POLLPRI)
        s->r_ex[i] |= bit, ready++;
    if (ready)
        w->pt.queue = NULL;
    return ready;
}

static int select_scan(struct fd_sets *s, unsigned n, struct poll_wqueues *w)
{
    int ready = 0;

    for (unsigned i = 0; i < s->words; i++) {
        unsigned long bits = s->in[i] | s->out[i] | s->ex[i];

        for (; bits; bits &= bits - 1) {
            unsigned fd = i * 64 + __builtin_ctzl(bits);
            int r;

            if (fd >= n)
                break;
            r = select_one(s, fd, w);
            if (r < 0)
                return r;
            ready += r;
        }
    }
    w->pt.queue = NULL;
    return ready;
}

static int select_loop(struct fd_sets *s, unsigned n, s64 deadline)
{
    struct poll_wqueues w;
    bool last = deadline == 0;
    int ready;

    poll_init(&w);
    if (last)
        w.pt.queue = NULL;
    for (;;) {
        ready = select_scan(s, n, &w);
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

static long do_select(int n, unsigned long __user *in, unsigned long __user *out,
                      unsigned long __user *ex, s64 deadline)
{
    struct fd_sets s;
    long r;

    if (n < 0)
        return -EINVAL;
    n = min(n, (int)min(files_limit(current->files), (unsigned)FD_SET_MAX));
    r = sets_alloc(&s, n);
    if (r)
        return r;
    r = sets_read(&s, in, out, ex);
    if (!r)
        r = select_loop(&s, n, deadline);
    if (r >= 0 && sets_write(&s, in, out, ex))
        r = -EFAULT;
    if (s.in != s.fast)
        kfree(s.in);
    return r;
}

long sys_select(int n, unsigned long __user *in, unsigned long __user *out,
                unsigned long __user *ex, struct timeval __user *tv)
{
    struct timeval t;
    s64 deadline = S64_MAX;
    long r;

    if (tv) {
        if (copy_from_user(&t, tv, sizeof(t)))
            return -EFAULT;
        if (t.tv_sec < 0 || t.tv_usec < 0)
            return -EINVAL;
        deadline = t.tv_sec > S64_MAX / NSEC_PER_SEC - 2000000
                       ? S64_MAX
                       : deadline_in(t.tv_sec * NSEC_PER_SEC + t.tv_usec * NSEC_PER_USEC);
    }
    r = do_select(n, in, out, ex, deadline);
    if (r == -EINTR)
        r = -ERESTARTNOHAND;
    if (tv) {
        struct timespec left = time_left(deadline);

        t = (struct timeval){left.tv_sec, left.tv_nsec / 1000};
        (void)copy_to_user(tv, &t, sizeof(t));
    }
    return r;
}

long sys_pselect6(int n, unsigned long __user *in, unsigned long __user *out,
                  unsigned long __user *ex, struct timespec __user *ts, void __user *sig)
{
    struct {
        const sigset_t __user *mask;
        size_t size;
    } arg = {NULL, 0};
    s64 deadline;
    long r;

    if (sig && copy_from_user(&arg, sig, sizeof(arg)))
        return -EFAULT;
    r = get_timeout(ts, &deadline);
    if (!r && arg.mask)
        r = set_user_sigmask(arg.mask, arg.size);
    if (r)
        return r;
    r = do_select(n, in, out, ex, deadline);
    if (arg.mask)
        restore_saved_sigmask_unless(r == -EINTR);
    return finish_timed(r, ts, deadline);
}
