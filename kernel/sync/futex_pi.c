/* futex_pi.c: FUTEX_LOCK_PI, FUTEX_TRYLOCK_PI, FUTEX_UNLOCK_PI, and what an owner that ends leaves behind (futex(2)). The word holds the
 * owner's number, FUTEX_WAITERS and FUTEX_OWNER_DIED; it is written under its bucket's lock with faults off, and a page that is not
 * there is made present after everything was let go. Invariants: pi_state.h. */
#include "kernel/sync/pi_state.h"
#include "kernel/arch/x86/uaccess.h"
#include "kernel/lib/err.h"
#include "kernel/mm/slab.h"
#include "kernel/sched/sched.h"
#include "kernel/sched/wait.h"
#include "kernel/signal/signal.h"
#include "kernel/task/pid.h"
#include "kernel/task/process.h"
#include "lockfree/rcu.h"

int futex_fault_in(u32 __user *uaddr)
{
    struct page *page = get_user_page(current->mm, (u64)uaddr & PAGE_MASK, true);

    if (IS_ERR(page))
        return -EFAULT;
    put_page(page);
    return 0;
}

/* ---- the word; the bucket's lock is held ---- */

static int read_word(u32 __user *uaddr, u32 *seen)
{
    return copy_from_user(seen, uaddr, sizeof(*seen)) ? -EFAULT : 0;
}

/* 0, PI_RETRY: it holds something else, -EFAULT. */
static int change_word(u32 __user *uaddr, u32 from, u32 to)
{
    u32 seen = from;

    if (user_cmpxchg_u32(uaddr, &seen, to))
        return -EFAULT;
    return seen == from ? 0 : PI_RETRY;
}

/* The gate of the task that the word names, PI_ENDED when there is none. */
static enum pi_gate gate_of(u32 word)
{
    enum pi_gate gate = PI_ENDED;
    struct task_struct *t;

    rcu_read_lock();
    t = find_task_by_vpid((pid_t)(word & FUTEX_TID_MASK));
    if (t)
        gate = READ_ONCE(t->pi.gate);
    rcu_read_unlock();
    return gate;
}

static wait_queue_head_t gate_waits = WAIT_QUEUE_HEAD_INIT(gate_waits); /* of all execs: few have waiters */

/* What an exec hands over is at most what it was lent when it closed its gate: a wait without an end by time. Who is killed meanwhile finds that out
 * where he tries again. */
void pi_await_open(u32 word)
{
    (void)wait_event_killable(&gate_waits, gate_of(word) != PI_CLOSED);
}

/* The gate before the word: what ends wrote its robust words before it closed the gate. */
int pi_owner_gone_locked(const struct pi_claim *c)
{
    u32 now;

    if (gate_of(c->word) != PI_ENDED)
        return PI_SHUT;
    if (read_word(c->uaddr, &now))
        return -EFAULT;
    return now == c->word ? -ESRCH : PI_RETRY;
}

/* Somebody waits already. Does the word name the owner whom the kernel knows? It may not while an owner ends: PI3. */
static int join(struct pi_claim *c, struct pi_state *s, u32 seen)
{
    u32 tid = seen & FUTEX_TID_MASK;

    c->state = s;
    if (s->unnamed || (!tid && seen & FUTEX_OWNER_DIED) || tid == (u32)s->owner->pid)
        return PI_BUSY;
    return -EINVAL;
}

static int take_free(struct pi_claim *c, u32 seen)
{
    u32 to = (seen & FUTEX_OWNER_DIED) | (u32)c->task->pid | (c->others_wait ? FUTEX_WAITERS : 0);
    int err = change_word(c->uaddr, seen, to);

    return err ? err : PI_TAKEN;
}

/* The first to wait for the owner that the word names. The owner lives until the caller has let the bucket's lock go: preemption is off. */
static int wait_for_owner(struct pi_claim *c, u32 seen, struct pi_state *spare)
{
    int err = change_word(c->uaddr, seen, seen | FUTEX_WAITERS); /* PI3 */
    struct task_struct *owner;

    if (err)
        return err;
    c->word = seen | FUTEX_WAITERS;
    owner = find_task_by_vpid((pid_t)(seen & FUTEX_TID_MASK));
    if (!owner || READ_ONCE(owner->pi.gate) != PI_OPEN)
        return pi_owner_gone_locked(c);
    if (owner->flags & PF_KTHREAD)
        return -EPERM;
    *spare = (struct pi_state){.owner = owner, .loan.bucket = c->bucket};
    c->state = spare;
    return PI_BUSY;
}

