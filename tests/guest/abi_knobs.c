/* abi_knobs.c: each setting of the scheduler has an effect, shown here: the knob is moved, and what it is for moves with it. What a kernel does
 * not offer (no file, no such word) is not asked of it. All on one CPU. */
#include "tests/guest/abi.h"
#include <sched.h>
#include <stdbool.h>
#include <sys/mount.h>
#include <sys/resource.h>

#define MS 1000000ll
#define DEBUG "/sys/kernel/debug/sched/"
#define SYSCTL "/proc/sys/kernel/"

static int64_t clock_ns(clockid_t id)
{
    struct timespec t;
    clock_gettime(id, &t);
    return t.tv_sec * 1000000000ll + t.tv_nsec;
}

static void begin(void)
{
    unsigned long mask = 1;
    EQ(syscall(SYS_sched_setaffinity, 0, sizeof mask, &mask), 0);
    if (mount("debugfs", "/sys/kernel/debug", "debugfs", 0, NULL)) {
        FAILS(mount("debugfs", "/sys/kernel/debug", "debugfs", 0, NULL), EBUSY); /* mounted by an earlier test */
    }
    CHECK(access(DEBUG "features", F_OK) == 0);
}

static ssize_t set(const char *file, const char *text)
{
    int fd = open(file, O_WRONLY);
    ssize_t n = fd < 0 ? -1 : write(fd, text, strlen(text));
    int e = errno;
    close(fd);
    errno = e;
    return n < 0 ? -1 : 0;
}

/* What the file says, "" when there is none. */
static const char *get(const char *file)
{
    static char text[4096];
    int fd = open(file, O_RDONLY);
    ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof text - 1);
    close(fd);
    text[n < 0 ? 0 : n] = '\0';
    return text;
}

static void *shared_page(void)
{
    void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK(p != MAP_FAILED);
    return p;
}

static pid_t hog(volatile int64_t *used)
{
    pid_t pid = fork();
    while (pid == 0) {
        *used = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
    }
    return pid;
}

static void end(pid_t pid)
{
    kill(pid, SIGKILL);
    EQ(waitpid(pid, NULL, 0), pid);
}

/* ---- how late a sleeper is beside somebody ---- */

static int by_value(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

#define SLEEPS 61
#define ATTEMPTS 8 /* on a busy host */

/* Two in five are below it: a host that stops the virtual CPU now and then does not show. */
static int64_t usual_lateness(void)
{
    static int64_t late[SLEEPS];
    for (int i = 0; i < SLEEPS; i++) {
        int64_t due = clock_ns(CLOCK_MONOTONIC) + 2 * MS + i * 37 % 40 * MS / 10; /* in no step with the tick */
        struct timespec t = {due / 1000000000, due % 1000000000};
        EQ(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL), 0);
        late[i] = clock_ns(CLOCK_MONOTONIC) - due;
    }
    qsort(late, SLEEPS, sizeof late[0], by_value);
    return late[SLEEPS * 2 / 5];
}



/* `much` is at least twice `little`, or the test fails with both in its last attempt. */
static bool differ(const char *what, int64_t little, int64_t much, int attempt)
{
    if (much >= 2 * little) {
        return true;
    }
    if (attempt == ATTEMPTS - 1) {
        abi_failed(__FILE__, __LINE__, "%s: %ld us, and %ld us, which should be more", what, (long)(little / 1000), (long)(much / 1000));
    }
    return false;
}

TEST(write, knob_feature_wakeup_preemption)
{
    begin();
    if (!strstr(get(DEBUG "features"), "WAKEUP_PREEMPTION")) {
        return;
    }
    bool has_slice = access(DEBUG "base_slice_ns", F_OK) == 0;
    char before[32];
    snprintf(before, sizeof before, "%s", has_slice ? get(DEBUG "base_slice_ns") : "");
    CHECK(!has_slice || set(DEBUG "base_slice_ns", "20000000") == 0);
    pid_t pid = hog(shared_page());
    abi_sleep_ms(20);
    int64_t with, without;
    int attempt = 0;
    do {
        with = usual_lateness();
        EQ(set(DEBUG "features", "NO_WAKEUP_PREEMPTION"), 0);
        CHECK(strstr(get(DEBUG "features"), "NO_WAKEUP_PREEMPTION"));
        without = usual_lateness();
        EQ(set(DEBUG "features", "WAKEUP_PREEMPTION"), 0);
        CHECK(!strstr(get(DEBUG "features"), "NO_WAKEUP_PREEMPTION"));
    } while (!differ("lateness with and without wake-up preemption", with, without, attempt++));
    end(pid);
    CHECK(!has_slice || set(DEBUG "base_slice_ns", before) == 0);
}

