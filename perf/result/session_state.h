// What a session knows while it runs; shared by run_session.c, which fills it, and run_document.c,
// which writes it down.
#pragma once
#include "perf/result/run_session.h"
#include "perf/view/progress.h"

#define FAILED_BOOTS_MAX 5 // of one kernel in one round; then its other rows are given up

// Rows of a kernel's round that one boot measures beside the others.
struct boot_share {
    int kernel;
    bool *left_out; // of the plan's steps, those that are not measured
    int shown;      // boots of the round before its own, as one counts them
    json_t *before; // the round as it was when the share began, or NULL
};

struct session {
    struct run_options *o;
    struct run_plan plan;
    struct str_list rows;
    struct progress progress;
    char guest_id[16];
    int order[RUN_KERNELS_MAX]; // of the kernels in the current block
    char *dir;
    double slowness;
    json_t *boots;
    json_t *samples[RUN_KERNELS_MAX]; // of whole rounds: object row -> array of samples
    json_t *begun[RUN_KERNELS_MAX];   // the round that is not whole (begun_round.h), or NULL
    json_t *argv[RUN_KERNELS_MAX];
    struct str_list argv_list[RUN_KERNELS_MAX];
    char *qemu_version;
    json_t *inputs; // hashes of what the run is made of, taken before its first boot (run_partial.h)
    int boot_number; // of the next whole round's first boot
    int rounds; // of one kernel each, that are whole
    const struct boot_share *share; // what this process measures of a round (side_by_side.h); NULL: all of it
    int saved_rounds, saved_boots; // what the last partial.json that could be written holds: rounds, and boots of those that are begun
    struct str_list renames; // pairs of paths: files of whole rounds that could get no second name (begun_round.h)
    int lock;   // descriptor of the folder while it is measured into, or -1
    bool guest_failed;
    int end; // exit code that ends the session, or 0
    char *end_why; // of a process that measures a share: why, where whoever started it says so; or NULL
};

// DIR/boot-NNN-KERNEL.WHAT; the caller frees it.
static inline char *session_boot_path(const struct session *s, int number, const char *kernel, const char *what)
{
    return x_printf("%s/boot-%03d-%s.%s", s->dir, number, kernel, what);
}

// The finished run, schema RUN_SCHEMA: identity, boots, rows. A new reference.
json_t *run_document(struct session *s, const char *id);
