/* PI futexes: what the word holds, hand-over, errors, time-outs, signals, owners that end (futex(2)). */
#include "tests/guest/abi_pi.h"
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

static struct timespec now_plus_ms(clockid_t clock, long ms)
{
    struct timespec t;

    clock_gettime(clock, &t);
    t.tv_sec += ms / 1000;
    t.tv_nsec += ms % 1000 * 1000000;
    if (t.tv_nsec >= 1000000000) {
        t.tv_sec++;
        t.tv_nsec -= 1000000000;
    }
    return t;
}

TEST(futex, pi_lock_of_a_free_word)
{
    uint32_t w = 0;

    EQ(lock_pi(&w), 0);
    EQ(w, tid());
    EQ(unlock_pi(&w), 0);
    EQ(w, 0);
    EQ(futex(&w, FUTEX_TRYLOCK_PI | PRIVATE, 0, NULL, NULL, 0), 0);
    EQ(w, tid());
    EQ(futex(&w, FUTEX_UNLOCK_PI | PRIVATE, 0, NULL, NULL, 0), 0);
    w = WAITERS | tid(); /* nobody is there */
    EQ(unlock_pi(&w), 0);
    EQ(w, 0);
    w = OWNER_DIED;
    EQ(lock_pi(&w), 0);
    EQ(w, OWNER_DIED | tid());
}

TEST(futex, pi_hand_over_names_the_waiter)
{
    uint32_t *w = shared_words();
    pid_t pid;

    EQ(lock_pi(w), 0);
    pid = fork();
    if (!pid) {
        if (lock_pi(w) || *w != (tid() | WAITERS))
            _exit(1);
        _exit(unlock_pi(w) || *w ? 2 : 0);
    }
    abi_await_state(pid, "S");
    EQ(*w, tid() | WAITERS);
    EQ(unlock_pi(w), 0);
    CHECK(word_at(w) == ((uint32_t)pid | WAITERS) || word_at(w) == 0);
    abi_reap(pid, 0);
    EQ(*w, 0);
}

static uint32_t private_word, entered;

static void *private_locker(void *arg)
{
    for (int i = 0; i < 200; i++) {
        uint32_t none = 0;

        if (!__atomic_compare_exchange_n(&private_word, &none, tid(), 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST) &&
            futex(&private_word, FUTEX_LOCK_PI | PRIVATE, 0, NULL, NULL, 0))
            return (void *)1L;
        entered++;
        none = tid();
        if (!__atomic_compare_exchange_n(&private_word, &none, 0, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST) &&
            futex(&private_word, FUTEX_UNLOCK_PI | PRIVATE, 0, NULL, NULL, 0))
            return (void *)2L;
    }
    return arg;
}

TEST(futex, pi_threads_exclude_each_other)
{
    pthread_t t[6];
    void *r;

    for (int i = 0; i < 6; i++)
        EQ(pthread_create(&t[i], NULL, private_locker, NULL), 0);
    for (int i = 0; i < 6; i++) {
        EQ(pthread_join(t[i], &r), 0);
        EQ(r, 0);
    }
    EQ(entered, 1200);
    EQ(private_word, 0);
}

TEST(futex, pi_waiters_get_it_by_priority_then_arrival)
{
    static const int priority[] = {10, 30, 20, 30, 0};
    static const uint32_t order[] = {1, 3, 2, 0, 4};
    uint32_t *w = shared_words();
    pid_t pid[5];

    EQ(lock_pi(&w[0]), 0);
    for (int i = 0; i < 5; i++) {
        pid[i] = fork();
        if (!pid[i]) {
            if (set_policy(0, priority[i] ? FIFO : OTHER, priority[i]) || lock_pi(&w[0]))
                _exit(1);
            w[16 + w[1]++] = (uint32_t)i;
            _exit(unlock_pi(&w[0]) ? 2 : 0);
        }
        abi_await_state(pid[i], "S");
    }
    EQ(unlock_pi(&w[0]), 0);
    for (int i = 0; i < 5; i++)
        abi_reap(pid[i], 0);
    for (int i = 0; i < 5; i++)
        EQ(w[16 + i], order[i]);
}

