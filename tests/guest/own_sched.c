/* own_sched.c: what CloudOS alone shows of tasks and run queues in /proc/PID/sched and the debug file, each moved by what it counts. CloudOS
 * only: Linux 6.1 has no such lines. Two CPUs at least: one is looked at from the other. */
#include "tests/guest/abi_schedtext.h"
#include "tests/guest/sched_attr.h"

static double knob(const char *name)
{
    char path[96];
    mount("debugfs", "/sys/kernel/debug", "debugfs", 0, NULL);
    snprintf(path, sizeof path, "/sys/kernel/debug/sched/%s", name);
    return strtod(text_of(path), NULL);
}

/* ---- tasks ---- */

TEST(sched, on_rq_is_of_those_that_run_or_wait)
{
    pid_t pid = abi_sleeper(), other = hog();
    abi_await_state(pid, "S");
    AWAIT(of_task(pid, "se.on_rq") == 0);
    AWAIT(of_task(other, "se.on_rq") == 1);
    stay_on_cpu(0);
    put_on_cpu(other, 0);
    EQ(of_task(other, "se.on_rq"), 1); /* waits, now that this task runs */
    kill(other, SIGSTOP);
    abi_await_state(other, "T");
    AWAIT(of_task(other, "se.on_rq") == 0);
    end(pid);
    end(other);
}

TEST(sched, last_wakeup_moves_with_wakeups_only)
{
    int fd[2];
    char c;
    EQ(pipe(fd), 0);
    pid_t pid = fork();
    if (pid == 0) {
        EQ(read(fd[0], &c, 1), 1);
        for (;;) {
        }
    }
    abi_await_state(pid, "S");
    double before = of_task(pid, "se.last_wakeup"), start = of_task(pid, "se.exec_start");
    abi_sleep_ms(30);
    EQ(of_task(pid, "se.last_wakeup"), before);
    EQ(write(fd[1], "x", 1), 1);
    AWAIT(of_task(pid, "se.exec_start") > start);
    double woken = of_task(pid, "se.last_wakeup");
    CHECK(woken >= before + 30);
    AWAIT(of_task(pid, "se.exec_start") > woken + 30);
    EQ(of_task(pid, "se.last_wakeup"), woken);
    end(pid);
}

TEST(sched, prev_sum_exec_runtime_is_of_the_last_pick)
{
    set_schedstats("1");
    stay_on_cpu(0);
    pid_t pid = hog();
    AWAIT(of_task(pid, "se.sum_exec_runtime") >= 40);
    double prev = of_task(pid, "se.prev_sum_exec_runtime"), sum = of_task(pid, "se.sum_exec_runtime");
    CHECK(prev > 0 && prev <= sum);
    kill(pid, SIGSTOP);
    abi_await_state(pid, "T");
    prev = of_task(pid, "se.prev_sum_exec_runtime");
    sum = of_task(pid, "se.sum_exec_runtime");
    CHECK(prev < sum); /* it ran since it was last picked */
    kill(pid, SIGCONT);
    AWAIT(of_task(pid, "se.prev_sum_exec_runtime") >= sum);
    CHECK(of_task(pid, "se.prev_sum_exec_runtime") <= of_task(pid, "se.sum_exec_runtime"));
    end(pid);
}

TEST(sched, deadline_goes_on_with_each_request)
{
    stay_on_cpu(0);
    pid_t pid = hog(), other = hog();
    AWAIT(of_task(pid, "se.sum_exec_runtime") > 1);
    double due = of_task(pid, "se.deadline");
    AWAIT(of_task(pid, "se.deadline") > due);
    kill(pid, SIGSTOP);
    abi_await_state(pid, "T");
    due = of_task(pid, "se.deadline");
    spin_ms(30);
    EQ(of_task(pid, "se.deadline"), due); /* asleep, it asks for nothing */
    end(pid);
    end(other);
}

TEST(sched, slice_is_what_was_asked_for)
{
    struct attr a = {48, 0, 0, 0, 0, 7 * MS, 0, 0};
    pid_t pid = hog();
    EQ(of_task(pid, "se.slice"), knob("base_slice_ns"));
    EQ(syscall(SYS_sched_setattr, pid, &a, 0), 0);
    AWAIT(of_task(pid, "se.slice") > 6.99e6 && of_task(pid, "se.slice") < 7.01e6);
    end(pid);
}

