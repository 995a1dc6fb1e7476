/* abi_signal.c: sending, catching, blocking, waiting, stopping. */
#include <sys/time.h>
#include <ucontext.h>

#include "tests/guest/abi.h"

static volatile sig_atomic_t caught, last, value;
static siginfo_t info;

static void on_signal(int sig)
{
    caught++;
    last = sig;
}

static void on_info(int sig, siginfo_t *si, void *uc)
{
    (void)uc;
    caught++;
    last = sig;
    info = *si;
}

static void handle(int sig, void (*fn)(int), int flags)
{
    struct sigaction sa = {.sa_handler = fn, .sa_flags = flags};
    CHECK(sigaction(sig, &sa, NULL) == 0);
}

static void handle_info(int sig, int flags)
{
    struct sigaction sa = {.sa_sigaction = on_info, .sa_flags = flags | SA_SIGINFO};
    CHECK(sigaction(sig, &sa, NULL) == 0);
}

static sigset_t set_of(int sig)
{
    sigset_t s;
    sigemptyset(&s);
    sigaddset(&s, sig);
    return s;
}

static void alarm_ms(int ms)
{
    struct itimerval it = {{0, 0}, {0, ms * 1000}};
    setitimer(ITIMER_REAL, &it, NULL);
}

TEST(rt_sigaction, handler_runs)
{
    struct sigaction old;
    handle(SIGUSR1, on_signal, 0);
    raise(SIGUSR1);
    EQ(caught, 1);
    EQ(last, SIGUSR1);
    EQ(sigaction(SIGUSR1, NULL, &old), 0);
    CHECK(old.sa_handler == on_signal);
}

TEST(rt_sigaction, errors)
{
    struct sigaction sa = {.sa_handler = SIG_IGN};
    FAILS(sigaction(SIGKILL, &sa, NULL), EINVAL);
    FAILS(syscall(SYS_rt_sigaction, 65, NULL, NULL, 8), EINVAL);
    FAILS(syscall(SYS_rt_sigaction, SIGUSR1, NULL, NULL, 4), EINVAL);
    FAILS(syscall(SYS_rt_sigaction, SIGUSR1, BAD_ADDRESS, NULL, 8), EFAULT);
}

static void nested(int sig)
{
    (void)sig;
    static int depth;
    caught++;
    if (depth++ == 0) {
        raise(SIGUSR1);
        value = caught; /* still 1 when the signal is blocked during its handler */
    }
}

TEST(rt_sigaction, blocked_during_handler)
{
    handle(SIGUSR1, nested, 0);
    raise(SIGUSR1);
    EQ(value, 1);
    EQ(caught, 2);
}

TEST(rt_sigaction, nodefer_and_resethand)
{
    handle(SIGUSR1, nested, SA_NODEFER);
    raise(SIGUSR1);
    EQ(value, 2);
    struct sigaction old;
    handle(SIGUSR2, on_signal, SA_RESETHAND);
    raise(SIGUSR2);
    sigaction(SIGUSR2, NULL, &old);
    CHECK(old.sa_handler == SIG_DFL);
}

TEST(rt_sigaction, siginfo_of_kill)
{
    handle_info(SIGUSR1, 0);
    kill(getpid(), SIGUSR1);
    EQ(info.si_signo, SIGUSR1);
    EQ(info.si_code, SI_USER);
    EQ(info.si_pid, getpid());
    EQ(info.si_uid, 0);
}

TEST(rt_sigreturn, keeps_registers)
{
    double x = 1.25;
    long a = 11, b = 22;
    handle(SIGALRM, on_signal, 0);
    alarm_ms(20);
    long n = 0;
    while (!caught) {
        x = x * 1.0000001;
        a += 1;
        b += 2;
        n++;
    }
    EQ(a, 11 + n);
    EQ(b, 22 + 2 * n);
    CHECK(x > 1.25);
}

static void change_rax(int sig, siginfo_t *si, void *uc)
{
    (void)sig;
    (void)si;
    ((ucontext_t *)uc)->uc_mcontext.gregs[REG_RIP] += 2; /* over the ud2 */
    caught++;
}

TEST(rt_sigreturn, context_is_writable)
{
    struct sigaction sa = {.sa_sigaction = change_rax, .sa_flags = SA_SIGINFO};
    sigaction(SIGILL, &sa, NULL);
    __asm__ volatile("ud2");
    EQ(caught, 1);
}

static volatile int in_handler, order;

static void take_two(int sig, siginfo_t *info, void *context)
{
    (void)context;
    EQ(info->si_errno, 0);
    EQ(in_handler, 0); /* never one within the other */
    in_handler = 1;
    if (sig == SIGUSR1) {
        raise(SIGUSR2);
    }
    order = order * 10 + (sig == SIGUSR1 ? 1 : 2);
    in_handler = 0;
}

