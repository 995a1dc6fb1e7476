/* abi_knobs.c: each setting of the scheduler has an effect, shown here: the knob is moved, and what it is for moves with it. What a kernel does
 * not offer (no file, no such word) is not asked of it. All on one CPU. */
#include "tests/guest/abi.h"
#include "tests/guest/sched_attr.h"
#include <sched.h>
#include <stdbool.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>

#define MS 1000000ll
#define DEBUG "/sys/kernel/debug/sched/"
#define SYSCTL "/proc/sys/kernel/"
#define DATAGRAM_BYTES 600000 /* a copy that takes longer than a busy host keeps a wake-up waiting */

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

/* ---- attempts: on a busy host the first may show nothing ---- */

#define ATTEMPTS   8
#define ENOUGH_MS  11000 /* of the 20 s that a test has */

struct attempts {
    int made;
    long begun_ms;
};

/* Is there time for one more like those before? */
static bool another(struct attempts *a)
{
    long now = abi_now_ms();
    if (!a->made) {
        a->begun_ms = now;
    }
    long each = a->made ? (now - a->begun_ms) / a->made : 0;
    return a->made < ATTEMPTS && now - a->begun_ms + each * (a->made++ > 0) < ENOUGH_MS;
}

/* ---- how late a sleeper is beside somebody ---- */

