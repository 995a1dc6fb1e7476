/* Advisory locks: POSIX record locks (owner: the files table), open-file-description locks and
 * flock (owner: the file). Owns one list of granted locks per inode and the list of POSIX waiters,
 * all under one mutex: locks are rare. Waiters sleep on their inode's wait queue and try again. */
#include "kernel/fs/fs_internal.h"
#include "kernel/sched/wait.h"
#include "kernel/syscall/syscalls.h"

#define F_RDLCK 0
#define F_WRLCK 1
#define F_UNLCK 2
#define LOCK_SH 1
#define LOCK_EX 2
#define LOCK_NB 4
#define LOCK_UN 8

struct flock {
    s16 l_type, l_whence;
    s64 l_start, l_len;
    s32 l_pid;
};

struct file_lock {
    struct list_head link;
    void *owner; /* files_struct or file */
    pid_t pid;
    bool flock; /* whole-file flock(2) lock: never meets a POSIX one */
    bool ofd;
    short type;
    loff_t start, end; /* inclusive */
};

struct file_lock_context {
    struct list_head granted;
    wait_queue_head_t wait;
};

/* A blocked POSIX locker, for deadlock detection. */
struct lock_waiter {
    struct list_head link;
    struct inode *inode;
    void *owner;
    void *blocker; /* NULL: that one's locks here have changed, and the waiter is about to try again */
};

static DEFINE_MUTEX(locks_mutex);
static LIST_HEAD(waiters);

static struct file_lock_context *get_context(struct inode *inode)
{
    struct file_lock_context *c = inode->i_flctx;

    if (c)
        return c;
    c = kmalloc(sizeof(*c), GFP_KERNEL);
    if (!c)
        return NULL;
    INIT_LIST_HEAD(&c->granted);
    init_waitqueue_head(&c->wait);
    atomic_store_release(&inode->i_flctx, c);
    return c;
}

void locks_free_context(struct inode *inode)
{
    if (likely(!inode->i_flctx))
        return;
    kfree(inode->i_flctx);
    inode->i_flctx = NULL;
}

static bool conflicts(const struct file_lock *a, const struct file_lock *b)
{
    return a->owner != b->owner && a->flock == b->flock &&
           (a->type == F_WRLCK || b->type == F_WRLCK) && a->start <= b->end && b->start <= a->end;
}

static struct file_lock *find_conflict(struct file_lock_context *c, const struct file_lock *want)
{
    struct file_lock *l;

    list_for_each_entry (l, &c->granted, link)
        if (conflicts(l, want))
            return l;
    return NULL;
}

/* Would waiting for blocker close a circle of POSIX owners? */
static bool would_deadlock(void *me, void *blocker)
{
    struct lock_waiter *w;

    for (int hops = 0; hops < 32; hops++) {
        bool found = false;

        if (blocker == me)
            return true;
        list_for_each_entry (w, &waiters, link) {
            if (w->owner == blocker) {
                blocker = w->blocker;
                found = true;
                break;
            }
        }
        if (!found)
            return false;
    }
    return false;
}

/* Cuts [start, end] out of the owner's locks. spare serves a split; used up then. */
static void cut_range(struct file_lock_context *c, const struct file_lock *r,
                      struct file_lock **spare)
{
    struct file_lock *l, *n;

    list_for_each_entry_safe (l, n, &c->granted, link) {
        if (l->owner != r->owner || l->flock != r->flock || l->start > r->end || r->start > l->end)
            continue;
        if (l->start < r->start && l->end > r->end) {
            struct file_lock *tail = *spare;

            *spare = NULL;
            *tail = *l;
            tail->start = r->end + 1;
            l->end = r->start - 1;
            list_add(&tail->link, &l->link);
        } else if (l->start < r->start) {
            l->end = r->start - 1;
        } else if (l->end > r->end) {
            l->start = r->end + 1;
        } else {
            list_del(&l->link);
            kfree(l);
        }
    }
}

/* Who waits here for locks of the owner looks again; until then it waits for nobody. */
static void wake_blocked(struct inode *inode, void *owner)
{
    struct lock_waiter *w;

    list_for_each_entry (w, &waiters, link)
        if (w->inode == inode && w->blocker == owner)
            w->blocker = NULL;
    wake_up_interruptible_all(&inode->i_flctx->wait);
}

