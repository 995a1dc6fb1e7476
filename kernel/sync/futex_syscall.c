/* futex(2): decodes the operation and the time-out, nothing else. */
#include "kernel/lib/err.h"
#include "kernel/arch/x86/uaccess.h"
#include "kernel/signal/signal.h"
#include "kernel/sync/futex.h"
#include "kernel/syscall/syscalls.h"
#include "kernel/time/ktime.h"

enum {
    FUTEX_WAIT,
    FUTEX_WAKE,
    FUTEX_FD,
    FUTEX_REQUEUE,
    FUTEX_CMP_REQUEUE,
    FUTEX_WAKE_OP,
    FUTEX_LOCK_PI,
    FUTEX_UNLOCK_PI,
    FUTEX_TRYLOCK_PI,
    FUTEX_WAIT_BITSET,
    FUTEX_WAKE_BITSET,
};
#define FUTEX_PRIVATE_FLAG 128
#define FUTEX_CLOCK_REALTIME 256

/* A signal without a handler restarts a relative wait for what is left of it. */
static long futex_wait_restart(struct restart_block *r)
{
    long ret = futex_wait(r->futex.uaddr, r->futex.flags, r->futex.val, r->deadline_ns, r->futex.bitset);

    if (ret != -ERESTARTSYS)
        return ret;
    r->fn = futex_wait_restart;
    return -ERESTART_RESTARTBLOCK;
}

/* Absolute monotonic deadline of a wait. 0, -EFAULT, -EINVAL. */
static int read_deadline(const struct timespec __user *utime, int cmd, unsigned flags, s64 *deadline)
{
    struct timespec ts;
    s64 ns, now;

    *deadline = S64_MAX;
    if (!utime)
        return 0;
    if (copy_from_user(&ts, utime, sizeof(ts)))
        return -EFAULT;
    if (!timespec_valid(&ts))
        return -EINVAL;
    now = ktime_get_ns();
    ns = timespec_to_ns(&ts);
    if (cmd == FUTEX_WAIT)
        *deadline = ns > S64_MAX - now ? S64_MAX : now + ns;
    else if (flags & FLAGS_REALTIME)
        *deadline = ns == S64_MAX ? S64_MAX : ns - ktime_get_real_ns() + now;
    else
        *deadline = ns;
    return 0;
}

static long do_wait(u32 __user *uaddr, int cmd, unsigned flags, u32 val, const struct timespec __user *utime, u32 bitset)
{
    struct restart_block *r = &current->restart;
    s64 deadline;
    long ret = read_deadline(utime, cmd, flags, &deadline);

    if (ret)
        return ret;
    ret = futex_wait(uaddr, flags, val, deadline, bitset);
    if (ret != -ERESTARTSYS || !utime)
        return ret;
    r->fn = futex_wait_restart;
    r->deadline_ns = deadline;
    r->futex.uaddr = uaddr;
    r->futex.val = val;
    r->futex.flags = flags;
    r->futex.bitset = bitset;
    return -ERESTART_RESTARTBLOCK;
}

long sys_futex(u32 __user *uaddr, int op, u32 val, const struct timespec __user *utime, u32 __user *uaddr2, u32 val3)
{
    int cmd = op & ~(FUTEX_PRIVATE_FLAG | FUTEX_CLOCK_REALTIME);
    unsigned flags = op & FUTEX_PRIVATE_FLAG ? 0 : FLAGS_SHARED;
    int val2 = (int)(unsigned long)utime; /* the operations on two words pass a number there */

    if (op & FUTEX_CLOCK_REALTIME) {
        if (cmd != FUTEX_WAIT_BITSET)
            return -ENOSYS;
        flags |= FLAGS_REALTIME;
    }
    switch (cmd) {
    case FUTEX_WAIT:
        return do_wait(uaddr, cmd, flags, val, utime, FUTEX_BITSET_ANY);
    case FUTEX_WAIT_BITSET:
        return do_wait(uaddr, cmd, flags, val, utime, val3);
    case FUTEX_WAKE:
        return futex_wake(uaddr, flags, val, FUTEX_BITSET_ANY);
    case FUTEX_WAKE_BITSET:
        return futex_wake(uaddr, flags, val, val3);
    case FUTEX_REQUEUE:
        return futex_requeue(uaddr, flags, uaddr2, val, val2, NULL);
    case FUTEX_CMP_REQUEUE:
        return futex_requeue(uaddr, flags, uaddr2, val, val2, &val3);
    case FUTEX_WAKE_OP:
        return futex_wake_op(uaddr, flags, uaddr2, val, val2, val3);
    default:
        return -ENOSYS;
    }
}