static int by_value(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

#define SLEEPS 61

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

/* `much` is at least twice `little`. */
static bool differ(int64_t little, int64_t much)
{
    return much >= 2 * little;
}

static void must_differ(const char *what, int64_t little, int64_t much)
{
    if (!differ(little, much)) {
        abi_failed(__FILE__, __LINE__, "%s: %ld us, and %ld us, which should be more", what, (long)(little / 1000), (long)(much / 1000));
    }
}

TEST(write, knob_feature_wakeup_preemption)
{
    begin();
    if (!strstr(get(DEBUG "features"), "WAKEUP_PREEMPTION")) {
        abi_absent("no feature WAKEUP_PREEMPTION");
    }
    bool has_slice = access(DEBUG "base_slice_ns", F_OK) == 0;
    char before[32];
    snprintf(before, sizeof before, "%s", has_slice ? get(DEBUG "base_slice_ns") : "");
    CHECK(!has_slice || set(DEBUG "base_slice_ns", "20000000") == 0);
    pid_t pid = hog(shared_page());
    abi_sleep_ms(20);
    int64_t with = 0, without = -1;
    struct attempts tries = {0};
    while (!differ(with, without) && another(&tries)) {
        with = usual_lateness();
        EQ(set(DEBUG "features", "NO_WAKEUP_PREEMPTION"), 0);
        CHECK(strstr(get(DEBUG "features"), "NO_WAKEUP_PREEMPTION"));
        without = usual_lateness();
        EQ(set(DEBUG "features", "WAKEUP_PREEMPTION"), 0);
        CHECK(!strstr(get(DEBUG "features"), "NO_WAKEUP_PREEMPTION"));
    }
    end(pid);
    must_differ("lateness with and without wake-up preemption", with, without);
    CHECK(!has_slice || set(DEBUG "base_slice_ns", before) == 0);
}

/* A number that is out of the range, for a kernel that has one: nothing between. */
static void refused_or_shown(const char *file, const char *number)
{
    char before[32];
    snprintf(before, sizeof before, "%s", get(file));
    if (set(file, number)) {
        FAILS(set(file, number), EINVAL);
        CHECK(!strcmp(get(file), before));
        return;
    }
    CHECK(!strcmp(get(file), number));
    EQ(set(file, before), 0);
}

TEST(write, EINVAL_of_knobs)
{
    begin();
    FAILS(set(DEBUG "features", "NO_SUCH_FEATURE"), EINVAL);
    if (access(DEBUG "base_slice_ns", F_OK) == 0) {
        refused_or_shown(DEBUG "base_slice_ns", "99999\n");
        refused_or_shown(DEBUG "base_slice_ns", "1000000001\n");
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

/* Where fair tasks have a server of their own (Linux from 6.12 on), what is left to them is its runtime, whatever real time may take. */
static bool fair_tasks_have_a_server(void)
{
    return access(DEBUG "fair_server", F_OK) == 0;
}

/* Permille of the CPU that a fair task gets beside a real-time one. */
static int64_t left_beside_real_time(const char *period_us, const char *runtime_us)
{
    volatile int64_t *used = shared_page();
    int priority = 10, top = 20;
    EQ(set(SYSCTL "sched_rt_runtime_us", "50000"), 0); /* below either period */
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
    abi_sleep_ms(840);
    rest = used[0] - rest;
    urgent = used[1] - urgent;
    end(fifo);
    end(fair);
    EQ(set(SYSCTL "sched_rt_period_us", "1000000"), 0);
    EQ(set(SYSCTL "sched_rt_runtime_us", "950000"), 0);
    return rest * 1000 / (rest + urgent);
}

/* With 80 ms of 200 for real time a fair task gets twice as much at least as with that runtime in that period. */
static void leaves_less(const char *period_us, const char *runtime_us)
{
    begin();
    if (fair_tasks_have_a_server()) {
        abi_absent("what real time leaves to fair tasks is their server's");
    }
    int64_t half = -1, little = 0;
    struct attempts tries = {0};
    while (!differ(little, half) && another(&tries)) {
        half = left_beside_real_time("200000", "80000");
        little = left_beside_real_time(period_us, runtime_us);
    }
    must_differ("permille of the CPU beside real time", little * 1000, half * 1000);
}

TEST(write, knob_sched_rt_runtime)
{
    leaves_less("200000", "190000");
}

/* The same runtime in a longer period leaves more. */
TEST(write, knob_sched_rt_period)
{
    leaves_less("84000", "80000");
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
    struct attempts tries = {0};
    while (many <= 4 * few && another(&tries)) {
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
        abi_absent("no base_slice_ns");
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
    int64_t other = *used, end_ns = clock_ns(CLOCK_MONOTONIC) + 1500 * MS, mine = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
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

static int64_t from_half(int64_t permille)
{
    return permille < 500 ? 500 - permille : permille - 500;
}

/* With it the napper has about half of the CPU; without, more or less, as the kernel has it. */
TEST(write, knob_feature_place_lag)
{
    begin();
    if (!strstr(get(DEBUG "features"), "PLACE_LAG")) {
        abi_absent("no feature PLACE_LAG");
    }
    char before[32];
    bool stays_queued = strstr(get(DEBUG "features"), " DELAY_DEQUEUE"); /* whom a nap does not take off the queue keeps all, anyway */
    snprintf(before, sizeof before, "%s", get(DEBUG "base_slice_ns"));
    EQ(set(DEBUG "base_slice_ns", "20000000"), 0);
    CHECK(!stays_queued || set(DEBUG "features", "NO_DELAY_DEQUEUE") == 0);
    int64_t with = 0, without = 0;
    struct attempts tries = {0};
    while (from_half(without) - from_half(with) < 70 && another(&tries)) {
        with = share_of_a_napper();
        EQ(set(DEBUG "features", "NO_PLACE_LAG"), 0);
        without = share_of_a_napper();
        EQ(set(DEBUG "features", "PLACE_LAG"), 0);
    }
    EQ(set(DEBUG "base_slice_ns", before), 0);
    CHECK(!stays_queued || set(DEBUG "features", "DELAY_DEQUEUE") == 0);
    if (from_half(without) - from_half(with) < 70) {
        abi_failed(__FILE__, __LINE__, "permille of the CPU: %ld with PLACE_LAG, %ld without", (long)with, (long)without);
    }
}

/* ---- the preemption model ---- */

static void send_to_itself(void)
{
    static char bytes[DATAGRAM_BYTES];
    int ends[2], room = 2 * DATAGRAM_BYTES;
    EQ(socketpair(AF_UNIX, SOCK_DGRAM, 0, ends), 0);
    EQ(setsockopt(ends[0], SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof room), 0);
    for (;;) {
        EQ(send(ends[0], bytes, sizeof bytes, 0), sizeof bytes);
        EQ(recv(ends[1], bytes, sizeof bytes, 0), sizeof bytes);
    }
}

static void write_many_pages(void)
{
    static char bytes[32 << 20];
    abi_scratch();
    int fd = open("big", O_RDWR | O_CREAT, 0600);
    CHECK(fd >= 0);
    for (;;) {
        EQ(pwrite(fd, bytes, sizeof bytes, 0), sizeof bytes);
    }
}

/* In the kernel nearly all the time, in calls that copy long and offer the CPU to nobody meanwhile: a datagram's bytes, in one go; without
 * sockets a file's. */
static pid_t kernel_hog(void)
{
    int ends[2];
    bool sockets = socketpair(AF_UNIX, SOCK_DGRAM, 0, ends) == 0;
    pid_t pid = fork();
    while (pid == 0) {
        sockets ? send_to_itself() : write_many_pages();
    }
    abi_sleep_ms(300);
    EQ(waitpid(pid, NULL, WNOHANG), 0); /* it goes on */
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

/* A wake-up is late beside a long copy where nothing offers the CPU meanwhile: with voluntary, and with lazy where a kernel has it. */
TEST(write, knob_preempt)
{
    char before[32];
    begin();
    if (access(DEBUG "preempt", F_OK)) {
        abi_absent("no file preempt");
    }
    bool has_lazy = strstr(get(DEBUG "preempt"), "lazy");
    word_in_parentheses(before, sizeof before, get(DEBUG "preempt"));
    pid_t pid = kernel_hog();
    struct attempts tries = {0};
    int64_t full = 0, voluntary = -1, lazy = -1;
    while ((!differ(full, voluntary) || !differ(full, lazy)) && another(&tries)) {
        full = lateness_under("full");
        voluntary = lateness_under("voluntary");
        lazy = has_lazy ? lateness_under("lazy") : voluntary;
    }
    EQ(set(DEBUG "preempt", before), 0);
    end(pid);
    must_differ("lateness beside a long copy, full and voluntary", full, voluntary);
    must_differ("lateness beside a long copy, full and lazy", full, lazy);
}

/* ---- admission of deadlines ---- */

static long ask_share(uint64_t runtime, uint64_t period)
{
    struct attr a = {.size = sizeof a, .policy = 6, .runtime = runtime, .deadline = period, .period = period};
    return syscall(SYS_sched_setattr, 0, &a, 0);
}

static long ask_deadline(uint64_t period)
{
    return ask_share(period / 50, period);
}

/* Real time's share bounds what deadlines are promised: 80 % of a CPU do not go into 10 % of up to seven. */
TEST(write, knob_sched_rt_bounds_deadlines)
{
    int other = 0;
    CHECK(sysconf(_SC_NPROCESSORS_ONLN) < 8);
    EQ(set(SYSCTL "sched_rt_runtime_us", "100000"), 0);
    FAILS(ask_share(80 * MS, 100 * MS), EBUSY);
    EQ(set(SYSCTL "sched_rt_period_us", "105000"), 0);
    EQ(ask_share(80 * MS, 100 * MS), 0);
    EQ(syscall(SYS_sched_setscheduler, 0, SCHED_OTHER, &other), 0);
    abi_sleep_ms(300); /* what was promised is free when its period is over */
    EQ(set(SYSCTL "sched_rt_period_us", "1000000"), 0);
    FAILS(ask_share(80 * MS, 100 * MS), EBUSY);
    EQ(set(SYSCTL "sched_rt_runtime_us", "950000"), 0);
    EQ(ask_share(80 * MS, 100 * MS), 0);
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
    static int last; /* asked for once: the C library counts the mask */
    int top = 20;
    last = last ? last : (int)sysconf(_SC_NPROCESSORS_ONLN) - 1;
    unsigned long both = 1ul | 1ul << last;
    pid_t pids[CROWD], there = hog_on(last);
    unsigned long aside = 2; /* whoever looks runs beside both if it can: a CPU with somebody urgent gives its tasks away at each tick */
    EQ(syscall(SYS_sched_setscheduler, 0, SCHED_FIFO, &top), 0);
    if (last > 1) {
        EQ(syscall(SYS_sched_setaffinity, 0, sizeof aside, &aside), 0);
    }
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
        abi_absent("one CPU");
    }
    mount("debugfs", "/sys/kernel/debug", "debugfs", 0, NULL);
    snprintf(file, sizeof file, DEBUG "%s", knob);
    snprintf(before, sizeof before, "%s", get(file));
    int64_t quick = 0, lasting = -1;
    struct attempts tries = {0};
    while (!differ(quick, lasting) && another(&tries)) {
        EQ(set(file, fast), 0);
        quick = time_to_spread();
        EQ(set(file, slow), 0);
        lasting = time_to_spread();
    }
    EQ(set(file, before), 0);
    must_differ(knob, quick, lasting);
}

TEST(write, knob_nr_migrate)
{
    spreads_faster("nr_migrate", "32", "1");
}

TEST(write, knob_migration_cost)
{
    spreads_faster("migration_cost_ns", "0", "1000000000");
}
