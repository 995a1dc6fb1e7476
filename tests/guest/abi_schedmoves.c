/* abi_schedmoves.c: each statistic of tasks and run queues that both kernels show is moved by what it counts: waiting, sleep of both kinds,
 * slices, wake-ups by place, real-time and deadline tasks, throttling, the idle. sched_schedstats stays 1: each change has Linux patch its code,
 * and under QEMU's TCG its CPUs have hung in that once. */
#include "tests/guest/abi_schedtext.h"
#include "tests/guest/sched_attr.h"

/* ---- tasks ---- */

/* A real-time task takes the CPU of one that computes. */
TEST(read, proc_sched_wait_of_a_task_behind_a_FIFO_one)
{
    set_schedstats("1");
    stay_on_cpu(0);
    pid_t pid = hog();
    AWAIT(of_task(pid, "se.sum_exec_runtime") > 1);
    double sum = of_task(pid, "wait_sum"), most = of_task(pid, "wait_max");
    set_class(0, 1, 50);
    spin_ms(80 + (int)most);
    set_class(0, 0, 0);
    AWAIT(of_task(pid, "wait_sum") >= sum + 70 + most);
    CHECK(of_task(pid, "wait_max") >= 70 + most);
    end(pid);
}

TEST(read, proc_sched_longest_sleep)
{
    set_schedstats("1");
    pid_t pid = fork();
    if (pid == 0) {
        abi_sleep_ms(20);
        abi_sleep_ms(120);
        for (;;) {
        }
    }
    AWAIT(of_task(pid, "sleep_max") >= 110);
    CHECK(of_task(pid, "sum_sleep_runtime") >= of_task(pid, "sleep_max") + 15);
    EQ(of_task(pid, "sum_block_runtime"), 0);
    end(pid);
}

/* Sum over the CPUs: a task may go to sleep on one and wake on another. The number of one CPU may be negative. */
static long uninterruptible(void)
{
    int32_t sum = 0;
    for (const char *at = debug_text(); (at = strstr(at, ".nr_uninterruptible")); at++) {
        sum += (int32_t)strtoll(strchr(at, ':') + 1, NULL, 10);
    }
    return sum;
}

/* The parent of a vfork is not interruptible. */
TEST(vfork, parent_is_blocked_in_the_statistics)
{
    int go[2];
    char c;
    set_schedstats("1");
    AWAIT(uninterruptible() == 0);
    EQ(pipe(go), 0);
    pid_t pid = fork();
    if (pid == 0) {
        if (vfork() == 0) {
            _exit(read(go[0], &c, 1) != 1);
        }
        for (;;) {
            pause();
        }
    }
    abi_await_state(pid, "D");
    AWAIT(uninterruptible() == 1);
    EQ(of_task(pid, "block_max"), 0);
    abi_sleep_ms(80);
    EQ(write(go[1], "x", 1), 1);
    abi_await_state(pid, "S");
    AWAIT(uninterruptible() == 0);
    CHECK(of_task(pid, "sum_block_runtime") >= 80);
    CHECK(of_task(pid, "block_max") >= 80);
    end(pid);
}

TEST(read, proc_sched_longest_slice)
{
    set_schedstats("1");
    stay_on_cpu(0);
    pid_t pid = hog(), other = hog();
    AWAIT(of_task(pid, "slice_max") >= 1);
    CHECK(of_task(pid, "slice_max") <= of_task(pid, "se.sum_exec_runtime"));
    end(pid);
    end(other);
}

/* Weights are 1024 and 335, or 1024 times these. */
TEST(setpriority, weight_of_a_task_in_proc_sched)
{
    pid_t pid = hog();
    double unit = of_task(pid, "se.load.weight") / 1024;
    CHECK(unit == 1 || unit == 1024);
    EQ(syscall(SYS_setpriority, 0, pid, 5), 0);
    AWAIT(of_task(pid, "se.load.weight") == 335 * unit);
    EQ(syscall(SYS_setpriority, 0, pid, 0), 0);
    AWAIT(of_task(pid, "se.load.weight") == 1024 * unit);
    set_class(pid, 5, 0); /* SCHED_IDLE */
    AWAIT(of_task(pid, "se.load.weight") == 3 * unit);
    end(pid);
}

