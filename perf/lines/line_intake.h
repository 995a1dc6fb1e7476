// What one boot gives to its jobs: the guest's records, in their order, and the plugin's windows.
#pragma once
#include "perf/lines/line_file.h"

#include <stddef.h>

struct line_job {
    char *spec; // WORKLOAD:ITERS[:cpus=A,B]
    // filled by a boot:
    struct line_window window; // closed when there is a number
    double ops;
    char *fault; // why there is no number, or NULL
};

struct line_intake {
    struct line_job *job;
    size_t jobs, ended; // ended: how many exit records came
};

void line_intake_record(struct line_intake *in, json_t *record);
// After the boot: a job has a window when its workload said how many operations it did and ended well, and the file's window is closed; else a
// fault. Windows that are taken are no longer the file's.
void line_intake_windows(struct line_intake *in, struct line_file *f);
void line_jobs_free(struct line_job *job, size_t jobs);
