/* Futex operations on two words: REQUEUE, CMP_REQUEUE, WAKE_OP. Locks two buckets in address order (F5). */
#include "kernel/lib/err.h"
#include "kernel/arch/x86/uaccess.h"
#include "kernel/sync/futex.h"
#include "lockfree/rcu.h"

void futex_lock_two(struct futex_bucket *x, struct futex_bucket *y)
{
    if (x > y) {
        struct futex_bucket *t = x;

        x = y;
        y = t;
    }
    if (x)
        futex_lock(x);
    if (y && y != x)
        futex_lock(y);
}

void futex_unlock_two(struct futex_bucket *x, struct futex_bucket *y)
{
    if (x)
        futex_unlock(x);
    if (y && y != x)
        futex_unlock(y);
}

/* Moves up to nr waiters of key1 with numbers up to `upto` to key2's bucket. Both locks held. Number moved, -EINVAL: somebody waits there for a PI lock. */
static int move_waiters(struct futex_bucket *b1, const struct futex_key *key1, struct futex_bucket *b2,
                        const struct futex_key *key2, int nr, u64 upto)
{
    struct futex_q *q, *next;
    int moved = 0;

    list_for_each_entry_safe(q, next, &b1->queue, link) {
        if (moved >= nr)
            break;
        if (!futex_key_equal(&q->key, key1) || q->arrival > upto)
            continue;
        if (unlikely(!q->bitset))
            return -EINVAL;
        futex_move_locked(q, b1, b2, key2);
        moved++;
    }
    return moved;
}

/* Both locks held. How many were taken into the batch or moved, -EINVAL. */
static int take_and_move(const struct futex_key key[2], struct futex_bucket *b[2], int *nr_wake, int *nr_requeue, u64 upto,
                         struct futex_wake_batch *batch)
{
    int moved, taken = futex_take_locked(b[0], &key[0], *nr_wake, FUTEX_BITSET_ANY, upto, batch);

    if (unlikely(taken < 0))
        return taken;
    *nr_wake -= taken;
    if (*nr_wake && taken == FUTEX_BATCH)
        return taken;
    moved = move_waiters(b[0], &key[0], b[1], &key[1], *nr_requeue, upto);
    *nr_wake = *nr_requeue = 0;
    return moved < 0 ? moved : taken + moved;
}

/* One locked pass: compares, wakes up to a batch, moves the rest when all wakes are done. The first one sets upto (F7). */
static int requeue_pass(u32 __user *uaddr, const struct futex_key key[2], struct futex_bucket *b[2], int *nr_wake,
                        int *nr_requeue, u64 *upto, const u32 *cmpval)
{
    struct futex_wake_batch batch = { .n = 0 };
    int ret = 0;
    u32 seen;

    rcu_read_lock(); /* F4 */
    futex_lock_two(b[0], b[1]);
    if (cmpval && copy_from_user_nofault(&seen, uaddr, sizeof(seen)))
        ret = -EFAULT;
    else if (cmpval && seen != *cmpval)
        ret = -EAGAIN;
    else if (b[0])
        ret = take_and_move(key, b, nr_wake, nr_requeue, *upto = *upto ? *upto : b[0]->arrivals, &batch);
    futex_unlock_two(b[0], b[1]);
    futex_wake_batch(&batch);
    rcu_read_unlock();
    return ret;
}

int futex_requeue(u32 __user *uaddr, unsigned flags, u32 __user *uaddr2, int nr_wake, int nr_requeue, const u32 *cmpval)
{
    struct futex_bucket *b[2];
    struct futex_key key[2];
    int ret, done = 0;
    u64 upto = 0;
    u32 seen __unused;

    if (nr_wake < 0 || nr_requeue < 0)
        return -EINVAL;
    ret = futex_get_key(uaddr, flags, &key[0]);
    if (!ret)
        ret = futex_get_key(uaddr2, flags, &key[1]);
    if (ret)
        return ret;
    atomic_fence_full(); /* F2 */
    b[0] = futex_find_bucket(&key[0]);
    b[1] = futex_get_bucket(&key[1]);
    if (!b[1])
        return -ENOMEM;
    do {
        ret = requeue_pass(uaddr, key, b, &nr_wake, &nr_requeue, &upto, cmpval);
        if (ret == -EFAULT) {
            if (get_user(seen, uaddr))
                return done ? done : -EFAULT;
            continue;
        }
        if (ret < 0)
            return done && ret != -EINVAL ? done : ret;
        done += ret;
        if (!b[0])
            break;
    } while (ret == -EFAULT || nr_wake || nr_requeue);
    return done;
}