TEST(read, proc_sched_average_of_a_task_that_waits)
{
    stay_on_cpu(0);
    pid_t pid[3] = {hog(), hog(), hog()};
    AWAIT(of_task(pid[0], "se.avg.runnable_avg") >= 700 && of_task(pid[0], "se.avg.util_avg") <= 600);
    for (int i = 0; i < 3; i++) {
        end(pid[i]);
    }
}

/* ---- wake-ups ---- */

static int to_sleeper;

/* Sleeps in a read of a pipe, on that CPU. */
static pid_t pipe_sleeper(int cpu)
{
    int fd[2];
    char c;
    EQ(pipe(fd), 0);
    to_sleeper = fd[1];
    pid_t pid = fork();
    if (pid == 0) {
        close(fd[1]);
        stay_on_cpu(cpu);
        while (read(fd[0], &c, 1) == 1) {
        }
        _exit(0);
    }
    close(fd[0]);
    AWAIT(abi_state(pid) == 'S' && of_task(pid, "se.sum_exec_runtime") > 0);
    return pid;
}

static void wake_sleeper(pid_t pid)
{
    AWAIT(abi_state(pid) == 'S');
    EQ(write(to_sleeper, "x", 1), 1);
    AWAIT(abi_state(pid) == 'S');
}

/* Wakes it until the count is so high. A sleeper that sees what is written before it sleeps is not woken: that may take some more. */
static void wake_until(pid_t pid, const char *count, double least)
{
    for (int i = 0; of_task(pid, count) < least; i++) {
        CHECK(i < 200);
        wake_sleeper(pid);
    }
}

TEST(write, pipe_wakeups_are_local_and_synchronous)
{
    set_schedstats("1");
    stay_on_cpu(0);
    pid_t pid = pipe_sleeper(0);
    double local = of_task(pid, "nr_wakeups_local"), sync = of_task(pid, "nr_wakeups_sync"), remote = of_task(pid, "nr_wakeups_remote");
    wake_until(pid, "nr_wakeups_local", local + 20);
    wake_until(pid, "nr_wakeups_sync", sync + 20);
    EQ(of_task(pid, "nr_wakeups_remote"), remote);
    end(pid);
}

TEST(write, pipe_wakeups_on_another_CPU_are_remote)
{
    if (!has_cpus(2)) {
        return;
    }
    set_schedstats("1");
    stay_on_cpu(0);
    pid_t pid = pipe_sleeper(1);
    double local = of_task(pid, "nr_wakeups_local"), remote = of_task(pid, "nr_wakeups_remote"), moved = of_task(pid, "nr_wakeups_migrate");
    wake_until(pid, "nr_wakeups_remote", remote + 20);
    EQ(of_task(pid, "nr_wakeups_local"), local);
    EQ(of_task(pid, "nr_wakeups_migrate"), moved);
    for (int i = 0; of_task(pid, "nr_wakeups_migrate") < moved + 10; i++) {
        CHECK(i < 100);
        put_on_cpu(pid, i % 2);
        wake_sleeper(pid);
    }
    end(pid);
}

/* ---- run queues ---- */

static void set_rt_runtime(const char *us)
{
    int fd = open("/proc/sys/kernel/sched_rt_runtime_us", O_WRONLY);
    CHECK(fd >= 0);
    EQ(write(fd, us, strlen(us)), strlen(us));
    close(fd);
}

/* A real-time task on CPU 0, seen from CPU 1; a fair one waits behind it. */
TEST(read, sched_debug_of_a_FIFO_hog)
{
    if (!has_cpus(2)) {
        return;
    }
    stay_on_cpu(0);
    pid_t fair = hog(), pid = hog();
    stay_on_cpu(1);
    EQ(of_queue("rt_rq[0]:", "rt_nr_running"), 0);
    set_class(pid, 1, 50);
    AWAIT(of_queue("rt_rq[0]:", "rt_nr_running") == 1);
    AWAIT(of_queue("cpu#0", "curr->pid") == pid);
    AWAIT(of_queue("rt_rq[0]:", "rt_time") > 50);
    end(pid);
    AWAIT(of_queue("rt_rq[0]:", "rt_nr_running") == 0);
    AWAIT(of_queue("cpu#0", "curr->pid") == fair);
    end(fair);
}

