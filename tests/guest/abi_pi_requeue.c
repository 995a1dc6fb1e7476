/* FUTEX_WAIT_REQUEUE_PI and FUTEX_CMP_REQUEUE_PI: from a condition to a PI lock (futex(2)). w[0] is the condition, w[1] the lock. */
#include "tests/guest/abi_pi.h"

static long wait_requeue(uint32_t *w, const struct timespec *end)
{
    return futex(&w[0], FUTEX_WAIT_REQUEUE_PI, 0, end, &w[1], 0);
}

static long cmp_requeue(uint32_t *w, long nr_requeue, unsigned value)
{
    return futex(&w[0], FUTEX_CMP_REQUEUE_PI, 1, (void *)nr_requeue, &w[1], value);
}

/* A child that waits, owns the lock then, notes its number in order from w[17] and unlocks: exit code 0. */
static pid_t requeue_waiter(uint32_t *w, int number, int priority)
{
    pid_t pid = fork();

    if (!pid) {
        if (priority && set_policy(0, FIFO, priority))
            _exit(1);
        if (wait_requeue(w, NULL) || (w[1] & TID_MASK) != tid())
            _exit(2);
        w[17 + w[16]++] = (uint32_t)number;
        _exit(unlock_pi(&w[1]) ? 3 : 0);
    }
    CHECK(pid > 0);
    abi_await_state(pid, "S");
    return pid;
}

TEST(futex, requeue_pi_gives_a_free_lock_to_the_first)
{
    uint32_t *w = shared_words();
    pid_t pid = requeue_waiter(w, 1, 0);

    EQ(cmp_requeue(w, 0, 0), 1);
    abi_reap(pid, 0);
    EQ(w[17], 1);
    EQ(w[1], 0);
    EQ(cmp_requeue(w, 10, 0), 0); /* nobody */
}

TEST(futex, requeue_pi_queues_behind_the_owner_by_priority)
{
    static const int priority[] = {0, 10, 30, 20};
    static const uint32_t order[] = {2, 3, 1, 0};
    uint32_t *w = shared_words();
    pid_t pid[4];

    for (int i = 0; i < 4; i++)
        pid[i] = requeue_waiter(w, i, priority[i]);
    EQ(lock_pi(&w[1]), 0);
    EQ(cmp_requeue(w, 100, 0), 4);
    EQ(w[1], tid() | WAITERS);
    await_priority(getpid(), -31);
    EQ(unlock_pi(&w[1]), 0);
    for (int i = 0; i < 4; i++)
        abi_reap(pid[i], 0);
    for (int i = 0; i < 4; i++)
        EQ(w[17 + i], order[i]);
    EQ(w[1], 0);
    EQ(priority_of(getpid()), 20);
}

TEST(futex, requeue_pi_moves_as_many_as_asked)
{
    uint32_t *w = shared_words();
    pid_t pid[40];

    for (int i = 0; i < 40; i++)
        pid[i] = requeue_waiter(w, i, 0);
    EQ(lock_pi(&w[1]), 0);
    EQ(cmp_requeue(w, 0, 0), 1);
    EQ(cmp_requeue(w, 4, 0), 5);
    EQ(cmp_requeue(w, 0x7fffffff, 0), 34);
    EQ(cmp_requeue(w, 0x7fffffff, 0), 0);
    EQ(unlock_pi(&w[1]), 0);
    for (int i = 0; i < 40; i++)
        abi_reap(pid[i], 0);
    EQ(w[16], 40);
    EQ(w[1], 0);
}

/* The first gets the free lock, the others queue behind it. */
TEST(futex, requeue_pi_of_all_to_a_free_lock)
{
    uint32_t *w = shared_words();
    pid_t pid[6];

    for (int i = 0; i < 6; i++)
        pid[i] = requeue_waiter(w, i, 10 + i);
    EQ(cmp_requeue(w, 100, 0), 6);
    for (int i = 0; i < 6; i++)
        abi_reap(pid[i], 0);
    EQ(w[17], 5);
    EQ(w[1], 0);
}

TEST(futex, requeue_pi_EAGAIN_when_a_word_differs)
{
    uint32_t *w = shared_words();
    pid_t pid = requeue_waiter(w, 1, 0);

    FAILS(cmp_requeue(w, 1, 7), EAGAIN);
    w[0] = 1;
    FAILS(wait_requeue(w, NULL), EAGAIN);
    w[0] = 0;
    EQ(cmp_requeue(w, 1, 0), 1);
    abi_reap(pid, 0);
}

