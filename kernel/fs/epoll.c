/* epoll: one descriptor that collects the readiness of many.
 *
 * An epitem watches one (file, number). The file's wake-ups run epoll_callback(), which puts the
 * item on its epoll's ready list. epoll_wait takes items from there, asks their files again, and
 * puts level-triggered ones back. Locks: epoll_mutex (any change of the set of items, and the end
 * of a watched file) > ep->mtx (items stay while they are scanned) > a file's wait queue lock >
 * ep->lock (ready list; interrupts off) > ep->wq. An item holds no reference on its file: the
 * file's end removes it (eventpoll_release). */
#include "kernel/fs/poll_wait.h"
#include "kernel/sched/wait.h"
#include "kernel/signal/signal.h"
#include "kernel/syscall/syscalls.h"

#define EPOLL_CTL_ADD   1
#define EPOLL_CTL_DEL   2
#define EPOLL_CTL_MOD   3
#define EPOLLEXCLUSIVE  (1u << 28)
#define EPOLLWAKEUP     (1u << 29)
#define EPOLLONESHOT    (1u << 30)
#define EPOLLET         (1u << 31)
#define EP_PRIVATE_BITS (EPOLLWAKEUP | EPOLLONESHOT | EPOLLET | EPOLLEXCLUSIVE)
#define EP_EXCLUSIVE_OK                                                                            \
    (POLLIN | POLLOUT | POLLERR | POLLHUP | EPOLLWAKEUP | EPOLLET | EPOLLEXCLUSIVE)
#define EP_MAX_EVENTS (INT32_MAX / 12)
#define EP_BUCKETS    64
#define EP_MAX_NESTS  4

struct epoll_event {
    u32 events;
    u64 data;
} __packed;

struct eventpoll {
    struct mutex mtx;
    spinlock_t lock;
    wait_queue_head_t wq;               /* tasks in epoll_wait */
    wait_queue_head_t poll_wq;          /* who polls this descriptor */
    struct list_head ready;             /* lock: items by rdllink */
    struct list_head items[EP_BUCKETS]; /* epoll_mutex and mtx: by link */
    struct file *file;                  /* its own, once it was given an item; epoll_mutex */
    u64 walk;                           /* the last one that looked at it; epoll_mutex */
    int nests;                          /* what nests_below() found in that walk: not kept beyond it */
};

/* One wait queue that an item stands in. */
struct ep_entry {
    struct wait_queue_entry wait;
    struct wait_queue_head *wq;
    struct epitem *item;
    struct ep_entry *next;
};

struct epitem {
    struct list_head link;    /* in ep->items */
    struct list_head flink;   /* in file->f_ep, epoll_mutex */
    struct list_head rdllink; /* ep->lock: on the ready list or on a scan's own */
    struct eventpoll *ep;
    struct file *file;
    int fd;
    struct epoll_event event; /* events: mtx and lock to write */
    struct ep_entry *entries;
    bool failed; /* no memory for an entry */
};

struct ep_table {
    struct poll_table pt;
    struct epitem *item;
};

static DEFINE_MUTEX(epoll_mutex);
static const struct file_operations eventpoll_fops;

static unsigned bucket_of(const struct file *f, int fd)
{
    return ((u64)f >> 7 ^ (unsigned)fd) % EP_BUCKETS;
}

static struct epitem *find_item(struct eventpoll *ep, const struct file *f, int fd)
{
    struct epitem *i;

    list_for_each_entry (i, &ep->items[bucket_of(f, fd)], link)
        if (i->file == f && i->fd == fd)
            return i;
    return NULL;
}

/* Puts the item on the ready list; true when it was not there. ep->lock held. */
static bool make_ready(struct epitem *i)
{
    if (!list_empty(&i->rdllink))
        return false;
    list_add_tail(&i->rdllink, &i->ep->ready);
    return true;
}

