/* rwsem.c: sleeping reader/writer locks with direct hand-off.
 *
 * count = readers | WRITER | WAITERS. While somebody waits, WAITERS makes every fast path fail, so newcomers queue behind: neither
 * side starves. Whoever frees the lock grants it under wait_lock to the oldest waiter, or to all readers in front of the first
 * waiting writer; a few at a time, with wait_lock and the CPU free in between. Meanwhile the last of the readers that have it may do the
 * same, so nobody depends on who began. A granted waiter may return at once, so its node is not touched after `granted`; its task
 * outlives the grace period that the waker's section holds up. */
#include "kernel/sync/rwsem.h"
#include "kernel/debug/assert.h"
#include "kernel/lib/errno.h"
#include "lockfree/rcu.h"

#define READERS 0xffffffffl
#define WRITER (1l << 32)
#define WAITERS (1l << 33)

struct rwsem_waiter {
    struct list_head link;
    struct task_struct *task;
    bool writer;
    u32 granted;
};

void init_rwsem(struct rw_semaphore *s)
{
    s->count = 0;
    spin_lock_init(&s->wait_lock);
    INIT_LIST_HEAD(&s->wait_list);
}

#define WAKE_PIECE 8 /* tasks woken in one section without preemption */

/* Who was granted the lock and is to be woken after wait_lock is let go; the caller is in an RCU section from before the grant. */
struct wake_batch {
    struct task_struct *task[WAKE_PIECE];
    unsigned n;
};

static void wake_batch(struct wake_batch *b)
{
    for (unsigned i = 0; i < b->n; i++)
        wake_up_state(b->task[i], TASK_NORMAL);
}

static void grant_one(struct rwsem_waiter *w, struct wake_batch *b)
{
    b->task[b->n++] = w->task;
    list_del(&w->link);
    atomic_store_release(&w->granted, 1); /* w may be gone from here on */
}

/* True when the oldest waiter, a writer, got the lock. */
static bool take_for_writer(struct rw_semaphore *s)
{
    s64 old = atomic_load_relaxed(&s->count);

    while (!(old & (READERS | WRITER)))
        if (atomic_cas_full(&s->count, &old, old | WRITER))
            return true;
    return false;
}

static bool take_for_reader(struct rw_semaphore *s)
{
    s64 old = atomic_load_relaxed(&s->count);

    while (!(old & WRITER))
        if (atomic_cas_full(&s->count, &old, old + 1))
            return true;
    return false;
}

/* True: the batch is full, there may be more to grant. */
static bool grant_locked(struct rw_semaphore *s, struct wake_batch *b)
{
    while (!list_empty(&s->wait_list)) {
        struct rwsem_waiter *w = list_first_entry(&s->wait_list, struct rwsem_waiter, link);
        bool writer = w->writer;

        if (!(writer ? take_for_writer(s) : take_for_reader(s)))
            return false;
        if (list_is_singular(&s->wait_list))
            (void)atomic_fetch_and_full(&s->count, ~WAITERS);
        grant_one(w, b);
        if (writer)
            return false;
        if (b->n == WAKE_PIECE)
            return true;
    }
    return false;
}

static __noinline void grant(struct rw_semaphore *s)
{
    bool more;

    do {
        struct wake_batch b = {.n = 0};

        rcu_read_lock();
        spin_lock(&s->wait_lock);
        more = grant_locked(s, &b);
        spin_unlock(&s->wait_lock);
        wake_batch(&b);
        rcu_read_unlock();
    } while (more);
}

/* wait_lock held. Readers behind a writer that leaves are granted by the caller. */
static void forget_waiter(struct rw_semaphore *s, struct rwsem_waiter *w)
{
    list_del(&w->link);
    if (list_empty(&s->wait_list))
        (void)atomic_fetch_and_full(&s->count, ~WAITERS);
}

/* The signal came first? False: the lock was granted meanwhile. */
static bool leave_queue(struct rw_semaphore *s, struct rwsem_waiter *w)
{
    bool left;

    spin_lock(&s->wait_lock);
    left = !w->granted;
    if (left)
        forget_waiter(s, w);
    spin_unlock(&s->wait_lock);
    if (left)
        grant(s);
    return left;
}

static __noinline int wait_slow(struct rw_semaphore *s, bool writer, unsigned state)
{
    struct rwsem_waiter w = {.task = current, .writer = writer};
    int ret = 0;

    spin_lock(&s->wait_lock);
    list_add_tail(&w.link, &s->wait_list);
    (void)atomic_fetch_or_full(&s->count, WAITERS); /* before the look: a holder that leaves later sees us */
    spin_unlock(&s->wait_lock);
    grant(s);
    for (;;) {
        set_current_state(state);
        if (atomic_load_acquire(&w.granted))
            break;
        if ((state & TASK_WAKEKILL) && fatal_signal_pending(current)) {
            if (leave_queue(s, &w))
                ret = -EINTR;
            break;
        }
        schedule();
    }
    set_current_state(TASK_RUNNING);
    return ret;
}

bool down_read_trylock(struct rw_semaphore *s)
{
    s64 old = atomic_load_relaxed(&s->count);

    while (!(old & (WRITER | WAITERS)))
        if (atomic_cas_acquire(&s->count, &old, old + 1))
            return true;
    return false;
}

void down_read(struct rw_semaphore *s)
{
    if (unlikely(!down_read_trylock(s)))
        (void)wait_slow(s, false, TASK_UNINTERRUPTIBLE);
}

void up_read(struct rw_semaphore *s)
{
    s64 old = atomic_fetch_sub_full(&s->count, 1);

    DEBUG_ASSERT((old & READERS) && !(old & WRITER));
    if (unlikely(old & WAITERS) && (old & READERS) == 1)
        grant(s);
}

static inline bool write_trylock(struct rw_semaphore *s)
{
    s64 free = 0;

    return atomic_cas_acquire(&s->count, &free, WRITER);
}

void down_write(struct rw_semaphore *s)
{
    if (unlikely(!write_trylock(s)))
        (void)wait_slow(s, true, TASK_UNINTERRUPTIBLE);
}

int down_write_killable(struct rw_semaphore *s)
{
    return likely(write_trylock(s)) ? 0 : wait_slow(s, true, TASK_KILLABLE);
}

void up_write(struct rw_semaphore *s)
{
    s64 old = atomic_fetch_and_full(&s->count, ~WRITER);

    DEBUG_ASSERT(old & WRITER);
    if (unlikely(old & WAITERS))
        grant(s);
}
