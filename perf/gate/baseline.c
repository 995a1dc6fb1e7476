// Reads, checks and extends baselines. Never writes a file: the verb does.
#include "perf/gate/baseline.h"

#include "perf/store/run_likeness.h"
#include "perf/util/json_get.h"
#include "perf/util/json_file.h"
#include "perf/util/text_buf.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *qemu_of(json_t *run)
{
    return text_of(json_object_get(json_object_get(run, "identity"), "qemu"), "version");
}

static const char *shape_of(json_t *run)
{
    return text_of(json_object_get(run, "topology"), "name");
}

// 0: one CPU, or turns until the machine's next timer.
static int turn_of(json_t *run)
{
    return (int)number_of(json_object_get(run, "identity"), "turn_ns");
}

// A drift that was accepted has a value and a reason.
static bool sound_since(json_t *row)
{
    json_t *since = json_object_get(row, "since");
    return !since || (number_of(since, "value") > 0 && *text_of(since, "why"));
}

static bool sound_row(json_t *row)
{
    json_t *accepted = json_object_get(row, "accepted"), *v;
    size_t i, n = json_array_size(accepted);
    json_array_foreach (accepted, i, v)
        if (!json_is_number(v) || !(json_number_value(v) > 0))
            return false;
    return n >= 1 && n <= BASELINE_KEPT && *text_of(row, "workload") && *text_of(row, "metric") && sound_since(row);
}

static bool all_texts(json_t *array)
{
    json_t *v;
    size_t i;
    json_array_foreach (array, i, v)
        if (!json_is_string(v))
            return false;
    return json_is_array(array);
}

// How the values were measured: not said at all, or whole. `control` and `rows_per_boot` may be missing, as in a run.
static bool sound_measured(json_t *m)
{
    json_t *rows = json_object_get(m, "rows_per_boot"), *control = json_object_get(m, "control");
    bool control_fits = !control || (*text_of(control, "workload") && number_of(control, "instructions") > 0);
    return !m || (number_of(m, "scale") > 0 && all_texts(json_object_get(m, "settings")) && json_is_string(json_object_get(m, "knobs")) &&
                  (!rows || number_of(m, "rows_per_boot") >= 1) && control_fits);
}

static char *find_fault(json_t *j)
{
    static const char *const words[] = {"tier", "topology", "kernel", "qemu"};
    json_t *row;
    size_t i;
    if (strcmp(text_of(j, "schema"), BASELINE_SCHEMA))
        return x_strdup("no baseline of schema " BASELINE_SCHEMA);
    for (size_t k = 0; k < sizeof(words) / sizeof(*words); k++)
        if (!*text_of(j, words[k]))
            return x_printf("the member \"%s\" is missing", words[k]);
    if (!sound_measured(json_object_get(j, "measured")))
        return x_strdup("\"measured\" wants a scale above 0, settings and knobs; rows_per_boot is at least 1, a control has a workload and instructions");
    if (!json_array_size(json_object_get(j, "rows")))
        return x_strdup("it has no rows");
    json_array_foreach (json_object_get(j, "rows"), i, row)
        if (!sound_row(row))
            return x_printf("row %zu wants workload, metric and 1 to %d accepted values above 0, and in `since` a value and why", i,
                            BASELINE_KEPT);
    return NULL;
}

// The document, checked; it is freed when it is refused.
static json_t *checked(json_t *j, const char *path, const json_error_t *err, char **why)
{
    if (!j) {
        *why = x_printf("%s: line %d: %s", path, err->line, err->text);
        return NULL;
    }
    char *fault = find_fault(j);
    if (!fault)
        return j;
    *why = x_printf("%s: %s", path, fault);
    free(fault);
    json_decref(j);
    return NULL;
}

json_t *baseline_load(const char *path, char **why)
{
    json_error_t err;
    json_t *j = json_file_load(path, JSON_REJECT_DUPLICATES, &err);
    return checked(j, path, &err, why);
}

json_t *baseline_parse(const char *name, const char *text, size_t len, char **why)
{
    json_error_t err;
    json_t *j = json_loadb(text, len, JSON_REJECT_DUPLICATES, &err);
    return checked(j, name, &err, why);
}

