/*
 * sched_torture.c: hundreds to thousands of tasks that are woken, re-niced, given other classes and masks, stopped, interrupted and killed
 * at random while CPUs go off line and come back. Workers sleep, compute (half of them in sections
 * for which they ask for slice extensions), yield, pass tokens through pipes and fork.
 * Checked, by each worker itself at every turn: it runs on no CPU that its mask forbids (the mask is written under a sequence number, so that
 * only a reading between two equal numbers counts); it is on one CPU at a time (a word of its own says so, which only one may hold);
 * its CPU time never goes back and is at most the time that passed. At the end: every worker still moves, the token count is what it was, all
 * end as they should, the CPU times of all together fit into the CPUs' time, and the machine has as many tasks and CPUs as before.
 * A watchdog ends the run as failed when nothing moved for 60 s.
 * Usage: sched_torture SECONDS TASKS [SEED]
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
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

#define MAX_TASKS 4096
#define MAX_CPUS 256
#define WORDS (MAX_CPUS / 64)
#define RING 8 /* tasks of a ring; each holds one token */
#define WATCHDOG_S 60

enum fault { ON_FORBIDDEN_CPU, TIME_WENT_BACK, TIME_TOO_LONG, TOKEN_WRONG, CALL_FAILED, CHILD_WRONG, EXTENSION_WRONG, FAULTS };
static const char *const fault_names[FAULTS] = {"on_forbidden_cpu", "time_went_back", "time_too_long",
                                                "token_wrong",      "call_failed",    "child_wrong", "extension_wrong"};

struct worker {
    volatile uint32_t mask_seq; /* odd while the shaker changes the mask; RMW by the shaker only */
    volatile uint64_t mask[WORDS];
    volatile uint64_t turns;
    volatile uint64_t cpu_ns;
    volatile uint32_t generation; /* how often it was killed and made again */
    pid_t pid;                    /* the shaker's */
    int in, out;
} __attribute__((aligned(128)));

struct shared {
    volatile uint32_t cpus_seq; /* odd while CPUs go off line or come: masks are widened then */
    volatile uint64_t faults[FAULTS];
    volatile uint64_t dead_ns; /* CPU time of those that were killed */
    volatile uint64_t extensions, given_back; /* RMW: slice extensions that a worker saw, and ended itself */
    struct worker w[MAX_TASKS];
};

static struct shared *shared;
static int tasks, cpus;
static uint64_t shakes[8], toggles, toggle_ns;

static uint64_t next_random(uint64_t *s)
{
    *s ^= *s << 13;
    *s ^= *s >> 7;
    *s ^= *s << 17;
    return *s;
}