int pi_claim_locked(struct pi_claim *c, struct pi_state *spare)
{
    struct pi_state *s;
    u32 seen;

    if (read_word(c->uaddr, &seen))
        return -EFAULT;
    if ((seen & FUTEX_TID_MASK) == (u32)c->task->pid)
        return -EDEADLK;
    s = pi_state_find_locked(c->bucket, &c->key);
    if (IS_ERR(s))
        return (int)PTR_ERR(s);
    if (s)
        return join(c, s, seen);
    return seen & FUTEX_TID_MASK ? wait_for_owner(c, seen, spare) : take_free(c, seen);
}

/* ---- waiting ---- */

bool pi_sleep(struct pi_waiter *w, s64 deadline_ns, u64 slack_ns)
{
    bool late = false;

    while (!late) {
        set_current_state(TASK_INTERRUPTIBLE);
        if (atomic_load_acquire(&w->granted) || signal_pending(current))
            break;
        late = schedule_hrtimeout_range(deadline_ns, slack_ns);
    }
    set_current_state(TASK_RUNNING);
    return late;
}

/* The owner before ended without naming w: the word is w's to write. 0, -EFAULT. b's lock may be let go and taken again. */
static int name_owner(u32 __user *uaddr, struct futex_bucket *b)
{
    u32 seen;

    for (;;) {
        int err = read_word(uaddr, &seen);

        if (!err)
            err = change_word(uaddr, seen, (u32)current->pid | FUTEX_WAITERS | FUTEX_OWNER_DIED);
        if (!err)
            return 0;
        futex_unlock(b);
        err = err == -EFAULT ? futex_fault_in(uaddr) : 0;
        futex_lock(b);
        if (err)
            return err;
    }
}

int pi_finish(struct pi_waiter *w, u32 __user *uaddr, int why)
{
    struct task_struct *changed = NULL, *next = NULL;
    struct futex_bucket *b = futex_lock_bucket_of(&w->q);

    if (w->granted) {
        why = w->unnamed ? name_owner(uaddr, b) : 0;
        w->state->unnamed = false;
    } else if (w->requeues && w->state && why == -ERESTARTNOINTR) {
        why = -EWOULDBLOCK; /* the word that it waited for first has changed: a new start would find just that */
    }
    rcu_read_lock();
    if (w->granted && why)
        next = pi_hand_over_locked(w->state, true);
    futex_unlink_locked(&w->q, b);
    if (w->state)
        changed = pi_leave_locked(w);
    futex_unlock(b);
    if (next)
        wake_up_state(next, TASK_NORMAL);
    rcu_read_unlock();
    pi_follow_put(changed);
    return why;
}

/* ---- lock ---- */

/* One try, the bucket's lock held. PI_TAKEN, PI_BUSY: w waits, -errno of pi_claim_locked, -EWOULDBLOCK of a try-lock. */
static int lock_locked(struct pi_claim *c, struct pi_waiter *w, struct pi_state **spare, bool try)
{
    int ret = pi_claim_locked(c, *spare);

    if (ret != PI_BUSY)
        return ret;
    if (try)
        return -EWOULDBLOCK;
    futex_link_locked(&w->q, c->bucket);
    if (pi_wait_locked(c->state, w) < 0) {
        futex_unlink_locked(&w->q, c->bucket);
        return pi_owner_gone_locked(c);
    }
    if (c->state == *spare)
        *spare = NULL;
    return PI_BUSY;
}

static int lock_once(u32 __user *uaddr, unsigned flags, struct pi_waiter *w, struct pi_state **spare, bool try)
{
    struct pi_claim c = {.uaddr = uaddr, .task = current};
    int ret = futex_get_key(uaddr, flags, &w->q.key);

    if (ret)
        return ret;
    c.key = w->q.key;
    c.bucket = futex_get_bucket(&c.key);
    if (!c.bucket)
        return -ENOMEM;
    futex_lock(c.bucket);
    ret = lock_locked(&c, w, spare, try);
    futex_unlock(c.bucket);
    if (ret == PI_SHUT)
        pi_await_open(c.word);
    if (ret == PI_SHUT || (ret == -EFAULT && !futex_fault_in(uaddr)))
        return PI_RETRY;
    return ret;
}

