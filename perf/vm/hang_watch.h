// Decides when a guest hangs. Progress is any byte on the console or the result port.
// Busy hang: QEMU used cpu_limit seconds of CPU without progress, so a loaded host does not look
// like a hang. Idle hang: idle_limit seconds of wall time passed without progress while QEMU used
// almost no CPU. Never: total_limit seconds of CPU in one boot, progress or not.
#pragma once

struct hang_watch {
    double cpu_limit, idle_limit, total_limit, wall_limit; // seconds; wall_limit 0: none
    double wall_mark, cpu_mark;                            // when progress was last seen
};

// How much slower this machine is than the one on which the limits were set (at least 1).
double machine_slowness(void);
void hang_watch_start(struct hang_watch *w, int cpus, double slowness);
void hang_watch_progress(struct hang_watch *w, double wall, double cpu);
// NULL while all is well, otherwise what to tell the user (a static text).
const char *hang_watch_check(const struct hang_watch *w, double wall, double cpu);
// CPU seconds that a process has used; -1 when it is gone.
double process_cpu_seconds(int pid);