static uint64_t clock_ns(clockid_t id)
{
    struct timespec t;
    clock_gettime(id, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void nap_us(uint64_t us)
{
    struct timespec t = {(time_t)(us / 1000000), (long)(us % 1000000 * 1000)};
    nanosleep(&t, NULL);
}

static void fault(enum fault f)
{
    __atomic_fetch_add(&shared->faults[f], 1, __ATOMIC_RELAXED);
}

/* ---- a worker ---- */

/* On a CPU that the mask forbids, while neither the mask nor the set of CPUs was being changed? */
static void check_cpu(struct worker *w)
{
    uint32_t mask_seq = w->mask_seq, cpus_seq = shared->cpus_seq;
    unsigned cpu = 0;
    __sync_synchronize();
    syscall(SYS_getcpu, &cpu, NULL, NULL);
    int allowed = w->mask[cpu / 64] >> (cpu % 64) & 1;
    __sync_synchronize();
    if (!allowed && !(mask_seq & 1) && !(cpus_seq & 1) && w->mask_seq == mask_seq && shared->cpus_seq == cpus_seq) {
        fault(ON_FORBIDDEN_CPU);
    }
}

struct life {
    uint64_t real0, cpu0; /* read in this order, and later in the other: real time passed is never the shorter one */
    uint64_t cpu_ns;
};

static void check_time(struct worker *w, struct life *l)
{
    uint64_t cpu = clock_ns(CLOCK_THREAD_CPUTIME_ID), real = clock_ns(CLOCK_MONOTONIC);
    if (cpu < l->cpu_ns) {
        fault(TIME_WENT_BACK);
    }
    if (cpu - l->cpu0 > real - l->real0 + 1000000) {
        fault(TIME_TOO_LONG);
    }
    l->cpu_ns = w->cpu_ns = cpu;
}

static void fork_once(void)
{
    int status = -1;
    pid_t pid = fork();
    if (pid == 0) {
        _exit(7);
    }
    if (pid < 0 ? errno != EAGAIN && errno != ENOMEM : waitpid(pid, &status, 0) != pid || status != 7 << 8) {
        fault(CHILD_WRONG);
    }
}

/* One token a ring place: takes what is there, passes it on. Never waits for it, its neighbour may be stopped. */
static void pass_token(struct worker *w)
{
    uint32_t token = 0;
    if (read(w->in, &token, sizeof token) != sizeof token) {
        return;
    }
    if (token >> 16 != 0x5aa5) {
        fault(TOKEN_WRONG);
    }
    if (write(w->out, &token, sizeof token) != sizeof token) {
        fault(TOKEN_WRONG);
    }
}

/* ---- slice extensions of rseq, where the kernel has them ---- */

#define RSEQ_SIGNATURE 0x53053053
#define PR_RSEQ_SLICE_EXTENSION 79
#define SYS_rseq_slice_yield_ 471
#define GRANTED 0x100u

static volatile struct {
    uint32_t cpu_id_start, cpu_id;
    uint64_t section;
    uint32_t flags, node_id, mm_cid, word;
} __attribute__((aligned(32))) area;
static int extends;

static void ask_for_extensions(void)
{
    extends = syscall(SYS_rseq, &area, sizeof area, 0, RSEQ_SIGNATURE) == 0 && syscall(SYS_prctl, PR_RSEQ_SLICE_EXTENSION, 2, 1, 0, 0) == 0;
}

/* The word is the worker's request, the kernel's grant, or neither; once given back it is 0. */
static void end_section(void)
{
    uint32_t word = area.word;
    long gave;
    if (word == 1) {
        area.word = 0;
        word = 0;
    }
    if (word && word != GRANTED) {
        fault(EXTENSION_WRONG);
    }
    if (word != GRANTED) {
        return;
    }
    gave = syscall(SYS_rseq_slice_yield_);
    if (gave < 0 || gave > 1 || area.word) {
        fault(EXTENSION_WRONG);
    }
    __atomic_fetch_add(&shared->extensions, 1, __ATOMIC_RELAXED);
    __atomic_fetch_add(&shared->given_back, (uint64_t)gave, __ATOMIC_RELAXED);
}

static void compute(uint64_t n)
{
    if (extends) {
        area.word = 1;
    }
    for (volatile uint64_t i = 0; i < n && area.word != GRANTED; i++) {
    }
    if (extends) {
        end_section();
    }
}

static void one_turn(struct worker *w, uint64_t *s)
{
    switch (next_random(s) % 10) {
    case 0:
    case 1:
    case 2:
    case 3:
    case 4: /* the more tasks, the longer: about as much goes on */
        nap_us(next_random(s) % ((uint64_t)tasks * 100));
        break;
    case 5:
        syscall(SYS_sched_yield);
        break;
    case 6:
        compute(next_random(s) % 50000);
        break;
    case 7:
        if (next_random(s) % 16 == 0) {
            fork_once();
        }
        break;
    default:
        pass_token(w);
        break;
    }
}

static void work(int index, uint64_t s)
{
    struct worker *w = &shared->w[index];
    struct life l = {.real0 = clock_ns(CLOCK_MONOTONIC)};
    l.cpu0 = clock_ns(CLOCK_THREAD_CPUTIME_ID);
    for (;;) {
        check_cpu(w);
        check_time(w, &l);
        one_turn(w, &s);
        w->turns++;
    }
}

static void start(int index, uint64_t seed)
{
    pid_t pid = fork();
    if (pid == 0) {
        int priority = 0;
        syscall(SYS_sched_setscheduler, 0, 0, &priority);
        if (index % 2) {
            ask_for_extensions();
        }
        work(index, seed * 7919 + (uint64_t)index + 1);
        _exit(99);
    }
    if (pid < 0) {
        perror("fork");
        exit(1);
    }
    shared->w[index].pid = pid;
}

/* ---- the shaker ---- */

static int set_online(int cpu, int on)
{
    char path[96];
    snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%d/online", cpu);
    int fd = open(path, O_WRONLY);
    if (fd < 0) {
        return errno;
    }
    int err = write(fd, on ? "1" : "0", 1) == 1 ? 0 : errno;
    close(fd);
    return err;
}

/* The mask as the kernel has it after CPUs left: a task whose last CPU went may run anywhere. */
static void read_mask_back(struct worker *w)
{
    uint64_t back[WORDS] = {0};
    if (syscall(SYS_sched_getaffinity, w->pid, sizeof back, back) < 0) {
        fault(CALL_FAILED);
    }
    int widened = 1;
    for (int i = 0; i < WORDS; i++) {
        widened &= back[i] == 0; /* or will be, when it wakes */
    }
    for (int i = 0; i < WORDS; i++) {
        widened |= (back[i] & ~w->mask[i]) != 0;
    }
    if (widened) {
        memset((void *)w->mask, 0xff, sizeof w->mask);
    }
}

static void toggle(uint64_t *s, char *is_off)
{
    int cpu = 1 + (int)(next_random(s) % (unsigned)(cpus - 1));
    shared->cpus_seq++;
    __sync_synchronize();
    uint64_t t0 = clock_ns(CLOCK_MONOTONIC);
    int err = set_online(cpu, is_off[cpu]);
    toggle_ns += clock_ns(CLOCK_MONOTONIC) - t0;
    if (err) {
        fault(CALL_FAILED);
    } else {
        is_off[cpu] = !is_off[cpu];
    }
    for (int i = 0; i < tasks; i++) {
        read_mask_back(&shared->w[i]);
    }
    __sync_synchronize();
    shared->cpus_seq++;
    toggles++;
}

/* CPUs that are off line are no error: the part that is left counts, and nothing left is EINVAL. */
static void change_mask(struct worker *w, uint64_t *s)
{
    uint64_t mask[WORDS] = {0}, back[WORDS] = {0};
    for (int i = 0; i < 1 + (int)(next_random(s) % 3); i++) {
        unsigned cpu = next_random(s) % (unsigned)cpus;
        mask[cpu / 64] |= 1ull << (cpu % 64);
    }
    if (next_random(s) % 4 == 0) {
        memset(mask, 0xff, sizeof mask);
    }
    w->mask_seq++;
    __sync_synchronize();
    if (syscall(SYS_sched_setaffinity, w->pid, sizeof mask, mask)) {
        if (errno != EINVAL) {
            fault(CALL_FAILED);
        }
    } else {
        if (syscall(SYS_sched_getaffinity, w->pid, sizeof back, back) < 0) {
            fault(CALL_FAILED);
        }
        memcpy((void *)w->mask, back, sizeof back);
    }
    __sync_synchronize();
    w->mask_seq++;
}

static void change_class(struct worker *w, uint64_t *s)
{
    static const int policies[] = {0 /* OTHER */, 3 /* BATCH */, 5 /* IDLE */, 1 /* FIFO */, 2 /* RR */};
    int policy = policies[next_random(s) % 5], priority = policy == 1 || policy == 2 ? 1 + (int)(next_random(s) % 50) : 0;
    if (syscall(SYS_sched_setscheduler, w->pid, policy, &priority)) {
        fault(CALL_FAILED);
    }
}

static void kill_and_replace(int index, uint64_t *s)
{
    struct worker *w = &shared->w[index];
    int status;
    kill(w->pid, SIGKILL);
    if (waitpid(w->pid, &status, 0) != w->pid || !WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL) {
        fault(CHILD_WRONG);
    }
    shared->dead_ns += w->cpu_ns;
    w->mask_seq++;
    __sync_synchronize();
    memset((void *)w->mask, 0xff, sizeof w->mask);
    w->cpu_ns = 0;
    w->generation++;
    __sync_synchronize();
    w->mask_seq++;
    start(index, next_random(s));
}

static void shake(uint64_t *s, char *is_off)
{
    int index = (int)(next_random(s) % (unsigned)tasks), what = (int)(next_random(s) % 7);
    struct worker *w = &shared->w[index];
    shakes[what]++;
    switch (what) {
    case 0:
    case 1:
        change_mask(w, s);
        break;
    case 2:
        change_class(w, s);
        break;
    case 3:
        setpriority(PRIO_PROCESS, (id_t)w->pid, (int)(next_random(s) % 40) - 20);
        break;
    case 4:
        kill(w->pid, SIGSTOP);
        if (next_random(s) % 2) {
            syscall(SYS_sched_yield);
        }
        kill(w->pid, SIGCONT);
        break;
    case 5:
        if (next_random(s) % 4 == 0) {
            kill_and_replace(index, s);
        }
        break;
    case 6:
        if (cpus > 1 && next_random(s) % 8 == 0) {
            toggle(s, is_off);
        }
        break;
    }
}

/* ---- the judgement ---- */

static uint64_t all_turns(void)
{
    uint64_t n = 0;
    for (int i = 0; i < tasks; i++) {
        n += shared->w[i].turns;
    }
    return n;
}

/* A process beside all: nothing moved for WATCHDOG_S. Its own sleep is real time, so it is woken whatever the rest does. */
static pid_t start_watchdog(void)
{
    pid_t pid = fork();
    if (pid) {
        return pid;
    }
    int priority = 98;
    syscall(SYS_sched_setscheduler, 0, 1, &priority);
    for (uint64_t before = 0, now; (now = all_turns()) != before || !now; before = now) {
        nap_us(WATCHDOG_S * 1000000ull);
    }
    printf("not ok sched_torture.watchdog: no task moved for %d s\nstress: end\n", WATCHDOG_S);
    fflush(stdout);
    kill(0, SIGKILL);
    _exit(1);
}

static int still_moving(void)
{
    static uint64_t before[MAX_TASKS];
    int priority = 0, stuck = tasks;
    for (int i = 0; i < tasks; i++) {
        syscall(SYS_sched_setscheduler, shared->w[i].pid, 0, &priority);
        before[i] = shared->w[i].turns;
    }
    for (uint64_t end = clock_ns(CLOCK_MONOTONIC) + 60000000000ull; stuck && clock_ns(CLOCK_MONOTONIC) < end;) {
        nap_us(10000);
        stuck = 0;
        for (int i = 0; i < tasks; i++) {
            stuck += shared->w[i].turns == before[i];
        }
    }
    return stuck;
}

static int end_all(void)
{
    int bad = 0, status;
    for (int i = 0; i < tasks; i++) {
        kill(shared->w[i].pid, SIGKILL);
    }
    for (int i = 0; i < tasks; i++) {
        bad += waitpid(shared->w[i].pid, &status, 0) != shared->w[i].pid || !WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL;
    }
    return bad;
}

/* Tokens in the pipes of a ring; a worker that was killed between read and write took one with it. */
static uint64_t tokens_left(void)
{
    uint64_t n = 0;
    uint32_t token;
    for (int i = 0; i < tasks; i++) {
        while (read(shared->w[i].in, &token, sizeof token) == sizeof token) {
            n++;
        }
    }
    return n;
}

static uint64_t deaths(void)
{
    uint64_t n = 0;
    for (int i = 0; i < tasks; i++) {
        n += shared->w[i].generation + 1;
    }
    return n;
}

static void make_rings(void)
{
    for (int first = 0; first < tasks; first += RING) {
        int n = tasks - first < RING ? tasks - first : RING;
        for (int i = 0; i < n; i++) {
            int fd[2];
            uint32_t token = 0x5aa5u << 16 | (uint32_t)(first + i);
            if (pipe2(fd, O_NONBLOCK) || write(fd[1], &token, sizeof token) != sizeof token) {
                perror("pipe");
                exit(1);
            }
            shared->w[first + i].in = fd[0];
            shared->w[first + (i + n - 1) % n].out = fd[1];
        }
    }
}

static int report(const char *name, uint64_t bad)
{
    printf("%sok sched_torture.%s: %llu\n", bad ? "not " : "", name, (unsigned long long)bad);
    return bad != 0;
}

int main(int argc, char **argv)
{
    uint64_t seconds = argc > 1 ? strtoull(argv[1], NULL, 0) : 10, seed = argc > 3 ? strtoull(argv[3], NULL, 0) : 1, s = seed, t0;
    static char is_off[MAX_CPUS];
    struct rlimit files = {3 * MAX_TASKS, 3 * MAX_TASKS};
    int bad = 0;
    tasks = argc > 2 ? atoi(argv[2]) : 200;
    tasks = tasks > MAX_TASKS ? MAX_TASKS : tasks;
    cpus = (int)sysconf(_SC_NPROCESSORS_ONLN);
    cpus = cpus > MAX_CPUS ? MAX_CPUS : cpus;
    setvbuf(stdout, NULL, _IOLBF, 0);
    setpgid(0, 0);
    setrlimit(RLIMIT_NOFILE, &files);
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    t0 = clock_ns(CLOCK_MONOTONIC);
    make_rings();
    for (int i = 0; i < tasks; i++) {
        memset((void *)shared->w[i].mask, 0xff, sizeof shared->w[i].mask);
        start(i, seed);
    }
    pid_t dog = start_watchdog();
    int priority = 97; /* the shaker is not to starve behind those whom it made real time */
    syscall(SYS_sched_setscheduler, 0, 1, &priority);
    for (uint64_t end = clock_ns(CLOCK_MONOTONIC) + seconds * 1000000000ull; clock_ns(CLOCK_MONOTONIC) < end;) {
        shake(&s, is_off);
        nap_us(next_random(&s) % 1500);
    }
    int stuck = still_moving(); /* with the CPUs that are off line */
    for (int c = 1; c < cpus; c++) {
        if (is_off[c] && set_online(c, 1)) {
            fault(CALL_FAILED);
        }
    }
    stuck += still_moving();
    uint64_t turns = all_turns(), cpu_ns = shared->dead_ns, real_ns;
    int ended_badly = end_all();
    kill(dog, SIGKILL);
    waitpid(dog, NULL, 0);
    real_ns = clock_ns(CLOCK_MONOTONIC) - t0;
    for (int i = 0; i < tasks; i++) {
        cpu_ns += shared->w[i].cpu_ns;
    }
    uint64_t left = tokens_left(), died = deaths();
    printf("stress: sched_torture: seed %llu, %d tasks, %d cpus, %llu turns, masks %llu, classes %llu, nice %llu, stops %llu, kills %llu, "
           "toggles %llu of %.1f ms, extensions %llu, given back %llu, %.1f of %.1f CPU s\n",
           (unsigned long long)seed, tasks, cpus, (unsigned long long)turns, (unsigned long long)(shakes[0] + shakes[1]),
           (unsigned long long)shakes[2], (unsigned long long)shakes[3], (unsigned long long)shakes[4],
           (unsigned long long)died - (unsigned long long)tasks, (unsigned long long)toggles, toggles ? (double)toggle_ns / 1e6 / (double)toggles : 0.,
           (unsigned long long)shared->extensions, (unsigned long long)shared->given_back, (double)cpu_ns / 1e9, (double)real_ns / 1e9 * cpus);
    for (int f = 0; f < FAULTS; f++) {
        bad |= report(fault_names[f], shared->faults[f]);
    }
    bad |= report("tasks_stuck", (uint64_t)stuck);
    bad |= report("ended_otherwise", (uint64_t)ended_badly);
    bad |= report("tokens_doubled_or_lost", left > (uint64_t)tasks || left + died < (uint64_t)tasks);
    bad |= report("cpu_time_beyond_the_cpus", cpu_ns > real_ns * (uint64_t)cpus + real_ns / 50);
    bad |= report("cpus_missing", (uint64_t)(cpus - (int)sysconf(_SC_NPROCESSORS_ONLN)));
    printf("stress: end\n");
    return bad;
}
