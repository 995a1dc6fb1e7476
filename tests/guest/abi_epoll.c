/* abi_epoll.c: epoll, eventfd, timerfd. */
#include <poll.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/timerfd.h>
#include "tests/guest/abi.h"

static int watch(int ep, int fd, unsigned events)
{
    struct epoll_event e = {.events = events, .data.fd = fd};
    return epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e);
}

static uint64_t take(int fd)
{
    uint64_t v = 0;
    EQ(read(fd, &v, 8), 8);
    return v;
}

static void give(int fd, uint64_t v)
{
    EQ(write(fd, &v, 8), 8);
}

TEST(eventfd2, counts)
{
    uint64_t v;
    int fd = eventfd(3, EFD_NONBLOCK | EFD_CLOEXEC);
    CHECK(fd >= 0);
    give(fd, 4);
    EQ(take(fd), 7);
    FAILS(read(fd, &v, 8), EAGAIN);
    FAILS(read(fd, &v, 7), EINVAL);
    v = ~0ul;
    FAILS(write(fd, &v, 8), EINVAL);
    give(fd, ~0ul - 1);
    v = 1;
    FAILS(write(fd, &v, 8), EAGAIN);
    EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
    FAILS(eventfd(0, 0x100), EINVAL);
}

TEST(eventfd, blocks_until_given)
{
    int fd = syscall(SYS_eventfd, 0);
    CHECK(fd >= 0);
    pid_t pid = fork();
    if (pid == 0) {
        _exit(take(fd) == 5 ? 0 : 1);
    }
    abi_await_state(pid, "S");
    give(fd, 5);
    abi_reap(pid, 0);
}

TEST(eventfd2, semaphore_and_poll)
{
    int fd = eventfd(2, EFD_SEMAPHORE | EFD_NONBLOCK);
    struct pollfd p = {.fd = fd, .events = POLLIN | POLLOUT};
    EQ(poll(&p, 1, 0), 1);
    EQ(p.revents, POLLIN | POLLOUT);
    EQ(take(fd), 1);
    EQ(take(fd), 1);
    EQ(poll(&p, 1, 0), 1);
    EQ(p.revents, POLLOUT);
}

TEST(timerfd_create, errors)
{
    FAILS(timerfd_create(99, 0), EINVAL);
    FAILS(timerfd_create(CLOCK_MONOTONIC, 1), EINVAL);
    CHECK(timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK) >= 0);
}

TEST(timerfd_settime, once_and_periodic)
{
    struct itimerspec v = {.it_value = {0, 30000000}}, old;
    uint64_t n;
    int fd = timerfd_create(CLOCK_MONOTONIC, 0);
    long t = abi_now_ms();
    EQ(timerfd_settime(fd, 0, &v, NULL), 0);
    EQ(take(fd), 1);
    CHECK(abi_now_ms() - t >= 29);
    v.it_interval.tv_nsec = 10000000;
    EQ(timerfd_settime(fd, 0, &v, &old), 0);
    EQ(old.it_value.tv_nsec, 0);
    abi_sleep_ms(75);
    n = take(fd);
    CHECK(n >= 4 && n < 60);
    CHECK(take(fd) >= 1);
    v.it_value.tv_nsec = 0;
    EQ(timerfd_settime(fd, 0, &v, &old), 0);
    CHECK(old.it_value.tv_nsec > 0 && old.it_interval.tv_nsec == 10000000);
    struct pollfd p = {.fd = fd, .events = POLLIN};
    EQ(poll(&p, 1, 30), 0);
    v.it_value.tv_nsec = -1;
    FAILS(timerfd_settime(fd, 0, &v, NULL), EINVAL);
    FAILS(timerfd_settime(0, 0, &old, NULL), EINVAL);
    FAILS(timerfd_settime(99, 0, &old, NULL), EBADF);
}

