/* abi_deadline.h: SCHED_DEADLINE by sched_setattr(2), for the programs that judge it. */
#pragma once
#include "tests/guest/abi.h"
#include "tests/guest/sched_attr.h"

#define SCHED_DEADLINE_     6
#define FLAG_RESET_ON_FORK  1
#define FLAG_RECLAIM        2
#define FLAG_DL_OVERRUN     4
#define FLAG_KEEP_PARAMS    0x10
#define MS                  1000000ull

/* Nanoseconds. A raw call: musl's wrapper answers ENOSYS. */
static long set_deadline(uint64_t runtime, uint64_t deadline, uint64_t period, uint64_t flags)
{
    struct attr a = {sizeof a, SCHED_DEADLINE_, flags, 0, 0, runtime, deadline, period};
    return syscall(SYS_sched_setattr, 0, &a, 0);
}

static int64_t clock_ns(clockid_t id)
{
    struct timespec t;
    clock_gettime(id, &t);
    return t.tv_sec * 1000000000ll + t.tv_nsec;
}
