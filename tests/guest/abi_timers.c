/* Timers that several threads set, read and delete at once, and timers' signals that are read from a descriptor. */
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include "tests/guest/abi.h"

#define IDS 4
#define SECONDS_MS 1500

static int ids[IDS]; /* timers of the process that any thread may set or delete; -1: none */
static long end_ms;
static long bad; /* answers that no order of the calls explains */

static bool over(void)
{
    return abi_now_ms() >= end_ms;
}

static void start_together(pthread_t *t, int n, void *(*fn)(void *))
{
    end_ms = abi_now_ms() + SECONDS_MS;
    for (int i = 0; i < n; i++)
        EQ(pthread_create(&t[i], NULL, fn, (void *)(long)i), 0);
}

static void join_all(pthread_t *t, int n)
{
    for (int i = 0; i < n; i++)
        EQ(pthread_join(t[i], NULL), 0);
}

static void block(int sig)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, sig);
    EQ(sigprocmask(SIG_BLOCK, &set, NULL), 0);
}

static void noted(long got)
{
    if (got < 0 && errno != EINVAL && errno != EAGAIN)
        __atomic_add_fetch(&bad, 1, __ATOMIC_RELAXED);
}

static int new_timer(int notify, int sig, int tid)
{
    struct sigevent ev = {.sigev_notify = notify, .sigev_signo = sig};
    int id = -1;

    ((int *)&ev)[4] = tid; /* sigev_notify_thread_id, which musl does not name everywhere */
    if (syscall(SYS_timer_create, CLOCK_MONOTONIC, &ev, &id))
        return -1;
    return id;
}

/* ---- POSIX timers ---- */

static unsigned mix(unsigned *x)
{
    *x = *x * 1664525 + 1013904223;
    return *x >> 16;
}

/* A period is short, so that expiries run beside the calls, and signals pend, are taken and start periods. */
static void use_one(int *slot, unsigned what)
{
    struct itimerspec v = {{0, what & 8 ? 100000 : 0}, {0, 20000 + what % 7 * 10000}}, old;
    int id = __atomic_load_n(slot, __ATOMIC_RELAXED);

    switch (what % 5) {
    case 0:
        id = __atomic_exchange_n(slot, new_timer(SIGEV_SIGNAL, SIGUSR1, 0), __ATOMIC_RELAXED);
        noted(syscall(SYS_timer_delete, id));
        return;
    case 1:
        noted(syscall(SYS_timer_gettime, id, &old));
        return;
    case 2:
        noted(syscall(SYS_timer_getoverrun, id));
        return;
    default:
        noted(syscall(SYS_timer_settime, id, 0, &v, &old));
    }
}

static void *use_timers(void *arg)
{
    unsigned x = (unsigned)(long)arg * 7919 + 1;
    struct timespec none = {0, 0};
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    while (!over()) {
        for (int i = 0; i < 50; i++)
            use_one(&ids[mix(&x) % IDS], mix(&x));
        sigtimedwait(&set, NULL, &none);
    }
    return NULL;
}

TEST(timer_delete, beside_threads_that_use_the_timer)
{
    pthread_t t[4];

    block(SIGUSR1);
    for (int i = 0; i < IDS; i++)
        ids[i] = new_timer(SIGEV_SIGNAL, SIGUSR1, 0);
    start_together(t, 4, use_timers);
    join_all(t, 4);
    EQ(bad, 0);
    CHECK(ids[0] >= 0);
    for (int i = 0; i < IDS; i++)
        EQ(syscall(SYS_timer_delete, ids[i]), 0);
    FAILS(syscall(SYS_timer_delete, ids[0]), EINVAL);
}

static void *end_soon(void *arg)
{
    struct timespec ts = {0, 150000};

    __atomic_store_n((int *)arg, (int)syscall(SYS_gettid), __ATOMIC_SEQ_CST);
    nanosleep(&ts, NULL);
    return NULL;
}

TEST(timer_create, for_a_thread_that_ends)
{
    struct itimerspec v = {{0, 50000}, {0, 50000}};

    block(SIGUSR1);
    end_ms = abi_now_ms() + SECONDS_MS;
    while (!over()) {
        int tid = 0, id;
        pthread_t t;

        EQ(pthread_create(&t, NULL, end_soon, &tid), 0);
        while (!__atomic_load_n(&tid, __ATOMIC_SEQ_CST))
            ;
        id = new_timer(SIGEV_THREAD_ID, SIGUSR1, tid);
        if (id >= 0)
            EQ(syscall(SYS_timer_settime, id, 0, &v, NULL), 0);
        EQ(pthread_join(t, NULL), 0);
        if (id >= 0)
            EQ(syscall(SYS_timer_delete, id), 0);
    }
}

