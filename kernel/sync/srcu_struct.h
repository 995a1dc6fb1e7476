/* Sleepable RCU domains (lockfree/srcu.h) for the kernel: readers may sleep, migrate and return from the system call that began
 * the section only by ending it; each domain has its own periods. */
#pragma once
#include "kernel/arch/x86/smp.h"
#include "kernel/sync/mutex.h"
#include "lockfree/srcu.h"

struct srcu_struct {
    struct srcu core;
    struct mutex mutex; /* one period at a time; who waited for it may find its own over */
};

int init_srcu_struct(struct srcu_struct *s);     /* 0 or -ENOMEM. May sleep */
void cleanup_srcu_struct(struct srcu_struct *s); /* no reader, no waiter */

/* The ticket for srcu_read_unlock. The section may sleep, but not wait for a period of its own domain. */
static inline int srcu_read_lock(struct srcu_struct *s)
{
    return (int)srcu_lock(&s->core, smp_processor_id()); /* a hint: it may have moved on */
}

static inline void srcu_read_unlock(struct srcu_struct *s, int ticket)
{
    srcu_unlock(&s->core, smp_processor_id(), (unsigned)ticket);
}

/* Sleeps until every section that was running has ended. */
void synchronize_srcu(struct srcu_struct *s);
static inline u64 get_state_synchronize_srcu(struct srcu_struct *s) { return srcu_snapshot(&s->core); }
static inline bool poll_state_synchronize_srcu(struct srcu_struct *s, u64 cookie) { return srcu_poll(&s->core, cookie); }
