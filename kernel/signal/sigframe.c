/*
 * sigframe.c: the signal frame on the user stack, byte for byte Linux's x86-64 struct rt_sigframe,
 * and the way back from it. Owns the alternate stack as well. Everything read from a frame is
 * checked: user mode can put anything there.
 */
#include "kernel/arch/x86/asm_offsets.h"
#include "kernel/arch/x86/cpu.h"
#include "kernel/arch/x86/fpu.h"
#include "kernel/arch/x86/ptregs.h"
#include "kernel/arch/x86/traps.h"
#include "kernel/lib/string.h"
#include "kernel/arch/x86/uaccess.h"
#include "kernel/signal/signal.h"
#include "kernel/syscall/syscalls.h"

#define UC_FP_XSTATE           1u
#define UC_SIGCONTEXT_SS       2u
#define UC_STRICT_RESTORE_SS   4u
#define SS_ONSTACK             1
#define SS_DISABLE             2
#define SS_AUTODISARM          (1u << 31)
#define MINSIGSTKSZ            2048
#define RED_ZONE               128
#define FLAGS_RESTORED         0x050dd5UL /* AC RF OF DF TF SF ZF AF PF CF: Linux's */
#define FLAGS_CLEARED_AT_ENTRY 0x10500UL  /* DF, TF, RF */

struct user_stack {
    u64 ss_sp;
    int ss_flags;
    u32 pad;
    u64 ss_size;
};
struct user_sigcontext {
    u64 r8, r9, r10, r11, r12, r13, r14, r15, di, si, bp, bx, dx, ax, cx, sp, ip, flags;
    u16 cs, gs, fs, ss;
    u64 err, trapno, oldmask, cr2, fpstate, reserved[8];
};
struct user_ucontext {
    u64 uc_flags, uc_link;
    struct user_stack uc_stack;
    struct user_sigcontext uc_mcontext;
    sigset_t uc_sigmask;
};
struct rt_sigframe {
    u64 pretcode;
    struct user_ucontext uc;
    siginfo_t info;
};
_Static_assert(sizeof(struct user_sigcontext) == 256, "sigcontext");
_Static_assert(sizeof(struct rt_sigframe) == 440, "rt_sigframe");
_Static_assert(sizeof(siginfo_t) == 128, "siginfo");

static bool on_altstack(unsigned long sp)
{
    if (current->sas_ss_flags & SS_AUTODISARM)
        return false;
    return sp > current->sas_ss_sp && sp - current->sas_ss_sp <= current->sas_ss_size;
}

static int altstack_flags(unsigned long sp)
{
    if (!current->sas_ss_size)
        return SS_DISABLE;
    return on_altstack(sp) ? SS_ONSTACK : 0;
}

static void save_altstack(struct user_stack *to, unsigned long sp)
{
    to->ss_sp = current->sas_ss_sp;
    to->ss_flags = (int)((unsigned)altstack_flags(sp) | (current->sas_ss_flags & SS_AUTODISARM));
    to->pad = 0;
    to->ss_size = current->sas_ss_size;
}

static void fill_context(struct user_sigcontext *c, const struct pt_regs *r)
{
    *c = (struct user_sigcontext){
        .r8 = r->r8,
        .r9 = r->r9,
        .r10 = r->r10,
        .r11 = r->r11,
        .r12 = r->r12,
        .r13 = r->r13,
        .r14 = r->r14,
        .r15 = r->r15,
        .di = r->di,
        .si = r->si,
        .bp = r->bp,
        .bx = r->bx,
        .dx = r->dx,
        .ax = r->ax,
        .cx = r->cx,
        .sp = r->sp,
        .ip = r->ip,
        .flags = r->flags,
        .cs = (u16)r->cs,
        .ss = (u16)r->ss,
        .err = current->thread.error_code,
        .trapno = current->thread.trap_nr,
        .cr2 = current->thread.cr2,
        .oldmask = current->blocked,
    };
}

/* Where the frame goes: below the red zone of the interrupted code, or on the alternate stack. 0:
 * it does not fit there. */
static unsigned long frame_address(const struct ksignal *ksig, const struct pt_regs *regs,
                                   unsigned long *fpstate)
{
    unsigned long sp = regs->sp - RED_ZONE;
    bool nested = on_altstack(regs->sp), entering = false;

    if ((ksig->ka.sa_flags & SA_ONSTACK) && !nested && current->sas_ss_size) {
        sp = current->sas_ss_sp + current->sas_ss_size;
        entering = true;
    }
    *fpstate = ALIGN_DOWN(sp - fpu_sigframe_bytes(), 64);
    sp = ALIGN_DOWN(*fpstate - sizeof(struct rt_sigframe), 16) - 8;
    if ((nested || entering) &&
        (sp <= current->sas_ss_sp || sp - current->sas_ss_sp > current->sas_ss_size))
        return 0;
    return sp;
}

static sigset_t mask_to_restore(void)
{
    return atomic_load_relaxed(&current->work) & TIF_RESTORE_SIGMASK ? current->saved_sigmask
                                                                     : current->blocked;
}