TEST(futex, pi_EDEADLK_of_the_owner)
{
    uint32_t w = 0;

    EQ(lock_pi(&w), 0);
    FAILS(lock_pi(&w), EDEADLK);
    FAILS(futex(&w, FUTEX_TRYLOCK_PI, 0, NULL, NULL, 0), EDEADLK);
    EQ(w, tid());
}

TEST(futex, pi_EDEADLK_in_a_circle_of_two)
{
    uint32_t *w = shared_words();
    pid_t pid;

    EQ(lock_pi(&w[0]), 0);
    pid = fork();
    if (!pid) {
        if (lock_pi(&w[1]))
            _exit(1);
        gate_open(&w[8]);
        if (lock_pi(&w[0]) || unlock_pi(&w[0]))
            _exit(2);
        _exit(unlock_pi(&w[1]) ? 3 : 0);
    }
    gate_pass(&w[8]);
    abi_await_state(pid, "S");
    FAILS(lock_pi(&w[1]), EDEADLK);
    EQ(w[1] & TID_MASK, pid);
    EQ(unlock_pi(&w[0]), 0);
    abi_reap(pid, 0);
    EQ(lock_pi(&w[1]), 0); /* nothing is left of the failed try */
    EQ(unlock_pi(&w[1]), 0);
}

TEST(futex, pi_EDEADLK_in_a_circle_of_five)
{
    uint32_t *w = shared_words();
    pid_t pid[4];

    EQ(lock_pi(&w[0]), 0);
    for (int i = 0; i < 4; i++) { /* each owns its lock and waits for that of the one before */
        pid[i] = fork();
        if (!pid[i]) {
            if (lock_pi(&w[i + 1]))
                _exit(1);
            gate_open(&w[8 + i]);
            if (lock_pi(&w[i]) || unlock_pi(&w[i]))
                _exit(2);
            _exit(unlock_pi(&w[i + 1]) ? 3 : 0);
        }
        gate_pass(&w[8 + i]);
        abi_await_state(pid[i], "S");
    }
    FAILS(lock_pi(&w[4]), EDEADLK);
    EQ(unlock_pi(&w[0]), 0);
    for (int i = 0; i < 4; i++)
        abi_reap(pid[i], 0);
}

/* The chain of owners is longer than the kernel will follow; the knob is put back by whoever runs this. */
TEST(futex, pi_EDEADLK_of_a_chain_that_is_too_long)
{
    uint32_t *w = shared_words();
    pid_t pid[6];
    char before[16] = "";
    int fd = open("/proc/sys/kernel/max_lock_depth", O_RDWR);

    CHECK(read(fd, before, sizeof before) > 0);
    EQ(atoi(before), 1024);
    pid[0] = pi_owner(&w[0], &w[8]);
    for (int i = 1; i < 6; i++) { /* each owns a lock and waits for that of the one before */
        pid[i] = fork();
        if (!pid[i]) {
            if (lock_pi(&w[i]))
                _exit(1);
            gate_open(&w[16 + i]);
            _exit(lock_pi(&w[i - 1]) || unlock_pi(&w[i - 1]) || unlock_pi(&w[i]) ? 2 : 0);
        }
        gate_pass(&w[16 + i]);
        abi_await_state(pid[i], "S");
    }
    EQ(pwrite(fd, "2", 1, 0), 1);
    FAILS(lock_pi(&w[5]), EDEADLK);
    EQ(pwrite(fd, "1024", 4, 0), 4);
    gate_open(&w[9]);
    for (int i = 0; i < 6; i++)
        abi_reap(pid[i], 0);
    EQ(lock_pi(&w[5]), 0);
}

TEST(futex, pi_ESRCH_of_an_owner_that_is_not_there)
{
    uint32_t *w = shared_words();
    pid_t pid = fork();

    if (!pid)
        _exit(lock_pi(w) ? 1 : 0);
    abi_await_state(pid, "Z");
    EQ(*w, pid);
    FAILS(lock_pi(w), ESRCH); /* a zombie */
    FAILS(futex(w, FUTEX_TRYLOCK_PI, 0, NULL, NULL, 0), ESRCH);
    abi_reap(pid, 0);
    FAILS(lock_pi(w), ESRCH);
    *w = NO_TID;
    FAILS(lock_pi(w), ESRCH);
    FAILS(futex(w, FUTEX_TRYLOCK_PI, 0, NULL, NULL, 0), ESRCH);
}