TEST(timerfd_gettime, shows_the_rest)
{
    struct itimerspec v = {.it_value = {100, 0}}, now;
    int fd = timerfd_create(CLOCK_BOOTTIME, 0);
    EQ(timerfd_settime(fd, 0, &v, NULL), 0);
    EQ(timerfd_gettime(fd, &now), 0);
    CHECK(now.it_value.tv_sec == 99 || now.it_value.tv_sec == 100);
    FAILS(syscall(SYS_timerfd_gettime, fd, BAD_ADDRESS), EFAULT);
}

TEST(timerfd_settime, absolute_in_the_past)
{
    struct itimerspec v = {.it_value = {1, 0}};
    int fd = timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK);
    EQ(timerfd_settime(fd, TFD_TIMER_ABSTIME, &v, NULL), 0);
    abi_sleep_ms(5);
    EQ(take(fd), 1);
}

TEST(epoll_create1, flags)
{
    int ep = epoll_create1(EPOLL_CLOEXEC);
    EQ(fcntl(ep, F_GETFD), FD_CLOEXEC);
    FAILS(epoll_create1(1), EINVAL);
    FAILS(syscall(SYS_epoll_create, 0), EINVAL);
}

TEST(epoll_create, works)
{
    CHECK(syscall(SYS_epoll_create, 1) >= 0);
    FAILS(syscall(SYS_epoll_create, -1), EINVAL);
}

TEST(epoll_ctl, errors)
{
    struct epoll_event e = {.events = EPOLLIN};
    int ep = epoll_create1(0), p[2];
    EQ(pipe(p), 0);
    EQ(watch(ep, p[0], EPOLLIN), 0);
    FAILS(watch(ep, p[0], EPOLLIN), EEXIST);
    FAILS(epoll_ctl(ep, EPOLL_CTL_DEL, p[1], &e), ENOENT);
    FAILS(epoll_ctl(ep, EPOLL_CTL_MOD, p[1], &e), ENOENT);
    FAILS(epoll_ctl(ep, 99, p[0], &e), EINVAL);
    FAILS(epoll_ctl(ep, EPOLL_CTL_ADD, 99, &e), EBADF);
    FAILS(epoll_ctl(99, EPOLL_CTL_ADD, p[0], &e), EBADF);
    FAILS(epoll_ctl(p[0], EPOLL_CTL_ADD, p[1], &e), EINVAL);
    FAILS(watch(ep, ep, EPOLLIN), EINVAL);
    FAILS(epoll_ctl(ep, EPOLL_CTL_ADD, p[1], BAD_ADDRESS), EFAULT);
    abi_scratch();
    FAILS(watch(ep, open("f", O_CREAT | O_RDWR, 0600), EPOLLIN), EPERM);
    int inner = epoll_create1(0);
    EQ(watch(ep, inner, EPOLLIN), 0);
    FAILS(watch(inner, ep, EPOLLIN), ELOOP);
}

TEST(epoll_wait, level_and_edge)
{
    struct epoll_event e[4];
    int ep = epoll_create1(0), p[2], q[2];
    EQ(pipe(p), 0);
    EQ(pipe(q), 0);
    EQ(watch(ep, p[0], EPOLLIN), 0);
    EQ(watch(ep, q[0], EPOLLIN | EPOLLET), 0);
    EQ(epoll_wait(ep, e, 4, 0), 0);
    EQ(write(p[1], "x", 1), 1);
    EQ(write(q[1], "x", 1), 1);
    EQ(epoll_wait(ep, e, 4, -1), 2);
    EQ(epoll_wait(ep, e, 4, 0), 1); /* level stays, the edge is gone */
    EQ(e[0].data.fd, p[0]);
    EQ(e[0].events, EPOLLIN);
    EQ(write(q[1], "x", 1), 1);
    EQ(epoll_wait(ep, e, 4, 0), 2);
    EQ(close(p[1]), 0);
    EQ(close(q[0]), 0); /* a closed file leaves the set */
    EQ(epoll_wait(ep, e, 4, 0), 1);
    EQ(e[0].events, EPOLLIN | EPOLLHUP);
    FAILS(epoll_wait(ep, e, 0, 0), EINVAL);
    FAILS(epoll_wait(p[0], e, 1, 0), EINVAL);
    FAILS(epoll_wait(99, e, 1, 0), EBADF);
    FAILS(epoll_wait(ep, BAD_ADDRESS, 1, 0), EFAULT);
}

