/* Clocks, sleeps, interval timers, POSIX timers. Upper limits are wide: the machine may be an emulator under load. */
#include "tests/guest/abi.h"
#include <sys/time.h>
#include <time.h>
#include <utime.h>

static volatile sig_atomic_t got_signal, signals;

static void on_signal(int sig)
{
    got_signal = sig;
    signals++;
}

static void catch_signal(int sig, int flags)
{
    struct sigaction sa = {.sa_handler = on_signal, .sa_flags = flags};

    EQ(sigaction(sig, &sa, NULL), 0);
    got_signal = 0;
}

static int64_t now_ns(clockid_t c)
{
    struct timespec ts;

    EQ(syscall(SYS_clock_gettime, c, &ts), 0);
    return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

static void await_signal(int sig)
{
    long end = abi_now_ms() + 5000;

    while (got_signal != sig && abi_now_ms() < end)
        abi_sleep_ms(1);
    EQ(got_signal, sig);
}

TEST(clock_gettime, monotonic_never_goes_back)
{
    int64_t last = now_ns(CLOCK_MONOTONIC);

    for (int i = 0; i < 10000; i++) {
        int64_t now = now_ns(CLOCK_MONOTONIC);

        CHECK(now >= last);
        last = now;
    }
}

TEST(clock_gettime, realtime_is_after_2020)
{
    struct timespec ts;

    EQ(syscall(SYS_clock_gettime, CLOCK_REALTIME, &ts), 0);
    CHECK(ts.tv_sec > 1577836800);
    CHECK(ts.tv_nsec >= 0 && ts.tv_nsec < 1000000000);
}

TEST(clock_gettime, cpu_time_counts_work_not_sleep)
{
    int64_t cpu = now_ns(CLOCK_PROCESS_CPUTIME_ID), thread = now_ns(CLOCK_THREAD_CPUTIME_ID), used;

    abi_sleep_ms(100);
    used = now_ns(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    CHECK(used < 80000000);
    for (volatile int i = 0; i < 3000000; i++)
        ;
    CHECK(now_ns(CLOCK_PROCESS_CPUTIME_ID) - cpu > used);
    CHECK(now_ns(CLOCK_THREAD_CPUTIME_ID) > thread);
}

TEST(clock_gettime, EINVAL_and_EFAULT)
{
    struct timespec ts;

    FAILS(syscall(SYS_clock_gettime, 77, &ts), EINVAL);
    FAILS(syscall(SYS_clock_gettime, CLOCK_MONOTONIC, BAD_ADDRESS), EFAULT);
}

TEST(clock_getres, one_nanosecond_and_EINVAL)
{
    struct timespec ts = {9, 9};

    EQ(syscall(SYS_clock_getres, CLOCK_MONOTONIC, &ts), 0);
    EQ(ts.tv_sec, 0);
    EQ(ts.tv_nsec, 1);
    EQ(syscall(SYS_clock_getres, CLOCK_REALTIME, NULL), 0);
    FAILS(syscall(SYS_clock_getres, 77, &ts), EINVAL);
}

TEST(clock_settime, moves_realtime_and_errors)
{
    struct timespec old, ts, bad = {0, 2000000000};
    int64_t mono = now_ns(CLOCK_MONOTONIC);

    EQ(syscall(SYS_clock_gettime, CLOCK_REALTIME, &old), 0);
    ts = old;
    ts.tv_sec += 1000;
    EQ(syscall(SYS_clock_settime, CLOCK_REALTIME, &ts), 0);
    CHECK(time(NULL) - old.tv_sec >= 1000);
    CHECK(now_ns(CLOCK_MONOTONIC) - mono < 500000000000LL);
    EQ(syscall(SYS_clock_settime, CLOCK_REALTIME, &old), 0);
    FAILS(syscall(SYS_clock_settime, CLOCK_REALTIME, &bad), EINVAL);
    FAILS(syscall(SYS_clock_settime, CLOCK_MONOTONIC, &ts), EINVAL);
    EQ(setresuid(1000, 1000, 1000), 0);
    FAILS(syscall(SYS_clock_settime, CLOCK_REALTIME, &old), EPERM);
}

TEST(settimeofday, EPERM_and_EINVAL)
{
    struct timeval tv = {-1, 0};

    FAILS(syscall(SYS_settimeofday, &tv, NULL), EINVAL);
    EQ(syscall(SYS_gettimeofday, &tv, NULL), 0);
    EQ(syscall(SYS_settimeofday, &tv, NULL), 0);
    EQ(setresuid(1000, 1000, 1000), 0);
    FAILS(syscall(SYS_settimeofday, &tv, NULL), EPERM);
}

TEST(gettimeofday, agrees_with_the_clock)
{
    struct timeval tv;
    int64_t before = now_ns(CLOCK_REALTIME), us;

    EQ(syscall(SYS_gettimeofday, &tv, NULL), 0);
    us = tv.tv_sec * 1000000LL + tv.tv_usec;
    CHECK(us >= before / 1000 && us <= now_ns(CLOCK_REALTIME) / 1000);
    FAILS(syscall(SYS_gettimeofday, BAD_ADDRESS, NULL), EFAULT);
}

TEST(time, agrees_and_EFAULT)
{
    long t, ret = syscall(SYS_time, &t);

    EQ(ret, t);
    CHECK(t >= now_ns(CLOCK_REALTIME) / 1000000000 - 5);
    FAILS(syscall(SYS_time, BAD_ADDRESS), EFAULT);
}

TEST(nanosleep, not_early_not_much_late)
{
    struct timespec ts = {0, 20000000};
    int64_t t = now_ns(CLOCK_MONOTONIC);

    EQ(syscall(SYS_nanosleep, &ts, NULL), 0);
    t = now_ns(CLOCK_MONOTONIC) - t;
    CHECK(t >= 20000000 && t < 2000000000);
}

TEST(nanosleep, EINTR_with_the_rest)
{
    struct timespec ts = {10, 0}, rest = {0, 0};
    struct itimerval it = {.it_value = {0, 30000}};

    catch_signal(SIGALRM, SA_RESTART);
    EQ(setitimer(ITIMER_REAL, &it, NULL), 0);
    FAILS(syscall(SYS_nanosleep, &ts, &rest), EINTR);
    CHECK(rest.tv_sec >= 4 && rest.tv_sec < 10);
}

TEST(nanosleep, goes_on_after_stop_and_continue)
{
    pid_t pid = fork();

    if (!pid) {
        struct timespec ts = {0, 150000000};
        int64_t t = now_ns(CLOCK_MONOTONIC);

        if (syscall(SYS_nanosleep, &ts, NULL))
            _exit(1);
        _exit(now_ns(CLOCK_MONOTONIC) - t >= 150000000 ? 0 : 2);
    }
    abi_await_state(pid, "S");
    kill(pid, SIGSTOP);
    abi_await_state(pid, "T");
    kill(pid, SIGCONT);
    abi_reap(pid, 0);
}

TEST(nanosleep, EINVAL_and_EFAULT)
{
    struct timespec bad = {0, 1000000000}, negative = {-1, 0};

    FAILS(syscall(SYS_nanosleep, &bad, NULL), EINVAL);
    FAILS(syscall(SYS_nanosleep, &negative, NULL), EINVAL);
    FAILS(syscall(SYS_nanosleep, BAD_ADDRESS, NULL), EFAULT);
}

TEST(clock_nanosleep, absolute)
{
    struct timespec ts;
    int64_t end = now_ns(CLOCK_MONOTONIC) + 20000000;

    ts.tv_sec = end / 1000000000;
    ts.tv_nsec = end % 1000000000;
    EQ(syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL), 0);
    CHECK(now_ns(CLOCK_MONOTONIC) >= end);
    EQ(syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL), 0); /* past: at once */
    FAILS(syscall(SYS_clock_nanosleep, 77, 0, &ts, NULL), EINVAL);
    FAILS(syscall(SYS_clock_nanosleep, CLOCK_THREAD_CPUTIME_ID, 0, &ts, NULL), EOPNOTSUPP);
}