TEST(futex, pi_EPERM_of_a_kernel_thread_and_of_a_stranger)
{
    uint32_t *w = shared_words();
    pid_t pid = pi_owner(w, &w[8]);

    FAILS(unlock_pi(w), EPERM);
    gate_open(&w[9]);
    abi_reap(pid, 0);
    FAILS(unlock_pi(w), EPERM);
    *w = KTHREADD;
    FAILS(lock_pi(w), EPERM);
}

TEST(futex, pi_EAGAIN_of_a_try)
{
    uint32_t *w = shared_words();
    pid_t pid = pi_owner(w, &w[8]);

    FAILS(futex(w, FUTEX_TRYLOCK_PI, 0, NULL, NULL, 0), EAGAIN);
    EQ(*w & TID_MASK, pid);
    gate_open(&w[9]);
    abi_reap(pid, 0);
    EQ(*w, 0);
}

TEST(futex, pi_EINVAL_and_EFAULT_and_ENOSYS)
{
    uint32_t w[2] = {NO_TID, 0};
    uint32_t *page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    struct timespec bad = {0, 1000000000};

    FAILS(futex((char *)w + 1, FUTEX_LOCK_PI, 0, NULL, NULL, 0), EINVAL);
    FAILS(futex(w, FUTEX_LOCK_PI, 0, &bad, NULL, 0), EINVAL);
    FAILS(futex(w, FUTEX_LOCK_PI2, 0, &bad, NULL, 0), EINVAL);
    FAILS(futex(w, FUTEX_LOCK_PI, 0, BAD_ADDRESS, NULL, 0), EFAULT);
    FAILS(lock_pi(BAD_ADDRESS), EFAULT);
    FAILS(futex((void *)4096, FUTEX_LOCK_PI | PRIVATE, 0, NULL, NULL, 0), EFAULT);
    FAILS(unlock_pi((void *)4096), EFAULT);
    FAILS(futex(page, FUTEX_LOCK_PI | PRIVATE, 0, NULL, NULL, 0), EFAULT); /* it cannot be written */
    EQ(page[0], 0);
    FAILS(futex(w, FUTEX_LOCK_PI | CLOCK_RT, 0, NULL, NULL, 0), ENOSYS);
    FAILS(futex(w, FUTEX_UNLOCK_PI | CLOCK_RT, 0, NULL, NULL, 0), ENOSYS);
    FAILS(futex(w, FUTEX_TRYLOCK_PI | CLOCK_RT, 0, NULL, NULL, 0), ENOSYS);
}

/* Plain and PI operations on one word refuse each other. */
TEST(futex, pi_EINVAL_of_plain_operations)
{
    uint32_t *w = shared_words();
    pid_t pid = pi_owner(w, &w[8]), waiter = pi_waiter(w, OTHER, 0);

    FAILS(futex(w, FUTEX_WAKE, 1, NULL, NULL, 0), EINVAL);
    FAILS(futex(w, FUTEX_REQUEUE, 1, (void *)1L, &w[2], 0), EINVAL);
    FAILS(futex(w, FUTEX_CMP_REQUEUE, 0, (void *)1L, &w[2], *w), EINVAL);
    /* w |= 0; it was < 0 (WAITERS): wake it, too */
    FAILS(futex(&w[2], FUTEX_WAKE_OP, 1, (void *)1L, w, 2u << 28 | 2u << 24), EINVAL);
    gate_open(&w[9]);
    abi_reap(pid, 0);
    abi_reap(waiter, 0);
    pid = fork();
    w[1] = tid();
    if (!pid)
        _exit(futex(&w[1], FUTEX_WAIT, w[1], NULL, NULL, 0) ? 1 : 0);
    abi_await_state(pid, "S");
    w[1] = NO_TID;
    FAILS(lock_pi(&w[1]), EINVAL);
    w[1] = tid();
    FAILS(unlock_pi(&w[1]), EINVAL);
    EQ(futex(&w[1], FUTEX_WAKE, 1, NULL, NULL, 0), 1);
    abi_reap(pid, 0);
}

TEST(futex, pi_EINVAL_when_the_word_names_another_owner)
{
    uint32_t *w = shared_words();
    pid_t owner = pi_owner(w, &w[8]), waiter = pi_waiter(w, OTHER, 0);
    uint32_t was = *w;
    pid_t other = abi_sleeper();

    *w = (uint32_t)other | WAITERS;
    FAILS(lock_pi(w), EINVAL);
    *w = tid() | WAITERS;
    FAILS(unlock_pi(w), EINVAL);
    *w = was;
    gate_open(&w[9]);
    abi_reap(owner, 0);
    abi_reap(waiter, 0);
}

