// Points from rows, fits from points. In the det tier a throughput is operations in 10^9 instructions of each CPU: what
// the CPUs could do if none ever waited; in the others it is operations a second. Every CPU has one process that never thinks, so the mean
// latency is the number of CPUs by the throughput (Little 1961).
#include "perf/scale/scale_table.h"

#include "perf/result/run_plan.h"
#include "perf/stats/usl.h"
#include "perf/util/json_get.h"
#include "perf/util/text_buf.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define POINTS_MAX 64
#define DRAWS      2000
#define CURVE      25

static bool is_cost(json_t *row)
{
    const char *metric = text_of(row, "metric");
    return !strncmp(text_of(row, "workload"), COPIES, strlen(COPIES)) &&
           (!strcmp(metric, "instructions") || !strcmp(metric, "mean_ns"));
}

static void add_point(json_t *points, json_t *run, json_t *row)
{
    int cpus = json_integer_value(json_object_get(json_object_get(run, "topology"), "cpus"));
    bool det = !strcmp(text_of(run, "tier"), "det");
    double value = number_of(row, "value");
    json_t *p = json_pack("{s:s,s:s,s:i,s:s}", "workload", text_of(row, "workload") + strlen(COPIES), "kernel",
                          text_of(row, "kernel"), "cpus", cpus, "run", text_of(run, "id"));
    if (value > 0) {
        json_object_set_new(p, "value", json_real(value));
        json_object_set(p, "unit", json_object_get(row, "unit"));
        json_object_set_new(p, "throughput", json_real(1e9 / value * (det ? cpus : 1)));
        json_object_set_new(p, "latency", json_real(value * (det ? 1 : cpus)));
    } else {
        json_object_set(p, "status", json_object_get(row, "status"));
        json_object_set(p, "reason", json_object_get(row, "reason"));
    }
    json_array_append_new(points, p);
}

void scale_add_run(json_t *document, json_t *run)
{
    json_t *points = json_object_get(document, "points"), *row;
    size_t i;
    if (!points)
        json_object_set_new(document, "points", points = json_array());
    json_array_foreach (json_object_get(run, "rows"), i, row)
        if (is_cost(row))
            add_point(points, run, row);
}

static bool same_curve(json_t *a, json_t *b)
{
    return !strcmp(text_of(a, "workload"), text_of(b, "workload")) &&
           !strcmp(text_of(a, "kernel"), text_of(b, "kernel"));
}

// The points of a curve that have a number, by their order.
static size_t curve(json_t *points, json_t *like, json_t *out[POINTS_MAX])
{
    json_t *p;
    size_t i, n = 0;
    json_array_foreach (points, i, p)
        if (n < POINTS_MAX && same_curve(p, like) && json_object_get(p, "throughput"))
            out[n++] = p;
    return n;
}

static void add_efficiency(json_t *of[POINTS_MAX], size_t n)
{
    json_t *first = of[0];
    for (size_t i = 1; i < n; i++)
        if (number_of(of[i], "cpus") < number_of(first, "cpus"))
            first = of[i];
    double each = number_of(first, "throughput") / number_of(first, "cpus");
    for (size_t i = 0; i < n; i++)
        json_object_set_new(of[i], "efficiency",
                            json_real(number_of(of[i], "throughput") / number_of(of[i], "cpus") / each));
}

static json_t *or_null(double v)
{
    return isfinite(v) ? json_real(v) : json_null();
}

// The law between the fewest and the most CPUs: [CPUs, throughput, its 95 % band].
static json_t *law_curve(const struct usl *u, const struct usl *drawn, size_t draws, const double *cpus, size_t n)
{
    double least = cpus[0], most = cpus[0], low, high;
    json_t *out = json_array();
    for (size_t i = 1; i < n; i++) {
        least = fmin(least, cpus[i]);
        most = fmax(most, cpus[i]);
    }
    for (int i = 0; i < CURVE; i++) {
        double at = least + (most - least) * i / (CURVE - 1);
        usl_throughput_band(drawn, draws, at, &low, &high);
        json_array_append_new(out, json_pack("[f,f,o,o]", at, usl_throughput(u, at), or_null(low), or_null(high)));
    }
    return out;
}

static json_t *fit(json_t *of[POINTS_MAX], size_t n, uint64_t seed)
{
    double cpus[POINTS_MAX], throughput[POINTS_MAX], low, high;
    struct usl u;
    for (size_t i = 0; i < n; i++) {
        cpus[i] = number_of(of[i], "cpus");
        throughput[i] = number_of(of[i], "throughput");
    }
    json_t *f = json_pack("{s:s,s:s}", "workload", text_of(of[0], "workload"), "kernel", text_of(of[0], "kernel"));
    if (!usl_fit(&u, cpus, throughput, n)) {
        json_object_set_new(f, "reason", json_string("three numbers of CPUs at least, and a law that grows"));
        return f;
    }
    struct usl *drawn = x_alloc(DRAWS * sizeof(*drawn));
    size_t draws = usl_draws(&u, cpus, throughput, n, DRAWS, seed, drawn);
    usl_knee_band(drawn, draws, &low, &high);
    json_object_set_new(f, "curve", law_curve(&u, drawn, draws, cpus, n));
    free(drawn);
    json_object_set_new(f, "lambda", json_real(u.lambda));
    json_object_set_new(f, "sigma", json_real(u.sigma));
    json_object_set_new(f, "kappa", json_real(u.kappa));
    json_object_set_new(f, "knee", or_null(u.knee));
    json_object_set_new(f, "knee_low", or_null(low));
    json_object_set_new(f, "knee_high", or_null(high));
    if (!draws)
        json_object_set_new(f, "no_band", json_string("as many coefficients as sizes"));
    return f;
}

void scale_finish(json_t *document, uint64_t seed)
{
    json_t *points = json_object_get(document, "points"), *fits = json_array(), *p, *of[POINTS_MAX], *f;
    size_t i, k;
    json_array_foreach (points, i, p) {
        bool seen = false;
        json_array_foreach (fits, k, f)
            seen |= same_curve(f, p);
        size_t n = seen ? 0 : curve(points, p, of);
        if (!n)
            continue;
        add_efficiency(of, n);
        json_array_append_new(fits, fit(of, n, seed));
    }
    json_object_set_new(document, "fits", fits);
}
