/* select.c: select and pselect6, over the same waiting as poll. */
#include "kernel/fs/poll_wait.h"
#include "kernel/signal/signal.h"
#include "kernel/syscall/syscalls.h"

#define FD_SET_MAX 65536
struct fd_sets {
    unsigned n, words; /* descriptors below n; words of each set */
    unsigned long *in, *out, *ex, *r_in, *r_out, *r_ex;
    unsigned long fast[6 * 4];
};

static int sets_alloc(struct fd_sets *s, unsigned n)
{
    unsigned long *p = s->fast;

    s->n = n;
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
    mask = vfs_poll(f.file, poll_table_of(w));
    fdput(f);
    if (s->in[i] & bit && mask & (POLLIN | POLLRDNORM | POLLRDBAND | POLLHUP | POLLERR))
        s->r_in[i] |= bit, ready++;
    if (s->out[i] & bit && mask & (POLLOUT | POLLWRNORM | POLLERR))
        s->r_out[i] |= bit, ready++;
    if (s->ex[i] & bit && mask & POLLPRI)
        s->r_ex[i] |= bit, ready++;
    if (ready)
        poll_found(w);
    return ready;
}

static int select_scan(void *what, struct poll_wqueues *w)
{
    struct fd_sets *s = what;
    int ready = 0;

    for (unsigned i = 0; i < s->words; i++) {
        unsigned long bits = s->in[i] | s->out[i] | s->ex[i];

        for (; bits; bits &= bits - 1) {
            unsigned fd = i * 64 + __builtin_ctzl(bits);
            int r;

            if (fd >= s->n)
                break;
            r = select_one(s, fd, w);
            if (r < 0)
                return r;
            ready += r;
        }
    }
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
        r = poll_until(select_scan, &s, deadline);
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
                       : poll_deadline_in(t.tv_sec * NSEC_PER_SEC + t.tv_usec * NSEC_PER_USEC);
    }
    r = do_select(n, in, out, ex, deadline);
    if (r == -EINTR)
        r = -ERESTARTNOHAND;
    if (tv) {
        struct timespec left = poll_time_left(deadline);

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
    r = poll_get_timeout(ts, &deadline);
    if (!r && arg.mask)
        r = set_user_sigmask(arg.mask, arg.size);
    if (r)
        return r;
    r = do_select(n, in, out, ex, deadline);
    if (arg.mask)
        restore_saved_sigmask_unless(r == -EINTR);
    return poll_finish_timed(r, ts, deadline);
}
