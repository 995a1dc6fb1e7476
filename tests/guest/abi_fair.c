/* abi_fair.c: what the fair class promises: shares by weight, nobody starves, who sleeps is served soon beside who computes. All on one
 * CPU but where it says two, in the guest's own time, so that a busy host changes little. */
#include "tests/guest/abi.h"
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>

#define MS 1000000ll

static int64_t clock_ns(clockid_t id)
{
    struct timespec t;
    clock_gettime(id, &t);
    return t.tv_sec * 1000000000ll + t.tv_nsec;
}

static void compute_until(clockid_t id, int64_t ns)
{
    while (clock_ns(id) < ns) {
    }
}

static void stay_on_cpu_0(void)
{
    unsigned long mask = 1;
    EQ(syscall(SYS_sched_setaffinity, 0, sizeof mask, &mask), 0);
}

/* A child that computes until the shared flag is raised, then leaves its CPU time in its slot. */
static pid_t hog(volatile int *stop, int64_t *used, int nice_value)
{
    pid_t pid = fork();
    if (pid == 0) {
        if (setpriority(PRIO_PROCESS, 0, nice_value)) {
            _exit(2);
        }
        int64_t start = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
        while (!*stop) {
        }
        *used = clock_ns(CLOCK_PROCESS_CPUTIME_ID) - start;
        _exit(0);
    }
    return pid;
}

struct shares {
    volatile int stop;
    int64_t used[64];
};

