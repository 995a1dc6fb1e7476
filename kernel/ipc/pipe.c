/* Pipes and FIFOs.
 *
 * A pipe is a byte ring over an array of pages that are allocated at first use; `head` counts bytes written, `tail` bytes
 * read, both without wrap. One mutex guards everything, user copies included, so that a write of at most PIPE_BUF bytes is
 * atomic. Blocked readers and writers are on two lists under that mutex, oldest first; a wake takes the oldest off its list
 * and wakes it after the unlock, inside an RCU section that keeps the task (the waiter itself may be gone by then).
 * Pollers are on wait queues. Must never be entered with a spin lock held. */
#include "kernel/ipc/pipe.h"
#include "kernel/lib/string.h"
#include "kernel/mm/slab.h"
#include "kernel/arch/x86/uaccess.h"
#include "kernel/signal/signal.h"
#include "kernel/syscall/syscalls.h"
#include "kernel/task/cred.h"

#define PIPE_PAGES_INLINE (PIPE_DEF_BYTES / PAGE_SIZE)
#define FIONREAD 0x541B
#define WAKE_PIECE 8 /* tasks woken in one section without preemption */

/* A blocked task, on its own stack. `linked` is false once a waker has taken it. Guard: pipe->lock. */
struct pipe_waiter {
    struct list_head link;
    struct task_struct *task;
    bool linked;
};

struct pipe_inode_info {
    struct mutex lock;
    u64 head, tail;            /* lock */
    u32 bytes_max;             /* lock; a power of two, whole pages */
    u32 readers, writers;      /* lock; open files of each side */
    u32 r_counter, w_counter;  /* lock; opens so far, what a FIFO's opener waits for */
    u32 files;                 /* lock; readers + writers + openers in progress */
    struct list_head rd_wait, wr_wait;       /* lock */
    wait_queue_head_t poll_wait, open_wait;
    struct inode *inode;       /* of a FIFO, or the anonymous one */
    void **pages;              /* lock; bytes_max / PAGE_SIZE pointers, NULL where no page is yet */
    void *inline_pages[PIPE_PAGES_INLINE];
};

static const struct file_operations pipe_fops;

static inline u32 pipe_bytes(const struct pipe_inode_info *p)
{
    return (u32)(p->head - p->tail);
}

static inline u32 pipe_room(const struct pipe_inode_info *p)
{
    return p->bytes_max - pipe_bytes(p);
}

static struct pipe_inode_info *pipe_alloc(void)
{
    struct pipe_inode_info *p = kzalloc(sizeof(*p), GFP_KERNEL);

    if (!p)
        return NULL;
    mutex_init(&p->lock);
    p->bytes_max = PIPE_DEF_BYTES;
    p->pages = p->inline_pages;
    INIT_LIST_HEAD(&p->rd_wait);
    INIT_LIST_HEAD(&p->wr_wait);
    init_waitqueue_head(&p->poll_wait);
    init_waitqueue_head(&p->open_wait);
    return p;
}

static void pipe_free(struct pipe_inode_info *p)
{
    for (u32 i = 0; i < p->bytes_max / PAGE_SIZE; i++)
        if (p->pages[i])
            free_page_virt(p->pages[i]);
    if (p->pages != p->inline_pages)
        kfree(p->pages);
    kfree(p);
}

/* Address of the ring byte `pos`; NULL when there is no memory for its page. *run: bytes to the end of the page. */
static inline char *ring_at(struct pipe_inode_info *p, u64 pos, u32 *run)
{
    u32 off = (u32)pos & (p->bytes_max - 1);
    void **slot = &p->pages[off >> PAGE_SHIFT];

    *run = PAGE_SIZE - (off & (PAGE_SIZE - 1));
    if (unlikely(!*slot)) {
        struct page *page = alloc_page(GFP_USER);

        if (!page)
            return NULL;
        *slot = page_to_virt(page);
    }
    return (char *)*slot + (off & (PAGE_SIZE - 1));
}

/* Takes the oldest waiter off a list; its task stays valid inside the caller's RCU section. */
static inline struct task_struct *take_waiter(struct list_head *list)
{
    struct pipe_waiter *w;

    if (list_empty(list))
        return NULL;
    w = list_first_entry(list, struct pipe_waiter, link);
    list_del(&w->link);
    w->linked = false;
    return w->task;
}

