/*
 * sched_answers.c: asks each scheduling call for a great many things, right and wrong, as root and as a user, and prints a line a question:
 * `CALL CALLER FROM WHAT: ANSWER STATE`. ANSWER is what it returned, or minus the errno; STATE what the target is then: policy, flags,
 * priority, nice value, of a deadline task its times. No line may depend on time, on numbers of processes or on the kernel: those of two
 * kernels must be equal (tests/harness/sched_answers.sh). The last line: `sched_answers: N lines, end`.
 */
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define BAD ((void *)0xffff800000001000ul)
#define NOBODY 999999 /* no process has this number */
#define USER 1000
#define STRANGER 2000
#define ARRAY(a) (sizeof(a) / sizeof *(a))
#define EACH(item, array) (typeof(*(array)) *item = (array); item < (array) + ARRAY(array); item++)

enum { OTHER, FIFO, RR, BATCH, IDLE = 5, DEADLINE };
enum { RESET_ON_FORK = 1, RECLAIM = 2, OVERRUN = 4, KEEP_POLICY = 8, KEEP_PARAMS = 0x10 };

struct attr {
    uint32_t size, policy;
    uint64_t flags;
    int32_t nice;
    uint32_t priority;
    uint64_t runtime, deadline, period;
    uint32_t util_min, util_max;
};

/* What a caller is before it asks. */
struct start {
    const char *name;
    struct attr attr;
};
#define TIMES .runtime = 1000000, .deadline = 50000000, .period = 50000000
static const struct start starts[] = {
    {"other", {.size = 48}},
    {"other-reset", {.size = 48, .flags = RESET_ON_FORK, .nice = 7}},
    {"batch", {.size = 48, .policy = BATCH, .nice = -3}},
    {"idle", {.size = 48, .policy = IDLE}},
    {"fifo", {.size = 48, .policy = FIFO, .priority = 10}},
    {"rr-reset", {.size = 48, .policy = RR, .flags = RESET_ON_FORK, .priority = 10}},
    {"deadline", {.size = 48, .policy = DEADLINE, .flags = RECLAIM | RESET_ON_FORK, .runtime = 20000000, .deadline = 100000000, .period = 100000000}},
};

/* Who asks. */
static struct {
    bool user;
    const struct start *start;
    unsigned long rtprio_limit, nice_limit;
} caller = {.start = &starts[0]};

/* What is asked. */
struct question {
    const char *name;
    long nr, arg[5];
    pid_t target; /* whose state is shown; -1: nobody's */
};

/* What came of it. */
static volatile long answer, state_answer;
static struct attr state;
static unsigned lines;

struct target {
    const char *name;
    pid_t pid;
};
static struct target targets[] = {{"self", 0}, {"negative", -1}, {"nobody", NOBODY}, {"mine", 0}, {"stranger", 0}};
#define MINE targets[3]
#define THEIRS targets[4]

static long ask(const struct question *q)
{
    long got = syscall(q->nr, q->arg[0], q->arg[1], q->arg[2], q->arg[3], q->arg[4]);
    return got == -1 ? -errno : got;
}

/* The saved user is root: the way back. Everything that a question may have changed is as before. */
static void become_root(void)
{
    static const struct attr plain = {.size = 48};
    unsigned long all[64];
    memset(all, 0xff, sizeof all);
    syscall(SYS_setresuid, 0, 0, 0);
    syscall(SYS_sched_setattr, 0, &plain, 0);
    syscall(SYS_sched_setaffinity, 0, sizeof all, all);
}

static void become_caller(void)
{
    struct rlimit rtprio = {caller.rtprio_limit, RLIM_INFINITY}, nice = {caller.nice_limit, RLIM_INFINITY};
    syscall(SYS_prlimit64, 0, RLIMIT_RTPRIO, &rtprio, NULL);
    syscall(SYS_prlimit64, 0, RLIMIT_NICE, &nice, NULL);
    syscall(SYS_sched_setattr, 0, &caller.start->attr, 0);
    if (caller.user) {
        syscall(SYS_setresuid, USER, USER, 0);
    }
}

static void show_state_of(pid_t pid)
{
    memset(&state, 0, sizeof state);
    state_answer = pid < 0 ? -1 : syscall(SYS_sched_getattr, pid, &state, sizeof state, 0);
}

/* A child says what it is, into this process's memory. */
static __attribute__((noinline)) void fork_and_show(void)
{
    pid_t pid = vfork();
    if (pid == 0) {
        show_state_of(0);
        _exit(0);
    }
    answer = pid < 0 ? -errno : 0;
    if (pid > 0) {
        waitpid(pid, NULL, 0);
    }
}