static void wake_waiters(struct eventpoll *ep)
{
    __wake_up(&ep->wq, TASK_NORMAL, 1, POLLIN, false);
    __wake_up(&ep->poll_wq, TASK_NORMAL, 0, POLLIN, false);
}

/* Called by the watched file's wake-up, under its queue's lock. */
static int epoll_callback(struct wait_queue_entry *e, unsigned mode, unsigned events, bool sync)
{
    struct epitem *i = container_of(e, struct ep_entry, wait)->item;
    struct eventpoll *ep = i->ep;
    unsigned long flags;
    bool wanted;

    spin_lock_irqsave(&ep->lock, flags);
    wanted = (i->event.events & ~EP_PRIVATE_BITS) && (!events || events & i->event.events);
    if (wanted)
        make_ready(i);
    spin_unlock_irqrestore(&ep->lock, flags);
    if (wanted)
        wake_waiters(ep);
    return wanted;
}

static void epoll_queue(struct file *f, struct wait_queue_head *wq, struct poll_table *pt)
{
    struct epitem *i = container_of(pt, struct ep_table, pt)->item;
    struct ep_entry *e = kmalloc(sizeof(*e), GFP_KERNEL);

    if (!e) {
        i->failed = true;
        return;
    }
    init_wait_entry(&e->wait, i->event.events & EPOLLEXCLUSIVE ? WQ_FLAG_EXCLUSIVE : 0);
    e->wait.func = epoll_callback;
    e->wq = wq;
    e->item = i;
    e->next = i->entries;
    i->entries = e;
    add_wait_queue(wq, &e->wait);
}

/* What the item's file is ready for now. pt: also enters its wait queues. */
static unsigned poll_item(struct epitem *i, struct poll_table *pt)
{
    unsigned want = i->event.events; /* POLLERR and POLLHUP too, until EPOLLONESHOT has reported */

    if (pt)
        pt->events = want;
    return vfs_poll(i->file, pt) & want & ~EP_PRIVATE_BITS;
}

/* ---- the set of items; epoll_mutex held ---- */
static void leave_queues(struct epitem *i)
{
    while (i->entries) {
        struct ep_entry *e = i->entries;

        i->entries = e->next;
        rcu_read_lock(); /* a queue that ends first empties itself, and is freed a grace period later: drop_watchers() */
        if (atomic_load_acquire(&e->wait.entry.next) != &e->wait.entry)
            remove_wait_queue(e->wq, &e->wait);
        rcu_read_unlock();
        kfree(e);
    }
}

/* ep->mtx held. */
static void remove_item(struct epitem *i)
{
    unsigned long flags;

    leave_queues(i);
    list_del(&i->flink);
    list_del(&i->link);
    spin_lock_irqsave(&i->ep->lock, flags);
    list_del_init(&i->rdllink);
    spin_unlock_irqrestore(&i->ep->lock, flags);
    kfree(i);
}

void eventpoll_release(struct file *f)
{
    mutex_lock(&epoll_mutex);
    while (!list_empty(&f->f_ep)) {
        struct epitem *i = list_first_entry(&f->f_ep, struct epitem, flink);
        struct eventpoll *ep = i->ep;

        mutex_lock(&ep->mtx);
        remove_item(i);
        mutex_unlock(&ep->mtx);
    }
    mutex_unlock(&epoll_mutex);
}

static void report_now(struct epitem *i)
{
    unsigned long flags;

    spin_lock_irqsave(&i->ep->lock, flags);
    make_ready(i);
    spin_unlock_irqrestore(&i->ep->lock, flags);
    wake_waiters(i->ep);
}