TEST(epoll_wait, one_shot)
{
    struct epoll_event e;
    int ep = epoll_create1(0), fd = eventfd(1, 0);
    EQ(watch(ep, fd, EPOLLIN | EPOLLONESHOT), 0);
    EQ(epoll_wait(ep, &e, 1, 0), 1);
    EQ(epoll_wait(ep, &e, 1, 10), 0);
    e = (struct epoll_event){.events = EPOLLIN | EPOLLONESHOT, .data.u64 = 77};
    EQ(epoll_ctl(ep, EPOLL_CTL_MOD, fd, &e), 0);
    EQ(epoll_wait(ep, &e, 1, 0), 1);
    EQ(e.data.u64, 77);
}

TEST(epoll_wait, wakes_and_times_out)
{
    struct epoll_event e;
    int ep = epoll_create1(0), fd = eventfd(0, 0);
    EQ(watch(ep, fd, EPOLLIN), 0);
    long t = abi_now_ms();
    EQ(epoll_wait(ep, &e, 1, 30), 0);
    CHECK(abi_now_ms() - t >= 29);
    pid_t pid = fork();
    if (pid == 0) {
        _exit(epoll_wait(ep, &e, 1, -1) == 1 && e.data.fd == fd ? 0 : 1);
    }
    abi_await_state(pid, "S");
    give(fd, 1);
    abi_reap(pid, 0);
}

TEST(epoll_wait, nested)
{
    struct epoll_event e;
    int outer = epoll_create1(0), inner = epoll_create1(0), fd = eventfd(0, 0);
    EQ(watch(inner, fd, EPOLLIN), 0);
    EQ(watch(outer, inner, EPOLLIN), 0);
    struct pollfd p = {.fd = outer, .events = POLLIN};
    EQ(poll(&p, 1, 0), 0);
    give(fd, 1);
    EQ(poll(&p, 1, 1000), 1);
    EQ(epoll_wait(outer, &e, 1, 0), 1);
    EQ(e.data.fd, inner);
    take(fd);
    EQ(epoll_wait(outer, &e, 1, 0), 0);
}

static void on_signal(int sig)
{
    (void)sig;
}

TEST(epoll_pwait, mask_and_EINTR)
{
    struct epoll_event e;
    sigset_t block, none;
    int ep = epoll_create1(0);
    signal(SIGUSR1, on_signal);
    sigemptyset(&none);
    sigemptyset(&block);
    sigaddset(&block, SIGUSR1);
    sigprocmask(SIG_BLOCK, &block, NULL);
    kill(getpid(), SIGUSR1);
    EQ(epoll_wait(ep, &e, 1, 10), 0);
    FAILS(epoll_pwait(ep, &e, 1, 1000, &none), EINTR);
    EQ(epoll_pwait(ep, &e, 1, 0, &block), 0);
}

TEST(epoll_pwait2, nanoseconds)
{
    struct epoll_event e;
    struct timespec t = {0, 20000000}, bad = {0, -1};
    int ep = epoll_create1(0);
    long start = abi_now_ms();
    EQ(syscall(SYS_epoll_pwait2, ep, &e, 1, &t, NULL, 0), 0);
    CHECK(abi_now_ms() - start >= 19);
    FAILS(syscall(SYS_epoll_pwait2, ep, &e, 1, &bad, NULL, 0), EINVAL);
}

/* 200 descriptors, four threads that wait, one that gives: every gift is taken once. */
static int many_ep, many_fd[200];
static volatile int many_taken, many_stop;

