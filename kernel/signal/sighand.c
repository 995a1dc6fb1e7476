/*
 * sighand.c: the life of sighand_struct and signal_struct. Owns their caches. A free sighand has
 * every action at its default and custom == 0, so that a new one costs only the actions that the
 * parent changed. Both live until the last task that refers to them is freed: whoever holds a task
 * (or RCU) may lock its siglock.
 */
#include "kernel/debug/assert.h"
#include "kernel/lib/string.h"
#include "kernel/mm/slab.h"
#include "kernel/signal/signal.h"
#include "kernel/task/process.h"

static struct kmem_cache *sighand_cache, *signal_cache;

void signal_init(void)
{
    sighand_cache = kmem_cache_create("sighand", sizeof(struct sighand_struct), 64);
    signal_cache = kmem_cache_create("signal", sizeof(struct signal_struct), 64);
    ASSERT(sighand_cache && signal_cache);
    sigqueue_init();
}

static void reset_actions(struct sighand_struct *s)
{
    for (u64 left = s->custom; left; left &= left - 1)
        s->action[__builtin_ctzll(left)] = (struct sigaction){0};
    s->custom = 0;
}

/* NOIRQ: sighands that are clean, linked through rcu.next. */
#define SHELF_MAX 64u
struct sighand_shelf {
    struct rcu_head *first;
    u32 count;
};
static DEFINE_PER_CPU(struct sighand_shelf, sighand_shelf, NOIRQ);

static struct sighand_struct *sighand_take(void)
{
    unsigned long flags = local_irq_save();
    struct sighand_shelf *shelf = this_cpu_ptr(&sighand_shelf);
    struct rcu_head *h = shelf->first;

    if (likely(h)) {
        shelf->first = h->next;
        shelf->count--;
    }
    local_irq_restore(flags);
    return h ? container_of(h, struct sighand_struct, rcu) : NULL;
}

static struct sighand_struct *sighand_alloc(void)
{
    struct sighand_struct *s = sighand_take();

    if (unlikely(!s)) {
        s = kmem_cache_alloc(sighand_cache, GFP_KERNEL | GFP_ZERO);
        if (!s)
            return NULL;
    }
    s->count = 1;
    s->shared = s->watched = false;
    spin_lock_init(&s->siglock);
    init_waitqueue_head(&s->signalfd_wqh);
    return s;
}

/* An epoll that watches a signalfd of a task that has ended: it hears no more. That an entry points to itself is the last that is stored in it:
 * its owner may free it then, without the lock (leave_queues() in epoll.c). */
static void drop_watchers(struct sighand_struct *s)
{
    struct list_head *head = &s->signalfd_wqh.head, *e;
    unsigned long flags;

    spin_lock_irqsave(&s->signalfd_wqh.lock, flags);
    while (!list_empty(head)) {
        e = head->next;
        list_del(e);
        e->prev = e;
        atomic_store_release(&e->next, e);
    }
    spin_unlock_irqrestore(&s->signalfd_wqh.lock, flags);
}

static void free_watched(struct rcu_head *h)
{
    kmem_cache_free(sighand_cache, container_of(h, struct sighand_struct, rcu));
}

/* Nobody can find it: the tasks that used it are freed only after a grace period. */
static void sighand_free(struct sighand_struct *s)
{
    unsigned long flags;
    struct sighand_shelf *shelf;
    bool kept;

    if (unlikely(s->watched)) { /* who leaves the queue meanwhile has looked at it under RCU */
        drop_watchers(s);
        call_rcu(&s->rcu, free_watched);
        return;
    }
    reset_actions(s);
    flags = local_irq_save();
    shelf = this_cpu_ptr(&sighand_shelf);
    kept = shelf->count < SHELF_MAX;
    if (likely(kept)) {
        s->rcu.next = shelf->first;
        shelf->first = &s->rcu;
        shelf->count++;
    }
    local_irq_restore(flags);
    if (!kept)
        kmem_cache_free(sighand_cache, s);
}

void put_sighand(struct sighand_struct *s)
{
    if (atomic_load_acquire(&s->count) == 1 || atomic_dec_and_test_full(&s->count))
        sighand_free(s);
}

/* Under the source's siglock: its actions may change in another thread. */
static void copy_actions(struct sighand_struct *to, struct sighand_struct *from,
                         bool clear_handlers)
{
    for (u64 left = from->custom; left; left &= left - 1) {
        int i = __builtin_ctzll(left);

        if (clear_handlers && from->action[i].sa_handler != SIG_IGN)
            continue;
        to->action[i] = from->action[i];
        to->custom |= 1UL << i;
    }
}