static int add_item(struct eventpoll *ep, struct file *f, int fd, const struct epoll_event *ev)
{
    struct epitem *i = kmalloc(sizeof(*i), GFP_KERNEL);
    struct ep_table t = {{epoll_queue, 0}, i};

    if (!i)
        return -ENOMEM;
    *i = (struct epitem){.ep = ep, .file = f, .fd = fd, .event = *ev};
    i->event.events |= POLLERR | POLLHUP;
    INIT_LIST_HEAD(&i->rdllink);
    if (!f->f_ep.next)
        INIT_LIST_HEAD(&f->f_ep);
    list_add(&i->flink, &f->f_ep);
    list_add(&i->link, &ep->items[bucket_of(f, fd)]);
    if (poll_item(i, &t.pt))
        report_now(i);
    if (!i->failed)
        return 0;
    remove_item(i);
    return -ENOMEM;
}

static int modify_item(struct epitem *i, const struct epoll_event *ev)
{
    unsigned long flags;

    if (i->event.events & EPOLLEXCLUSIVE)
        return -EINVAL;
    spin_lock_irqsave(&i->ep->lock, flags);
    i->event = *ev;
    i->event.events |= POLLERR | POLLHUP;
    spin_unlock_irqrestore(&i->ep->lock, flags);
    if (poll_item(i, NULL))
        report_now(i);
    return 0;
}

/* ---- how epolls may watch one another; epoll_mutex held ----
 *
 * A wake-up runs along every way from its file upwards: their number, not only their length, is bounded (Linux's bounds). */
static const int most_ways[EP_MAX_NESTS + 1] = {INT32_MAX, 500, 100, 50, 10}; /* by the links between epolls on a way */
static u64 last_walk;

/* A link that is asked for, and how many ways go up from one file to epolls that nobody watches. */
struct ways {
    struct file *below, *above;
    int count[EP_MAX_NESTS + 1];
};

static bool is_watched(const struct file *f)
{
    return f->f_ep.next && !list_empty(&f->f_ep);
}

/* How many epolls watch one another above f, at most limit + 1. */
static int nests_above(const struct file *f, int limit)
{
    struct epitem *i;
    int most = 0;

    if (!is_watched(f))
        return 0;
    list_for_each_entry (i, &f->f_ep, flink) {
        most = max(most, 1 + (limit > 0 ? nests_above(i->ep->file, limit - 1) : 0));
        if (most > limit)
            break;
    }
    return most;
}

/* The links of the longest chain of epolls below ep, or -ELOOP: `target` is one of them. Each is looked at once a walk. */
static int nests_below(struct eventpoll *ep, const struct eventpoll *target)
{
    struct epitem *i;

    if (ep == target)
        return -ELOOP;
    if (ep->walk == last_walk)
        return ep->nests;
    ep->walk = last_walk;
    ep->nests = 0;
    for (unsigned b = 0; b < EP_BUCKETS; b++) {
        list_for_each_entry (i, &ep->items[b], link) {
            int n = i->file->f_op == &eventpoll_fops ? nests_below(i->file->private_data, target) : -1;

            if (n == -ELOOP)
                return n;
            ep->nests = max(ep->nests, n + 1);
        }
    }
    return ep->nests;
}

static bool count_ways(const struct file *f, struct ways *w, int depth);

static bool go_up(const struct file *above, struct ways *w, int depth)
{
    if (above == w->below || is_watched(above))
        return count_ways(above, w, depth + 1);
    return ++w->count[depth] <= most_ways[depth];
}

/* depth: links between epolls so far. The chains are short enough: check_nesting(). */
static bool count_ways(const struct file *f, struct ways *w, int depth)
{
    struct epitem *i;

    if (f == w->below && !go_up(w->above, w, depth))
        return false;
    if (!is_watched(f))
        return true;
    list_for_each_entry (i, &f->f_ep, flink)
        if (!go_up(i->ep->file, w, depth))
            return false;
    return true;
}

