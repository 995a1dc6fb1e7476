/* getrandom(2). */
#include "kernel/dev/random.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "kernel/arch/x86/uaccess.h"
#include "kernel/sched/sched.h"
#include "kernel/syscall/syscalls.h"

#define GRND_NONBLOCK 1u
#define GRND_RANDOM   2u
#define GRND_INSECURE 4u

long sys_getrandom(char __user *buf, size_t len, unsigned flags)
{
    char chunk[256];
    size_t done = 0;

    if (flags & ~(GRND_NONBLOCK | GRND_RANDOM | GRND_INSECURE))
        return -EINVAL;
    if ((flags & (GRND_RANDOM | GRND_INSECURE)) == (GRND_RANDOM | GRND_INSECURE))
        return -EINVAL;
    len = min_t(size_t, len, INT_MAX & PAGE_MASK);
    while (done < len) {
        size_t part = min_t(size_t, len - done, sizeof(chunk));

        get_random_bytes(chunk, part);
        if (copy_to_user(buf + done, chunk, part))
            return done ? (long)done : -EFAULT;
        done += part;
        if (done % PAGE_SIZE == 0 && signal_pending(current))
            break;
        cond_resched();
    }
    memset(chunk, 0, sizeof(chunk));
    return (long)done;
}