/* What sa_mask names waits until the handler has ended. */
TEST(rt_sigaction, mask_holds_while_the_handler_runs)
{
    struct sigaction a = {0};
    a.sa_sigaction = take_two;
    a.sa_flags = SA_SIGINFO;
    sigaddset(&a.sa_mask, SIGUSR2);
    EQ(sigaction(SIGUSR1, &a, NULL), 0);
    sigemptyset(&a.sa_mask);
    EQ(sigaction(SIGUSR2, &a, NULL), 0);
    EQ(raise(SIGUSR1), 0);
    EQ(order, 12);
}

TEST(rt_sigprocmask, blocks_and_unblocks)
{
    sigset_t s = set_of(SIGUSR1), old, pending;
    handle(SIGUSR1, on_signal, 0);
    EQ(sigprocmask(SIG_BLOCK, &s, &old), 0);
    raise(SIGUSR1);
    raise(SIGUSR1);
    EQ(caught, 0);
    EQ(sigpending(&pending), 0);
    CHECK(sigismember(&pending, SIGUSR1));
    EQ(sigprocmask(SIG_SETMASK, &old, NULL), 0);
    EQ(caught, 1);
    FAILS(syscall(SYS_rt_sigprocmask, 9, &s, NULL, 8), EINVAL);
    FAILS(syscall(SYS_rt_sigprocmask, SIG_BLOCK, BAD_ADDRESS, NULL, 8), EFAULT);
}

TEST(rt_sigpending, EFAULT) { FAILS(syscall(SYS_rt_sigpending, BAD_ADDRESS, 8), EFAULT); }

TEST(rt_sigsuspend, waits_with_mask)
{
    sigset_t s = set_of(SIGUSR1), none;
    sigemptyset(&none);
    handle(SIGUSR1, on_signal, 0);
    sigprocmask(SIG_BLOCK, &s, NULL);
    pid_t self = getpid(), pid = fork();
    if (pid == 0) {
        abi_sleep_ms(40);
        kill(self, SIGUSR1);
        _exit(0);
    }
    FAILS(sigsuspend(&none), EINTR);
    EQ(caught, 1);
    sigset_t now;
    sigprocmask(SIG_SETMASK, NULL, &now);
    CHECK(sigismember(&now, SIGUSR1));
    abi_reap(pid, 0);
}

TEST(rt_sigtimedwait, takes_and_times_out)
{
    sigset_t s = set_of(SIGUSR1);
    struct timespec t = {0, 30000000};
    siginfo_t si;
    sigprocmask(SIG_BLOCK, &s, NULL);
    FAILS(sigtimedwait(&s, &si, &t), EAGAIN);
    raise(SIGUSR1);
    EQ(sigtimedwait(&s, &si, &t), SIGUSR1);
    EQ(si.si_signo, SIGUSR1);
    t.tv_nsec = 1000000000;
    FAILS(syscall(SYS_rt_sigtimedwait, &s, &si, &t, 8), EINVAL);
}

TEST(rt_sigqueueinfo, order_and_value)
{
    sigset_t s = set_of(SIGRTMIN);
    siginfo_t si;
    sigprocmask(SIG_BLOCK, &s, NULL);
    for (int i = 0; i < 3; i++) {
        union sigval v = {.sival_int = 10 + i};
        EQ(sigqueue(getpid(), SIGRTMIN, v), 0);
    }
    for (int i = 0; i < 3; i++) {
        EQ(sigwaitinfo(&s, &si), SIGRTMIN);
        EQ(si.si_value.sival_int, 10 + i);
        EQ(si.si_code, SI_QUEUE);
    }
    FAILS(sigqueue(999999, SIGRTMIN, (union sigval){0}), ESRCH);
}

