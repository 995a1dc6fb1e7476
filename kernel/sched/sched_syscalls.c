/* sched_syscalls.c: the scheduling calls. Each checks everything, then commits by a call of policy.c or affinity.c that cannot
 * fail half-way. Must hold no lock over user copies. Sources: sched(7), sched_setattr(2), setpriority(2). */
#include "kernel/lib/err.h"
#include "kernel/arch/x86/uaccess.h"
#include "kernel/sched/rq.h"
#include "kernel/signal/signal.h"
#include "kernel/syscall/syscalls.h"
#include "kernel/task/cred.h"
#include "kernel/task/pid.h"
#include "kernel/time/ktime.h"
#include "kernel/arch/x86/smp.h"

#define SCHED_RESET_ON_FORK 0x40000000
#define SCHED_FLAG_RESET_ON_FORK 0x01
#define SCHED_FLAG_KEEP_POLICY 0x08
#define SCHED_FLAG_KEEP_PARAMS 0x10
#define SCHED_FLAG_UTIL_CLAMP 0x60     /* known, not supported */
#define SCHED_FLAG_SUGOV 0x10000000    /* of Linux's own threads: known, never allowed */
#define DL_FLAGS (SCHED_FLAG_RECLAIM | SCHED_FLAG_DL_OVERRUN)
#define KNOWN_FLAGS                                                                                                        \
    (SCHED_FLAG_RESET_ON_FORK | DL_FLAGS | SCHED_FLAG_KEEP_POLICY | SCHED_FLAG_KEEP_PARAMS | SCHED_FLAG_UTIL_CLAMP | SCHED_FLAG_SUGOV)
#define SCHED_ATTR_SIZE_VER0 48
#define SCHED_ATTR_SIZE_VER1 56 /* with sched_util_min and _max */
#define SLICE_MIN_NS 100000ull
#define SLICE_MAX_NS 100000000ull
#define DL_RUNTIME_MIN_NS 1024ull

struct sched_attr {
    u32 size;
    u32 sched_policy;
    u64 sched_flags;
    s32 sched_nice;
    u32 sched_priority;
    u64 sched_runtime, sched_deadline, sched_period;
    u32 sched_util_min, sched_util_max;
};

/* What a call asks for, checked before anything changes. */
struct policy_request {
    int policy;           /* -1: as it is, and SCHED_FLAG_RESET_ON_FORK too */
    u32 rt_priority;
    u64 flags;            /* SCHED_FLAG_* */
    bool has_fair;        /* nice and slice_ns are given: they count in SCHED_NORMAL and SCHED_BATCH */
    int nice;
    u64 slice_ns;
    u64 runtime_ns, deadline_ns, period_ns;
};

/* Referenced, or NULL. 0 is the caller. */
static struct task_struct *find_target(pid_t pid)
{
    if (pid == 0) {
        get_task_struct(current);
        return current;
    }
    return find_get_task_by_vpid(pid);
}

static bool same_owner(struct task_struct *t)
{
    uid_t euid = current_cred()->euid;
    bool same;

    rcu_read_lock();
    same = t->cred->euid == euid || t->cred->uid == euid;
    rcu_read_unlock();
    return same;
}

static u64 rlimit_of(struct task_struct *t, unsigned resource)
{
    return atomic_load_relaxed(&t->signal->rlim[resource].rlim_cur);
}

static bool policy_is_rt(int policy)
{
    return policy == SCHED_FIFO || policy == SCHED_RR;
}

static bool policy_is_fair(int policy)
{
    return policy == SCHED_NORMAL || policy == SCHED_BATCH || policy == SCHED_IDLE;
}

static bool policy_is_known(int policy)
{
    return policy_is_fair(policy) || policy == SCHED_DEADLINE || policy_is_rt(policy);
}

static bool sets_fair(const struct policy_request *r, int policy)
{
    return r->has_fair && policy_is_fair(policy) && policy != SCHED_IDLE;
}

/* A fair task's own slice, as Linux 6.12 takes it in sched_runtime: 0.1 to 100 ms. */
static u64 clamp_slice(u64 ns)
{
    return ns < SLICE_MIN_NS ? SLICE_MIN_NS : ns > SLICE_MAX_NS ? SLICE_MAX_NS : ns;
}

static bool deadline_is_valid(const struct policy_request *r)
{
    u64 top = 1ull << 63;

    return r->runtime_ns >= DL_RUNTIME_MIN_NS && r->runtime_ns <= r->deadline_ns && r->deadline_ns <= r->period_ns &&
           !((r->deadline_ns | r->period_ns) & top) && r->period_ns >= sched_dl_period_min_us * 1000ull &&
           r->period_ns <= sched_dl_period_max_us * 1000ull;
}

