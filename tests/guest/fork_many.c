/*
 * fork_many.c: N forks in one boot, spread over one parent per CPU; the free memory must be where it was, and pids must have
 * been used again. Usage: fork_many N. Prints `fork-many ok` when all of it held.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long free_kb(void)
{
    struct sysinfo si;
    struct timespec nap = {1, 0};
    nanosleep(&nap, NULL);
    sysinfo(&si);
    return (long)((unsigned long long)si.freeram * si.mem_unit >> 10);
}

static int count_cpus(void)
{
    unsigned long mask[64] = {0};
    int n = 0;
    long bytes = syscall(SYS_sched_getaffinity, 0, sizeof mask, mask);
    for (long i = 0; i < bytes / 8; i++) {
        n += __builtin_popcountl(mask[i]);
    }
    return n > 0 ? n : 1;
}

static int parent(long n)
{
    for (long i = 0; i < n; i++) {
        int status;
        pid_t pid = fork();
        if (pid == 0) {
            _exit((int)(i & 63));
        }
        if (pid < 0 || waitpid(pid, &status, 0) != pid || status != (int)(i & 63) << 8) {
            return 1;
        }
    }
    return 0;
}

static int forks(long n, int parents)
{
    int bad = 0, status;
    for (int p = 0; p < parents; p++) {
        if (fork() == 0) {
            _exit(parent(n / parents));
        }
    }
    while (wait(&status) > 0) {
        bad += status != 0;
    }
    return bad;
}

int main(int argc, char **argv)
{
    long n = argc > 1 ? atol(argv[1]) : 1000000;
    int parents = count_cpus(), bad = forks(n / 5 < 20000 ? n / 5 : 20000, parents); /* caches fill first */
    long before = free_kb();
    bad += forks(n, parents);
    long after = free_kb();
    printf("fork-many %ld forks, %d parents, %d failed, free memory %ld KiB before, %ld KiB after\n", n, parents, bad,
           before, after);
    if (bad == 0 && before - after < 2048) {
        printf("fork-many ok\n");
    }
    return 0;
}
