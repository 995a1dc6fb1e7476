/* process_vm_readv and process_vm_writev: bytes between current and another process, page by page,
 * without its help. */
#include "kernel/lib/string.h"
#include "kernel/mm/hooks.h"
#include "kernel/mm/mm.h"
#include "kernel/mm/slab.h"
#include "kernel/arch/x86/uaccess.h"
#include "kernel/syscall/syscalls.h"

#define UIO_MAXIOV 1024

struct iovec {
    void __user *iov_base;
    size_t iov_len;
};

struct remote {
    struct mm_struct *mm;
    bool write;
};

/* Up to the end of one remote page; bytes moved or -EFAULT. */
static long copy_piece(const struct remote *r, unsigned long there, char __user *here, size_t n)
{
    size_t off = there & ~PAGE_MASK, left;
    struct page *p = get_user_page(r->mm, there, r->write);
    char *at;

    if (IS_ERR(p))
        return -EFAULT;
    n = min(n, PAGE_SIZE - off);
    at = (char *)page_to_virt(p) + off;
    left = r->write ? copy_from_user(at, here, n) : copy_to_user(here, at, n);
    put_page(p);
    return left == n ? -EFAULT : (long)(n - left);
}

struct cursor {
    const struct iovec *v;
    unsigned long count, at;
    size_t used; /* of v[at] */
};

static bool cursor_ready(struct cursor *c)
{
    while (c->at < c->count && c->used == c->v[c->at].iov_len) {
        c->at++;
        c->used = 0;
    }
    return c->at < c->count;
}

static long copy_vectors(const struct remote *r, struct cursor *here, struct cursor *there)
{
    long done = 0;

    while (cursor_ready(here) && cursor_ready(there)) {
        const struct iovec *h = &here->v[here->at], *t = &there->v[there->at];
        size_t n = min(h->iov_len - here->used, t->iov_len - there->used);
        long got = copy_piece(r, (unsigned long)t->iov_base + there->used,
                              (char __user *)h->iov_base + here->used, n);

        if (got < 0)
            return done ? done : got;
        done += got;
        here->used += (size_t)got;
        there->used += (size_t)got;
    }
    return done;
}

/* The vector in kernel memory, or ERR_PTR. The sum of lengths fits a long. */
static struct iovec *load_vector(const struct iovec __user *uvec, unsigned long count)
{
    struct iovec *v;
    size_t total = 0;

    if (count > UIO_MAXIOV)
        return ERR_PTR(-EINVAL);
    v = kmalloc(max(count, 1UL) * sizeof(*v), GFP_KERNEL);
    if (!v)
        return ERR_PTR(-ENOMEM);
    if (copy_from_user(v, uvec, count * sizeof(*v))) {
        kfree(v);
        return ERR_PTR(-EFAULT);
    }
    for (unsigned long i = 0; i < count; i++) {
        if (v[i].iov_len > (size_t)LONG_MAX - total) {
            kfree(v);
            return ERR_PTR(-EINVAL);
        }
        total += v[i].iov_len;
    }
    return v;
}

static bool same_user(struct task_struct *t)
{
    const struct cred *mine = current_cred(), *theirs;
    bool same;

    rcu_read_lock();
    theirs = rcu_dereference(t->real_cred);
    same = mine->uid == theirs->uid && mine->uid == theirs->euid && mine->uid == theirs->suid &&
           mine->gid == theirs->gid && mine->gid == theirs->egid && mine->gid == theirs->sgid;
    rcu_read_unlock();
    return same;
}

/* mm is t's, or was: exec makes a space that not everybody may look into undumpable before it is t's, and changes t's rights after; set*id
 * makes it so before. So the space is taken first, then the rights are judged, then whether the space may be looked into. */
static bool may_access(struct task_struct *t, const struct mm_struct *mm)
{
    if (t->group_leader == current->group_leader)
        return true;
    if (same_user(t)) {
        atomic_fence_acquire();
        if (atomic_load_relaxed(&mm->dumpable) == 1)
            return true;
    }
    return capable(CAP_SYS_PTRACE);
}

/* The space of the process with a reference, or ERR_PTR(-ESRCH / -EPERM). */
static struct mm_struct *space_of(pid_t pid)
{
    struct task_struct *t = find_get_task_by_vpid(pid);
    struct mm_struct *mm;

    if (!t)
        return ERR_PTR(-ESRCH);
    mm = get_task_mm(t);
    if (mm && !may_access(t, mm)) {
        mmput(mm);
        mm = ERR_PTR(-EPERM);
    }
    put_task_struct(t);
    return mm ? mm : ERR_PTR(-ESRCH);
}

static long transfer(pid_t pid, struct cursor *here, struct cursor *there, bool write)
{
    struct remote r = {space_of(pid), write};
    long done;

    if (IS_ERR(r.mm))
        return PTR_ERR(r.mm);
    done = copy_vectors(&r, here, there);
    mmput(r.mm);
    return done;
}

static long process_vm(pid_t pid, const struct iovec __user *lvec, unsigned long liovcnt,
                       const struct iovec __user *rvec, unsigned long riovcnt, unsigned long flags,
                       bool write)
{
    struct cursor here = {.count = liovcnt}, there = {.count = riovcnt};
    struct iovec *local, *remote;
    long done;

    if (flags)
        return -EINVAL;
    local = load_vector(lvec, liovcnt);
    if (IS_ERR(local))
        return PTR_ERR(local);
    remote = load_vector(rvec, riovcnt);
    if (IS_ERR(remote)) {
        kfree(local);
        return PTR_ERR(remote);
    }
    here.v = local;
    there.v = remote;
    done = transfer(pid, &here, &there, write);
    kfree(local);
    kfree(remote);
    return done;
}

long sys_process_vm_readv(pid_t pid, const struct iovec __user *lvec, unsigned long liovcnt,
                          const struct iovec __user *rvec, unsigned long riovcnt,
                          unsigned long flags)
{
    return process_vm(pid, lvec, liovcnt, rvec, riovcnt, flags, false);
}

long sys_process_vm_writev(pid_t pid, const struct iovec __user *lvec, unsigned long liovcnt,
                           const struct iovec __user *rvec, unsigned long riovcnt,
                           unsigned long flags)
{
    return process_vm(pid, lvec, liovcnt, rvec, riovcnt, flags, true);
}
