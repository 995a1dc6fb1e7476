/* abi_trap.c: what the processor raises in user mode, registers over signals, switches and forks, and hostile signal frames. */
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <ucontext.h>

#include "tests/guest/abi.h"

#define ARCH_SET_GS 0x1001
#define ARCH_SET_FS 0x1002
#define ARCH_GET_FS 0x1003
#define ARCH_GET_GS 0x1004

static sigjmp_buf back;
static siginfo_t info;
static volatile long trap_nr, trap_err, trap_ip;

static void on_trap(int sig, siginfo_t *si, void *uc)
{
    mcontext_t *m = &((ucontext_t *)uc)->uc_mcontext;

    (void)sig;
    info = *si;
    trap_nr = m->gregs[REG_TRAPNO];
    trap_err = m->gregs[REG_ERR];
    trap_ip = m->gregs[REG_RIP];
    siglongjmp(back, 1);
}

static void catch_all(void)
{
    static const int signals[] = {SIGFPE, SIGTRAP, SIGILL, SIGSEGV, SIGBUS};
    struct sigaction sa = {.sa_sigaction = on_trap, .sa_flags = SA_SIGINFO | SA_NODEFER};

    for (unsigned i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
        CHECK(sigaction(signals[i], &sa, NULL) == 0);
}

/* Runs the statement; it must raise a signal. */
#define RAISES(signal, code, statement)                 \
    do {                                                \
        catch_all();                                    \
        memset(&info, 0, sizeof(info));                 \
        if (!sigsetjmp(back, 1)) {                      \
            statement;                                  \
        }                                               \
        EQ(info.si_signo, signal);                      \
        EQ(info.si_code, code);                         \
    } while (0)

TEST(trap, divide_error)
{
    RAISES(SIGFPE, FPE_INTDIV, __asm__ volatile("xorl %%ecx, %%ecx; movl $1, %%eax; cltd; idivl %%ecx" ::: "eax", "ecx", "edx"));
    EQ(info.si_addr, trap_ip);
    EQ(trap_nr, 0);
}

TEST(trap, breakpoint)
{
    RAISES(SIGTRAP, SI_KERNEL, __asm__ volatile("int3"));
    EQ(trap_nr, 3);
}

TEST(trap, invalid_opcode)
{
    RAISES(SIGILL, ILL_ILLOPN, __asm__ volatile("ud2"));
    EQ(info.si_addr, trap_ip);
    EQ(trap_nr, 6);
}

TEST(trap, privileged_instructions)
{
    RAISES(SIGSEGV, SI_KERNEL, __asm__ volatile("hlt"));
    EQ(trap_nr, 13);
    RAISES(SIGSEGV, SI_KERNEL, __asm__ volatile("cli"));
    RAISES(SIGSEGV, SI_KERNEL, __asm__ volatile("movq %%cr3, %%rax" ::: "rax"));
    RAISES(SIGSEGV, SI_KERNEL, __asm__ volatile("inb $0x60, %%al" ::: "eax"));
    RAISES(SIGSEGV, SI_KERNEL, __asm__ volatile("xorl %%ecx, %%ecx; rdmsr" ::: "eax", "ecx", "edx"));
    EQ(info.si_addr, 0);
}

TEST(trap, non_canonical_address)
{
    RAISES(SIGSEGV, SI_KERNEL, *(volatile char *)0x8000000000000000ul = 1);
    EQ(info.si_addr, 0);
}

TEST(trap, page_faults)
{
    char *p = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    RAISES(SIGSEGV, SEGV_ACCERR, *(volatile char *)(p + 5) = 1);
    EQ(info.si_addr, p + 5);
    EQ(trap_nr, 14);
    EQ(trap_err & 6, 6);
    RAISES(SIGSEGV, SEGV_MAPERR, *(volatile char *)16 = 1);
    EQ(info.si_addr, 16);
    EQ(trap_err & 7, 6);
    RAISES(SIGSEGV, SEGV_MAPERR, (void)*(volatile char *)0xffffffff80100000ul);
    EQ(info.si_addr, 0xffffffff80100000ul);
    RAISES(SIGSEGV, SEGV_ACCERR, ((void (*)(void))p)());
    EQ(info.si_addr, p);
    EQ(trap_ip, p);
}

TEST(trap, single_step)
{
    RAISES(SIGTRAP, TRAP_TRACE, __asm__ volatile("pushfq; orq $0x100, (%%rsp); popfq; nop; nop" ::: "memory", "cc"));
    EQ(trap_nr, 1);
}

TEST(trap, x87_error)
{
    unsigned short control = 0x37f & ~4u;
    double zero = 0, one = 1;

    RAISES(SIGFPE, FPE_FLTDIV, __asm__ volatile("fninit; fldcw %0; fldl %1; fdivl %2; fwait"
                                                ::"m"(control), "m"(one), "m"(zero)));
    EQ(trap_nr, 16);
    __asm__ volatile("fninit");
}

TEST(trap, handler_goes_on_behind_the_instruction)
{
    long before = 7, after;

    struct sigaction ign = {.sa_handler = SIG_DFL};
    sigaction(SIGTRAP, &ign, NULL);
    catch_all();
    if (!sigsetjmp(back, 1))
        __asm__ volatile("int3");
    __asm__ volatile("movq %1, %0" : "=r"(after) : "r"(before));
    EQ(after, 7);
}

/* ---- registers ---- */

static void load_xmm(unsigned long v)
{
    __asm__ volatile("movq %0, %%xmm6; movq %0, %%xmm15; movq %0, %%mm3" ::"r"(v) : "xmm6", "xmm15");
}

static int xmm_is(unsigned long v)
{
    unsigned long a, b, c;

    __asm__ volatile("movq %%xmm6, %0; movq %%xmm15, %1; movq %%mm3, %2" : "=r"(a), "=r"(b), "=r"(c));
    return a == v && b == v && c == v;
}

TEST(registers, survive_switches_and_migration)
{
    int ok = 1, status;
    cpu_set_t all;

    CHECK(sched_getaffinity(0, sizeof(all), &all) == 0);
    for (int child = 0; child < 6; child++) {
        if (fork())
            continue;
        load_xmm(0x1111111111111111ul * (child + 1));
        for (int i = 0; i < 400; i++) {
            cpu_set_t one;

            CPU_ZERO(&one);
            CPU_SET((i + child) % CPU_COUNT(&all), &one);
            if (i % 8 == 0)
                syscall(SYS_sched_setaffinity, 0, sizeof(one), &one);
            syscall(SYS_sched_yield);
            if (!xmm_is(0x1111111111111111ul * (child + 1)))
                _exit(1);
        }
        _exit(0);
    }
    while (wait(&status) > 0)
        ok &= status == 0;
    CHECK(ok);
}

TEST(registers, fork_copies_the_float_state)
{
    int status;
    pid_t pid;

    load_xmm(0xabcdef);
    pid = syscall(SYS_fork);
    if (pid == 0)
        syscall(SYS_exit, !xmm_is(0xabcdef));
    CHECK(xmm_is(0xabcdef));
    CHECK(waitpid(pid, &status, 0) == pid);
    EQ(status, 0);
}

static void spoil_floats(int sig)
{
    unsigned mxcsr = 0x1fc0;

    (void)sig;
    __asm__ volatile("ldmxcsr %0; pxor %%xmm6, %%xmm6; pxor %%xmm15, %%xmm15; pxor %%mm3, %%mm3" ::"m"(mxcsr) : "xmm6", "xmm15");
}

TEST(registers, handlers_do_not_spoil_the_float_state)
{
    struct sigaction sa = {.sa_handler = spoil_floats};
    unsigned mxcsr;

    CHECK(sigaction(SIGUSR1, &sa, NULL) == 0);
    load_xmm(0x123456789);
    syscall(SYS_tkill, syscall(SYS_gettid), SIGUSR1);
    CHECK(xmm_is(0x123456789));
    __asm__ volatile("stmxcsr %0" : "=m"(mxcsr));
    EQ(mxcsr & 0x40, 0);
}

TEST(registers, system_calls_keep_all_but_three)
{
    unsigned long in[6] = {11, 12, 13, 14, 15, 16}, out[6];
    register long r10 __asm__("r10") = in[0];
    register long r8 __asm__("r8") = in[1];
    register long r9 __asm__("r9") = in[2];
    register long r12 __asm__("r12") = in[3];
    register long r15 __asm__("r15") = in[4];
    long rdx = in[5], rax = SYS_getppid;

    __asm__ volatile("syscall" : "+a"(rax), "+r"(r10), "+r"(r8), "+r"(r9), "+r"(r12), "+r"(r15), "+d"(rdx)::"rcx", "r11", "memory");
    out[0] = r10, out[1] = r8, out[2] = r9, out[3] = r12, out[4] = r15, out[5] = rdx;
    EQ(rax, getppid());
    EQ(memcmp(in, out, sizeof(in)), 0);
}

static void *own_tls(void *arg)
{
    static __thread long mine;

    for (int i = 0; i < 300; i++) {
        mine = (long)arg;
        sched_yield();
        if (mine != (long)arg)
            return (void *)1;
    }
    return NULL;
}

TEST(registers, each_thread_has_its_fs_base)
{
    pthread_t threads[4];
    void *result;

    for (long i = 0; i < 4; i++)
        EQ(pthread_create(&threads[i], NULL, own_tls, (void *)(i + 1)), 0);
    for (int i = 0; i < 4; i++) {
        EQ(pthread_join(threads[i], &result), 0);
        EQ(result, 0);
    }
}

TEST(arch_prctl, gs_base_survives_switches)
{
    static long area[4] = {0x5678};
    unsigned long got;
    long word;

    EQ(syscall(SYS_arch_prctl, ARCH_SET_GS, area), 0);
    if (!fork()) {
        for (int i = 0; i < 50; i++)
            sched_yield();
        __asm__ volatile("movq %%gs:0, %0" : "=r"(word));
        _exit(word != 0x5678);
    }
    for (int i = 0; i < 50; i++)
        sched_yield();
    __asm__ volatile("movq %%gs:0, %0" : "=r"(word));
    EQ(word, 0x5678);
    EQ(syscall(SYS_arch_prctl, ARCH_GET_GS, &got), 0);
    EQ(got, area);
    int status;
    CHECK(wait(&status) > 0);
    EQ(status, 0);
}

TEST(arch_prctl, EPERM_and_EINVAL)
{
    FAILS(syscall(SYS_arch_prctl, ARCH_SET_FS, 0xffff800000000000ul), EPERM);
    FAILS(syscall(SYS_arch_prctl, 0x9999, 0), EINVAL);
    FAILS(syscall(SYS_arch_prctl, ARCH_GET_FS, BAD_ADDRESS), EFAULT);
}

/* ---- signal frames that lie ---- */

static long bad_ip, bad_cs, bad_ss, bad_flags;

static void spoil_frame(int sig, siginfo_t *si, void *uc)
{
    mcontext_t *m = &((ucontext_t *)uc)->uc_mcontext;

    (void)sig, (void)si;
    if (bad_ip)
        m->gregs[REG_RIP] = bad_ip;
    if (bad_cs)
        m->gregs[REG_CSGSFS] = bad_cs | bad_ss << 48;
    if (bad_flags)
        m->gregs[REG_EFL] |= bad_flags;
}

static int dies_of(int fpu)
{
    pid_t pid = fork();
    int status;

    if (pid == 0) {
        struct sigaction sa = {.sa_sigaction = spoil_frame, .sa_flags = SA_SIGINFO};
        (void)fpu;
        sigaction(SIGUSR1, &sa, NULL);
        syscall(SYS_tkill, syscall(SYS_gettid), SIGUSR1);
        _exit(0);
    }
    waitpid(pid, &status, 0);
    return WIFSIGNALED(status) ? WTERMSIG(status) : -WEXITSTATUS(status);
}

TEST(rt_sigreturn, to_a_non_canonical_address_kills)
{
    bad_ip = 0x800000000000l;
    EQ(dies_of(0), SIGSEGV);
    bad_ip = 0x7fffffffffff;
    EQ(dies_of(0), SIGSEGV);
    bad_ip = (long)0xffffffff80100000ul;
    EQ(dies_of(0), SIGSEGV);
}

TEST(rt_sigreturn, with_wild_selectors_kills)
{
    bad_ss = 0x2b;
    bad_cs = 0x1234;
    EQ(dies_of(0), SIGSEGV);
}

TEST(rt_sigreturn, cannot_set_privileged_flags)
{
    bad_flags = 0x3000;                 /* IOPL */
    EQ(dies_of(0), 0);
}

static void spoil_floats_frame(int sig, siginfo_t *si, void *uc)
{
    mcontext_t *m = &((ucontext_t *)uc)->uc_mcontext;

    (void)sig, (void)si;
    memset(m->fpregs, 0xff, 512);
}

TEST(rt_sigreturn, float_garbage_does_no_harm)
{
    struct sigaction sa = {.sa_sigaction = spoil_floats_frame, .sa_flags = SA_SIGINFO};
    pid_t pid = fork();
    int status;

    if (pid == 0) {
        sigaction(SIGUSR1, &sa, NULL);
        syscall(SYS_tkill, syscall(SYS_gettid), SIGUSR1);
        _exit(0);
    }
    EQ(waitpid(pid, &status, 0), pid);
    CHECK(status == 0 || WIFSIGNALED(status));
}

/* ---- the float state in handlers ---- */

static unsigned short handler_control;
static unsigned handler_mxcsr;
static volatile long double product;

static void compute(int sig)
{
    volatile long double a = 1.5L, b = 2.25L;

    (void)sig;
    __asm__ volatile("fnstcw %0; stmxcsr %1" : "=m"(handler_control), "=m"(handler_mxcsr));
    product = a * b;
}

static void take_SIGUSR1(void (*handler)(int))
{
    struct sigaction sa = {.sa_handler = handler};

    EQ(sigaction(SIGUSR1, &sa, NULL), 0);
    EQ(syscall(SYS_tkill, syscall(SYS_gettid), SIGUSR1), 0);
}

TEST(registers, a_handler_begins_with_a_fresh_float_state)
{
    unsigned short control = 0x0b7f, after; /* rounds up */
    unsigned mxcsr = 0x7f80;                /* towards zero */
    double sum;

    __asm__ volatile("fninit; fldcw %0; ldmxcsr %1" ::"m"(control), "m"(mxcsr));
    __asm__ volatile("fld1; fld1; fld1; fld1; fld1; fld1; fld1; fld1");
    take_SIGUSR1(compute);
    __asm__ volatile("faddp; faddp; faddp; faddp; faddp; faddp; faddp; fstpl %0; fnstcw %1; stmxcsr %2; fninit"
                     : "=m"(sum), "=m"(after), "=m"(mxcsr));
    EQ(after, control);
    EQ(mxcsr & 0xffc0, 0x7f80);
    EQ(sum, 8);
    EQ(handler_control, 0x37f);
    EQ(handler_mxcsr, 0x1f80);
    EQ(product * 1000, 3375);
}

TEST(registers, a_handler_may_use_x87_while_MMX_is_in_use)
{
    unsigned long mm;

    __asm__ volatile("movq %0, %%mm3" ::"r"(0x1234567812345678ul));
    take_SIGUSR1(compute);
    __asm__ volatile("movq %%mm3, %0; emms" : "=r"(mm));
    EQ(mm, 0x1234567812345678ul);
    EQ(product * 1000, 3375);
}

TEST(registers, denormals_are_zeros_over_a_handler)
{
    unsigned mxcsr = 0x1fc0;

    __asm__ volatile("ldmxcsr %0" ::"m"(mxcsr));
    take_SIGUSR1(compute);
    __asm__ volatile("stmxcsr %0" : "=m"(mxcsr));
    EQ(mxcsr & 0xffc0, 0x1fc0);
}

#define SOFTWARE_ZEROS 484 /* to 511: behind what the software bytes of the FXSAVE area say */

static volatile int dirty;

static void spoil_software_bytes(int sig, siginfo_t *si, void *uc)
{
    unsigned char *area = (unsigned char *)((ucontext_t *)uc)->uc_mcontext.fpregs;

    (void)sig, (void)si;
    for (int i = SOFTWARE_ZEROS; i < 512; i++) {
        dirty += area[i] != 0;
        area[i] = 0x5a;
    }
}

TEST(rt_sigreturn, a_frame_shows_nothing_of_another_task)
{
    struct sigaction sa = {.sa_sigaction = spoil_software_bytes, .sa_flags = SA_SIGINFO};

    EQ(sigaction(SIGUSR1, &sa, NULL), 0);
    for (int i = 0; i < 50; i++) {
        pid_t pid;

        syscall(SYS_tkill, syscall(SYS_gettid), SIGUSR1);
        EQ(dirty, 0);
        pid = fork();
        if (!pid) {
            syscall(SYS_tkill, syscall(SYS_gettid), SIGUSR1);
            _exit(dirty != 0);
        }
        abi_reap(pid, 0);
    }
}

static void set_nested_task(int sig, siginfo_t *si, void *uc)
{
    (void)sig, (void)si;
    ((ucontext_t *)uc)->uc_mcontext.gregs[REG_EFL] |= 0x4000;
}

TEST(rt_sigreturn, does_not_set_the_nested_task_flag)
{
    struct sigaction sa = {.sa_sigaction = set_nested_task, .sa_flags = SA_SIGINFO};
    unsigned long flags;

    EQ(sigaction(SIGUSR1, &sa, NULL), 0);
    syscall(SYS_tkill, syscall(SYS_gettid), SIGUSR1);
    __asm__ volatile("pushfq; popq %0" : "=r"(flags)::"memory");
    EQ(flags & 0x4000, 0);
}

static void nothing(int sig)
{
    (void)sig;
}

/* The number of a call is an int: the upper half of RAX is nobody's. */
TEST(read, restarts_whatever_the_upper_half_of_the_number)
{
    struct sigaction sa = {.sa_handler = nothing, .sa_flags = SA_RESTART};
    long rax = (long)(0xffffffff00000000ul | SYS_read);
    pid_t self = getpid(), pid;
    char c = 0;
    int p[2];

    EQ(sigaction(SIGUSR1, &sa, NULL), 0);
    EQ(pipe(p), 0);
    pid = fork();
    if (!pid) {
        abi_await_state(self, "S");
        kill(self, SIGUSR1);
        abi_sleep_ms(50);
        _exit(write(p[1], "x", 1) != 1);
    }
    __asm__ volatile("syscall" : "+a"(rax) : "D"(p[0]), "S"(&c), "d"(1) : "rcx", "r11", "memory");
    EQ(rax, 1);
    EQ(c, 'x');
    abi_reap(pid, 0);
}

/* ---- bases that selectors change ---- */

#define CLONE_SETTLS_ 0x80000
static const unsigned long wild[] = {0x7ffffffff000, 0x800000000000, 0xffff800000000000, ~0ul};

TEST(clone, EPERM_for_a_wild_tls)
{
    for (unsigned i = 0; i < sizeof(wild) / sizeof(wild[0]); i++) {
        unsigned long args[8] = {[0] = CLONE_SETTLS_, [4] = SIGCHLD, [7] = wild[i]};

        FAILS(syscall(SYS_clone, CLONE_SETTLS_ | SIGCHLD, 0, NULL, NULL, wild[i]), EPERM);
        FAILS(syscall(435 /* clone3 */, args, sizeof(args)), EPERM);
    }
}

/* Loads a selector into FS, which makes its base 0, yields n times and puts the base back. What ARCH_GET_FS said meanwhile. */
static unsigned long yield_with_selector(unsigned long base, unsigned long n)
{
    unsigned long seen = 1;

    __asm__ volatile("movl $0x2b, %%eax\n\tmovl %%eax, %%fs\n"
                     "1:\tmovl $24, %%eax\n\tsyscall\n\tdecq %[n]\n\tjnz 1b\n\t"
                     "movl $158, %%eax\n\tmovl $0x1003, %%edi\n\tmovq %[seen], %%rsi\n\tsyscall\n\t"
                     "movl $158, %%eax\n\tmovl $0x1002, %%edi\n\tmovq %[base], %%rsi\n\tsyscall"
                     : [n] "+&r"(n)
                     : [seen] "r"(&seen), [base] "r"(base)
                     : "rax", "rcx", "rdi", "rsi", "r11", "memory");
    return seen;
}

TEST(arch_prctl, a_selector_in_fs_is_no_other_tasks)
{
    unsigned long base, word, start;
    cpu_set_t one;
    pid_t pid;

    CPU_ZERO(&one);
    CPU_SET(0, &one);
    EQ(syscall(SYS_sched_setaffinity, 0, sizeof(one), &one), 0);
    EQ(syscall(SYS_arch_prctl, ARCH_GET_FS, &base), 0);
    start = *(unsigned long *)base;
    pid = fork();
    if (!pid)
        _exit(yield_with_selector(base, 300) != 0);
    for (int i = 0; i < 300; i++) {
        syscall(SYS_sched_yield);
        __asm__ volatile("movq %%fs:0, %0" : "=r"(word));
        EQ(word, start);
    }
    abi_reap(pid, 0);
}
