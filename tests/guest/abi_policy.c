/* Scheduling policies, priorities and masks. Raw calls: musl's sched_* wrappers answer ENOSYS. */
#include "tests/guest/abi.h"
#include <pthread.h>
#include <sys/resource.h>

#define SCHED_OTHER_ 0
#define SCHED_FIFO_ 1
#define SCHED_RR_ 2
#define SCHED_BATCH_ 3
#define SCHED_IDLE_ 5

struct param {
    int priority;
};

struct attr {
    uint32_t size, policy;
    uint64_t flags;
    int32_t nice;
    uint32_t priority;
    uint64_t runtime, deadline, period;
    uint32_t util_min, util_max;
};

static long getaffinity(pid_t pid, unsigned long *mask, size_t size)
{
    memset(mask, 0, size);
    return syscall(SYS_sched_getaffinity, pid, size, mask);
}

static int cpus_in(const unsigned long *mask, long bytes)
{
    int n = 0;

    for (long i = 0; i < bytes / 8; i++)
        n += __builtin_popcountl(mask[i]);
    return n;
}

TEST(sched_yield, lets_an_equal_run)
{
    int *word = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    unsigned long one = 1;
    pid_t pid;

    EQ(syscall(SYS_sched_setaffinity, 0, 8, &one), 0);
    pid = fork();
    if (!pid) {
        *(volatile int *)word = 1;
        _exit(0);
    }
    for (int i = 0; i < 1000000 && !*(volatile int *)word; i++)
        EQ(syscall(SYS_sched_yield), 0);
    EQ(*(volatile int *)word, 1);
    abi_reap(pid, 0);
}

TEST(sched_getaffinity, at_least_one_cpu)
{
    unsigned long mask[128];
    long n = getaffinity(0, mask, sizeof(mask));

    CHECK(n > 0 && n % 8 == 0);
    CHECK(cpus_in(mask, n) >= 1);
}

TEST(sched_getaffinity, EINVAL_and_ESRCH)
{
    unsigned long mask[128];

    FAILS(syscall(SYS_sched_getaffinity, 0, 3, mask), EINVAL);
    FAILS(getaffinity(0x3ffffff, mask, sizeof(mask)), ESRCH);
    FAILS(syscall(SYS_sched_getaffinity, 0, 128, BAD_ADDRESS), EFAULT);
}

TEST(sched_setaffinity, moves_the_caller)
{
    unsigned long mask[128], one[128];
    long n = getaffinity(0, mask, sizeof(mask));

    for (unsigned cpu = 0; cpu < (unsigned)n * 8; cpu++) {
        unsigned where = ~0u, node;

        if (!(mask[cpu / 64] >> (cpu % 64) & 1))
            continue;
        memset(one, 0, sizeof(one));
        one[cpu / 64] = 1ul << (cpu % 64);
        EQ(syscall(SYS_sched_setaffinity, 0, n, one), 0);
        EQ(syscall(SYS_getcpu, &where, &node, NULL), 0);
        EQ(where, cpu);
    }
}

TEST(sched_setaffinity, moves_another_and_is_inherited)
{
    unsigned long one[128] = {1}, got[128];
    pid_t pid = abi_sleeper();

    EQ(syscall(SYS_sched_setaffinity, pid, sizeof(one), one), 0);
    CHECK(getaffinity(pid, got, sizeof(got)) > 0);
    EQ(got[0], 1);
    EQ(syscall(SYS_sched_setaffinity, 0, sizeof(one), one), 0);
    if (!(pid = fork())) {
        CHECK(getaffinity(0, got, sizeof(got)) > 0);
        _exit(got[0] == 1 ? 0 : 1);
    }
    abi_reap(pid, 0);
}

TEST(sched_setaffinity, EINVAL)
{
    unsigned long none[128] = {0};

    FAILS(syscall(SYS_sched_setaffinity, 0, sizeof(none), none), EINVAL);
    FAILS(syscall(SYS_sched_setaffinity, 0, 8, BAD_ADDRESS), EFAULT);
}