static struct shares *new_shares(void)
{
    struct shares *s = mmap(NULL, sizeof *s, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK(s != MAP_FAILED);
    stay_on_cpu_0();
    return s;
}

/* Hogs of the given nice values for so long; s->used tells what each had. */
static void compute(struct shares *s, const int *nice_value, int n, int ms)
{
    pid_t pid[64];
    for (int i = 0; i < n; i++) {
        pid[i] = hog(&s->stop, &s->used[i], nice_value[i]);
    }
    abi_sleep_ms(ms);
    s->stop = 1;
    for (int i = 0; i < n; i++) {
        abi_reap(pid[i], 0);
    }
}

static void near_share(int64_t part, int64_t whole, int permille)
{
    long got = (long)(part * 1000 / whole);
    if (got < permille * 3 / 4 || got > permille * 5 / 4) {
        abi_failed(__FILE__, __LINE__, "a share of %ld permille, want about %d", got, permille);
    }
}

TEST(setpriority, shares_follow_the_weights)
{
    static const int nice_value[3] = {0, 5, 10}; /* weights 1024, 335, 110 */
    struct shares *s = new_shares();
    compute(s, nice_value, 3, 3000);
    int64_t whole = s->used[0] + s->used[1] + s->used[2];
    near_share(s->used[0], whole, 697);
    near_share(s->used[1], whole, 228);
    near_share(s->used[2], whole, 75);
}

TEST(fork, equal_hogs_have_equal_shares)
{
    static const int nice_value[20];
    struct shares *s = new_shares();
    int64_t whole = 0;
    compute(s, nice_value, 20, 4000); /* more than the flat part of a queue holds */
    for (int i = 0; i < 20; i++) {
        whole += s->used[i];
    }
    for (int i = 0; i < 20; i++) {
        CHECK(s->used[i] > whole / 20 / 2);
        CHECK(s->used[i] < whole / 20 * 2);
    }
}

static void allow(pid_t pid, unsigned long mask)
{
    EQ(syscall(SYS_sched_setaffinity, pid, sizeof mask, &mask), 0);
}

/* A child that computes on the CPU of the mask until it is killed; its slot has its CPU time. */
static pid_t watched_hog(volatile int64_t *used, int nice_value, unsigned long mask)
{
    pid_t pid = fork();
    if (pid == 0) {
        allow(0, mask);
        setpriority(PRIO_PROCESS, 0, nice_value);
        for (;;) {
            *used = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
        }
    }
    return pid;
}

/* Two of nice -10 on CPU 0, two of nice 10 on CPU 1; then all may go to both, and nobody else wakes up. Adds what each two had from 50 ms later on. */
static void two_and_two(struct shares *s, int64_t *heavy, int64_t *light)
{
    int64_t before[4];
    pid_t pid[4];
    for (int i = 0; i < 4; i++) {
        pid[i] = watched_hog(&s->used[i], i < 2 ? -10 : 10, i < 2 ? 1 : 2);
    }
    abi_sleep_ms(20);
    for (int i = 0; i < 4; i++) {
        allow(pid[i], 3);
    }
    abi_sleep_ms(50);
    memcpy(before, s->used, sizeof before);
    abi_sleep_ms(300);
    for (int i = 0; i < 4; i++) {
        *(i < 2 ? heavy : light) += s->used[i] - before[i];
        kill(pid[i], SIGKILL);
        waitpid(pid[i], NULL, 0);
    }
}

/* As many on each, and yet each of the heavy ones has a CPU soon (their weights are 9548 and 110). */
TEST(setpriority, heavy_ones_have_a_cpu_each)
{
    int64_t heavy = 0, light = 0;
    int cpus = (int)sysconf(_SC_NPROCESSORS_ONLN); /* of the mask */
    struct shares *s = new_shares();
    if (cpus < 2) {
        return;
    }
    EQ(setpriority(PRIO_PROCESS, 0, -20), 0);
    for (int i = 0; i < 8; i++) {
        two_and_two(s, &heavy, &light);
    }
    near_share(heavy, heavy + light, 950); /* 500 if they stay where they are */
}

static int of_slowest(const struct shares *s, const int64_t *before, int n)
{
    int stood = 0;
    for (int i = 0; i < n; i++) {
        stood += s->used[i] == before[i];
    }
    return stood;
}

/* Nobody idles, so a CPU keeps one that waits where others could take it. Behind a SCHED_FIFO hog nobody takes it back but when that is throttled. */
TEST(sched_setscheduler, FIFO_hog_leaves_time_to_who_is_shelved)
{
    int cpus = (int)sysconf(_SC_NPROCESSORS_ONLN), n = 3 * cpus + 1;
    struct shares *s = new_shares();
    struct sched_param p = {.sched_priority = 1};
    int64_t before[64];
    pid_t pid[64];
    if (cpus < 2 || n > 63) {
        return;
    }
    for (int i = 0; i < n; i++) {
        pid[i] = watched_hog(&s->used[i], 0, (1ul << cpus) - 1);
    }
    pid[n] = watched_hog(&s->used[n], 0, 2);
    abi_sleep_ms(300);
    EQ(syscall(SYS_sched_setscheduler, pid[n], SCHED_FIFO, &p), 0);
    for (int round = 0; round < 2; round++) { /* a second each has its throttle */
        memcpy(before, s->used, sizeof before);
        abi_sleep_ms(2200);
        EQ(of_slowest(s, before, n), 0);
    }
    for (int i = 0; i <= n; i++) {
        kill(pid[i], SIGKILL);
        waitpid(pid[i], NULL, 0);
    }
}

/* What a task ahead of its share cannot shed by a nap, it need not fear to lose either: half asleep beside a hog it gets its half. */
TEST(nanosleep, a_sleeper_gets_its_share)
{
    static const int nice_value[1];
    struct shares *s = new_shares();
    pid_t pid = hog(&s->stop, &s->used[0], nice_value[0]);
    int64_t end = clock_ns(CLOCK_MONOTONIC) + 2000 * MS, begin = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
    while (clock_ns(CLOCK_MONOTONIC) < end) {
        compute_until(CLOCK_PROCESS_CPUTIME_ID, clock_ns(CLOCK_PROCESS_CPUTIME_ID) + 2 * MS);
        abi_sleep_ms(6); /* it wants a quarter: that is less than its half, so it has all of that */
    }
    int64_t mine = clock_ns(CLOCK_PROCESS_CPUTIME_ID) - begin;
    s->stop = 1;
    abi_reap(pid, 0);
    CHECK(mine > 200 * MS);
    CHECK(s->used[0] > 800 * MS);
}

#define CHILD_NS (MS / 5) /* that each child or thread of a breeder computes */

static int one_child(void)
{
    pid_t child = fork();
    if (child == 0) {
        compute_until(CLOCK_PROCESS_CPUTIME_ID, CHILD_NS);
        _exit(0);
    }
    waitpid(child, NULL, 0); /* if SIGCHLD is ignored: until it is gone, and then there is none */
    return child < 0;
}

static int one_forgotten_child(void)
{
    signal(SIGCHLD, SIG_IGN);
    return one_child();
}

static void *brief_thread(void *arg)
{
    (void)arg;
    compute_until(CLOCK_THREAD_CPUTIME_ID, CHILD_NS);
    return NULL;
}

static int one_thread(void)
{
    pthread_t t;
    return pthread_create(&t, NULL, brief_thread, NULL) || pthread_join(t, NULL);
}

/* A process that has a child, or a thread, at any time. It ends when it is told. */
static pid_t breeder(volatile int *stop, int (*breed)(void))
{
    pid_t pid = fork();
    while (pid == 0) {
        if (*stop || breed()) {
            _exit(!*stop);
        }
    }
    return pid;
}

/* What children take along that they ran beyond a share is the breeder's to pay. The others' share is four fifths. */
static void has_one_share(int (*breed)(void))
{
    struct shares *s = new_shares();
    pid_t others[4], one = breeder(&s->stop, breed);
    int64_t theirs = 0;
    for (int i = 0; i < 4; i++) {
        others[i] = hog(&s->stop, &s->used[i], 0);
    }
    abi_sleep_ms(2000);
    s->stop = 1;
    abi_reap(one, 0);
    for (int i = 0; i < 4; i++) {
        abi_reap(others[i], 0);
        theirs += s->used[i];
    }
    if (theirs < (abi_is_linux() ? 1400 : 1520) * MS) { /* 1,394 to 1,498 on the CloudOS where they need not pay; Linux on a busy host had 1,538 and 1,489 once */
        abi_failed(__FILE__, __LINE__, "four that compute had %ld ms of 2000", (long)(theirs / MS));
    }
}

TEST(fork, who_forks_again_and_again_has_one_share)
{
    has_one_share(one_child);
}

TEST(fork, who_forks_and_does_not_wait_has_one_share)
{
    has_one_share(one_forgotten_child);
}

TEST(clone, who_makes_threads_again_and_again_has_one_share)
{
    has_one_share(one_thread);
}

/* How late a wake-up is, in the work that the hog could do between the moment that it was due and the wake-up: a host that stops the
 * virtual CPU stops the hog too. The hog itself looks at the clock; its best rate tells how much work a millisecond is. */
struct watch {
    volatile int stop;
    volatile int64_t due;
    volatile uint64_t rounds, late_rounds;
};

static void watching_hog(struct watch *w)
{
    while (!w->stop) {
        int64_t now = clock_ns(CLOCK_MONOTONIC);
        w->rounds++;
        if (now >= w->due) {
            w->late_rounds++;
        }
    }
    _exit(0);
}

static int by_value(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

#define SLEEPS 201

/* A hog of that policy; w->rounds rises while it runs. */
static pid_t start_watching_hog(struct watch **w, int policy)
{
    int none = 0;
    *w = mmap(NULL, sizeof **w, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK(*w != MAP_FAILED);
    stay_on_cpu_0();
    (*w)->due = INT64_MAX;
    pid_t pid = fork();
    if (pid == 0) {
        EQ(syscall(SYS_sched_setscheduler, 0, policy, &none), 0);
        watching_hog(*w);
    }
    return pid;
}

/* A sleep of so long: the rounds that the wake-up was late. The best rate is rounds in 2 ms. */
static uint64_t late_rounds(struct watch *w, int64_t ns, uint64_t *best_rate)
{
    int64_t begun = clock_ns(CLOCK_MONOTONIC), due = begun + ns;
    uint64_t rounds = w->rounds, before = w->late_rounds, late;
    struct timespec t = {due / 1000000000, due % 1000000000};
    w->due = due;
    EQ(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL), 0);
    late = w->late_rounds - before;
    w->due = INT64_MAX;
    rounds = w->rounds - rounds;
    rounds = rounds * 2 * MS / (uint64_t)(clock_ns(CLOCK_MONOTONIC) - begun); /* this task may have waited on its way to sleep */
    if (rounds > *best_rate) {
        *best_rate = rounds;
    }
    return late;
}

TEST(nanosleep, wakes_soon_beside_a_hog)
{
    static uint64_t late[SLEEPS];
    uint64_t best_rate = 0;
    struct watch *w;
    pid_t pid = start_watching_hog(&w, 0);
    for (int i = 0; i < SLEEPS; i++) {
        late[i] = late_rounds(w, 2 * MS, &best_rate);
    }
    w->stop = 1;
    abi_reap(pid, 0);
    CHECK(best_rate > 0);
    qsort(late, SLEEPS, sizeof late[0], by_value);
    if (late[SLEEPS / 2] * 2 > best_rate * 3) {
        abi_failed(__FILE__, __LINE__, "in half of the wake-ups the hog did %ld us of work or more meanwhile",
                   (long)(late[SLEEPS / 2] * 2000 / best_rate));
    }
}

/* ---- the policies SCHED_BATCH and SCHED_IDLE ---- */

#define OTHER 0
#define BATCH 3
#define IDLE 5
#define TURNS 61
#define ATTEMPTS 4 /* on a busy host the first may show nothing */

static void take_policy(int policy)
{
    int none = 0;
    EQ(syscall(SYS_sched_setscheduler, 0, policy, &none), 0);
}

/* The usual lateness, in us of a hog's work, of a sleeper that has two policies by turns, so that both meet the same host. */
static void lateness_by_policy(int of_the_hog, int first, int second, long late_us[2])
{
    static uint64_t late[2][TURNS];
    uint64_t best_rate = 1;
    struct watch *w;
    pid_t pid = start_watching_hog(&w, of_the_hog);
    for (int i = 0; i < 2 * TURNS; i++) {
        take_policy(i % 2 ? second : first);
        late[i % 2][i / 2] = late_rounds(w, 2 * MS + i * 37 % 40 * MS / 10, &best_rate); /* in no step with the tick */
    }
    take_policy(OTHER);
    w->stop = 1;
    abi_reap(pid, 0);
    for (int i = 0; i < 2; i++) {
        qsort(late[i], TURNS, sizeof late[i][0], by_value);
        late_us[i] = (long)(late[i][TURNS / 2] * 2000 / best_rate);
    }
}

/* Twice as late at least, and by a tenth of a tick. */
static int is_later(long soon, long late)
{
    return late >= 2 * soon && late >= 400;
}

static void must_be_later(const char *what, long soon, long late)
{
    if (!is_later(soon, late)) {
        abi_failed(__FILE__, __LINE__, "%s: %ld us late, and %ld us, which should be more", what, soon, late);
    }
}

/* A wake-up disturbs who computes, but not that of a batch task. */
TEST(sched_setscheduler, BATCH_waits_for_who_computes)
{
    long late[2] = {0, 0};
    for (int i = 0; i < ATTEMPTS && !is_later(late[0], late[1]); i++) {
        lateness_by_policy(OTHER, OTHER, BATCH, late);
    }
    must_be_later("other and batch", late[0], late[1]);
}

/* Who computes as an idle task is disturbed by anybody else. */
TEST(sched_setscheduler, BATCH_does_not_wait_for_IDLE)
{
    long soon[2] = {0, 0}, late[2] = {0, 0};
    for (int i = 0; i < ATTEMPTS && !is_later(soon[1], late[1]); i++) {
        lateness_by_policy(IDLE, OTHER, BATCH, soon);
        lateness_by_policy(OTHER, OTHER, BATCH, late);
    }
    must_be_later("batch beside idle and beside other", soon[1], late[1]);
}

/* What an idle task had, in permille, that computes beside one that is not. Their weights are 3 and 1024. */
static int64_t share_of_idle(void)
{
    static const int nice_value[1];
    struct shares *s = new_shares();
    take_policy(IDLE);
    pid_t pid = hog(&s->stop, &s->used[1], 0);
    take_policy(OTHER);
    compute(s, nice_value, 1, 1500);
    abi_reap(pid, 0);
    CHECK(s->used[0] > 0 && s->used[1] > 0);
    return s->used[1] * 1000 / (s->used[0] + s->used[1]);
}

TEST(sched_setscheduler, IDLE_has_hardly_anything_beside_who_computes)
{
    int64_t permille = 1000;
    for (int i = 0; i < ATTEMPTS && permille >= 20; i++) {
        permille = share_of_idle();
    }
    CHECK(permille < 20);
}