/* Are the ways from f, and from all that is below it, few enough? Each epoll is looked at once a walk. */
static bool few_ways(const struct file *f, struct ways *w)
{
    struct eventpoll *ep = f->f_op == &eventpoll_fops ? f->private_data : NULL;
    struct epitem *i;

    if (ep && ep->walk == last_walk)
        return true;
    memset(w->count, 0, sizeof(w->count));
    if (!count_ways(f, w, 0))
        return false;
    if (!ep)
        return true;
    ep->walk = last_walk;
    for (unsigned b = 0; b < EP_BUCKETS; b++)
        list_for_each_entry (i, &ep->items[b], link)
            if (!few_ways(i->file, w))
                return false;
    return true;
}

static int check_nesting(struct file *epf, struct file *f)
{
    struct ways w = {f, epf, {0}};
    bool nests = f->f_op == &eventpoll_fops;
    int below = -1;

    if (!nests && !is_watched(epf))
        return 0;
    last_walk++;
    if (nests)
        below = nests_below(f->private_data, epf->private_data);
    if (below == -ELOOP || nests_above(epf, EP_MAX_NESTS) + 1 + below > EP_MAX_NESTS)
        return -ELOOP;
    last_walk++;
    return few_ways(f, &w) ? 0 : -EINVAL;
}

static int change_set(struct file *epf, int op, struct file *f, int fd,
                      const struct epoll_event *ev)
{
    struct eventpoll *ep = epf->private_data;
    struct epitem *i;
    int err = 0;

    mutex_lock(&epoll_mutex);
    ep->file = epf;
    i = find_item(ep, f, fd);
    if (op == EPOLL_CTL_ADD)
        err = i ? -EEXIST : check_nesting(epf, f);
    mutex_lock(&ep->mtx);
    if (!err && op == EPOLL_CTL_ADD)
        err = add_item(ep, f, fd, ev);
    else if (!err && !i)
        err = -ENOENT;
    else if (!err && op == EPOLL_CTL_MOD)
        err = modify_item(i, ev);
    else if (!err)
        remove_item(i);
    mutex_unlock(&ep->mtx);
    mutex_unlock(&epoll_mutex);
    return err;
}

static int check_ctl(struct file *epf, struct file *f, int op, const struct epoll_event *ev)
{
    if (!f->f_op->poll)
        return -EPERM;
    if (epf == f || epf->f_op != &eventpoll_fops)
        return -EINVAL;
    if (op < EPOLL_CTL_ADD || op > EPOLL_CTL_MOD)
        return -EINVAL;
    if (op != EPOLL_CTL_DEL && ev->events & EPOLLEXCLUSIVE &&
        (op == EPOLL_CTL_MOD || f->f_op == &eventpoll_fops || ev->events & ~EP_EXCLUSIVE_OK))
        return -EINVAL;
    return 0;
}

long sys_epoll_ctl(int epfd, int op, int fd, void __user *event)
{
    struct epoll_event ev = {0};
    struct file *epf, *f;
    long err = -EBADF;

    if (op != EPOLL_CTL_DEL && copy_from_user(&ev, event, sizeof(ev)))
        return -EFAULT;
    epf = fget(epfd);
    f = fget(fd);
    if (epf && f) {
        err = check_ctl(epf, f, op, &ev);
        if (!err)
            err = change_set(epf, op, f, fd, &ev);
    }
    if (f)
        fput(f);
    if (epf)
        fput(epf);
    return err;
}

/* ---- collecting ---- */
/* First item of the scan's list, off it; NULL at the end. From here on the callback may make it
 * ready again. */
static struct epitem *next_of_scan(struct eventpoll *ep, struct list_head *scan)
{
    struct epitem *i = NULL;
    unsigned long flags;

    spin_lock_irqsave(&ep->lock, flags);
    if (!list_empty(scan)) {
        i = list_first_entry(scan, struct epitem, rdllink);
        list_del_init(&i->rdllink);
    }
    spin_unlock_irqrestore(&ep->lock, flags);
    return i;
}

static void put_back(struct eventpoll *ep, struct epitem *i)
{
    unsigned long flags;

    spin_lock_irqsave(&ep->lock, flags);
    make_ready(i);
    spin_unlock_irqrestore(&ep->lock, flags);
}

