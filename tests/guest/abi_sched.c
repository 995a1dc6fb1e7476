/* abi_sched.c: scheduling calls, always raw: musl's wrappers return ENOSYS. */
#include <pthread.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/time.h>

#include "tests/guest/abi.h"

struct param {
    int priority;
};

TEST(sched_yield, lets_the_other_run)
{
    volatile int *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    unsigned long mask[16] = {1};
    EQ(syscall(SYS_sched_setaffinity, 0, sizeof mask, mask), 0);
    pid_t pid = fork();
    if (pid == 0) {
        *p = 1;
        _exit(0);
    }
    for (int i = 0; i < 1000000 && !*p; i++) {
        EQ(syscall(SYS_sched_yield), 0);
    }
    EQ(*p, 1);
    abi_reap(pid, 0);
}

TEST(sched_getaffinity, what_was_set)
{
    unsigned long all[128] = {0}, one[128] = {0}, back[128] = {0};
    long bytes = syscall(SYS_sched_getaffinity, 0, sizeof all, all);
    CHECK(bytes > 0 && bytes % 8 == 0);
    int last = 0;
    for (int i = 0; i < bytes * 8; i++) {
        if (all[i / 64] >> (i % 64) & 1) {
            last = i;
        }
    }
    one[last / 64] = 1ul << (last % 64);
    EQ(syscall(SYS_sched_setaffinity, 0, sizeof one, one), 0);
    unsigned cpu = 999;
    EQ(syscall(SYS_getcpu, &cpu, NULL, NULL), 0);
    EQ(cpu, last);
    EQ(syscall(SYS_sched_getaffinity, 0, sizeof back, back), bytes);
    CHECK(memcmp(one, back, (size_t)bytes) == 0);
    FAILS(syscall(SYS_sched_getaffinity, 999999, sizeof back, back), ESRCH);
    FAILS(syscall(SYS_sched_getaffinity, 0, 1, back), EINVAL);
}

TEST(sched_setaffinity, errors)
{
    unsigned long none[16] = {0};
    FAILS(syscall(SYS_sched_setaffinity, 0, sizeof none, none), EINVAL);
    FAILS(syscall(SYS_sched_setaffinity, 0, sizeof none, BAD_ADDRESS), EFAULT);
    FAILS(syscall(SYS_sched_setaffinity, 999999, sizeof none, none), ESRCH);
}

TEST(sched_setaffinity, moves_another_process)
{
    unsigned long all[128] = {0}, mask[128] = {0};
    long bytes = syscall(SYS_sched_getaffinity, 0, sizeof all, all);
    volatile unsigned *where = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pid_t pid = fork();
    while (pid == 0) {
        syscall(SYS_getcpu, where, NULL, NULL);
    }
    for (int i = 0; i < bytes * 8; i++) {
        if (!(all[i / 64] >> (i % 64) & 1)) {
            continue;
        }
        memset(mask, 0, sizeof mask);
        mask[i / 64] = 1ul << (i % 64);
        EQ(syscall(SYS_sched_setaffinity, pid, sizeof mask, mask), 0);
        for (int k = 0; k < 500 && *where != (unsigned)i; k++) {
            abi_sleep_ms(10);
        }
        EQ(*where, i);
    }
    kill(pid, SIGKILL);
}

static void *exec_nop(void *arg)
{
    execl("/bench/nop", "nop", "0", (char *)NULL);
    return arg;
}

/* Sets masks of the process and of its first threads, whoever has these numbers at the moment. */
static pid_t mover_of(pid_t pid, const unsigned long *all)
{
    pid_t helper = fork();
    for (int i = 0; helper == 0 && i < 400; i++) {
        unsigned long mask[16] = {i % 2 ? all[0] : 1};
        for (int k = 0; k < 3; k++) {
            syscall(SYS_sched_setaffinity, pid + k, sizeof mask, mask);
        }
    }
    if (helper == 0) {
        _exit(0);
    }
    return helper;
}

/* Whoever waits until the mask holds must hear of it, though the thread has another number by then. */
TEST(sched_setaffinity, of_a_thread_that_takes_its_leaders_place)
{
    unsigned long all[16] = {0};
    EQ(syscall(SYS_sched_getaffinity, 0, sizeof all, all) > 0, 1);
    long end = abi_now_ms() + 6000;
    for (int round = 0; round < 300 && abi_now_ms() < end; round++) {
        pid_t pid = fork();
        if (pid == 0) {
            pthread_t t;
            pthread_create(&t, NULL, exec_nop, NULL);
            syscall(SYS_exit, 0);
        }
        pid_t helper[2] = {mover_of(pid, all), mover_of(pid, all)};
        abi_reap(pid, 0);
        abi_reap(helper[0], 0);
        abi_reap(helper[1], 0);
    }
}