TEST(futex, pi_ETIMEDOUT_by_each_clock)
{
    static const struct {
        int op;
        clockid_t clock;
    } by[] = {{FUTEX_LOCK_PI, CLOCK_REALTIME}, {FUTEX_LOCK_PI2, CLOCK_MONOTONIC}, {FUTEX_LOCK_PI2 | CLOCK_RT, CLOCK_REALTIME}};
    uint32_t *w = shared_words();
    pid_t pid = pi_owner(w, &w[8]);

    for (int i = 0; i < 3; i++) {
        struct timespec end = now_plus_ms(by[i].clock, 30), now;

        FAILS(futex(w, by[i].op, 0, &end, NULL, 0), ETIMEDOUT);
        clock_gettime(by[i].clock, &now);
        CHECK(now.tv_sec > end.tv_sec || (now.tv_sec == end.tv_sec && now.tv_nsec >= end.tv_nsec));
        end.tv_sec = 0; /* long ago */
        FAILS(futex(w, by[i].op, 0, &end, NULL, 0), ETIMEDOUT);
    }
    EQ(*w, (uint32_t)pid | WAITERS);
    gate_open(&w[9]);
    abi_reap(pid, 0);
    EQ(*w, 0);
}

static volatile sig_atomic_t signals;

static void on_usr1(int sig)
{
    (void)sig;
    signals++;
}

/* With or without SA_RESTART a lock goes on waiting after a handler. */
TEST(futex, pi_handler_does_not_end_the_wait)
{
    struct sigaction sa = {.sa_handler = on_usr1};
    uint32_t *w = shared_words();
    pid_t owner = pi_owner(w, &w[8]), pid;

    sigaction(SIGUSR1, &sa, NULL);
    pid = fork();
    if (!pid)
        _exit(lock_pi(w) == 0 && signals == 1 && unlock_pi(w) == 0 ? 0 : 1);
    abi_await_state(pid, "S");
    kill(pid, SIGUSR1);
    kill(pid, SIGSTOP);
    abi_await_state(pid, "T");
    kill(pid, SIGCONT);
    abi_await_state(pid, "S");
    gate_open(&w[9]);
    abi_reap(owner, 0);
    abi_reap(pid, 0);
}

TEST(futex, pi_killed_waiter_leaves_the_others)
{
    uint32_t *w = shared_words();
    pid_t owner = pi_owner(w, &w[8]), first = pi_waiter(w, FIFO, 20), second = pi_waiter(w, FIFO, 10);

    kill_and_reap(first);
    gate_open(&w[9]);
    abi_reap(owner, 0);
    abi_reap(second, 0);
    EQ(*w, 0);
}

/* ---- owners that end ---- */

/* A child that locks *w and ends, or is killed, when its gate opens. */
static pid_t mortal_owner(uint32_t *w, uint32_t *gates)
{
    pid_t pid = fork();

    if (!pid) {
        if (lock_pi(w))
            _exit(1);
        gate_open(&gates[0]);
        gate_pass(&gates[1]);
        _exit(0);
    }
    gate_pass(&gates[0]);
    return pid;
}

/* A child that waits for *w and exits with 0 when it got it in a state with OWNER_DIED. */
static pid_t heir(uint32_t *w)
{
    pid_t pid = fork();

    if (!pid) {
        if (lock_pi(w) || *w != (tid() | WAITERS | OWNER_DIED))
            _exit(1);
        _exit(unlock_pi(w) ? 2 : 0);
    }
    abi_await_state(pid, "S");
    return pid;
}

TEST(futex, pi_owner_that_exits_is_inherited_from)
{
    uint32_t *w = shared_words();
    pid_t owner = mortal_owner(w, &w[8]), waiter = heir(w);

    gate_open(&w[9]);
    abi_reap(owner, 0);
    abi_reap(waiter, 0);
    EQ(*w, 0);
}

TEST(futex, pi_killed_owner_is_inherited_from)
{
    uint32_t *w = shared_words();
    pid_t owner = mortal_owner(w, &w[8]), waiter = heir(w);

    kill_and_reap(owner);
    abi_reap(waiter, 0);
    EQ(*w, 0);
}