/* Who sleeps beside others that compute keeps its lag, of two slices at most. */
TEST(sched, vlag_is_kept_over_sleep)
{
    stay_on_cpu(0);
    pid_t other = hog(), pid = fork();
    if (pid == 0) {
        for (;;) {
            spin_ms(1);
            abi_sleep_ms(5);
        }
    }
    double lag = 0, most = 0, least = 0;
    AWAIT((lag = of_task(pid, "se.vlag")) != 0);
    for (int i = 0; i < 50; i++) {
        lag = of_task(pid, "se.vlag");
        most = lag > most ? lag : most;
        least = lag < least ? lag : least;
        abi_sleep_ms(2);
    }
    CHECK(most != least); /* it is another at each sleep */
    end(pid);
    end(other);
}

TEST(sched, run_delay_of_a_task_behind_a_FIFO_one)
{
    stay_on_cpu(0);
    pid_t pid = hog();
    AWAIT(of_task(pid, "se.sum_exec_runtime") > 1);
    double delay = of_task(pid, "run_delay");
    set_class(0, 1, 50);
    spin_ms(80);
    set_class(0, 0, 0);
    AWAIT(of_task(pid, "run_delay") >= delay + 75);
    end(pid);
}

/* In the order of those that wait, or not: who runs stands outside it. */
TEST(sched, run_node_is_queued_of_those_that_wait)
{
    stay_on_cpu(0);
    pid_t pid = hog();
    AWAIT(of_task(pid, "se.sum_exec_runtime") > 1);
    AWAIT(of_task(pid, "se.run_node") == 1); /* this task runs */
    EQ(of_task(getpid(), "se.run_node"), 0);
    kill(pid, SIGSTOP);
    abi_await_state(pid, "T");
    AWAIT(of_task(pid, "se.run_node") == 0);
    kill(pid, SIGCONT);
    AWAIT(of_task(pid, "se.run_node") == 1);
    end(pid);
}

static int is_listed(pid_t pid)
{
    char number[16];
    snprintf(number, sizeof number, " %6d ", pid);
    const char *list = strstr(debug_text(), "runnable tasks:");
    CHECK(list);
    return strstr(list, number) != NULL;
}

TEST(sched, runnable_tasks_are_those_that_run_or_wait)
{
    pid_t pid = hog(), asleep = abi_sleeper();
    abi_await_state(asleep, "S");
    AWAIT(is_listed(pid) && is_listed(getpid()) && !is_listed(asleep));
    kill(pid, SIGSTOP);
    abi_await_state(pid, "T");
    AWAIT(!is_listed(pid));
    kill(pid, SIGCONT);
    AWAIT(is_listed(pid));
    end(pid);
    end(asleep);
}

/* ---- run queues ---- */

/* Two of three wait; the first of these may be due before the others. */
TEST(sched, tasks_timeline_is_of_those_that_wait)
{
    CHECK(has_cpus(2));
    stay_on_cpu(1);
    AWAIT(of_queue("cfs_rq[0]:", "tasks_timeline") == 0 && of_queue("cfs_rq[0]:", "rb_leftmost->pid") == -1);
    pid_t pid = hog(), other = hog(), third = hog();
    put_on_cpu(pid, 0);
    put_on_cpu(other, 0);
    put_on_cpu(third, 0);
    AWAIT(of_queue("cfs_rq[0]:", "tasks_timeline") == 2);
    AWAIT(of_queue("cfs_rq[0]:", "rb_leftmost->pid") == pid);
    AWAIT(of_queue("cfs_rq[0]:", "rb_leftmost->pid") == other);
    end(third);
    AWAIT(of_queue("cfs_rq[0]:", "tasks_timeline") == 1);
    end(other);
    AWAIT(of_queue("cfs_rq[0]:", "tasks_timeline") == 0 && of_queue("cfs_rq[0]:", "rb_leftmost->pid") == -1);
    end(pid);
}

struct vruntimes {
    double left, average, right;
};

/* Of CPU 0, at one moment. */
static struct vruntimes vruntimes_now(void)
{
    const char *part = strstr(debug_text(), "cfs_rq[0]:");
    CHECK(part);
    return (struct vruntimes){value_in(part, "left_vruntime"), value_in(part, "avg_vruntime"), value_in(part, "right_vruntime")};
}

