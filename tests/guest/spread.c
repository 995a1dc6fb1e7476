/*
 * spread.c: a burst on one CPU is spread over all of them in bounded time, from each node; a few tasks stay on the node where they began;
 * on a machine with two threads a core, each of as many tasks as there are cores gets a core. Usage: spread [near]
 * `near`: also what CloudOS promises beyond Linux. Ends with `spread ok`.
 */
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MAX_CPUS 64
#define EACH 4
#define LIMIT_MS 15000

static volatile struct {
    unsigned cpu, node;
} *at;
static pid_t pids[MAX_CPUS * EACH];
static int cpus, failed;

static void check(int ok, const char *what, long value)
{
    printf("%s spread.%s: %ld\n", ok ? "ok" : "not ok", what, value);
    failed |= !ok;
}

static long now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void nap_ms(long ms)
{
    struct timespec t = {ms / 1000, ms % 1000 * 1000000};
    nanosleep(&t, NULL);
}

/* cpu < 0: all. */
static void pin(pid_t pid, int cpu)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    for (int i = 0; i < cpus; i++) {
        if (cpu < 0 || i == cpu) {
            CPU_SET(i, &set);
        }
    }
    sched_setaffinity(pid, sizeof set, &set);
}

static void start_hogs(int n)
{
    for (int i = 0; i < n; i++) {
        pids[i] = fork();
        while (pids[i] == 0) {
            unsigned cpu, node;
            syscall(SYS_getcpu, &cpu, &node, NULL);
            at[i].cpu = cpu;
            at[i].node = node;
        }
    }
}

static void end_hogs(int n)
{
    for (int i = 0; i < n; i++) {
        kill(pids[i], SIGKILL);
        waitpid(pids[i], NULL, 0);
    }
}

/* The most and the fewest hogs of a CPU differ by no more than `by`. */
static int is_even(int n, int by)
{
    int count[MAX_CPUS] = {0}, most = 0, fewest = n;
    for (int i = 0; i < n; i++) {
        count[at[i].cpu]++;
    }
    for (int c = 0; c < cpus; c++) {
        most = count[c] > most ? count[c] : most;
        fewest = count[c] < fewest ? count[c] : fewest;
    }
    return most - fewest <= by;
}

/* All hogs begin on one CPU, then may go anywhere: how long until all CPUs have about the same? Seen five times in a row. */
static void burst(int from)
{
    int n = cpus * EACH, in_a_row = 0;
    long t0, first = -1;
    pin(0, from);
    start_hogs(n);
    nap_ms(100);
    t0 = now_ms();
    for (int i = 0; i < n; i++) {
        pin(pids[i], -1);
    }
    pin(0, -1);
    while (in_a_row < 5 && now_ms() - t0 < LIMIT_MS) {
        nap_ms(20);
        in_a_row = is_even(n, 2) ? in_a_row + 1 : 0;
        if (in_a_row == 1) {
            first = now_ms() - t0;
        }
    }
    check(in_a_row == 5, from ? "burst_on_the_last_cpu_is_spread_ms" : "burst_on_cpu_0_is_spread_ms", first);
    end_hogs(n);
}

static int cpus_of_my_node(unsigned *node)
{
    int n = 0;
    unsigned cpu, other;
    pin(0, 0);
    syscall(SYS_getcpu, &cpu, node, NULL);
    for (int c = 0; c < cpus; c++) {
        pin(0, c);
        syscall(SYS_getcpu, &cpu, &other, NULL);
        n += other == *node;
    }
    return n;
}

/* As many as CPU 0's node has CPUs, this program asleep: each gets one, and none of another node. */
static void few_stay_near(void)
{
    unsigned node;
    int n = cpus_of_my_node(&node), away = 0;
    pin(0, 0);
    start_hogs(n);
    pin(0, cpus - 1); /* no fifth task on CPU 0's node while they spread */
    nap_ms(50);
    for (int i = 0; i < n; i++) {
        pin(pids[i], -1);
    }
    nap_ms(600);
    for (int i = 0; i < n; i++) {
        away += at[i].node != node;
    }
    check(away == 0, "few_stay_on_their_node_away", away);
    check(is_even(n, 1), "few_have_a_cpu_each", n);
    pin(0, -1);
    end_hogs(n);
}

static int core_of(int cpu)
{
    char path[96];
    int core = -1;
    snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%d/topology/core_id", cpu);
    FILE *f = fopen(path, "r");
    if (f) {
        fscanf(f, "%d", &core);
        fclose(f);
    }
    return core;
}

static int has_siblings(void)
{
    char text[64] = "";
    FILE *f = fopen("/sys/devices/system/cpu/cpu0/topology/thread_siblings_list", "r");
    if (f) {
        fgets(text, sizeof text, f);
        fclose(f);
    }
    return strchr(text, ',') || strchr(text, '-');
}

/* Half as many as there are CPUs, from a process that sleeps: no core has two. Looked at until it is so, as tasks may move late. */
static void one_a_core(void)
{
    int n = cpus / 2, shared = n;
    start_hogs(n);
    for (long t0 = now_ms(); shared && now_ms() - t0 < LIMIT_MS;) {
        nap_ms(100);
        shared = 0;
        for (int i = 0; i < n; i++) {
            for (int k = 0; k < i; k++) {
                shared += core_of((int)at[i].cpu) == core_of((int)at[k].cpu);
            }
        }
    }
    check(shared == 0, "one_task_a_core", shared);
    end_hogs(n);
}

int main(int argc, char **argv)
{
    int near = argc > 1 && strcmp(argv[1], "near") == 0;
    setvbuf(stdout, NULL, _IOLBF, 0);
    cpus = (int)sysconf(_SC_NPROCESSORS_ONLN);
    cpus = cpus > MAX_CPUS ? MAX_CPUS : cpus;
    at = mmap(NULL, MAX_CPUS * EACH * sizeof *at, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    burst(0);
    burst(cpus - 1);
    if (has_siblings()) {
        one_a_core();
    }
    if (near) {
        few_stay_near();
    }
    printf(failed ? "spread failed\n" : "spread ok\n");
    return failed;
}
