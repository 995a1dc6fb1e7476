/* What a thread leaves behind in user memory when it ends or execs: robust futexes that it holds are marked OWNER_DIED,
 * and the clear_child_tid word is zeroed and woken (set_tid_address(2), get_robust_list(2)). */
#include "kernel/lib/err.h"
#include "kernel/arch/x86/uaccess.h"
#include "kernel/sync/pi_state.h"
#include "kernel/syscall/syscalls.h"
#include "kernel/task/cred.h"
#include "kernel/task/pid.h"
#include "kernel/task/process.h"

#define ROBUST_LIST_LIMIT 2048

struct robust_list {
    struct robust_list __user *next;
};
struct robust_list_head {
    struct robust_list list;
    long futex_offset;
    struct robust_list __user *list_op_pending;
};

/* Marks one word if this thread owns it. False: the memory is not there, stop walking. */
static bool mark_owner_died(u32 __user *uaddr, pid_t tid, bool pi, bool pending)
{
    u32 seen, want;

    if ((u64)uaddr & 3 || get_user(seen, uaddr))
        return false;
    /* An unlocked word with the operation pending: the wake may have been lost between unlock and wake. */
    if (pending && !pi && !seen) {
        futex_wake(uaddr, FLAGS_SHARED, 1, FUTEX_BITSET_ANY);
        return true;
    }
    for (;;) {
        if ((seen & FUTEX_TID_MASK) != (u32)tid)
            return true;
        want = seen;
        if (user_cmpxchg_u32(uaddr, &want, (seen & FUTEX_WAITERS) | FUTEX_OWNER_DIED))
            return false;
        if (want == seen)
            break;
        seen = want;
    }
    if (!pi && (seen & FUTEX_WAITERS))
        futex_wake(uaddr, FLAGS_SHARED, 1, FUTEX_BITSET_ANY);
    return true;
}

/* Low bit of an entry: a PI futex. */
static u32 __user *entry_word(struct robust_list __user *entry, long offset)
{
    return (u32 __user *)(((u64)entry & ~1UL) + offset);
}

static void exit_robust_list(struct task_struct *t)
{
    struct robust_list_head __user *head = t->robust_list;
    struct robust_list __user *entry, *next, *pending;
    unsigned limit = ROBUST_LIST_LIMIT;
    long offset;

    if (get_user(entry, &head->list.next) || get_user(offset, &head->futex_offset) ||
        get_user(pending, &head->list_op_pending))
        return;
    while (((u64)entry & ~1UL) != (u64)&head->list && limit--) {
        struct robust_list __user *at = (struct robust_list __user *)((u64)entry & ~1UL);
        bool more = !get_user(next, &at->next); /* before the word is released: its memory may be reused */

        if (entry != pending && !mark_owner_died(entry_word(entry, offset), t->pid, (u64)entry & 1, false))
            return;
        if (!more)
            return;
        entry = next;
        cond_resched();
    }
    if (pending)
        mark_owner_died(entry_word(pending, offset), t->pid, (u64)pending & 1, true);
}

void futex_exit_release(struct task_struct *t)
{
    int __user *tid = t->clear_child_tid;

    if (!t->mm)
        return;
    if (unlikely(t->robust_list)) {
        exit_robust_list(t);
        t->robust_list = NULL;
    }
    t->clear_child_tid = NULL;
    if (tid && atomic_load_relaxed(&t->mm->users) > 1) {
        if (!put_user(0, tid))
            futex_wake((u32 __user *)tid, FLAGS_SHARED, 1, FUTEX_BITSET_ANY);
    }
}

long sys_set_robust_list(void __user *head, size_t len)
{
    if (len != sizeof(struct robust_list_head))
        return -EINVAL;
    current->robust_list = head;
    return 0;
}

long sys_get_robust_list(int pid, void __user *__user *head, size_t __user *len)
{
    struct task_struct *t = pid ? find_get_task_by_vpid(pid) : current;
    void __user *found;
    bool same;

    if (!t)
        return -ESRCH;
    rcu_read_lock();
    same = t->cred->euid == current_cred()->euid;
    rcu_read_unlock();
    if (!same && !capable(CAP_SYS_PTRACE)) {
        put_task_struct(t);
        return -EPERM;
    }
    found = t->robust_list;
    if (pid)
        put_task_struct(t);
    if (put_user(sizeof(struct robust_list_head), len) || put_user(found, head))
        return -EFAULT;
    return 0;
}
