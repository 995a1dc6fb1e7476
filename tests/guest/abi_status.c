/* abi_status.c: what /proc/PID/status and stat, getrusage and prctl tell of one task, each moved by what it is of: numbers, times of begin,
 * switches, capabilities and securebits. */
#include <sys/prctl.h>
#include <sys/resource.h>

#include "tests/guest/abi.h"

static const char *text_of(const char *path)
{
    static char text[16384];
    int fd = open(path, O_RDONLY);
    CHECK(fd >= 0);
    ssize_t n = read(fd, text, sizeof text - 1);
    CHECK(n > 0);
    text[n] = 0;
    close(fd);
    return text;
}

/* The number behind `name` and a colon in /proc/self/status or that of another. */
static unsigned long of_status(pid_t pid, const char *name, int base)
{
    char path[64], line[32];
    snprintf(path, sizeof path, "/proc/%d/status", pid);
    snprintf(line, sizeof line, "\n%s:\t", name);
    const char *at = strstr(text_of(path), line);
    CHECK(at);
    return strtoul(at + strlen(line), NULL, base);
}

/* Field n of /proc/PID/stat, from 3 on. */
static unsigned long of_stat(pid_t pid, int n)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    const char *at = strrchr(text_of(path), ')');
    for (int i = 2; i < n; i++) {
        CHECK(at);
        at = strchr(at + 1, ' ');
    }
    CHECK(at);
    return strtoul(at, NULL, 10);
}

TEST(read, proc_status_numbers_of_a_child)
{
    pid_t pid = abi_sleeper();
    EQ(of_status(pid, "Pid", 10), pid);
    EQ(of_status(pid, "Tgid", 10), pid);
    EQ(of_status(pid, "PPid", 10), getpid());
}

#define START_TIME 22
#define VSIZE      23
#define RSS        24

TEST(read, proc_stat_start_time_of_children)
{
    pid_t first = abi_sleeper();
    abi_sleep_ms(50);
    pid_t second = abi_sleeper();
    CHECK(of_stat(first, START_TIME) >= of_stat(getpid(), START_TIME));
    CHECK(of_stat(second, START_TIME) >= of_stat(first, START_TIME) + 4); /* hundredths of a second */
}

TEST(read, proc_stat_vsize_and_rss_follow_a_mapping)
{
    size_t bytes = 1 << 20;
    unsigned long vsize = of_stat(getpid(), VSIZE), rss = of_stat(getpid(), RSS);
    char *m = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(m != MAP_FAILED);
    EQ(of_stat(getpid(), VSIZE), vsize + bytes);
    memset(m, 1, bytes);
    CHECK(of_stat(getpid(), RSS) >= rss + bytes / 4096 / 2); /* counted in batches */
    EQ(munmap(m, bytes), 0);
    EQ(of_stat(getpid(), VSIZE), vsize);
}

/* A sleep is a switch by itself; beside another that computes on the same CPU some are not. */
TEST(getrusage, counts_switches)
{
    struct rusage a, b;
    unsigned long one = 1;
    EQ(syscall(SYS_sched_setaffinity, 0, sizeof one, &one), 0);
    EQ(getrusage(RUSAGE_SELF, &a), 0);
    for (int i = 0; i < 20; i++) {
        abi_sleep_ms(1);
    }
    EQ(getrusage(RUSAGE_SELF, &b), 0);
    CHECK(b.ru_nvcsw >= a.ru_nvcsw + 20);
    pid_t pid = fork();
    while (pid == 0) {
    }
    for (long end = abi_now_ms() + 10000; b.ru_nivcsw < a.ru_nivcsw + 5 && abi_now_ms() < end;) {
        EQ(getrusage(RUSAGE_SELF, &b), 0);
    }
    CHECK(b.ru_nivcsw >= a.ru_nivcsw + 5);
    kill(pid, SIGKILL);
}

/* ---- capabilities ---- */

#define CAP_NET_RAW 13
#define RAW         (1ul << CAP_NET_RAW)

struct cap_header {
    uint32_t version;
    int pid;
};

struct cap_data {
    uint32_t effective, permitted, inheritable;
};

TEST(prctl, bounding_set_only_loses)
{
    EQ(prctl(PR_CAPBSET_READ, CAP_NET_RAW), 1);
    CHECK(of_status(getpid(), "CapBnd", 16) & RAW);
    EQ(prctl(PR_CAPBSET_DROP, CAP_NET_RAW), 0);
    EQ(prctl(PR_CAPBSET_READ, CAP_NET_RAW), 0);
    CHECK(!(of_status(getpid(), "CapBnd", 16) & RAW));
    FAILS(prctl(PR_CAPBSET_READ, 64), EINVAL);
}

/* What is inheritable may become ambient; what is neither effective nor permitted any more is gone from both. */
TEST(capset, sets_in_proc_status)
{
    struct cap_header head = {0x20080522, 0};
    struct cap_data data[2];
    EQ(syscall(SYS_capget, &head, data), 0);
    FAILS(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_NET_RAW, 0, 0), EPERM);
    data[0].inheritable |= (unsigned)RAW;
    EQ(syscall(SYS_capset, &head, data), 0);
    CHECK(of_status(getpid(), "CapInh", 16) & RAW);
    EQ(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_NET_RAW, 0, 0), 0);
    EQ(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, CAP_NET_RAW, 0, 0), 1);
    CHECK(of_status(getpid(), "CapAmb", 16) & RAW);
    data[0].effective &= (unsigned)~RAW;
    EQ(syscall(SYS_capset, &head, data), 0);
    CHECK(!(of_status(getpid(), "CapEff", 16) & RAW) && of_status(getpid(), "CapPrm", 16) & RAW);
    data[0].permitted &= (unsigned)~RAW;
    EQ(syscall(SYS_capset, &head, data), 0);
    CHECK(!(of_status(getpid(), "CapPrm", 16) & RAW) && !(of_status(getpid(), "CapAmb", 16) & RAW));
    data[0].permitted |= (unsigned)RAW;
    FAILS(syscall(SYS_capset, &head, data), EPERM);
}

#define NO_ROOT        1
#define NO_ROOT_LOCKED 2

TEST(prctl, securebits_and_their_locks)
{
    EQ(prctl(PR_GET_SECUREBITS), 0);
    EQ(prctl(PR_SET_SECUREBITS, NO_ROOT), 0);
    EQ(prctl(PR_GET_SECUREBITS), NO_ROOT);
    EQ(prctl(PR_SET_SECUREBITS, NO_ROOT | NO_ROOT_LOCKED), 0);
    FAILS(prctl(PR_SET_SECUREBITS, 0), EPERM);
    EQ(prctl(PR_GET_SECUREBITS), NO_ROOT | NO_ROOT_LOCKED);
    EQ(setuid(1000), 0);
    FAILS(prctl(PR_SET_SECUREBITS, NO_ROOT | NO_ROOT_LOCKED), EPERM);
}
