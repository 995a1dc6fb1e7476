/* Descriptor tables. Owns struct files_struct: which file a number means. Readers in other threads
 * look up under RCU; changes are made under files->lock. A slot below fdt->limit is a file or NULL;
 * slots above it are not initialised, so that fork copies and clears only what is used. While
 * files->count is 1 only the task itself can change the table: then fdget takes no reference. */
#include "kernel/fs/fs_internal.h"
#include "kernel/signal/signal.h"
#include "kernel/syscall/syscalls.h"

#define FD_INLINE 64
#define FD_MAX    (1u << 20)
#define FD_STEP   8u /* limit grows by this much */

struct fdtable {
    u32 limit; /* initialised slots */
    u32 max;   /* slots there are, a multiple of 64 */
    struct file **fd;
    u64 *open; /* bit: number is taken (perhaps not yet installed) */
    u64 *cloexec;
    struct rcu_head rcu;
};

struct files_struct {
    u32 count;           /* atomic */
    u32 next;            /* no free number below it; under lock */
    struct fdtable *fdt; /* rcu */
    spinlock_t lock;
    struct fdtable first;
    u64 first_open, first_cloexec;
    struct file *first_fd[FD_INLINE];
};

struct files_struct init_files = {
    .count = 1,
    .fdt = &init_files.first,
    .lock = SPINLOCK_INIT,
    .first =
        {0, FD_INLINE, init_files.first_fd, &init_files.first_open, &init_files.first_cloexec, {0}},
};
static struct kmem_cache *files_cache;

static void init_first(struct files_struct *f)
{
    f->count = 1;
    f->next = 0;
    f->fdt = &f->first;
    spin_lock_init(&f->lock);
    f->first.limit = 0;
    f->first.max = FD_INLINE;
    f->first.fd = f->first_fd;
    f->first.open = &f->first_open;
    f->first.cloexec = &f->first_cloexec;
    f->first_open = f->first_cloexec = 0;
}

static void free_fdtable(struct fdtable *t)
{
    kfree(t->fd);
    kfree(t->open);
    kfree(t);
}

static void free_fdtable_rcu(struct rcu_head *head)
{
    free_fdtable(container_of(head, struct fdtable, rcu));
}

static struct fdtable *alloc_fdtable(u32 max)
{
    struct fdtable *t = kmalloc(sizeof(*t), GFP_KERNEL);

    if (!t)
        return NULL;
    t->limit = 0;
    t->max = max;
    t->fd = kmalloc(max * sizeof(*t->fd), GFP_KERNEL);
    t->open = kzalloc(max / 64 * 2 * sizeof(u64), GFP_KERNEL);
    t->cloexec = t->open + max / 64;
    if (t->fd && t->open)
        return t;
    free_fdtable(t);
    return NULL;
}

/* The caller keeps src still. dst has room. */
static void copy_fdtable(struct fdtable *dst, const struct fdtable *src)
{
    u32 words = DIV_ROUND_UP(src->limit, 64);

    for (u32 i = 0; i < words; i++) {
        dst->open[i] = src->open[i];
        dst->cloexec[i] = src->cloexec[i];
    }
    for (u32 i = 0; i < src->limit; i++)
        dst->fd[i] = src->fd[i];
    dst->limit = src->limit;
}

/* Makes room for number fd. Lock held; drops and retakes it. -EMFILE, -ENOMEM; 1: the table may
 * have changed. */
static int expand_files(struct files_struct *f, u32 fd)
{
    struct fdtable *new, *old;
    u32 max = FD_INLINE;

    if (fd >= FD_MAX)
        return -EMFILE;
    while (max <= fd)
        max *= 2;
    spin_unlock(&f->lock);
    new = alloc_fdtable(max);
    spin_lock(&f->lock);
    if (!new)
        return -ENOMEM;
    old = f->fdt;
    if (old->max >= max) {
        free_fdtable(new);
        return 1;
    }
    copy_fdtable(new, old);
    rcu_assign_pointer(f->fdt, new);
    if (old != &f->first)
        call_rcu(&old->rcu, free_fdtable_rcu);
    return 1;
}

