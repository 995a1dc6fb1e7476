// The rules of the gate. A row without a number never passes.
#include "perf/gate/gate.h"

#include "perf/gate/baseline.h"
#include "perf/result/comparison.h"
#include "perf/result/verdict.h"
#include "perf/store/run_likeness.h"
#include "perf/util/json_get.h"
#include "perf/util/project.h"
#include "perf/util/text_buf.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct gate_policy {
    json_t *floors;
    double drift;
};

static void read_policy(struct gate_policy *p)
{
    json_t *doc = project_config("policy"), *g = json_object_get(doc, "gate");
    p->floors = json_incref(json_object_get(g, "floors"));
    p->drift = json_number_value(json_object_get(g, "drift"));
    json_decref(doc);
}

static double floor_of(const struct gate_policy *p, const char *metric)
{
    json_t *own = json_object_get(p->floors, metric);
    return json_number_value(own ? own : json_object_get(p->floors, "other"));
}

bool gate_row_fails(json_t *row)
{
    static const char *const bad[] = {"failed", "unsupported", "missing", "regressed", "drifted"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        if (!strcmp(text_of(row, "verdict"), bad[i]))
            return true;
    return false;
}

static json_t *gate_row(json_t *from, const char *kernel)
{
    return json_pack("{s:s,s:s,s:s,s:n,s:n,s:n,s:n,s:n,s:n,s:n,s:s}", "workload",
                     text_of(from, "workload"), "metric", text_of(from, "metric"), "kernel", kernel,
                     "a", "b", "ratio", "best", "floor", "noise", "verdict", "reason", "");
}

static void settle(json_t *row, const char *verdict, char *reason)
{
    json_object_set_new(row, "verdict", json_string(verdict));
    if (reason)
        json_object_set_new(row, "reason", json_string(reason));
    free(reason);
}

// noise: how far the row differs from itself in the run, as a share; a baseline keeps none.
static void judge(json_t *out, json_t *accepted, double value, double noise, const struct gate_policy *p)
{
    double a = baseline_newest(accepted), best = baseline_best(accepted);
    double floor = floor_of(p, text_of(out, "metric"));
    json_object_set_new(out, "a", json_real(a));
    json_object_set_new(out, "b", json_real(value));
    json_object_set_new(out, "ratio", json_real(value / a));
    json_object_set_new(out, "best", json_real(best));
    json_object_set_new(out, "floor", json_real(floor));
    json_object_set_new(out, "noise", json_real(noise));
    const char *verdict = verdict_of_count(value / a, floor, noise);
    if (strcmp(verdict, "regressed") && value > best * (1 + fmax(p->drift, noise)))
        settle(out, "drifted", x_printf("%.1f %% above the best of the last %zu accepted",
                                        100 * (value / best - 1),
                                        json_array_size(json_object_get(accepted, "accepted"))));
    else
        settle(out, verdict, strcmp(verdict, "inconclusive") ? NULL : x_printf("it differs from itself by up to %.1f %%", 100 * noise));
}

// A drift that was accepted is said with each run that passes.
static void say_accepted_drift(json_t *out, json_t *accepted)
{
    char *drift = baseline_accepted_drift(accepted);
    if (drift && !gate_row_fails(out))
        settle(out, text_of(out, "verdict"), x_printf("%s%s%s", text_of(out, "reason"), *text_of(out, "reason") ? "; " : "", drift));
    free(drift);
}

static json_t *judge_row(json_t *row, json_t *accepted, const char *kernel,
                         const struct gate_policy *p)
{
    json_t *out = gate_row(row, kernel), *value = json_object_get(row, "value");
    if (!value) {
        settle(out, text_of(row, "status"), x_strdup(text_of(row, "reason")));
    } else if (!accepted) {
        json_object_set(out, "b", value);
        settle(out, "new", x_strdup("nothing was accepted before"));
    } else {
        judge(out, accepted, json_number_value(value), verdict_spread_noise(row_own_spread(row), 0), p);
        say_accepted_drift(out, accepted);
    }
    return out;
}

static json_t *run_row(json_t *run, json_t *like, const char *kernel)
{
    json_t *row;
    size_t i;
    json_array_foreach (json_object_get(run, "rows"), i, row)
        if (!strcmp(text_of(row, "workload"), text_of(like, "workload")) &&
            !strcmp(text_of(row, "metric"), text_of(like, "metric")) &&
            !strcmp(text_of(row, "kernel"), kernel))
            return row;
    return NULL;
}

static json_t *failing_first(json_t *rows)
{
    json_t *sorted = json_array(), *row;
    size_t i;
    for (int pass = 0; pass < 2; pass++)
        json_array_foreach (rows, i, row)
            if (gate_row_fails(row) == !pass)
                json_array_append(sorted, row);
    json_decref(rows);
    return sorted;
}

json_t *gate_against_file(json_t *baseline, json_t *run, const char *kernel)
{
    struct gate_policy p;
    json_t *rows = json_array(), *row;
    size_t i;
    read_policy(&p);
    json_array_foreach (json_object_get(run, "rows"), i, row) {
        json_t *accepted =
            baseline_row(baseline, text_of(row, "workload"), text_of(row, "metric"));
        if (!strcmp(text_of(row, "kernel"), kernel))
            json_array_append_new(rows, judge_row(row, accepted, kernel, &p));
    }
    json_array_foreach (json_object_get(baseline, "rows"), i, row) {
        if (run_row(run, row, kernel))
            continue;
        json_t *out = gate_row(row, kernel);
        json_object_set_new(out, "a", json_real(baseline_newest(row)));
        settle(out, "missing", x_strdup("accepted before, not in this run"));
        json_array_append_new(rows, out);
    }
    json_decref(p.floors);
    return failing_first(rows);
}

static bool other_host(json_t *a, json_t *b)
{
    static const char *const keys[] = {"cpu", "cpus", "governor", "smt", "microcode", "name"};
    json_t *x = json_object_get(json_object_get(a, "identity"), "host");
    json_t *y = json_object_get(json_object_get(b, "identity"), "host");
    for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
        json_t *p = json_object_get(x, keys[i]), *q = json_object_get(y, keys[i]);
        if ((p || q) && !json_equal(p, q))
            return true;
    }
    return false;
}