bool baseline_is(const char *path)
{
    json_t *j = json_file_load(path, 0, NULL);
    bool yes = !strncmp(text_of(j, "schema"), "cloudbench-baseline/", 20);
    json_decref(j);
    return yes;
}

json_t *baseline_row(json_t *baseline, const char *workload, const char *metric)
{
    json_t *row;
    size_t i;
    json_array_foreach (json_object_get(baseline, "rows"), i, row)
        if (!strcmp(text_of(row, "workload"), workload) && !strcmp(text_of(row, "metric"), metric))
            return row;
    return NULL;
}

double baseline_newest(json_t *row)
{
    json_t *accepted = json_object_get(row, "accepted");
    return json_number_value(json_array_get(accepted, json_array_size(accepted) - 1));
}

// Index of the newest accepted value that is the one since which drift counts; 0 where none is, or it is older than what is kept.
static size_t since(json_t *row)
{
    json_t *accepted = json_object_get(row, "accepted");
    double from = number_of(json_object_get(row, "since"), "value");
    for (size_t i = json_array_size(accepted); i > 0; i--)
        if (json_number_value(json_array_get(accepted, i - 1)) == from)
            return i - 1;
    return 0;
}

double baseline_best(json_t *row)
{
    json_t *accepted = json_object_get(row, "accepted");
    double best = INFINITY;
    for (size_t i = since(row); i < json_array_size(accepted); i++)
        best = fmin(best, json_number_value(json_array_get(accepted, i)));
    return best;
}

char *baseline_accepted_drift(json_t *row)
{
    json_t *accepted = json_object_get(row, "accepted");
    size_t first = since(row);
    double before = INFINITY, best = baseline_best(row);
    for (size_t i = 0; i < first; i++)
        before = fmin(before, json_number_value(json_array_get(accepted, i)));
    if (!(before < best))
        return NULL;
    return x_printf("%.1f %% above %.6g, which was accepted: %s", 100 * (baseline_newest(row) / before - 1), before,
                    text_of(json_object_get(row, "since"), "why"));
}

static bool has_kernel(json_t *run, const char *kernel)
{
    json_t *kernels = json_object_get(json_object_get(run, "identity"), "kernels");
    return json_object_get(kernels, kernel) != NULL;
}

bool baseline_says_how(json_t *baseline)
{
    return json_object_get(baseline, "measured") != NULL;
}

// How the run measured its kernel: what makes runs alike and is not in the baseline's head.
static json_t *measured_as(json_t *run, const char *kernel)
{
    json_t *kernels = json_object_get(json_object_get(run, "identity"), "kernels"), *scale = json_object_get(run, "scale");
    return json_pack("{s:f,s:O*,s:o,s:O*,s:s}", "scale", scale ? json_number_value(scale) : 1, "rows_per_boot", json_object_get(run, "rows_per_boot"),
                     "settings", run_settings_of_measuring(run), "control", json_object_get(run, "control"), "knobs",
                     text_of(json_object_get(kernels, kernel), "knobs"));
}

static void set_or_drop(json_t *run, json_t *measured, const char *member)
{
    json_t *v = json_object_get(measured, member);
    if (v)
        json_object_set(run, member, v);
    else
        json_object_del(run, member);
}

// The baseline as the run that it would be by what it says of itself; the rest is this run's.
static json_t *as_run(json_t *baseline, json_t *run, const char *kernel)
{
    static const char *const members[] = {"scale", "rows_per_boot", "settings", "control"};
    json_t *like = json_copy(run), *measured = json_object_get(baseline, "measured"), *id = json_copy(json_object_get(run, "identity"));
    for (size_t i = 0; measured && i < sizeof(members) / sizeof(*members); i++)
        set_or_drop(like, measured, members[i]);
    if (measured)
        json_object_set_new(id, "kernels", json_pack("{s:{s:O}}", kernel, "knobs", json_object_get(measured, "knobs")));
    json_object_set_new(like, "identity", id);
    json_object_set(like, "rows", json_object_get(baseline, "rows"));
    return like;
}