/* The average is between the least and the greatest, and all three go on. */
TEST(sched, left_avg_and_right_vruntime_go_on)
{
    CHECK(has_cpus(2));
    stay_on_cpu(1);
    pid_t pid = hog(), other = hog();
    put_on_cpu(pid, 0);
    put_on_cpu(other, 0);
    AWAIT(of_queue("cfs_rq[0]:", "nr_running") == 2);
    struct vruntimes v = vruntimes_now(), now;
    CHECK(v.left <= v.average && v.average <= v.right);
    AWAIT((now = vruntimes_now()).left > v.left && now.average > v.average && now.right > v.right);
    CHECK(now.left <= now.average && now.average <= now.right);
    AWAIT((now = vruntimes_now(), now.left < now.right));
    end(pid);
    end(other);
}

TEST(sched, highest_prio_is_that_of_the_real_time_tasks)
{
    CHECK(has_cpus(2));
    stay_on_cpu(0);
    pid_t pid = hog(), fair = hog(); /* who keeps the throttle in force */
    stay_on_cpu(1);
    EQ(of_queue("rt_rq[0]:", "highest_prio"), 100);
    set_class(pid, 1, 50);
    AWAIT(of_queue("rt_rq[0]:", "highest_prio") == 49);
    set_class(pid, 2, 7);
    AWAIT(of_queue("rt_rq[0]:", "highest_prio") == 92);
    end(pid);
    AWAIT(of_queue("rt_rq[0]:", "highest_prio") == 100);
    end(fair);
}

/* The throttle takes a CPU's real-time tasks out of the competition, and the next period brings them back. */
TEST(sched, rt_queued_is_0_while_throttled)
{
    CHECK(has_cpus(2));
    stay_on_cpu(0);
    pid_t fair = hog(), pid = hog(); /* who keeps the throttle in force */
    stay_on_cpu(1);
    AWAIT(of_queue("rt_rq[0]:", "rt_queued") == 0 && of_queue("rt_rq[0]:", "rt_period_timer") == 0);
    set_class(pid, 1, 50);
    AWAIT(of_queue("rt_rq[0]:", "rt_queued") == 1);
    double left = 0;
    AWAIT((left = of_queue("rt_rq[0]:", "rt_period_timer")) > 100);
    CHECK(left <= 1000);
    AWAIT(of_queue("rt_rq[0]:", "rt_period_timer") < left);
    AWAIT(of_queue("rt_rq[0]:", "rt_queued") == 0);
    AWAIT(of_queue("rt_rq[0]:", "rt_queued") == 1);
    end(pid);
    AWAIT(of_queue("rt_rq[0]:", "rt_queued") == 0);
    AWAIT(of_queue("rt_rq[0]:", "rt_period_timer") == 0);
    end(fair);
}

/* How many priorities have a task that waits; who waits behind such a task does not end, and is made a fair one. */
TEST(sched, active_priorities_of_the_real_time_tasks)
{
    static const int priority[] = {50, 12, 11, 11};
    pid_t pid[4];
    CHECK(has_cpus(2));
    stay_on_cpu(1);
    for (int i = 0; i < 4; i++) {
        put_on_cpu(pid[i] = hog(), 0);
    }
    AWAIT(of_queue("rt_rq[0]:", "active") == 0);
    for (int i = 0; i < 4; i++) {
        set_class(pid[i], 1, priority[i]);
    }
    AWAIT(of_queue("rt_rq[0]:", "active") == 2);
    set_class(pid[1], 0, 0);
    AWAIT(of_queue("rt_rq[0]:", "active") == 1);
    set_class(pid[0], 0, 0); /* of the two that are left one runs */
    AWAIT(of_queue("rt_rq[0]:", "rt_nr_running") == 2 && of_queue("rt_rq[0]:", "active") == 1);
    set_class(pid[2], 0, 0);
    AWAIT(of_queue("rt_rq[0]:", "active") == 0);
    set_class(pid[3], 0, 0);
    for (int i = 0; i < 4; i++) {
        end(pid[i]);
    }
}