static void raise_limit(struct fdtable *t, u32 fd)
{
    u32 limit = min((fd | (FD_STEP - 1)) + 1, t->max);

    for (u32 i = t->limit; i < limit; i++)
        t->fd[i] = NULL;
    atomic_store_release(&t->limit, limit);
}

static void set_bit64(u64 *map, u32 n)
{
    map[n / 64] |= 1UL << (n % 64);
}

static void clear_bit64(u64 *map, u32 n)
{
    map[n / 64] &= ~(1UL << (n % 64));
}

static bool test_bit64(const u64 *map, u32 n)
{
    return map[n / 64] >> (n % 64) & 1;
}

/* First clear bit from `from`; max when there is none. */
static u32 first_free(const struct fdtable *t, u32 from)
{
    for (u32 w = from / 64; w < t->max / 64; w++) {
        u64 free = ~t->open[w];

        if (w == from / 64)
            free &= ~0UL << (from % 64);
        if (free)
            return w * 64 + __builtin_ctzl(free);
    }
    return t->max;
}

/* Lock held. */
static void take_number(struct files_struct *f, u32 fd, bool cloexec)
{
    struct fdtable *t = f->fdt;

    if (fd >= t->limit)
        raise_limit(t, fd);
    set_bit64(t->open, fd);
    if (cloexec)
        set_bit64(t->cloexec, fd);
    else
        clear_bit64(t->cloexec, fd);
}

int alloc_fd_from(u32 start, unsigned flags)
{
    struct files_struct *f = current->files;
    u64 end = min_t(u64, rlimit(RLIMIT_NOFILE), FD_MAX);
    int err;
    u32 fd;

    spin_lock(&f->lock);
    for (;;) {
        fd = first_free(f->fdt, max(start, f->next));
        if (fd >= end) {
            err = -EMFILE;
            break;
        }
        if (likely(fd < f->fdt->max)) {
            take_number(f, fd, flags & O_CLOEXEC);
            if (start <= f->next)
                f->next = fd + 1;
            err = fd;
            break;
        }
        err = expand_files(f, fd);
        if (err < 0)
            break;
    }
    spin_unlock(&f->lock);
    return err;
}

int get_unused_fd_flags(unsigned flags)
{
    return alloc_fd_from(0, flags);
}

static void release_number(struct files_struct *f, u32 fd)
{
    clear_bit64(f->fdt->open, fd);
    if (fd < f->next)
        f->next = fd;
}

void put_unused_fd(int fd)
{
    struct files_struct *f = current->files;

    spin_lock(&f->lock);
    release_number(f, fd);
    spin_unlock(&f->lock);
}

void fd_install(int fd, struct file *file)
{
    struct files_struct *f = current->files;

    if (likely(atomic_load_relaxed(&f->count) == 1)) {
        atomic_store_release(&f->fdt->fd[fd], file);
        return;
    }
    spin_lock(&f->lock); /* against a copy into a larger table */
    rcu_assign_pointer(f->fdt->fd[fd], file);
    spin_unlock(&f->lock);
}

/* ---- lookup ---- */
static struct file *fget_files(struct files_struct *files, u32 fd)
{
    struct file *f = NULL;

    rcu_read_lock();
    for (;;) {
        struct fdtable *t = rcu_dereference(files->fdt); /* the slot of one that was replaced stays as it was */
        u32 n;

        if (fd >= atomic_load_acquire(&t->limit))
            break;
        f = rcu_dereference(t->fd[fd]);
        if (!f)
            break;
        n = atomic_load_relaxed(&f->f_count);
        while (n && !atomic_cas_full(&f->f_count, &n, n + 1))
            ;
        if (n && rcu_dereference(t->fd[fd]) == f)
            break;
        if (n) { /* closed or replaced meanwhile */
            rcu_read_unlock();
            fput(f);
            rcu_read_lock();
        }
        f = NULL;
        cpu_relax();
    }
    rcu_read_unlock();
    return f;
}