/* w waits; for a lock as on Linux without slack. */
static int wait_for_lock(struct pi_waiter *w, u32 __user *uaddr, s64 deadline_ns)
{
    int why = pi_check_deadlock(current, NULL);

    if (!why)
        why = pi_sleep(w, deadline_ns, 0) ? -ETIMEDOUT : -ERESTARTNOINTR;
    return pi_finish(w, uaddr, why);
}

int futex_lock_pi(u32 __user *uaddr, unsigned flags, s64 deadline_ns, bool try)
{
    struct pi_state *spare = kmalloc(sizeof(*spare), GFP_KERNEL);
    struct pi_waiter w = {.q.task = current};
    int ret;

    if (!spare)
        return -ENOMEM;
    do {
        ret = lock_once(uaddr, flags, &w, &spare, try);
    } while (ret == PI_RETRY && !fatal_signal_pending(current));
    kfree(spare);
    if (ret == PI_BUSY)
        return wait_for_lock(&w, uaddr, deadline_ns);
    return ret > 0 ? 0 : ret; /* PI_RETRY: it is killed, whatever this says */
}

/* ---- unlock ---- */

/* 0, PI_RETRY, -EINVAL, -EPERM, -EFAULT. *next: to be woken after the unlock. */
static int unlock_locked(u32 __user *uaddr, struct futex_bucket *b, const struct futex_key *key, struct task_struct **next)
{
    struct pi_state *s = pi_state_find_locked(b, key);
    struct pi_waiter *top;
    u32 seen;
    int err = read_word(uaddr, &seen);

    if (err)
        return err;
    if ((seen & FUTEX_TID_MASK) != (u32)current->pid)
        return -EPERM;
    if (IS_ERR(s) || (s && s->owner != current))
        return -EINVAL;
    top = s ? pi_top_locked(s) : NULL;
    err = change_word(uaddr, seen, top ? (u32)top->q.task->pid | FUTEX_WAITERS : 0); /* PI4 */
    if (!err && top)
        *next = pi_hand_over_locked(s, false);
    return err;
}

/* One section from the hand-over to the wake-up: what the caller was lent goes back when the new owner is awake already. */
static int unlock_once(u32 __user *uaddr, struct futex_bucket *b, const struct futex_key *key)
{
    struct task_struct *next = NULL;
    int err;

    rcu_read_lock();
    futex_lock(b);
    err = unlock_locked(uaddr, b, key, &next);
    futex_unlock(b);
    if (next)
        wake_up_state(next, TASK_NORMAL);
    rcu_read_unlock();
    return err;
}

int futex_unlock_pi(u32 __user *uaddr, unsigned flags)
{
    struct futex_bucket *b;
    struct futex_key key;
    u32 seen;
    int err;

    if (!access_ok(uaddr, sizeof(*uaddr)) || get_user(seen, uaddr))
        return -EFAULT;
    if ((seen & FUTEX_TID_MASK) != (u32)current->pid)
        return -EPERM;
    err = futex_get_key(uaddr, flags, &key);
    if (err)
        return err;
    b = futex_get_bucket(&key);
    if (!b)
        return -ENOMEM;
    do {
        err = unlock_once(uaddr, b, &key);
        if (err == -EFAULT && !futex_fault_in(uaddr))
            err = PI_RETRY;
    } while (err == PI_RETRY);
    return err;
}

/* ---- the owner ends ---- */

/* Hands one lock of t over. False: it has none for which somebody waits. The gate is closed before the first look: what has
 * waiters then is handed over, and nothing comes after it. */
static bool hand_over_one(struct task_struct *t)
{
    struct futex_bucket *b, *same = NULL;
    struct task_struct *next = NULL;
    struct pi_loan *loan;

    rcu_read_lock(); /* F9 */
    if (!sched_first_loan(t, true, &b)) {
        rcu_read_unlock();
        return false;
    }
    futex_lock(b);
    loan = sched_first_loan(t, false, &same); /* its waiters may have left before b was locked */
    if (loan && same == b)
        next = pi_hand_over_locked(container_of(loan, struct pi_state, loan), true);
    futex_unlock(b);
    if (next)
        wake_up_state(next, TASK_NORMAL);
    rcu_read_unlock();
    return true;
}

void futex_pi_release(struct task_struct *t)
{
    bool closed = false;

    while (hand_over_one(t))
        closed = true;
    if (closed)
        wake_up_all(&gate_waits);
}
