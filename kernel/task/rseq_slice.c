/* rseq_slice.c: time slice extensions (Linux 6.19's, Documentation/userspace-api/rseq.rst): a thread says in its rseq area that it is in
 * a section in which it should not lose its CPU; when it is about to, it gets SLICE_EXTENSION_NS more and is told so.
 *
 *   state          work & TIF_SLICE   control word of the area          ends by
 *   not granted    0                  request: the thread's             rseq_slice_extends(): a fair task was about to be preempted
 *   granted        1                  0, granted                        rseq_slice_yield(2): the thread is done
 *                                                                       rseq_slice_is_over(): it was switched away, is to be, or is in a call
 *
 *   S1 Only on the way back from an interrupt of user mode, and with nothing else to do there: who is in the kernel goes on or not as ever.
 *   S2 Nobody urgent waits for it (sched_extend_slice): a real-time or deadline task preempts as if nothing was asked.
 *   S3 One extension at a time: what is due after it, its timer or another wake-up, preempts; the word is 0 before user mode sees it again.
 * The control word is user data: a word that does not say just "request" is no request; one that cannot be read without serving a fault, too.
 * All here runs in current. */
#include "kernel/arch/x86/irqflags.h"
#include "kernel/arch/x86/ptregs.h"
#include "kernel/arch/x86/uaccess.h"
#include "kernel/sched/sched.h"
#include "kernel/signal/signal.h"
#include "kernel/syscall/syscalls.h"
#include "kernel/task/rseq.h"

#define SLICE_REQUEST 0x1u
#define SLICE_GRANTED 0x100u

enum { SLICE_GET = 1, SLICE_SET = 2 };
enum { SLICE_ENABLE = 1 };

static u64 switches_of(const struct task_struct *t)
{
    return t->stats.nvcsw + t->stats.nivcsw;
}

static u32 __user *control_word(void)
{
    return (u32 __user *)(current->rseq + RSEQ_SLICE_CTRL);
}

/* Interrupts off at call and return. True: current goes on in user mode, though it was to be preempted. */
bool rseq_slice_extends(const struct pt_regs *regs, u32 work)
{
    u32 word = 0, granted = SLICE_GRANTED;

    if (likely(!current->slice_enabled) || regs->orig_ax != (u64)-1) /* S1 */
        return false;
    if (work & (TIF_NOTIFY | TIF_SIGPENDING | TIF_RESTORE_SIGMASK | TIF_SLICE))
        return false;
    if (copy_from_user_nofault(&word, control_word(), sizeof(word)) || word != SLICE_REQUEST)
        return false;
    if (!sched_extend_slice())
        return false;
    if (copy_to_user_nofault(control_word(), &granted, sizeof(granted))) {
        sched_end_extension();
        return false;
    }
    current->slice_switches = switches_of(current);
    set_tsk_work(current, TIF_SLICE);
    return true;
}

/* With TIF_SLICE, interrupts off at call and return. */
bool rseq_slice_is_over(const struct pt_regs *regs, u32 work)
{
    return need_resched() || regs->orig_ax != (u64)-1 || current->slice_switches != switches_of(current) ||
           work & (TIF_NOTIFY | TIF_SIGPENDING | TIF_RESTORE_SIGMASK);
}

/* The same; interrupts on in between, since the area may have to be paged in. */
void rseq_slice_revoke(void)
{
    clear_work(TIF_SLICE);
    if (current->slice_switches == switches_of(current))
        sched_end_extension();
    local_irq_enable();
    if (current->rseq && put_user(0u, control_word()))
        force_sigsegv(0);
    local_irq_disable();
}

/* The thread is done before its extension was: 1, and whoever waits for the CPU has it. 0: it was not granted, or it was taken back. */
long sys_rseq_slice_yield(void)
{
    bool granted;

    local_irq_disable();
    granted = atomic_load_relaxed(&current->work) & TIF_SLICE && current->slice_switches == switches_of(current);
    if (granted) {
        clear_work(TIF_SLICE);
        sched_end_extension();
    }
    local_irq_enable();
    if (!granted)
        return 0;
    if (put_user(0u, control_word()))
        force_sigsegv(0);
    cond_resched();
    return 1;
}

static int tell_state(bool enabled)
{
    u32 flags = RSEQ_FLAG_SLICE_AVAILABLE | (enabled ? RSEQ_FLAG_SLICE_ENABLED : 0);

    return put_user(flags, (u32 __user *)(current->rseq + RSEQ_FLAGS)) ? -EFAULT : 0;
}

static int set_enabled(bool on)
{
    if (!current->rseq)
        return -ENXIO;
    if (on == current->slice_enabled)
        return 0;
    if (tell_state(on))
        return -EFAULT;
    current->slice_enabled = on;
    return 0;
}

/* prctl(PR_RSEQ_SLICE_EXTENSION). */
long rseq_slice_control(u64 what, u64 flags)
{
    if (what == SLICE_GET)
        return flags ? -EINVAL : current->slice_enabled ? SLICE_ENABLE : 0;
    if (what != SLICE_SET || flags & ~(u64)SLICE_ENABLE)
        return -EINVAL;
    return set_enabled(flags & SLICE_ENABLE);
}