TEST(write, EINVAL_of_knobs)
{
    begin();
    FAILS(set(DEBUG "features", "NO_SUCH_FEATURE"), EINVAL);
    if (access(DEBUG "base_slice_ns", F_OK) == 0) {
        FAILS(set(DEBUG "base_slice_ns", "99999"), EINVAL);
        FAILS(set(DEBUG "base_slice_ns", "1000000001"), EINVAL);
        FAILS(set(DEBUG "base_slice_ns", "many"), EINVAL);
    }
    if (access(DEBUG "preempt", F_OK) == 0) {
        FAILS(set(DEBUG "preempt", "sometimes"), EINVAL);
    }
    FAILS(set(SYSCTL "sched_deadline_period_min_us", "5000000"), EINVAL); /* above the longest */
}

/* A word or a number stands alone; of a sysctl the first number counts, whatever follows its white space. */
TEST(write, EINVAL_of_what_follows_in_a_knob)
{
    begin();
    CHECK(!strstr(get(DEBUG "features"), "NO_WAKEUP_PREEMPTION"));
    FAILS(set(DEBUG "features", "NO_WAKEUP_PREEMPTION WAKEUP_PREEMPTION"), EINVAL);
    FAILS(set(DEBUG "features", "NO_WAKEUP_PREEMPTION\nx"), EINVAL);
    CHECK(!strstr(get(DEBUG "features"), "NO_WAKEUP_PREEMPTION"));
    EQ(set(DEBUG "features", " \n\tNO_WAKEUP_PREEMPTION \n"), 0);
    CHECK(strstr(get(DEBUG "features"), "NO_WAKEUP_PREEMPTION"));
    EQ(set(DEBUG "features", "WAKEUP_PREEMPTION"), 0);
    if (access(DEBUG "preempt", F_OK) == 0) {
        FAILS(set(DEBUG "preempt", "full voluntary"), EINVAL);
    }
    char before[32];
    snprintf(before, sizeof before, "%s", get(DEBUG "migration_cost_ns"));
    static const char *const refused[] = {"7000 7", " 7000", "7000 ", "7000\n\n", "7000x"};
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        FAILS(set(DEBUG "migration_cost_ns", refused[i]), EINVAL);
    }
    CHECK(!strcmp(get(DEBUG "migration_cost_ns"), before));
    FAILS(set(SYSCTL "sched_rr_timeslice_ms", "70x"), EINVAL);
    EQ(set(SYSCTL "sched_rr_timeslice_ms", "\n 70\tx"), 0);
    CHECK(!strcmp(get(SYSCTL "sched_rr_timeslice_ms"), "70\n"));
    EQ(set(SYSCTL "sched_rr_timeslice_ms", "100"), 0);
}

/* Half the processor is for real time at most: what is left goes to who computes beside it. */
static int64_t left_beside_real_time(const char *period_us, const char *runtime_us)
{
    volatile int64_t *used = shared_page();
    int priority = 10, top = 20;
    EQ(set(SYSCTL "sched_rt_runtime_us", "100000"), 0); /* below either period */
    EQ(set(SYSCTL "sched_rt_period_us", period_us), 0);
    EQ(set(SYSCTL "sched_rt_runtime_us", runtime_us), 0);
    EQ(syscall(SYS_sched_setscheduler, 0, SCHED_FIFO, &top), 0); /* itself above both */
    pid_t fifo = hog(used + 1), fair = fork();
    if (fair == 0) {
        int none = 0;
        syscall(SYS_sched_setscheduler, 0, SCHED_OTHER, &none);
        for (;;) {
            used[0] = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
        }
    }
    EQ(syscall(SYS_sched_setscheduler, fifo, SCHED_FIFO, &priority), 0);
    abi_sleep_ms(1100); /* a period that began before the change ends as it began */
    int64_t rest = used[0], urgent = used[1];
    abi_sleep_ms(2100);
    rest = used[0] - rest;
    urgent = used[1] - urgent;
    end(fifo);
    end(fair);
    EQ(set(SYSCTL "sched_rt_period_us", "1000000"), 0);
    EQ(set(SYSCTL "sched_rt_runtime_us", "950000"), 0);
    return rest * 1000 / (rest + urgent);
}

