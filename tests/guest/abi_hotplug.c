/* abi_hotplug.c: CPUs that leave and come back through /sys/devices/system/cpu/cpuN/online while tasks run, wait, sleep and hold timers on
 * them. The last CPU is the one that goes; a machine of one CPU has nothing to show. */
#include <dirent.h>
#include <pthread.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/time.h>

#include "tests/guest/abi.h"

#define MASK_WORDS 16

static int last_cpu(void)
{
    unsigned long all[MASK_WORDS] = {0};
    int last = 0;
    syscall(SYS_sched_getaffinity, 0, sizeof all, all);
    for (int i = 0; i < MASK_WORDS * 64; i++) {
        if (all[i / 64] >> (i % 64) & 1) {
            last = i;
        }
    }
    return last;
}

/* Writes the CPU's file; 0 or the errno. */
static int set_online(int cpu, const char *text)
{
    char path[96];
    snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%d/online", cpu);
    int fd = open(path, O_WRONLY);
    if (fd < 0) {
        return errno;
    }
    int err = write(fd, text, strlen(text)) == (ssize_t)strlen(text) ? 0 : errno;
    close(fd);
    return err;
}

static void file_text(const char *path, char *text, size_t size)
{
    int fd = open(path, O_RDONLY);
    ssize_t n = fd < 0 ? 0 : read(fd, text, size - 1);
    text[n > 0 ? n : 0] = 0;
    close(fd);
}

static int pin(pid_t pid, int cpu)
{
    unsigned long mask[MASK_WORDS] = {0};
    mask[cpu / 64] = 1ul << (cpu % 64);
    return syscall(SYS_sched_setaffinity, pid, sizeof mask, mask) ? errno : 0;
}

static int may_run_on(pid_t pid, int cpu)
{
    unsigned long mask[MASK_WORDS] = {0};
    CHECK(syscall(SYS_sched_getaffinity, pid, sizeof mask, mask) > 0);
    return mask[cpu / 64] >> (cpu % 64) & 1;
}

/* /proc/stat has a line for that CPU. */
static int has_stat_line(int cpu)
{
    static char text[65536];
    char line[32];
    snprintf(line, sizeof line, "\ncpu%d ", cpu);
    file_text("/proc/stat", text, sizeof text);
    return strstr(text, line) != NULL;
}

TEST(cpu_online, masks_and_files_follow)
{
    char before[256], text[256], want[16];
    int cpu = last_cpu();
    if (!cpu) {
        return;
    }
    file_text("/sys/devices/system/cpu/online", before, sizeof before);
    EQ(may_run_on(0, cpu), 1);
    EQ(set_online(cpu, "0"), 0);
    snprintf(want, sizeof want, "%d\n", cpu);
    file_text("/sys/devices/system/cpu/offline", text, sizeof text);
    CHECK(strncmp(text, want, strlen(want) - 1) == 0);
    file_text("/sys/devices/system/cpu/online", text, sizeof text);
    CHECK(strcmp(text, before) != 0);
    EQ(may_run_on(0, cpu), 0);
    EQ(has_stat_line(cpu), 0);
    EQ(pin(0, cpu), EINVAL);
    EQ(sysconf(_SC_NPROCESSORS_CONF) > 0, 1);
    EQ(set_online(cpu, "1"), 0);
    file_text("/sys/devices/system/cpu/online", text, sizeof text);
    CHECK(strcmp(text, before) == 0);
    EQ(may_run_on(0, cpu), 1);
    EQ(has_stat_line(cpu), 1);
    EQ(pin(0, cpu), 0);
    unsigned on = 999;
    EQ(syscall(SYS_getcpu, &on, NULL, NULL), 0);
    EQ(on, cpu);
}