/* Unlocks and wakes `task` (may be NULL) and the pollers. `sync`: the caller is likely to block next. */
static inline void unlock_and_wake(struct pipe_inode_info *p, struct list_head *list, unsigned events, bool sync)
{
    struct task_struct *task;

    rcu_read_lock();
    task = take_waiter(list);
    mutex_unlock(&p->lock);
    if (task) {
        if (sync)
            wake_up_state_sync(task, TASK_INTERRUPTIBLE);
        else
            wake_up_state(task, TASK_INTERRUPTIBLE);
    }
    rcu_read_unlock();
    if (unlikely(waitqueue_active(&p->poll_wait)))
        __wake_up(&p->poll_wait, TASK_NORMAL, 0, events, sync);
}

/* Blocks on a list; called and returns with the lock held. 0 (look again) or -ERESTARTSYS. A waiter that leaves by a
 * signal after a waker chose it passes the wake on. */
static int pipe_block(struct pipe_inode_info *p, struct list_head *list)
{
    struct pipe_waiter w = { .task = current, .linked = true };
    int ret = 0;

    list_add_tail(&w.link, list);
    set_current_state(TASK_INTERRUPTIBLE);
    if (unlikely(signal_pending(current))) {
        set_current_state(TASK_RUNNING);
        list_del(&w.link);
        return -ERESTARTSYS;
    }
    mutex_unlock(&p->lock);
    schedule();
    mutex_lock(&p->lock);
    if (unlikely(w.linked)) {
        list_del(&w.link);
        if (signal_pending(current))
            ret = -ERESTARTSYS;
    }
    return ret;
}

/* Copies what is there, up to n. Bytes copied, or -EFAULT when the first byte failed. */
static ssize_t ring_read(struct pipe_inode_info *p, char __user *buf, size_t n)
{
    size_t done = 0;

    n = min_t(size_t, n, pipe_bytes(p));
    while (done < n) {
        u32 run;
        char *src = ring_at(p, p->tail, &run);
        size_t part = min_t(size_t, run, n - done);
        size_t left = copy_to_user(buf + done, src, part);

        p->tail += part - left;
        done += part - left;
        if (unlikely(left))
            return done ? (ssize_t)done : -EFAULT;
    }
    return done;
}

static ssize_t pipe_read(struct file *file, char __user *buf, size_t n, loff_t *pos)
{
    struct pipe_inode_info *p = file->private_data;
    ssize_t ret;
    bool was_full;

    if (unlikely(n == 0))
        return 0;
    mutex_lock(&p->lock);
    while (unlikely(pipe_bytes(p) == 0)) {
        ret = 0;
        if (p->writers == 0)
            goto out;
        ret = -EAGAIN;
        if (file->f_flags & O_NONBLOCK)
            goto out;
        ret = pipe_block(p, &p->rd_wait);
        if (ret && pipe_bytes(p) == 0)
            goto out;
    }
    was_full = pipe_room(p) < PIPE_BUF;
    ret = ring_read(p, buf, n);
    if (ret > 0)
        p->inode->i_atime = ns_to_timespec(ktime_get_real_ns());
    if (unlikely(was_full || !list_empty(&p->wr_wait) || waitqueue_active(&p->poll_wait))) {
        /* Another reader may go on with what is left. */
        if (pipe_bytes(p) && !list_empty(&p->rd_wait)) {
            unlock_and_wake(p, &p->rd_wait, POLLIN | POLLRDNORM, false);
            mutex_lock(&p->lock);
        }
        unlock_and_wake(p, &p->wr_wait, POLLOUT | POLLWRNORM, pipe_bytes(p) == 0);
        return ret;
    }
    if (unlikely(pipe_bytes(p) && !list_empty(&p->rd_wait))) {
        unlock_and_wake(p, &p->rd_wait, POLLIN | POLLRDNORM, false);
        return ret;
    }
out:
    mutex_unlock(&p->lock);
    return ret;
}

