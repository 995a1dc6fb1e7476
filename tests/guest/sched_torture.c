/*
 * sched_torture.c: hundreds to thousands of tasks that are woken, re-niced, given other classes (SCHED_DEADLINE too) and masks, stopped,
 * interrupted and killed at random by several real-time shakers while CPUs go off line and come back. Workers sleep, compute (half of them in
 * sections for which they ask for slice extensions), yield, pass tokens through pipes and fork.
 * Checked, by each worker itself at every turn: it runs on no CPU that its mask forbids (the mask is written under a sequence number, so that
 * only a reading between two equal numbers counts); it is on one CPU at a time (a word of its own says so, which only one may hold);
 * its CPU time never goes back and is at most the time that passed. At the end: every worker still moves, with the CPUs that are off line and
 * with all; the token count is what it was, all end as they should, the CPU times of all together fit into the CPUs' time and are most of what /proc/stat calls busy and no more, the
 * run queues' sums are those of a machine at rest (sched_torture_rest.h), it has as many CPUs as before, and each kind of shake came as often as sched_torture.h demands for the seconds given: for that the run may last
 * four times as long. A watchdog ends the run as failed when nothing moved for 60 s.
 * Linux 6.1 does not live through it: inactive_task_timer() divides by the number of CPUs of a deadline task whose CPU has left, 0.
 * Usage: sched_torture SECONDS TASKS [SEED [BREAK]]. SEED 0 (or none): one by chance; it is printed. BREAK: something is broken on purpose
 * (sched_torture.h; `all`: one after the other), and the run fails if that is not noticed.
 */
#include "tests/guest/sched_torture_rest.h"
#include "tests/guest/sched_torture_shaker.h"

#define WATCHDOG_S 60
#define SHORT_WATCH_US 100000 /* when it must see a run that stands still */
#define LONGER 4 /* times as long, until it was shaken enough, or what is broken was seen */

struct totals {
    uint64_t seed, began_ns, began_busy_ns, began_paid_ns, shaken_ns, rested_ns, looked_ns, stuck, not_at_rest;
    int shakers;
    pid_t children[MAX_SHAKERS + 2];
};

static uint64_t all_turns(void)
{
    uint64_t n = 0;
    for (int i = 0; i < tasks; i++) {
        n += shared->w[i].turns;
    }
    return n;
}

/* A process beside all: nothing moved for WATCHDOG_S. Its own sleep is real time, so it is woken whatever the rest does. */
static void watch(void)
{
    become_fifo(98);
    for (uint64_t before = 0, now; (now = all_turns()) != before || !now; before = now) {
        nap_us(broken == HANG ? SHORT_WATCH_US : WATCHDOG_S * 1000000ull);
    }
    if (broken == HANG) {
        shared->hung = 1;
        pause();
    }
    printf("not ok sched_torture.watchdog: no task moved for %d s\nstress: end\n", WATCHDOG_S);
    fflush(stdout);
    kill(0, SIGKILL);
    _exit(1);
}

/* ---- the run ---- */

static void start_all(struct totals *t)
{
    uint64_t s = t->seed;
    t->shakers = cpus / 2 < 2 ? 2 : cpus / 2 > MAX_SHAKERS ? MAX_SHAKERS : cpus / 2;
    for (int i = 0; i < t->shakers + 2; i++) {
        uint64_t own = next_random(&s);
        pid_t pid = fork();
        if (pid == 0) {
            if (i < t->shakers) {
                shaker(tasks * i / t->shakers, tasks * (i + 1) / t->shakers, own);
            }
            if (i == t->shakers && cpus > 1) {
                toggle_cpus(own);
            }
            watch();
        }
        t->children[i] = pid;
    }
    while (__atomic_load_n(&shared->started, __ATOMIC_ACQUIRE) != (uint32_t)t->shakers) {
        nap_us(1000);
    }
}

static uint64_t least(enum shake what, uint64_t seconds)
{
    return what == TOGGLES && cpus == 1 ? 0 : 1 + seconds * shake_kinds[what].least / 10;
}