TEST(cpu_online, bad_input)
{
    int cpu = last_cpu();
    if (!cpu) {
        return;
    }
    EQ(set_online(cpu, "2"), EINVAL);
    EQ(set_online(cpu, "x"), EINVAL);
    EQ(set_online(cpu, "1"), 0); /* it is already */
    EQ(set_online(cpu, "0"), 0);
    EQ(set_online(cpu, "0"), 0);
    EQ(set_online(cpu, "1"), 0);
    setuid(65534);
    EQ(set_online(cpu, "0"), EACCES);
}

/* A task whose only CPU goes runs elsewhere, and may from then on run anywhere. */
TEST(cpu_online, a_pinned_task_moves_on)
{
    volatile unsigned long *turns = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    int cpu = last_cpu();
    if (!cpu) {
        return;
    }
    pid_t pid = fork();
    while (pid == 0) {
        (*turns)++;
    }
    EQ(pin(pid, cpu), 0);
    EQ(set_online(cpu, "0"), 0);
    unsigned long seen = *turns;
    for (int i = 0; i < 500 && *turns == seen; i++) {
        abi_sleep_ms(10);
    }
    CHECK(*turns != seen);
    EQ(may_run_on(pid, 0), 1);
    EQ(set_online(cpu, "1"), 0);
    EQ(may_run_on(pid, cpu), 1);
    kill(pid, SIGKILL);
}

/* A task that may run on more keeps its mask: when the CPU is back it may be used again. */
TEST(cpu_online, a_mask_of_two_stays)
{
    unsigned long mask[MASK_WORDS] = {1};
    int cpu = last_cpu();
    if (!cpu) {
        return;
    }
    mask[cpu / 64] |= 1ul << (cpu % 64);
    EQ(syscall(SYS_sched_setaffinity, 0, sizeof mask, mask), 0);
    EQ(set_online(cpu, "0"), 0);
    EQ(may_run_on(0, cpu), 0);
    EQ(may_run_on(0, 0), 1);
    EQ(set_online(cpu, "1"), 0);
    EQ(may_run_on(0, cpu), 1);
}

/* What is stored is what is on line then. */
TEST(cpu_online, a_mask_stored_meanwhile_lacks_the_CPU)
{
    unsigned long mask[MASK_WORDS] = {1};
    int cpu = last_cpu();
    if (!cpu) {
        return;
    }
    mask[cpu / 64] |= 1ul << (cpu % 64);
    EQ(set_online(cpu, "0"), 0);
    EQ(syscall(SYS_sched_setaffinity, 0, sizeof mask, mask), 0);
    EQ(may_run_on(0, cpu), 0);
    EQ(set_online(cpu, "1"), 0);
    EQ(may_run_on(0, cpu), 0);
    EQ(may_run_on(0, 0), 1);
}

static void *wait_for_byte(void *fd)
{
    char byte;
    return (void *)(long)read((int)(long)fd, &byte, 1);
}

static volatile unsigned long *alarms; /* in the page that all share */

static void count_alarm(int sig)
{
    alarms[0] += sig == SIGALRM;
}

/* A child of that CPU whose interval timer goes off every 20 ms. */
static pid_t start_alarms(int cpu)
{
    struct itimerval every = {{0, 20000}, {0, 20000}};
    alarms = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK(alarms != MAP_FAILED);
    pid_t pid = fork();
    if (pid == 0) {
        EQ(pin(0, cpu), 0);
        signal(SIGALRM, count_alarm);
        EQ(setitimer(ITIMER_REAL, &every, NULL), 0);
        for (;;) {
            pause();
        }
    }
    return pid;
}

static void await_alarms(unsigned long more)
{
    unsigned long seen = *alarms;
    for (int i = 0; i < 500 && *alarms < seen + more; i++) {
        abi_sleep_ms(10);
    }
    CHECK(*alarms >= seen + more);
}

/* Sleepers and timers of that CPU: a read that is woken later, a nap that ends while the CPU is away, one that ends when it is back, and
 * an interval timer that goes off before, meanwhile and after. */