TEST(futex, requeue_pi_EINVAL_and_EFAULT)
{
    uint32_t *w = shared_words();
    struct timespec bad = {0, 1000000000};
    pid_t pid;

    FAILS(futex(w, FUTEX_WAIT_REQUEUE_PI, 0, NULL, w, 0), EINVAL);
    FAILS(futex(w, FUTEX_WAIT_REQUEUE_PI, 0, &bad, &w[1], 0), EINVAL);
    FAILS(futex(w, FUTEX_WAIT_REQUEUE_PI, 0, NULL, (char *)w + 5, 0), EINVAL);
    FAILS(futex(w, FUTEX_WAIT_REQUEUE_PI, 0, NULL, BAD_ADDRESS, 0), EFAULT);
    FAILS(futex(w, FUTEX_CMP_REQUEUE_PI, 1, (void *)1L, w, 0), EINVAL);
    FAILS(futex(w, FUTEX_CMP_REQUEUE_PI, 2, (void *)1L, &w[1], 0), EINVAL);
    FAILS(futex(w, FUTEX_CMP_REQUEUE_PI, 0, (void *)1L, &w[1], 0), EINVAL);
    FAILS(futex(w, FUTEX_CMP_REQUEUE_PI, 1, (void *)-1L, &w[1], 0), EINVAL);
    FAILS(futex(w, FUTEX_CMP_REQUEUE_PI, 1, (void *)1L, BAD_ADDRESS, 0), EFAULT);
    FAILS(futex(w, FUTEX_CMP_REQUEUE_PI | CLOCK_RT, 1, (void *)1L, &w[1], 0), ENOSYS);
    pid = requeue_waiter(w, 1, 0);
    FAILS(futex(w, FUTEX_WAKE, 1, NULL, NULL, 0), EINVAL);
    FAILS(futex(w, FUTEX_CMP_REQUEUE, 0, (void *)1L, &w[1], 0), EINVAL);
    FAILS(futex(w, FUTEX_CMP_REQUEUE_PI, 1, (void *)1L, &w[2], 0), EINVAL); /* it waits for another lock */
    EQ(cmp_requeue(w, 1, 0), 1);
    abi_reap(pid, 0);
    pid = fork();
    if (!pid)
        _exit(futex(w, FUTEX_WAIT, 0, NULL, NULL, 0) ? 1 : 0);
    abi_await_state(pid, "S");
    FAILS(cmp_requeue(w, 1, 0), EINVAL); /* a plain waiter */
    EQ(futex(w, FUTEX_WAKE, 1, NULL, NULL, 0), 1);
    abi_reap(pid, 0);
}

/* The condition is only read, also where the lock's page is not there yet in this space. */
TEST(futex, requeue_pi_from_a_word_that_is_read_only)
{
    uint32_t *condition = shared_words(), *lock = shared_words();
    pid_t pid;

    condition[0] = 5;
    EQ(mprotect(condition, 4096, PROT_READ), 0);
    pid = fork();
    if (!pid) {
        if (futex(condition, FUTEX_WAIT_REQUEUE_PI, 5, NULL, lock, 0) || (*lock & TID_MASK) != tid())
            _exit(1);
        _exit(unlock_pi(lock) ? 2 : 0);
    }
    abi_await_state(pid, "S");
    EQ(futex(condition, FUTEX_CMP_REQUEUE_PI, 1, (void *)0L, lock, 5), 1);
    abi_reap(pid, 0);
    EQ(*lock, 0);
}

TEST(futex, requeue_pi_ESRCH_of_an_owner_that_is_not_there)
{
    uint32_t *w = shared_words();
    pid_t pid = requeue_waiter(w, 1, 0);

    w[1] = NO_TID;
    FAILS(cmp_requeue(w, 1, 0), ESRCH);
    w[1] = 0;
    EQ(cmp_requeue(w, 1, 0), 1);
    abi_reap(pid, 0);
}

TEST(futex, requeue_pi_EDEADLK_of_a_waiter_that_owns_the_lock)
{
    uint32_t *w = shared_words();
    pid_t pid = fork();

    if (!pid) {
        if (lock_pi(&w[1]))
            _exit(1);
        _exit(wait_requeue(w, NULL) ? 0 : 2);
    }
    abi_await_state(pid, "S");
    FAILS(cmp_requeue(w, 1, 0), EDEADLK);
    kill_and_reap(pid);
}