struct file *fget(int fd)
{
    struct file *f = fget_files(current->files, fd);

    if (f && unlikely(f->f_mode & FMODE_PATH)) {
        fput(f);
        return NULL;
    }
    return f;
}

/* O_PATH files too: for *at() and fstat. */
struct fd fdget_raw(int fd)
{
    struct files_struct *files = current->files;
    struct file *f;

    if (likely(atomic_load_relaxed(&files->count) == 1)) {
        struct fdtable *t = files->fdt;

        return (struct fd){(u32)fd < t->limit ? t->fd[fd] : NULL, false};
    }
    f = fget_files(files, fd);
    return (struct fd){f, f != NULL};
}

struct fd fdget(int fd)
{
    struct files_struct *files = current->files;
    struct file *f;

    if (likely(atomic_load_relaxed(&files->count) == 1)) {
        struct fdtable *t = files->fdt;

        f = (u32)fd < t->limit ? t->fd[fd] : NULL;
        if (f && unlikely(f->f_mode & FMODE_PATH))
            f = NULL;
        return (struct fd){f, false};
    }
    f = fget(fd);
    return (struct fd){f, f != NULL};
}

/* ---- for /proc ---- */
struct file *files_lookup_get(struct files_struct *files, unsigned fd)
{
    return fget_files(files, fd);
}

bool files_fd_cloexec(struct files_struct *files, unsigned fd)
{
    bool set;

    spin_lock(&files->lock);
    set = fd < files->fdt->max && test_bit64(files->fdt->cloexec, fd);
    spin_unlock(&files->lock);
    return set;
}

int files_next_fd(struct files_struct *files, unsigned from)
{
    int fd = -1;

    spin_lock(&files->lock);
    for (u32 i = from; i < files->fdt->limit; i++) {
        if (files->fdt->fd[i]) {
            fd = i;
            break;
        }
    }
    spin_unlock(&files->lock);
    return fd;
}

unsigned files_limit(struct files_struct *files)
{
    return files->fdt->max;
}

/* ---- close ---- */
static int close_one(struct file *file, struct files_struct *files)
{
    int err = 0;

    if (unlikely(file->f_mode & FMODE_PATH)) {
        fput(file);
        return 0;
    }
    if (file->f_op && unlikely(file->f_op->flush != NULL))
        err = file->f_op->flush(file);
    if (file->f_inode && unlikely(file->f_inode->i_flctx != NULL))
        locks_remove_posix(file, files);
    fput(file);
    return err;
}

/* Lock held: takes the file out; NULL: not open. */
static struct file *pick_file(struct files_struct *files, u32 fd)
{
    struct fdtable *t = files->fdt;
    struct file *f = fd < t->limit ? t->fd[fd] : NULL;

    if (f) {
        atomic_store_release(&t->fd[fd], NULL);
        release_number(files, fd);
    }
    return f;
}

int close_fd(unsigned fd)
{
    struct files_struct *files = current->files;
    struct file *f;

    spin_lock(&files->lock);
    f = pick_file(files, fd);
    spin_unlock(&files->lock);
    return f ? close_one(f, files) : -EBADF;
}

long sys_close(int fd)
{
    return close_fd(fd);
}

/* ---- fork, exec, exit ---- */

/* The caller keeps src still. */
static void copy_open_files(struct fdtable *t, const struct fdtable *src)
{
    copy_fdtable(t, src);
    for (u32 i = 0; i < t->limit; i++) {
        if (t->fd[i])
            get_file(t->fd[i]);
        else if (test_bit64(t->open, i))
            clear_bit64(t->open, i); /* reserved by another thread, not installed */
    }
}