static int kinds_missing(uint64_t seconds)
{
    int n = 0;
    for (int k = 0; k < SHAKES; k++) {
        n += __atomic_load_n(&shared->shakes[k], __ATOMIC_RELAXED) < least(k, seconds);
    }
    return n;
}

/* What is broken shows as a fault, and has not yet: on a loaded host little happens in a second. */
static int unseen(void)
{
    int n = 0;
    for (int f = 0; f < FAULTS; f++) {
        n += !strcmp(fault_names[f], breakages[broken].verdict) && !__atomic_load_n(&shared->faults[f], __ATOMIC_RELAXED);
    }
    return n;
}

static void shake_for(struct totals *t, uint64_t seconds)
{
    uint64_t begin = clock_ns(CLOCK_MONOTONIC), now = begin;
    shared->phase = SHAKE;
    while (now < begin + seconds * SECOND_NS || ((broken ? unseen() : kinds_missing(seconds)) && now < begin + LONGER * seconds * SECOND_NS)) {
        nap_us(20000);
        now = clock_ns(CLOCK_MONOTONIC);
    }
    t->shaken_ns = now - begin;
    shared->phase = REST;
    while (__atomic_load_n(&shared->resting, __ATOMIC_ACQUIRE) != (uint32_t)(t->shakers + (cpus > 1))) {
        nap_us(1000);
    }
    t->rested_ns = clock_ns(CLOCK_MONOTONIC) - now;
}

/* How many took no turn, all fair and alike as they are by now, within a time that is long enough for all. */
static uint64_t count_stuck(void)
{
    static uint64_t before[MAX_TASKS];
    uint64_t stuck = (uint64_t)tasks, end = clock_ns(CLOCK_MONOTONIC) + (broken ? 3 : 120) * 1000000000ull;
    for (int i = 0; i < tasks; i++) {
        before[i] = shared->w[i].turns;
    }
    while (stuck && clock_ns(CLOCK_MONOTONIC) < end) {
        nap_us(10000);
        stuck = 0;
        for (int i = 0; i < tasks; i++) {
            stuck += shared->w[i].turns == before[i];
        }
    }
    return stuck;
}

/* First with the CPUs that are off line, then with all. */
static void look_at_all(struct totals *t)
{
    uint64_t t0 = clock_ns(CLOCK_MONOTONIC);
    if (broken == LOST) {
        kill(shared->w[0].pid, SIGSTOP);
    }
    t->stuck = count_stuck();
    for (int c = 1; c < cpus; c++) {
        if (shared->is_off[c] && set_online(c, 1)) {
            fault(CALL_FAILED);
        }
    }
    t->stuck += count_stuck();
    t->looked_ns = clock_ns(CLOCK_MONOTONIC) - t0;
}

static void end_all(struct totals *t)
{
    int dog = t->shakers + 1;
    shared->phase = END;
    for (int i = 0; i < dog; i++) {
        if (i == t->shakers && cpus == 1) {
            kill(t->children[i], SIGKILL); /* a second watchdog */
        }
        waitpid(t->children[i], NULL, 0);
    }
    kill(t->children[dog], SIGKILL);
    waitpid(t->children[dog], NULL, 0);
}

/* The last CPU leaves when nobody minds any more, and is back for the next run. */
static void lose_a_cpu(int lost)
{
    if (broken == MISSING && set_online(cpus - 1, !lost)) {
        fault(CALL_FAILED);
    }
}

/* ---- accounts ---- */

/* What tasks are charged is as exact as what CPUs are busy, but for the steps of the latter. Not paid by anybody here: kernel threads, what CPUs do
 * to leave and to come back, init, and a fork's child whose parent was killed before it reaped it. Paid is 99 % of busy; it was 55 to 85 while a CPU
 * that left was taken to be busy for the grace periods that it waits for. */
#define BUSY_STEPS_NS 30000000
#define PAID_PERCENT 85
#define PAID_AT_MOST_PERCENT 105 /* nobody is charged what no CPU did */

