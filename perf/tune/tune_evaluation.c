// Ratios of a trial to the default that ran beside it, and how sure they are.
#include "perf/tune/tune_evaluation.h"

#include "perf/result/comparison.h"
#include "perf/result/verdict.h"
#include "perf/stats/rank_tests.h"
#include "perf/stats/resample.h"
#include "perf/util/json_get.h"
#include "perf/util/text_buf.h"

#include <math.h>
#include <string.h>

#define BOOTS_MAX 1000

// Of all objectives together, as logarithms: their mean ratio boot by boot, and how far it may lie off.
struct means {
    double ratio[BOOTS_MAX], noise;
    size_t boots;
};

static json_t *find_row(json_t *run, const struct tune_objective *o, const char *kernel)
{
    json_t *row;
    size_t i;
    json_array_foreach (json_object_get(run, "rows"), i, row)
        if (!strcmp(text_of(row, "workload"), o->workload) && !strcmp(text_of(row, "metric"), o->metric) &&
            !strcmp(text_of(row, "kernel"), kernel))
            return row;
    return NULL;
}

static double sample(json_t *row, size_t i)
{
    return number_of(json_array_get(json_object_get(row, "samples"), i), "value");
}

// How far an exact figure must move to have moved. Counts say what they differ from themselves by; a figure that a workload measures
// itself is taken once, and has the floor that a comparison has for its metric.
static double own_noise(json_t *a, json_t *b, const char *metric)
{
    struct verdict_policy p;
    double noise = verdict_spread_noise(row_own_spread(a), row_own_spread(b));
    if (!strcmp(metric, "instructions"))
        return noise;
    verdict_policy_read(&p);
    noise = fmax(noise, verdict_floor(&p, metric));
    verdict_policy_free(&p);
    return noise;
}

// The farther of the two ends of 1 - noise and 1 + noise: what holds for it holds for both.
static double log_noise(double noise)
{
    return noise < 1 ? -log(1 - noise) : INFINITY;
}

static char *no_number(const struct tune_objective *o, const char *kernel, json_t *row)
{
    const char *reason = !row ? "the run has no such row" : json_object_get(row, "value") ? "of a 0 there is no ratio" : text_of(row, "reason");
    return x_printf("%s %s of %s: %s", o->workload, o->metric, kernel, reason);
}

static bool add_objective(const struct tune_space *space, json_t *run, const char *arm, int o, struct means *m, double *ratio, char **why)
{
    json_t *a = find_row(run, &space->objective[o], space->kernel), *b = find_row(run, &space->objective[o], arm);
    bool has_a = number_of(a, "value") > 0, has_b = number_of(b, "value") > 0; // of a 0 (misses) there is no ratio
    if (!has_a || !has_b) {
        *why = no_number(&space->objective[o], has_a ? arm : space->kernel, has_a ? b : a);
        return false;
    }
    size_t n = json_array_size(json_object_get(a, "samples"));
    *ratio = number_of(b, "value") / number_of(a, "value");
    m->boots = n < BOOTS_MAX ? n : BOOTS_MAX;
    m->noise += log_noise(own_noise(a, b, space->objective[o].metric)) / space->objectives;
    for (size_t i = 0; i < m->boots; i++)
        m->ratio[i] += log(sample(b, i) / sample(a, i)) / space->objectives;
    return m->boots > 0;
}

static void judge_counts(const struct means *m, struct tune_evaluation *e)
{
    e->p = fabs(m->ratio[0]) > m->noise ? 0 : 1;
    e->low = exp(m->ratio[0] - m->noise);
    e->high = exp(m->ratio[0] + m->noise);
}

static void judge_times(const struct means *m, struct tune_evaluation *e)
{
    e->p = stats_wilcoxon(m->ratio, m->boots);
    e->low = 0;
    e->high = INFINITY;
    if (m->boots < 2)
        return;
    stats_bootstrap95(m->ratio, m->boots, STATS_DRAWS, 1, &e->low, &e->high);
    e->low = exp(e->low);
    e->high = exp(e->high);
}

bool tune_evaluate(const struct tune_space *space, json_t *run, const char *arm, bool exact, struct tune_evaluation *out, char **why)
{
    struct means m = {0};
    *why = NULL;
    if (!exact && json_is_false(json_object_get(run, "same_clocksource"))) {
        *why = x_strdup("the default and the trial used different clock sources; such times are not compared");
        return false;
    }
    for (int o = 0; o < space->objectives; o++)
        if (!add_objective(space, run, arm, o, &m, &out->ratio[o], why))
            return false;
    if (exact)
        judge_counts(&m, out);
    else
        judge_times(&m, out);
    return true;
}

int tune_least_boots(int held)
{
    double all_better[64];
    int n = 0;
    do
        all_better[n] = -1 - n;
    while (held * stats_wilcoxon(all_better, ++n) >= TUNE_ALPHA);
    return n;
}