/* Copies up to n bytes into the room there is; `user`: from user memory. Bytes, -EFAULT or -ENOMEM. */
static __always_inline ssize_t ring_write(struct pipe_inode_info *p, const char *buf, size_t n, bool user)
{
    size_t done = 0;

    n = min_t(size_t, n, pipe_room(p));
    while (done < n) {
        u32 run;
        char *dst = ring_at(p, p->head, &run);
        size_t part = min_t(size_t, run, n - done);
        size_t left = 0;

        if (unlikely(!dst))
            return done ? (ssize_t)done : -ENOMEM;
        if (user)
            left = copy_from_user(dst, buf + done, part);
        else
            memcpy(dst, buf + done, part);
        p->head += part - left;
        done += part - left;
        if (unlikely(left))
            return done ? (ssize_t)done : -EFAULT;
    }
    return done;
}

/* Room that a write of n bytes needs before it may start: all of it up to PIPE_BUF (atomicity), else one byte. */
static inline u32 room_wanted(size_t n)
{
    return n <= PIPE_BUF ? (u32)n : 1;
}

static __always_inline ssize_t write_bytes(struct file *file, const char *buf, size_t n, bool user)
{
    struct pipe_inode_info *p = file->private_data;
    size_t done = 0;
    ssize_t ret = 0;

    if (unlikely(n == 0))
        return 0;
    mutex_lock(&p->lock);
    for (;;) {
        ssize_t part;

        if (unlikely(p->readers == 0)) {
            send_sig(SIGPIPE, current, 0);
            ret = -EPIPE;
            break;
        }
        if (likely(pipe_room(p) >= room_wanted(n - done))) {
            part = ring_write(p, buf + done, n - done, user);
            if (unlikely(part < 0)) {
                ret = part;
                break;
            }
            done += part;
            if (likely(done == n))
                break;
            if (pipe_room(p))
                break; /* a fault, or no memory, in the middle: what is done is reported */
        }
        if (file->f_flags & O_NONBLOCK) {
            ret = -EAGAIN;
            break;
        }
        if (done && pipe_bytes(p)) { /* readers first, we are about to block */
            unlock_and_wake(p, &p->rd_wait, POLLIN | POLLRDNORM, true);
            mutex_lock(&p->lock);
            if (pipe_room(p) >= room_wanted(n - done) || p->readers == 0)
                continue;
        }
        ret = pipe_block(p, &p->wr_wait);
        if (ret)
            break;
    }
    if (likely(done)) {
        struct timespec now = ns_to_timespec(ktime_get_real_ns());

        p->inode->i_mtime = now;
        p->inode->i_ctime = now;
        ret = done;
    }
    /* The next blocked writer may fit where this one did not have to wait. */
    if (unlikely(!list_empty(&p->wr_wait) && pipe_room(p) >= PIPE_BUF)) {
        unlock_and_wake(p, &p->wr_wait, POLLOUT | POLLWRNORM, false);
        mutex_lock(&p->lock);
    }
    if (pipe_bytes(p))
        unlock_and_wake(p, &p->rd_wait, POLLIN | POLLRDNORM, true);
    else
        mutex_unlock(&p->lock);
    return ret;
}

static ssize_t pipe_write(struct file *file, const char __user *buf, size_t n, loff_t *pos)
{
    return write_bytes(file, buf, n, true);
}

static ssize_t pipe_write_kernel(struct file *file, const void *buf, size_t n, loff_t *pos)
{
    return write_bytes(file, buf, n, false);
}

static unsigned pipe_poll(struct file *file, struct poll_table *pt)
{
    struct pipe_inode_info *p = file->private_data;
    unsigned mask = 0;

    poll_wait(file, &p->poll_wait, pt);
    atomic_fence_full(); /* pairs with waitqueue_active() in unlock_and_wake: queued, then looked */
    if (file->f_mode & FMODE_READ) {
        if (READ_ONCE(p->head) != READ_ONCE(p->tail))
            mask |= POLLIN | POLLRDNORM;
        if (!READ_ONCE(p->writers) && file->f_version != READ_ONCE(p->w_counter))
            mask |= POLLHUP;
    }
    if (file->f_mode & FMODE_WRITE) {
        if (p->bytes_max - (u32)(READ_ONCE(p->head) - READ_ONCE(p->tail)) >= PIPE_BUF)
            mask |= POLLOUT | POLLWRNORM;
        if (!READ_ONCE(p->readers))
            mask |= POLLERR;
    }
    return mask;
}