static void put(const char *name, const char *fmt, va_list ap)
{
    printf("%s %s %s ", name, caller.user ? "user" : "root", caller.start->name);
    vprintf(fmt, ap);
    printf(": %ld", answer);
    if (state_answer == 0) {
        printf(" %u %lx %u %d", state.policy, (long)state.flags, state.priority, state.nice);
    }
    if (state_answer == 0 && state.policy == DEADLINE) {
        printf(" %lu/%lu/%lu", (long)state.runtime, (long)state.deadline, (long)state.period);
    }
    putchar('\n');
    lines++;
}

/* The text says what distinguishes this question. */
static __attribute__((format(printf, 2, 3))) void line(const struct question *q, const char *fmt, ...)
{
    va_list ap;
    become_caller();
    answer = ask(q);
    show_state_of(q->target);
    become_root();
    va_start(ap, fmt);
    put(q->name, fmt, ap);
    va_end(ap);
}

#define QUESTION(call, ...) ((struct question){.name = #call, .nr = SYS_##call, .arg = {__VA_ARGS__}, .target = -1})
#define SHOWING(pid, call, ...) ((struct question){.name = #call, .nr = SYS_##call, .arg = {__VA_ARGS__}, .target = (pid)})

/* ---- policies and priorities ---- */

static const int priorities[] = {-1, 0, 1, 99, 100};

static void set_scheduler(void)
{
    static const int policies[] = {-2, -1, 0, 1, 2, 3, 4, 5, 6, 7, 0x20000000,
                                   0x40000000, 0x40000001, 0x40000005, 0x40000006, 0x40000007, 0x7fffffff};
    for EACH (t, targets) {
        for EACH (policy, policies) {
            for EACH (priority, priorities) {
                line(&SHOWING(t->pid, sched_setscheduler, t->pid, *policy, (long)priority), "%s policy %x priority %d", t->name, *policy, *priority);
            }
        }
        line(&SHOWING(t->pid, sched_setscheduler, t->pid, OTHER), "%s NULL", t->name);
        line(&SHOWING(t->pid, sched_setscheduler, t->pid, OTHER, (long)BAD), "%s bad", t->name);
        line(&SHOWING(t->pid, sched_setscheduler, t->pid, 77, (long)BAD), "%s policy 77 bad", t->name);
    }
}

static void set_param(void)
{
    for EACH (t, targets) {
        for EACH (priority, priorities) {
            line(&SHOWING(t->pid, sched_setparam, t->pid, (long)priority), "%s priority %d", t->name, *priority);
        }
        line(&SHOWING(t->pid, sched_setparam, t->pid), "%s NULL", t->name);
        line(&SHOWING(t->pid, sched_setparam, t->pid, (long)BAD), "%s bad", t->name);
    }
}

static void get_what_is_set(void)
{
    int priority;
    struct timespec interval;
    for EACH (t, targets) {
        line(&QUESTION(sched_getscheduler, t->pid), "%s", t->name);
        line(&QUESTION(sched_getparam, t->pid), "%s NULL", t->name);
        line(&QUESTION(sched_getparam, t->pid, (long)BAD), "%s bad", t->name);
        priority = -1;
        line(&QUESTION(sched_getparam, t->pid, (long)&priority), "%s", t->name);
        printf("sched_getparam is %d\n", priority);
        line(&QUESTION(sched_rr_get_interval, t->pid, (long)BAD), "%s bad", t->name);
        line(&QUESTION(sched_rr_get_interval, t->pid), "%s NULL", t->name);
        interval = (struct timespec){-1, -1};
        line(&QUESTION(sched_rr_get_interval, t->pid, (long)&interval), "%s", t->name);
        if (t->pid == 0 && caller.start->attr.policy != OTHER && caller.start->attr.policy != BATCH && caller.start->attr.policy != IDLE) {
            printf("sched_rr_get_interval is %ld s %ld ns\n", interval.tv_sec, interval.tv_nsec);
        }
    }
}

static void limits_of_policies(void)
{
    for (long policy = -3; policy < 12; policy++) {
        line(&QUESTION(sched_get_priority_max, policy), "policy %ld", policy);
        line(&QUESTION(sched_get_priority_min, policy), "policy %ld", policy);
    }
}

/* ---- attributes ---- */

