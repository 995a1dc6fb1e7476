/*
 * pi_torture.c: PI locks that many processes take in all ways (free word, LOCK_PI, TRYLOCK_PI, with and without a time-out, up to three at once,
 * as waiters of a condition that are requeued) while they are given other policies and CPUs, interrupted, stopped and killed at random. Held
 * locks are in robust lists. Checked at every turn: nobody else is in a section (who died in it left FUTEX_OWNER_DIED in the word), the
 * word names its owner, locks taken in ascending order never end in EDEADLK, and no call fails but as it may. Locks of the second half are
 * taken in any order: there EDEADLK is right, and a circle that nobody notices stops its tasks. At the end: every task comes to an end by itself,
 * nothing that was lent is left, all words are free. A watchdog ends the run as failed when nobody got a lock for 30 s.
 * Usage: pi_torture SECONDS TASKS [SEED]
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MAX_TASKS 64
#define LOCKS 8
#define ORDERED 4 /* the first of them */
#define MOST 3    /* held at once */
#define WATCHDOG_S 30

enum { WAIT = 0, WAKE = 1, LOCK_PI = 6, UNLOCK_PI = 7, TRYLOCK_PI = 8, WAIT_REQUEUE_PI = 11, CMP_REQUEUE_PI = 12, LOCK_PI2 = 13 };
#define WAITERS 0x80000000u
#define OWNER_DIED 0x40000000u
#define TID_MASK 0x3fffffffu

enum fault { NOT_ALONE, WORD_WRONG, FALSE_DEADLOCK, CALL_FAILED, ENDED_BADLY, STILL_LENT, NOT_FREE, FAULTS };
static const char *const fault_names[FAULTS] = {"not_alone",   "word_wrong", "false_deadlock", "call_failed",
                                                "ended_badly", "still_lent", "not_free"};
enum count { TAKEN, WAITED, LATE, BUSY, INHERITED, CIRCLES, REQUEUED, WOKEN_LATE, COUNTS };
static const char *const count_names[COUNTS] = {"taken", "by call", "late", "busy", "inherited", "circles", "requeued", "not requeued"};

/* A lock as a robust list knows it. */
struct lock {
    struct lock *next;
    uint32_t word;
    uint32_t condition;
    volatile int32_t inside; /* who is in the section; 0 nobody */
} __attribute__((aligned(64)));

struct robust_head {
    struct lock *next;
    long offset;
    void *pending;
};

struct shared {
    struct lock lock[LOCKS];
    volatile uint32_t stop;
    volatile uint64_t faults[FAULTS], counts[COUNTS];
    volatile int32_t errors; /* of the last call that failed: operation * 1000 + errno */
    volatile int32_t pid[MAX_TASKS], killed[MAX_TASKS]; /* killed: who was there before, on its way out */
};

static struct shared *shared;
static struct robust_head robust;
static int tasks, cpus;
static uint64_t seed_now;
static uint64_t kills, shakes;

static uint64_t next_random(void)
{
    seed_now ^= seed_now << 13;
    seed_now ^= seed_now >> 7;
    seed_now ^= seed_now << 17;
    return seed_now;
}

static unsigned below(unsigned n)
{
    return (unsigned)(next_random() >> 20) % n;
}