/* ---- timerfd and ITIMER_REAL ---- */

static int tfd;

static void *set_or_read_tfd(void *arg)
{
    struct itimerspec v = {{0, 20000}, {0, 20000}}, old;
    uint64_t n;

    while (!over()) {
        if ((long)arg & 1) {
            noted(timerfd_settime(tfd, 0, &v, &old));
            if (old.it_interval.tv_nsec != 20000 || old.it_value.tv_sec)
                __atomic_add_fetch(&bad, 1, __ATOMIC_RELAXED);
        } else {
            noted(read(tfd, &n, sizeof n));
        }
    }
    return NULL;
}

TEST(timerfd_settime, beside_readers)
{
    struct itimerspec v = {{0, 20000}, {0, 20000}};
    pthread_t t[4];
    uint64_t n;

    tfd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
    EQ(timerfd_settime(tfd, 0, &v, NULL), 0);
    start_together(t, 4, set_or_read_tfd);
    join_all(t, 4);
    EQ(bad, 0);
    EQ(fcntl(tfd, F_SETFL, 0), 0);
    EQ(read(tfd, &n, sizeof n), 8); /* it still runs */
    close(tfd);
}

static void *set_real(void *arg)
{
    struct itimerval v = {{0, 50}, {0, 50}}, old;

    while (!over()) {
        if ((long)arg == 3)
            alarm(1);
        noted(setitimer(ITIMER_REAL, &v, &old));
    }
    return NULL;
}

static void from_several_threads(void)
{
    struct itimerval once = {{0, 0}, {0, 1000}}, old;
    pthread_t t[4];
    sigset_t set;

    block(SIGALRM);
    start_together(t, 4, set_real);
    join_all(t, 4);
    EQ(bad, 0);
    EQ(setitimer(ITIMER_REAL, &once, &old), 0);
    EQ(old.it_interval.tv_usec, 50);
    sigemptyset(&set);
    sigaddset(&set, SIGALRM);
    EQ(sigwaitinfo(&set, NULL), SIGALRM);
}

TEST(setitimer, by_several_threads)
{
    from_several_threads();
}

static void *first_alarm(void *arg)
{
    int *ready = arg;

    __atomic_add_fetch(ready, 1, __ATOMIC_SEQ_CST);
    while (__atomic_load_n(ready, __ATOMIC_SEQ_CST) < 2)
        ;
    alarm(100);
    return NULL;
}

/* The very first timer of a process, set by two threads at once. */
TEST(alarm, first_of_two_threads)
{
    for (int i = 0; i < 200; i++) {
        pid_t pid = fork();

        if (!pid) {
            int ready = 0;
            pthread_t t;

            EQ(pthread_create(&t, NULL, first_alarm, &ready), 0);
            first_alarm(&ready);
            EQ(pthread_join(t, NULL), 0);
            CHECK(alarm(0) >= 99);
            _exit(0);
        }
        abi_reap(pid, 0);
    }
}

/* ---- signals of timers, read from a descriptor ---- */

static int blocked_signalfd(int sig)
{
    sigset_t set;
    int fd;

    block(sig);
    sigemptyset(&set);
    sigaddset(&set, sig);
    fd = signalfd(-1, &set, SFD_CLOEXEC);
    CHECK(fd >= 0);
    return fd;
}

static void set_in_10_ms(int id)
{
    struct itimerspec v = {.it_value = {0, 10000000}};

    EQ(syscall(SYS_timer_settime, id, 0, &v, NULL), 0);
}

static void read_alarm_of(int fd, int id)
{
    struct signalfd_siginfo got;

    EQ(read(fd, &got, sizeof got), sizeof got);
    EQ(got.ssi_signo, SIGALRM);
    EQ(got.ssi_code, SI_TIMER);
    EQ(got.ssi_tid, id);
}

TEST(timer_create, wakes_a_reader_of_a_signalfd)
{
    int fd = blocked_signalfd(SIGALRM), id = new_timer(SIGEV_SIGNAL, SIGALRM, 0);

    set_in_10_ms(id);
    read_alarm_of(fd, id);
    id = new_timer(SIGEV_THREAD_ID, SIGALRM, (int)syscall(SYS_gettid));
    set_in_10_ms(id);
    read_alarm_of(fd, id);
}