TEST(sched_setaffinity, EPERM)
{
    unsigned long one = 1;
    pid_t pid = abi_sleeper();

    EQ(syscall(SYS_setresuid, 1000, 1000, 1000), 0);
    FAILS(syscall(SYS_sched_setaffinity, pid, 8, &one), EPERM);
}

TEST(getcpu, within_the_mask)
{
    unsigned long mask[128];
    unsigned cpu = ~0u, node = ~0u;

    CHECK(getaffinity(0, mask, sizeof(mask)) > 0);
    EQ(syscall(SYS_getcpu, &cpu, &node, NULL), 0);
    CHECK(cpu < 8192 && (mask[cpu / 64] >> (cpu % 64) & 1));
    CHECK(node < 64);
    FAILS(syscall(SYS_getcpu, BAD_ADDRESS, NULL, NULL), EFAULT);
}

TEST(sched_getscheduler, default_is_other)
{
    EQ(syscall(SYS_sched_getscheduler, 0), SCHED_OTHER_);
    FAILS(syscall(SYS_sched_getscheduler, -1), EINVAL);
    FAILS(syscall(SYS_sched_getscheduler, 0x3ffffff), ESRCH);
}

TEST(sched_setscheduler, fifo_and_back)
{
    struct param p = {10};

    EQ(syscall(SYS_sched_setscheduler, 0, SCHED_FIFO_, &p), 0);
    EQ(syscall(SYS_sched_getscheduler, 0), SCHED_FIFO_);
    p.priority = 0;
    EQ(syscall(SYS_sched_getparam, 0, &p), 0);
    EQ(p.priority, 10);
    p.priority = 0;
    EQ(syscall(SYS_sched_setscheduler, 0, SCHED_BATCH_, &p), 0);
    EQ(syscall(SYS_sched_getscheduler, 0), SCHED_BATCH_);
    EQ(syscall(SYS_sched_setscheduler, 0, SCHED_OTHER_, &p), 0);
}

TEST(sched_setscheduler, fifo_runs_before_other)
{
    volatile int *seen = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    struct param p = {10};
    unsigned long one = 1;
    int fds[2];
    char c = 0;
    pid_t pid;

    EQ(pipe(fds), 0);
    EQ(syscall(SYS_sched_setaffinity, 0, 8, &one), 0);
    pid = fork();
    if (!pid) {
        EQ(syscall(SYS_sched_setscheduler, 0, SCHED_FIFO_, &p), 0);
        *seen = 1;
        if (read(fds[0], &c, 1) != 1)
            _exit(1);
        *seen = 2;
        _exit(0);
    }
    while (*seen != 1)
        abi_sleep_ms(1);
    abi_await_state(pid, "S");
    EQ(write(fds[1], &c, 1), 1);
    EQ(*seen, 2); /* it ran before write() returned to us */
    abi_reap(pid, 0);
}

TEST(sched_setscheduler, EINVAL_and_EPERM)
{
    struct param p = {100};

    FAILS(syscall(SYS_sched_setscheduler, 0, SCHED_FIFO_, &p), EINVAL);
    p.priority = 0;
    FAILS(syscall(SYS_sched_setscheduler, 0, SCHED_RR_, &p), EINVAL);
    FAILS(syscall(SYS_sched_setscheduler, 0, 77, &p), EINVAL);
    p.priority = 5;
    FAILS(syscall(SYS_sched_setscheduler, 0, SCHED_OTHER_, &p), EINVAL);
    EQ(syscall(SYS_setresuid, 1000, 1000, 1000), 0);
    FAILS(syscall(SYS_sched_setscheduler, 0, SCHED_FIFO_, &p), EPERM);
}

