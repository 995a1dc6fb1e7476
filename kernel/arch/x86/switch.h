/*
 * The context switch and the first stack of a task.
 *
 * switch_to() saves callee-saved registers, stack pointer, FS and GS base and FPU state of prev and loads
 * those of next; it sets current_task. preempt_count is 0 at every switch and so belongs to no task. The caller has interrupts off, has changed CR3 and
 * finishes on next's stack with what switch_to returns (the task that really ran before).
 * A new task starts in ret_from_fork: schedule_tail(prev) of kernel/sched, then user mode or fn(arg).
 */
#pragma once
#include "kernel/task/task.h"

struct task_struct *switch_to_asm(struct task_struct *prev, struct task_struct *next);
#define switch_to(prev, next) switch_to_asm(prev, next)

/*
 * Prepares the stack of a child that never ran: with fn a kernel thread (fn returns only after an exec of
 * its own), else a copy of current's user registers with ax = 0, sp = user_sp if not 0, and FS base tls if
 * set_tls. Copies the FPU state of a user task. 0 or -ENOMEM.
 */
int copy_thread(struct task_struct *child, unsigned long user_sp, bool set_tls, unsigned long tls,
                int (*fn)(void *), void *arg);
/* After copy_thread: a user task calls fn in its own address space before it goes to user mode. */
void thread_call_first(struct task_struct *child, int (*fn)(void *));
void exit_thread(struct task_struct *t);        /* frees what copy_thread allocated */

/* exec: user registers for a new program, FS and GS base 0, FPU reset. 0 or -ENOMEM. */
int start_thread(unsigned long ip, unsigned long sp);

/* kernel/sched: end of a task's first switch. */
void schedule_tail(struct task_struct *prev);
/* kernel/sched: preemption on the way out of an interrupt; interrupts off at call and return. */
void preempt_schedule_irq(void);