static bool params_are_valid(const struct policy_request *r, int policy, u32 prio)
{
    if (!policy_is_known(policy))
        return false;
    if (policy_is_rt(policy))
        return prio >= 1 && prio < MAX_RT_PRIO;
    return prio == 0 && (policy != SCHED_DEADLINE || r->flags & SCHED_FLAG_SUGOV || deadline_is_valid(r));
}

static bool nice_is_allowed(struct task_struct *t, int nice)
{
    return (u64)(20 - nice) <= rlimit_of(t, RLIMIT_NICE) || capable(CAP_SYS_NICE); /* RLIM_INFINITY is the largest */
}

/* 0, -EPERM. */
static int may_change(struct task_struct *t, const struct policy_request *r, int policy, bool reset)
{
    if (capable(CAP_SYS_NICE))
        return 0;
    if (policy == SCHED_DEADLINE)
        return -EPERM;
    if (sets_fair(r, policy) && r->nice < task_nice(t) && !nice_is_allowed(t, r->nice))
        return -EPERM;
    if (policy_is_rt(policy)) {
        u64 limit = rlimit_of(t, RLIMIT_RTPRIO);

        if (policy != (int)t->policy && !limit)
            return -EPERM;
        if (r->rt_priority > t->rt_priority && r->rt_priority > limit)
            return -EPERM;
    }
    if (t->policy == SCHED_IDLE && policy != SCHED_IDLE && !nice_is_allowed(t, task_nice(t)))
        return -EPERM;
    if (!same_owner(t))
        return -EPERM;
    return t->se.reset_on_fork && !reset ? -EPERM : 0;
}

/* 0, -EINVAL, -EPERM, -EOPNOTSUPP: the first that holds, in Linux's order. */
static int check_request(struct task_struct *t, const struct policy_request *r, int policy, bool reset)
{
    int err;

    if (r->flags & ~(u64)KNOWN_FLAGS || !params_are_valid(r, policy, r->rt_priority))
        return -EINVAL;
    err = may_change(t, r, policy, reset);
    if (err)
        return err;
    if (r->flags & SCHED_FLAG_SUGOV)
        return -EINVAL;
    return r->flags & SCHED_FLAG_UTIL_CLAMP ? -EOPNOTSUPP : 0;
}

/* SCHED_FLAG_KEEP_PARAMS: what t has by its policy is judged in place of what was given; the rest is judged as it was given. */
static void keep_params(struct policy_request *r, const struct task_struct *t)
{
    if (t->policy == SCHED_DEADLINE) {
        r->runtime_ns = t->dl.runtime_ns;
        r->deadline_ns = t->dl.deadline_ns;
        r->period_ns = t->dl.period_ns;
    }
    if (policy_is_fair((int)t->policy))
        r->nice = task_nice(t);
    else
        r->rt_priority = t->rt_priority;
}

/* Nothing but reset-on-fork would change: no budget begins anew, no place in a queue is lost. */
static bool is_as_asked(const struct task_struct *t, const struct policy_request *r, int policy)
{
    if (policy != (int)t->policy)
        return false;
    if (policy == SCHED_DEADLINE)
        return r->runtime_ns == t->dl.runtime_ns && r->deadline_ns == t->dl.deadline_ns && r->period_ns == t->dl.period_ns &&
               (r->flags & DL_FLAGS) == t->dl.flags;
    if (policy_is_rt(policy))
        return r->rt_priority == t->rt_priority;
    return !sets_fair(r, policy) || (r->nice == task_nice(t) && r->slice_ns == t->se.slice_ns);
}

static int store_request(struct task_struct *t, const struct policy_request *r, int policy, bool reset)
{
    return sched_set_policy(t, &(struct sched_policy_change){
                                   .policy = (unsigned)policy,
                                   .rt_priority = r->rt_priority,
                                   .keeps_policy = r->policy < 0,
                                   .reset_on_fork = reset,
                                   .sets_fair = sets_fair(r, policy),
                                   .nice = r->nice,
                                   .slice_ns = r->slice_ns,
                                   .runtime_ns = r->runtime_ns,
                                   .deadline_ns = r->deadline_ns,
                                   .period_ns = r->period_ns,
                                   .dl_flags = r->flags & DL_FLAGS,
                               });
}

/* 0, -EINVAL, -EPERM, -EOPNOTSUPP, -EBUSY, -ESRCH; -EAGAIN: the policy that was to be kept has changed meanwhile. SCHED_FLAG_KEEP_PARAMS
 * keeps the policy too, whichever is named: Linux does so. */
