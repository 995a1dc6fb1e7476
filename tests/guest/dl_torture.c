/*
 * dl_torture.c: deadline tasks that come and go: they compute, sleep, yield, change their parameters and flags, are changed by others while
 * they sleep, end, while a CPU leaves and comes back. Afterwards each CPU's sums of bandwidth, active and whole, and what was promised are 0
 * again (/sys/kernel/debug/sched/debug). Ends with `dl-torture ok`. Usage: dl_torture SECONDS. CloudOS only.
 */
#include "tests/guest/sched_attr.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define TASKS 24
#define MS 1000000ull

__attribute__((noreturn)) static void bad(const char *what)
{
    printf("dl-torture: %s (errno %d)\n", what, errno);
    exit(1);
}

static uint64_t next_random(uint64_t *s)
{
    *s ^= *s << 13;
    *s ^= *s >> 7;
    return *s ^= *s << 17;
}

static int64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000ll + t.tv_nsec;
}

/* A few per cent of a CPU; refused when too much is promised already. */
static void become_deadline(pid_t pid, uint64_t *s)
{
    uint64_t period = (1 + next_random(s) % 20) * MS, flags = 1 | (next_random(s) & 6);
    struct attr a = {48, 6, flags, 0, 0, period / (8 + next_random(s) % 50), period, period};
    if (syscall(SYS_sched_setattr, pid, &a, 0) && errno != EBUSY && errno != ESRCH) {
        bad("sched_setattr");
    }
}

static void become_fair(pid_t pid)
{
    int none = 0;
    if (syscall(SYS_sched_setscheduler, pid, 0, &none) && errno != ESRCH) {
        bad("sched_setscheduler");
    }
}

static void compute_us(int64_t us)
{
    for (int64_t end = now_ns() + us * 1000; now_ns() < end;) {
    }
}

static void live(uint64_t s)
{
    signal(SIGXCPU, SIG_IGN);
    for (;;) {
        switch (next_random(&s) % 8) {
        case 0: become_deadline(0, &s); break;
        case 1: become_fair(0); break;
        case 2: syscall(SYS_sched_yield); break;
        case 3: compute_us((int64_t)(next_random(&s) % 5000)); break;
        case 4: if (next_random(&s) % 16 == 0) { _exit(0); } break;
        default: usleep((unsigned)(next_random(&s) % 8000));
        }
    }
}

static pid_t start(uint64_t s)
{
    pid_t pid = fork();
    if (pid < 0) {
        bad("fork");
    }
    if (pid == 0) {
        live(s | 1);
    }
    return pid;
}

static void set_online(int cpu, const char *text)
{
    char file[96];
    snprintf(file, sizeof file, "/sys/devices/system/cpu/cpu%d/online", cpu);
    int fd = open(file, O_WRONLY);
    if (fd < 0 || (write(fd, text, 1) != 1 && errno != EBUSY)) {
        bad(file);
    }
    close(fd);
}

/* One of the shaker's turns, each about a millisecond. */
static void shake(pid_t *pids, int last, uint64_t *s)
{
    int i = (int)(next_random(s) % TASKS), status;
    switch (next_random(s) % 4) {
    case 0: become_deadline(pids[i], s); break;
    case 1: become_fair(pids[i]); break;
    case 2: if (next_random(s) % 8 == 0) { kill(pids[i], SIGKILL); } break;
    default: if (last && next_random(s) % 32 == 0) { set_online(last, "0"); set_online(last, "1"); }
    }
    for (pid_t dead; (dead = waitpid(-1, &status, WNOHANG)) > 0;) {
        for (int k = 0; k < TASKS; k++) {
            if (pids[k] == dead) {
                pids[k] = start(next_random(s));
            }
        }
    }
    usleep(1000);
}

/* The sum over all CPUs of the absolute values in lines of that name. */
static long sum_of(const char *name)
{
    static char text[1 << 18];
    int fd = open("/sys/kernel/debug/sched/debug", O_RDONLY);
    size_t got = 0;
    long sum = 0;
    if (fd < 0) {
        bad("no debug file");
    }
    for (ssize_t n; (n = read(fd, text + got, sizeof text - 1 - got)) > 0;) {
        got += (size_t)n;
    }
    close(fd);
    text[got] = 0;
    for (char *at = text; (at = strstr(at, name)); at++) {
        sum += labs(atol(strchr(at, ':') + 1));
    }
    return sum;
}

/* A host that stops the VM makes debts of many periods, at whose end a sleeper's bandwidth is given back. */
static void await_zero(const char *name)
{
    for (int64_t end = now_ns() + 10000000000ll; sum_of(name); usleep(10000)) {
        if (now_ns() > end) {
            printf("dl-torture: %s is %ld\n", name, sum_of(name));
            bad("a sum did not come back");
        }
    }
}

int main(int argc, char **argv)
{
    static const char *const names[] = {".running_bw", ".this_bw", ".dl_bw->total_bw"};
    int last = (int)sysconf(_SC_NPROCESSORS_ONLN) - 1;
    int64_t end = now_ns() + (argc > 1 ? atoi(argv[1]) : 5) * 1000000000ll;
    uint64_t s = 88172645463325252ull;
    pid_t pids[TASKS];
    setvbuf(stdout, NULL, _IOLBF, 0);
    mount("debugfs", "/sys/kernel/debug", "debugfs", 0, NULL);
    for (int i = 0; i < TASKS; i++) {
        pids[i] = start(next_random(&s));
    }
    long most = 0;
    while (now_ns() < end) {
        shake(pids, last, &s);
        if (!most || next_random(&s) % 64 == 0) {
            long promised = sum_of(names[2]);
            most = promised > most ? promised : most;
        }
    }
    for (int i = 0; i < TASKS; i++) {
        kill(pids[i], SIGKILL);
        waitpid(pids[i], NULL, 0);
    }
    for (int i = 0; i < 3; i++) {
        await_zero(names[i]);
    }
    if (!most) {
        bad("nothing was promised");
    }
    puts("dl-torture ok");
    return 0;
}