TEST(futex, pi_owner_that_execs_is_inherited_from)
{
    uint32_t *w = shared_words();
    pid_t owner = fork(), waiter;

    if (!owner) {
        char *argv[] = {"true", NULL};

        if (lock_pi(w))
            _exit(1);
        gate_open(&w[8]);
        gate_pass(&w[9]);
        execv("/bin/true", argv);
        _exit(2);
    }
    gate_pass(&w[8]);
    waiter = heir(w);
    gate_open(&w[9]);
    abi_reap(owner, 0);
    abi_reap(waiter, 0);
}

/* ---- strangers that name an owner without end ---- */

#define STRANGERS 12
#define STRANGERS_LIMIT_MS 8000
#define GRANTS (&w[8])  /* of each stranger */
#define ERRORS (&w[24]) /* its last one */
#define STOP (&w[40])

/* Its own word names the victim again and again, so that it waits for it; when the victim hands over it comes back at once. */
static void be_stranger(uint32_t *w, int number, pid_t victim)
{
    uint32_t *mine = &w[64 + 16 * number];

    while (!word_at(STOP)) {
        __atomic_store_n(mine, (uint32_t)victim, __ATOMIC_SEQ_CST);
        if (futex(mine, FUTEX_LOCK_PI, 0, NULL, NULL, 0))
            ERRORS[number] = (uint32_t)errno;
        else
            GRANTS[number]++;
    }
    _exit(0);
}

/* All of them wait when this returns. */
static void start_strangers(uint32_t *w, pid_t victim, pid_t pid[STRANGERS])
{
    memset(GRANTS, 0, STRANGERS * sizeof *GRANTS);
    memset(ERRORS, 0, STRANGERS * sizeof *ERRORS);
    for (int i = 0; i < STRANGERS; i++) {
        pid[i] = fork();
        if (!pid[i])
            be_stranger(w, i, victim);
    }
    for (int i = 0; i < STRANGERS; i++)
        abi_await_state(pid[i], "S");
}

/* True when the other end was closed in time. */
static bool closed_in_time(int fd)
{
    struct pollfd p = {fd, POLLIN, 0};

    return poll(&p, 1, STRANGERS_LIMIT_MS) == 1;
}

/* A child that passes w[0], opens by strangers, and ends or becomes another program; *end is closed then. */
static pid_t start_victim(uint32_t *w, bool execs, int *end)
{
    int fd[2];
    pid_t pid;

    EQ(pipe2(fd, O_CLOEXEC), 0);
    pid = fork();
    if (!pid) {
        gate_pass(w);
        if (execs)
            execl("/bin/busybox", "sleep", "100", (char *)NULL);
        _exit(execs);
    }
    close(fd[1]);
    *end = fd[0];
    return pid;
}

/* What waits when the victim begins to end is handed over, and nothing that comes then. */
TEST(futex, pi_strangers_do_not_hold_up_an_exit)
{
    uint32_t *w = shared_words();

    for (int round = 0; round < 5; round++) {
        pid_t pid[STRANGERS], victim;
        bool ended;
        int end;

        w[0] = *STOP = 0;
        victim = start_victim(w, false, &end);
        start_strangers(w, victim, pid);
        gate_open(w);
        ended = closed_in_time(end);
        *STOP = 1;
        abi_reap(victim, 0);
        CHECK(ended);
        for (int i = 0; i < STRANGERS; i++) {
            abi_reap(pid[i], 0);
            EQ(GRANTS[i], 1);
            CHECK(ERRORS[i] == 0 || ERRORS[i] == ESRCH);
        }
        close(end);
    }
}

/* Nor is any of them told that there is no owner: they wait for the new program. */
TEST(futex, pi_strangers_do_not_hold_up_an_exec)
{
    uint32_t *w = shared_words();

    for (int round = 0; round < 5; round++) {
        pid_t pid[STRANGERS], victim;
        bool replaced;
        int end;

        w[0] = *STOP = 0;
        victim = start_victim(w, true, &end);
        start_strangers(w, victim, pid);
        gate_open(w);
        replaced = closed_in_time(end);
        if (replaced) {
            for (int i = 0; i < STRANGERS; i++)
                abi_await_state(pid[i], "S");
            for (int i = 0; i < STRANGERS; i++) {
                EQ(ERRORS[i], 0);
                EQ(GRANTS[i], 1);
            }
        }
        *STOP = 1;
        kill_and_reap(victim);
        CHECK(replaced);
        for (int i = 0; i < STRANGERS; i++)
            abi_reap(pid[i], 0);
        close(end);
    }
}