/* One ready item to user memory. 1, 0 (not ready any more), -EFAULT. */
static int send_one(struct eventpoll *ep, struct epitem *i, struct epoll_event __user *to)
{
    unsigned revents = poll_item(i, NULL);
    struct epoll_event out = {revents, i->event.data};
    unsigned long flags;

    if (!revents)
        return 0;
    if (copy_to_user(to, &out, sizeof(out))) {
        put_back(ep, i);
        return -EFAULT;
    }
    if (i->event.events & EPOLLONESHOT) {
        spin_lock_irqsave(&ep->lock, flags);
        i->event.events &= EP_PRIVATE_BITS;
        spin_unlock_irqrestore(&ep->lock, flags);
    } else if (!(i->event.events & EPOLLET)) {
        put_back(ep, i);
    }
    return 1;
}

static int send_events(struct eventpoll *ep, struct epoll_event __user *events, int max_events)
{
    LIST_HEAD(scan);
    unsigned long flags;
    struct epitem *i;
    bool more;
    int n = 0;

    mutex_lock(&ep->mtx);
    spin_lock_irqsave(&ep->lock, flags);
    list_splice_tail_init(&ep->ready, &scan);
    spin_unlock_irqrestore(&ep->lock, flags);
    while (n < max_events && (i = next_of_scan(ep, &scan))) {
        int r = send_one(ep, i, &events[n]);

        if (r < 0) {
            n = n ? n : r;
            break;
        }
        n += r;
    }
    spin_lock_irqsave(&ep->lock, flags);
    list_splice_tail_init(&ep->ready, &scan); /* what was not looked at goes first */
    list_splice_tail_init(&scan, &ep->ready);
    more = !list_empty(&ep->ready);
    spin_unlock_irqrestore(&ep->lock, flags);
    if (more) /* others may have seen the list empty during the scan */
        __wake_up(&ep->wq, TASK_NORMAL, 1, POLLIN, false);
    mutex_unlock(&ep->mtx);
    return n;
}

/* True when the deadline came. */
static bool wait_ready(struct eventpoll *ep, s64 deadline)
{
    struct wait_queue_entry e;
    bool expired = false;

    init_wait_entry(&e, WQ_FLAG_EXCLUSIVE);
    if (!prepare_to_wait_event(&ep->wq, &e, TASK_INTERRUPTIBLE) && list_empty(&ep->ready))
        expired = schedule_hrtimeout_range(deadline, poll_slack(deadline));
    finish_wait(&ep->wq, &e);
    return expired;
}

static int ep_wait(struct eventpoll *ep, struct epoll_event __user *events, int max_events,
                   s64 deadline)
{
    bool last = deadline == 0;

    for (;;) {
        int n = list_empty(&ep->ready) ? 0 : send_events(ep, events, max_events);

        if (n || last)
            return n;
        if (signal_pending(current))
            return -EINTR;
        last = wait_ready(ep, deadline);
    }
}

static long do_epoll_wait(int epfd, void __user *events, int max_events, s64 deadline)
{
    struct fd f;
    long r = -EINVAL;

    if (max_events <= 0 || max_events > (int)EP_MAX_EVENTS)
        return -EINVAL;
    if (!access_ok(events, max_events * sizeof(struct epoll_event)))
        return -EFAULT;
    f = fdget(epfd);
    if (!f.file)
        return -EBADF;
    if (f.file->f_op == &eventpoll_fops)
        r = ep_wait(f.file->private_data, events, max_events, deadline);
    fdput(f);
    return r;
}

static s64 deadline_ms(int ms)
{
    return ms < 0 ? S64_MAX : ms == 0 ? 0 : ktime_get_ns() + ms * NSEC_PER_MSEC;
}

long sys_epoll_wait(int epfd, void __user *events, int maxevents, int timeout_ms)
{
    return do_epoll_wait(epfd, events, maxevents, deadline_ms(timeout_ms));
}