TEST(cpu_online, sleepers_and_timers_wake)
{
    int cpu = last_cpu(), fd[2];
    pthread_t reader;
    if (!cpu) {
        return;
    }
    EQ(pipe(fd), 0);
    pid_t naps[4];
    for (int i = 0; i < 4; i++) {
        naps[i] = fork();
        if (naps[i] == 0) {
            EQ(pin(0, cpu), 0);
            abi_sleep_ms(200 + 200 * i);
            _exit(i);
        }
    }
    pid_t ticker = start_alarms(cpu);
    await_alarms(2);
    EQ(pin(0, cpu), 0);
    EQ(pthread_create(&reader, NULL, wait_for_byte, (void *)(long)fd[0]), 0);
    abi_sleep_ms(50);
    EQ(set_online(cpu, "0"), 0);
    abi_reap(naps[0], 0);
    abi_reap(naps[1], 1);
    EQ(write(fd[1], "x", 1), 1);
    void *got = NULL;
    EQ(pthread_join(reader, &got), 0);
    EQ(got, 1);
    await_alarms(5);
    EQ(set_online(cpu, "1"), 0);
    await_alarms(5);
    abi_reap(naps[2], 2);
    abi_reap(naps[3], 3);
    EQ(kill(ticker, SIGKILL), 0);
}

/* A sleep with slack keeps its range over the move: it ends not before it may, nor much later than it must. */
TEST(cpu_online, sleepers_with_slack_wake)
{
    int cpu = last_cpu();
    if (!cpu) {
        return;
    }
    pid_t pid = fork();
    if (pid == 0) {
        EQ(pin(0, cpu), 0);
        EQ(prctl(PR_SET_TIMERSLACK, 300000000ul), 0);
        long from = abi_now_ms();
        abi_sleep_ms(400);
        long took = abi_now_ms() - from;
        CHECK(took >= 400 && took < 5000);
        _exit(0);
    }
    abi_sleep_ms(50);
    abi_await_state(pid, "S");
    EQ(set_online(cpu, "0"), 0);
    abi_reap(pid, 0);
    EQ(set_online(cpu, "1"), 0);
}

/* What is asked of a sleeper of a CPU that is away (affinity, policy, nice) is done. */
TEST(cpu_online, requests_to_its_sleepers)
{
    struct sched_param {
        int priority;
    } p = {10};
    int cpu = last_cpu();
    if (!cpu) {
        return;
    }
    pid_t pid = abi_sleeper();
    EQ(pin(pid, cpu), 0);
    abi_await_state(pid, "S");
    EQ(set_online(cpu, "0"), 0);
    EQ(pin(pid, 0), 0);
    EQ(syscall(SYS_sched_setscheduler, pid, 1, &p), 0);
    EQ(syscall(SYS_sched_getscheduler, pid), 1);
    EQ(may_run_on(pid, 0), 1);
    EQ(set_online(cpu, "1"), 0);
    EQ(pin(pid, cpu), 0);
    EQ(kill(pid, SIGKILL), 0);
}

/* Real-time and batch tasks that compete there go on elsewhere, and back. */
TEST(cpu_online, every_class_goes_on)
{
    volatile unsigned long *turns = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    static const int policies[] = {0, 3, 5, 2, 1};
    int cpu = last_cpu();
    pid_t pids[5];
    if (!cpu) {
        return;
    }
    for (int i = 0; i < 5; i++) {
        pids[i] = fork();
        if (pids[i] == 0) {
            struct {
                int priority;
            } p = {policies[i] == 1 || policies[i] == 2 ? 5 : 0};
            syscall(SYS_sched_setscheduler, 0, policies[i], &p);
            for (;;) {
                turns[i * 8]++;
                abi_sleep_ms(1);
            }
        }
    }
    for (int round = 0; round < 4; round++) {
        for (int i = 0; i < 5; i++) {
            EQ(pin(pids[i], cpu), 0);
        }
        EQ(set_online(cpu, "0"), 0);
        for (int i = 0; i < 5; i++) {
            unsigned long seen = turns[i * 8];
            for (int k = 0; k < 500 && turns[i * 8] == seen; k++) {
                abi_sleep_ms(10);
            }
            CHECK(turns[i * 8] != seen);
        }
        EQ(set_online(cpu, "1"), 0);
    }
}