TEST(write, knob_sched_rt_runtime)
{
    begin();
    int64_t half, little;
    int attempt = 0;
    do {
        half = left_beside_real_time("1000000", "400000");
        little = left_beside_real_time("1000000", "950000");
    } while (!differ("permille of the CPU beside real time", little * 1000, half * 1000, attempt++));
}

/* The same runtime in a longer period leaves more. */
TEST(write, knob_sched_rt_period)
{
    begin();
    int64_t half, little;
    int attempt = 0;
    do {
        half = left_beside_real_time("1000000", "400000");
        little = left_beside_real_time("420000", "400000");
    } while (!differ("permille of the CPU beside real time", little * 1000, half * 1000, attempt++));
}

/* ---- how long a computing task runs at a time ---- */

static long switches_in_half_a_second(void)
{
    pid_t pid = hog(shared_page());
    struct rusage before, after;
    getrusage(RUSAGE_SELF, &before);
    int64_t until = clock_ns(CLOCK_PROCESS_CPUTIME_ID) + 500 * MS;
    while (clock_ns(CLOCK_PROCESS_CPUTIME_ID) < until) {
    }
    getrusage(RUSAGE_SELF, &after);
    end(pid);
    return after.ru_nivcsw - before.ru_nivcsw;
}

/* The knob takes both values; with the second a task that computes beside another is switched less than a quarter as often. */
static void switches_fall(const char *knob, const char *at_first, const char *then)
{
    long many = 0, few = 0;
    for (int i = 0; i < ATTEMPTS && many <= 4 * few; i++) {
        EQ(set(knob, at_first), 0);
        CHECK(!strcmp(get(knob), at_first));
        many = switches_in_half_a_second();
        EQ(set(knob, then), 0);
        CHECK(!strcmp(get(knob), then));
        few = switches_in_half_a_second();
    }
    if (many <= 4 * few) {
        abi_failed(__FILE__, __LINE__, "%s: %ld switches, then %ld", knob, many, few);
    }
}

TEST(write, knob_base_slice)
{
    begin();
    if (access(DEBUG "base_slice_ns", F_OK)) {
        return;
    }
    char before[32];
    snprintf(before, sizeof before, "%s", get(DEBUG "base_slice_ns"));
    switches_fall(DEBUG "base_slice_ns", "4000000\n", "100000000\n");
    EQ(set(DEBUG "base_slice_ns", before), 0);
}

TEST(write, knob_rr_timeslice)
{
    int priority = 10;
    begin();
    EQ(syscall(SYS_sched_setscheduler, 0, SCHED_RR, &priority), 0); /* and whom it computes beside */
    switches_fall(SYSCTL "sched_rr_timeslice_ms", "10\n", "200\n");
    EQ(set(SYSCTL "sched_rr_timeslice_ms", "0"), 0);
}

/* ---- what a task is owed is kept over its sleep ---- */

/* The share, in permille, of a task that computes for 5 ms and then naps, beside one that computes. What it is ahead by it cannot shed. */
static int64_t share_of_a_napper(void)
{
    volatile int64_t *used = shared_page();
    pid_t pid = hog(used);
    abi_sleep_ms(50);
    int64_t other = *used, end_ns = clock_ns(CLOCK_MONOTONIC) + 2000 * MS, mine = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
    while (clock_ns(CLOCK_MONOTONIC) < end_ns) {
        int64_t until = clock_ns(CLOCK_PROCESS_CPUTIME_ID) + 5 * MS;
        while (clock_ns(CLOCK_PROCESS_CPUTIME_ID) < until) {
        }
        usleep(100);
    }
    mine = clock_ns(CLOCK_PROCESS_CPUTIME_ID) - mine;
    other = *used - other;
    end(pid);
    return mine * 1000 / (mine + other);
}