static uint32_t thread_word;

static void *dying_thread(void *arg)
{
    if (futex(&thread_word, FUTEX_LOCK_PI | PRIVATE, 0, NULL, NULL, 0))
        return (void *)1L;
    gate_open(arg);
    gate_pass((uint32_t *)arg + 1);
    return NULL;
}

static void *inheriting_thread(void *arg)
{
    gate_pass(arg);
    gate_open((uint32_t *)arg + 1);
    if (futex(&thread_word, FUTEX_LOCK_PI | PRIVATE, 0, NULL, NULL, 0))
        return errno == ESRCH ? NULL : (void *)1L; /* it ended before we waited */
    if (thread_word != (tid() | WAITERS | OWNER_DIED))
        return (void *)2L;
    return (void *)(long)(futex(&thread_word, FUTEX_UNLOCK_PI | PRIVATE, 0, NULL, NULL, 0) ? 3 : 0);
}

/* The waiter comes while the owner ends: it inherits, or finds the owner gone. */
TEST(futex, pi_owner_ends_while_a_waiter_comes)
{
    for (int i = 0; i < 200; i++) {
        uint32_t gates[2] = {0, 0};
        pthread_t t[2];
        void *r;

        thread_word = 0;
        EQ(pthread_create(&t[0], NULL, dying_thread, gates), 0);
        EQ(pthread_create(&t[1], NULL, inheriting_thread, gates), 0);
        for (int k = 0; k < 2; k++) {
            EQ(pthread_join(t[k], &r), 0);
            EQ(r, 0);
        }
    }
}

struct robust_head {
    struct robust_head *next;
    long offset;
    void *pending;
};
struct robust_lock {
    struct robust_head *next;
    uint32_t word;
};

/* Locks and puts the lock into its robust list, marked as a PI one. */
static void lock_robust(struct robust_lock *lock)
{
    static struct robust_head head;

    head.next = (void *)((uintptr_t)lock | 1);
    head.offset = offsetof(struct robust_lock, word);
    lock->next = &head;
    if (syscall(SYS_set_robust_list, &head, sizeof head) || lock_pi(&lock->word))
        _exit(1);
}

TEST(set_robust_list, pi_owner_died_goes_to_the_next_waiter)
{
    uint32_t *gates = shared_words();
    struct robust_lock *lock = (void *)&gates[16];
    pid_t owner = fork(), waiter;

    if (!owner) {
        lock_robust(lock);
        gate_open(&gates[0]);
        gate_pass(&gates[1]);
        _exit(0);
    }
    gate_pass(&gates[0]);
    waiter = heir(&lock->word);
    gate_open(&gates[1]);
    abi_reap(owner, 0);
    abi_reap(waiter, 0);
    EQ(lock->word, 0);
}

TEST(set_robust_list, pi_owner_died_without_a_waiter)
{
    struct robust_lock *lock = (void *)shared_words();
    pid_t owner = fork();

    if (!owner) {
        lock_robust(lock);
        _exit(0);
    }
    abi_reap(owner, 0);
    EQ(lock->word, OWNER_DIED);
    EQ(lock_pi(&lock->word), 0);
    EQ(lock->word, OWNER_DIED | tid());
}

TEST(futex, wakes_real_time_waiters_first)
{
    uint32_t *w = shared_words();
    pid_t pid[3];
    static const int priority[] = {0, 10, 30};

    for (int i = 0; i < 3; i++) {
        pid[i] = fork();
        if (!pid[i]) {
            if (set_policy(0, priority[i] ? FIFO : OTHER, priority[i]))
                _exit(1);
            _exit(futex(w, FUTEX_WAIT, 0, NULL, NULL, 0) ? 2 : 0);
        }
        abi_await_state(pid[i], "S");
    }
    for (int i = 2; i >= 0; i--) {
        EQ(futex(w, FUTEX_WAKE, 1, NULL, NULL, 0), 1);
        abi_reap(pid[i], 0);
    }
}
