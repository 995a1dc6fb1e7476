// Decides when a guest hangs. Progress is any byte on the console or the result port.
// Busy hang: cpu_limit seconds passed without progress, and QEMU used as many of CPU: by the first many CPUs that work at once do not look
// like a hang, by the second a loaded host does not. Idle hang: idle_limit seconds of wall time passed without progress while QEMU used
// almost no CPU. Never: total_limit seconds of both in one boot, progress or not. A wall_limit that was given takes the place of the
// first two, and the total comes after it.
#pragma once

struct hang_watch {
    double cpu_limit, idle_limit, total_limit, wall_limit; // seconds; wall_limit 0: none
    double wall_mark, cpu_mark;                            // when progress was last seen
};

// How much slower this machine is than the one on which the limits were set (at least 1).
double machine_slowness(void);
// scale: how many times its usual iterations the guest has to do; below 1 nothing changes, starting takes as long.
void hang_watch_start(struct hang_watch *w, int cpus, double slowness, double scale);
void hang_watch_progress(struct hang_watch *w, double wall, double cpu);
// NULL while all is well, otherwise what to tell the user (a static text).
const char *hang_watch_check(const struct hang_watch *w, double wall, double cpu);
// CPU seconds that a process has used; -1 when it is gone.
double process_cpu_seconds(int pid);