TEST(sched_setparam, changes_priority)
{
    struct param p = {3};

    EQ(syscall(SYS_sched_setscheduler, 0, SCHED_RR_, &p), 0);
    p.priority = 4;
    EQ(syscall(SYS_sched_setparam, 0, &p), 0);
    p.priority = 0;
    EQ(syscall(SYS_sched_getparam, 0, &p), 0);
    EQ(p.priority, 4);
    p.priority = 200;
    FAILS(syscall(SYS_sched_setparam, 0, &p), EINVAL);
}

TEST(sched_getparam, EINVAL_and_ESRCH)
{
    struct param p;

    FAILS(syscall(SYS_sched_getparam, 0, NULL), EINVAL);
    FAILS(syscall(SYS_sched_getparam, 0x3ffffff, &p), ESRCH);
}

TEST(sched_get_priority_max, values_and_EINVAL)
{
    EQ(syscall(SYS_sched_get_priority_max, SCHED_FIFO_), 99);
    EQ(syscall(SYS_sched_get_priority_max, SCHED_OTHER_), 0);
    FAILS(syscall(SYS_sched_get_priority_max, 99), EINVAL);
}

TEST(sched_get_priority_min, values_and_EINVAL)
{
    EQ(syscall(SYS_sched_get_priority_min, SCHED_RR_), 1);
    EQ(syscall(SYS_sched_get_priority_min, SCHED_IDLE_), 0);
    FAILS(syscall(SYS_sched_get_priority_min, -1), EINVAL);
}

TEST(sched_rr_get_interval, rr_slice_and_EINVAL)
{
    struct param p = {3};
    struct timespec ts = {-1, -1};

    EQ(syscall(SYS_sched_setscheduler, 0, SCHED_RR_, &p), 0);
    EQ(syscall(SYS_sched_rr_get_interval, 0, &ts), 0);
    CHECK(ts.tv_sec == 0 && ts.tv_nsec > 0);
    FAILS(syscall(SYS_sched_rr_get_interval, -1, &ts), EINVAL);
    FAILS(syscall(SYS_sched_rr_get_interval, 0, BAD_ADDRESS), EFAULT);
}

TEST(sched_setattr, nice_and_policy)
{
    struct attr a = {.size = 48, .policy = SCHED_OTHER_, .nice = 7}, got;

    EQ(syscall(SYS_sched_setattr, 0, &a, 0), 0);
    EQ(getpriority(PRIO_PROCESS, 0), 7);
    memset(&got, 0, sizeof(got));
    EQ(syscall(SYS_sched_getattr, 0, &got, 48, 0), 0);
    EQ(got.nice, 7);
    EQ(got.policy, SCHED_OTHER_);
    a = (struct attr){.size = 48, .policy = SCHED_FIFO_, .priority = 9};
    EQ(syscall(SYS_sched_setattr, 0, &a, 0), 0);
    EQ(syscall(SYS_sched_getscheduler, 0), SCHED_FIFO_);
}

TEST(sched_setattr, EINVAL_and_E2BIG)
{
    struct attr a = {.size = 48, .policy = 99};
    char *big = calloc(1, 8192);

    FAILS(syscall(SYS_sched_setattr, 0, &a, 0), EINVAL);
    a.policy = SCHED_OTHER_;
    FAILS(syscall(SYS_sched_setattr, 0, &a, 1), EINVAL);
    memcpy(big, &a, 48);
    *(uint32_t *)big = 4096;
    big[200] = 1;
    FAILS(syscall(SYS_sched_setattr, 0, big, 0), E2BIG);
}

TEST(sched_getattr, EINVAL)
{
    struct attr a;

    FAILS(syscall(SYS_sched_getattr, 0, &a, 47, 0), EINVAL);
    FAILS(syscall(SYS_sched_getattr, 0, &a, 48, 1), EINVAL);
    FAILS(syscall(SYS_sched_getattr, 0x3ffffff, &a, 48, 0), ESRCH);
}