// What only one of the runs has a number for is no failure of the guest; a row that the run has without a number keeps its verdict.
static void settle_one_sided(json_t *out, json_t *c)
{
    bool accepted = json_is_number(json_object_get(c, "a")), measured = json_is_number(json_object_get(c, "b"));
    if (measured && !accepted)
        settle(out, "new", x_strdup("nothing was accepted before"));
    else if (!*text_of(c, "kernel_b"))
        settle(out, "missing", x_strdup("in the baseline, not in this run"));
}

json_t *gate_against_run(json_t *baseline, json_t *run, char **why)
{
    json_t *rows = json_array(), *compared, *c;
    size_t i;
    bool times = strcmp(text_of(run, "tier"), "det") != 0;
    *why = run_is(baseline, run) ? x_printf("%s is held against itself: name another run as the baseline", text_of(run, "id"))
                                 : run_unlike_why(baseline, run);
    if (!*why && times && other_host(baseline, run))
        *why = x_strdup("the runs are of different hosts: their times are not compared");
    compared = *why ? NULL : compare_runs(baseline, run, why);
    json_array_foreach (compared, i, c) {
        json_t *out = gate_row(c, text_of(c, *text_of(c, "kernel_b") ? "kernel_b" : "kernel_a"));
        static const char *const kept[] = {"a", "b", "ratio", "floor", "noise", "reason", "verdict"};
        for (size_t k = 0; k < sizeof(kept) / sizeof(*kept); k++)
            if (json_object_get(c, kept[k]))
                json_object_set(out, kept[k], json_object_get(c, kept[k]));
        if (*text_of(c, "program_a") && !*text_of(out, "reason"))
            json_object_set_new(out, "reason", json_string("another program than the baseline's"));
        settle_one_sided(out, c);
        json_array_append_new(rows, out);
    }
    json_decref(compared);
    if (!*why)
        return failing_first(rows);
    json_decref(rows);
    return NULL;
}

void gate_summarise(json_t *rows, struct gate_summary *s)
{
    json_t *row;
    size_t i;
    *s = (struct gate_summary){0};
    json_array_foreach (rows, i, row) {
        const char *v = text_of(row, "verdict");
        s->rows++;
        s->failing += gate_row_fails(row);
        s->failed += !strcmp(v, "failed");
        s->inconclusive += !strcmp(v, "inconclusive");
    }
}
