/* kthread.h: kernel threads, and how one is told to stand aside while its CPU is away. */
#pragma once
#include "kernel/task/task.h"

/* Not yet started: wake_up_new_task() does that, and kthread_run() both. ERR_PTR(-ENOMEM), ERR_PTR(-EAGAIN). */
struct task_struct *kthread_create_on_cpu(int (*fn)(void *), void *arg, int cpu, const char *name); /* cpu -1: not bound */
struct task_struct *kthread_run(int (*fn)(void *), void *arg, const char *name);
/* t, not yet started, serves that CPU alone: nobody gives it another mask (PF_NO_SETAFFINITY), not even when the CPU leaves. */
void kthread_bind(struct task_struct *t, unsigned cpu);

/* Asks t, which has been started, to park and waits until it sleeps as TASK_PARKED; from then on only kthread_unpark() wakes it. Bound or
 * not: one that is not bound sleeps wherever it was. 0; -EBUSY: it was asked before and not unparked since; -ENOSYS: it has ended;
 * -EINVAL: t is no thread of kthread_create_on_cpu(). t may be the caller, which then parks at its kthread_parkme(). May sleep. */
int kthread_park(struct task_struct *t);
/* Ends that, also while another waits in kthread_park(), who then returns. Nothing where nobody asked. A bound thread's CPU takes tasks. */
void kthread_unpark(struct task_struct *t);

/* For the thread itself: was it asked? Sleep until unparked, if so; it must hold nothing then. */
bool kthread_should_park(void);
void kthread_parkme(void);