/* What the CPUs did but idle, as /proc/stat has it: in steps of 10 ms each of three numbers. A CPU counts while it is off line, too. */
static uint64_t busy_ns(void)
{
    unsigned long long user = 0, nice = 0, sys = 0;
    FILE *f = fopen("/proc/stat", "r");
    if (!f || fscanf(f, "cpu %llu %llu %llu", &user, &nice, &sys) != 3) {
        fault(CALL_FAILED);
    }
    if (f) {
        fclose(f);
    }
    return (user + nice + sys) * 10000000;
}

static uint64_t usage_ns(int who)
{
    struct rusage r;
    getrusage(who, &r);
    return (uint64_t)(r.ru_utime.tv_sec + r.ru_stime.tv_sec) * SECOND_NS + (uint64_t)(r.ru_utime.tv_usec + r.ru_stime.tv_usec) * 1000;
}

/* The CPU time of this process and of all below it that were reaped: in the end, of everybody. */
static uint64_t paid_ns(void)
{
    return usage_ns(RUSAGE_SELF) + usage_ns(RUSAGE_CHILDREN);
}

/* ---- the judgement ---- */

/* A broken run is not to be taken for a failure: its own verdict comes at the end. */
static int report(const char *name, uint64_t bad, uint64_t *noticed)
{
    if (broken) {
        *noticed += bad && !strcmp(name, breakages[broken].verdict);
        return 0;
    }
    printf("%sok sched_torture.%s: %llu\n", bad ? "not " : "", name, (unsigned long long)bad);
    return bad != 0;
}

static void print_shakes(const struct totals *t, uint64_t cpu_ns, uint64_t real_ns, uint64_t busy, uint64_t paid)
{
    uint64_t toggles = shared->shakes[TOGGLES];
    printf("stress: sched_torture: seed %llu, %d tasks, %d cpus, %d shakers, shaken %.1f s, at rest after %.1f s, looked at for %.1f s, %llu turns,", (unsigned long long)t->seed, tasks, cpus,
           t->shakers, (double)t->shaken_ns / 1e9, (double)t->rested_ns / 1e9, (double)t->looked_ns / 1e9, (unsigned long long)all_turns());
    for (int k = 0; k < SHAKES; k++) {
        printf(" %s %llu,", shake_kinds[k].name, (unsigned long long)shared->shakes[k]);
    }
    printf(" a toggle %.1f ms, refused %llu, extensions %llu, given back %llu, %.1f of %.1f CPU s, %.2f busy, %.2f of them paid\n",
           toggles ? (double)shared->toggle_ns / 1e6 / (double)toggles : 0., (unsigned long long)shared->refused,
           (unsigned long long)shared->extensions, (unsigned long long)shared->given_back, (double)cpu_ns / 1e9, (double)real_ns / 1e9 * cpus, (double)busy / 1e9,
           (double)paid / 1e9);
}