/* Two callers move one task about among tasks that wait: each hears that his mask holds. */
TEST(sched_setaffinity, two_callers_of_one_task)
{
    unsigned long all[16] = {0};
    EQ(syscall(SYS_sched_getaffinity, 0, sizeof all, all) > 0, 1);
    pid_t hog[4], caller[2];
    long end = abi_now_ms() + 4000;
    for (int i = 0; i < 4; i++) {
        hog[i] = fork();
        while (hog[i] == 0) {
        }
    }
    for (int c = 0; c < 2; c++) {
        caller[c] = fork();
        for (int i = 0; caller[c] == 0 && i < 600 && abi_now_ms() < end; i++) {
            unsigned long mask[16] = {(i + c) % 3 ? 1ul << (i % 2) & all[0] : all[0]};
            mask[0] |= !mask[0];
            EQ(syscall(SYS_sched_setaffinity, hog[0], sizeof mask, mask), 0);
        }
        if (caller[c] == 0) {
            _exit(0);
        }
    }
    abi_reap(caller[0], 0);
    abi_reap(caller[1], 0);
    for (int i = 0; i < 4; i++) {
        kill(hog[i], SIGKILL);
    }
}

/* The number of the kernel's thread that stops CPU 0 for those who must be alone there. */
static pid_t stopper_of_cpu_0(void)
{
    for (pid_t pid = 2; pid < 1000; pid++) {
        char path[32], name[32] = "";
        snprintf(path, sizeof path, "/proc/%d/comm", pid);
        int fd = open(path, O_RDONLY);
        if (fd < 0) {
            continue;
        }
        CHECK(read(fd, name, sizeof name - 1) > 0);
        close(fd);
        if (!strcmp(name, "migration/0\n")) {
            return pid;
        }
    }
    return 0;
}

/* It is above every deadline; what can be seen is the highest FIFO priority. Root may not change its policy; a nice value has no effect. */
TEST(sched_setscheduler, of_a_stopper)
{
    struct param p = {1};
    unsigned long one[16] = {1};
    pid_t pid = stopper_of_cpu_0();
    CHECK(pid);
    EQ(syscall(SYS_sched_getscheduler, pid), SCHED_FIFO);
    EQ(syscall(SYS_sched_getparam, pid, &p), 0);
    EQ(p.priority, 99);
    p.priority = 1;
    FAILS(syscall(SYS_sched_setscheduler, pid, SCHED_FIFO, &p), EINVAL);
    p.priority = 0;
    FAILS(syscall(SYS_sched_setscheduler, pid, SCHED_OTHER, &p), EINVAL);
    FAILS(syscall(SYS_sched_setaffinity, pid, sizeof one, one), EINVAL);
    EQ(setpriority(PRIO_PROCESS, (id_t)pid, 5), 0);
    EQ(setpriority(PRIO_PROCESS, (id_t)pid, 0), 0);
    EQ(syscall(SYS_sched_getscheduler, pid), SCHED_FIFO);
    EQ(kill(pid, SIGKILL), 0);
    abi_sleep_ms(20);
    EQ(kill(pid, 0), 0);
}

TEST(sched_setscheduler, policies)
{
    struct param p = {10}, back = {0};
    EQ(syscall(SYS_sched_getscheduler, 0), 0);
    EQ(syscall(SYS_sched_setscheduler, 0, 1, &p), 0);
    EQ(syscall(SYS_sched_getscheduler, 0), 1);
    EQ(syscall(SYS_sched_getparam, 0, &back), 0);
    EQ(back.priority, 10);
    p.priority = 20;
    EQ(syscall(SYS_sched_setparam, 0, &p), 0);
    p.priority = 0;
    EQ(syscall(SYS_sched_setscheduler, 0, 3, &p), 0);
    EQ(syscall(SYS_sched_getscheduler, 0), 3);
    p.priority = 100;
    FAILS(syscall(SYS_sched_setscheduler, 0, 1, &p), EINVAL);
    FAILS(syscall(SYS_sched_setscheduler, 0, 77, &p), EINVAL);
    p.priority = 0;
    FAILS(syscall(SYS_sched_setscheduler, 999999, 0, &p), ESRCH);
    FAILS(syscall(SYS_sched_getscheduler, 999999), ESRCH);
}

TEST(sched_setscheduler, EPERM)
{
    struct param p = {10};
    setuid(65534);
    FAILS(syscall(SYS_sched_setscheduler, 0, 1, &p), EPERM);
}

TEST(sched_get_priority_max, by_policy)
{
    EQ(syscall(SYS_sched_get_priority_max, 1), 99);
    EQ(syscall(SYS_sched_get_priority_min, 1), 1);
    EQ(syscall(SYS_sched_get_priority_max, 0), 0);
    FAILS(syscall(SYS_sched_get_priority_max, 77), EINVAL);
    FAILS(syscall(SYS_sched_get_priority_min, -1), EINVAL);
}

