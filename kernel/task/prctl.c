/* prctl.c: prctl(2). Options that this kernel has nothing for answer EINVAL, as Linux does for
 * unknown ones. */
#include "kernel/lib/string.h"
#include "kernel/mm/mm.h"
#include "kernel/arch/x86/uaccess.h"
#include "kernel/syscall/syscalls.h"
#include "kernel/task/rseq.h"
#include "kernel/task/task_internal.h"

enum {
    PR_SET_PDEATHSIG = 1,
    PR_GET_PDEATHSIG = 2,
    PR_GET_DUMPABLE = 3,
    PR_SET_DUMPABLE = 4,
    PR_GET_KEEPCAPS = 7,
    PR_SET_KEEPCAPS = 8,
    PR_GET_TIMING = 13,
    PR_SET_TIMING = 14,
    PR_SET_NAME = 15,
    PR_GET_NAME = 16,
    PR_GET_SECCOMP = 21,
    PR_CAPBSET_READ = 23,
    PR_CAPBSET_DROP = 24,
    PR_GET_TSC = 25,
    PR_GET_SECUREBITS = 27,
    PR_SET_SECUREBITS = 28,
    PR_SET_TIMERSLACK = 29,
    PR_GET_TIMERSLACK = 30,
    PR_SET_CHILD_SUBREAPER = 36,
    PR_GET_CHILD_SUBREAPER = 37,
    PR_SET_NO_NEW_PRIVS = 38,
    PR_GET_NO_NEW_PRIVS = 39,
    PR_GET_TID_ADDRESS = 40,
    PR_SET_THP_DISABLE = 41,
    PR_GET_THP_DISABLE = 42,
    PR_CAP_AMBIENT = 47,
    PR_RSEQ_SLICE_EXTENSION = 79,
};
enum {
    PR_CAP_AMBIENT_IS_SET = 1,
    PR_CAP_AMBIENT_RAISE,
    PR_CAP_AMBIENT_LOWER,
    PR_CAP_AMBIENT_CLEAR_ALL
};

static long set_name(const char __user *uname)
{
    char name[TASK_COMM_LEN] = {0};

    if (strncpy_from_user(name, uname, sizeof(name) - 1) < 0)
        return -EFAULT;
    memcpy(current->comm, name, sizeof(name));
    return 0;
}

static long set_securebits(unsigned long bits)
{
    const struct cred *old = current_cred();
    unsigned locked = (old->securebits & SECBITS_LOCKS) >> 1;
    struct cred *new;

    if ((locked & (old->securebits ^ bits)) || ((old->securebits & SECBITS_LOCKS) & ~bits) ||
        (bits & ~SECBITS_ALL) || !capable(CAP_SETPCAP))
        return -EPERM;
    new = prepare_creds();
    if (!new)
        return -ENOMEM;
    new->securebits = (unsigned)bits;
    return commit_creds(new);
}

static long set_keepcaps(unsigned long on)
{
    struct cred *new;

    if (on > 1)
        return -EINVAL;
    if (current_cred()->securebits & (SECBIT_KEEP_CAPS << 1))
        return -EPERM;
    new = prepare_creds();
    if (!new)
        return -ENOMEM;
    new->securebits = on ? new->securebits | SECBIT_KEEP_CAPS : new->securebits & ~SECBIT_KEEP_CAPS;
    return commit_creds(new);
}

static long drop_from_bounding_set(unsigned long cap)
{
    struct cred *new;

    if (!capable(CAP_SETPCAP))
        return -EPERM;
    if (cap > CAP_LAST_CAP)
        return -EINVAL;
    new = prepare_creds();
    if (!new)
        return -ENOMEM;
    new->cap_bset &= ~CAP_TO_MASK(cap);
    return commit_creds(new);
}

static long change_ambient(unsigned long op, unsigned long cap)
{
    const struct cred *old = current_cred();
    struct cred *new;

    if (op == PR_CAP_AMBIENT_RAISE &&
        (!(old->cap_permitted & old->cap_inheritable & CAP_TO_MASK(cap)) ||
         (old->securebits & SECBIT_NO_CAP_AMBIENT_RAISE)))
        return -EPERM;
    new = prepare_creds();
    if (!new)
        return -ENOMEM;
    if (op == PR_CAP_AMBIENT_RAISE)
        new->cap_ambient |= CAP_TO_MASK(cap);
    else if (op == PR_CAP_AMBIENT_LOWER)
        new->cap_ambient &= ~CAP_TO_MASK(cap);
    else
        new->cap_ambient = 0;
    return commit_creds(new);
}

