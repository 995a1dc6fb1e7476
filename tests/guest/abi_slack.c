/* abi_slack.c: timer slack. How much later than asked a sleep may end, who has none, what is inherited, and /proc/PID/timerslack_ns. All on
 * the last CPU. Waits are longer than a tick that a CPU still had ahead when it began to idle, for a timer that may run then does. */
#include "tests/guest/abi.h"
#include <poll.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/select.h>
#include <sys/timerfd.h>

#define MS 1000000ll
#define WAIT_MS 120
#define SLACK_MS 200
#define ATTEMPTS 12 /* a busy host, another timer of the CPU */

static int64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000ll + t.tv_nsec;
}

static void set_slack(unsigned long ns)
{
    EQ(syscall(SYS_prctl, PR_SET_TIMERSLACK, ns), 0);
}

static long slack(void)
{
    return syscall(SYS_prctl, PR_GET_TIMERSLACK);
}

static int set_policy(int policy)
{
    struct sched_param p = {.sched_priority = policy == SCHED_FIFO};
    return (int)syscall(SYS_sched_setscheduler, 0, policy, &p);
}

/* As the test's own mask said before it was narrowed. */
static int last_cpu(void)
{
    static long n;
    n = n ? n : sysconf(_SC_NPROCESSORS_ONLN);
    return (int)n - 1;
}

static void stay_on_the_last_cpu(void)
{
    unsigned long mask = 1ul << last_cpu();
    EQ(syscall(SYS_sched_setaffinity, 0, sizeof mask, &mask), 0);
}

static pid_t parent_of(pid_t pid)
{
    char path[64], text[256] = "";
    pid_t parent = 0;
    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    int fd = open(path, O_RDONLY);
    read(fd, text, sizeof text - 1);
    close(fd);
    char *end = strrchr(text, ')');
    CHECK(end && sscanf(end, ") %*c %d", &parent) == 1);
    return parent;
}

/* Those who wait for this test poll: they may do so on the CPUs of the mask. */
static void put_waiters(unsigned long mask)
{
    for (pid_t pid = getppid(); pid > 1; pid = parent_of(pid)) {
        EQ(syscall(SYS_sched_setaffinity, pid, sizeof mask, &mask), 0);
    }
}

/* ---- each way to wait: WAIT_MS ---- */

static const struct timespec a_while = {0, WAIT_MS * MS};

static void by_nanosleep(void)
{
    EQ(syscall(SYS_nanosleep, &a_while, NULL), 0);
}

static void by_clock_nanosleep(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    int64_t at = t.tv_sec * 1000000000ll + t.tv_nsec + WAIT_MS * MS;
    t = (struct timespec){at / 1000000000, at % 1000000000};
    EQ(syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL), 0);
}

static void by_poll(void)
{
    EQ(poll(NULL, 0, WAIT_MS), 0);
}

static void by_select(void)
{
    struct timeval t = {0, WAIT_MS * 1000};
    EQ(select(0, NULL, NULL, NULL, &t), 0);
}

static void by_epoll(void)
{
    struct epoll_event e;
    int fd = epoll_create1(0);
    EQ(epoll_wait(fd, &e, 1, WAIT_MS), 0);
    close(fd);
}

static void by_futex(void)
{
    uint32_t word = 0;
    FAILS(syscall(SYS_futex, &word, 0 /* FUTEX_WAIT */, 0, &a_while, NULL, 0), ETIMEDOUT);
}

static void by_sigtimedwait(void)
{
    sigset_t none;
    sigemptyset(&none);
    FAILS(sigtimedwait(&none, NULL, &a_while), EAGAIN);
}

static void by_timerfd(void)
{
    uint64_t times;
    struct itimerspec t = {.it_value = a_while};
    int fd = timerfd_create(CLOCK_MONOTONIC, 0);
    EQ(timerfd_settime(fd, 0, &t, NULL), 0);
    EQ(read(fd, &times, sizeof times), sizeof times);
    close(fd);
}

/* ---- the effect ---- */