TEST(alarm, kills_by_default_and_returns_the_rest)
{
    pid_t pid = fork();
    int status;

    if (!pid) {
        alarm(1);
        for (;;)
            pause();
    }
    EQ(waitpid(pid, &status, 0), pid);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM);
    EQ(syscall(SYS_alarm, 100), 0);
    CHECK(syscall(SYS_alarm, 0) >= 99);
    EQ(syscall(SYS_alarm, 0), 0);
}

TEST(setitimer, real_repeats)
{
    struct itimerval it = {{0, 10000}, {0, 10000}}, off = {{0, 0}, {0, 0}}, old;
    long end = abi_now_ms() + 10000;

    catch_signal(SIGALRM, 0);
    signals = 0;
    EQ(setitimer(ITIMER_REAL, &it, NULL), 0);
    while (signals < 5 && abi_now_ms() < end)
        abi_sleep_ms(5);
    CHECK(signals >= 5);
    EQ(setitimer(ITIMER_REAL, &off, &old), 0);
    EQ(old.it_interval.tv_usec, 10000);
}

TEST(setitimer, virtual_counts_user_time)
{
    struct itimerval it = {.it_value = {0, 400000}}; /* a slow host may charge some of the sleep */

    catch_signal(SIGVTALRM, 0);
    EQ(setitimer(ITIMER_VIRTUAL, &it, NULL), 0);
    abi_sleep_ms(60);
    EQ(got_signal, 0);
    for (long i = 0; i < 4000000000L && !got_signal; i++)
        __asm__ volatile("");
    EQ(got_signal, SIGVTALRM);
}

