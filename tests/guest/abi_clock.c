/* abi_clock.c: clocks, sleeps, timers. */
#include <sys/time.h>
#include <sys/timerfd.h>

#include "tests/guest/abi.h"

static volatile int caught;
static void on_signal(int sig)
{
    (void)sig;
    caught++;
}

TEST(clock_gettime, monotonic_advances)
{
    struct timespec a, b;
    EQ(syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &a), 0);
    for (int i = 0; i < 10000; i++) {
        EQ(syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &b), 0);
        CHECK(b.tv_sec > a.tv_sec || (b.tv_sec == a.tv_sec && b.tv_nsec >= a.tv_nsec));
        CHECK(b.tv_nsec < 1000000000);
        a = b;
    }
    FAILS(syscall(SYS_clock_gettime, 99, &a), EINVAL);
    FAILS(syscall(SYS_clock_gettime, CLOCK_MONOTONIC, BAD_ADDRESS), EFAULT);
}

TEST(clock_gettime, agrees_between_clocks)
{
    struct timespec r;
    struct timeval v;
    clock_gettime(CLOCK_REALTIME, &r);
    gettimeofday(&v, NULL);
    CHECK(v.tv_sec - r.tv_sec <= 1 && r.tv_sec > 1000000000);
    CHECK(time(NULL) - r.tv_sec <= 1);
}

TEST(clock_gettime, cpu_time_grows_with_work)
{
    struct timespec a, b;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &a);
    abi_sleep_ms(200);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &b);
    long slept = (b.tv_sec - a.tv_sec) * 1000 + (b.tv_nsec - a.tv_nsec) / 1000000;
    CHECK(slept < 100);
    long end = abi_now_ms() + 200;
    while (abi_now_ms() < end) {
    }
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &a);
    CHECK((a.tv_sec - b.tv_sec) * 1000 + (a.tv_nsec - b.tv_nsec) / 1000000 > 20);
}

TEST(clock_getres, is_a_nanosecond)
{
    struct timespec t;
    EQ(clock_getres(CLOCK_MONOTONIC, &t), 0);
    CHECK(t.tv_sec == 0 && t.tv_nsec > 0);
    FAILS(syscall(SYS_clock_getres, 99, &t), EINVAL);
}

TEST(gettimeofday, EFAULT) { FAILS(syscall(SYS_gettimeofday, BAD_ADDRESS, NULL), EFAULT); }

TEST(nanosleep, not_too_short)
{
    struct timespec t = {0, 50000000}, bad = {0, -1};
    long start = abi_now_ms();
    EQ(nanosleep(&t, NULL), 0);
    long took = abi_now_ms() - start;
    CHECK(took >= 49 && took < 2000);
    FAILS(nanosleep(&bad, NULL), EINVAL);
    FAILS(syscall(SYS_nanosleep, BAD_ADDRESS, NULL), EFAULT);
}

TEST(clock_nanosleep, absolute)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    t.tv_nsec += 40000000;
    if (t.tv_nsec >= 1000000000) {
        t.tv_sec++;
        t.tv_nsec -= 1000000000;
    }
    long start = abi_now_ms();
    EQ(syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL), 0);
    CHECK(abi_now_ms() - start >= 38);
    EQ(syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL), 0);
    FAILS(syscall(SYS_clock_nanosleep, 99, 0, &t, NULL), EINVAL);
}

TEST(nanosleep, many_sleepers)
{
    for (int i = 0; i < 50; i++) {
        if (fork() == 0) {
            for (int k = 0; k < 10; k++) {
                abi_sleep_ms(1 + i % 7);
            }
            _exit(0);
        }
    }
    int status, bad = 0;
    for (int i = 0; i < 50; i++) {
        CHECK(wait(&status) > 0);
        bad += status != 0;
    }
    EQ(bad, 0);
}

TEST(time, seconds)
{
    time_t t = 0, r = (time_t)syscall(SYS_time, &t);
    EQ(t, r);
    FAILS(syscall(SYS_time, BAD_ADDRESS), EFAULT);
}

TEST(setitimer, virtual_counts_cpu)
{
    struct itimerval it = {{0, 0}, {0, 50000}};
    signal(SIGVTALRM, on_signal);
    EQ(setitimer(ITIMER_VIRTUAL, &it, NULL), 0);
    long end = abi_now_ms() + 3000;
    while (!caught && abi_now_ms() < end) {
        for (volatile int i = 0; i < 100000; i++) {
        }
    }
    EQ(caught, 1);
}

TEST(timer_create, signals)
{
    timer_t id;
    struct sigevent ev = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};
    struct itimerspec it = {{0, 10000000}, {0, 10000000}}, left;
    signal(SIGUSR1, on_signal);
    EQ(timer_create(CLOCK_MONOTONIC, &ev, &id), 0);
    EQ(timer_settime(id, 0, &it, NULL), 0);
    while (caught < 3) {
        pause();
    }
    EQ(timer_gettime(id, &left), 0);
    EQ(left.it_interval.tv_nsec, 10000000);
    CHECK(timer_getoverrun(id) >= 0);
    EQ(timer_delete(id), 0);
    int kernel_id;
    FAILS(syscall(SYS_timer_create, 99, NULL, &kernel_id), EINVAL);
    FAILS(syscall(SYS_timer_delete, 12345), EINVAL);
}
