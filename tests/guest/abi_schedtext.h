/* abi_schedtext.h: reading what the scheduler tells of tasks and CPUs, and tasks that compute or sleep where a test wants them. */
#pragma once
#include "tests/guest/abi.h"
#include <sys/mount.h>

#define MS 1000000ll

static inline int64_t clock_ns(clockid_t id)
{
    struct timespec t;
    clock_gettime(id, &t);
    return t.tv_sec * 1000000000ll + t.tv_nsec;
}

static inline void put_on_cpu(pid_t pid, int cpu)
{
    unsigned long mask = 1ul << cpu;
    EQ(syscall(SYS_sched_setaffinity, pid, sizeof mask, &mask), 0);
}

static inline void stay_on_cpu(int cpu)
{
    put_on_cpu(0, cpu);
}

static inline int has_cpus(int n)
{
    return sysconf(_SC_NPROCESSORS_ONLN) >= n;
}

static inline void set_class(pid_t pid, int policy, int priority)
{
    EQ(syscall(SYS_sched_setscheduler, pid, policy, &priority), 0);
}

static inline void spin_ms(int ms)
{
    int64_t until = clock_ns(CLOCK_PROCESS_CPUTIME_ID) + ms * MS;
    while (clock_ns(CLOCK_PROCESS_CPUTIME_ID) < until) {
    }
}

static inline const char *text_of(const char *path)
{
    static char text[256 * 1024];
    int fd = open(path, O_RDONLY);
    CHECK(fd >= 0);
    size_t n = 0;
    for (ssize_t got; (got = read(fd, text + n, sizeof text - 1 - n)) > 0;) {
        n += (size_t)got;
    }
    close(fd);
    text[n] = '\0';
    return text;
}

/* The number behind `name` at a line's beginning (after blanks and '.') and a colon; the test fails when there is none. */
static inline double value_in(const char *text, const char *name)
{
    size_t len = strlen(name);
    for (const char *line = text; line; line = strchr(line, '\n')) {
        line += strspn(line, "\n .");
        if (!strncmp(line, name, len) && strchr(" :", line[len])) {
            return strtod(strchr(line, ':') + 1, NULL);
        }
    }
    abi_failed(__FILE__, __LINE__, "no line %s", name);
}

static inline double of_task(pid_t pid, const char *name)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/sched", pid);
    return value_in(text_of(path), name);
}

static inline const char *debug_text(void)
{
    mount("debugfs", "/sys/kernel/debug", "debugfs", 0, NULL);
    return text_of("/sys/kernel/debug/sched/debug");
}

/* A value of the part of the debug file that begins with the title. */
static inline double of_queue(const char *title, const char *name)
{
    const char *part = strstr(debug_text(), title);
    CHECK(part);
    return value_in(part, name);
}

/* Goes on as soon as cond holds; the test fails when it did not for 10 s. */
#define AWAIT(cond)                                                                \
    for (long until_ = abi_now_ms() + 10000; !(cond); abi_sleep_ms(2)) {           \
        if (abi_now_ms() > until_) {                                               \
            abi_failed(__FILE__, __LINE__, "not within 10 s: %s", #cond);          \
        }                                                                          \
    }

static inline pid_t hog(void)
{
    pid_t pid = fork();
    while (pid == 0) {
    }
    return pid;
}

static inline void end(pid_t pid)
{
    kill(pid, SIGKILL);
    EQ(waitpid(pid, NULL, 0), pid);
}

static inline void set_schedstats(const char *to)
{
    int fd = open("/proc/sys/kernel/sched_schedstats", O_WRONLY);
    CHECK(fd >= 0);
    EQ(write(fd, to, 1), 1);
    close(fd);
}

static inline void nap(int n)
{
    for (int i = 0; i < n; i++) {
        abi_sleep_ms(2);
    }
}