static long pipe_ioctl(struct file *file, unsigned cmd, unsigned long arg)
{
    struct pipe_inode_info *p = file->private_data;
    u32 bytes;

    if (cmd != FIONREAD)
        return -ENOTTY;
    mutex_lock(&p->lock);
    bytes = pipe_bytes(p);
    mutex_unlock(&p->lock);
    return put_user((int)bytes, (int __user *)arg);
}

static struct task_struct *take_any_waiter(struct pipe_inode_info *p)
{
    struct task_struct *t = take_waiter(&p->rd_wait);

    return t ? t : take_waiter(&p->wr_wait);
}

static void wake_some(struct pipe_inode_info *p, u32 n)
{
    struct task_struct *t;

    for (; n && (t = take_any_waiter(p)); n--)
        wake_up_state(t, TASK_INTERRUPTIBLE);
}

/* In pieces of its own where the caller may be preempted. */
static void wake_pollers(struct pipe_inode_info *p)
{
    __wake_up(&p->poll_wait, TASK_NORMAL, 0, POLLIN | POLLOUT | POLLERR | POLLHUP, false);
}

/* How many sleep here, `enough` at the most. */
static u32 count_waiters(struct pipe_inode_info *p, u32 enough)
{
    struct pipe_waiter *w;
    u32 n = 0;

    list_for_each_entry(w, &p->rd_wait, link)
        if (++n == enough)
            return n;
    list_for_each_entry(w, &p->wr_wait, link)
        if (++n == enough)
            return n;
    return n;
}

static void unlock_both(struct pipe_inode_info *p, struct inode *inode)
{
    mutex_unlock(&p->lock);
    mutex_unlock(&inode->i_mutex);
}

/* Wakes all but WAKE_PIECE of those that sleep now, in pieces between which the section ends and the locks are free; the caller holds both
 * at call and return, and a use of the pipe. Counted first: who was woken in vain sleeps again at the end of the list. */
static void wake_crowd(struct pipe_inode_info *p, struct inode *inode)
{
    for (u32 left = count_waiters(p, UINT32_MAX); left > WAKE_PIECE; left -= WAKE_PIECE) {
        rcu_read_lock();
        wake_some(p, WAKE_PIECE);
        unlock_both(p, inode);
        rcu_read_unlock();
        mutex_lock(&inode->i_mutex);
        mutex_lock(&p->lock);
    }
}

/* An end has gone: the last of its side while the other has some is news for those that wait. */
static bool is_news(const struct pipe_inode_info *p)
{
    return !p->readers != !p->writers;
}

/* Drops one use; the last one frees the pipe, and a FIFO's inode forgets it. Called with the inode's i_mutex (against fifo_open
 * finding a pipe that is being freed) and the lock, returns without. Both are given up before a section ends: a woken task that
 * preempted their holder would only sleep again, on them. */
static void pipe_put_locked(struct pipe_inode_info *p, struct inode *inode)
{
    bool last, news = is_news(p);

    if (unlikely(news && count_waiters(p, WAKE_PIECE + 1) > WAKE_PIECE))
        wake_crowd(p, inode);
    if (news)
        wake_pollers(p);
    last = --p->files == 0;
    rcu_read_lock();
    if (last)
        inode->i_private = NULL;
    else if (news)
        wake_some(p, WAKE_PIECE);
    unlock_both(p, inode);
    rcu_read_unlock();
    if (last)
        pipe_free(p);
}

static void pipe_release(struct inode *inode, struct file *file)
{
    struct pipe_inode_info *p = file->private_data;

    mutex_lock(&inode->i_mutex);
    mutex_lock(&p->lock);
    if (file->f_mode & FMODE_READ)
        p->readers--;
    if (file->f_mode & FMODE_WRITE)
        p->writers--;
    pipe_put_locked(p, inode);
}

static const struct file_operations pipe_fops = {
    .read = pipe_read,
    .write = pipe_write,
    .write_kernel = pipe_write_kernel,
    .poll = pipe_poll,
    .ioctl = pipe_ioctl,
    .release = pipe_release,
};

