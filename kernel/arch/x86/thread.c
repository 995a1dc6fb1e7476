/*
 * The C part of the context switch and the first frame of a task. Runs with interrupts off; must not touch
 * anything of prev after its state is saved except what the switch tail hands on.
 */
#include "kernel/arch/x86/cpu.h"
#include "kernel/arch/x86/desc.h"
#include "kernel/arch/x86/fpu.h"
#include "kernel/arch/x86/switch.h"
#include "kernel/arch/x86/traps.h"
#include "kernel/arch/x86/uaccess.h"
#include "kernel/lib/string.h"
#include "kernel/syscall/syscalls.h"
#include "kernel/task/process.h"

#define ARCH_SET_GS 0x1001
#define ARCH_SET_FS 0x1002
#define ARCH_GET_FS 0x1003
#define ARCH_GET_GS 0x1004

/* What switch_to_asm pops: the order of its pushes. */
struct switch_frame {
    unsigned long r15, r14, r13, r12, bx, bp, ret;
};

DEFINE_PER_CPU(struct task_struct *, current_task, ANYWHERE);

static __always_inline unsigned long rdfsbase(void)
{
    unsigned long v;

    __asm__ volatile("rdfsbase %0" : "=r"(v));
    return v;
}

static __always_inline void wrfsbase(unsigned long v)
{
    __asm__ volatile("wrfsbase %0" ::"r"(v));
}

/* The user's GS base while in the kernel; interrupts off. NMIs do not trust the GS base. */
static __always_inline unsigned long rd_user_gsbase(void)
{
    unsigned long v;

    __asm__ volatile("swapgs; rdgsbase %0; swapgs" : "=r"(v)::"memory");
    return v;
}

static __always_inline void wr_user_gsbase(unsigned long v)
{
    __asm__ volatile("swapgs; wrgsbase %0; swapgs" ::"r"(v) : "memory");
}

/* Without FSGSBASE. */
static void save_bases_slow(struct thread_struct *prev)
{
    prev->fs_base = rdmsr(MSR_FS_BASE);
    prev->gs_base = rdmsr(MSR_KERNEL_GS_BASE);
}

static void load_bases_slow(const struct thread_struct *next)
{
    wrmsr(MSR_FS_BASE, next->fs_base);
    wrmsr(MSR_KERNEL_GS_BASE, next->gs_base);
}

/*
 * Kernel threads have no user state: the registers keep that of the last user task, which costs nothing if
 * it comes back. User mode may have changed the bases itself, by WRFSBASE or by loading a selector, so they are read back. The selectors
 * are not switched: what counts is the bases.
 */
struct task_struct *__switch_to(struct task_struct *prev, struct task_struct *next);
struct task_struct *__switch_to(struct task_struct *prev, struct task_struct *next)
{
    unsigned long top = (unsigned long)next->stack + KSTACK_SIZE, fs, gs;

    this_cpu_write(current_task, next);
    this_cpu_write(kstack_top, top);
    this_cpu_write(cpu_tss.rsp[0], top);
    if (likely(prev->thread.fpu))
        fpu_save(prev->thread.fpu);
    if (likely(cpu_has.fsgsbase)) {
        prev->thread.fs_base = fs = rdfsbase();
        prev->thread.gs_base = gs = rd_user_gsbase();
        if (unlikely(!next->thread.fpu))
            return prev;
        if (next->thread.fs_base != fs)
            wrfsbase(next->thread.fs_base);
        if (unlikely(next->thread.gs_base != gs))
            wr_user_gsbase(next->thread.gs_base);
    } else {
        save_bases_slow(&prev->thread);
        if (!next->thread.fpu)
            return prev;
        load_bases_slow(&next->thread);
    }
    fpu_switch_in(&next->thread);
    return prev;
}

static unsigned long current_fs_base(void)
{
    return cpu_has.fsgsbase ? rdfsbase() : rdmsr(MSR_FS_BASE);
}

static unsigned long current_gs_base(void)
{
    unsigned long flags, v;

    if (!cpu_has.fsgsbase)
        return rdmsr(MSR_KERNEL_GS_BASE);
    flags = local_irq_save();
    v = rd_user_gsbase();
    local_irq_restore(flags);
    return v;
}

static void set_current_bases(unsigned long fs, unsigned long gs)
{
    unsigned long flags = local_irq_save();

    current->thread.fs_base = fs;
    current->thread.gs_base = gs;
    if (cpu_has.fsgsbase) {
        wrfsbase(fs);
        wr_user_gsbase(gs);
    } else {
        load_bases_slow(&current->thread);
    }
    local_irq_restore(flags);
}

int copy_thread(struct task_struct *child, unsigned long user_sp, bool set_tls, unsigned long tls,
                int (*fn)(void *), void *arg)
{
    struct pt_regs *regs = task_pt_regs(child);
    struct switch_frame *frame = (struct switch_frame *)regs - 1;

    if (set_tls && tls >= TASK_SIZE) /* as arch_prctl: the switch would fault at one that is not canonical */
        return -EPERM;
    *frame = (struct switch_frame){.bx = (u64)fn, .r12 = (u64)arg, .ret = (u64)ret_from_fork};
    child->sp = (unsigned long)frame;
    child->thread.fpu = NULL;
    child->thread.gs_base = 0;
    child->thread.fs_base = 0;
    if (fn) {
        memset(regs, 0, sizeof(*regs));
        return 0;
    }
    *regs = *current_pt_regs();
    regs->ax = 0;
    if (user_sp)
        regs->sp = user_sp;
    child->thread.fs_base = set_tls ? tls : current_fs_base();
    child->thread.gs_base = current_gs_base();
    return fpu_fork(child);
}

void exit_thread(struct task_struct *t)
{
    fpu_free(t);
}

int start_thread(unsigned long ip, unsigned long sp)
{
    struct pt_regs *regs = current_pt_regs();
    int err = fpu_exec_reset();

    if (err)
        return err;
    memset(regs, 0, sizeof(*regs));
    regs->orig_ax = -1;
    regs->ip = ip;
    regs->sp = sp;
    regs->cs = USER_CS;
    regs->ss = USER_DS;
    regs->flags = X86_EFLAGS_IF;
    set_current_bases(0, 0);
    force_full_return();
    return 0;
}

long sys_arch_prctl(int option, unsigned long addr)
{
    switch (option) {
    case ARCH_SET_FS:
    case ARCH_SET_GS:
        if (addr >= TASK_SIZE)
            return -EPERM;
        set_current_bases(option == ARCH_SET_FS ? addr : current_fs_base(),
                          option == ARCH_SET_GS ? addr : current_gs_base());
        return 0;
    case ARCH_GET_FS:
        return put_user(current_fs_base(), (unsigned long __user *)addr);
    case ARCH_GET_GS:
        return put_user(current_gs_base(), (unsigned long __user *)addr);
    }
    return -EINVAL;
}

void thread_call_first(struct task_struct *child, int (*fn)(void *))
{
    struct switch_frame *frame = (struct switch_frame *)child->sp;

    frame->bx = (u64)fn;
}