static void ask_attr(pid_t pid, const struct attr *a, const char *what)
{
    char times[80] = "";
    if (a->runtime || a->deadline || a->period) {
        snprintf(times, sizeof times, " times %lu/%lu/%lu", (long)a->runtime, (long)a->deadline, (long)a->period);
    }
    line(&SHOWING(pid, sched_setattr, pid, (long)a), "%s policy %d flags %lx prio %d nice %d%s", what, (int)a->policy, (long)a->flags,
         (int)a->priority, a->nice, times);
}

static void attr_flags(void)
{
    static const int policies[] = {OTHER, FIFO, BATCH, IDLE, DEADLINE, 7};
    static const uint64_t flags[] = {0, 1, 2, 6, 8, 9, 0xa, 0x10, 0x11, 0x12, 0x18, 0x19, 0x20, 0x30, 0x48, 0x100, 0x118, 1 << 28, 1ull << 63};
    for EACH (policy, policies) {
        for EACH (f, flags) {
            struct attr a = {.size = 56, .policy = (uint32_t)*policy, .flags = *f, .nice = 4};
            if (*policy == DEADLINE) {
                ask_attr(0, &a, "self");
                a.runtime = 2000000, a.deadline = a.period = 60000000;
            }
            ask_attr(0, &a, "self");
            a.priority = 5;
            ask_attr(0, &a, "self");
        }
    }
}

static void attr_values(void)
{
    static const uint32_t odd[] = {0, 1, 99, 100, 0x7fffffff, ~0u};
    static const int nice[] = {-100, -21, -20, -1, 0, 19, 20, 100};
    for (uint32_t policy = 0; policy < 7; policy++) {
        for EACH (priority, odd) {
            struct attr a = {.size = 48, .policy = policy, .priority = *priority, TIMES};
            ask_attr(0, &a, "self");
        }
        for EACH (n, nice) {
            struct attr a = {.size = 48, .policy = policy, .nice = *n, .priority = policy == FIFO || policy == RR};
            ask_attr(0, &a, "self");
        }
    }
}

static void attr_targets(void)
{
    static const struct attr some[] = {{.size = 48},
                                       {.size = 48, .policy = 77},
                                       {.size = 48, .flags = 0x100},
                                       {.size = 48, .flags = 0x20},
                                       {.size = 48, .nice = -5},
                                       {.size = 56, .flags = 0x20},
                                       {.size = 56, .flags = RESET_ON_FORK, .nice = 5},
                                       {.size = 48, .flags = KEEP_PARAMS},
                                       {.size = 48, .policy = FIFO, .priority = 3},
                                       {.size = 48, .flags = KEEP_POLICY, .priority = 3},
                                       {.size = 48, .policy = OTHER}};
    for EACH (t, targets) {
        for EACH (a, some) {
            ask_attr(t->pid, a, t->name);
        }
        line(&SHOWING(t->pid, sched_setattr, t->pid, (long)some, 1), "%s flags 1", t->name);
        line(&SHOWING(t->pid, sched_setattr, t->pid), "%s NULL", t->name);
        line(&SHOWING(t->pid, sched_setattr, t->pid, (long)BAD), "%s bad", t->name);
        line(&QUESTION(sched_getattr, t->pid, (long)&state, 48, 1), "%s flags 1", t->name);
        line(&QUESTION(sched_getattr, t->pid, 0, 48), "%s NULL", t->name);
        line(&QUESTION(sched_getattr, t->pid, (long)BAD, 48), "%s bad", t->name);
        static const unsigned sizes[] = {0, 1, 47, 48, 49, 55, 56, 57, 64, 100, 4096, 4097, ~0u};
        for EACH (size, sizes) {
            static uint32_t got[2048];
            got[0] = 0;
            line(&QUESTION(sched_getattr, t->pid, (long)got, *size), "%s size %u", t->name, *size);
            printf("sched_getattr wrote size %u\n", got[0]);
        }
    }
}

/* A structure of another length: zeros or not behind what is known. */
static void attr_sizes(void)
{
    static const unsigned sizes[] = {0, 1, 40, 47, 48, 49, 55, 56, 57, 64, 100, 4095, 4096, 4097, 0x7fffffff, ~0u};
    static const size_t marks[] = {0, 48, 56, 63, 99, 4095};
    for EACH (size, sizes) {
        for EACH (mark, marks) {
            static unsigned char text[8192];
            memset(text, 0, sizeof text);
            text[*mark] = 1;
            memcpy(text, size, sizeof *size);
            line(&SHOWING(0, sched_setattr, 0, (long)text), "size %u byte %zu", *size, *mark);
            printf("sched_setattr wrote size %u\n", *(uint32_t *)text);
        }
    }
}