TEST(sched, nr_migrations_of_a_queue)
{
    CHECK(has_cpus(2));
    pid_t pid = hog();
    put_on_cpu(pid, 0);
    AWAIT(of_queue("cpu#0", "nr_running") >= 1);
    double at_0 = of_queue("cfs_rq[0]:", "nr_migrations"), at_1 = of_queue("cfs_rq[1]:", "nr_migrations"), own = of_task(pid, "se.nr_migrations");
    for (int i = 1; i <= 20; i++) {
        put_on_cpu(pid, i % 2);
        AWAIT(of_task(pid, "se.nr_migrations") >= own + i);
    }
    CHECK(of_queue("cfs_rq[0]:", "nr_migrations") >= at_0 + 10);
    CHECK(of_queue("cfs_rq[1]:", "nr_migrations") >= at_1 + 10);
    end(pid);
}

/* A light task's virtual time goes far ahead of the others' in one slice. */
TEST(sched, spread_of_tasks_of_different_weight)
{
    CHECK(has_cpus(2));
    stay_on_cpu(0);
    pid_t pid = hog(), other = hog(), light = hog();
    stay_on_cpu(1);
    syscall(SYS_setpriority, 0, light, 19);
    AWAIT(of_queue("cfs_rq[0]:", "nr_spread_over") >= 1);
    AWAIT(of_queue("cfs_rq[0]:", "spread") > 3 * knob("base_slice_ns"));
    AWAIT(of_queue("cfs_rq[0]:", "load") == 2 * 1024 + 15);
    end(light);
    AWAIT(of_queue("cfs_rq[0]:", "nr_spread_over") == 0);
    end(pid);
    end(other);
}

/* A view looks at 32 that wait and at the one that runs; what is counted is of all. */
TEST(sched, more_fair_tasks_in_a_queue_than_are_looked_at)
{
    pid_t pid[40];
    CHECK(has_cpus(2));
    stay_on_cpu(1);
    for (int i = 0; i < 40; i++) {
        put_on_cpu(pid[i] = hog(), 0);
    }
    AWAIT(of_queue("cfs_rq[0]:", "nr_running") == 40);
    EQ(of_queue("cfs_rq[0]:", "nr_viewed"), 33);
    EQ(of_queue("cfs_rq[0]:", "load"), 40 * 1024);
    for (int i = 0; i < 40; i++) {
        end(pid[i]);
    }
}

/* Two that talk through pipes; the first keeps its word to block, but for once in eight times, when it computes on. */
static pid_t start_pair(pid_t *second)
{
    int to[2], back[2];
    char c;
    EQ(pipe(to), 0);
    EQ(pipe(back), 0);
    *second = fork();
    while (*second == 0) {
        read(to[0], &c, 1);
        write(back[1], "x", 1);
    }
    pid_t pid = fork();
    for (unsigned i = 1; pid == 0; i++) {
        write(to[1], "x", 1);
        if (i % 8 == 0) {
            spin_ms(3);
        }
        read(back[0], &c, 1);
    }
    return pid;
}

/* next->pid is whom the running task has woken and said that it would block for. */
TEST(sched, next_is_the_wakee_of_a_synchronous_wakeup)
{
    CHECK(has_cpus(2));
    stay_on_cpu(0);
    pid_t second, first = start_pair(&second);
    stay_on_cpu(1);
    AWAIT(of_queue("cpu#0", "next->pid") == second);
    end(first);
    AWAIT(of_queue("cpu#0", "next->pid") == -1);
    end(second);
}

/* ---- ticks ---- */

static long timer_interrupts(int cpu)
{
    const char *at = strstr(text_of("/proc/interrupts"), "LOC:");
    long n = -1;
    CHECK(at);
    at += 4;
    for (int i = 0; i <= cpu; i++) {
        char *next;
        n = strtol(at, &next, 10);
        CHECK(next != at);
        at = next;
    }
    return n;
}

/* Those that wait for this test to end look every 20 ms. */
static void parents_stay_on(unsigned long mask)
{
    char path[64];
    pid_t pid = getppid();
    while (pid > 1) {
        EQ(syscall(SYS_sched_setaffinity, pid, sizeof mask, &mask), 0);
        snprintf(path, sizeof path, "/proc/%d/status", pid);
        pid = (pid_t)value_in(text_of(path), "PPid");
    }
}