TEST(sigaltstack, handler_runs_there)
{
    static char stack[65536];
    stack_t ss = {.ss_sp = stack, .ss_size = sizeof stack}, old;
    EQ(sigaltstack(&ss, NULL), 0);
    handle_info(SIGSEGV, SA_ONSTACK | SA_RESETHAND);
    struct sigaction sa = {.sa_sigaction = change_rax, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    sigaction(SIGILL, &sa, NULL);
    __asm__ volatile("ud2");
    EQ(caught, 1);
    EQ(sigaltstack(NULL, &old), 0);
    CHECK(old.ss_sp == stack && old.ss_flags == 0);
    ss.ss_size = 16;
    FAILS(syscall(SYS_sigaltstack, &ss, NULL), ENOMEM);
}

static void overflow(int sig, siginfo_t *si, void *uc)
{
    (void)sig;
    (void)si;
    (void)uc;
    _exit(55);
}

static __attribute__((noinline)) int deeper(volatile char *up)
{
    volatile char here[4096];
    here[0] = up ? up[0] : 1;
    return here[0] ? deeper(here) + here[0] : 0;
}

TEST(sigaltstack, catches_stack_overflow)
{
    static char stack[65536];
    pid_t pid = fork();
    if (pid == 0) {
        stack_t ss = {.ss_sp = stack, .ss_size = sizeof stack};
        struct sigaction sa = {.sa_sigaction = overflow, .sa_flags = SA_SIGINFO | SA_ONSTACK};
        sigaltstack(&ss, NULL);
        sigaction(SIGSEGV, &sa, NULL);
        deeper(NULL);
    }
    abi_reap(pid, 55);
}

static void segv(int sig, siginfo_t *si, void *uc)
{
    (void)uc;
    _exit(sig == SIGSEGV && si->si_addr == (void *)0x1238 && si->si_code == SEGV_MAPERR ? 44 : 45);
}

TEST(kill, fault_becomes_SIGSEGV_with_address)
{
    pid_t pid = fork();
    if (pid == 0) {
        struct sigaction sa = {.sa_sigaction = segv, .sa_flags = SA_SIGINFO};
        sigaction(SIGSEGV, &sa, NULL);
        *(volatile int *)0x1238 = 1;
    }
    abi_reap(pid, 44);
}

static int ended_by(void (*crime)(void))
{
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        crime();
        _exit(0);
    }
    waitpid(pid, &status, 0);
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void divide(void)
{
    volatile int zero = 0;
    value = 1000 / zero;
}
static void privileged(void) { __asm__ volatile("hlt"); }
static void breakpoint(void) { __asm__ volatile("int3"); }
static void kernel_write(void) { *(volatile char *)BAD_ADDRESS = 1; }
static void noncanonical(void) { *(volatile char *)0x8000000000001234ul = 1; }
static void illegal(void) { __asm__ volatile("ud2"); }
static void run_data(void)
{
    char code[16] = {(char)0xc3};
    ((void (*)(void))(void *)code)();
}

TEST(kill, processor_faults)
{
    EQ(ended_by(divide), SIGFPE);
    EQ(ended_by(privileged), SIGSEGV);
    EQ(ended_by(breakpoint), SIGTRAP);
    EQ(ended_by(kernel_write), SIGSEGV);
    EQ(ended_by(noncanonical), SIGSEGV);
    EQ(ended_by(illegal), SIGILL);
    EQ(ended_by(run_data), SIGSEGV);
}

TEST(kill, default_actions)
{
    static const int ends[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGALRM, SIGPIPE, SIGSYS};
    static const int ignored[] = {SIGCHLD, SIGURG, SIGWINCH, SIGCONT};
    int status;
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        pid_t pid = abi_sleeper();
        kill(pid, ends[i]);
        waitpid(pid, &status, 0);
        EQ(WTERMSIG(status), ends[i]);
    }
    pid_t pid = abi_sleeper();
    for (size_t i = 0; i < sizeof ignored / sizeof *ignored; i++) {
        kill(pid, ignored[i]);
    }
    abi_sleep_ms(30);
    EQ(waitpid(pid, &status, WNOHANG), 0);
    kill(pid, SIGKILL);
}

TEST(kill, stop_and_continue)
{
    pid_t pid = abi_sleeper();
    kill(pid, SIGSTOP);
    abi_await_state(pid, "T");
    kill(pid, SIGCONT);
    abi_await_state(pid, "S");
    kill(pid, SIGSTOP);
    abi_await_state(pid, "T");
    kill(pid, SIGKILL);
    int status;
    waitpid(pid, &status, 0);
    EQ(WTERMSIG(status), SIGKILL);
}

TEST(tgkill, and_errors)
{
    handle(SIGUSR1, on_signal, 0);
    EQ(syscall(SYS_tgkill, getpid(), (int)syscall(SYS_gettid), SIGUSR1), 0);
    EQ(caught, 1);
    FAILS(syscall(SYS_tgkill, getpid(), 999999, SIGUSR1), ESRCH);
    FAILS(syscall(SYS_tgkill, -1, 5, SIGUSR1), EINVAL);
    EQ(syscall(SYS_tkill, (int)syscall(SYS_gettid), SIGUSR1), 0);
    EQ(caught, 2);
    FAILS(syscall(SYS_tkill, -1, SIGUSR1), EINVAL);
}

TEST(pause, EINTR)
{
    handle(SIGALRM, on_signal, SA_RESTART);
    alarm_ms(20);
    FAILS(pause(), EINTR);
}

