/* poll_calls.c: poll and ppoll. */
#include "kernel/fs/poll_wait.h"
#include "kernel/signal/signal.h"
#include "kernel/syscall/syscalls.h"

struct pollfd {
    int fd;
    short events, revents;
};

static unsigned poll_one(const struct pollfd *p, struct poll_table *pt)
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

struct poll_set {
    struct pollfd *fds;
    unsigned n;
};

static int poll_scan(void *what, struct poll_wqueues *w)
{
    struct poll_set *set = what;
    int ready = 0;

    for (unsigned i = 0; i < set->n; i++) {
        unsigned mask = poll_one(&set->fds[i], poll_table_of(w));

        set->fds[i].revents = mask;
        if (mask) {
            ready++;
            poll_found(w);
        }
    }
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
        ready = poll_until(poll_scan, &(struct poll_set){fds, n}, deadline);
        for (unsigned i = 0; i < n && ready >= 0; i++)
            if (put_user(fds[i].revents, &ufds[i].revents))
                ready = -EFAULT;
    }
    if (fds != fast)
        kfree(fds);
    return ready;
}

static long poll_restart(struct restart_block *r)
{
    int ready = do_poll(r->poll.ufds, r->poll.nfds, r->deadline_ns);

    return ready == -EINTR ? -ERESTART_RESTARTBLOCK : ready;
}

long sys_poll(struct pollfd __user *fds, unsigned nfds, int timeout_ms)
{
    s64 deadline = timeout_ms < 0 ? S64_MAX : poll_deadline_in(timeout_ms * NSEC_PER_MSEC);
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

long sys_ppoll(struct pollfd __user *fds, unsigned nfds, struct timespec __user *ts,
               const sigset_t __user *sigmask, size_t size)
{
    s64 deadline;
    long r = poll_get_timeout(ts, &deadline);

    if (r)
        return r;
    r = sigmask ? set_user_sigmask(sigmask, size) : 0;
    if (r)
        return r;
    r = do_poll(fds, nfds, deadline);
    if (sigmask)
        restore_saved_sigmask_unless(r == -EINTR);
    return poll_finish_timed(r, ts, deadline);
}