TEST(read, sched_debug_of_a_throttled_queue)
{
    if (!has_cpus(2)) {
        return;
    }
    stay_on_cpu(0);
    pid_t fair = hog(), pid = hog();
    stay_on_cpu(1);
    set_rt_runtime("300000");
    EQ(of_queue("rt_rq[0]:", "rt_runtime"), 300);
    EQ(of_queue("rt_rq[0]:", "rt_throttled"), 0);
    set_class(pid, 1, 50);
    AWAIT(of_queue("rt_rq[0]:", "rt_throttled") == 1 && of_queue("cpu#0", "curr->pid") == fair);
    end(pid);
    AWAIT(of_queue("rt_rq[0]:", "rt_throttled") == 0);
    set_rt_runtime("950000");
    end(fair);
}

/* Two more than are there without them: whoever looks is one of these where there is one CPU only. */
TEST(read, sched_debug_counts_the_fair_tasks_of_a_queue)
{
    int there = !has_cpus(2);
    stay_on_cpu(!there);
    AWAIT(of_queue("cfs_rq[0]:", "nr_running") == there);
    pid_t pid = hog(), other = hog();
    put_on_cpu(pid, 0);
    put_on_cpu(other, 0);
    AWAIT(of_queue("cfs_rq[0]:", "nr_running") == there + 2);
    kill(pid, SIGSTOP);
    AWAIT(of_queue("cfs_rq[0]:", "nr_running") == there + 1);
    set_class(other, 1, 5); /* no fair task any more */
    AWAIT(of_queue("cfs_rq[0]:", "nr_running") == there);
    set_class(other, 0, 0);
    AWAIT(of_queue("cfs_rq[0]:", "nr_running") == there + 1);
    end(pid);
    end(other);
    AWAIT(of_queue("cfs_rq[0]:", "nr_running") == there);
}

static double deadline_tasks(void)
{
    double sum = 0;
    for (const char *at = debug_text(); (at = strstr(at, ".dl_nr_running")); at++) {
        sum += strtod(strchr(at, ':') + 1, NULL);
    }
    return sum;
}

TEST(sched_setattr, deadline_task_counts_in_its_queue)
{
    struct attr half = {48, 6, 0, 0, 0, 50 * MS, 100 * MS, 100 * MS};
    double before = of_queue("dl_rq[0]:", "dl_bw->total_bw");
    EQ(deadline_tasks(), 0);
    pid_t pid = hog();
    EQ(syscall(SYS_sched_setattr, pid, &half, 0), 0);
    EQ(of_queue("dl_rq[0]:", "dl_bw->total_bw") - before, 1 << 19);
    if (has_cpus(2)) { /* on one, it has run out of its budget whenever this task runs */
        AWAIT(deadline_tasks() == 1);
    }
    end(pid);
    AWAIT(deadline_tasks() == 0);
    AWAIT(of_queue("dl_rq[0]:", "dl_bw->total_bw") == before);
}

static unsigned long times_idle(void)
{
    unsigned long n;
    const char *line = strstr(text_of("/proc/schedstat"), "\ncpu0 ");
    CHECK(line);
    EQ(sscanf(line, "\ncpu0 %*u %*u %*u %lu", &n), 1);
    return n;
}

TEST(read, schedstat_counts_how_often_a_CPU_went_idle)
{
    set_schedstats("1");
    stay_on_cpu(0);
    unsigned long before = times_idle();
    nap(20);
    unsigned long after = times_idle();
    CHECK(after >= before + 15);
    pid_t pid = hog();
    AWAIT(of_task(pid, "se.sum_exec_runtime") > 1);
    before = times_idle();
    nap(20);
    EQ(times_idle(), before); /* somebody always computes */
    end(pid);
}