/* A flock of another type goes first, as on Linux: two that share and both want it alone do not wait for each other. */
static void drop_other_type(struct inode *inode, const struct file_lock *want)
{
    struct file_lock *l;

    list_for_each_entry (l, &inode->i_flctx->granted, link) {
        if (l->flock && l->owner == want->owner) {
            if (l->type != want->type) {
                list_del(&l->link);
                kfree(l);
                wake_blocked(inode, want->owner);
            }
            return;
        }
    }
}

/* Joins lock l with equal neighbours of its owner. */
static void merge(struct file_lock_context *c, struct file_lock *l)
{
    struct file_lock *o, *n;

    list_for_each_entry_safe (o, n, &c->granted, link) {
        if (o == l || o->owner != l->owner || o->flock != l->flock || o->type != l->type)
            continue;
        if (o->end + 1 != l->start && l->end + 1 != o->start)
            continue;
        l->start = min(l->start, o->start);
        l->end = max(l->end, o->end);
        list_del(&o->link);
        kfree(o);
    }
}

/* locks_mutex held. 0, -EAGAIN with *blocker set, -ENOMEM. */
static int try_lock(struct inode *inode, const struct file_lock *want, void **blocker)
{
    struct file_lock_context *c = get_context(inode);
    struct file_lock *held, *new, *spare;

    if (!c)
        return -ENOMEM;
    if (want->flock)
        drop_other_type(inode, want);
    held = want->type == F_UNLCK ? NULL : find_conflict(c, want);
    if (held) {
        *blocker = held->owner;
        return -EAGAIN;
    }
    new = kmalloc(sizeof(*new), GFP_KERNEL);
    spare = kmalloc(sizeof(*spare), GFP_KERNEL);
    if (!new || !spare) {
        kfree(new);
        kfree(spare);
        return -ENOMEM;
    }
    cut_range(c, want, &spare);
    if (want->type == F_UNLCK) {
        kfree(new);
    } else {
        *new = *want;
        list_add_tail(&new->link, &c->granted);
        merge(c, new);
    }
    kfree(spare);
    wake_blocked(inode, want->owner);
    return 0;
}

/* Sleeps for the lock until it is granted or a signal comes. */
static int lock_wait(struct inode *inode, const struct file_lock *want, bool posix)
{
    struct lock_waiter w = {.inode = inode, .owner = want->owner};
    struct wait_queue_entry e;
    int err;

    init_wait_entry(&e, 0);
    for (;;) {
        long sig;

        mutex_lock(&locks_mutex);
        err = try_lock(inode, want, &w.blocker);
        if (err == -EAGAIN && posix && would_deadlock(w.owner, w.blocker))
            err = -EDEADLK;
        if (err != -EAGAIN) {
            mutex_unlock(&locks_mutex);
            return err;
        }
        list_add(&w.link, &waiters);
        sig = prepare_to_wait_event(&inode->i_flctx->wait, &e, TASK_INTERRUPTIBLE);
        mutex_unlock(&locks_mutex); /* an unlock after this wakes us */
        if (!sig)
            schedule();
        finish_wait(&inode->i_flctx->wait, &e);
        mutex_lock(&locks_mutex);
        list_del(&w.link);
        mutex_unlock(&locks_mutex);
        if (sig)
            return sig;
    }
}

static int set_lock(struct inode *inode, const struct file_lock *want, bool wait, bool posix)
{
    void *blocker;
    int err;

    if (wait)
        return lock_wait(inode, want, posix);
    mutex_lock(&locks_mutex);
    err = try_lock(inode, want, &blocker);
    mutex_unlock(&locks_mutex);
    return err;
}

/* ---- fcntl ---- */
static int to_file_lock(struct file *f, const struct flock *u, bool ofd, struct file_lock *l)
{
    loff_t base = u->l_whence == 0 ? 0 : u->l_whence == 1 ? f->f_pos : f->f_inode->i_size;
    loff_t start, end;

    if (u->l_whence < 0 || u->l_whence > 2)
        return -EINVAL;
    if (__builtin_add_overflow(base, u->l_start, &start))
        return -EOVERFLOW;
    if (start < 0)
        return -EINVAL;
    end = S64_MAX;
    if (u->l_len > 0) {
        if (__builtin_add_overflow(start, u->l_len - 1, &end))
            return -EOVERFLOW;
    } else if (u->l_len < 0) {
        if (start + u->l_len < 0)
            return -EINVAL;
        end = start - 1;
        start += u->l_len;
    }
    *l = (struct file_lock){.owner = ofd ? (void *)f : (void *)current->files,
                            .pid = ofd ? -1 : current->tgid,
                            .ofd = ofd,
                            .type = u->l_type,
                            .start = start,
                            .end = end};
    return 0;
}