/* ---- pipe(2) ---- */

/* One end on the pipe's inode; counted when it exists. */
static struct file *open_end(struct pipe_inode_info *p, struct inode *inode, unsigned flags)
{
    struct file *f = alloc_file_inode(inode, "pipe", &pipe_fops, p, flags);

    if (!IS_ERR(f))
        p->files++;
    return f;
}

/* Both files of a new pipe. 0, -ENFILE, -ENOMEM. */
static int create_pipe_files(struct file *res[2], unsigned flags)
{
    struct inode *inode = new_anon_inode(S_IFIFO | 0600);
    struct pipe_inode_info *p = inode ? pipe_alloc() : NULL;
    int err = 0;

    if (!p) {
        if (inode)
            iput(inode);
        return -ENOMEM;
    }
    p->inode = inode;
    inode->i_private = p; /* /proc/PID/fd/N opens it like a FIFO */
    p->readers = p->r_counter = p->writers = p->w_counter = 1;
    res[0] = open_end(p, inode, O_RDONLY | (flags & O_NONBLOCK));
    if (IS_ERR(res[0])) {
        err = PTR_ERR(res[0]);
        pipe_free(p);
    } else {
        res[1] = open_end(p, inode, O_WRONLY | (flags & O_NONBLOCK));
        if (IS_ERR(res[1])) {
            err = PTR_ERR(res[1]);
            fput(res[0]);
        }
    }
    iput(inode); /* the files hold it */
    return err;
}

static long do_pipe2(int __user *fds, int flags)
{
    struct file *files[2] = { NULL, NULL };
    int fd[2], ret;

    if (flags & ~(O_CLOEXEC | O_NONBLOCK | 040000 /* O_DIRECT: packet mode is not offered */))
        return -EINVAL;
    if (flags & 040000)
        return -EINVAL;
    ret = create_pipe_files(files, flags);
    if (ret)
        return ret;
    ret = fd[0] = get_unused_fd_flags(flags);
    if (ret < 0)
        goto put_files;
    ret = fd[1] = get_unused_fd_flags(flags);
    if (ret < 0)
        goto put_fd0;
    ret = -EFAULT;
    if (put_user(fd[0], &fds[0]) || put_user(fd[1], &fds[1]))
        goto put_fd1;
    fd_install(fd[0], files[0]);
    fd_install(fd[1], files[1]);
    return 0;
put_fd1:
    put_unused_fd(fd[1]);
put_fd0:
    put_unused_fd(fd[0]);
put_files:
    fput(files[0]);
    fput(files[1]);
    return ret;
}

long sys_pipe(int __user *fds)
{
    return do_pipe2(fds, 0);
}

long sys_pipe2(int __user *fds, int flags)
{
    return do_pipe2(fds, flags);
}

/* ---- FIFOs ---- */

/* The inode's pipe with one more use; created when it is the first. NULL: no memory. */
static struct pipe_inode_info *fifo_get(struct inode *inode)
{
    struct pipe_inode_info *p;

    mutex_lock(&inode->i_mutex);
    p = inode->i_private;
    if (!p) {
        p = pipe_alloc();
        if (p) {
            p->inode = inode;
            inode->i_private = p;
        }
    }
    if (p) {
        mutex_lock(&p->lock);
        p->files++;
        mutex_unlock(&p->lock);
    }
    mutex_unlock(&inode->i_mutex);
    return p;
}

/* Waits until the other side's open counter moves on from what it was. */
static int fifo_wait_partner(struct pipe_inode_info *p, u32 *partners, u32 *counter)
{
    u32 seen = *counter;

    if (*partners)
        return 0;
    mutex_unlock(&p->lock);
    int ret = wait_event_interruptible(&p->open_wait, READ_ONCE(*counter) != seen);

    mutex_lock(&p->lock);
    return ret;
}