/* futex(2), FUTEX_WAKE_OP: op[31:28], cmp[27:24], oparg[23:12], cmparg[11:0]. */
static bool wake_op_compare(u32 cmp, s32 old, s32 arg)
{
    switch (cmp) {
    case 0:
        return old == arg;
    case 1:
        return old != arg;
    case 2:
        return old < arg;
    case 3:
        return old <= arg;
    case 4:
        return old > arg;
    default:
        return old >= arg;
    }
}

static s32 sign_extend12(u32 v)
{
    return (s32)(v << 20) >> 20;
}

/* Does the operation on *uaddr2 with both locks held and faults off; serves a fault between tries. 0 with locks held and
 * an RCU section open, or -errno with neither. */
static int wake_op_apply(struct futex_bucket *b[2], u32 __user *uaddr2, u32 encoded, u32 *old)
{
    u32 op = (encoded >> 28) & 7, arg = sign_extend12(encoded >> 12);
    int ret;

    if (encoded & 0x80000000u)
        arg = 1u << (arg & 31);
    for (;;) {
        struct page *page;

        rcu_read_lock();
        futex_lock_two(b[0], b[1]);
        pagefault_disable();
        ret = user_atomic_op_u32(uaddr2, op, arg, old);
        pagefault_enable();
        if (!ret)
            return 0;
        futex_unlock_two(b[0], b[1]);
        rcu_read_unlock();
        if (ret != -EFAULT)
            return ret;
        page = get_user_page(current->mm, (u64)uaddr2 & PAGE_MASK, true);
        if (IS_ERR(page))
            return -EFAULT;
        put_page(page);
    }
}

int futex_wake_op(u32 __user *uaddr, unsigned flags, u32 __user *uaddr2, int nr_wake, int nr_wake2, u32 op)
{
    struct futex_wake_batch batch = { .n = 0 };
    struct futex_bucket *b[2];
    struct futex_key key[2];
    int ret, first = 0, second = 0;
    u64 upto[2] = {0, 0};
    bool full;
    u32 old = 0;

    ret = futex_get_key(uaddr, flags, &key[0]);
    if (!ret)
        ret = futex_get_key(uaddr2, flags, &key[1]);
    if (ret)
        return ret;
    if (((op >> 28) & 7) > 4 || ((op >> 24) & 15) > 5)
        return -ENOSYS;
    atomic_fence_full(); /* F2 */
    b[0] = futex_find_bucket(&key[0]);
    b[1] = futex_find_bucket(&key[1]);
    ret = wake_op_apply(b, uaddr2, op, &old);
    if (ret)
        return ret;
    nr_wake = max(nr_wake, 1);
    nr_wake2 = wake_op_compare((op >> 24) & 15, (s32)old, sign_extend12(op)) ? max(nr_wake2, 1) : 0;
    for (int i = 0; i < 2; i++)
        upto[i] = b[i] ? b[i]->arrivals : 0;
    if (b[0])
        ret = first = futex_take_locked(b[0], &key[0], nr_wake, FUTEX_BITSET_ANY, upto[0], &batch);
    if (b[1] && nr_wake2 && ret >= 0) {
        second = futex_take_locked(b[1], &key[1], nr_wake2, FUTEX_BITSET_ANY, upto[1], &batch);
        ret = second < 0 ? second : ret + second;
    }
    full = batch.n == FUTEX_BATCH && ret > 0;
    futex_unlock_two(b[0], b[1]);
    futex_wake_batch(&batch);
    rcu_read_unlock();
    if (unlikely(full)) { /* more than one batch: the operation is done, the rest are plain wakes */
        if (b[0] && first < nr_wake)
            ret += futex_wake_upto(b[0], &key[0], nr_wake - first, FUTEX_BITSET_ANY, upto[0]);
        if (b[1] && second < nr_wake2)
            ret += futex_wake_upto(b[1], &key[1], nr_wake2 - second, FUTEX_BITSET_ANY, upto[1]);
    }
    return ret;
}