TEST(alarm, sends_and_returns_rest)
{
    handle(SIGALRM, on_signal, 0);
    EQ(alarm(100), 0);
    CHECK(alarm(1) >= 99);
    pause();
    EQ(caught, 1);
    EQ(alarm(0), 0);
}

TEST(setitimer, repeats)
{
    struct itimerval it = {{0, 10000}, {0, 10000}}, back;
    handle(SIGALRM, on_signal, 0);
    EQ(setitimer(ITIMER_REAL, &it, NULL), 0);
    while (caught < 5) {
        pause();
    }
    EQ(getitimer(ITIMER_REAL, &back), 0);
    EQ(back.it_interval.tv_usec, 10000);
    FAILS(setitimer(9, &it, NULL), EINVAL);
    it.it_value.tv_usec = 1000000;
    FAILS(setitimer(ITIMER_REAL, &it, NULL), EINVAL);
    FAILS(syscall(SYS_getitimer, ITIMER_REAL, BAD_ADDRESS), EFAULT);
}

TEST(setitimer, handler_rearms)
{
    handle(SIGALRM, on_signal, SA_RESTART);
    for (int i = 1; i <= 3; i++) {
        alarm_ms(10);
        while (caught < i) {
            pause();
        }
    }
}

TEST(wait4, restarts_after_SIGUSR1)
{
    handle(SIGUSR1, on_signal, SA_RESTART);
    pid_t self = getpid(), pid = fork();
    if (pid == 0) {
        abi_sleep_ms(30);
        kill(self, SIGUSR1);
        abi_sleep_ms(30);
        _exit(3);
    }
    int status;
    EQ(waitpid(pid, &status, 0), pid);
    EQ(WEXITSTATUS(status), 3);
    EQ(caught, 1);
}

TEST(read, EINTR_without_SA_RESTART)
{
    int fd[2];
    char c;
    pipe(fd);
    handle(SIGALRM, on_signal, 0);
    alarm_ms(20);
    FAILS(read(fd[0], &c, 1), EINTR);
}

TEST(read, restarts_with_SA_RESTART)
{
    int fd[2];
    char c;
    pipe(fd);
    handle(SIGALRM, on_signal, SA_RESTART);
    pid_t pid = fork();
    if (pid == 0) {
        abi_sleep_ms(80);
        write(fd[1], "r", 1);
        _exit(0);
    }
    alarm_ms(20);
    EQ(read(fd[0], &c, 1), 1);
    EQ(caught, 1);
    abi_reap(pid, 0);
}

TEST(nanosleep, EINTR_gives_the_rest)
{
    struct timespec t = {5, 0}, rest = {0, 0};
    handle(SIGALRM, on_signal, SA_RESTART);
    alarm_ms(20);
    FAILS(nanosleep(&t, &rest), EINTR);
    CHECK(rest.tv_sec == 4 && rest.tv_nsec > 0);
}

TEST(kill, SIGCHLD_tells_the_child)
{
    handle_info(SIGCHLD, 0);
    pid_t pid = fork();
    if (pid == 0) {
        _exit(9);
    }
    while (!caught) {
        abi_sleep_ms(5);
    }
    EQ(info.si_pid, pid);
    EQ(info.si_status, 9);
    EQ(info.si_code, CLD_EXITED);
    abi_reap(pid, 9);
}

TEST(kill, all_but_init_and_self)
{
    pid_t pid = fork();
    if (pid == 0) {
        setsid();
        _exit(kill(1, 0) == 0 ? 0 : 1);
    }
    abi_reap(pid, 0);
}

TEST(fork, child_has_no_pending_signals)
{
    sigset_t s = set_of(SIGUSR1), p;
    sigprocmask(SIG_BLOCK, &s, NULL);
    raise(SIGUSR1);
    pid_t pid = fork();
    if (pid == 0) {
        sigpending(&p);
        _exit(sigismember(&p, SIGUSR1));
    }
    abi_reap(pid, 0);
}

TEST(execve, keeps_mask_and_pending)
{
    sigset_t s = set_of(SIGTERM);
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        sigprocmask(SIG_BLOCK, &s, NULL);
        raise(SIGTERM);
        execl("/bin/busybox", "true", (char *)NULL);
        _exit(9);
    }
    waitpid(pid, &status, 0);
    EQ(status, 0);
}

TEST(kill, storm_loses_no_child)
{
    handle(SIGCHLD, on_signal, SA_RESTART | SA_NOCLDSTOP);
    for (int i = 0; i < 100; i++) {
        if (fork() == 0) {
            _exit(0);
        }
    }
    int reaped = 0;
    while (reaped < 100 && wait(NULL) > 0) {
        reaped++;
    }
    EQ(reaped, 100);
    CHECK(caught > 0);
}