static long ambient(unsigned long op, unsigned long cap, unsigned long a4, unsigned long a5)
{
    if (a4 || a5)
        return -EINVAL;
    if (op == PR_CAP_AMBIENT_CLEAR_ALL)
        return cap ? -EINVAL : change_ambient(op, 0);
    if (cap > CAP_LAST_CAP || op < PR_CAP_AMBIENT_IS_SET || op > PR_CAP_AMBIENT_CLEAR_ALL)
        return -EINVAL;
    if (op == PR_CAP_AMBIENT_IS_SET)
        return !!(current_cred()->cap_ambient & CAP_TO_MASK(cap));
    return change_ambient(op, cap);
}

static long set_no_new_privs(unsigned long a2, unsigned long a3, unsigned long a4, unsigned long a5)
{
    if (a2 != 1 || a3 || a4 || a5)
        return -EINVAL;
    current->no_new_privs = true;
    return 0;
}

static long prctl_caps(int option, unsigned long a2, unsigned long a3, unsigned long a4,
                       unsigned long a5)
{
    switch (option) {
    case PR_GET_KEEPCAPS:
        return !!(current_cred()->securebits & SECBIT_KEEP_CAPS);
    case PR_SET_KEEPCAPS:
        return set_keepcaps(a2);
    case PR_CAPBSET_READ:
        return a2 > CAP_LAST_CAP ? -EINVAL : !!(current_cred()->cap_bset & CAP_TO_MASK(a2));
    case PR_CAPBSET_DROP:
        return drop_from_bounding_set(a2);
    case PR_GET_SECUREBITS:
        return current_cred()->securebits;
    case PR_SET_SECUREBITS:
        return set_securebits(a2);
    case PR_CAP_AMBIENT:
        return ambient(a2, a3, a4, a5);
    case PR_SET_NO_NEW_PRIVS:
        return set_no_new_privs(a2, a3, a4, a5);
    case PR_GET_NO_NEW_PRIVS:
        return a2 || a3 || a4 || a5 ? -EINVAL : current->no_new_privs;
    }
    return -EINVAL;
}

long sys_prctl(int option, unsigned long a2, unsigned long a3, unsigned long a4, unsigned long a5)
{
    switch (option) {
    case PR_SET_PDEATHSIG:
        if (a2 > _NSIG)
            return -EINVAL;
        current->pdeath_signal = (int)a2;
        return 0;
    case PR_GET_PDEATHSIG:
        return put_user(current->pdeath_signal, (int __user *)a2);
    case PR_GET_DUMPABLE:
        return current->mm->dumpable;
    case PR_SET_DUMPABLE:
        if (a2 > 1)
            return -EINVAL;
        current->mm->dumpable = (u32)a2;
        return 0;
    case PR_SET_NAME:
        return set_name((const char __user *)a2);
    case PR_GET_NAME:
        return copy_to_user((char __user *)a2, current->comm, TASK_COMM_LEN) ? -EFAULT : 0;
    case PR_GET_TIMING:
    case PR_GET_SECCOMP:
        return 0;
    case PR_SET_TIMING:
        return a2 ? -EINVAL : 0;
    case PR_GET_TSC:
        return put_user(1, (int __user *)a2);
    case PR_SET_TIMERSLACK:
        sched_set_timer_slack(current, a2);
        return 0;
    case PR_GET_TIMERSLACK:
        return (long)current->timer_slack_ns;
    case PR_SET_CHILD_SUBREAPER:
        current->signal->is_child_subreaper = a2 != 0;
        return 0;
    case PR_GET_CHILD_SUBREAPER:
        return put_user((int)current->signal->is_child_subreaper, (int __user *)a2);
    case PR_GET_TID_ADDRESS:
        return put_user(current->clear_child_tid, (int __user *__user *)a2);
    case PR_SET_THP_DISABLE:
        return a3 || a4 || a5 ? -EINVAL : 0;
    case PR_GET_THP_DISABLE:
        return a2 || a3 || a4 || a5 ? -EINVAL : 0;
    case PR_RSEQ_SLICE_EXTENSION:
        return a4 || a5 ? -EINVAL : rseq_slice_control(a2, a3);
    }
    return prctl_caps(option, a2, a3, a4, a5);
}