/* The waiter owns w[2]; the lock's owner waits for it: to queue the waiter behind the owner would close a circle. */
TEST(futex, requeue_pi_EDEADLK_in_a_circle)
{
    uint32_t *w = shared_words();
    pid_t waiter = fork(), owner;

    if (!waiter) {
        if (lock_pi(&w[2]))
            _exit(1);
        gate_open(&w[8]);
        if (wait_requeue(w, NULL) != -1 || errno != ETIMEDOUT) {
        }
        _exit(9);
    }
    gate_pass(&w[8]);
    abi_await_state(waiter, "S");
    owner = fork();
    if (!owner) {
        if (lock_pi(&w[1]))
            _exit(1);
        gate_open(&w[9]);
        if (lock_pi(&w[2]))
            _exit(2);
        _exit(w[2] == (tid() | WAITERS | OWNER_DIED) ? 0 : 3);
    }
    gate_pass(&w[9]);
    abi_await_state(owner, "S");
    FAILS(cmp_requeue(w, 1, 0), EDEADLK);
    EQ(abi_state(waiter), 'S');
    kill_and_reap(waiter);
    abi_reap(owner, 0);
}

TEST(futex, requeue_pi_ETIMEDOUT_before_and_after_the_requeue)
{
    uint32_t *w = shared_words();
    struct timespec end;
    pid_t pid;

    clock_gettime(CLOCK_MONOTONIC, &end);
    FAILS(wait_requeue(w, &end), ETIMEDOUT);
    clock_gettime(CLOCK_REALTIME, &end);
    FAILS(futex(&w[0], FUTEX_WAIT_REQUEUE_PI | CLOCK_RT, 0, &end, &w[1], 0), ETIMEDOUT);
    pid = fork();
    if (!pid) {
        clock_gettime(CLOCK_MONOTONIC, &end);
        end.tv_sec++;
        _exit(wait_requeue(w, &end) == -1 && errno == ETIMEDOUT ? 0 : 1);
    }
    EQ(lock_pi(&w[1]), 0);
    while (cmp_requeue(w, 1, 0) == 0)
        abi_sleep_ms(1);
    abi_reap(pid, 0);
    EQ(unlock_pi(&w[1]), 0);
    EQ(w[1], 0);
}

static volatile sig_atomic_t signals;

static void on_usr1(int sig)
{
    (void)sig;
    signals++;
}

/* Before the requeue the wait goes on after a handler; after it the call returns EAGAIN: the condition has changed. */
TEST(futex, requeue_pi_EAGAIN_by_a_handler)
{
    struct sigaction sa = {.sa_handler = on_usr1};
    uint32_t *w = shared_words();
    pid_t pid;

    sigaction(SIGUSR1, &sa, NULL);
    pid = fork();
    if (!pid)
        _exit(wait_requeue(w, NULL) == -1 && errno == EAGAIN && signals == 2 ? 0 : 1);
    abi_await_state(pid, "S");
    kill(pid, SIGUSR1);
    kill(pid, SIGSTOP);
    abi_await_state(pid, "T");
    kill(pid, SIGCONT);
    abi_await_state(pid, "S");
    EQ(lock_pi(&w[1]), 0);
    EQ(cmp_requeue(w, 1, 0), 1);
    kill(pid, SIGUSR1);
    abi_reap(pid, 0);
    EQ(unlock_pi(&w[1]), 0);
}

TEST(futex, requeue_pi_killed_waiters_leave)
{
    uint32_t *w = shared_words();
    pid_t first = requeue_waiter(w, 1, 20), second = requeue_waiter(w, 2, 10), third = requeue_waiter(w, 3, 5);

    EQ(lock_pi(&w[1]), 0);
    EQ(cmp_requeue(w, 1, 0), 2);
    await_priority(getpid(), -21);
    kill_and_reap(first);
    await_priority(getpid(), -11);
    kill_and_reap(third);
    EQ(cmp_requeue(w, 1, 0), 0);
    EQ(unlock_pi(&w[1]), 0);
    abi_reap(second, 0);
    EQ(w[17], 2);
}

TEST(futex, requeue_pi_owner_that_exits_is_inherited_from)
{
    uint32_t *w = shared_words();
    pid_t owner = pi_owner(&w[1], &w[8]), waiter = fork();

    if (!waiter) {
        if (wait_requeue(w, NULL) || w[1] != (tid() | WAITERS | OWNER_DIED))
            _exit(1);
        _exit(unlock_pi(&w[1]) ? 2 : 0);
    }
    abi_await_state(waiter, "S");
    EQ(cmp_requeue(w, 1, 0), 1);
    kill_and_reap(owner);
    abi_reap(waiter, 0);
    EQ(w[1], 0);
}
