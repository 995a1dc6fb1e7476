/*
 * sigqueue.c: pending signals. Owns struct sigqueue, the queues of a task and of a process, the
 * signal-pending bit and the choice which signal is taken next. Everything here runs under siglock
 * unless said otherwise.
 */
#include "kernel/debug/assert.h"
#include "kernel/lib/string.h"
#include "kernel/mm/slab.h"
#include "kernel/signal/signal.h"
#include "kernel/signal/posix_timer.h"
#include "kernel/task/cred.h"

static struct kmem_cache *sigqueue_cache;

void sigqueue_init(void)
{
    sigqueue_cache = kmem_cache_create("sigqueue", sizeof(struct sigqueue), 8);
    ASSERT(sigqueue_cache);
}

/* NULL: RLIMIT_SIGPENDING of the receiver's user, or no memory. Any context. */
struct sigqueue *sigqueue_alloc(struct task_struct *t, bool override_limit)
{
    struct user_struct *u = t->real_cred->user;
    u32 n = atomic_fetch_add_relaxed(&u->sigpending, 1);
    struct sigqueue *q = NULL;

    if (override_limit || n < t->signal->rlim[RLIMIT_SIGPENDING].rlim_cur)
        q = kmem_cache_alloc(sigqueue_cache, GFP_ATOMIC);
    if (!q) {
        atomic_dec_relaxed(&u->sigpending);
        return NULL;
    }
    refcount_get(&u->count);
    q->user = u;
    q->flags = 0;
    q->timer = NULL;
    INIT_LIST_HEAD(&q->list);
    return q;
}

void sigqueue_free(struct sigqueue *q)
{
    if (q->flags & SIGQUEUE_PREALLOC)
        return;
    atomic_dec_relaxed(&q->user->sigpending);
    free_uid(q->user);
    kmem_cache_free(sigqueue_cache, q);
}

void flush_sigqueue(struct list_head *queue, sigset_t *set)
{
    struct sigqueue *q, *n;

    *set = 0;
    list_for_each_entry_safe (q, n, queue, list) {
        list_del_init(&q->list);
        sigqueue_free(q);
    }
}

static void flush_mask(sigset_t mask, struct list_head *queue, sigset_t *set)
{
    struct sigqueue *q, *n;

    if (!(*set & mask))
        return;
    *set &= ~mask;
    list_for_each_entry_safe (q, n, queue, list) {
        if (!(sigmask(q->info.si_signo) & mask))
            continue;
        list_del_init(&q->list);
        sigqueue_free(q);
    }
}

void flush_sigqueue_mask(sigset_t mask, struct task_struct *t, bool group)
{
    if (group)
        flush_mask(mask, &t->signal->shared_queue, &t->signal->shared_set);
    else
        flush_mask(mask, &t->pending_queue, &t->pending_set);
}

static bool has_pending(struct task_struct *t)
{
    return ((t->pending_set | t->signal->shared_set) & ~t->blocked) || t->stop_work;
}

void recalc_sigpending_task(struct task_struct *t)
{
    if (has_pending(t))
        set_tsk_work(t, TIF_SIGPENDING);
}

void recalc_sigpending(void)
{
    if (has_pending(current))
        set_tsk_work(current, TIF_SIGPENDING);
    else if (signal_pending(current))
        clear_work(TIF_SIGPENDING);
}

/* Faults of the thread itself come first, then the lowest number (POSIX: real-time signals in that
 * order). */
static int next_signal(sigset_t set, sigset_t mask)
{
    sigset_t ready = set & ~mask;

    if (!ready)
        return 0;
    if (ready & SIG_SYNCHRONOUS_MASK)
        ready &= SIG_SYNCHRONOUS_MASK;
    return __builtin_ctzll(ready) + 1;
}

static void collect(int sig, struct list_head *queue, sigset_t *set, siginfo_t *info, void **timer)
{
    struct sigqueue *q, *first = NULL;
    bool more = false;

    list_for_each_entry (q, queue, list) {
        if (q->info.si_signo != sig)
            continue;
        if (first) {
            more = true;
            break;
        }
        first = q;
    }
    if (!more)
        *set &= ~sigmask(sig);
    if (first) {
        list_del_init(&first->list);
        *info = first->info;
        *timer = first->flags & SIGQUEUE_PREALLOC ? first->timer : NULL;
        sigqueue_free(first);
        return;
    }
    memset(info, 0, sizeof(*info)); /* sent without memory for details */
    info->si_signo = sig;
    info->si_code = SI_USER;
}

int dequeue_signal(sigset_t *mask, siginfo_t *info)
{
    struct signal_struct *group = current->signal;
    int sig = next_signal(current->pending_set, *mask);
    void *timer = NULL;

    if (sig) {
        collect(sig, &current->pending_queue, &current->pending_set, info, &timer);
    } else {
        sig = next_signal(group->shared_set, *mask);
        if (sig)
            collect(sig, &group->shared_queue, &group->shared_set, info, &timer);
    }
    recalc_sigpending();
    if (timer)
        posix_timer_taken(timer, info);
    return sig;
}