static char *measured_otherwise(json_t *baseline, json_t *run, const char *kernel)
{
    json_t *like = as_run(baseline, run, kernel), *list = run_unlike(like, run);
    char *words = run_unlike_words(list), *why = words ? x_printf("the baseline and the run are of different %s", words) : NULL;
    free(words);
    json_decref(list);
    json_decref(like);
    return why;
}

char *baseline_misfit(json_t *baseline, json_t *run, const char *kernel)
{
    if (!has_kernel(run, kernel))
        return x_printf("the run has no kernel \"%s\"", kernel);
    if (strcmp(text_of(run, "tier"), "det"))
        return x_printf("a baseline file holds exact counts of the det tier, the run is of %s: for "
                        "times give a run of the same host as the baseline",
                        text_of(run, "tier"));
    if (!baseline)
        return NULL;
    if (strcmp(text_of(baseline, "tier"), text_of(run, "tier")) ||
        strcmp(text_of(baseline, "kernel"), kernel) ||
        strcmp(text_of(baseline, "topology"), shape_of(run)))
        return x_printf("the baseline is of %s, tier %s, topology %s; the run of %s, %s, %s",
                        text_of(baseline, "kernel"), text_of(baseline, "tier"),
                        text_of(baseline, "topology"), kernel, text_of(run, "tier"),
                        shape_of(run));
    if (strcmp(text_of(baseline, "qemu"), qemu_of(run)))
        return x_printf("the baseline was taken on QEMU %s, the run on %s: counts differ by up to "
                        "1 %% between them",
                        text_of(baseline, "qemu"), qemu_of(run));
    if ((int)number_of(baseline, "turn_ns") != turn_of(run))
        return x_printf("the baseline's CPUs ran in turns of %d ns, the run's of %d (0: until the machine's next timer)",
                        (int)number_of(baseline, "turn_ns"), turn_of(run));
    return measured_otherwise(baseline, run, kernel);
}

static void accept_value(json_t *rows, json_t *row)
{
    json_t *old = NULL, *r;
    size_t i;
    json_array_foreach (rows, i, r)
        if (!strcmp(text_of(r, "workload"), text_of(row, "workload")) &&
            !strcmp(text_of(r, "metric"), text_of(row, "metric")))
            old = r;
    if (!old)
        json_array_append_new(rows, old = json_pack("{s:s,s:s,s:[]}", "workload",
                                                    text_of(row, "workload"), "metric",
                                                    text_of(row, "metric"), "accepted"));
    json_t *accepted = json_object_get(old, "accepted");
    if (number_of(row, "iterations") > 0)
        json_object_set(old, "iterations", json_object_get(row, "iterations"));
    json_array_append(accepted, json_object_get(row, "value"));
    while (json_array_size(accepted) > BASELINE_KEPT)
        json_array_remove(accepted, 0);
}

bool baseline_has_room(json_t *row)
{
    return json_number_value(json_object_get(row, "value")) > 0;
}

json_t *baseline_accept(json_t *old, json_t *run, const char *kernel, char **why)
{
    json_t *rows, *row, *j;
    size_t i;
    *why = baseline_misfit(old, run, kernel);
    if (*why)
        return NULL;
    rows = old ? json_deep_copy(json_object_get(old, "rows")) : json_array();
    json_array_foreach (json_object_get(run, "rows"), i, row)
        if (!strcmp(text_of(row, "kernel"), kernel) && baseline_has_room(row))
            accept_value(rows, row);
    j = json_pack("{s:s,s:s,s:s,s:s,s:s,s:o,s:o}", "schema", BASELINE_SCHEMA, "tier",
                  text_of(run, "tier"), "topology", shape_of(run), "kernel", kernel, "qemu",
                  qemu_of(run), "measured", measured_as(run, kernel), "rows", rows);
    if (turn_of(run))
        json_object_set_new(j, "turn_ns", json_integer(turn_of(run)));
    char *fault = find_fault(j);
    if (!fault)
        return j;
    *why = x_printf("nothing to accept: %s", fault);
    free(fault);
    json_decref(j);
    return NULL;
}