/* How much longer than asked. */
static int64_t late_by(void (*wait_a_while)(void))
{
    int64_t from = now_ns();
    wait_a_while();
    int64_t ns = now_ns() - from - WAIT_MS * MS;
    CHECK(ns >= 0);
    return ns;
}

/* On a CPU with nothing else to wake for, the wait ends where the range does. One CPU always has something else. */
static void uses_the_slack(void (*wait_a_while)(void))
{
    int64_t ns = 0;
    if (!last_cpu()) {
        return;
    }
    stay_on_the_last_cpu();
    set_slack(SLACK_MS * MS);
    put_waiters((1ul << last_cpu()) - 1);
    for (int i = 0; i < ATTEMPTS && (ns < SLACK_MS / 2 * MS || ns > SLACK_MS * 2 * MS); i++) {
        ns = late_by(wait_a_while);
    }
    put_waiters((2ul << last_cpu()) - 1);
    if (ns < SLACK_MS / 2 * MS || ns > SLACK_MS * 2 * MS) {
        abi_failed(__FILE__, __LINE__, "%d ms with a slack of %d ms: late by %ld us", WAIT_MS, SLACK_MS, (long)(ns / 1000));
    }
}

/* One in ATTEMPTS is prompt, whatever the host does. */
static void uses_no_slack(void (*wait_a_while)(void), unsigned long ns)
{
    int64_t least = INT64_MAX;
    stay_on_the_last_cpu();
    set_slack(ns);
    for (int i = 0; i < ATTEMPTS && least > SLACK_MS / 2 * MS; i++) {
        int64_t late = late_by(wait_a_while);
        least = late < least ? late : least;
    }
    CHECK(least <= SLACK_MS / 2 * MS);
}

TEST(nanosleep, timer_slack)
{
    uses_the_slack(by_nanosleep);
    uses_no_slack(by_nanosleep, 1);
    uses_no_slack(by_nanosleep, 0); /* the default of 50 us */
}

TEST(clock_nanosleep, timer_slack)
{
    uses_the_slack(by_clock_nanosleep);
    uses_no_slack(by_clock_nanosleep, 1);
}

TEST(poll, timer_slack)
{
    uses_the_slack(by_poll);
    uses_no_slack(by_poll, 1);
}

TEST(select, timer_slack)
{
    uses_the_slack(by_select);
    uses_no_slack(by_select, 1);
}

TEST(epoll_wait, timer_slack)
{
    uses_the_slack(by_epoll);
    uses_no_slack(by_epoll, 1);
}

TEST(futex, timer_slack)
{
    uses_the_slack(by_futex);
    uses_no_slack(by_futex, 1);
}

TEST(rt_sigtimedwait, timer_slack)
{
    uses_the_slack(by_sigtimedwait);
    uses_no_slack(by_sigtimedwait, 1);
}

TEST(timerfd_settime, has_no_timer_slack)
{
    uses_no_slack(by_timerfd, 60000 * MS);
}

TEST(nanosleep, no_timer_slack_in_real_time)
{
    set_slack(60000 * MS);
    EQ(set_policy(SCHED_FIFO), 0);
    int64_t from = now_ns();
    for (int i = 0; i < 5; i++) {
        by_nanosleep();
    }
    CHECK(now_ns() - from < 30000 * MS);
}

/* Of a child that sleeps beside one that naps without slack: the CPU's hardware comes for that one before. */
static int64_t late_beside_another(void)
{
    int64_t *late = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK(late != MAP_FAILED);
    pid_t pid = fork();
    if (pid == 0) {
        set_slack(SLACK_MS * MS);
        *late = late_by(by_nanosleep);
        _exit(0);
    }
    set_slack(1);
    abi_sleep_ms(WAIT_MS + 40);
    abi_reap(pid, 0);
    return *late;
}

TEST(nanosleep, timer_slack_ends_with_another_timer)
{
    int64_t late = INT64_MAX;
    stay_on_the_last_cpu();
    for (int i = 0; i < ATTEMPTS && late > SLACK_MS / 2 * MS; i++) {
        late = late_beside_another();
    }
    CHECK(late < SLACK_MS / 2 * MS);
}

/* ---- the values ---- */