TEST(sched_rr_get_interval, rr)
{
    struct timespec t = {-1, -1};
    struct param p = {5};
    syscall(SYS_sched_setscheduler, 0, 2, &p);
    EQ(syscall(SYS_sched_rr_get_interval, 0, &t), 0);
    CHECK(t.tv_sec == 0 && t.tv_nsec == 100000000);
    FAILS(syscall(SYS_sched_rr_get_interval, 999999, &t), ESRCH);
}

static void busy_loops(int nice, volatile long *count)
{
    unsigned long mask[16] = {1};
    syscall(SYS_sched_setaffinity, 0, sizeof mask, mask);
    setpriority(PRIO_PROCESS, 0, nice);
    for (;;) {
        (*count)++;
    }
}

TEST(setpriority, nice_takes_effect)
{
    volatile long *n = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pid_t a = fork();
    if (a == 0) {
        busy_loops(0, &n[0]);
    }
    pid_t b = fork();
    if (b == 0) {
        busy_loops(15, &n[64]);
    }
    abi_sleep_ms(1500);
    kill(a, SIGKILL);
    kill(b, SIGKILL);
    CHECK(n[0] > 4 * n[64]);
    CHECK(n[64] > 0);
    FAILS(setpriority(PRIO_PROCESS, 999999, 1), ESRCH);
}

TEST(sched_setscheduler, fifo_runs_before_fair)
{
    unsigned long mask[16] = {1};
    struct param p = {50};
    volatile long *n = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    syscall(SYS_sched_setaffinity, 0, sizeof mask, mask);
    EQ(syscall(SYS_sched_setscheduler, 0, 1, &p), 0);
    pid_t pid = fork();
    if (pid == 0) {
        p.priority = 0;
        syscall(SYS_sched_setscheduler, 0, 0, &p);
        for (;;) {
            n[0]++;
        }
    }
    while (!n[0]) {
        abi_sleep_ms(10);
    }
    long before = n[0], end = abi_now_ms() + 100;
    while (abi_now_ms() < end) {
    }
    EQ(n[0] - before, 0);
    kill(pid, SIGKILL);
}

TEST(sched_yield, preemption_of_a_loop)
{
    unsigned long mask[16] = {1};
    syscall(SYS_sched_setaffinity, 0, sizeof mask, mask);
    pid_t pid = fork();
    while (pid == 0) {
    }
    abi_sleep_ms(50); /* comes back although the child never enters the kernel */
    kill(pid, SIGKILL);
    int status;
    waitpid(pid, &status, 0);
    EQ(status, SIGKILL);
}

TEST(getcpu, EFAULT) { FAILS(syscall(SYS_getcpu, BAD_ADDRESS, NULL, NULL), EFAULT); }

/* ---- RLIMIT_RTTIME: how long a real-time task computes without sleep ---- */

static volatile int warned;

static void warn(int sig)
{
    warned += sig == SIGXCPU;
}

static void becomes_fifo_with_limit(rlim_t soft_us, rlim_t hard_us)
{
    struct param p = {50};
    struct rlimit r = {soft_us, hard_us};
    signal(SIGXCPU, warn);
    EQ(setrlimit(RLIMIT_RTTIME, &r), 0);
    EQ(syscall(SYS_sched_setscheduler, 0, SCHED_FIFO, &p), 0);
}

/* CPU time of the thread. */
static void compute_for_ms(long ms)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    for (long end = t.tv_sec * 1000 + t.tv_nsec / 1000000 + ms, now = 0; now < end;) {
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
        now = t.tv_sec * 1000 + t.tv_nsec / 1000000;
    }
}

TEST(setrlimit, RTTIME_sends_SIGXCPU_then_SIGKILL)
{
    pid_t pid = fork();
    int status;
    if (pid == 0) {
        struct rlimit r;
        becomes_fifo_with_limit(100000, 400000);
        while (!warned) {
            sched_yield(); /* is no sleep */
        }
        EQ(getrlimit(RLIMIT_RTTIME, &r), 0);
        EQ(r.rlim_cur, 1100000); /* the next warning: a second later */
        compute_for_ms(10000);
        _exit(2);
    }
    EQ(waitpid(pid, &status, 0), pid);
    if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL) {
        abi_failed(__FILE__, __LINE__, "status %#x", status);
    }
}

TEST(setrlimit, RTTIME_begins_anew_with_a_sleep)
{
    becomes_fifo_with_limit(1000000, RLIM_INFINITY);
    for (int i = 0; i < 30; i++) {
        compute_for_ms(50);
        abi_sleep_ms(1);
    }
    EQ(warned, 0);
    for (int i = 0; i < 10 && !warned; i++) { /* Linux counts ticks, of which a host that stops the VM takes some */
        compute_for_ms(500);
    }
    CHECK(warned);
}

TEST(setrlimit, RTTIME_is_for_real_time_tasks)
{
    struct param none = {0};
    becomes_fifo_with_limit(100000, 200000);
    EQ(syscall(SYS_sched_setscheduler, 0, SCHED_OTHER, &none), 0);
    compute_for_ms(400);
    EQ(warned, 0);
}
