/*
 * The C side of the exceptions in entry.S. May run with the interrupts of the interrupted code; user traps
 * turn interrupts on before they send a signal. NMI and double fault handlers must not take locks.
 */
#include "kernel/arch/x86/traps.h"
#include "kernel/arch/x86/cpu.h"
#include "kernel/arch/x86/extable.h"
#include "kernel/arch/x86/irq.h"
#include "kernel/debug/assert.h"
#include "kernel/mm/mm.h"
#include "kernel/signal/signal.h"

#define FPE_FLTDIV 3
#define FPE_FLTOVF 4
#define FPE_FLTUND 5
#define FPE_FLTRES 6
#define FPE_FLTINV 7

void show_regs(const struct pt_regs *r)
{
    printk(LOG_EMERG, "cpu %u pid %d %s\n", smp_processor_id(), current ? current->pid : 0,
           current ? current->comm : "");
    printk(LOG_EMERG, "rip %04lx:%016lx rsp %04lx:%016lx flags %08lx %pS\n", r->cs, r->ip, r->ss, r->sp,
           r->flags, user_mode(r) ? NULL : (void *)r->ip);
    printk(LOG_EMERG, "rax %016lx rbx %016lx rcx %016lx rdx %016lx\n", r->ax, r->bx, r->cx, r->dx);
    printk(LOG_EMERG, "rsi %016lx rdi %016lx rbp %016lx r8  %016lx\n", r->si, r->di, r->bp, r->r8);
    printk(LOG_EMERG, "r9  %016lx r10 %016lx r11 %016lx r12 %016lx\n", r->r9, r->r10, r->r11, r->r12);
    printk(LOG_EMERG, "r13 %016lx r14 %016lx r15 %016lx\n", r->r13, r->r14, r->r15);
    printk(LOG_EMERG, "cr0 %08lx cr2 %016lx cr3 %016lx cr4 %08lx gs %016lx\n", read_cr0(), read_cr2(),
           read_cr3(), read_cr4(), rdmsr(MSR_GS_BASE));
}

__noreturn void die(const struct pt_regs *regs, const char *what, unsigned long error)
{
    printk(LOG_EMERG, "%s, error %lx\n", what, error);
    show_regs(regs);
    panic("%s in the kernel at %pS", what, (void *)regs->ip);
}

static void user_trap(struct pt_regs *regs, const char *what, unsigned nr, unsigned long error, int sig,
                      int code, unsigned long addr)
{
    if (!user_mode(regs)) {
        if (fixup_exception(regs))
            return;
        die(regs, what, error);
    }
    local_irq_enable();
    current->thread.trap_nr = nr;
    current->thread.error_code = error;
    force_sig_fault(sig, code, (void __user *)addr);
}

#define USER_TRAP(name, what, nr, sig, code, addr)                                                 \
    void name(struct pt_regs *regs, unsigned long error);                                          \
    void name(struct pt_regs *regs, unsigned long error)                                           \
    {                                                                                              \
        user_trap(regs, what, nr, error, sig, code, addr);                                         \
    }

USER_TRAP(trap_divide, "divide error", 0, SIGFPE, FPE_INTDIV, regs->ip)
USER_TRAP(trap_int3, "breakpoint", 3, SIGTRAP, SI_KERNEL, 0)
USER_TRAP(trap_overflow, "overflow", 4, SIGSEGV, SI_KERNEL, 0)
USER_TRAP(trap_bounds, "bounds", 5, SIGSEGV, SI_KERNEL, 0)
USER_TRAP(trap_invalid_opcode, "invalid opcode", 6, SIGILL, ILL_ILLOPN, regs->ip)
USER_TRAP(trap_no_fpu, "no FPU", 7, SIGSEGV, SI_KERNEL, 0)
USER_TRAP(trap_segment, "segment not present", 11, SIGBUS, SI_KERNEL, 0)
USER_TRAP(trap_stack_segment, "stack segment fault", 12, SIGBUS, SI_KERNEL, 0)
USER_TRAP(trap_protection, "general protection fault", 13, SIGSEGV, SI_KERNEL, 0)
USER_TRAP(trap_alignment, "alignment check", 17, SIGBUS, BUS_ADRALN, 0)
USER_TRAP(trap_unexpected, "unexpected exception", 15, SIGSEGV, SI_KERNEL, 0)

void trap_page_fault(struct pt_regs *regs, unsigned long error);
void trap_page_fault(struct pt_regs *regs, unsigned long error)
{
    unsigned long address = read_cr2();

    if (regs->flags & X86_EFLAGS_IF)
        local_irq_enable();
    do_page_fault(regs, error, address);
}

static int fpe_code(u32 status)
{
    if (status & BIT(0))
        return FPE_FLTINV;
    if (status & BIT(2))
        return FPE_FLTDIV;
    if (status & BIT(3))
        return FPE_FLTOVF;
    if (status & (BIT(1) | BIT(4)))
        return FPE_FLTUND;
    return status & BIT(5) ? FPE_FLTRES : 0;
}

void trap_fpu_error(struct pt_regs *regs, unsigned long error);
void trap_fpu_error(struct pt_regs *regs, unsigned long error)
{
    u16 control, status;

    __asm__ volatile("fnstcw %0\nfnstsw %1" : "=m"(control), "=m"(status));
    user_trap(regs, "x87 error", 16, error, SIGFPE, fpe_code(status & ~control), regs->ip);
}

void trap_simd_error(struct pt_regs *regs, unsigned long error);
void trap_simd_error(struct pt_regs *regs, unsigned long error)
{
    u32 mxcsr;

    __asm__ volatile("stmxcsr %0" : "=m"(mxcsr));
    user_trap(regs, "SIMD error", 19, error, SIGFPE, fpe_code(~(mxcsr >> 7) & mxcsr), regs->ip);
}

void trap_debug_user(struct pt_regs *regs);
void trap_debug_user(struct pt_regs *regs)
{
    u64 dr6;

    __asm__ volatile("mov %%dr6, %0" : "=r"(dr6));
    __asm__ volatile("mov %0, %%dr6" ::"r"(0xffff0ff0UL));
    current->thread.debugreg[6] = dr6;
    user_trap(regs, "debug", 1, 0, SIGTRAP, dr6 & BIT(14) ? TRAP_TRACE : TRAP_BRKPT, regs->ip);
}

/* The kernel sets no breakpoints; a single step can only have been left over from user mode. */
void trap_debug_kernel(struct pt_regs *regs);
void trap_debug_kernel(struct pt_regs *regs)
{
    __asm__ volatile("mov %0, %%dr6" ::"r"(0xffff0ff0UL));
    regs->flags &= ~BIT(8);
}

void trap_nmi(struct pt_regs *regs);
void trap_nmi(struct pt_regs *regs)
{
    nmi_stop_check(regs);
}

void trap_double_fault(struct pt_regs *regs, unsigned long error);
void trap_double_fault(struct pt_regs *regs, unsigned long error)
{
    die(regs, "double fault (kernel stack overflow?)", error);
}

void trap_machine_check(struct pt_regs *regs, unsigned long error);
void trap_machine_check(struct pt_regs *regs, unsigned long error)
{
    die(regs, "machine check", error);
}

void bad_iret(struct pt_regs *regs);
void bad_iret(struct pt_regs *regs)
{
    local_irq_enable();
    regs->cs = 0x33;
    regs->ss = 0x2b;
    force_sigsegv(SIGSEGV);
}

void force_full_return(void)
{
    set_tsk_work(current, TIF_FULL_RETURN);
}
