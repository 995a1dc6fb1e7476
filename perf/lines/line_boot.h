// Boots a kernel with the lines plugin and returns one window for each workload asked.
#pragma once
#include "perf/lines/line_intake.h"
#include "perf/view/dry_boots.h"
#include "perf/view/progress.h"

struct line_arm {
    const struct kernel_image *kernel;
    const struct vm_topology *topology;
    const char *qemu, *initrd, *plugin;
    char **qemu_version; // set by the first boot, the caller's; or NULL
    const char *log; // absolute path for every access (large), or NULL
    struct progress *progress; // a unit a job
    struct dry_boots *dry; // the boots are added there and not made; or NULL
};

// As many boots as the jobs need. 0, or an exit code after saying why the boots failed; jobs that
// got their windows before keep them.
int line_boot(const struct line_arm *arm, struct line_job *job, size_t jobs);