/* Of CPU 1, in a second; another's timer there, a grace period or a host that stops the VM may spoil one look. */
static long ticks_in_a_second(const char *of, long least, long most)
{
    long n = -1;
    for (int i = 0; i < 3 && (n < least || n > most); i++) {
        long begun = abi_now_ms(), before = timer_interrupts(1);
        abi_sleep_ms(1000);
        n = (timer_interrupts(1) - before) * 1000 / (abi_now_ms() - begun);
    }
    if (n < least || n > most) {
        parents_stay_on(~0ul);
        abi_failed(__FILE__, __LINE__, "%s: %ld ticks in a second, want %ld to %ld", of, n, least, most);
    }
    return n;
}

/* None for who idles, samples of who computes alone, ticks where two take turns. */
TEST(sched, ticks_are_as_many_as_there_is_need_for)
{
    CHECK(has_cpus(2));
    stay_on_cpu(0);
    parents_stay_on(1);
    ticks_in_a_second("idle", 0, 0);
    pid_t pid = hog();
    put_on_cpu(pid, 1);
    long samples = ticks_in_a_second("one task", 2, 12);
    pid_t other = hog();
    put_on_cpu(other, 1);
    ticks_in_a_second("two tasks", 2 * samples + 1, 2000); /* 250 and the ends of turns, where the host lets it run */
    end(other);
    ticks_in_a_second("one task again", 2, 12);
    end(pid);
    ticks_in_a_second("idle again", 0, 0);
    parents_stay_on(~0ul);
}

/* ---- policies ---- */

#define DEADLINE 6

/* Whatever its parent is at each moment, a child is no deadline task. Here only: on Linux 6.1 deadline tasks after it get EBUSY, why is not known. */
TEST(fork, beside_a_change_to_a_deadline)
{
    struct attr deadline = {sizeof deadline, DEADLINE, 0, 0, 0, 9000000, 10000000, 10000000}, other = {.size = sizeof other};
    volatile int *done = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pid_t changer, parent = getpid();
    int other_errors = 0;

    changer = fork();
    if (!changer) {
        while (!*done)
            if (syscall(SYS_sched_setattr, parent, &deadline, 0) || syscall(SYS_sched_setattr, parent, &other, 0))
                _exit(1);
        _exit(0);
    }
    for (int born = 0; born < 300;) {
        pid_t pid = fork();

        if (!pid)
            _exit(syscall(SYS_sched_getscheduler, 0) == DEADLINE);
        if (pid < 0) {
            other_errors += errno != EAGAIN;
            continue;
        }
        born++;
        abi_reap(pid, 0);
    }
    *done = 1;
    abi_reap(changer, 0);
    EQ(other_errors, 0);
}

static void keep_changing_policy(pid_t pid, volatile int *done)
{
    struct attr deadline = {sizeof deadline, DEADLINE, 0, 0, 0, 1000000, 10000000, 10000000}, other = {.size = sizeof other};

    while (!*done) {
        if (syscall(SYS_sched_setattr, pid, &deadline, 0) && errno != EPERM)
            _exit(1);
        if (syscall(SYS_sched_setattr, pid, &other, 0))
            _exit(2);
    }
    _exit(0);
}

/* Its bandwidth is promised for all CPUs together: whoever is bound to one of them gets no deadline, and who has one is not bound. Here only:
 * Linux looks at the policy before it takes the lock under which the mask changes. */
TEST(sched_setaffinity, beside_a_change_to_a_deadline)
{
    volatile int *done = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    unsigned long one = 1, all = ~0ul;
    int bound = 0, refused = 0, bad = 0;

    CHECK(has_cpus(2));
    pid_t pid = abi_sleeper(), changer = fork();
    if (!changer)
        keep_changing_policy(pid, done);
    for (long end = abi_now_ms() + 8000; abi_now_ms() < end && !bad && (bound < 20000 || refused < 100);) {
        int err = syscall(SYS_sched_setaffinity, pid, sizeof one, &one) ? errno : 0;

        if (err) {
            EQ(err, EBUSY);
            refused++;
            continue;
        }
        bound++;
        for (int look = 0; look < 20; look++)
            bad += syscall(SYS_sched_getscheduler, pid) == DEADLINE;
        EQ(syscall(SYS_sched_setaffinity, pid, sizeof all, &all), 0);
    }
    *done = 1;
    abi_reap(changer, 0);
    CHECK(bound && refused);
    EQ(bad, 0);
}
