/* rseq.h: restartable sequences (rseq(2)), what the rest of the kernel calls. A task without a registered area pays nothing: the scheduler
 * learns of an area by a bit of a word that it tests at every switch anyway (RQ_TASK_NOTED), and then sets TIF_RSEQ. */
#pragma once
#include "kernel/task/process.h"

struct pt_regs;

/* Offsets in the registered area: the layout of the ABI. */
#define RSEQ_FLAGS      16
#define RSEQ_SLICE_CTRL 28
/* In its flags, for the thread to read. */
#define RSEQ_FLAG_SLICE_AVAILABLE 0x10u
#define RSEQ_FLAG_SLICE_ENABLED   0x20u

/* current, on its way to user mode with TIF_RSEQ, interrupts on: a critical section that was interrupted goes on at its abort address, and
 * the area says on which CPU the task is. A bad area or section raises SIGSEGV. */
void rseq_return_to_user(struct pt_regs *regs);
/* The same for syscall_return_slow: interrupts off at call and return. */
void rseq_return_from_syscall(struct pt_regs *regs);
/* current is about to get a frame for signal sig over regs. */
void rseq_deliver(struct pt_regs *regs, int sig);
void rseq_inherit(struct task_struct *child);
void rseq_forget(void);

/* rseq_slice.c, by exit_to_user_work() and prctl(2). */
bool rseq_slice_extends(const struct pt_regs *regs, u32 work);
bool rseq_slice_is_over(const struct pt_regs *regs, u32 work);
void rseq_slice_revoke(void);
long rseq_slice_control(u64 what, u64 flags);

static inline void rseq_signal(struct pt_regs *regs, int sig)
{
    if (unlikely(current->rseq))
        rseq_deliver(regs, sig);
}

/* After sched_fork(). A child of the same space has to register its own. */
static inline void rseq_fork(struct task_struct *child, u64 clone_flags)
{
    child->rseq = NULL;
    child->slice_enabled = false;
    if (unlikely(current->rseq) && !(clone_flags & CLONE_VM))
        rseq_inherit(child);
}

/* exec: the new program has registered nothing. */
static inline void rseq_exec(void)
{
    if (current->rseq)
        rseq_forget();
}