TEST(setitimer, prof_counts_cpu_time)
{
    struct itimerval it = {.it_value = {0, 20000}};

    catch_signal(SIGPROF, 0);
    EQ(setitimer(ITIMER_PROF, &it, NULL), 0);
    for (long i = 0; i < 400000000L && !got_signal; i++)
        syscall(SYS_getppid);
    EQ(got_signal, SIGPROF);
}

TEST(setitimer, EINVAL_and_EFAULT)
{
    struct itimerval bad = {.it_value = {0, 1000000}};

    FAILS(setitimer(ITIMER_REAL, &bad, NULL), EINVAL);
    FAILS(syscall(SYS_setitimer, 9, &bad, NULL), EINVAL);
    FAILS(syscall(SYS_setitimer, ITIMER_REAL, BAD_ADDRESS, NULL), EFAULT);
}

TEST(getitimer, remaining_time_and_EINVAL)
{
    struct itimerval it = {.it_value = {50, 0}}, got;

    EQ(setitimer(ITIMER_REAL, &it, NULL), 0);
    EQ(getitimer(ITIMER_REAL, &got), 0);
    CHECK(got.it_value.tv_sec >= 40 && got.it_value.tv_sec <= 50);
    FAILS(getitimer(9, &got), EINVAL);
    FAILS(syscall(SYS_getitimer, ITIMER_REAL, BAD_ADDRESS), EFAULT);
}

static int make_timer(int sig)
{
    struct sigevent ev = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = sig};
    int id = -1;

    EQ(syscall(SYS_timer_create, CLOCK_MONOTONIC, &ev, &id), 0);
    return id;
}

TEST(timer_create, fires_and_EINVAL)
{
    struct itimerspec it = {.it_value = {0, 10000000}};
    struct sigevent bad = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = 99};
    int id;

    catch_signal(SIGUSR1, 0);
    id = make_timer(SIGUSR1);
    EQ(syscall(SYS_timer_settime, id, 0, &it, NULL), 0);
    await_signal(SIGUSR1);
    FAILS(syscall(SYS_timer_create, CLOCK_MONOTONIC, &bad, &id), EINVAL);
    FAILS(syscall(SYS_timer_create, 99, NULL, &id), EINVAL);
}

TEST(timer_settime, disarms_and_EINVAL)
{
    struct itimerspec it = {.it_value = {50, 0}}, off = {{0, 0}, {0, 0}}, old, bad = {.it_value = {0, -1}};
    int id = make_timer(SIGUSR1);

    EQ(syscall(SYS_timer_settime, id, 0, &it, NULL), 0);
    EQ(syscall(SYS_timer_settime, id, 0, &off, &old), 0);
    CHECK(old.it_value.tv_sec >= 40);
    FAILS(syscall(SYS_timer_settime, id, 0, &bad, NULL), EINVAL);
    FAILS(syscall(SYS_timer_settime, 12345, 0, &it, NULL), EINVAL);
}

TEST(timer_gettime, rest_and_EINVAL)
{
    struct itimerspec it = {{7, 0}, {50, 0}}, got;
    int id = make_timer(SIGUSR1);

    EQ(syscall(SYS_timer_settime, id, 0, &it, NULL), 0);
    EQ(syscall(SYS_timer_gettime, id, &got), 0);
    CHECK(got.it_value.tv_sec >= 40 && got.it_interval.tv_sec == 7);
    FAILS(syscall(SYS_timer_gettime, 12345, &got), EINVAL);
}

TEST(timer_getoverrun, counts_while_blocked)
{
    struct itimerspec it = {{0, 2000000}, {0, 2000000}};
    sigset_t set;
    int id, n;

    catch_signal(SIGUSR1, 0);
    id = make_timer(SIGUSR1);
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigprocmask(SIG_BLOCK, &set, NULL);
    EQ(syscall(SYS_timer_settime, id, 0, &it, NULL), 0);
    abi_sleep_ms(60);
    EQ(sigwaitinfo(&set, NULL), SIGUSR1); /* one is taken; the next stays blocked, so the count is this one's */
    n = syscall(SYS_timer_getoverrun, id);
    CHECK(n >= 5);
    FAILS(syscall(SYS_timer_getoverrun, 12345), EINVAL);
}

TEST(timer_delete, is_gone_and_EINVAL)
{
    int id = make_timer(SIGUSR1);

    EQ(syscall(SYS_timer_delete, id), 0);
    FAILS(syscall(SYS_timer_delete, id), EINVAL);
}

TEST(pause, EINTR_after_a_handler)
{
    struct itimerval it = {.it_value = {0, 20000}};

    catch_signal(SIGALRM, 0);
    EQ(setitimer(ITIMER_REAL, &it, NULL), 0);
    FAILS(syscall(SYS_pause), EINTR);
    EQ(got_signal, SIGALRM);
}

TEST(restart_syscall, outside_of_a_restart_is_EINTR)
{
    FAILS(syscall(SYS_restart_syscall), EINTR);
}