TEST(setpriority, process_and_group)
{
    pid_t pid;

    EQ(setpriority(PRIO_PROCESS, 0, 5), 0);
    EQ(getpriority(PRIO_PROCESS, 0), 5);
    pid = abi_sleeper();
    EQ(getpriority(PRIO_PROCESS, pid), 5); /* inherited */
    EQ(setpriority(PRIO_PGRP, 0, 9), 0);
    EQ(getpriority(PRIO_PROCESS, pid), 9);
    EQ(setpriority(PRIO_PROCESS, 0, 100), 0); /* clamped */
    EQ(getpriority(PRIO_PROCESS, 0), 19);
}

/* ---- many threads, and such that end ---- */

#define THREADS 100
static volatile int over;
static volatile pid_t tids[THREADS];

static void *sleeping_thread(void *arg)
{
    *(volatile pid_t *)arg = syscall(SYS_gettid);
    while (pause())
        ;
    return arg;
}

static void *short_thread(void *arg)
{
    return arg;
}

static void *renice_group(void *arg)
{
    for (int nice = 0; !over; nice = !nice)
        if (setpriority(PRIO_PGRP, 0, nice) || getpriority(PRIO_PGRP, 0) < 0)
            return "setpriority failed";
    return arg;
}

TEST(setpriority, of_a_group_reaches_all_threads)
{
    pthread_t t;

    for (int i = 0; i < THREADS; i++)
        EQ(pthread_create(&t, NULL, sleeping_thread, (void *)(tids + i)), 0);
    for (int i = 0; i < THREADS; i++)
        while (!tids[i])
            usleep(1000);
    EQ(setpriority(PRIO_PGRP, 0, 9), 0);
    for (int i = 0; i < THREADS; i++)
        EQ(getpriority(PRIO_PROCESS, tids[i]), 9);
}

TEST(setpriority, of_a_group_whose_threads_end)
{
    long end = abi_now_ms() + 1000;
    pthread_t renicer, t[THREADS / 2];
    void *said;

    EQ(pthread_create(&renicer, NULL, renice_group, NULL), 0);
    while (abi_now_ms() < end) {
        for (int i = 0; i < THREADS / 2; i++)
            EQ(pthread_create(t + i, NULL, short_thread, NULL), 0);
        for (int i = 0; i < THREADS / 2; i++)
            EQ(pthread_join(t[i], NULL), 0);
    }
    over = 1;
    EQ(pthread_join(renicer, &said), 0);
    CHECK(!said);
}

TEST(setpriority, EACCES_EPERM_ESRCH_EINVAL)
{
    pid_t pid = abi_sleeper();

    FAILS(setpriority(PRIO_PROCESS, 0x3ffffff, 0), ESRCH);
    FAILS(setpriority(77, 0, 0), EINVAL);
    EQ(syscall(SYS_setresuid, 1000, 1000, 1000), 0);
    FAILS(setpriority(PRIO_PROCESS, 0, -5), EACCES);
    FAILS(setpriority(PRIO_PROCESS, pid, 5), EPERM);
}

/* ---- the processes of a user ---- */

#define SOMEBODY 3000
#define ANOTHER 3001
#define NOBODY 54321

/* A sleeper of that user, in a session of its own or in ours. */
static pid_t sleeper_of(uid_t uid, int session)
{
    int ready[2];
    char c = 0;
    pid_t pid;

    EQ(pipe(ready), 0);
    pid = fork();
    if (!pid) {
        if (session)
            setsid();
        if (setresuid(uid, uid, uid) || write(ready[1], &c, 1) != 1)
            _exit(1);
        for (;;)
            pause();
    }
    EQ(read(ready[0], &c, 1), 1);
    close(ready[0]);
    close(ready[1]);
    return pid;
}

static int nice_of(pid_t pid)
{
    return 20 - (int)syscall(SYS_getpriority, PRIO_PROCESS, pid);
}