static void deadlines(void)
{
    static const uint64_t times[][3] = {
        {0, 0, 0}, {1000, 1000000, 1000000}, {1024, 1000000, 1000000}, {1023, 1000000, 1000000}, {5000000, 4000000, 4000000},
        {1000000, 60000000, 50000000}, {1000000, 50000000, 0}, {1000000, 0, 50000000}, {1ull << 63, 1ull << 63, 1ull << 63},
        {1000000, 50000000, 1ull << 63}, {1000000, 1ull << 63, 0}, {2000, 100000, 100000}, {2000, 99999, 99999}, {2000, 90000, 100000},
        {1000000, 4194304001, 4194304001}, {~0ull, ~0ull, ~0ull}, {1000000, 40000000, 50000000}};
    for EACH (t, times) {
        for (uint64_t flags = 0; flags <= RECLAIM; flags += RECLAIM) {
            struct attr a = {.size = 48, .policy = DEADLINE, .flags = flags, .runtime = (*t)[0], .deadline = (*t)[1], .period = (*t)[2]};
            ask_attr(0, &a, "self");
        }
    }
}

/* ---- affinity ---- */

static void affinity(void)
{
    static const unsigned lengths[] = {0, 1, 2, 3, 4, 7, 8, 9, 12, 16, 128, 512, 4096};
    static unsigned char all[4096], none[4096], got[4096];
    unsigned long one = 1, off = 1ul << 40, mixed = 1 | 1ul << 40;
    memset(all, 0xff, sizeof all);
    for EACH (t, targets) {
        for EACH (length, lengths) {
            line(&QUESTION(sched_setaffinity, t->pid, *length, (long)all), "%s length %u all", t->name, *length);
            line(&QUESTION(sched_setaffinity, t->pid, *length, (long)none), "%s length %u none", t->name, *length);
            line(&QUESTION(sched_getaffinity, t->pid, *length, (long)got), "%s length %u", t->name, *length);
            line(&QUESTION(sched_getaffinity, t->pid, *length, (long)BAD), "%s length %u bad", t->name, *length);
        }
        line(&QUESTION(sched_setaffinity, t->pid, 8, (long)&off), "%s absent", t->name);
        line(&QUESTION(sched_setaffinity, t->pid, 8, (long)&mixed), "%s one and absent", t->name);
        line(&QUESTION(sched_setaffinity, t->pid, 8, (long)&one), "%s one", t->name);
        line(&QUESTION(sched_setaffinity, t->pid, 8), "%s NULL", t->name);
        line(&QUESTION(sched_setaffinity, t->pid, 8, (long)BAD), "%s bad", t->name);
        line(&QUESTION(sched_setaffinity, t->pid, 8, (long)all), "%s all", t->name);
    }
}

static void which_cpu(void)
{
    static unsigned cpu, node;
    line(&QUESTION(getcpu, (long)&cpu, (long)&node), "both");
    line(&QUESTION(getcpu), "neither");
    line(&QUESTION(getcpu, (long)BAD), "bad cpu");
    line(&QUESTION(getcpu, 0, (long)BAD), "bad node");
    line(&QUESTION(getcpu, (long)BAD, (long)BAD), "bad both");
    line(&QUESTION(getcpu, 0, 0, (long)BAD), "bad cache");
}

/* ---- nice values ---- */

static const int nices[] = {-100, -20, -1, 0, 1, 19, 20, 100, 0x7fffffff, -0x7fffffff};

static void nice_of(int which, long who, const char *name, pid_t shown)
{
    line(&QUESTION(getpriority, which, who), "which %d %s", which, name);
    for EACH (n, nices) {
        line(&SHOWING(shown, setpriority, which, who, *n), "which %d %s nice %d", which, name, *n);
    }
    line(&QUESTION(getpriority, which, who), "which %d %s", which, name);
}

/* PRIO_USER 0 as root is not asked: on Linux it finds kernel threads of nice -20, and would change them. */
static void nice_values(void)
{
    for EACH (t, targets) {
        for (int which = -1; which < 4; which++) {
            if (which != PRIO_USER) {
                nice_of(which, t->pid, t->name, t->pid);
            }
        }
    }
    nice_of(PRIO_USER, USER, "the user", MINE.pid);
    nice_of(PRIO_USER, STRANGER, "the stranger", THEIRS.pid);
    nice_of(PRIO_USER, NOBODY, "nobody", -1);
    if (caller.user) {
        nice_of(PRIO_USER, 0, "itself", 0);
    }
}

