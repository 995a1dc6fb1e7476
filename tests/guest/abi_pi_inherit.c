/* Priority inheritance through PI futexes: who owns a lock runs as urgently as the most urgent task that waits for it. */
#include "tests/guest/abi_pi.h"
#include "tests/guest/sched_attr.h"
#include <sys/resource.h>

static long set_deadline_flags(uint64_t runtime_ms, uint64_t period_ms, uint64_t flags)
{
    struct attr a = {sizeof a, DEADLINE, flags, 0, 0, runtime_ms * 1000000, period_ms * 1000000, period_ms * 1000000};

    return syscall(SYS_sched_setattr, 0, &a, 0);
}

static long set_deadline(uint64_t runtime_ms, uint64_t period_ms)
{
    return set_deadline_flags(runtime_ms, period_ms, 0);
}

static int policy_of(pid_t pid)
{
    return (int)syscall(SYS_sched_getscheduler, pid);
}

/* ---- what an owner is lent, as /proc shows it ---- */

TEST(futex, pi_owner_has_the_priority_of_its_first_waiter)
{
    uint32_t *w = shared_words();
    pid_t owner = pi_owner(w, &w[8]), low, high;

    EQ(priority_of(owner), 20);
    low = pi_waiter(w, FIFO, 10);
    await_priority(owner, -11);
    high = pi_waiter(w, RR, 40);
    await_priority(owner, -41);
    EQ(policy_of(owner), OTHER); /* its own stays what it is */
    kill_and_reap(high);
    await_priority(owner, -11);
    kill_and_reap(low);
    await_priority(owner, 20);
    gate_open(&w[9]);
    abi_reap(owner, 0);
}

TEST(futex, pi_unlock_gives_back_what_was_lent)
{
    uint32_t *w = shared_words();
    pid_t waiter;

    EQ(lock_pi(w), 0);
    waiter = pi_waiter(w, FIFO, 30);
    await_priority(getpid(), -31);
    EQ(unlock_pi(w), 0);
    await_priority(getpid(), 20);
    abi_reap(waiter, 0);
}

TEST(futex, pi_time_out_gives_back_what_was_lent)
{
    uint32_t *w = shared_words();
    pid_t owner = pi_owner(w, &w[8]), waiter = fork();

    if (!waiter) {
        struct timespec end;

        set_policy(0, FIFO, 30);
        clock_gettime(CLOCK_MONOTONIC, &end);
        end.tv_sec++;
        _exit(futex(w, FUTEX_LOCK_PI2, 0, &end, NULL, 0) && errno == ETIMEDOUT ? 0 : 1);
    }
    await_priority(owner, -31);
    abi_reap(waiter, 0);
    await_priority(owner, 20);
    gate_open(&w[9]);
    abi_reap(owner, 0);
}

TEST(sched_setscheduler, of_a_waiter_changes_what_it_lends)
{
    uint32_t *w = shared_words();
    pid_t owner = pi_owner(w, &w[8]), waiter = pi_waiter(w, FIFO, 10), other = pi_waiter(w, FIFO, 20);

    await_priority(owner, -21);
    EQ(set_policy(waiter, RR, 40), 0);
    await_priority(owner, -41);
    EQ(set_policy(waiter, FIFO, 15), 0);
    await_priority(owner, -21);
    EQ(set_policy(other, OTHER, 0), 0);
    await_priority(owner, -16);
    EQ(set_policy(waiter, OTHER, 0), 0);
    await_priority(owner, 20);
    gate_open(&w[9]);
    abi_reap(owner, 0);
    abi_reap(waiter, 0);
    abi_reap(other, 0);
}

TEST(sched_setscheduler, of_an_owner_is_not_below_what_it_is_lent)
{
    uint32_t *w = shared_words();
    pid_t owner = pi_owner(w, &w[8]), waiter = pi_waiter(w, FIFO, 30);

    await_priority(owner, -31);
    EQ(set_policy(owner, FIFO, 20), 0);
    EQ(set_policy(owner, FIFO, 50), 0);
    await_priority(owner, -51);
    EQ(set_policy(owner, RR, 10), 0);
    await_priority(owner, -31);
    EQ(policy_of(owner), RR);
    kill_and_reap(waiter);
    await_priority(owner, -11);
    gate_open(&w[9]);
    abi_reap(owner, 0);
}

