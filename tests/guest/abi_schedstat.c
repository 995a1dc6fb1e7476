/* abi_schedstat.c: what the scheduler tells of tasks and CPUs, and that it moves with what they do: /proc/PID/sched and schedstat,
 * /proc/schedstat, the debug file. */
#include "tests/guest/abi_schedtext.h"

TEST(read, proc_schedstat_counts_run_and_wait)
{
    unsigned long run, wait, times, run2, wait2, times2;
    stay_on_cpu(0);
    pid_t pid = hog();
    EQ(sscanf(text_of("/proc/self/schedstat"), "%lu %lu %lu", &run, &wait, &times), 3);
    spin_ms(300);
    EQ(sscanf(text_of("/proc/self/schedstat"), "%lu %lu %lu", &run2, &wait2, &times2), 3);
    end(pid);
    CHECK(run2 - run > 250 * MS && run2 - run < 2000 * MS);
    CHECK(wait2 - wait > 150 * MS); /* the other half */
    CHECK(times2 > times);
}

TEST(read, proc_sched_of_a_computing_task)
{
    stay_on_cpu(0);
    pid_t me = getpid();
    double start = of_task(me, "se.exec_start"), ran = of_task(me, "se.sum_exec_runtime"), v = of_task(me, "se.vruntime");
    spin_ms(300);
    CHECK(of_task(me, "se.exec_start") > start + 200);
    CHECK(of_task(me, "se.sum_exec_runtime") > ran + 250); /* ms */
    CHECK(of_task(me, "se.vruntime") != v);
    CHECK(of_task(me, "se.load.weight") > 0);
    EQ(of_task(me, "policy"), 0);
    EQ(of_task(me, "prio"), 120);
    double least = of_task(me, "nr_switches"), parts = of_task(me, "nr_voluntary_switches") + of_task(me, "nr_involuntary_switches");
    CHECK(least <= parts && parts <= of_task(me, "nr_switches")); /* it may be preempted between two readings */
}

TEST(read, proc_sched_averages_rise_and_fall)
{
    pid_t pid = hog();
    double busy = 0, load = 0;
    for (int i = 0; i < 30 && busy < 700; i++) { /* a host that stops the virtual CPU */
        abi_sleep_ms(100);
        busy = of_task(pid, "se.avg.util_avg");
        load = of_task(pid, "se.avg.load_avg");
    }
    CHECK(busy >= 700 && busy <= 1024);
    CHECK(load >= 500);
    kill(pid, SIGSTOP);
    abi_await_state(pid, "T");
    abi_sleep_ms(300);
    kill(pid, SIGCONT); /* some kernels bring a sleeper's average up to date when it wakes */
    kill(pid, SIGSTOP);
    abi_await_state(pid, "T");
    CHECK(of_task(pid, "se.avg.util_avg") < busy / 2);
    end(pid);
}

TEST(read, proc_sched_counts_migrations)
{
    unsigned long all[128] = {0}, one[128] = {0};
    long bytes = syscall(SYS_sched_getaffinity, 0, sizeof all, all);
    CHECK(bytes > 0);
    pid_t me = getpid();
    double before = of_task(me, "se.nr_migrations");
    int cpus = 0;
    for (int i = 0; i < bytes * 8; i++) {
        if (all[i / 64] >> (i % 64) & 1) {
            memset(one, 0, sizeof one);
            one[i / 64] = 1ul << (i % 64);
            EQ(syscall(SYS_sched_setaffinity, 0, sizeof one, one), 0);
            cpus++;
        }
    }
    CHECK(of_task(me, "se.nr_migrations") >= before + cpus - 1);
}

TEST(write, knob_schedstats)
{
    pid_t me = getpid();
    stay_on_cpu(0);
    set_schedstats("1");
    nap(3);
    double wakes = of_task(me, "nr_wakeups"), slept = of_task(me, "sum_sleep_runtime"), waits = of_task(me, "wait_count");
    nap(20);
    double more = of_task(me, "nr_wakeups") - wakes;
    CHECK(of_task(me, "sum_sleep_runtime") - slept > 30); /* ms */
    CHECK(of_task(me, "wait_count") > waits);
    CHECK(more >= 20);
    set_schedstats("0");
    nap(20);
    set_schedstats("1"); /* the line may be hidden meanwhile */
    CHECK(of_task(me, "nr_wakeups") - wakes - more < 10);
    set_schedstats("0");
}

