/*
 * stress.c: half the time hackbench, half a fork storm from one parent per CPU; ends with `stress: end` when nothing hung,
 * no child failed and the free memory is back within 5 % of what it was. Usage: stress SECONDS
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec;
}

static long free_mb(void)
{
    struct sysinfo si;
    struct timespec nap = {0, 300000000};
    nanosleep(&nap, NULL);
    sysinfo(&si);
    return (long)((unsigned long long)si.freeram * si.mem_unit >> 20);
}

static void judge(const char *name, long failures, const char *why)
{
    printf(failures ? "not ok stress.%s: %ld %s\n" : "ok stress.%s\n", name, failures, why);
}

static int run_hackbench(int groups)
{
    char name[32];
    int status = -1;
    snprintf(name, sizeof name, "hackbench/%d", groups);
    pid_t pid = fork();
    if (pid == 0) {
        int null = dup(2);
        (void)null;
        freopen("/dev/null", "w", stdout);
        execl("/bench/hackbench", "hackbench", name, "30", (char *)NULL);
        _exit(127);
    }
    waitpid(pid, &status, 0);
    return status != 0;
}

static void hackbench_for(long seconds)
{
    long end = now_s() + seconds, failures = 0, rounds = 0;
    for (int groups = 1; now_s() < end; groups = groups % 4 + 1, rounds++) {
        failures += run_hackbench(groups);
    }
    printf("stress: %ld rounds of hackbench\n", rounds);
    judge("hackbench", failures, "rounds failed");
}

/* Children that exit at once, that write memory, that have a child of their own, and that are killed. */
static int storm_round(unsigned i)
{
    int status = 0;
    pid_t pid = fork();
    if (pid < 0) {
        return 1;
    }
    if (pid == 0) {
        if (i % 4 == 1) {
            volatile char *p = mmap(NULL, 1 << 18, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
            for (int k = 0; k < 1 << 18; k += 4096) {
                p[k] = (char)k;
            }
        } else if (i % 4 == 2) {
            pid_t child = fork();
            if (child == 0) {
                _exit(1);
            }
            waitpid(child, &status, 0);
            _exit(WEXITSTATUS(status) == 1 ? 2 : 99);
        } else if (i % 4 == 3) {
            pause();
        }
        _exit((int)(i % 4));
    }
    if (i % 4 == 3) {
        kill(pid, SIGKILL);
    }
    if (waitpid(pid, &status, 0) != pid) {
        return 1;
    }
    return i % 4 == 3 ? !(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) : status != (int)(i % 4) << 8;
}

static void storm_for(long seconds, int parents)
{
    long *done = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    long end = now_s() + seconds, failures = 0, rounds = 0;
    int status;
    for (int p = 0; p < parents; p++) {
        if (fork() == 0) {
            long bad = 0;
            for (unsigned i = 0; now_s() < end; i++) {
                bad += storm_round(i);
                done[p]++;
            }
            _exit(bad ? 1 : 0);
        }
    }
    while (wait(&status) > 0) {
        failures += status != 0;
    }
    for (int p = 0; p < parents; p++) {
        rounds += done[p];
    }
    munmap(done, 8192);
    printf("stress: %ld children of %d parents\n", rounds, parents);
    judge("fork_storm", failures, "parents saw a wrong end of a child");
}

int main(int argc, char **argv)
{
    long seconds = argc > 1 ? atol(argv[1]) : 60;
    setvbuf(stdout, NULL, _IOLBF, 0);
    run_hackbench(4);
    storm_for(2, 8); /* caches fill first */
    long before = free_mb();
    hackbench_for(seconds / 2);
    storm_for(seconds - seconds / 2, 8);
    long after = free_mb();
    printf("stress: free memory %ld MiB before, %ld MiB after\n", before, after);
    judge("memory_is_back", before - after > before / 20 + 8, "free memory is missing");
    printf("stress: end\n");
    return 0;
}
