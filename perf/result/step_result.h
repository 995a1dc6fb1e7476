// What one boot of one kernel gave: the guest's records matched with the plan, then one sample a
// row.
#pragma once
#include "perf/result/count_file.h"
#include "perf/result/run_plan.h"

struct step_result {
    bool ended; // the exit record came
    json_t *result, *exit, *unsupported;
    bool counted; // insns and counts are valid
    uint64_t insns;
    json_t *counts;
};

struct boot_steps {
    const struct run_plan *plan;
    const bool *skip;         // steps this boot does not run
    struct step_result *step; // one a plan step
    size_t at;                // step that is running; plan->count when all ended
    json_t *boot;             // the boot record, or NULL
    char *fault;              // a record that does not fit the plan
};

void boot_steps_start(struct boot_steps *b, const struct run_plan *plan, const bool *skip);
void boot_steps_record(struct boot_steps *b, json_t *record);
// Give each ended step its outer window. A number of windows that does not fit leaves all
// uncounted.
void boot_steps_counts(struct boot_steps *b, const struct count_file *counts);
void boot_steps_free(struct boot_steps *b);
// The record of the boot's measured step, the last that is no warm-up: b's. NULL with *why, the caller's: a step of the boot, the
// warm-up too, did not come to a good end, or a record does not fit.
json_t *boot_steps_measured(const struct boot_steps *b, char **why);

// The row's sample: {workload, status: "ok"|"failed"|"unsupported", reason?, value, ...}; NULL when
// the row did not run to its end.
json_t *row_sample(const struct boot_steps *b, const char *row, enum tier tier);
