/*
 * User FPU state. While a task with thread.fpu runs, the registers hold its state (the kernel itself never
 * uses them); the switch saves with XSAVEOPT and restores unless the CPU still has it. Kernel threads have
 * thread.fpu == NULL and cost nothing.
 */
#pragma once
#include "kernel/arch/x86/cpu.h"
#include "kernel/arch/x86/thread.h"
#include "kernel/lib/types.h"
#include "percpu/percpu.h"

struct task_struct;

void fpu_init(void);                            /* after the slab works: cache of state areas */
int fpu_fork(struct task_struct *child);        /* copies current's registers; 0, -ENOMEM */
int fpu_exec_reset(void);                       /* current gets the initial state; 0, -ENOMEM */
void fpu_free(struct task_struct *t);           /* no CPU may run t any more */

/* Signal frames: Linux's layout (FXSAVE area, software bytes with FP_XSTATE_MAGIC1, XSAVE part, MAGIC2).
 * buf is 64-byte aligned user memory of fpu_sigframe_bytes(). 0, -EFAULT, -EINVAL, -ENOMEM. */
size_t fpu_sigframe_bytes(void);
int fpu_save_to_user(void __user *buf);
void fpu_enter_handler(void);                   /* current, whose state is in the frame, gets the initial one, as on Linux */
int fpu_restore_from_user(const void __user *buf); /* NULL: initial state */

/* NOIRQ: whose state this CPU's registers hold, if that task's fpu_last_cpu agrees. */
DECLARE_PER_CPU(struct fpu_state *, fpu_owner);

static __always_inline void fpu_save(void *area)
{
    if (likely(cpu_has.xsaveopt))
        __asm__ volatile("xsaveopt64 (%0)" ::"r"(area), "a"(-1), "d"(-1) : "memory");
    else if (cpu_has.xsave)
        __asm__ volatile("xsave64 (%0)" ::"r"(area), "a"(-1), "d"(-1) : "memory");
    else
        __asm__ volatile("fxsave64 (%0)" ::"r"(area) : "memory");
}

static __always_inline void fpu_load(const void *area)
{
    if (likely(cpu_has.xsave))
        __asm__ volatile("xrstor64 (%0)" ::"r"(area), "a"(-1), "d"(-1) : "memory");
    else
        __asm__ volatile("fxrstor64 (%0)" ::"r"(area) : "memory");
}

/* The switch, interrupts off: next is a user task. */
static __always_inline void fpu_switch_in(struct thread_struct *next)
{
    u32 cpu = smp_processor_id();

    if (this_cpu_read(fpu_owner) == next->fpu && next->fpu_last_cpu == cpu)
        return;
    fpu_load(next->fpu);
    this_cpu_write(fpu_owner, next->fpu);
    next->fpu_last_cpu = cpu;
}
