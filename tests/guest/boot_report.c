/*
 * boot_report.c: what the boot tests run in the guest. Runs one child on every CPU it may use and prints
 * `boot-report cpus=N pinned=N nodes=N memory_mb=N`; then `boot-report ok` when all of it held.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/wait.h>
#include <unistd.h>

#define WORDS 64

static int runs_on(int cpu)
{
    unsigned long mask[WORDS] = {0};
    unsigned here = ~0u;
    mask[cpu / 64] = 1ul << (cpu % 64);
    return syscall(SYS_sched_setaffinity, 0, sizeof mask, mask) == 0 &&
           syscall(SYS_getcpu, &here, NULL, NULL) == 0 && here == (unsigned)cpu;
}

static int count_nodes(void)
{
    int n = 0;
    DIR *d = opendir("/sys/devices/system/node");
    for (struct dirent *e; d && (e = readdir(d));) {
        n += strncmp(e->d_name, "node", 4) == 0 && e->d_name[4] >= '0' && e->d_name[4] <= '9';
    }
    return n;
}

int main(void)
{
    unsigned long mask[WORDS] = {0};
    struct sysinfo si;
    int cpus = 0, started = 0, pinned = 0, status;
    long bytes = syscall(SYS_sched_getaffinity, 0, sizeof mask, mask);
    for (long i = 0; i < bytes * 8; i++) {
        if (mask[i / 64] >> (i % 64) & 1) {
            cpus++;
            pid_t pid = fork();
            if (pid == 0) {
                _exit(runs_on((int)i) ? 0 : 1);
            }
            started += pid > 0;
        }
    }
    while (wait(&status) > 0) {
        pinned += status == 0;
    }
    sysinfo(&si);
    printf("boot-report cpus=%d pinned=%d nodes=%d memory_mb=%llu\n", cpus, pinned, count_nodes(),
           (unsigned long long)si.totalram * si.mem_unit >> 20);
    if (cpus > 0 && started == cpus && pinned == cpus) {
        printf("boot-report ok\n");
    }
    return 0;
}