static void *many_waiter(void *arg)
{
    (void)arg;
    while (!many_stop) {
        struct epoll_event e[8];
        int n = epoll_wait(many_ep, e, 8, 20);
        for (int i = 0; i < n; i++) {
            uint64_t v;
            if (read(e[i].data.fd, &v, 8) == 8) {
                __sync_fetch_and_add(&many_taken, (int)v);
            }
        }
    }
    return NULL;
}

TEST(epoll_wait, many_threads_and_descriptors)
{
    pthread_t t[4];
    many_ep = epoll_create1(0);
    for (int i = 0; i < 200; i++) {
        many_fd[i] = eventfd(0, EFD_NONBLOCK);
        EQ(watch(many_ep, many_fd[i], EPOLLIN | (i % 2 ? EPOLLET : 0)), 0);
    }
    for (int i = 0; i < 4; i++) {
        EQ(pthread_create(&t[i], NULL, many_waiter, NULL), 0);
    }
    for (int i = 0; i < 20000; i++) {
        give(many_fd[i * 7 % 200], 1);
    }
    for (int i = 0; i < 500 && many_taken < 20000; i++) {
        abi_sleep_ms(10);
    }
    many_stop = 1;
    for (int i = 0; i < 4; i++) {
        pthread_join(t[i], NULL);
    }
    EQ(many_taken, 20000);
}

/* ---- errors ---- */

TEST(epoll_create, EINVAL)
{
    FAILS(syscall(SYS_epoll_create, 0), EINVAL);
    FAILS(syscall(SYS_epoll_create, -1), EINVAL);
}

TEST(epoll_create1, EINVAL)
{
    FAILS(syscall(SYS_epoll_create1, 1), EINVAL);
}

TEST(epoll_wait, EINVAL_EBADF_and_EFAULT)
{
    struct epoll_event e;
    int ep = epoll_create1(0), fd = eventfd(0, 0);

    FAILS(syscall(SYS_epoll_wait, ep, &e, 0, 0), EINVAL);
    FAILS(syscall(SYS_epoll_wait, ep, &e, -1, 0), EINVAL);
    FAILS(syscall(SYS_epoll_wait, fd, &e, 1, 0), EINVAL);
    FAILS(syscall(SYS_epoll_wait, 999, &e, 1, 0), EBADF);
    FAILS(syscall(SYS_epoll_wait, ep, BAD_ADDRESS, 1, 0), EFAULT);
}

TEST(epoll_pwait2, EINVAL_and_EFAULT)
{
    struct epoll_event e;
    struct timespec bad = {0, 2000000000}, zero = {0, 0};
    unsigned long mask = 0;
    int ep = epoll_create1(0);

    FAILS(syscall(SYS_epoll_pwait2, ep, &e, 1, &bad, NULL, 8), EINVAL);
    FAILS(syscall(SYS_epoll_pwait2, ep, &e, 1, &zero, &mask, 7), EINVAL);
    FAILS(syscall(SYS_epoll_pwait2, ep, &e, 1, BAD_ADDRESS, NULL, 8), EFAULT);
}

TEST(eventfd, EMFILE)
{
    struct rlimit none = {3, 3};

    EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
    FAILS(syscall(SYS_eventfd, 0), EMFILE);
}

TEST(eventfd2, EINVAL)
{
    FAILS(syscall(SYS_eventfd2, 0, 4), EINVAL);
}

TEST(timerfd_settime, EINVAL_EBADF_and_EFAULT)
{
    struct itimerspec v = {.it_value = {0, 2000000000}};
    int fd = timerfd_create(CLOCK_MONOTONIC, 0), other = eventfd(0, 0);

    FAILS(syscall(SYS_timerfd_settime, fd, 0, &v, NULL), EINVAL);
    v.it_value.tv_nsec = 0;
    FAILS(syscall(SYS_timerfd_settime, fd, 0x80, &v, NULL), EINVAL);
    FAILS(syscall(SYS_timerfd_settime, other, 0, &v, NULL), EINVAL);
    FAILS(syscall(SYS_timerfd_settime, 999, 0, &v, NULL), EBADF);
    FAILS(syscall(SYS_timerfd_settime, fd, 0, BAD_ADDRESS, NULL), EFAULT);
}