/* current's table stays still, and no section without preemption is as long as it is: while nobody shares it no lock is needed. */
static bool hold_still(struct files_struct *f)
{
    bool shared = atomic_load_relaxed(&f->count) != 1;

    if (unlikely(shared))
        spin_lock(&f->lock);
    return shared;
}

static void let_go(struct files_struct *f, bool shared)
{
    if (unlikely(shared))
        spin_unlock(&f->lock);
}

/* `old` is current's. */
struct files_struct *dup_files(struct files_struct *old)
{
    struct files_struct *new;
    struct fdtable *t;
    bool shared;

    if (unlikely(!files_cache))
        files_cache = kmem_cache_create("files_struct", sizeof(*new), 64);
    new = kmem_cache_alloc(files_cache, GFP_KERNEL);
    if (!new)
        return ERR_PTR(-ENOMEM);
    init_first(new);
    t = &new->first;
    shared = hold_still(old);
    while (unlikely(old->fdt->limit > t->max)) {
        u32 max = old->fdt->max;

        let_go(old, shared);
        if (t != &new->first)
            free_fdtable(t);
        t = alloc_fdtable(max);
        if (!t) {
            kmem_cache_free(files_cache, new);
            return ERR_PTR(-ENOMEM);
        }
        shared = hold_still(old);
    }
    copy_open_files(t, old->fdt);
    new->fdt = t;
    let_go(old, shared);
    return new;
}

struct files_struct *get_files(struct files_struct *f)
{
    atomic_inc_relaxed(&f->count);
    return f;
}

/* Nobody else can reach the table. */
static void close_all(struct files_struct *f)
{
    struct fdtable *t = f->fdt;

    for (u32 i = 0; i < t->limit; i++) {
        struct file *file = t->fd[i];

        if (!file)
            continue;
        t->fd[i] = NULL;
        close_one(file, f);
    }
}

void put_files(struct files_struct *f)
{
    if (!f || !atomic_dec_and_test_full(&f->count))
        return;
    close_all(f);
    if (f == &init_files)
        return;
    if (f->fdt != &f->first)
        free_fdtable(f->fdt);
    kmem_cache_free(files_cache, f);
}

void close_on_exec_files(struct files_struct *f)
{
    for (u32 w = 0;; w++) {
        u64 bits;

        spin_lock(&f->lock);
        if (w * 64 >= f->fdt->limit) {
            spin_unlock(&f->lock);
            return;
        }
        bits = f->fdt->cloexec[w] & f->fdt->open[w];
        f->fdt->cloexec[w] = 0;
        while (bits) {
            struct file *file = pick_file(f, w * 64 + __builtin_ctzl(bits));

            bits &= bits - 1;
            if (!file)
                continue;
            spin_unlock(&f->lock);
            close_one(file, f);
            spin_lock(&f->lock);
        }
        spin_unlock(&f->lock);
    }
}

int unshare_files(void)
{
    struct files_struct *old = current->files, *new;

    if (atomic_load_relaxed(&old->count) == 1)
        return 0;
    new = dup_files(old);
    if (IS_ERR(new))
        return PTR_ERR(new);
    spin_lock(&current->alloc_lock); /* with get_task_files() */
    current->files = new;
    spin_unlock(&current->alloc_lock);
    put_files(old);
    return 0;
}

/* ---- dup ---- */
/* Lock held, number newfd has room. Drops the lock. */
static long install_over(struct files_struct *files, u32 newfd, struct file *file, unsigned flags)
{
    struct fdtable *t = files->fdt;
    struct file *old = newfd < t->limit ? t->fd[newfd] : NULL;

    if (!old && newfd < t->limit && test_bit64(t->open, newfd)) {
        spin_unlock(&files->lock);
        return -EBUSY; /* being opened by another thread */
    }
    get_file(file);
    take_number(files, newfd, flags & O_CLOEXEC);
    rcu_assign_pointer(t->fd[newfd], file);
    spin_unlock(&files->lock);
    if (old)
        close_one(old, files);
    return newfd;
}

