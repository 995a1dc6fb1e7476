/* sched_torture_rest.h: the run queues once all that the torture made has ended: /proc/sched_debug's sums over all CPUs, and the running of /proc/loadavg,
 * are those of a machine on which only this process runs, and it is real-time. What ends later (a kernel thread that still works, a child that init
 * reaps) has REST_S. Not looked at: running_bw, to which a dead deadline task belongs until its 0-lag time. A budget of a five-hundredth pays for what it
 * ran too long, such as while the host ran others, in five hundred times as long: running_bw was 0 after 1, 12 and 122 s. */
#pragma once
#include "tests/guest/sched_torture.h"

#define REST_S 10

/* What is summed: a line of a section, and what it must come to; a section's first line begins with its name. */
enum sum { RUNNING, UNINTERRUPTIBLE, FAIR_RUNNING, FAIR_LOAD, RT_RUNNING, DL_RUNNING, DL_THIS_BW, DL_TOTAL_BW, LOADAVG_RUNNING, SUMS };
static const struct {
    const char *section, *line;
    long long at_rest;
} sums[SUMS] = {{"cpu#", "nr_running", 1},        {"cpu#", "nr_uninterruptible", 0}, {"cfs_rq[", "nr_running", 0},
                {"cfs_rq[", "load", 0},           {"rt_rq[", "rt_nr_running", 1},    {"dl_rq[", "dl_nr_running", 0},
                {"dl_rq[", "this_bw", 0},         {"dl_rq[", "dl_bw->total_bw", 0},  {"loadavg", "running", 1}};

static int section_begins(const char *text, const char *section)
{
    return strncmp(text, section, strlen(section)) == 0;
}

static void add_line(const char *section, const char *line, long long n, long long found[SUMS])
{
    for (int i = 0; i < SUMS; i++) {
        if (section_begins(section, sums[i].section) && !strcmp(line, sums[i].line)) {
            found[i] += n;
        }
    }
}

/* The CPUs that /proc/sched_debug shows. */
static int read_queues(long long found[SUMS])
{
    char text[256], section[256] = "", line[64];
    long long n;
    int shown = 0;
    FILE *f = fopen("/proc/sched_debug", "r");
    while (f && fgets(text, sizeof text, f)) {
        if (sscanf(text, " .%63[^ :] : %lld", line, &n) == 2) {
            add_line(section, line, n, found);
        } else if (*text != '\n') {
            memcpy(section, text, sizeof section);
            shown += section_begins(section, "cpu#");
        }
    }
    if (f) {
        fclose(f);
    }
    return shown;
}

static int read_loadavg(long long *running)
{
    FILE *f = fopen("/proc/loadavg", "r");
    int ok = f && fscanf(f, "%*s %*s %*s %lld/", running) == 1;
    if (f) {
        fclose(f);
    }
    return ok;
}

/* How many of the sums are not those of rest. */
static int sums_wrong(long long found[SUMS])
{
    int wrong = 0;
    memset(found, 0, SUMS * sizeof *found);
    if (read_queues(found) != cpus || !read_loadavg(&found[LOADAVG_RUNNING])) {
        fault(CALL_FAILED);
    }
    for (int i = 0; i < SUMS; i++) {
        wrong += found[i] != sums[i].at_rest;
    }
    return wrong;
}

/* One that computes, or one that waits for its vfork's child, which it takes along when it is killed. */
static pid_t stay_behind(void)
{
    pid_t pid = fork();
    if (pid == 0 && broken == SLEEPER && vfork() == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        for (;;) {
            pause();
        }
    }
    while (pid == 0) {
    }
    return pid;
}

static uint64_t queues_not_at_rest(void)
{
    long long found[SUMS];
    int wrong, breaks = broken == CROWD || broken == SLEEPER;
    pid_t left = breaks ? stay_behind() : 0;
    uint64_t end = clock_ns(CLOCK_MONOTONIC) + (breaks ? 1 : REST_S) * SECOND_NS;
    while ((wrong = sums_wrong(found)) && clock_ns(CLOCK_MONOTONIC) < end) {
        nap_us(10000);
    }
    for (int i = 0; i < SUMS && !broken; i++) {
        if (found[i] != sums[i].at_rest) {
            printf("stress: sched_torture: at rest %s %s of all CPUs is %lld, not %lld\n", sums[i].section, sums[i].line, found[i], sums[i].at_rest);
        }
    }
    if (left) {
        kill(left, SIGKILL);
        waitpid(left, NULL, 0);
    }
    return (uint64_t)wrong;
}