TEST(timerfd_gettime, EINVAL_EBADF_and_EFAULT)
{
    struct itimerspec v;
    int fd = timerfd_create(CLOCK_MONOTONIC, 0), other = eventfd(0, 0);

    FAILS(syscall(SYS_timerfd_gettime, other, &v), EINVAL);
    FAILS(syscall(SYS_timerfd_gettime, 999, &v), EBADF);
    FAILS(syscall(SYS_timerfd_gettime, fd, BAD_ADDRESS), EFAULT);
}

TEST(signalfd4, EINVAL_EBADF_and_EFAULT)
{
    unsigned long mask = 0;
    int other = eventfd(0, 0);

    FAILS(syscall(SYS_signalfd4, -1, &mask, 7, 0), EINVAL);
    FAILS(syscall(SYS_signalfd4, -1, &mask, 8, 1), EINVAL);
    FAILS(syscall(SYS_signalfd4, other, &mask, 8, 0), EINVAL);
    FAILS(syscall(SYS_signalfd4, 999, &mask, 8, 0), EBADF);
    FAILS(syscall(SYS_signalfd4, -1, BAD_ADDRESS, 8, 0), EFAULT);
}

/* Chains of many, built from the top and from the bottom. Where a link is refused differs (Linux before 6.17 does so when the file
 * comes, EINVAL), but the file does not reach the top. */
TEST(epoll_ctl, chains_do_not_grow_without_end)
{
    enum { N = 200 };
    struct epoll_event e;
    int ep[N], refused, tail = eventfd(0, 0);
    for (int down = 0; down < 2; down++) {
        refused = 0;
        for (int i = 0; i < N; i++)
            CHECK((ep[i] = epoll_create1(0)) >= 0);
        for (int i = 0; i < N - 1; i++) {
            int at = down ? i : N - 2 - i;
            if (watch(ep[at], ep[at + 1], EPOLLIN) != 0) {
                int error = errno;
                EQ(error, ELOOP);
                refused++;
            }
        }
        if (watch(ep[N - 1], tail, EPOLLIN) != 0) {
            int error = errno;
            EQ(error, EINVAL);
            refused++;
        }
        CHECK(refused > 0);
        EQ(eventfd_write(tail, 1), 0);
        EQ(epoll_wait(ep[0], &e, 1, 0), 0);
        for (int i = 0; i < N; i++)
            close(ep[i]);
    }
}

TEST(epoll_ctl, five_epolls_in_a_chain)
{
    struct epoll_event e;
    int ep[5], tail = eventfd(0, 0);
    for (int i = 0; i < 5; i++)
        CHECK((ep[i] = epoll_create1(0)) >= 0);
    EQ(watch(ep[1], ep[2], EPOLLIN), 0);
    EQ(watch(ep[3], ep[4], EPOLLIN), 0);
    EQ(watch(ep[4], tail, EPOLLIN), 0);
    EQ(watch(ep[0], ep[1], EPOLLIN), 0);
    EQ(watch(ep[2], ep[3], EPOLLIN), 0);
    EQ(eventfd_write(tail, 1), 0);
    EQ(epoll_wait(ep[0], &e, 1, 0), 1);
}

