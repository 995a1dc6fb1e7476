// A step of the plan and a step of the host belong together when both are the n-th of that workload and count.
#include "perf/result/host_counts.h"

#include "perf/stats/quantile.h"
#include "perf/util/json_get.h"

#include <stdlib.h>
#include <string.h>

const char *const host_count_names[] = {"exits",        "halt_exits", "io_exits",  "mmio_exits", "irq_exits",
                                        "instructions", "cycles",     "waited_ns", NULL};

static bool same_work(const struct plan_step *a, const struct plan_step *b)
{
    return !strcmp(a->workload, b->workload) && a->iters == b->iters;
}

// The host's step of the plan's step `at`; it saw those of this boot only.
static json_t *host_step(json_t *host, const struct run_plan *plan, const bool *left_out, size_t at)
{
    json_t *steps = json_object_get(host, "steps"), *s;
    size_t i, before = 0;
    for (i = 0; i < at; i++)
        before += !left_out[i] && same_work(&plan->step[i], &plan->step[at]);
    json_array_foreach (steps, i, s)
        if (!strcmp(text_of(s, "workload"), plan->step[at].workload) && number_of(s, "iters") == plan->step[at].iters &&
            before-- == 0)
            return s;
    return NULL;
}

static json_t *find_count(json_t *step, const char *name)
{
    json_t *v = json_object_get(json_object_get(step, "kvm"), name);
    return v ? v : json_object_get(json_object_get(step, "counters"), name);
}

static json_t *counts_of(json_t *step, double ops)
{
    json_t *out = json_object();
    for (const char *const *n = host_count_names; *n; n++) {
        json_t *v = find_count(step, *n);
        if (v)
            json_object_set_new(out, *n, json_real(json_number_value(v) / ops));
    }
    return out;
}

void host_counts_add(json_t *sample, json_t *host, const struct run_plan *plan, const bool *left_out, const char *row)
{
    double ops = number_of(sample, "ops");
    for (size_t i = 0; i < plan->count && ops > 0; i++)
        if (!strcmp(plan->step[i].row, row) && plan->step[i].kind == STEP_N) {
            json_t *step = host_step(host, plan, left_out, i);
            if (step)
                json_object_set_new(sample, "host", counts_of(step, ops));
        }
}

static bool median_of(json_t *row, const char *name, double *median)
{
    json_t *samples = json_object_get(row, "samples"), *s;
    double *v = x_alloc((json_array_size(samples) + 1) * sizeof(*v));
    size_t i, n = 0;
    json_array_foreach (samples, i, s) {
        json_t *c = json_object_get(json_object_get(s, "host"), name);
        if (c)
            v[n++] = json_number_value(c);
    }
    if (n)
        *median = stats_median(v, n);
    free(v);
    return n;
}

json_t *host_counts_pair(json_t *row_a, json_t *row_b)
{
    json_t *out = json_object();
    double a, b;
    for (const char *const *n = host_count_names; *n; n++)
        if (median_of(row_a, *n, &a) && median_of(row_b, *n, &b))
            json_object_set_new(out, *n, json_pack("[f,f]", a, b));
    return out;
}
