/*
 * User FPU state. While a task with thread.fpu runs, the registers hold its state (the kernel itself never
 * uses them); the switch saves with XSAVEOPT and restores unless the CPU still has it. Kernel threads have
 * thread.fpu == NULL and cost nothing.
 */
#pragma once
#include "kernel/lib/types.h"

struct task_struct;

void fpu_init(void);                            /* after the slab works: cache of state areas */
int fpu_fork(struct task_struct *child);        /* copies current's registers; 0, -ENOMEM */
int fpu_exec_reset(void);                       /* current gets the initial state; 0, -ENOMEM */
void fpu_free(struct task_struct *t);           /* no CPU may run t any more */

/* Signal frames: Linux's layout (FXSAVE area, software bytes with FP_XSTATE_MAGIC1, XSAVE part, MAGIC2).
 * buf is 64-byte aligned user memory of fpu_sigframe_bytes(). 0, -EFAULT, -EINVAL, -ENOMEM. */
size_t fpu_sigframe_bytes(void);
int fpu_save_to_user(void __user *buf);
int fpu_restore_from_user(const void __user *buf); /* NULL: initial state */

/* The switch, interrupts off. */
void fpu_switch(struct task_struct *prev, struct task_struct *next);