static int set_deadline(unsigned long runtime_ms, unsigned long period_ms)
{
    struct {
        unsigned size, policy;
        unsigned long flags;
        int nice;
        unsigned priority;
        unsigned long runtime, deadline, period;
    } a = {48, 6, 0, 0, 0, runtime_ms * 1000000, period_ms * 1000000, period_ms * 1000000};
    return syscall(314, 0, &a, 0) ? errno : 0;
}

/* What was promised to deadline tasks needs the CPU: it stays. */
TEST(cpu_online, EBUSY_for_deadlines)
{
    int cpu = last_cpu();
    if (!cpu) {
        return;
    }
    pid_t pids[64];
    int ready[2], n = 0;
    char ok;
    EQ(pipe(ready), 0);
    do {
        pids[n] = fork();
        if (pids[n] == 0) {
            ok = set_deadline(90, 100) == 0;
            EQ(write(ready[1], &ok, 1), 1);
            while (ok) {
                abi_sleep_ms(100);
            }
            _exit(0);
        }
        n++;
        EQ(read(ready[0], &ok, 1), 1);
    } while (ok && n < 64);
    EQ(set_online(cpu, "0"), EBUSY);
    EQ(may_run_on(0, cpu), 1);
    for (int i = 0; i < n; i++) {
        kill(pids[i], SIGKILL);
        waitpid(pids[i], NULL, 0);
    }
    EQ(set_online(cpu, "0"), 0);
    EQ(set_online(cpu, "1"), 0);
}

/* How many kernel threads of that CPU, by their names' ends (ksoftirqd/1), are in the state. */
static int threads_of_cpu(int cpu, int state)
{
    char end[16], file[300], name[64];
    DIR *dir = opendir("/proc");
    struct dirent *d;
    int n = 0;
    snprintf(end, sizeof end, "/%d\n", cpu);
    while (dir && (d = readdir(dir))) {
        snprintf(file, sizeof file, "/proc/%s/comm", d->d_name);
        file_text(atoi(d->d_name) > 0 ? file : "", name, sizeof name);
        if (strlen(name) > strlen(end) && !strcmp(name + strlen(name) - strlen(end), end)) {
            n += abi_state(atoi(d->d_name)) == state;
        }
    }
    closedir(dir);
    return n;
}

/* One that was just woken, or is at work, sleeps soon. */
static int soon_sleeping(int cpu)
{
    for (int k = 0; k < 500 && !threads_of_cpu(cpu, 'S'); k++) {
        abi_sleep_ms(10);
    }
    return threads_of_cpu(cpu, 'S');
}

/* The threads that serve one CPU sleep as parked while it is away, and only then. */
TEST(cpu_online, threads_of_the_CPU_are_parked)
{
    int cpu = last_cpu();
    if (!cpu) {
        return;
    }
    EQ(threads_of_cpu(cpu, 'P'), 0);
    CHECK(soon_sleeping(cpu) > 0);
    for (int i = 0; i < 5; i++) {
        EQ(set_online(cpu, "0"), 0);
        CHECK(threads_of_cpu(cpu, 'P') > 0);
        EQ(set_online(cpu, "1"), 0);
        for (int k = 0; k < 500 && threads_of_cpu(cpu, 'P'); k++) {
            abi_sleep_ms(10);
        }
        EQ(threads_of_cpu(cpu, 'P'), 0);
    }
    CHECK(soon_sleeping(cpu) > 0);
}