TEST(prctl, timer_slack_is_inherited_and_reset)
{
    set_slack(50000);
    EQ(slack(), 50000);
    set_slack(123456);
    EQ(slack(), 123456);
    pid_t pid = fork();
    if (pid == 0) {
        EQ(slack(), 123456);
        set_slack(7);
        EQ(slack(), 7);
        set_slack(0); /* what it inherited */
        EQ(slack(), 123456);
        _exit(0);
    }
    abi_reap(pid, 0);
    EQ(slack(), 123456);
}

TEST(prctl, timer_slack_has_no_upper_end)
{
    set_slack(0x7fffffffffffffffl);
    EQ(slack(), 0x7fffffffffffffffl);
    set_slack(-5000l);
    EQ(slack(), -5000);
}

TEST(prctl, timer_slack_of_real_time_is_0)
{
    set_slack(0);
    long usual = slack();
    CHECK(usual > 0);
    set_slack(123456);
    EQ(set_policy(SCHED_FIFO), 0);
    EQ(slack(), 0);
    set_slack(777);
    EQ(slack(), 0);
    EQ(set_policy(SCHED_OTHER), 0);
    EQ(slack(), usual);
}

/* ---- /proc/PID/timerslack_ns ---- */

static const char *path_of(pid_t pid)
{
    static char path[64];
    snprintf(path, sizeof path, "/proc/%d/timerslack_ns", pid);
    return path;
}

static long file_says(pid_t pid)
{
    char text[32] = "";
    int fd = open(path_of(pid), O_RDONLY);
    CHECK(fd >= 0);
    ssize_t n = read(fd, text, sizeof text - 1);
    int e = errno;
    close(fd);
    errno = e;
    return n < 0 ? -1 : strtol(text, NULL, 10);
}

static long write_file(pid_t pid, const char *text)
{
    int fd = open(path_of(pid), O_WRONLY);
    CHECK(fd >= 0);
    ssize_t n = write(fd, text, strlen(text));
    int e = errno;
    close(fd);
    errno = e;
    return n;
}

TEST(read, timerslack_ns)
{
    struct stat st;
    char path[64];
    set_slack(123456);
    EQ(file_says(getpid()), 123456);
    EQ(stat(path_of(getpid()), &st), 0);
    EQ(st.st_mode & 07777, 0666);
    snprintf(path, sizeof path, "/proc/self/task/%d/timerslack_ns", getpid());
    FAILS(access(path, F_OK), ENOENT);
}

TEST(write, timerslack_ns)
{
    pid_t pid = abi_sleeper();
    set_slack(0);
    long usual = slack();
    EQ(write_file(getpid(), "7000\n"), 5);
    EQ(slack(), 7000);
    EQ(write_file(getpid(), "0"), 1);
    EQ(slack(), usual);
    EQ(write_file(pid, "98765"), 5);
    EQ(file_says(pid), 98765);
    FAILS(write_file(pid, "soon"), EINVAL);
    FAILS(write_file(pid, "1 2"), EINVAL);
    FAILS(write_file(pid, "-1"), EINVAL);
    FAILS(write_file(pid, "18446744073709551616"), ERANGE);
    EQ(file_says(pid), 98765);
}

TEST(write, timerslack_ns_of_others_EPERM)
{
    pid_t other = abi_sleeper(), pid = fork();
    if (pid == 0) {
        EQ(setgid(1000), 0);
        EQ(setuid(1000), 0);
        EQ(prctl(PR_SET_DUMPABLE, 1), 0);
        EQ(write_file(getpid(), "5000"), 4);
        EQ(file_says(getpid()), 5000);
        FAILS(write_file(other, "5000"), EPERM);
        FAILS(file_says(other), EPERM);
        FAILS(write_file(other, "soon"), EINVAL);
        _exit(0);
    }
    abi_reap(pid, 0);
}

TEST(write, timerslack_ns_of_real_time_stays_0)
{
    EQ(set_policy(SCHED_FIFO), 0);
    EQ(write_file(getpid(), "5000"), 4);
    EQ(file_says(getpid()), 0);
}