TEST(write, knob_feature_place_lag)
{
    begin();
    if (!strstr(get(DEBUG "features"), "PLACE_LAG")) {
        return;
    }
    char before[32];
    snprintf(before, sizeof before, "%s", get(DEBUG "base_slice_ns"));
    EQ(set(DEBUG "base_slice_ns", "20000000"), 0);
    int64_t with = 0, without = 0;
    for (int i = 0; i < ATTEMPTS && without - with < 70; i++) {
        with = share_of_a_napper();
        EQ(set(DEBUG "features", "NO_PLACE_LAG"), 0);
        without = share_of_a_napper();
        EQ(set(DEBUG "features", "PLACE_LAG"), 0);
    }
    EQ(set(DEBUG "base_slice_ns", before), 0);
    if (without - with < 70) {
        abi_failed(__FILE__, __LINE__, "permille of the CPU: %ld with PLACE_LAG, %ld without", (long)with, (long)without);
    }
}

/* ---- the preemption model ---- */

/* In the kernel nearly all the time: each call writes many pages. */
static pid_t kernel_hog(void)
{
    size_t bytes = 32 << 20;
    char *from = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(from != MAP_FAILED);
    abi_scratch();
    int fd = open("big", O_RDWR | O_CREAT, 0600);
    CHECK(fd >= 0);
    memset(from, 1, bytes);
    EQ(write(fd, from, bytes), bytes);
    pid_t pid = fork();
    while (pid == 0) {
        if (pwrite(fd, from, bytes, 0) != (ssize_t)bytes) {
            _exit(1);
        }
    }
    close(fd);
    munmap(from, bytes);
    return pid;
}

static void word_in_parentheses(char *to, size_t size, const char *text)
{
    const char *a = strchr(text, '('), *b = a ? strchr(a, ')') : NULL;
    CHECK(a && b && (size_t)(b - a) <= size);
    memcpy(to, a + 1, (size_t)(b - a - 1));
    to[b - a - 1] = '\0';
}

static void take_model(const char *model)
{
    char shown[32];
    EQ(set(DEBUG "preempt", model), 0);
    word_in_parentheses(shown, sizeof shown, get(DEBUG "preempt"));
    CHECK(!strcmp(shown, model));
}

static int64_t lateness_under(const char *model)
{
    take_model(model);
    return usual_lateness();
}

/* Every kernel takes full and voluntary; a wake-up is late beside a long system call where nothing offers the CPU meanwhile. Linux 6.1
 * offers it inside of the write in each model: nothing to compare there. */
TEST(write, knob_preempt)
{
    char before[32];
    begin();
    if (access(DEBUG "preempt", F_OK)) {
        return;
    }
    word_in_parentheses(before, sizeof before, get(DEBUG "preempt"));
    if (!strstr(get(DEBUG "preempt"), "lazy")) {
        take_model("full");
        take_model("voluntary");
        EQ(set(DEBUG "preempt", before), 0);
        return;
    }
    pid_t pid = kernel_hog();
    abi_sleep_ms(100);
    int attempt = 0;
    int64_t full, voluntary;
    do {
        full = lateness_under("full");
        voluntary = lateness_under("voluntary");
    } while (!differ("lateness beside a long system call, full and lazy", full, lateness_under("lazy"), attempt++) ||
             !differ("lateness beside a long system call, full and voluntary", full, voluntary, attempt - 1));
    EQ(set(DEBUG "preempt", before), 0);
    end(pid);
}

/* ---- admission of deadlines ---- */

struct attr {
    uint32_t size, policy;
    uint64_t flags;
    int32_t nice;
    uint32_t priority;
    uint64_t runtime, deadline, period;
};

static long ask_deadline(uint64_t period)
{
    struct attr a = {.size = sizeof a, .policy = 6, .runtime = period / 50, .deadline = period, .period = period};
    return syscall(SYS_sched_setattr, 0, &a, 0);
}