int copy_sighand(u64 clone_flags, struct task_struct *t)
{
    struct sighand_struct *s, *from = current->sighand;

    if (clone_flags & CLONE_SIGHAND) {
        if (!(clone_flags & CLONE_THREAD))
            WRITE_ONCE(from->shared, true);
        atomic_inc_relaxed(&from->count);
        t->sighand = from;
        return 0;
    }
    s = sighand_alloc();
    if (!s)
        return -ENOMEM;
    if (from->custom) {
        spin_lock_irq(&from->siglock);
        copy_actions(s, from, clone_flags & CLONE_CLEAR_SIGHAND);
        spin_unlock_irq(&from->siglock);
    }
    t->sighand = s;
    return 0;
}

int exec_new_sighand(struct sighand_struct **fresh)
{
    *fresh = NULL;
    if (likely(!READ_ONCE(current->sighand->shared)))
        return 0;
    *fresh = sighand_alloc();
    return *fresh ? 0 : -ENOMEM;
}

void exec_drop_sighand(struct sighand_struct *fresh)
{
    if (fresh)
        put_sighand(fresh);
}

void exec_unshare_sighand(struct sighand_struct *fresh)
{
    struct sighand_struct *old = current->sighand;

    if (likely(!fresh))
        return;
    spin_lock_irq(&old->siglock);
    copy_actions(fresh, old, false);
    rcu_assign_pointer(current->sighand, fresh);
    spin_unlock_irq(&old->siglock);
    synchronize_rcu(); /* others may still be about to lock the old one */
    put_sighand(old);
}

/* The one that the living threads of t's process have. Under RCU: a leader that is seen while a thread is left is freed a grace period later. */
static struct sighand_struct *process_sighand(struct task_struct *t)
{
    struct signal_struct *sig = t->signal;

    if (likely(atomic_load_acquire(&sig->nr_threads)))
        t = rcu_dereference(sig->leader_task);
    return rcu_dereference(t->sighand);
}

struct sighand_struct *lock_task_sighand(struct task_struct *t, unsigned long *flags)
{
    for (;;) {
        struct sighand_struct *s;

        rcu_read_lock();
        s = process_sighand(t);
        spin_lock_irqsave(&s->siglock, *flags);
        rcu_read_unlock();
        if (likely(s == process_sighand(t)))
            return s;
        spin_unlock_irqrestore(&s->siglock, *flags);
    }
}

/* exec: handlers go back to default; ignored stays ignored unless force_default. */
void flush_signal_handlers(struct task_struct *t, bool force_default)
{
    struct sighand_struct *s = t->sighand;

    spin_lock_irq(&s->siglock);
    for (u64 left = s->custom; left; left &= left - 1) {
        int i = __builtin_ctzll(left);
        bool keep = !force_default && s->action[i].sa_handler == SIG_IGN;

        s->action[i] = (struct sigaction){.sa_handler = keep ? SIG_IGN : SIG_DFL};
        if (!keep)
            s->custom &= ~(1UL << i);
    }
    spin_unlock_irq(&s->siglock);
}

static void init_new_signal(struct signal_struct *sig, const struct signal_struct *from)
{
    memset(sig, 0, offsetof(struct signal_struct, rlim));
    memset(sig->rlim + RLIM_NLIMITS, 0,
           sizeof(*sig) - offsetof(struct signal_struct, rlim) - sizeof(sig->rlim));
    sig->count = sig->live = 1;
    sig->nr_threads = 1;
    spin_lock_init(&sig->child_lock);
    INIT_LIST_HEAD(&sig->thread_head);
    INIT_LIST_HEAD(&sig->shared_queue);
    mutex_init(&sig->timers_lock);
    INIT_LIST_HEAD(&sig->posix_timers);
    init_waitqueue_head(&sig->wait_chldexit);
    memcpy(sig->rlim, from->rlim, sizeof(sig->rlim));
    sig->cpu_timers = rlimits_count_time(sig);
    sig->oom_score_adj = from->oom_score_adj;
}

int copy_signal(u64 clone_flags, struct task_struct *t)
{
    struct signal_struct *sig = current->signal;

    t->signal = sig;
    if (clone_flags & CLONE_THREAD) {
        atomic_inc_relaxed(&sig->count);
        return 0;
    }
    sig = kmem_cache_alloc(signal_cache, GFP_KERNEL);
    if (!sig)
        return -ENOMEM;
    init_new_signal(sig, current->signal);
    list_add_tail(&t->thread_node, &sig->thread_head);
    sig->curr_target = t;
    t->signal = sig;
    return 0;
}

void put_signal(struct signal_struct *s)
{
    if (atomic_load_acquire(&s->count) == 1 || atomic_dec_and_test_full(&s->count))
        kmem_cache_free(signal_cache, s);
}