/* Enters an end. The lock is held. 0, -ENXIO, -ERESTARTSYS. Who opens one end of a pipe(2) by /proc waits for no partner. */
static int fifo_join(struct pipe_inode_info *p, struct file *file)
{
    bool nonblock = file->f_flags & O_NONBLOCK, nameless = is_anon_inode(p->inode);
    unsigned mode = file->f_mode & (FMODE_READ | FMODE_WRITE);
    int ret = 0;

    if (mode == FMODE_WRITE && nonblock && !p->readers && !nameless)
        return -ENXIO;
    if (mode & FMODE_READ) {
        p->readers++;
        p->r_counter++;
    }
    if (mode & FMODE_WRITE) {
        p->writers++;
        p->w_counter++;
    }
    wake_up_all(&p->open_wait);
    if (nameless)
        return 0;
    if (mode == FMODE_READ && nonblock && !p->writers)
        file->f_version = p->w_counter; /* no POLLHUP before a writer has come */
    else if (mode == FMODE_READ)
        ret = fifo_wait_partner(p, &p->writers, &p->w_counter);
    else if (mode == FMODE_WRITE)
        ret = fifo_wait_partner(p, &p->readers, &p->r_counter);
    if (ret) {
        p->readers -= !!(mode & FMODE_READ);
        p->writers -= !!(mode & FMODE_WRITE);
    }
    return ret;
}

int fifo_open(struct inode *inode, struct file *file)
{
    struct pipe_inode_info *p = fifo_get(inode);
    int ret;

    if (!p)
        return -ENOMEM;
    file->f_op = &pipe_fops;
    mutex_lock(&p->lock);
    ret = fifo_join(p, file);
    mutex_unlock(&p->lock);
    if (ret) {
        mutex_lock(&inode->i_mutex);
        mutex_lock(&p->lock);
        pipe_put_locked(p, inode);
        return ret;
    }
    file->private_data = p;
    return 0;
}

/* ---- size ---- */

/* Moves the bytes into a ring of `bytes` (a power of two). The lock is held. 0, -EBUSY, -ENOMEM. */
static int pipe_resize(struct pipe_inode_info *p, u32 bytes)
{
    u32 old_max = p->bytes_max, used = pipe_bytes(p);
    void **old = p->pages, **new;

    if (used > bytes)
        return -EBUSY;
    new = kzalloc(bytes / PAGE_SIZE * sizeof(*new), GFP_KERNEL);
    if (!new)
        return -ENOMEM;
    for (u32 i = 0; i < DIV_ROUND_UP(used, PAGE_SIZE); i++) {
        new[i] = get_zeroed_page(GFP_USER);
        if (new[i])
            continue;
        while (i--)
            free_page_virt(new[i]);
        kfree(new);
        return -ENOMEM;
    }
    for (u32 i = 0; i < used; i++) {
        u32 off = (u32)(p->tail + i) & (old_max - 1);

        ((char *)new[i >> PAGE_SHIFT])[i & (PAGE_SIZE - 1)] = ((char *)old[off >> PAGE_SHIFT])[off & (PAGE_SIZE - 1)];
    }
    for (u32 i = 0; i < old_max / PAGE_SIZE; i++)
        if (old[i])
            free_page_virt(old[i]);
    if (old != p->inline_pages)
        kfree(old);
    p->pages = new;
    p->bytes_max = bytes;
    p->tail = 0;
    p->head = used;
    return 0;
}

static long pipe_set_size(struct pipe_inode_info *p, unsigned long arg)
{
    u64 bytes = PAGE_SIZE;
    int ret;

    if (arg > 1UL << 31)
        return -EINVAL;
    while (bytes < arg)
        bytes <<= 1;
    if (bytes > PIPE_MAX_BYTES && !capable(CAP_SYS_RESOURCE))
        return -EPERM;
    mutex_lock(&p->lock);
    ret = pipe_resize(p, (u32)bytes);
    if (ret)
        mutex_unlock(&p->lock);
    else
        unlock_and_wake(p, &p->wr_wait, POLLOUT | POLLWRNORM, false);
    return ret ? ret : (long)bytes;
}

long pipe_fcntl(struct file *file, unsigned cmd, unsigned long arg)
{
    struct pipe_inode_info *p = file->private_data;

    if (file->f_op != &pipe_fops)
        return -EBADF;
    return cmd == F_GETPIPE_SZ ? (long)READ_ONCE(p->bytes_max) : pipe_set_size(p, arg);
}
