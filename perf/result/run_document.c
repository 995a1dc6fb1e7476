// Makes the run's document: the median of a row's samples, the identity record, the boots.
#include "perf/config/config.h"
#include "perf/result/comparison.h"
#include "perf/result/lap_times.h"
#include "perf/result/run_identity.h"
#include "perf/result/run_store.h"
#include "perf/result/session_state.h"
#include "perf/stats/quantile.h"
#include "perf/util/git_commit.h"
#include "perf/util/project.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

static double median(json_t *samples, const char *member)
{
    size_t n = json_array_size(samples);
    double *v = x_alloc(n * sizeof(*v));
    for (size_t i = 0; i < n; i++)
        v[i] = json_number_value(json_object_get(json_array_get(samples, i), member));
    double m = stats_median(v, n);
    free(v);
    return m;
}

// A sample that is no good, or NULL: one that failed, or that lacks what the row is about.
static json_t *bad_sample(json_t *samples, const char *member)
{
    json_t *sample;
    size_t i;
    json_array_foreach (samples, i, sample)
        if (strcmp(json_string_value(json_object_get(sample, "status")), "ok") ||
            !json_object_get(sample, member))
            return sample;
    return NULL;
}

// Rows but that of the mean hold their own number of each sample, not all the others again.
static json_t *samples_of(json_t *samples, const char *member)
{
    json_t *out = json_array(), *sample;
    size_t i;
    if (!strcmp(member, "value")) {
        json_decref(out);
        return json_incref(samples);
    }
    json_array_foreach (samples, i, sample)
        json_array_append_new(out, json_pack("{s:O,s:O*}", "status",
                                             json_object_get(sample, "status"), "value",
                                             json_object_get(sample, member)));
    return out;
}

// A workload's own values carry their unit in the name. In the det tier time is the virtual clock's: one
// instruction is one nanosecond, idle time passes at once.
static const char *unit_of(enum tier tier, const char *metric)
{
    if (text_ends_with(metric, "_ppm"))
        return "ppm";
    if (text_ends_with(metric, "_count"))
        return "count";
    if (tier != TIER_DET)
        return tier_time_unit(tier);
    return text_ends_with(metric, "_ns") ? "virtual ns" : "instructions/op";
}

// Of the N step: what one operation costs may depend on it.
static long iterations_of(const struct run_plan *p, const char *row)
{
    for (size_t i = 0; i < p->count; i++)
        if (p->step[i].kind == STEP_N && !strcmp(p->step[i].row, row))
            return p->step[i].iters;
    return 0;
}

static json_t *make_row(struct session *s, int kernel, const char *row, const char *metric,
                        const char *member)
{
    json_t *samples = json_object_get(s->samples[kernel], row);
    json_t *bad = bad_sample(samples, member);
    const char *status = bad ? json_string_value(json_object_get(bad, "status")) : "ok";
    bool lacking = bad && !strcmp(status, "ok");
    json_t *r = json_pack("{s:s,s:s,s:s,s:s,s:I,s:s,s:o}", "workload", row, "kernel",
                          s->o->kernel[kernel].name, "metric", metric, "unit",
                          unit_of(s->o->tier.tier, metric), "iterations",
                          (json_int_t)iterations_of(&s->plan, row), "status",
                          lacking ? "failed" : status, "samples", samples_of(samples, member));
    if (lacking)
        json_object_set_new(r, "reason", json_string(json_object_get(bad, "laps_cut") ? "iterations took longer than a lap can say: 2^32 ticks"
                                                                                       : "too few iterations for it, or the workload does not give it"));
    else if (bad)
        json_object_set(r, "reason", json_object_get(bad, "reason"));
    else
        json_object_set_new(r, "value", json_real(median(samples, member)));
    return r;
}

static bool any_has(struct session *s, const char *row, const char *member)
{
    for (int k = 0; k < s->o->kernels; k++) {
        json_t *sample;
        size_t i;
        json_array_foreach (json_object_get(s->samples[k], row), i, sample)
            if (json_object_get(sample, member))
                return true;
    }
    return false;
}

static void add_rows(struct session *s, json_t *rows, const char *row, const char *metric,
                     const char *member)
{
    for (int k = 0; k < s->o->kernels; k++)
        json_array_append_new(rows, make_row(s, k, row, metric, member));
}

// The values that a workload declares (configs/workloads.yaml), or NULL: then its cost is its figure.
static json_t *declared_values(json_t *workloads, const char *row)
{
    char *name = x_strdup(row);
    name[strcspn(name, "@")] = 0;
    json_t *values = json_object_get(json_object_get(workloads, name), "values");
    free(name);
    return values;
}

static void add_value_rows(struct session *s, json_t *rows, const char *row, json_t *values)
{
    json_t *v;
    size_t i;
    json_array_foreach (values, i, v)
        add_rows(s, rows, row, json_string_value(v), json_string_value(v));
}

