// What a run asks of the guest: which workloads, how many iterations, on which CPUs.
// In the det tier a row runs a warm-up with N and then DET_REPEATS times N and 2N (the slope is between
// those, how far they differ is its noise); once where the workload measures values of its own. In the wall-clock tiers it runs twice, warm-up with N/4 and then N with
// laps, and before and after all of them stands the canary. A two-party workload has one row for each
// placement that the topology has.
#pragma once
#include "perf/vm/vm_spec.h"

#include <string.h>

#define CANARY     "canary"     // the same arithmetic on every kernel: how steady the host is
#define COPIES     "copies/" // before a workload's name: it runs on every CPU at once
#define CANARY_END "canary@end" // again, after everything else

static inline bool row_is_canary(const char *row)
{
    return !strcmp(row, CANARY) || !strcmp(row, CANARY_END);
}

#define DET_REPEATS 3

enum step_kind { STEP_WARM, STEP_N, STEP_2N };

// What a positive control adds to each iteration; 0: nothing. `every` above 1: to each so many-th, instructions only.
struct plan_pad {
    long instructions, ns, every;
};

struct plan_step {
    char *row; // the row's name: the workload, with "@cross-cpu" or "@cross-node" where parties are
               // apart
    char *workload; // WORKLOAD[/VARIANT] as the guest knows it
    long iters;
    int cpu[2]; // cpu[0] < 0: no pinning asked
    enum step_kind kind;
    bool laps; // each iteration is timed
    struct plan_pad pad, control; // of every arm; of the second arms of --aa besides
};

struct run_plan {
    struct plan_step *step;
    size_t count;
};

// Suite or workload names -> plan. A workload that wants more CPUs than there are is left out. Unknown
// name, or nothing left: false, and *why says what and where the list is.
bool run_plan_make(struct run_plan *p, const struct str_list *names, enum tier tier,
                   const struct vm_topology *topology, double scale, char **why);
// What --control asks for: the second arms of --aa do n more in each iteration of the workload, or in each every-th.
struct plan_control {
    const char *workload; // NULL: nothing was asked for
    long n, every;        // every 0: each
};
// n are instructions (odd, above 2) in the det tier, else nanoseconds of each iteration. False and *why when the plan has no such
// workload or the number cannot be.
bool run_plan_control(struct run_plan *p, enum tier tier, const struct plan_control *c, char **why);
void run_plan_free(struct run_plan *p);
// skip[]: all but the first step of that kind of each row.
void run_plan_first(const struct run_plan *p, enum step_kind kind, bool *skip);
// "bench RUNID SPEC..." (a row's SPECs joined by "+" in one word, those that differ in their iterations alone by ",") for the
// steps that are not in skip (one flag a step, or NULL); `second`: with what run_plan_control set.
char *run_plan_guest_args(const struct run_plan *p, const char *run_id, const bool *skip, bool second);
// Rows of a boot beside the canary, of which each boot of the plan has one before and one after them; at least 1.
int run_plan_room(const struct run_plan *p, int rows_per_boot);
// Boots of one kernel that have every row once.
int run_plan_boots(const struct run_plan *p, int rows_per_boot);
// Steps of so many boots that have every row once, and the canary each.
size_t run_plan_steps(const struct run_plan *p, int boots);
// The names of the rows, each once, in order.
void run_plan_rows(const struct run_plan *p, struct str_list *rows);