static int change_policy(struct task_struct *t, struct policy_request *r)
{
    bool keeps_policy = r->policy < 0, keeps_params = r->flags & SCHED_FLAG_KEEP_PARAMS;
    bool reset = keeps_policy ? t->se.reset_on_fork : !!(r->flags & SCHED_FLAG_RESET_ON_FORK);
    int policy = keeps_policy ? (int)t->policy : r->policy, err;

    if (keeps_params)
        keep_params(r, t);
    err = check_request(t, r, policy, reset);
    if (!err && task_is_stopper(t))
        err = -EINVAL; /* whoever root may be */
    if (err)
        return err;
    if (!is_as_asked(t, r, policy)) {
        if (policy == SCHED_DEADLINE && !mask_covers_balancing(t->se.cpus_mask))
            return -EPERM; /* with kept parameters, too; what is stored is judged again, under the lock */
        if (!keeps_params)
            return store_request(t, r, policy, reset);
    }
    sched_set_reset_on_fork(t, reset);
    return 0;
}

static int set_policy(pid_t pid, struct policy_request *r)
{
    struct task_struct *t = find_target(pid);
    int err;

    if (!t)
        return -ESRCH;
    do
        err = change_policy(t, r);
    while (err == -EAGAIN);
    put_task_struct(t);
    return err;
}

static long set_scheduler(pid_t pid, int policy, void __user *param)
{
    struct policy_request r = {.policy = policy};
    int prio;

    if (!param || pid < 0)
        return -EINVAL;
    if (copy_from_user(&prio, param, sizeof(prio)))
        return -EFAULT;
    r.rt_priority = (u32)prio; /* a negative one is above all that are valid */
    if (policy >= 0 && policy & SCHED_RESET_ON_FORK) {
        r.flags = SCHED_FLAG_RESET_ON_FORK;
        r.policy = policy & ~SCHED_RESET_ON_FORK;
    }
    return set_policy(pid, &r);
}

long sys_sched_setscheduler(pid_t pid, int policy, void __user *param)
{
    return policy < 0 ? -EINVAL : set_scheduler(pid, policy, param);
}

long sys_sched_setparam(pid_t pid, void __user *param)
{
    return set_scheduler(pid, -1, param);
}

long sys_sched_getscheduler(pid_t pid)
{
    struct task_struct *t;
    long ret;

    if (pid < 0)
        return -EINVAL;
    t = find_target(pid);
    if (!t)
        return -ESRCH;
    ret = (long)t->policy | (t->se.reset_on_fork ? SCHED_RESET_ON_FORK : 0);
    put_task_struct(t);
    return ret;
}

long sys_sched_getparam(pid_t pid, void __user *param)
{
    struct task_struct *t;
    int prio;

    if (!param || pid < 0)
        return -EINVAL;
    t = find_target(pid);
    if (!t)
        return -ESRCH;
    prio = policy_is_rt((int)t->policy) ? (int)t->rt_priority : 0;
    put_task_struct(t);
    return copy_to_user(param, &prio, sizeof(prio)) ? -EFAULT : 0;
}

/* A larger structure is taken when what we do not know is zero, as sched_setattr(2) says. */
static long copy_attr(struct sched_attr *attr, void __user *uattr)
{
    u32 size;

    if (copy_from_user(&size, uattr, sizeof(size)))
        return -EFAULT;
    if (!size)
        size = SCHED_ATTR_SIZE_VER0;
    if (size < SCHED_ATTR_SIZE_VER0 || size > PAGE_SIZE)
        goto too_big;
    *attr = (struct sched_attr){0};
    if (copy_from_user(attr, uattr, min_t(size_t, size, sizeof(*attr))))
        return -EFAULT;
    for (size_t at = sizeof(*attr); at < size; at++) {
        char c;

        if (copy_from_user(&c, (char __user *)uattr + at, 1))
            return -EFAULT;
        if (c)
            goto too_big;
    }
    return attr->sched_flags & SCHED_FLAG_UTIL_CLAMP && size < SCHED_ATTR_SIZE_VER1 ? -EINVAL : 0;
too_big:
    size = sizeof(*attr);
    return copy_to_user(uattr, &size, sizeof(size)) ? -EFAULT : -E2BIG;
}

long sys_sched_setattr(pid_t pid, void __user *uattr, unsigned flags)
{
    struct sched_attr attr;
    struct policy_request r = {0};
    long err;

    if (!uattr || pid < 0 || flags)
        return -EINVAL;
    err = copy_attr(&attr, uattr);
    if (err)
        return err;
    if ((s32)attr.sched_policy < 0)
        return -EINVAL;
    r.policy = attr.sched_flags & SCHED_FLAG_KEEP_POLICY ? -1 : (int)attr.sched_policy;
    r.flags = attr.sched_flags;
    r.rt_priority = attr.sched_priority;
    r.has_fair = true;
    r.nice = attr.sched_nice < MIN_NICE ? MIN_NICE : attr.sched_nice > MAX_NICE ? MAX_NICE : attr.sched_nice;
    r.slice_ns = attr.sched_runtime ? clamp_slice(attr.sched_runtime) : 0;
    r.runtime_ns = attr.sched_runtime;
    r.deadline_ns = attr.sched_deadline;
    r.period_ns = attr.sched_period ? attr.sched_period : attr.sched_deadline;
    return set_policy(pid, &r);
}

