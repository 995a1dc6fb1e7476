/* capability.c: capget and capset (capabilities(7)), version 3 of the header, versions 1 and 2 read
 * as Linux reads them. */
#include "kernel/arch/x86/uaccess.h"
#include "kernel/syscall/syscalls.h"
#include "kernel/task/task_internal.h"

#define CAP_VERSION_1 0x19980330u
#define CAP_VERSION_2 0x20071026u
#define CAP_VERSION_3 0x20080522u

struct cap_header {
    u32 version;
    int pid;
};
struct cap_data {
    u32 effective, permitted, inheritable;
};

/* Number of cap_data of this version; 0: unknown, and the header now holds the preferred one. */
static int version_words(struct cap_header __user *uh, struct cap_header *h, int *words)
{
    if (copy_from_user(h, uh, sizeof(*h)))
        return -EFAULT;
    *words = h->version == CAP_VERSION_1                                  ? 1
             : h->version == CAP_VERSION_2 || h->version == CAP_VERSION_3 ? 2
                                                                          : 0;
    if (!*words && put_user(CAP_VERSION_3, &uh->version))
        return -EFAULT;
    return 0;
}

static int read_caps(pid_t pid, kernel_cap_t *e, kernel_cap_t *p, kernel_cap_t *i)
{
    const struct task_struct *t = current;
    const struct cred *c;

    rcu_read_lock();
    if (pid)
        t = find_task_by_vpid(pid);
    if (t) {
        c = rcu_dereference(t->real_cred);
        *e = c->cap_effective;
        *p = c->cap_permitted;
        *i = c->cap_inheritable;
    }
    rcu_read_unlock();
    return t ? 0 : -ESRCH;
}

long sys_capget(void __user *uheader, void __user *udata)
{
    kernel_cap_t e, p, i;
    struct cap_data d[2];
    struct cap_header h;
    int words, err = version_words(uheader, &h, &words);

    if (err)
        return err;
    if (!words)
        return udata ? -EINVAL : 0;
    if (h.pid < 0)
        return -EINVAL;
    err = read_caps(h.pid, &e, &p, &i);
    if (err || !udata)
        return err;
    for (int w = 0; w < 2; w++)
        d[w] = (struct cap_data){(u32)(e >> (32 * w)), (u32)(p >> (32 * w)), (u32)(i >> (32 * w))};
    return copy_to_user(udata, d, sizeof(d[0]) * (size_t)words) ? -EFAULT : 0;
}

static bool may_set(const struct cred *old, kernel_cap_t e, kernel_cap_t p, kernel_cap_t i)
{
    if (!(old->cap_effective & CAP_TO_MASK(CAP_SETPCAP)) &&
        (i & ~(old->cap_inheritable | old->cap_permitted)))
        return false;
    if (i & ~(old->cap_inheritable | old->cap_bset))
        return false;
    return !(p & ~old->cap_permitted) && !(e & ~p);
}

long sys_capset(void __user *uheader, const void __user *udata)
{
    struct cap_data d[2] = {{0}};
    kernel_cap_t e, p, i;
    struct cap_header h;
    struct cred *new;
    int words, err = version_words(uheader, &h, &words);

    if (err)
        return err;
    if (!words)
        return -EINVAL;
    if (h.pid && h.pid != current->pid)
        return -EPERM;
    if (copy_from_user(d, udata, sizeof(d[0]) * (size_t)words))
        return -EFAULT;
    e = ((u64)d[1].effective << 32 | d[0].effective) & CAP_FULL_SET;
    p = ((u64)d[1].permitted << 32 | d[0].permitted) & CAP_FULL_SET;
    i = ((u64)d[1].inheritable << 32 | d[0].inheritable) & CAP_FULL_SET;
    if (!may_set(current_cred(), e, p, i))
        return -EPERM;
    new = prepare_creds();
    if (!new)
        return -ENOMEM;
    new->cap_effective = e;
    new->cap_permitted = p;
    new->cap_inheritable = i;
    new->cap_ambient &= p &i;
    return commit_creds(new);
}