TEST(timer_create, wakes_a_poller_of_a_signalfd)
{
    int fd = blocked_signalfd(SIGALRM), id = new_timer(SIGEV_SIGNAL, SIGALRM, 0), ep = epoll_create1(0);
    struct epoll_event e = {.events = EPOLLIN};
    struct pollfd p = {.fd = fd, .events = POLLIN};

    set_in_10_ms(id);
    EQ(poll(&p, 1, 10000), 1);
    read_alarm_of(fd, id);
    EQ(epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e), 0);
    set_in_10_ms(id);
    EQ(epoll_wait(ep, &e, 1, 10000), 1);
    read_alarm_of(fd, id);
}

static int taken;

static void *send_when_taken(void *arg)
{
    int i = 0;

    (void)arg;
    while (!over()) {
        while (__atomic_load_n(&taken, __ATOMIC_SEQ_CST) != i && !over())
            ;
        i++;
        kill(getpid(), SIGUSR1);
    }
    kill(getpid(), SIGUSR1); /* the reader may wait for one more */
    return NULL;
}

/* Each signal is sent when the one before was taken, just as the reader begins to wait for it. */
TEST(signalfd4, no_signal_beside_a_poll_is_lost)
{
    int fd = blocked_signalfd(SIGUSR1);
    struct pollfd p = {.fd = fd, .events = POLLIN};
    struct signalfd_siginfo got;
    pthread_t t;

    start_together(&t, 1, send_when_taken);
    while (!over()) {
        EQ(poll(&p, 1, 10000), 1);
        EQ(read(fd, &got, sizeof got), sizeof got);
        __atomic_add_fetch(&taken, 1, __ATOMIC_SEQ_CST);
    }
    join_all(&t, 1);
}

/* ---- intervals of all time, and of no time ---- */

#define ALL_TIME 9223372036l /* seconds: what a s64 of nanoseconds holds */

static volatile long signals;

static void count_signal(int sig)
{
    (void)sig;
    signals++;
}

static void on(int sig, void (*handler)(int))
{
    struct sigaction sa = {.sa_handler = handler};

    EQ(sigaction(sig, &sa, NULL), 0);
}

static void set_once_in_all_time(int id)
{
    struct itimerspec v = {{ALL_TIME, 0}, {0, 1}};

    CHECK(id >= 0);
    EQ(syscall(SYS_timer_settime, id, 0, &v, NULL), 0);
    abi_sleep_ms(20);
    EQ(syscall(SYS_timer_gettime, id, &v), 0);
    EQ(v.it_interval.tv_sec, ALL_TIME);
    CHECK(v.it_value.tv_sec > ALL_TIME - 1000000);
}

TEST(timer_settime, interval_of_all_time)
{
    on(SIGUSR1, count_signal);
    set_once_in_all_time(new_timer(SIGEV_NONE, 0, 0));
    set_once_in_all_time(new_timer(SIGEV_SIGNAL, SIGUSR1, 0));
    EQ(signals, 1);
}

TEST(setitimer, interval_of_all_time)
{
    struct itimerval v = {{ALL_TIME, 0}, {0, 1}};

    on(SIGALRM, count_signal);
    EQ(setitimer(ITIMER_REAL, &v, NULL), 0);
    abi_sleep_ms(20);
    EQ(getitimer(ITIMER_REAL, &v), 0);
    EQ(signals, 1);
    CHECK(v.it_value.tv_sec > ALL_TIME - 1000000);
}

TEST(setitimer, cpu_time_of_all_time)
{
    static const int which[] = {ITIMER_VIRTUAL, ITIMER_PROF};
    struct itimerval v = {{ALL_TIME, 0}, {ALL_TIME, 0}};
    long end;

    on(SIGVTALRM, count_signal);
    on(SIGPROF, count_signal);
    for (int i = 0; i < 2; i++)
        EQ(setitimer(which[i], &v, NULL), 0);
    for (end = abi_now_ms() + 300; abi_now_ms() < end;)
        ;
    EQ(signals, 0);
    for (int i = 0; i < 2; i++) {
        EQ(getitimer(which[i], &v), 0);
        CHECK(v.it_value.tv_sec > ALL_TIME - 1000000);
    }
}

static long turns_in_300_ms(void)
{
    long end = abi_now_ms() + 300, n = 0;

    while (abi_now_ms() < end)
        n++;
    return n;
}

