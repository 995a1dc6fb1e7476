// The deadlines of a boot, scaled to the machine.
#include "perf/vm/hang_watch.h"

#include "perf/util/host_file.h"
#include "perf/util/text_buf.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define REFERENCE_SECONDS 0.012 // the loop below where the limits were chosen
#define LOOP_ROUNDS       20000000

double machine_slowness(void)
{
    struct timespec a, b;
    volatile uint32_t sink;
    uint32_t x = 1;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &a);
    for (int i = 0; i < LOOP_ROUNDS; i++)
        x = x * 1664525u + 1013904223u;
    sink = x;
    (void)sink;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &b);
    double s = (b.tv_sec - a.tv_sec) + (b.tv_nsec - a.tv_nsec) * 1e-9;
    double slowness = s / REFERENCE_SECONDS / 5;
    return slowness < 1 ? 1 : slowness > 20 ? 20 : slowness;
}

void hang_watch_start(struct hang_watch *w, int cpus, double slowness, double scale)
{
    double by = slowness * (scale > 1 ? scale : 1);
    *w = (struct hang_watch){
        .cpu_limit = (60 + 3 * cpus) * by,
        .idle_limit = (30 + cpus / 4.0) * by,
        .total_limit = (1200 + 20 * cpus) * by,
    };
}

void hang_watch_progress(struct hang_watch *w, double wall, double cpu)
{
    w->wall_mark = wall;
    w->cpu_mark = cpu;
}

const char *hang_watch_check(const struct hang_watch *w, double wall, double cpu)
{
    double quiet = wall - w->wall_mark, used = cpu - w->cpu_mark;
    bool given = w->wall_limit > 0;
    if (given && quiet > w->wall_limit)
        return "no progress within the deadline given";
    if (!given && used > w->cpu_limit && quiet > w->cpu_limit)
        return "busy without progress";
    if (!given && quiet > w->idle_limit && used < quiet * 0.05)
        return "idle without progress";
    if (fmin(cpu, wall) > w->total_limit + w->wall_limit)
        return "longer than any boot may take";
    return NULL;
}

double process_cpu_seconds(int pid)
{
    char *path = x_printf("/proc/%d/stat", pid), *text = file_read(path, NULL);
    unsigned long user = 0, system = 0;
    char *after = text ? strrchr(text, ')') : NULL;
    bool ok = after && sscanf(after + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu",
                              &user, &system) == 2;
    free(path);
    free(text);
    return ok ? (double)(user + system) / sysconf(_SC_CLK_TCK) : -1;
}
