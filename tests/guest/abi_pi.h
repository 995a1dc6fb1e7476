/* abi_pi.h: steps that the tests of PI futexes share: the calls, words that processes share, owners and waiters, priorities. */
#pragma once
#include "tests/guest/abi.h"

enum {
    FUTEX_WAIT = 0,
    FUTEX_WAKE = 1,
    FUTEX_REQUEUE = 3,
    FUTEX_CMP_REQUEUE = 4,
    FUTEX_WAKE_OP = 5,
    FUTEX_LOCK_PI = 6,
    FUTEX_UNLOCK_PI = 7,
    FUTEX_TRYLOCK_PI = 8,
    FUTEX_WAIT_REQUEUE_PI = 11,
    FUTEX_CMP_REQUEUE_PI = 12,
    FUTEX_LOCK_PI2 = 13,
    PRIVATE = 128,
    CLOCK_RT = 256,
};
#define WAITERS 0x80000000u
#define OWNER_DIED 0x40000000u
#define TID_MASK 0x3fffffffu
#define NO_TID 0x3ffffffu /* above every pid_max */
#define KTHREADD 2u

enum { OTHER = 0, FIFO = 1, RR = 2, DEADLINE = 6 };

static inline long futex(void *word, int op, unsigned val, const void *arg, void *word2, unsigned val3)
{
    return syscall(SYS_futex, word, op, val, arg, word2, val3);
}

static inline long lock_pi(uint32_t *w)
{
    return futex(w, FUTEX_LOCK_PI, 0, NULL, NULL, 0);
}

static inline long unlock_pi(uint32_t *w)
{
    return futex(w, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0);
}

static inline uint32_t tid(void)
{
    return (uint32_t)syscall(SYS_gettid);
}

static inline uint32_t word_at(uint32_t *w)
{
    return __atomic_load_n(w, __ATOMIC_SEQ_CST);
}

/* A page of words that children share. */
static inline uint32_t *shared_words(void)
{
    void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    CHECK(p != MAP_FAILED);
    return p;
}

/* A gate: closed while 0. */
static inline void gate_open(uint32_t *g)
{
    __atomic_store_n(g, 1, __ATOMIC_SEQ_CST);
    futex(g, FUTEX_WAKE, 1000, NULL, NULL, 0);
}

static inline void gate_pass(uint32_t *g)
{
    while (!word_at(g))
        futex(g, FUTEX_WAIT, 0, NULL, NULL, 0);
}

/* Raw calls: musl's wrappers answer ENOSYS. */
static inline long set_policy(pid_t pid, int policy, int priority)
{
    return syscall(SYS_sched_setscheduler, pid, policy, &priority);
}

static inline void only_cpu_0(void)
{
    unsigned long one = 1;

    EQ(syscall(SYS_sched_setaffinity, 0, sizeof one, &one), 0);
}

/* Field 18 of /proc/PID/stat: 20 + nice, -1 - priority of a real-time task, -101 of a deadline task; with what is inherited. */
static inline long priority_of(pid_t pid)
{
    char path[64], text[512];
    long priority = 1000;

    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    int fd = open(path, O_RDONLY);
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
    if (fd >= 0)
        close(fd);
    text[n > 0 ? n : 0] = 0;
    char *end = strrchr(text, ')');
    if (end)
        sscanf(end + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %ld", &priority);
    return priority;
}

/* Another CPU may have to take the change over first: looks until it is so, at most 5 s. */
static inline void await_priority(pid_t pid, long want)
{
    for (int i = 0; i < 5000 && priority_of(pid) != want; i++)
        abi_sleep_ms(1);
    EQ(priority_of(pid), want);
}

/* A child that locks w, opens gates[0] and unlocks when gates[1] opens; exits with 0 when all went well. */
static inline pid_t pi_owner(uint32_t *w, uint32_t *gates)
{
    pid_t pid = fork();

    if (!pid) {
        if (lock_pi(w))
            _exit(1);
        gate_open(&gates[0]);
        gate_pass(&gates[1]);
        _exit(unlock_pi(w) ? 2 : 0);
    }
    CHECK(pid > 0);
    gate_pass(&gates[0]);
    return pid;
}

/* A child that locks w, of a policy and priority, and exits with 0 when it had the lock and unlocked it. Sleeps when this returns. */
static inline pid_t pi_waiter(uint32_t *w, int policy, int priority)
{
    pid_t pid = fork();

    if (!pid) {
        if (set_policy(0, policy, priority))
            _exit(3);
        if (lock_pi(w))
            _exit(1);
        if ((word_at(w) & TID_MASK) != tid())
            _exit(4);
        _exit(unlock_pi(w) ? 2 : 0);
    }
    CHECK(pid > 0);
    abi_await_state(pid, "S");
    return pid;
}

static inline void kill_and_reap(pid_t pid)
{
    kill(pid, SIGKILL);
    EQ(waitpid(pid, NULL, 0), pid);
}