static void stop(pid_t pid)
{
    kill(pid, SIGKILL);
    EQ(waitpid(pid, NULL, 0), pid);
}

TEST(setpriority, all_processes_of_a_user)
{
    pid_t here = sleeper_of(SOMEBODY, 0), there = sleeper_of(SOMEBODY, 1), other = sleeper_of(ANOTHER, 0);

    EQ(setpriority(PRIO_USER, SOMEBODY, 7), 0);
    EQ(nice_of(here), 7);
    EQ(nice_of(there), 7);
    EQ(nice_of(other), 0);
    EQ(nice_of(0), 0);
    EQ(setpriority(PRIO_PROCESS, there, -3), 0);
    EQ(syscall(SYS_getpriority, PRIO_USER, SOMEBODY), 23); /* the best of them */
    EQ(syscall(SYS_getpriority, PRIO_USER, ANOTHER), 20);
    EQ(setresuid(SOMEBODY, SOMEBODY, SOMEBODY), 0);
    EQ(syscall(SYS_getpriority, PRIO_USER, 0), 23);
    EQ(setpriority(PRIO_USER, 0, 9), 0); /* its own user's */
    EQ(nice_of(here), 9);
    EQ(nice_of(there), 9);
    EQ(nice_of(0), 9);
    EQ(nice_of(other), 0);
    stop(here);
    stop(there); /* of a session that does not end with this test */
}

TEST(setpriority, user_EPERM_EACCES_ESRCH)
{
    pid_t mine = sleeper_of(SOMEBODY, 0), other = sleeper_of(ANOTHER, 0);

    FAILS(setpriority(PRIO_USER, NOBODY, 5), ESRCH);
    FAILS(getpriority(PRIO_USER, NOBODY), ESRCH);
    EQ(setresuid(SOMEBODY, SOMEBODY, SOMEBODY), 0);
    FAILS(setpriority(PRIO_USER, ANOTHER, 5), EPERM);
    FAILS(setpriority(PRIO_USER, SOMEBODY, -5), EACCES);
    FAILS(setpriority(PRIO_USER, 0, -5), EACCES);
    FAILS(setpriority(PRIO_USER, NOBODY, 5), ESRCH);
    EQ(syscall(SYS_getpriority, PRIO_USER, ANOTHER), 20); /* anybody may look */
    EQ(nice_of(mine), 0);
    EQ(nice_of(other), 0);
}

static void *becomes_another(void *tid)
{
    if (syscall(SYS_setresuid, ANOTHER, ANOTHER, ANOTHER)) /* of this thread alone */
        _exit(1);
    *(volatile pid_t *)tid = (pid_t)syscall(SYS_gettid);
    for (;;)
        pause();
}

TEST(setpriority, RLIMIT_NICE_without_a_limit)
{
    struct attr a = {.size = 48, .policy = SCHED_OTHER_, .nice = -11};

    EQ(setrlimit(RLIMIT_NICE, &(struct rlimit){RLIM_INFINITY, RLIM_INFINITY}), 0);
    EQ(setresuid(SOMEBODY, SOMEBODY, SOMEBODY), 0);
    EQ(setpriority(PRIO_PROCESS, 0, -10), 0);
    EQ(nice_of(0), -10);
    EQ(syscall(SYS_sched_setattr, 0, &a, 0), 0);
    EQ(nice_of(0), -11);
    EQ(setrlimit(RLIMIT_NICE, &(struct rlimit){31, RLIM_INFINITY}), 0);
    FAILS(setpriority(PRIO_PROCESS, 0, -12), EACCES);
    EQ(setpriority(PRIO_PROCESS, 0, -11), 0);
}