static json_t *make_rows(struct session *s)
{
    json_t *rows = json_array(), *workloads = project_config("workloads");
    bool det = s->o->tier.tier == TIER_DET;
    for (size_t i = 0; i < s->rows.count; i++) {
        const char *row = s->rows.items[i];
        json_t *values = declared_values(workloads, row);
        if (values) {
            add_value_rows(s, rows, row, values);
            continue;
        }
        add_rows(s, rows, row, det ? "instructions" : "mean_ns", "value");
        for (const struct lap_metric *m = lap_metrics; m->name; m++)
            if (m->row && any_has(s, row, m->name))
                add_rows(s, rows, row, m->name, m->name);
    }
    json_decref(workloads);
    return rows;
}

static json_t *make_identity(struct session *s)
{
    json_t *kernels = json_object(), *argv = json_object(), *diff = json_object();
    json_t *qemu = identity_file(s->o->qemu), *initramfs = identity_file(s->o->initrd);
    if (s->qemu_version)
        json_object_set_new(qemu, "version", json_string(s->qemu_version));
    json_t *files = identity_archive(s->o->initrd);
    json_object_set_new(initramfs, "files", files ? files : json_null());
    for (int k = 0; k < s->o->kernels; k++) {
        const struct kernel_image *image = &s->o->kernel[k];
        json_t *j = identity_file(image->path);
        json_object_set_new(j, "config", image->config ? identity_file(image->config) : json_null());
        json_object_set_new(j, "label", json_string(image->label));
        json_object_set_new(j, "family", json_string(image->family));
        json_object_set_new(j, "version", json_string(image->version));
        json_object_set_new(j, "cmdline", json_string(image->cmdline));
        json_object_set_new(j, "knobs", json_string(image->knobs));
        json_object_set_new(kernels, image->name, j);
        json_object_set(argv, image->name, s->argv[k]);
        if (k)
            json_object_set_new(diff, image->name,
                                vm_argv_diff(&s->argv_list[0], &s->argv_list[k]));
    }
    json_t *id =
        json_pack("{s:o,s:o,s:o,s:o,s:o,s:o}", "qemu", qemu, "initramfs", initramfs, "kernels",
                  kernels, "argv", argv, "argv_diff", diff, "host", identity_host());
    if (s->o->tier.tier == TIER_DET)
        json_object_set_new(id, "plugin", identity_file(s->o->plugin));
    if (s->o->turn_ns)
        json_object_set_new(id, "turn_ns", json_integer(s->o->turn_ns));
    char *commit = git_commit();
    json_object_set_new(id, "commit", commit ? json_string(commit) : json_null());
    free(commit);
    return id;
}

static bool same_clock(struct session *s)
{
    json_t *boot;
    const char *first = NULL;
    size_t i;
    json_array_foreach (s->boots, i, boot) {
        const char *c = boot_clock(boot);
        if (!c)
            continue;
        if (first && strcmp(first, c))
            return false;
        first = c;
    }
    return true;
}

// {"workload": NAME, "instructions" or "ns": N, "every": M} of --control, or NULL.
static json_t *control_json(const struct run_options *o)
{
    const struct plan_control *c = &o->control;
    const char *unit = o->tier.tier == TIER_DET ? "instructions" : "ns";
    return c->workload ? json_pack("{s:s,s:I,s:I}", "workload", c->workload, unit, (json_int_t)c->n, "every", (json_int_t)c->every) : NULL;
}

json_t *run_document(struct session *s, const char *id)
{
    char when[32];
    time_t now = time(NULL);
    struct tm tm;
    json_t *suites = json_array();
    strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &tm));
    for (size_t i = 0; i < s->o->suites.count; i++)
        json_array_append_new(suites, json_string(s->o->suites.items[i]));
    json_t *place = s->o->plan.rule == PLACE_BY_HOST ? NULL : host_plan_json(&s->o->plan);
    return json_pack("{s:s,s:s,s:s,s:s,s:s,s:o,s:o,s:i,s:i,s:f,s:o,s:O,s:o,s:b,s:o,s:I,s:o*,s:o*}", "schema", RUN_SCHEMA,
                     "id", id, "created", when, "tier", tier_name[s->o->tier.tier], "tier_why",
                     s->o->tier.why, "suites", suites, "topology", vm_topology_json(s->o->topology),
                     "boots_per_kernel", s->o->boots, "rows_per_boot", s->o->rows_per_boot, "scale", s->o->scale, "identity",
                     make_identity(s), "boots", s->boots, "rows", make_rows(s), "same_clocksource",
                     same_clock(s), "settings", config_settings(), "seed",
                     (json_int_t)s->o->seed, "placement", place, "control",
                     control_json(s->o));
}