static int judge(const struct totals *t, uint64_t seconds)
{
    uint64_t real_ns = clock_ns(CLOCK_MONOTONIC) - t->began_ns, cpu_ns = shared->dead_ns, died = 0, left = shared->tokens_left, noticed = 0;
    uint64_t paid = (paid_ns() - t->began_paid_ns) * (broken == OVERPAID ? 2 : 1) / (broken == UNPAID ? 2 : 1), busy = busy_ns() - t->began_busy_ns;
    int bad = 0;
    for (int i = 0; i < tasks; i++) {
        cpu_ns += shared->w[i].cpu_ns;
        died += shared->w[i].generation + 1;
    }
    print_shakes(t, cpu_ns, real_ns, busy, paid);
    for (int f = 0; f < FAULTS; f++) {
        bad |= report(fault_names[f], shared->faults[f], &noticed);
    }
    bad |= report("too_few_shakes", (uint64_t)kinds_missing(seconds), &noticed);
    bad |= report("tasks_stuck", t->stuck, &noticed);
    bad |= report("ended_otherwise", shared->ended_badly, &noticed);
    bad |= report("tokens_doubled_or_lost", left > (uint64_t)tasks || left + died < (uint64_t)tasks, &noticed);
    bad |= report("cpu_time_beyond_the_cpus", cpu_ns > real_ns * (uint64_t)cpus + real_ns / 50, &noticed);
    bad |= report("cpu_time_below_the_busy_time", paid + BUSY_STEPS_NS < busy / 100 * PAID_PERCENT, &noticed);
    bad |= report("cpu_time_above_the_busy_time", paid > busy / 100 * PAID_AT_MOST_PERCENT + BUSY_STEPS_NS, &noticed);
    bad |= report("queues_not_at_rest", t->not_at_rest, &noticed);
    bad |= report("watchdog", shared->hung, &noticed);
    bad |= report("cpus_missing", (uint64_t)(cpus - (int)sysconf(_SC_NPROCESSORS_ONLN)), &noticed);
    if (broken) {
        printf("%sok sched_torture.notices_%s: %s %llu\n", noticed ? "" : "not ", breakages[broken].name, breakages[broken].verdict,
               (unsigned long long)noticed);
        return !noticed;
    }
    return bad;
}

static int run(uint64_t seconds, uint64_t seed)
{
    struct totals t = {.seed = seed, .began_ns = clock_ns(CLOCK_MONOTONIC), .began_busy_ns = busy_ns(), .began_paid_ns = paid_ns()};
    memset(shared, 0, sizeof *shared);
    for (int i = 0; i < tasks; i++) {
        memset((void *)shared->w[i].mask, 0xff, sizeof shared->w[i].mask);
    }
    start_all(&t);
    printf("stress: sched_torture: seed %llu, all began after %.1f s\n", (unsigned long long)seed,
           (double)(clock_ns(CLOCK_MONOTONIC) - t.began_ns) / 1e9);
    shake_for(&t, seconds);
    look_at_all(&t);
    end_all(&t);
    t.not_at_rest = queues_not_at_rest();
    lose_a_cpu(1);
    int bad = judge(&t, seconds);
    lose_a_cpu(0);
    return bad;
}

static uint64_t seed_of(const char *text)
{
    uint64_t seed = text ? strtoull(text, NULL, 0) : 0;
    while (!seed) {
        uint32_t by_chance = 0;
        getrandom(&by_chance, sizeof by_chance, 0);
        seed = by_chance;
    }
    return seed;
}

/* The breakages with that name, or all. A machine cannot miss its only CPU. */
static int run_broken(const char *name, uint64_t seconds, uint64_t seed)
{
    int bad = 0, ran = 0;
    for (int b = NOTHING + 1; b < BREAKAGES; b++) {
        if ((!strcmp(name, "all") || !strcmp(name, breakages[b].name)) && (b != MISSING || cpus > 1)) {
            broken = b;
            bad |= run(seconds, seed);
            ran++;
        }
    }
    if (!ran) {
        printf("not ok sched_torture.usage: there is no way to break %s\n", name);
    }
    return bad || !ran;
}

int main(int argc, char **argv)
{
    uint64_t seconds = argc > 1 ? strtoull(argv[1], NULL, 0) : 10, seed = seed_of(argc > 3 ? argv[3] : NULL);
    struct rlimit files = {3 * MAX_TASKS, 3 * MAX_TASKS};
    tasks = argc > 2 ? atoi(argv[2]) : 200;
    tasks = tasks > MAX_TASKS ? MAX_TASKS : tasks;
    cpus = (int)sysconf(_SC_NPROCESSORS_ONLN);
    cpus = cpus > MAX_CPUS ? MAX_CPUS : cpus;
    setvbuf(stdout, NULL, _IOLBF, 0);
    setpgid(0, 0);
    setrlimit(RLIMIT_NOFILE, &files);
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    become_fifo(97);
    int bad = argc > 4 ? run_broken(argv[4], seconds, seed) : run(seconds, seed);
    printf("stress: end\n");
    return bad;
}
