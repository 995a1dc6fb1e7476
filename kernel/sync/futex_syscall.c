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
    FUTEX_WAIT_REQUEUE_PI,
    FUTEX_CMP_REQUEUE_PI,
    FUTEX_LOCK_PI2,
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
static __always_inline int read_deadline(const struct timespec __user *utime, int cmd, unsigned flags, s64 *deadline)
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

/* The operations that wait for a PI lock; a signal restarts them with the same absolute time. */
static long do_pi_wait(u32 __user *uaddr, int cmd, unsigned flags, u32 val, const struct timespec __user *utime, u32 __user *uaddr2)
{
    s64 deadline;
    long ret = read_deadline(utime, cmd, flags, &deadline);

    if (ret)
        return ret;
    if (cmd == FUTEX_WAIT_REQUEUE_PI)
        return futex_wait_requeue_pi(uaddr, flags, val, deadline, uaddr2);
    return futex_lock_pi(uaddr, flags, deadline, false);
}

static __noinline long pi_operation(u32 __user *uaddr, int cmd, unsigned flags, u32 val, const struct timespec __user *utime,
                                    u32 __user *uaddr2, u32 val3)
{
    switch (cmd) {
    case FUTEX_LOCK_PI: /* always by the wall clock */
        return do_pi_wait(uaddr, cmd, flags | FLAGS_REALTIME, val, utime, uaddr2);
    case FUTEX_LOCK_PI2:
    case FUTEX_WAIT_REQUEUE_PI:
        return do_pi_wait(uaddr, cmd, flags, val, utime, uaddr2);
    case FUTEX_TRYLOCK_PI:
        return futex_lock_pi(uaddr, flags, S64_MAX, true);
    case FUTEX_UNLOCK_PI:
        return futex_unlock_pi(uaddr, flags);
    case FUTEX_CMP_REQUEUE_PI:
        return futex_requeue_pi(uaddr, flags, uaddr2, (int)val, (int)(unsigned long)utime, val3);
    default:
        return -ENOSYS;
    }
}

static bool takes_realtime(int cmd)
{
    return cmd == FUTEX_WAIT_BITSET || cmd == FUTEX_WAIT_REQUEUE_PI || cmd == FUTEX_LOCK_PI2;
}

long sys_futex(u32 __user *uaddr, int op, u32 val, const struct timespec __user *utime, u32 __user *uaddr2, u32 val3)
{
    int cmd = op & ~(FUTEX_PRIVATE_FLAG | FUTEX_CLOCK_REALTIME);
    unsigned flags = op & FUTEX_PRIVATE_FLAG ? 0 : FLAGS_SHARED;
    int val2 = (int)(unsigned long)utime; /* the operations on two words pass a number there */

    if (op & FUTEX_CLOCK_REALTIME) {
        if (!takes_realtime(cmd))
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
    default: /* few ask for these: the others keep their short way */
        return pi_operation(uaddr, cmd, flags, val, utime, uaddr2, val3);
    }
}
