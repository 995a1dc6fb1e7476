/*
 * isolated_cpus.c: a machine of 4 CPUs booted with isolcpus=2,3 nohz_full=3. Programs do not come to the isolated CPUs by themselves, who is
 * put there stays and is not spread over them, and CPU 3 does not tick while one task computes there. Ends with `isolation ok`.
 */
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define HOGS 12
#define QUIET 3

/* Of each hog: bits of the CPUs that it ran on, and how often it asked. */
static struct seen {
    unsigned cpus;
    volatile unsigned rounds;
} *seen;
static int failed;

static void check(int ok, const char *what, long value)
{
    printf("%s isolation.%s: %ld\n", ok ? "ok" : "not ok", what, value);
    failed |= !ok;
}

static void nap_ms(long ms)
{
    struct timespec t = {ms / 1000, ms % 1000 * 1000000};
    nanosleep(&t, NULL);
}

static int file_is(const char *path, const char *want)
{
    char text[64] = {0};
    int fd = open(path, O_RDONLY);
    read(fd, text, sizeof text - 1);
    close(fd);
    return strcmp(text, want) == 0;
}

static void pin(pid_t pid, unsigned long cpus)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    for (int i = 0; i < 4; i++) {
        if (cpus >> i & 1) {
            CPU_SET(i, &set);
        }
    }
    if (sched_setaffinity(pid, sizeof set, &set)) {
        check(0, "setaffinity", (long)cpus);
    }
}

static pid_t hog(int i)
{
    pid_t pid = fork();
    while (pid == 0) {
        __atomic_fetch_or(&seen[i].cpus, 1u << sched_getcpu(), __ATOMIC_RELAXED);
        seen[i].rounds++;
    }
    return pid;
}

/* Until it has asked where it runs after this call: what it says from then on is of the CPUs where it was put. */
static void await_round(int i)
{
    unsigned began = seen[i].rounds;
    while (seen[i].rounds - began < 2) {
        nap_ms(1);
    }
}

/* All that have run so far: their CPUs together. */
static unsigned run_hogs(int n, unsigned long mask, unsigned *most)
{
    pid_t pids[HOGS];
    unsigned all = 0;
    for (int i = 0; i < n; i++) {
        pids[i] = hog(i);
        if (mask) {
            pin(pids[i], mask);
        }
    }
    nap_ms(200);
    for (int i = 0; i < n; i++) {
        await_round(i);
        __atomic_store_n(&seen[i].cpus, 0, __ATOMIC_RELAXED); /* what was before they were where they belong */
    }
    nap_ms(800);
    *most = 0;
    for (int i = 0; i < n; i++) {
        unsigned cpus = (unsigned)__builtin_popcount(seen[i].cpus);
        all |= seen[i].cpus;
        *most = cpus > *most ? cpus : *most;
        kill(pids[i], SIGKILL);
        waitpid(pids[i], NULL, 0);
    }
    return all;
}

static long local_timer_interrupts(int cpu)
{
    static char text[65536];
    int fd = open("/proc/interrupts", O_RDONLY), n = 0, got;
    while ((got = (int)read(fd, text + n, sizeof text - 1 - (size_t)n)) > 0) {
        n += got;
    }
    close(fd);
    text[n] = 0;
    char *at = strstr(text, "LOC:");
    long count = -1;
    at = at ? at + 4 : text;
    for (int i = 0; i <= cpu; i++) {
        count = strtol(at, &at, 10);
    }
    return count;
}

int main(void)
{
    cpu_set_t set;
    unsigned most, where;
    setvbuf(stdout, NULL, _IOLBF, 0);
    seen = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    check(file_is("/sys/devices/system/cpu/isolated", "2-3\n"), "file_isolated", 0);
    check(file_is("/sys/devices/system/cpu/nohz_full", "3\n"), "file_nohz_full", 0);
    sched_getaffinity(0, sizeof set, &set);
    check(CPU_COUNT(&set) == 2 && CPU_ISSET(0, &set) && CPU_ISSET(1, &set), "init_may_run_on_the_others", CPU_COUNT(&set));
    where = run_hogs(HOGS, 0, &most);
    check(where == 3, "hogs_keep_to_the_others", (long)where);
    where = run_hogs(3, 1 << 2, &most);
    check(where == 1 << 2, "who_is_put_there_runs_there", (long)where);
    where = run_hogs(3, 3 << 2, &most);
    check((where & 3) == 0 && most == 1, "nobody_is_moved_between_them", (long)most);
    pid_t pid = hog(0);
    pin(pid, 1 << QUIET);
    nap_ms(500);
    long before = local_timer_interrupts(QUIET);
    nap_ms(2000);
    long ticks = local_timer_interrupts(QUIET) - before;
    check(before >= 0 && ticks <= 12, "no_tick_in_2_s", ticks);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    printf(failed ? "isolation failed\n" : "isolation ok\n");
    return failed;
}
