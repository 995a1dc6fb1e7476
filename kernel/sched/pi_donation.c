/* pi_donation.c: what waiters lend to the owner of their lock, as the scheduler sees it: sums under the owner's attr_lock, which the CPU
 * that owns the task takes over on request, as it does a change of policy (policy.c). Must never touch a run queue. */
#include "kernel/sched/rq.h"
#include "kernel/lib/errno.h"

/* Without what it is lent. A deadline that is not taken over yet is counted from now; the idle policy is as the least nice. */
static s64 own_standing_locked(const struct task_struct *t)
{
    if (t->policy == SCHED_IDLE)
        return STANDING_OF_PRIO + NICE_TO_PRIO(MAX_NICE);
    if (t->policy != SCHED_DEADLINE)
        return STANDING_OF_PRIO + sched_normal_prio(t);
    return t->dl.changed ? ktime_get_ns() + (s64)t->dl.deadline_ns : READ_ONCE(t->dl.abs_deadline_ns);
}

s64 sched_standing(struct task_struct *t)
{
    s64 standing;

    spin_lock(&t->se.attr_lock);
    standing = min(own_standing_locked(t), t->pi.lent);
    spin_unlock(&t->se.attr_lock);
    return standing;
}

static void move_loan_locked(struct task_struct *t, struct pi_loan *loan, s64 standing)
{
    if (loan->node.link) {
        if (loan->node.expires_ns == standing)
            return;
        timer_heap_remove(&t->pi.loans, &loan->node);
    }
    if (standing == STANDING_NONE)
        return;
    loan->node.expires_ns = standing;
    timer_heap_insert(&t->pi.loans, &loan->node);
}

/* Does t run otherwise with `lent` than with `before`? A lent deadline counts even if its own is earlier: its budget no longer ends it. */
static bool makes_a_difference(const struct task_struct *t, s64 before, s64 lent)
{
    s64 own = own_standing_locked(t);

    return min(own, before) != min(own, lent) || (before != lent && min(before, lent) < STANDING_OF_PRIO);
}

int sched_lend(struct task_struct *t, struct pi_loan *loan, s64 standing)
{
    s64 before;
    bool changed;

    spin_lock(&t->se.attr_lock);
    if (unlikely(t->pi.gate != PI_OPEN) && standing != STANDING_NONE && !loan->node.link) {
        spin_unlock(&t->se.attr_lock);
        return -ESRCH;
    }
    before = t->pi.lent;
    move_loan_locked(t, loan, standing);
    t->pi.lent = t->pi.loans.root ? t->pi.loans.root->expires_ns : STANDING_NONE;
    changed = makes_a_difference(t, before, t->pi.lent);
    spin_unlock(&t->se.attr_lock);
    if (changed)
        sched_request_policy(t);
    return changed;
}

struct pi_loan *sched_first_loan(struct task_struct *t, bool release, struct futex_bucket **bucket)
{
    struct pi_loan *loan = NULL;

    spin_lock(&t->se.attr_lock);
    if (t->pi.loans.root) {
        loan = container_of(t->pi.loans.root, struct pi_loan, node);
        *bucket = loan->bucket;
    }
    if (release)
        t->pi.gate = t->flags & PF_EXITING ? PI_ENDED : loan ? PI_CLOSED : PI_OPEN;
    spin_unlock(&t->se.attr_lock);
    return loan;
}