TEST(setpriority, threads_of_a_user)
{
    volatile pid_t tid = 0;
    pthread_t thread;

    EQ(pthread_create(&thread, NULL, becomes_another, (void *)&tid), 0);
    while (!tid)
        abi_sleep_ms(1);
    EQ(setpriority(PRIO_USER, ANOTHER, 6), 0);
    EQ(nice_of(tid), 6);
    EQ(nice_of(0), 0);
    EQ(syscall(SYS_getpriority, PRIO_USER, ANOTHER), 14);
}

/* ---- flags of sched_setattr ---- */

#define RESET_ON_FORK 1
#define KEEP_POLICY 8
#define KEEP_PARAMS 0x10

static struct attr attr_now(void)
{
    struct attr a = {0};

    EQ(syscall(SYS_sched_getattr, 0, &a, sizeof(a), 0), 0);
    return a;
}

/* It changes reset-on-fork and nothing else, whatever else is given. */
TEST(sched_setattr, kept_parameters_keep_the_policy)
{
    struct attr a = {.size = 48, .policy = SCHED_BATCH_, .nice = 3};

    EQ(syscall(SYS_sched_setattr, 0, &a, 0), 0);
    a = (struct attr){.size = 48, .policy = SCHED_FIFO_, .flags = KEEP_PARAMS | RESET_ON_FORK, .priority = 5, .nice = 9};
    EQ(syscall(SYS_sched_setattr, 0, &a, 0), 0);
    EQ(attr_now().policy, SCHED_BATCH_);
    EQ(attr_now().nice, 3);
    EQ(attr_now().flags, RESET_ON_FORK);
    a.flags |= KEEP_POLICY; /* a fair task with a priority */
    FAILS(syscall(SYS_sched_setattr, 0, &a, 0), EINVAL);
}

TEST(sched_setattr, kept_policy_keeps_reset_on_fork)
{
    struct attr a = {.size = 48, .policy = SCHED_OTHER_, .flags = RESET_ON_FORK};

    EQ(syscall(SYS_sched_setattr, 0, &a, 0), 0);
    a = (struct attr){.size = 48, .policy = 99, .flags = KEEP_POLICY, .nice = 3};
    EQ(syscall(SYS_sched_setattr, 0, &a, 0), 0);
    EQ(attr_now().flags, RESET_ON_FORK);
    EQ(attr_now().nice, 3);
}

TEST(sched_setattr, nice_of_other_policies_counts_nothing)
{
    static const struct attr some[] = {{.size = 48, .policy = SCHED_FIFO_, .nice = 9, .priority = 4},
                                       {.size = 48, .policy = SCHED_RR_, .nice = -9, .priority = 4},
                                       {.size = 48, .policy = SCHED_IDLE_, .nice = 9}};

    EQ(setpriority(PRIO_PROCESS, 0, 2), 0);
    for (unsigned i = 0; i < sizeof(some) / sizeof(*some); i++) {
        EQ(syscall(SYS_sched_setattr, 0, &some[i], 0), 0);
        EQ(nice_of(0), 2);
    }
    EQ(setresuid(SOMEBODY, SOMEBODY, SOMEBODY), 0);
    EQ(syscall(SYS_sched_setattr, 0, &(struct attr){.size = 48, .policy = SCHED_IDLE_, .nice = -9}, 0), 0);
    EQ(nice_of(0), 2);
}

/* On this CPU, behind the caller: two FIFO children of one priority, each of which notes its number when it runs. The second, lowered to it last,
 * is the first of the two. What they note. */
static volatile int *two_behind_me(pid_t pids[2])
{
    volatile int *turns = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    struct param low = {10}, mine = {20};
    unsigned long one = 1;

    EQ(syscall(SYS_sched_setaffinity, 0, 8, &one), 0);
    EQ(syscall(SYS_sched_setscheduler, 0, SCHED_FIFO_, &mine), 0);
    for (int i = 0; i < 2; i++) {
        pids[i] = fork();
        if (!pids[i]) {
            turns[1 + turns[0]++] = i + 1;
            _exit(0);
        }
        EQ(syscall(SYS_sched_setscheduler, pids[i], SCHED_FIFO_, &low), 0);
    }
    return turns;
}