TEST(epoll_wait, ONESHOT_reports_POLLHUP_once)
{
    struct epoll_event e;
    int ep = epoll_create1(0), fd[2];
    EQ(pipe(fd), 0);
    EQ(watch(ep, fd[0], EPOLLIN | EPOLLONESHOT), 0);
    close(fd[1]);
    EQ(epoll_wait(ep, &e, 1, 0), 1);
    EQ(e.events, EPOLLHUP);
    EQ(epoll_wait(ep, &e, 1, 0), 0);
    e = (struct epoll_event){.events = EPOLLONESHOT};
    EQ(epoll_ctl(ep, EPOLL_CTL_MOD, fd[0], &e), 0);
    EQ(epoll_wait(ep, &e, 1, 0), 1);
    EQ(epoll_wait(ep, &e, 1, 0), 0);
}

/* A child watches its own signals by its parent's epoll, and is gone while the parent closes that. */
TEST(epoll_ctl, signalfd_of_a_process_that_has_ended)
{
    sigset_t mask;
    sigemptyset(&mask);
    sigaddset(&mask, SIGUSR1);
    for (int i = 0; i < 300; i++) {
        int ep = epoll_create1(0), fd = (int)syscall(SYS_signalfd4, -1, &mask, 8, 0), up[2];
        struct epoll_event e;
        char c;
        EQ(pipe(up), 0);
        pid_t pid = fork();
        if (pid == 0)
            _exit(watch(ep, fd, EPOLLIN) || write(up[1], "x", 1) != 1);
        EQ(read(up[0], &c, 1), 1);
        if (i % 3 == 0)
            close(ep); /* beside its end */
        abi_reap(pid, 0);
        if (i % 3 == 1)
            close(ep); /* at once after it */
        if (i % 3 == 2) {
            EQ(epoll_wait(ep, &e, 1, 0), 0);
            close(ep);
        }
        close(fd);
        close(up[0]);
        close(up[1]);
    }
}

/* Each way from a file up to an epoll that nobody watches is walked by a wake-up. */
TEST(epoll_ctl, EINVAL_of_too_many_ways)
{
    enum { LOWER = 30 };
    int low[LOWER], tail = eventfd(0, 0), ways = 0, error = 0;
    for (int i = 0; i < LOWER; i++) {
        CHECK((low[i] = epoll_create1(0)) >= 0);
        EQ(watch(low[i], tail, EPOLLIN), 0);
    }
    while (!error && ways < 1000) {
        int top = epoll_create1(0);
        for (int i = 0; i < LOWER && !error; i++) {
            error = watch(top, low[i], EPOLLIN) ? errno : 0;
            ways += !error;
        }
    }
    EQ(error, EINVAL);
    EQ(ways, 500);
    EQ(eventfd_write(tail, 1), 0);
}

/* Five layers of 30, each watching all of the layer below: 24 million ways, where they are not refused. */
TEST(epoll_ctl, layers_are_refused)
{
    enum { LAYERS = 5, N = 30 };
    static int ep[LAYERS][N];
    int tail = eventfd(0, 0), refused = 0;
    for (int l = 0; l < LAYERS; l++) {
        for (int i = 0; i < N; i++) {
            CHECK((ep[l][i] = epoll_create1(0)) >= 0);
            for (int above = 0; l && above < N; above++)
                refused += watch(ep[l - 1][above], ep[l][i], EPOLLIN) != 0;
        }
    }
    for (int i = 0; i < N; i++) {
        int error = watch(ep[LAYERS - 1][i], tail, EPOLLIN) ? errno : 0;
        CHECK(!error || error == EINVAL);
        refused += error != 0;
    }
    CHECK(refused > 0);
    EQ(eventfd_write(tail, 1), 0);
}

TEST(timerfd_settime, an_interval_that_ends_after_all_time)
{
    struct itimerspec v = {.it_value = {0, 1}, .it_interval = {9223372036, 0}};
    uint64_t ticks;
    int fd = timerfd_create(CLOCK_MONOTONIC, 0);
    EQ(timerfd_settime(fd, 0, &v, NULL), 0);
    EQ(read(fd, &ticks, 8), 8);
    EQ(ticks, 1);
    EQ(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
    FAILS(read(fd, &ticks, 8), EAGAIN);
}