/* Linux follows a change of the waiter's own nice value only when it next looks at the lock: not asked here. */
TEST(setpriority, of_an_owner_does_not_lower_what_it_is_lent)
{
    uint32_t *w = shared_words();
    pid_t owner = pi_owner(w, &w[8]), waiter;

    EQ(setpriority(PRIO_PROCESS, (id_t)owner, 10), 0);
    await_priority(owner, 30);
    waiter = pi_waiter(w, OTHER, 0);
    await_priority(owner, 20);
    EQ(getpriority(PRIO_PROCESS, (id_t)owner), 10);
    EQ(setpriority(PRIO_PROCESS, (id_t)owner, -5), 0);
    await_priority(owner, 15);
    EQ(set_policy(waiter, FIFO, 5), 0);
    await_priority(owner, -6);
    EQ(setpriority(PRIO_PROCESS, (id_t)owner, 3), 0);
    EQ(priority_of(owner), -6);
    kill_and_reap(waiter);
    await_priority(owner, 23);
    gate_open(&w[9]);
    abi_reap(owner, 0);
}

TEST(sched_setattr, deadline_waiter_lends_its_class)
{
    uint32_t *w = shared_words();
    pid_t owner = pi_owner(w, &w[8]), waiter = fork();

    if (!waiter) {
        if (set_deadline(5, 50))
            _exit(1);
        _exit(lock_pi(w) || unlock_pi(w) ? 2 : 0);
    }
    await_priority(owner, -101);
    EQ(policy_of(owner), OTHER);
    gate_open(&w[9]);
    abi_reap(owner, 0);
    abi_reap(waiter, 0);
}

TEST(fork, child_does_not_inherit_what_is_lent)
{
    uint32_t *w = shared_words();
    pid_t waiter, child;

    EQ(lock_pi(w), 0);
    waiter = pi_waiter(w, FIFO, 30);
    await_priority(getpid(), -31);
    child = abi_sleeper();
    EQ(priority_of(child), 20);
    EQ(policy_of(child), OTHER);
    EQ(unlock_pi(w), 0);
    abi_reap(waiter, 0);
}

/* ---- chains ---- */

#define LINKS 3

/* Task i of a chain owns lock i and waits for lock i + 1; the last one owns the last lock and nothing more. */
static void make_chain(uint32_t *w, pid_t pid[LINKS])
{
    for (int i = LINKS - 1; i >= 0; i--) {
        if (i == LINKS - 1) {
            pid[i] = pi_owner(&w[i], &w[8]);
            continue;
        }
        pid[i] = fork();
        if (!pid[i]) {
            if (lock_pi(&w[i]))
                _exit(1);
            gate_open(&w[16 + i]);
            _exit(lock_pi(&w[i + 1]) || unlock_pi(&w[i + 1]) || unlock_pi(&w[i]) ? 2 : 0);
        }
        gate_pass(&w[16 + i]);
        abi_await_state(pid[i], "S");
    }
}

static void await_all(const pid_t pid[LINKS], long priority)
{
    for (int i = 0; i < LINKS; i++)
        await_priority(pid[i], priority);
}

TEST(futex, pi_chain_of_three_owners)
{
    uint32_t *w = shared_words();
    pid_t pid[LINKS], waiter;

    make_chain(w, pid);
    await_all(pid, 20);
    waiter = pi_waiter(w, FIFO, 30);
    await_all(pid, -31);
    EQ(set_policy(waiter, FIFO, 60), 0);
    await_all(pid, -61);
    EQ(set_policy(pid[1], FIFO, 70), 0);
    await_priority(pid[0], -61);
    await_priority(pid[1], -71);
    await_priority(pid[2], -71);
    EQ(set_policy(pid[1], OTHER, 0), 0);
    await_all(pid, -61);
    kill_and_reap(waiter);
    await_all(pid, 20);
    waiter = pi_waiter(w, FIFO, 30);
    await_all(pid, -31);
    gate_open(&w[9]);
    for (int i = 0; i < LINKS; i++)
        abi_reap(pid[i], 0);
    abi_reap(waiter, 0);
}

TEST(futex, pi_chain_breaks_where_its_middle_is_killed)
{
    uint32_t *w = shared_words();
    pid_t pid[LINKS], waiter;

    make_chain(w, pid);
    waiter = pi_waiter(w, FIFO, 30);
    await_all(pid, -31);
    kill_and_reap(pid[1]); /* its lock goes to the first */
    await_priority(pid[2], 20);
    abi_reap(pid[0], 0);
    abi_reap(waiter, 0);
    gate_open(&w[9]);
    abi_reap(pid[2], 0);
}