/* A program goes on beside timers of a nanosecond whose signals nobody takes. */
TEST(timer_settime, interval_of_no_time_that_nobody_takes)
{
    struct itimerspec v = {{0, 1}, {0, 1}};
    struct itimerval real = {{0, 1}, {0, 1}};
    long before = turns_in_300_ms();

    on(SIGUSR1, SIG_IGN);
    block(SIGALRM);
    EQ(syscall(SYS_timer_settime, new_timer(SIGEV_NONE, 0, 0), 0, &v, NULL), 0);
    CHECK(turns_in_300_ms() * 20 > before);
    EQ(syscall(SYS_timer_settime, new_timer(SIGEV_SIGNAL, SIGUSR1, 0), 0, &v, NULL), 0);
    CHECK(turns_in_300_ms() * 20 > before);
    EQ(setitimer(ITIMER_REAL, &real, NULL), 0);
    CHECK(turns_in_300_ms() * 20 > before);
    on(SIGALRM, SIG_IGN);
    CHECK(turns_in_300_ms() * 20 > before);
}

TEST(timer_gettime, of_one_that_sends_nothing)
{
    struct itimerspec v = {{0, 30000000}, {0, 30000000}}, once = {{0, 0}, {0, 1000000}};
    int id = new_timer(SIGEV_NONE, 0, 0);

    EQ(syscall(SYS_timer_settime, id, 0, &v, NULL), 0);
    abi_sleep_ms(100);
    EQ(syscall(SYS_timer_gettime, id, &v), 0);
    EQ(v.it_value.tv_sec, 0);
    CHECK(v.it_value.tv_nsec > 0 && v.it_value.tv_nsec <= 30000000);
    EQ(syscall(SYS_timer_settime, id, 0, &once, NULL), 0);
    abi_sleep_ms(20);
    EQ(syscall(SYS_timer_gettime, id, &v), 0);
    EQ(v.it_value.tv_sec, 0);
    EQ(v.it_value.tv_nsec, 0);
}

static void *work_and_end(void *arg)
{
    struct timespec ts;

    (void)arg;
    do
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
    while (ts.tv_nsec < 2000000);
    return NULL;
}

static void *start_workers(void *arg)
{
    pthread_t t;

    (void)arg;
    while (!over()) {
        EQ(pthread_create(&t, NULL, work_and_end, NULL), 0);
        EQ(pthread_join(t, NULL), 0);
    }
    return NULL;
}

/* What a thread has used (2 ms here) is missing in no answer, as it ends. */
TEST(clock_gettime, cpu_time_of_a_process_whose_threads_end)
{
    long last = 0, now;
    struct timespec ts;
    pthread_t t[2];

    start_together(t, 2, start_workers);
    while (!over()) {
        EQ(syscall(SYS_clock_gettime, CLOCK_PROCESS_CPUTIME_ID, &ts), 0);
        now = ts.tv_sec * 1000000000 + ts.tv_nsec;
        CHECK(now > last - 1500000);
        last = now;
    }
    join_all(t, 2);
}

static long most_said;

static long user_time_of(int tid)
{
    struct timespec ts;

    EQ(syscall(SYS_clock_gettime, ~tid << 3 | 4 | 1, &ts), 0); /* as pthread_getcpuclockid() has it, but the user time alone */
    return ts.tv_sec * 1000000000 + ts.tv_nsec;
}

/* arg: the thread. Counts in `bad` what is less than another reader was told before. */
static void *compare_user_times(void *arg)
{
    while (!over()) {
        long most = __atomic_load_n(&most_said, __ATOMIC_SEQ_CST), now = user_time_of((int)(long)arg);

        if (now < most)
            __atomic_fetch_add(&bad, 1, __ATOMIC_SEQ_CST);
        while (most < now && !__atomic_compare_exchange_n(&most_said, &most, now, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
            ;
    }
    return NULL;
}

/* Its user time is a part of its run time that becomes larger and smaller. */
TEST(clock_gettime, user_time_of_a_thread_that_several_read)
{
    int tid = (int)syscall(SYS_gettid);
    pthread_t t[3];

    end_ms = abi_now_ms() + SECONDS_MS;
    for (int i = 0; i < 3; i++)
        EQ(pthread_create(&t[i], NULL, compare_user_times, (void *)(long)tid), 0);
    while (!over()) {
        for (volatile int i = 0; i < 3000000; i++)
            ;
        for (int i = 0; i < 30000; i++)
            syscall(SYS_getppid);
    }
    join_all(t, 3);
    EQ(bad, 0);
}