static void enter_handler(const struct ksignal *ksig, struct pt_regs *regs, unsigned long sp)
{
    struct rt_sigframe __user *frame = (struct rt_sigframe __user *)sp;

    regs->di = (unsigned long)ksig->sig;
    regs->ax = 0;
    regs->si = (unsigned long)&frame->info;
    regs->dx = (unsigned long)&frame->uc;
    regs->ip = (unsigned long)ksig->ka.sa_handler;
    regs->sp = sp;
    regs->cs = USER_CS;
    regs->ss = USER_DS;
    regs->flags &= ~FLAGS_CLEARED_AT_ENTRY;
    if (current->sas_ss_flags & SS_AUTODISARM) {
        current->sas_ss_sp = current->sas_ss_size = 0;
        current->sas_ss_flags = SS_DISABLE;
    }
}

int setup_rt_frame(struct ksignal *ksig, struct pt_regs *regs)
{
    unsigned long fpstate, sp = frame_address(ksig, regs, &fpstate);
    struct rt_sigframe f;

    if (!sp || !(ksig->ka.sa_flags & SA_RESTORER) || fpu_save_to_user((void __user *)fpstate))
        return -EFAULT;
    f.pretcode = (u64)ksig->ka.sa_restorer;
    f.uc.uc_flags = UC_SIGCONTEXT_SS | UC_STRICT_RESTORE_SS | (cpu_has.xsave ? UC_FP_XSTATE : 0);
    f.uc.uc_link = 0;
    save_altstack(&f.uc.uc_stack, regs->sp);
    fill_context(&f.uc.uc_mcontext, regs);
    f.uc.uc_mcontext.fpstate = fpstate;
    f.uc.uc_sigmask = mask_to_restore();
    f.info = ksig->info;
    if (copy_to_user((void __user *)sp, &f, sizeof(f)))
        return -EFAULT;
    enter_handler(ksig, regs, sp);
    fpu_enter_handler();
    return 0;
}

static void restore_context(struct pt_regs *r, const struct user_sigcontext *c)
{
    r->r8 = c->r8, r->r9 = c->r9, r->r10 = c->r10, r->r11 = c->r11;
    r->r12 = c->r12, r->r13 = c->r13, r->r14 = c->r14, r->r15 = c->r15;
    r->di = c->di, r->si = c->si, r->bp = c->bp, r->bx = c->bx;
    r->dx = c->dx, r->ax = c->ax, r->cx = c->cx, r->sp = c->sp, r->ip = c->ip;
    r->flags = (r->flags & ~FLAGS_RESTORED) | (c->flags & FLAGS_RESTORED) | X86_EFLAGS_IF;
    r->cs = c->cs | 3; /* wild selectors fault at IRET, which bad_iret() turns into SIGSEGV */
    r->ss = c->ss | 3;
    r->orig_ax = (unsigned long)-1;
}

static void set_altstack(const struct user_stack *ss)
{
    current->sas_ss_sp = ss->ss_sp;
    current->sas_ss_size = ss->ss_size;
    current->sas_ss_flags = (unsigned)ss->ss_flags;
}

static void restore_altstack(const struct user_stack *ss, unsigned long sp)
{
    unsigned mode = (unsigned)ss->ss_flags & ~SS_AUTODISARM;

    if (on_altstack(sp) || (mode && mode != SS_ONSTACK && mode != SS_DISABLE))
        return;
    if (mode == SS_DISABLE)
        set_altstack(&(struct user_stack){.ss_flags = SS_DISABLE});
    else if (ss->ss_size >= MINSIGSTKSZ)
        set_altstack(ss);
}

long sys_rt_sigreturn(void)
{
    struct pt_regs *regs = current_pt_regs();
    struct rt_sigframe __user *frame = (struct rt_sigframe __user *)(regs->sp - 8);
    struct user_ucontext uc;

    current->restart.fn = NULL;
    force_full_return();
    if (copy_from_user(&uc, &frame->uc, sizeof(uc)))
        goto bad;
    set_current_blocked(uc.uc_sigmask);
    restore_context(regs, &uc.uc_mcontext);
    if (fpu_restore_from_user((void __user *)uc.uc_mcontext.fpstate))
        goto bad;
    restore_altstack(&uc.uc_stack, regs->sp);
    return (long)regs->ax;
bad:
    force_sig(SIGSEGV);
    return 0;
}

long sys_sigaltstack(const void __user *uss, void __user *uoss)
{
    unsigned long sp = current_pt_regs()->sp;
    struct user_stack old, ss;
    unsigned mode;

    save_altstack(&old, sp);
    if (uss) {
        if (copy_from_user(&ss, uss, sizeof(ss)))
            return -EFAULT;
        if (on_altstack(sp))
            return -EPERM;
        mode = (unsigned)ss.ss_flags & ~SS_AUTODISARM;
        if (mode != SS_DISABLE && mode != SS_ONSTACK && mode != 0)
            return -EINVAL;
        if (mode == SS_DISABLE)
            ss.ss_size = ss.ss_sp = 0;
        else if (ss.ss_size < MINSIGSTKSZ)
            return -ENOMEM;
        set_altstack(&ss);
    }
    return uoss && copy_to_user(uoss, &old, sizeof(old)) ? -EFAULT : 0;
}