static uint64_t now_ns(clockid_t id)
{
    struct timespec t;
    clock_gettime(id, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static struct timespec in_us(clockid_t id, unsigned us)
{
    uint64_t ns = now_ns(id) + us * 1000ull;
    return (struct timespec){(time_t)(ns / 1000000000), (long)(ns % 1000000000)};
}

static void nap_us(unsigned us)
{
    struct timespec t = {us / 1000000, us % 1000000 * 1000};
    nanosleep(&t, NULL);
}

static void fault(enum fault f)
{
    __atomic_fetch_add(&shared->faults[f], 1, __ATOMIC_RELAXED);
}

static void count(enum count c)
{
    __atomic_fetch_add(&shared->counts[c], 1, __ATOMIC_RELAXED);
}

static long futex(uint32_t *w, int op, unsigned val, const void *arg, uint32_t *w2, unsigned val3)
{
    return syscall(SYS_futex, w, op, val, arg, w2, val3);
}

static void call_failed(int op)
{
    shared->errors = op * 1000 + errno;
    fault(CALL_FAILED);
}

/* ---- a worker: robust lists ---- */

#define BARRIER() __atomic_signal_fence(__ATOMIC_SEQ_CST)

static void begin_change(struct lock *l)
{
    robust.pending = (void *)((uintptr_t)l | 1);
    BARRIER();
}

static void end_change(void)
{
    BARRIER();
    robust.pending = NULL;
}

static void enlist(struct lock *l)
{
    l->next = robust.next;
    BARRIER();
    robust.next = (void *)((uintptr_t)l | 1);
}

/* The list is as long as locks are held. */
static void delist(struct lock *l)
{
    struct lock **at = &robust.next;
    while (*at != (void *)&robust && ((uintptr_t)*at & ~1ul) != (uintptr_t)l) {
        at = &((struct lock *)((uintptr_t)*at & ~1ul))->next;
    }
    *at = l->next;
}

/* ---- a worker: sections ---- */

static int is_dying(int32_t pid)
{
    for (int i = 0; i < tasks; i++) {
        if (shared->pid[i] == pid) {
            return shared->killed[i] == pid;
        }
    }
    return 1; /* long ago */
}

/* The lock is this task's, says the kernel. */
static void enter(struct lock *l)
{
    uint32_t word = __atomic_load_n(&l->word, __ATOMIC_SEQ_CST);
    int32_t before = __atomic_exchange_n(&l->inside, getpid(), __ATOMIC_SEQ_CST);
    enlist(l);
    end_change();
    count(TAKEN);
    if ((word & TID_MASK) != (uint32_t)getpid()) {
        fault(WORD_WRONG);
    }
    if (word & OWNER_DIED) {
        count(INHERITED);
    }
    if (before && (!(word & OWNER_DIED) || !is_dying(before))) {
        fault(NOT_ALONE);
    }
}

static void leave(struct lock *l)
{
    uint32_t mine = (uint32_t)getpid();
    if (__atomic_exchange_n(&l->inside, 0, __ATOMIC_SEQ_CST) != getpid()) {
        fault(NOT_ALONE);
    }
    begin_change(l);
    delist(l);
    if (!__atomic_compare_exchange_n(&l->word, &mine, 0, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST) &&
        futex(&l->word, UNLOCK_PI, 0, NULL, NULL, 0)) {
        call_failed(UNLOCK_PI);
    }
    end_change();
}

/* One of the calls. 0: the lock is taken; else the errno. */
static int lock_by_call(struct lock *l)
{
    struct timespec end;
    unsigned how = below(8);
    int op = how == 0 ? TRYLOCK_PI : how < 3 ? LOCK_PI2 : LOCK_PI;
    if (how == 1) {
        end = in_us(CLOCK_MONOTONIC, below(3000));
    }
    count(WAITED);
    return futex(&l->word, op, 0, how == 1 ? &end : NULL, NULL, 0) ? errno : 0;
}

/* 1: taken. */
static int lock(struct lock *l, int ordered)
{
    uint32_t none = 0;
    int err = 0;
    begin_change(l);
    if (!__atomic_compare_exchange_n(&l->word, &none, (uint32_t)getpid(), 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
        err = lock_by_call(l);
    }
    if (!err) {
        enter(l);
        return 1;
    }
    end_change();
    if (err == EDEADLK) {
        count(CIRCLES);
        if (ordered) {
            fault(FALSE_DEADLOCK);
        }
    } else if (err == ETIMEDOUT || err == EAGAIN) {
        count(err == EAGAIN ? BUSY : LATE);
    } else {
        errno = err;
        call_failed(LOCK_PI);
    }
    return 0;
}

static void compute(void)
{
    switch (below(6)) {
    case 0:
        nap_us(below(500));
        break;
    case 1:
        syscall(SYS_sched_yield);
        break;
    default:
        for (volatile unsigned i = 0, n = below(3000); i < n; i++) {
        }
    }
}

/* Up to MOST locks, of the ordered ones in ascending order. */
static void take_some(void)
{
    struct lock *held[MOST];
    int n = 0, ordered = below(4) != 0, first = ordered ? 0 : ORDERED, at = -1;
    for (int want = 1 + (int)below(MOST); want > 0; want--) {
        int next = ordered ? at + 1 + (int)below(2) : (int)below(LOCKS - ORDERED);
        if (next >= ORDERED) {
            break;
        }
        struct lock *l = &shared->lock[first + next];
        for (int i = 0; i < n; i++) {
            l = held[i] == l ? NULL : l;
        }
        if (!l || !lock(l, ordered)) {
            break;
        }
        held[n++] = l;
        at = next;
        compute();
    }
    while (n > 0) {
        leave(held[--n]);
    }
}

/* As pthread_cond_wait and pthread_cond_broadcast would. */
static void wait_for_condition(struct lock *l)
{
    struct timespec end = in_us(CLOCK_MONOTONIC, 200 + below(5000));
    uint32_t value;
    if (!lock(l, 1)) {
        return;
    }
    value = l->condition;
    leave(l);
    begin_change(l);
    if (!futex(&l->condition, WAIT_REQUEUE_PI, value, &end, &l->word, 0)) {
        enter(l);
        count(REQUEUED);
        compute();
        leave(l);
        return;
    }
    end_change();
    count(WOKEN_LATE);
    if (errno != ETIMEDOUT && errno != EAGAIN) {
        call_failed(WAIT_REQUEUE_PI);
    }
}

static void signal_condition(struct lock *l)
{
    if (!lock(l, 1)) {
        return;
    }
    uint32_t value = ++l->condition;
    if (futex(&l->condition, CMP_REQUEUE_PI, 1, (void *)(long)below(4), &l->word, value) < 0) {
        call_failed(CMP_REQUEUE_PI);
    }
    leave(l);
}

static void on_signal(int sig)
{
    (void)sig;
}

/* Field 18 of /proc/self/stat. */
static long priority_now(void)
{
    char text[512];
    long priority = 1000;
    int fd = open("/proc/self/stat", O_RDONLY);
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
    close(fd);
    text[n > 0 ? n : 0] = 0;
    char *end = strrchr(text, ')');
    if (end) {
        sscanf(end + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %ld", &priority);
    }
    return priority;
}

/* Holds nothing: so it is lent nothing. */
static void check_own_priority(void)
{
    int none = 0;
    syscall(SYS_sched_setscheduler, 0, 0, &none);
    setpriority(PRIO_PROCESS, 0, 0);
    for (int i = 0; i < 2000 && priority_now() != 20; i++) {
        nap_us(1000);
    }
    if (priority_now() != 20) {
        fault(STILL_LENT);
    }
}

static void work(void)
{
    struct sigaction sa = {.sa_handler = on_signal};
    sigaction(SIGUSR1, &sa, NULL);
    robust = (struct robust_head){(void *)&robust, offsetof(struct lock, word), NULL};
    syscall(SYS_set_robust_list, &robust, sizeof robust);
    while (!shared->stop) {
        unsigned what = below(16);
        if (what == 0) {
            nap_us(below(2000));
        } else if (what < 3) {
            wait_for_condition(&shared->lock[below(ORDERED)]);
        } else if (what < 6) {
            signal_condition(&shared->lock[below(ORDERED)]);
        } else {
            take_some();
        }
    }
    check_own_priority();
    _exit(7);
}

static void start(int index)
{
    uint64_t mine = next_random() | 1;
    pid_t pid = fork();
    if (pid == 0) {
        int priority = 0;
        syscall(SYS_sched_setscheduler, 0, 0, &priority);
        seed_now = mine;
        work();
    }
    if (pid < 0) {
        perror("fork");
        exit(1);
    }
    shared->pid[index] = pid;
}

/* ---- the shaker ---- */

static void change_class(pid_t pid)
{
    static const int policies[] = {0 /* OTHER */, 3 /* BATCH */, 5 /* IDLE */, 1 /* FIFO */, 2 /* RR */, 1};
    int policy = policies[below(6)], priority = policy == 1 || policy == 2 ? 1 + (int)below(50) : 0;
    syscall(SYS_sched_setscheduler, pid, policy, &priority);
}

/* Reaped before another one takes its place: a number is not another task's while somebody may still find it in a word. */
static void kill_and_replace(int index)
{
    int status;
    shared->killed[index] = shared->pid[index];
    kill(shared->pid[index], SIGKILL);
    if (waitpid(shared->pid[index], &status, 0) != shared->pid[index] || !WIFSIGNALED(status)) {
        fault(ENDED_BADLY);
    }
    kills++;
    start(index);
}

static void shake(void)
{
    int index = (int)below((unsigned)tasks);
    pid_t pid = shared->pid[index];
    unsigned long mask = 1ul << below((unsigned)cpus);
    shakes++;
    switch (below(8)) {
    case 0:
    case 1:
    case 2:
        change_class(pid);
        break;
    case 3:
        setpriority(PRIO_PROCESS, (id_t)pid, (int)below(40) - 20);
        break;
    case 4:
        mask = below(2) ? ~0ul : mask;
        syscall(SYS_sched_setaffinity, pid, sizeof mask, &mask);
        break;
    case 5:
        kill(pid, SIGUSR1);
        break;
    case 6:
        kill(pid, SIGSTOP);
        kill(pid, SIGCONT);
        break;
    case 7:
        if (below(3) == 0) {
            kill_and_replace(index);
        }
        break;
    }
}

/* ---- the judgement ---- */

static pid_t start_watchdog(void)
{
    pid_t pid = fork();
    if (pid) {
        return pid;
    }
    int priority = 98;
    syscall(SYS_sched_setscheduler, 0, 1, &priority);
    for (uint64_t before = 0, now; (now = shared->counts[TAKEN]) != before || !now; before = now) {
        nap_us(WATCHDOG_S * 1000000u);
    }
    printf("not ok pi_torture.watchdog: nobody got a lock for %d s\n", WATCHDOG_S);
    for (int i = 0; i < LOCKS; i++) {
        printf("stress: pi_torture: lock %d: word %#x, inside %d\n", i, shared->lock[i].word, shared->lock[i].inside);
    }
    printf("stress: end\n");
    fflush(stdout);
    kill(0, SIGKILL);
    _exit(1);
}

/* Every worker ends by itself, however the locks stand; who does not within a minute is stuck. */
static int end_all(void)
{
    int left = tasks, status, priority = 0;
    shared->stop = 1;
    for (int i = 0; i < tasks; i++) {
        syscall(SYS_sched_setscheduler, shared->pid[i], 0, &priority);
    }
    for (uint64_t end = now_ns(CLOCK_MONOTONIC) + 60000000000ull; left && now_ns(CLOCK_MONOTONIC) < end; nap_us(10000)) {
        for (int i = 0; i < tasks; i++) {
            if (shared->pid[i] && waitpid(shared->pid[i], &status, WNOHANG) == shared->pid[i]) {
                shared->pid[i] = 0;
                left--;
                if (status != 7 << 8) {
                    fault(ENDED_BADLY);
                }
            }
        }
    }
    for (int i = 0; i < tasks; i++) {
        if (shared->pid[i]) {
            kill(shared->pid[i], SIGKILL);
        }
    }
    return left;
}

static void check_free(void)
{
    for (int i = 0; i < LOCKS; i++) {
        struct lock *l = &shared->lock[i];
        if (l->word & TID_MASK || futex(&l->word, LOCK_PI, 0, NULL, NULL, 0) || futex(&l->word, UNLOCK_PI, 0, NULL, NULL, 0) || l->word) {
            fault(NOT_FREE);
        }
    }
}

static int report(const char *name, uint64_t bad)
{
    printf("%sok pi_torture.%s: %llu\n", bad ? "not " : "", name, (unsigned long long)bad);
    return bad != 0;
}

int main(int argc, char **argv)
{
    uint64_t seconds = argc > 1 ? strtoull(argv[1], NULL, 0) : 10, seed = argc > 3 ? strtoull(argv[3], NULL, 0) : 1;
    int bad = 0, priority = 97;
    tasks = argc > 2 ? atoi(argv[2]) : 12;
    tasks = tasks > MAX_TASKS ? MAX_TASKS : tasks;
    cpus = (int)sysconf(_SC_NPROCESSORS_ONLN);
    seed_now = seed * 0x9e3779b97f4a7c15ull | 1;
    setvbuf(stdout, NULL, _IOLBF, 0);
    setpgid(0, 0);
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    for (int i = 0; i < tasks; i++) {
        start(i);
    }
    pid_t dog = start_watchdog();
    syscall(SYS_sched_setscheduler, 0, 1, &priority); /* the shaker is not to starve behind those whom it made real time */
    for (uint64_t end = now_ns(CLOCK_MONOTONIC) + seconds * 1000000000ull; now_ns(CLOCK_MONOTONIC) < end;) {
        shake();
        nap_us(below(1500));
    }
    int stuck = end_all();
    kill(dog, SIGKILL);
    waitpid(dog, NULL, 0);
    if (!stuck) {
        check_free();
    }
    printf("stress: pi_torture: seed %llu, %d tasks, %d cpus, %llu shakes, %llu kills", (unsigned long long)seed, tasks, cpus,
           (unsigned long long)shakes, (unsigned long long)kills);
    for (int i = 0; i < COUNTS; i++) {
        printf(", %llu %s", (unsigned long long)shared->counts[i], count_names[i]);
    }
    printf("\n");
    if (shared->errors) {
        printf("stress: pi_torture: operation %d failed with errno %d\n", shared->errors / 1000, shared->errors % 1000);
    }
    for (int i = 0; i < FAULTS; i++) {
        bad |= report(fault_names[i], shared->faults[i]);
    }
    bad |= report("stuck", (uint64_t)stuck);
    bad |= report("nobody_inherited", shared->counts[INHERITED] == 0 && kills > 50);
    printf("stress: end\n");
    return bad;
}