/* ---- inversion: one CPU, and a task in the middle that would keep it ---- */

struct inversion {
    uint32_t lock[LINKS], gates[8];
    volatile uint32_t go, stop;
    volatile uint64_t middle_turns, at_lock, when_locked;
    volatile uint64_t work;
};
#define WORK 200000
#define MIDDLE_LIMIT 100000000ull /* it gives up, should nobody stop it */
#define MIDDLE_SHORT 1000000ull   /* where nobody will */

/* Not a PI lock: 0 free, 1 taken, 2 taken and somebody waits. */
static void plain_lock(uint32_t *w)
{
    uint32_t seen = 0;

    if (__atomic_compare_exchange_n(w, &seen, 1, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
        return;
    while (__atomic_exchange_n(w, 2, __ATOMIC_SEQ_CST))
        futex(w, FUTEX_WAIT, 2, NULL, NULL, 0);
}

static void plain_unlock(uint32_t *w)
{
    if (__atomic_exchange_n(w, 0, __ATOMIC_SEQ_CST) == 2)
        futex(w, FUTEX_WAKE, 1, NULL, NULL, 0);
}

static void lock(uint32_t *w, int pi)
{
    if (!pi)
        plain_lock(w);
    else if (lock_pi(w))
        _exit(1);
}

static void unlock(uint32_t *w, int pi)
{
    if (!pi)
        plain_unlock(w);
    else if (unlock_pi(w))
        _exit(1);
}

/* The least urgent: computes while it owns the last lock; from `go` on it comes to an end. Returns when it has the lock. */
static pid_t start_low(struct inversion *v, int link, int pi)
{
    pid_t pid = fork();

    if (!pid) {
        lock(&v->lock[link], pi);
        if (set_policy(0, FIFO, 10))
            _exit(1);
        gate_open(&v->gates[0]);
        while (v->work < WORK)
            v->work += v->go;
        unlock(&v->lock[link], pi);
        _exit(0);
    }
    gate_pass(&v->gates[0]);
    return pid;
}

static pid_t start_middle(struct inversion *v, uint64_t limit)
{
    pid_t pid = fork();

    if (!pid) {
        if (set_policy(0, FIFO, 20))
            _exit(1);
        while (!v->stop && v->middle_turns < limit)
            v->middle_turns++;
        _exit(0);
    }
    return pid;
}

/* The most urgent: how far is the one in the middle when it asks for the lock, and when it has it? */
static pid_t start_high(struct inversion *v, int pi)
{
    pid_t pid = fork();

    if (!pid) {
        if (set_policy(0, FIFO, 30))
            _exit(1);
        v->at_lock = v->middle_turns;
        lock(&v->lock[0], pi);
        v->when_locked = v->middle_turns;
        v->stop = 1;
        unlock(&v->lock[0], pi);
        _exit(0);
    }
    return pid;
}

/* The test itself is more urgent than all three and sleeps. */
static struct inversion *begin_inversion(int links)
{
    struct inversion *v = (void *)shared_words();

    only_cpu_0();
    EQ(set_policy(0, FIFO, 50), 0);
    v->go = links == 1;
    return v;
}

TEST(futex, pi_inversion_is_bounded_by_the_section)
{
    struct inversion *v = begin_inversion(1);
    pid_t low = start_low(v, 0, 1), middle = start_middle(v, MIDDLE_LIMIT), high = start_high(v, 1);

    abi_reap(high, 0);
    abi_reap(low, 0);
    abi_reap(middle, 0);
    EQ(v->work, WORK);
    EQ(v->when_locked, v->at_lock); /* the one in the middle had no turn while the urgent one waited */
    CHECK(v->middle_turns < MIDDLE_LIMIT);
}

/* The same with a lock that does not inherit: the test above can fail. */
TEST(futex, plain_lock_has_the_inversion)
{
    struct inversion *v = begin_inversion(1);
    pid_t low = start_low(v, 0, 0), middle = start_middle(v, MIDDLE_SHORT), high = start_high(v, 0);

    abi_reap(high, 0);
    abi_reap(low, 0);
    abi_reap(middle, 0);
    CHECK(v->when_locked > v->at_lock);
}

/* As start_low for a lock before the last one, but it waits for the next; more urgent than what those after it inherit. */
static pid_t start_link(struct inversion *v, int link)
{
    pid_t pid = fork();

    if (!pid) {
        lock(&v->lock[link], 1);
        if (set_policy(0, FIFO, 10 + LINKS - 1 - link))
            _exit(1);
        gate_open(&v->gates[1 + link]);
        lock(&v->lock[link + 1], 1);
        unlock(&v->lock[link + 1], 1);
        unlock(&v->lock[link], 1);
        _exit(0);
    }
    gate_pass(&v->gates[1 + link]);
    abi_await_state(pid, "S");
    return pid;
}

TEST(futex, pi_inversion_through_a_chain_of_three_locks)
{
    struct inversion *v = begin_inversion(LINKS);
    pid_t last = start_low(v, 2, 1), second = start_link(v, 1), first = start_link(v, 0);

    v->go = 1;
    pid_t middle = start_middle(v, MIDDLE_LIMIT), high = start_high(v, 1);
    abi_reap(high, 0);
    abi_reap(first, 0);
    abi_reap(second, 0);
    abi_reap(last, 0);
    abi_reap(middle, 0);
    EQ(v->when_locked, v->at_lock);
    CHECK(v->middle_turns < MIDDLE_LIMIT);
}

/* ---- the owner waits for a CPU that others keep, who waits for it sleeps elsewhere ---- */

/* CPU 0 is kept by one that is more urgent than the owner and ends only when the waiter has had the lock, or gives up. */
static void check_boost_across_cpus(int policy, int priority)
{
    struct inversion *v = begin_inversion(1);
    pid_t low = start_low(v, 0, 1), middle = start_middle(v, MIDDLE_LIMIT), high;
    unsigned long all = ~0ul;

    EQ(syscall(SYS_sched_setaffinity, 0, sizeof all, &all), 0);
    high = fork();
    if (!high) {
        if (policy == DEADLINE ? set_deadline(20, 100) : set_policy(0, policy, priority))
            _exit(1);
        lock(&v->lock[0], 1);
        v->stop = 1;
        unlock(&v->lock[0], 1);
        _exit(0);
    }
    abi_reap(high, 0);
    abi_reap(low, 0);
    abi_reap(middle, 0);
    EQ(v->work, WORK);
    CHECK(v->middle_turns < MIDDLE_LIMIT);
}

TEST(futex, pi_boost_reaches_an_owner_on_another_CPU)
{
    check_boost_across_cpus(FIFO, 30);
}

TEST(sched_setattr, deadline_waiter_runs_its_owner)
{
    check_boost_across_cpus(DEADLINE, 0);
}

/* ---- budgets of deadline tasks while a deadline is lent ---- */

#define RECLAIM 2

static int64_t now_ms(clockid_t id)
{
    struct timespec t;

    clock_gettime(id, &t);
    return t.tv_sec * 1000ll + t.tv_nsec / 1000000;
}

/* For so many ms of CPU time; how long that took. */
static int64_t compute_ms(int64_t ms)
{
    int64_t begun = now_ms(CLOCK_MONOTONIC), until = now_ms(CLOCK_THREAD_CPUTIME_ID) + ms;

    while (now_ms(CLOCK_THREAD_CPUTIME_ID) < until)
        ;
    return now_ms(CLOCK_MONOTONIC) - begun;
}

static void await_waiter(uint32_t *w)
{
    while (!(word_at(w) & WAITERS))
        abi_sleep_ms(1);
}

/* 5 of 100 ms: 60 ms take 1.1 s at least where nothing is lent. */
TEST(sched_setattr, lent_deadline_ends_no_budget)
{
    uint32_t *w = shared_words();
    pid_t owner = fork(), waiter;

    if (!owner) {
        if (lock_pi(w) || set_deadline(5, 100))
            _exit(1);
        gate_open(&w[8]);
        await_waiter(w);
        w[10] = (uint32_t)compute_ms(60);
        _exit(unlock_pi(w) ? 2 : 0);
    }
    gate_pass(&w[8]);
    waiter = fork();
    if (!waiter)
        _exit(set_deadline(10, 20) || lock_pi(w) || unlock_pi(w) ? 1 : 0);
    abi_reap(owner, 0);
    abi_reap(waiter, 0);
    if (w[10] >= 900)
        abi_failed(__FILE__, __LINE__, "60 ms took %u", w[10]);
}

/* Nor does one that ended long ago hold up who wakes: each sleep would last until 1.2 s of debt are over. */
TEST(sched_setattr, lent_deadline_holds_up_no_wake_up)
{
    uint32_t *w = shared_words();
    pid_t owner = fork(), waiter;

    if (!owner) {
        if (lock_pi(w) || set_deadline(5, 100))
            _exit(1);
        gate_open(&w[8]);
        await_waiter(w);
        for (int i = 0; i < 3; i++) {
            int64_t begun;

            (void)compute_ms(60);
            begun = now_ms(CLOCK_MONOTONIC);
            abi_sleep_ms(1);
            w[10] += (uint32_t)(now_ms(CLOCK_MONOTONIC) - begun);
        }
        _exit(unlock_pi(w) ? 2 : 0);
    }
    gate_pass(&w[8]);
    waiter = fork();
    if (!waiter)
        _exit(set_deadline(10, 20) || lock_pi(w) || unlock_pi(w) ? 1 : 0);
    abi_reap(owner, 0);
    abi_reap(waiter, 0);
    if (w[10] >= 600)
        abi_failed(__FILE__, __LINE__, "three sleeps of 1 ms took %u", w[10]);
}

/* It is still the most urgent: nobody less urgent runs before it goes on. */
TEST(sched_yield, of_an_owner_with_a_lent_deadline)
{
    uint32_t *w = shared_words();
    pid_t owner = fork(), waiter;

    if (!owner) {
        int real_time = 10;
        pid_t other;

        only_cpu_0();
        EQ(lock_pi(w), 0);
        gate_open(&w[8]);
        await_waiter(w);
        await_priority(getpid(), -101);
        other = fork();
        if (!other)
            for (;;)
                w[11]++;
        EQ(syscall(SYS_sched_setscheduler, other, FIFO, &real_time), 0);
        for (int i = 0; i < 20; i++) {
            uint32_t before = word_at(&w[11]);

            EQ(syscall(SYS_sched_yield), 0);
            EQ(word_at(&w[11]), before);
        }
        kill_and_reap(other);
        _exit(unlock_pi(w) ? 2 : 0);
    }
    gate_pass(&w[8]);
    waiter = fork();
    if (!waiter)
        _exit(set_deadline(10, 20) || lock_pi(w) || unlock_pi(w) ? 1 : 0);
    abi_reap(owner, 0);
    abi_reap(waiter, 0);
}

TEST(sched_setattr, budget_counts_again_when_nothing_is_lent)
{
    uint32_t *w = shared_words();
    pid_t waiter;

    EQ(lock_pi(w), 0);
    waiter = pi_waiter(w, FIFO, 30); /* lends what is less urgent than a deadline */
    EQ(set_deadline(5, 100), 0);
    await_waiter(w);
    int64_t wall = 0;
    for (int i = 0; i < 3 && wall < 900; i++) /* a host that stops the VM for long gives all 60 ms in one piece */
        wall = compute_ms(60);
    if (wall < 900)
        abi_failed(__FILE__, __LINE__, "60 ms took %d", (int)wall);
    EQ(unlock_pi(w), 0);
    abi_reap(waiter, 0);
}

/* Whoever was lent the deadline of one that reclaims leaves nothing in the sums that reclaiming goes by: alone, 10 of 100 ms are most of
 * the CPU before and after (abi_deadline.c has the figures of Linux). */
TEST(sched_setattr, lent_deadline_takes_nothing_from_reclaiming)
{
    uint32_t *w = shared_words();

    for (int round = 0; round < 20; round++) {
        pid_t owner = pi_owner(w, &w[8]), waiter = fork();

        if (!waiter)
            _exit(set_deadline_flags(30, 100, RECLAIM) || lock_pi(w) || unlock_pi(w) ? 1 : 0);
        await_priority(owner, -101);
        gate_open(&w[9]);
        abi_reap(owner, 0);
        abi_reap(waiter, 0);
        w[8] = w[9] = 0;
    }
    EQ(set_deadline_flags(10, 100, RECLAIM), 0);
    int64_t wall = compute_ms(700);
    if (wall > 2000)
        abi_failed(__FILE__, __LINE__, "700 ms took %d", (int)wall);
}