static void cpu_numbers(unsigned long number[9])
{
    const char *line = strstr(text_of("/proc/schedstat"), "\ncpu0 ");
    CHECK(line);
    EQ(sscanf(line, "\ncpu0 %lu %lu %lu %lu %lu %lu %lu %lu %lu", number, number + 1, number + 2, number + 3, number + 4, number + 5, number + 6,
              number + 7, number + 8), 9);
}

TEST(read, schedstat_of_the_CPUs)
{
    unsigned long a[9], b[9];
    stay_on_cpu(0);
    CHECK(!strncmp(text_of("/proc/schedstat"), "version 15\n", 11));
    set_schedstats("1");
    nap(2);
    cpu_numbers(a);
    pid_t pid = hog();
    spin_ms(100);
    nap(20);
    EQ(syscall(SYS_sched_yield), 0);
    end(pid);
    cpu_numbers(b);
    set_schedstats("0");
    CHECK(b[0] > a[0]);             /* yields */
    CHECK(b[2] >= a[2] + 20);       /* schedule() */
    CHECK(b[4] >= a[4] + 10);       /* wake-ups */
    CHECK(b[6] > a[6] + 80 * MS);   /* time that tasks ran */
    CHECK(b[7] > a[7]);             /* time that they waited */
    CHECK(b[8] > a[8]);             /* times that one began to run */
}

TEST(read, sched_debug_of_the_queues)
{
    stay_on_cpu(0);
    set_schedstats("1"); /* for exec_clock */
    pid_t pid = hog(), other = hog();
    abi_await_state(pid, "R");
    AWAIT(of_queue("cpu#0", "nr_running") >= 3); /* the two and this one */
    double v = of_queue("cfs_rq[0]:", "min_vruntime"), ran = of_queue("cfs_rq[0]:", "exec_clock"), switches = of_queue("cpu#0", "nr_switches");
    CHECK(strstr(debug_text(), "runnable tasks:"));
    spin_ms(50);
    CHECK(of_queue("cfs_rq[0]:", "exec_clock") >= ran + 40); /* ms */
    AWAIT(of_queue("cfs_rq[0]:", "min_vruntime") > v);
    AWAIT(of_queue("cpu#0", "nr_switches") > switches);
    AWAIT(of_queue("cfs_rq[0]:", "load") >= 3 * 1024);
    AWAIT(of_queue("cfs_rq[0]:", "runnable_avg") >= 2000 && of_queue("cfs_rq[0]:", "util_avg") >= 700 && of_queue("cfs_rq[0]:", "load_avg") >= 2000);
    end(pid);
    end(other);
}

/* Until so many wake-ups of the task itself are counted. Where the host is slow some naps are over before it sleeps. */
static double nap_until_woken(double times)
{
    double woken = 0;
    for (int i = 0; i < 500 && woken < times; i++) {
        abi_sleep_ms(2);
        woken = of_task(getpid(), "nr_wakeups");
    }
    CHECK(woken >= times);
    return woken;
}

static long write_sched(pid_t pid)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/sched", pid);
    int fd = open(path, O_WRONLY);
    if (fd < 0) {
        return -1;
    }
    long n = write(fd, "0", 1);
    close(fd);
    return n;
}

TEST(write, proc_sched_resets_the_statistics)
{
    pid_t me = getpid();
    set_schedstats("1");
    double woken = nap_until_woken(30), switches = of_task(me, "nr_switches");
    CHECK(of_task(me, "sleep_max") > 0);
    EQ(write_sched(me), 1);
    CHECK(of_task(me, "nr_wakeups") < woken / 2);
    CHECK(of_task(me, "nr_switches") >= switches); /* no statistic of that kind */
    nap_until_woken(30);
    set_schedstats("0");
}

TEST(open, proc_sched_of_others_EACCES)
{
    pid_t other = abi_sleeper(), pid = fork();
    if (pid == 0) {
        EQ(setgid(1000), 0);
        EQ(setuid(1000), 0);
        FAILS(write_sched(other), EACCES);
        EQ(of_task(other, "prio"), 120); /* who may read it */
        _exit(0);
    }
    abi_reap(pid, 0);
}