static long wait_with_mask(int epfd, void __user *events, int maxevents, s64 deadline,
                           const sigset_t __user *sigmask, size_t size)
{
    long r = sigmask ? set_user_sigmask(sigmask, size) : 0;

    if (r)
        return r;
    r = do_epoll_wait(epfd, events, maxevents, deadline);
    if (sigmask)
        restore_saved_sigmask_unless(r == -EINTR);
    return r;
}

long sys_epoll_pwait(int epfd, void __user *events, int maxevents, int timeout_ms,
                     const sigset_t __user *sigmask, size_t size)
{
    return wait_with_mask(epfd, events, maxevents, deadline_ms(timeout_ms), sigmask, size);
}

long sys_epoll_pwait2(int epfd, void __user *events, int maxevents,
                      const struct timespec __user *timeout, const sigset_t __user *sigmask,
                      size_t size)
{
    s64 deadline = S64_MAX;
    struct timespec t;

    if (timeout) {
        if (copy_from_user(&t, timeout, sizeof(t)))
            return -EFAULT;
        if (!timespec_valid(&t))
            return -EINVAL;
        deadline = timespec_to_ns(&t);
        if (deadline && __builtin_add_overflow(deadline, ktime_get_ns(), &deadline))
            deadline = S64_MAX;
    }
    return wait_with_mask(epfd, events, maxevents, deadline, sigmask, size);
}

/* ---- the descriptor ---- */
static bool any_ready(struct eventpoll *ep)
{
    struct epitem *i;
    bool found = false;

    mutex_lock(&ep->mtx); /* a scan has the ready items on a list of its own */
    for (unsigned b = 0; b < EP_BUCKETS && !found && !list_empty(&ep->ready); b++) {
        list_for_each_entry (i, &ep->items[b], link) {
            if (!list_empty(&i->rdllink) && poll_item(i, NULL)) {
                found = true;
                break;
            }
        }
    }
    mutex_unlock(&ep->mtx);
    return found;
}

static unsigned eventpoll_poll(struct file *f, struct poll_table *pt)
{
    struct eventpoll *ep = f->private_data;

    poll_wait(f, &ep->poll_wq, pt);
    return any_ready(ep) ? POLLIN | POLLRDNORM : 0;
}

static void eventpoll_close(struct inode *inode, struct file *f)
{
    struct eventpoll *ep = f->private_data;

    mutex_lock(&epoll_mutex);
    mutex_lock(&ep->mtx);
    for (unsigned b = 0; b < EP_BUCKETS; b++)
        while (!list_empty(&ep->items[b]))
            remove_item(list_first_entry(&ep->items[b], struct epitem, link));
    mutex_unlock(&ep->mtx);
    mutex_unlock(&epoll_mutex);
    kfree(ep);
}

static const struct file_operations eventpoll_fops = {.poll = eventpoll_poll,
                                                      .release = eventpoll_close};

long sys_epoll_create1(int flags)
{
    struct eventpoll *ep;
    int fd;

    if (flags & ~O_CLOEXEC)
        return -EINVAL;
    ep = kmalloc(sizeof(*ep), GFP_KERNEL);
    if (!ep)
        return -ENOMEM;
    mutex_init(&ep->mtx);
    spin_lock_init(&ep->lock);
    init_waitqueue_head(&ep->wq);
    init_waitqueue_head(&ep->poll_wq);
    INIT_LIST_HEAD(&ep->ready);
    for (unsigned b = 0; b < EP_BUCKETS; b++)
        INIT_LIST_HEAD(&ep->items[b]);
    fd = anon_file_fd("[eventpoll]", &eventpoll_fops, ep, O_RDWR | flags);
    if (fd < 0)
        kfree(ep);
    return fd;
}

long sys_epoll_create(int size)
{
    return size <= 0 ? -EINVAL : sys_epoll_create1(0);
}