TEST(write, knob_sched_deadline_period)
{
    unsigned long all[128];
    long bytes = syscall(SYS_sched_getaffinity, 0, sizeof all, all);
    CHECK(bytes > 0); /* a deadline task may use every CPU: no begin() */
    FAILS(ask_deadline(90000), EINVAL);
    EQ(set(SYSCTL "sched_deadline_period_min_us", "90"), 0);
    EQ(ask_deadline(90000), 0);
    EQ(set(SYSCTL "sched_deadline_period_min_us", "100"), 0);
    EQ(set(SYSCTL "sched_deadline_period_max_us", "1000000"), 0);
    FAILS(ask_deadline(1001 * MS), EINVAL);
    EQ(set(SYSCTL "sched_deadline_period_max_us", "4194304"), 0);
    EQ(ask_deadline(1001 * MS), 0);
}

/* ---- balancing ---- */

#define CROWD 25

/* On which CPU it ran last, by /proc/PID/stat. */
static int cpu_of(pid_t pid)
{
    char file[64];
    int cpu = -1;
    snprintf(file, sizeof file, "/proc/%d/stat", pid);
    const char *rest = strrchr(get(file), ')');
    CHECK(rest);
    for (int field = 2; field < 39 && rest; field++) {
        rest = strchr(rest + 1, ' ');
    }
    CHECK(rest && sscanf(rest, "%d", &cpu) == 1);
    return cpu;
}

static pid_t hog_on(int cpu)
{
    unsigned long mask = 1ul << cpu;
    pid_t pid = fork();
    if (pid == 0) {
        int none = 0;
        syscall(SYS_sched_setscheduler, 0, SCHED_OTHER, &none);
        for (;;) {
        }
    }
    EQ(syscall(SYS_sched_setaffinity, pid, sizeof mask, &mask), 0);
    return pid;
}

static int number_on(const pid_t *pids, int n, int cpu)
{
    int sum = 0;
    for (int i = 0; i < n; i++) {
        sum += cpu_of(pids[i]) == cpu;
    }
    return sum;
}

/* One computes on the last CPU, CROWD on the first, which then may go to both: how long until a third of these have gone? */
static int64_t time_to_spread(void)
{
    int last = (int)sysconf(_SC_NPROCESSORS_ONLN) - 1, top = 20;
    unsigned long both = 1ul | 1ul << last;
    pid_t pids[CROWD], there = hog_on(last);
    EQ(syscall(SYS_sched_setscheduler, 0, SCHED_FIFO, &top), 0);
    for (int i = 0; i < CROWD; i++) {
        pids[i] = hog_on(0);
    }
    abi_sleep_ms(50);
    EQ(number_on(pids, CROWD, last), 0);
    for (int i = 0; i < CROWD; i++) {
        EQ(syscall(SYS_sched_setaffinity, pids[i], sizeof both, &both), 0);
    }
    int64_t begun = clock_ns(CLOCK_MONOTONIC);
    while (number_on(pids, CROWD, last) < CROWD / 3 && clock_ns(CLOCK_MONOTONIC) - begun < 3000 * MS) {
        abi_sleep_ms(8); /* seldom: while it looks, its CPU has somebody urgent, from whom tasks are pushed away at each tick */
    }
    begun = clock_ns(CLOCK_MONOTONIC) - begun;
    for (int i = 0; i < CROWD; i++) {
        end(pids[i]);
    }
    end(there);
    return begun;
}

/* `fast` and `slow` are values of the knob; the crowd disperses in half the time at most with the first. */
static void spreads_faster(const char *knob, const char *fast, const char *slow)
{
    char file[64], before[32];
    if (sysconf(_SC_NPROCESSORS_ONLN) < 2) {
        return;
    }
    mount("debugfs", "/sys/kernel/debug", "debugfs", 0, NULL);
    snprintf(file, sizeof file, DEBUG "%s", knob);
    snprintf(before, sizeof before, "%s", get(file));
    int64_t quick, lasting;
    int attempt = 0;
    do {
        EQ(set(file, fast), 0);
        quick = time_to_spread();
        EQ(set(file, slow), 0);
        lasting = time_to_spread();
    } while (!differ(knob, quick, lasting, attempt++));
    EQ(set(file, before), 0);
}

TEST(write, knob_nr_migrate)
{
    spreads_faster("nr_migrate", "32", "1");
}

TEST(write, knob_migration_cost)
{
    spreads_faster("migration_cost_ns", "0", "1000000000");
}