long sys_sched_getattr(pid_t pid, void __user *uattr, unsigned size, unsigned flags)
{
    struct sched_attr attr = {0};
    struct task_struct *t;

    if (!uattr || pid < 0 || size > PAGE_SIZE || size < SCHED_ATTR_SIZE_VER0 || flags)
        return -EINVAL;
    t = find_target(pid);
    if (!t)
        return -ESRCH;
    attr.size = min_t(u32, size, sizeof(attr));
    attr.sched_policy = t->policy;
    attr.sched_flags = t->se.reset_on_fork ? SCHED_FLAG_RESET_ON_FORK : 0;
    if (t->policy == SCHED_DEADLINE) {
        attr.sched_runtime = t->dl.runtime_ns;
        attr.sched_deadline = t->dl.deadline_ns;
        attr.sched_period = t->dl.period_ns;
        attr.sched_flags |= t->dl.flags;
    } else if (policy_is_rt((int)t->policy)) {
        attr.sched_priority = t->rt_priority;
    } else {
        attr.sched_nice = task_nice(t);
        attr.sched_runtime = t->se.slice_ns ? t->se.slice_ns : sched_tunables.base_slice_ns;
    }
    attr.sched_util_max = 1024;
    put_task_struct(t);
    return copy_to_user(uattr, &attr, attr.size) ? -EFAULT : 0;
}

long sys_sched_get_priority_max(int policy)
{
    if (policy_is_rt(policy))
        return MAX_RT_PRIO - 1;
    return policy_is_known(policy) ? 0 : -EINVAL;
}

long sys_sched_get_priority_min(int policy)
{
    if (policy_is_rt(policy))
        return 1;
    return policy_is_known(policy) ? 0 : -EINVAL;
}

long sys_sched_rr_get_interval(pid_t pid, struct timespec __user *interval)
{
    struct task_struct *t;
    struct timespec ts = {0};

    if (pid < 0)
        return -EINVAL;
    t = find_target(pid);
    if (!t)
        return -ESRCH;
    if (t->policy == SCHED_RR)
        ts = ns_to_timespec(sched_rr_timeslice_ms * NSEC_PER_MSEC);
    else if (t->policy != SCHED_FIFO && t->policy != SCHED_DEADLINE)
        ts = ns_to_timespec((s64)sched_ns(t->se.slice ? t->se.slice : sched_tunables.base_slice));
    put_task_struct(t);
    return copy_to_user(interval, &ts, sizeof(ts)) ? -EFAULT : 0;
}

long sys_sched_yield(void)
{
    sched_yield_current();
    return 0;
}

/* ---- affinity ---- */

long sys_sched_setaffinity(pid_t pid, unsigned len, unsigned long __user *user_mask)
{
    unsigned long mask[MAX_CPUS / 64] = {0};
    struct task_struct *t;
    int err;

    if (copy_from_user(mask, user_mask, min_t(size_t, len, sizeof(mask))))
        return -EFAULT;
    t = find_target(pid);
    if (!t)
        return -ESRCH;
    if (t->flags & PF_NO_SETAFFINITY)
        err = -EINVAL;
    else if (!same_owner(t) && !capable(CAP_SYS_NICE))
        err = -EPERM;
    else
        err = set_cpus_allowed_ptr(t, mask);
    put_task_struct(t);
    return err;
}

long sys_sched_getaffinity(pid_t pid, unsigned len, unsigned long __user *user_mask)
{
    unsigned long mask[MAX_CPUS / 64];
    size_t bytes = DIV_ROUND_UP(nr_cpu_ids, 64) * 8;
    struct task_struct *t;

    if ((u64)len * 8 < nr_cpu_ids || len & 7)
        return -EINVAL;
    t = find_target(pid);
    if (!t)
        return -ESRCH;
    for (size_t w = 0; w < bytes / 8; w++)
        mask[w] = atomic_load_relaxed(&t->se.cpus_mask[w]) & cpu_active_mask[w];
    put_task_struct(t);
    bytes = min_t(size_t, bytes, len);
    return copy_to_user(user_mask, mask, bytes) ? -EFAULT : (long)bytes;
}

long sys_getcpu(unsigned __user *cpu, unsigned __user *node, void __user *unused)
{
    u32 here = smp_processor_id(), on = (u32)cpu_to_node(here);

    if (cpu && put_user(here, cpu))
        return -EFAULT;
    if (node && put_user(on, node))
        return -EFAULT;
    return 0;
}
