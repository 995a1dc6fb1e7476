/* rseq.c: restartable sequences (rseq(2)): a thread's area in user memory that says on which CPU it runs, and critical sections that are
 * taken back when the thread lost its CPU or got a signal inside one. Owns sys_rseq and everything that is done on the way to user mode;
 * kernel/sched says when (sched_note_switches). The area is current's alone; all here runs in current, where page faults may be served.
 * What is read there is user data: it may be anything, at any time. */
#include "kernel/task/rseq.h"
#include "kernel/arch/x86/irqflags.h"
#include "kernel/arch/x86/ptregs.h"
#include "kernel/arch/x86/smp.h"
#include "kernel/arch/x86/uaccess.h"
#include "kernel/sched/sched.h"
#include "kernel/signal/signal.h"
#include "kernel/syscall/syscalls.h"

#define RSEQ_FLAG_UNREGISTER      1
#define RSEQ_CPU_ID_UNINITIALIZED ((u32)-1)

/* The layout of the ABI; 32 bytes, aligned so. */
struct user_rseq {
    u32 cpu_id_start, cpu_id;
    u64 rseq_cs;
    u32 flags, node_id, mm_cid, slice_ctrl;
} __aligned(32);
_Static_assert(sizeof(struct user_rseq) == 32, "struct rseq");
_Static_assert(offsetof(struct user_rseq, flags) == RSEQ_FLAGS && offsetof(struct user_rseq, slice_ctrl) == RSEQ_SLICE_CTRL, "struct rseq");

struct rseq_section {
    u32 version, flags;
    u64 start_ip, post_commit_offset, abort_ip;
} __aligned(32);

static bool in_section(const struct rseq_section *s, u64 ip)
{
    return ip - s->start_ip < s->post_commit_offset;
}

/* The signature must stand before the abort handler, so that no other code can be made one. 0, -EFAULT, -EINVAL. */
static int check_section(const struct rseq_section *s)
{
    u64 end = s->start_ip + s->post_commit_offset;
    u32 sig;

    if (s->start_ip >= TASK_SIZE || end >= TASK_SIZE || s->abort_ip >= TASK_SIZE || s->version)
        return -EINVAL;
    if (end < s->start_ip || in_section(s, s->abort_ip))
        return -EINVAL;
    if (get_user(sig, (u32 __user *)(s->abort_ip - sizeof(sig))))
        return -EFAULT;
    return sig == current->rseq_sig ? 0 : -EINVAL;
}

/* Flags once said "do not restart"; Linux 6.0 took them back, and any is an error where a restart is due. */
static int restart(struct user_rseq __user *area, const struct rseq_section *s, struct pt_regs *regs)
{
    u32 flags;

    if (get_user(flags, &area->flags))
        return -EFAULT;
    if (s->flags || flags & ~(RSEQ_FLAG_SLICE_AVAILABLE | RSEQ_FLAG_SLICE_ENABLED))
        return -EINVAL;
    if (put_user((u64)0, &area->rseq_cs))
        return -EFAULT;
    regs->ip = s->abort_ip;
    return 0;
}

static int leave_section(struct user_rseq __user *area, struct pt_regs *regs)
{
    struct rseq_section s;
    u64 at;
    int err;

    if (get_user(at, &area->rseq_cs))
        return -EFAULT;
    if (likely(!at))
        return 0;
    if (at >= TASK_SIZE)
        return -EINVAL;
    if (copy_from_user(&s, (void __user *)at, sizeof(s)))
        return -EFAULT;
    err = check_section(&s);
    if (err)
        return err;
    if (in_section(&s, regs->ip))
        return restart(area, &s, regs);
    return put_user((u64)0, &area->rseq_cs); /* it has left the section itself */
}

/* Moved away meanwhile, the task comes here again: TIF_RSEQ is set anew. */
static int tell_cpu(struct user_rseq __user *area)
{
    u32 cpu = smp_processor_id();

    return put_user(cpu, &area->cpu_id_start) || put_user(cpu, &area->cpu_id) ? -EFAULT : 0;
}

void rseq_deliver(struct pt_regs *regs, int sig)
{
    struct user_rseq __user *area = current->rseq;

    clear_work(TIF_RSEQ);
    if (leave_section(area, regs) || tell_cpu(area))
        force_sigsegv(sig);
}

void rseq_return_to_user(struct pt_regs *regs)
{
    if (likely(current->rseq))
        rseq_deliver(regs, 0);
    else
        clear_work(TIF_RSEQ); /* unregistered since */
}

void rseq_return_from_syscall(struct pt_regs *regs)
{
    local_irq_enable();
    rseq_return_to_user(regs);
    local_irq_disable();
}

static void set_area(struct task_struct *t, void __user *area, u32 sig)
{
    t->rseq = area;
    t->rseq_sig = sig;
    sched_note_switches(t, area != NULL);
    if (area)
        set_tsk_work(t, TIF_RSEQ);
}

void rseq_inherit(struct task_struct *child)
{
    child->slice_enabled = current->slice_enabled;
    set_area(child, current->rseq, current->rseq_sig);
}

void rseq_forget(void)
{
    current->slice_enabled = false;
    if (atomic_load_relaxed(&current->work) & TIF_SLICE)
        clear_work(TIF_SLICE); /* whoever was put off waits for the timer at most */
    set_area(current, NULL, 0);
}

/* current's area is the one that the caller names? 0, -EINVAL, -EPERM. */
static int same_area(const void __user *area, u32 len, u32 sig)
{
    if (current->rseq != area || len != sizeof(struct user_rseq))
        return -EINVAL;
    return current->rseq_sig == sig ? 0 : -EPERM;
}

static long unregister(struct user_rseq __user *area, u32 len, u32 sig)
{
    int err = current->rseq ? same_area(area, len, sig) : -EINVAL;

    if (err)
        return err;
    if (put_user(0u, &area->cpu_id_start) || put_user(RSEQ_CPU_ID_UNINITIALIZED, &area->cpu_id))
        return -EFAULT;
    rseq_forget();
    return 0;
}

long sys_rseq(void __user *area, unsigned len, int flags, unsigned sig)
{
    if (flags == RSEQ_FLAG_UNREGISTER)
        return unregister(area, len, sig);
    if (flags)
        return -EINVAL;
    if (current->rseq)
        return same_area(area, len, sig) ?: -EBUSY;
    if ((u64)area % _Alignof(struct user_rseq) || len != sizeof(struct user_rseq))
        return -EINVAL;
    if (!access_ok(area, len))
        return -EFAULT;
    if (put_user(RSEQ_FLAG_SLICE_AVAILABLE, (u32 __user *)(area + RSEQ_FLAGS)))
        return -EFAULT;
    set_area(current, area, sig);
    return 0;
}