static void second_was_first(const volatile int *turns, const pid_t pids[2])
{
    abi_reap(pids[0], 0);
    abi_reap(pids[1], 0);
    EQ(turns[1], 2);
    EQ(turns[2], 1);
}

/* Who asks for the priority that it has keeps its place among its equals: whom it was lowered to is their first. */
TEST(sched_setscheduler, same_priority_keeps_the_place)
{
    pid_t pids[2];
    volatile int *turns = two_behind_me(pids);

    EQ(syscall(SYS_sched_setscheduler, pids[1], SCHED_FIFO_, &(struct param){10}), 0);
    second_was_first(turns, pids);
}

TEST(setpriority, of_a_real_time_task_keeps_its_place)
{
    pid_t pids[2];
    volatile int *turns = two_behind_me(pids);

    EQ(setpriority(PRIO_PROCESS, pids[1], 5), 0); /* the first of the two */
    EQ(nice_of(pids[1]), 5);
    second_was_first(turns, pids);
}

/* sched(7): who is preempted stays the first of its equals, and completes its slice, not a new one. */
TEST(sched_setscheduler, preempted_round_robin_completes_its_slice)
{
    volatile uint64_t *turns = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    struct param equal = {10}, more = {20}, mine = {30};
    unsigned long one = 1;
    pid_t pids[2];

    EQ(syscall(SYS_sched_setaffinity, 0, 8, &one), 0);
    EQ(syscall(SYS_sched_setscheduler, 0, SCHED_FIFO_, &mine), 0);
    for (int i = 0; i < 2; i++) {
        pids[i] = fork();
        if (!pids[i])
            for (;;)
                ++turns[i];
        EQ(syscall(SYS_sched_setscheduler, pids[i], SCHED_RR_, &equal), 0);
    }
    EQ(syscall(SYS_sched_setscheduler, 0, SCHED_FIFO_, &more), 0);
    for (int i = 0; i < 12; i++) /* twice in each slice of 100 ms */
        abi_sleep_ms(50);
    CHECK(turns[0] > 0);
    CHECK(turns[1] > 0);
    for (int i = 0; i < 2; i++) {
        kill(pids[i], SIGKILL);
        EQ(waitpid(pids[i], NULL, 0), pids[i]);
    }
}

TEST(getpriority, raw_value_and_ESRCH)
{
    EQ(setpriority(PRIO_PROCESS, 0, -3), 0);
    EQ(syscall(SYS_getpriority, PRIO_PROCESS, 0), 23);
    FAILS(getpriority(PRIO_PROCESS, 0x3ffffff), ESRCH);
    FAILS(getpriority(99, 0), EINVAL);
}

/* More than a period of the throttle (sched_rt_runtime_us): whoever gives way, it is not the more urgent to the less urgent. */
TEST(sched_setscheduler, throttled_tasks_keep_their_order)
{
    volatile uint64_t *turns = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    struct param low = {20}, high = {30}, mine = {50};
    unsigned long one = 1;
    long end;
    pid_t pid;

    EQ(syscall(SYS_sched_setaffinity, 0, 8, &one), 0);
    EQ(syscall(SYS_sched_setscheduler, 0, SCHED_FIFO_, &mine), 0);
    pid = fork();
    if (!pid) {
        syscall(SYS_sched_setscheduler, 0, SCHED_FIFO_, &low);
        for (;;)
            ++*turns;
    }
    EQ(syscall(SYS_sched_setscheduler, 0, SCHED_FIFO_, &high), 0);
    for (end = abi_now_ms() + 2500; abi_now_ms() < end;) {
    }
    EQ(*turns, 0);
    kill(pid, SIGKILL);
    EQ(waitpid(pid, NULL, 0), pid);
}