long fcntl_getlk(struct file *f, void __user *arg, bool ofd)
{
    struct flock u;
    struct file_lock want, *held = NULL;
    int err;

    if (copy_from_user(&u, arg, sizeof(u)))
        return -EFAULT;
    if ((u.l_type != F_RDLCK && u.l_type != F_WRLCK) || (ofd && u.l_pid))
        return -EINVAL;
    err = to_file_lock(f, &u, ofd, &want);
    if (err)
        return err;
    mutex_lock(&locks_mutex);
    if (f->f_inode->i_flctx)
        held = find_conflict(f->f_inode->i_flctx, &want);
    u.l_type = F_UNLCK;
    if (held) {
        u.l_type = held->type;
        u.l_whence = 0;
        u.l_start = held->start;
        u.l_len = held->end == S64_MAX ? 0 : held->end - held->start + 1;
        u.l_pid = held->pid;
    }
    mutex_unlock(&locks_mutex);
    return copy_to_user(arg, &u, sizeof(u)) ? -EFAULT : 0;
}

/* A close meanwhile has dropped the owner's locks, but not one that came after it. */
static bool still_open(const struct file *f, unsigned fd)
{
    struct file *now = fget((int)fd);

    if (now)
        fput(now);
    return now == f;
}

long fcntl_setlk(struct file *f, unsigned fd, void __user *arg, bool wait, bool ofd)
{
    struct flock u;
    struct file_lock want;
    int err;

    if (copy_from_user(&u, arg, sizeof(u)))
        return -EFAULT;
    if (ofd && u.l_pid)
        return -EINVAL;
    err = to_file_lock(f, &u, ofd, &want);
    if (err)
        return err;
    if (u.l_type == F_RDLCK   ? !(f->f_mode & FMODE_READ)
        : u.l_type == F_WRLCK ? !(f->f_mode & FMODE_WRITE)
                              : false)
        return -EBADF;
    if (u.l_type != F_RDLCK && u.l_type != F_WRLCK && u.l_type != F_UNLCK)
        return -EINVAL;
    err = set_lock(f->f_inode, &want, wait, !ofd);
    if (!err && !ofd && want.type != F_UNLCK && !still_open(f, fd)) {
        want.type = F_UNLCK;
        (void)set_lock(f->f_inode, &want, false, true);
        err = -EBADF;
    }
    return err;
}

/* ---- flock(2) ---- */
long sys_flock(unsigned fd, unsigned cmd)
{
    struct fd f = fdget(fd);
    struct file_lock want = {.flock = true, .start = 0, .end = S64_MAX};
    long err = 0;

    if (!f.file)
        return -EBADF;
    switch (cmd & ~LOCK_NB) {
    case LOCK_SH:
        want.type = F_RDLCK;
        break;
    case LOCK_EX:
        want.type = F_WRLCK;
        break;
    case LOCK_UN:
        want.type = F_UNLCK;
        break;
    default:
        err = -EINVAL;
        break;
    }
    if (!err) {
        want.owner = f.file;
        want.pid = current->tgid;
        err = set_lock(f.file->f_inode, &want, !(cmd & LOCK_NB) && want.type != F_UNLCK, false);
    }
    fdput(f);
    return err;
}

/* ---- closing ---- */
static void drop_owner(struct inode *inode, void *owner)
{
    struct file_lock_context *c = inode->i_flctx;
    struct file_lock *l, *n;

    mutex_lock(&locks_mutex);
    list_for_each_entry_safe (l, n, &c->granted, link) {
        if (l->owner == owner) {
            list_del(&l->link);
            kfree(l);
        }
    }
    wake_blocked(inode, owner);
    mutex_unlock(&locks_mutex);
}

void locks_remove_posix(struct file *f, struct files_struct *owner)
{
    drop_owner(f->f_inode, owner);
}

void locks_remove_flock(struct file *f)
{
    drop_owner(f->f_inode, f);
}