/* ---- limits ---- */

static void realtime_limits(void)
{
    static const unsigned long limits[] = {0, 1, 10, 60};
    static const int wanted[] = {1, 10, 11, 61}, policies[] = {OTHER, FIFO, RR, IDLE, DEADLINE};
    for EACH (limit, limits) {
        caller.rtprio_limit = *limit;
        for EACH (policy, policies) {
            for EACH (priority, wanted) {
                int asked = *policy == FIFO || *policy == RR ? *priority : 0;
                if (asked || priority == wanted) {
                    line(&SHOWING(0, sched_setscheduler, 0, *policy, (long)&asked), "rtprio %lu policy %d priority %d", *limit, *policy, asked);
                }
            }
        }
    }
    caller.rtprio_limit = 0;
}

static void nice_limits(void)
{
    static const unsigned long limits[] = {0, 13, 23, 40};
    static const int wanted[] = {-20, -3, 0, 7};
    for EACH (limit, limits) {
        caller.nice_limit = *limit;
        for EACH (n, wanted) {
            struct attr attrs[] = {{.size = 48, .nice = *n}, {.size = 48, .flags = KEEP_POLICY | RESET_ON_FORK, .nice = *n},
                                   {.size = 48, .policy = BATCH, .flags = RESET_ON_FORK, .nice = *n}, {.size = 48, .policy = IDLE, .nice = *n},
                                   {.size = 48, .flags = KEEP_PARAMS | RESET_ON_FORK, .nice = *n}};
            line(&SHOWING(0, setpriority, PRIO_PROCESS, 0, *n), "limit %lu nice %d", *limit, *n);
            for EACH (a, attrs) {
                line(&SHOWING(0, sched_setattr, 0, (long)a), "limit %lu policy %u flags %lx nice %d", *limit, a->policy, (long)a->flags, a->nice);
            }
        }
        for (int policy = OTHER; policy <= IDLE; policy++) {
            int none = 0;
            line(&SHOWING(0, sched_setscheduler, 0, policy, (long)&none), "limit %lu policy %d", *limit, policy);
        }
    }
    caller.nice_limit = 0;
}

static __attribute__((format(printf, 1, 2))) void child(const char *fmt, ...)
{
    va_list ap;
    become_caller();
    state_answer = -1;
    fork_and_show();
    become_root();
    va_start(ap, fmt);
    put("fork", fmt, ap);
    va_end(ap);
}

/* What a child is, by what its parent is. */
static void children(void)
{
    static const int nices[] = {-7, 0, 7};
    for EACH (n, nices) {
        for (uint64_t flags = 0; flags <= RESET_ON_FORK; flags++) {
            struct start start = *caller.start;
            const struct start *before = caller.start;
            start.attr.nice = *n;
            start.attr.flags = flags;
            caller.start = &start;
            child("nice %d flags %lx", *n, (long)flags);
            caller.start = before;
        }
    }
}

/* ---- all ---- */

static pid_t sleeper(uid_t uid)
{
    pid_t pid = fork();
    if (pid == 0) {
        setpgid(0, 0);
        if (uid && setresuid(uid, uid, uid)) {
            _exit(1);
        }
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        for (;;) {
            pause();
        }
    }
    usleep(50000);
    return pid;
}

static void every_start(void (*group)(void))
{
    for EACH (start, starts) {
        caller.start = start;
        group();
    }
    caller.start = starts;
}

/* Asked by root or by a user, of two new targets. */
static void everything(bool user)
{
    MINE.pid = sleeper(USER);
    THEIRS.pid = sleeper(STRANGER);
    caller.user = user;
    every_start(get_what_is_set);
    every_start(set_param);
    every_start(attr_flags);
    every_start(children);
    if (user) {
        every_start(realtime_limits);
        every_start(nice_limits);
    }
    set_scheduler();
    limits_of_policies();
    attr_values();
    attr_targets();
    attr_sizes();
    deadlines();
    affinity();
    which_cpu();
    nice_values();
    for (struct target *t = &MINE; t <= &THEIRS; t++) {
        kill(t->pid, SIGKILL);
        waitpid(t->pid, NULL, 0);
    }
}

int main(void)
{
    static char buffer[1 << 16];
    setvbuf(stdout, buffer, _IOFBF, sizeof buffer);
    setpgid(0, 0); /* a group of its own */
    everything(false);
    everything(true);
    printf("sched_answers: %u lines, end\n", lines);
    return 0;
}
