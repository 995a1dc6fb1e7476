/* rseq.h: restartable sequences (rseq(2)), what the rest of the kernel calls. A task without a registered area pays nothing: the scheduler
 * learns of an area by a bit of a word that it tests at every switch anyway (RQ_TASK_NOTED), and then sets TIF_RSEQ. */
#pragma once
#include "kernel/task/process.h"

struct pt_regs;

/* current, on its way to user mode with TIF_RSEQ, interrupts on: a critical section that was interrupted goes on at its abort address, and
 * the area says on which CPU the task is. A bad area or section raises SIGSEGV. */
void rseq_return_to_user(struct pt_regs *regs);
/* The same for syscall_return_slow: interrupts off at call and return. */
void rseq_return_from_syscall(struct pt_regs *regs);
/* current is about to get a frame for signal sig over regs. */
void rseq_deliver(struct pt_regs *regs, int sig);
void rseq_inherit(struct task_struct *child);
void rseq_forget(void);

static inline void rseq_signal(struct pt_regs *regs, int sig)
{
    if (unlikely(current->rseq))
        rseq_deliver(regs, sig);
}

/* After sched_fork(). A child of the same space has to register its own. */
static inline void rseq_fork(struct task_struct *child, u64 clone_flags)
{
    child->rseq = NULL;
    if (unlikely(current->rseq) && !(clone_flags & CLONE_VM))
        rseq_inherit(child);
}

/* exec: the new program has registered nothing. */
static inline void rseq_exec(void)
{
    if (current->rseq)
        rseq_forget();
}