static long do_dup3(u32 oldfd, u32 newfd, unsigned flags)
{
    struct files_struct *files = current->files;
    struct file *file;
    int err = 0;

    if (newfd >= min_t(u64, rlimit(RLIMIT_NOFILE), FD_MAX))
        return -EBADF;
    spin_lock(&files->lock);
    while (newfd >= files->fdt->max && err >= 0)
        err = expand_files(files, newfd);
    file = oldfd < files->fdt->limit ? files->fdt->fd[oldfd] : NULL;
    if (!file)
        err = -EBADF;
    if (err < 0) {
        spin_unlock(&files->lock);
        return err == -EMFILE ? -EBADF : err;
    }
    return install_over(files, newfd, file, flags);
}

long sys_dup3(unsigned oldfd, unsigned newfd, int flags)
{
    if (flags & ~O_CLOEXEC || oldfd == newfd)
        return -EINVAL;
    return do_dup3(oldfd, newfd, flags);
}

long sys_dup2(unsigned oldfd, unsigned newfd)
{
    if (oldfd == newfd) {
        struct fd f = fdget_raw(oldfd);

        if (!f.file)
            return -EBADF;
        fdput(f);
        return newfd;
    }
    return do_dup3(oldfd, newfd, 0);
}

/* dup and F_DUPFD: the lowest free number >= start. */
long dup_from(unsigned fd, u32 start, unsigned flags)
{
    struct file *file = fget_files(current->files, fd);
    int new;

    if (!file)
        return -EBADF;
    if (start >= rlimit(RLIMIT_NOFILE)) {
        fput(file);
        return -EINVAL;
    }
    new = alloc_fd_from(start, flags);
    if (new >= 0)
        fd_install(new, file);
    else
        fput(file);
    return new;
}

long sys_dup(unsigned fd)
{
    long r = dup_from(fd, 0, 0);

    return r == -EINVAL ? -EMFILE : r;
}

int get_cloexec(unsigned fd)
{
    return files_fd_cloexec(current->files, fd);
}

void set_cloexec(unsigned fd, bool on)
{
    struct files_struct *f = current->files;

    spin_lock(&f->lock);
    if (fd < f->fdt->limit && f->fdt->fd[fd]) {
        if (on)
            set_bit64(f->fdt->cloexec, fd);
        else
            clear_bit64(f->fdt->cloexec, fd);
    }
    spin_unlock(&f->lock);
}

/* ---- close_range(2) ---- */
#define CLOSE_RANGE_UNSHARE 2u
#define CLOSE_RANGE_CLOEXEC 4u

/* Another thread may put a larger table in its place at any moment. */
static u32 limit_of(struct files_struct *files)
{
    u32 limit;

    rcu_read_lock();
    limit = rcu_dereference(files->fdt)->limit;
    rcu_read_unlock();
    return limit;
}

static void close_span(struct files_struct *files, u32 first, u32 last)
{
    for (u32 fd = first; fd <= last && fd < limit_of(files); fd++) {
        struct file *f;

        spin_lock(&files->lock);
        f = pick_file(files, fd);
        spin_unlock(&files->lock);
        if (f)
            close_one(f, files);
    }
}

long sys_close_range(unsigned first, unsigned last, unsigned flags)
{
    struct files_struct *files;

    if (flags & ~(CLOSE_RANGE_UNSHARE | CLOSE_RANGE_CLOEXEC) || first > last)
        return -EINVAL;
    if (flags & CLOSE_RANGE_UNSHARE) {
        int err = unshare_files();

        if (err)
            return err;
    }
    files = current->files;
    last = min(last, FD_MAX);
    if (!(flags & CLOSE_RANGE_CLOEXEC)) {
        close_span(files, first, last);
        return 0;
    }
    for (u32 fd = first; fd <= last && fd < limit_of(files); fd++)
        set_cloexec(fd, true);
    return 0;
}
