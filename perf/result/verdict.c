// The rules are stated in docs/statistics.md.
#include "perf/result/verdict.h"

#include "perf/stats/rank_tests.h"
#include "perf/stats/resample.h"
#include "perf/util/project.h"
#include "perf/util/text_buf.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define RANK_GUARD 0.05
#define SPREADS    1.5 // of the greater of two rows' own

void verdict_policy_read(struct verdict_policy *p)
{
    json_t *doc = project_config("policy"), *v = json_object_get(doc, "verdict");
    *p = (struct verdict_policy){
        .false_discovery = json_number_value(json_object_get(v, "false_discovery")),
        .minimum_pairs = (int)json_integer_value(json_object_get(v, "minimum_pairs")),
        .seed = (uint64_t)json_integer_value(json_object_get(v, "seed")),
        .floors = json_incref(json_object_get(v, "floors"))};
    json_decref(doc);
}

void verdict_policy_free(struct verdict_policy *p)
{
    json_decref(p->floors);
    *p = (struct verdict_policy){0};
}

double verdict_floor(const struct verdict_policy *p, const char *metric)
{
    json_t *own = json_object_get(p->floors, metric);
    return json_number_value(own ? own : json_object_get(p->floors, "other"));
}

const char *verdict_of_ratio(double ratio, double floor)
{
    return ratio < 1 - floor ? "improved" : ratio > 1 + floor ? "regressed" : "same";
}

const char *verdict_of_count(double ratio, double floor, double noise)
{
    const char *v = verdict_of_ratio(ratio, floor);
    return strcmp(v, "same") && fabs(ratio - 1) <= noise ? "inconclusive" : v;
}

double verdict_spread_noise(double spread_a, double spread_b)
{
    return SPREADS * fmax(spread_a, spread_b);
}

static void mean_and_deviation(const double *v, size_t n, double *mean, double *deviation)
{
    double sum = 0, squares = 0;
    for (size_t i = 0; i < n; i++)
        sum += v[i];
    *mean = sum / n;
    for (size_t i = 0; i < n; i++)
        squares += (v[i] - *mean) * (v[i] - *mean);
    *deviation = sqrt(squares / (n - 1));
}

void verdict_estimate(struct verdict_row *r)
{
    r->ratio = exp(stats_hodges_lehmann(r->log_ratio, r->n));
    r->p = stats_mann_whitney(r->a, r->n, r->b, r->n, NULL);
    r->signed_rank = stats_wilcoxon(r->log_ratio, r->n);
}

void verdict_estimate_zeros(struct verdict_row *r, const double *difference, double median_a, double median_b)
{
    r->zeros = true;
    r->ratio = median_a > 0 ? median_b / median_a : INFINITY;
    r->difference = stats_hodges_lehmann(difference, r->n);
    r->p = stats_mann_whitney(r->a, r->n, r->b, r->n, NULL);
    r->signed_rank = stats_wilcoxon(difference, r->n);
}

void verdict_interval(struct verdict_row *r, const struct verdict_policy *p, size_t draws)
{
    stats_bootstrap95(r->log_ratio, r->n, draws, p->seed, &r->low, &r->high);
    r->low = exp(r->low);
    r->high = exp(r->high);
}

void verdict_settle(struct verdict_row *rows, size_t count)
{
    double *p = x_alloc((count + 1) * sizeof(*p));
    for (size_t i = 0; i < count; i++)
        p[i] = rows[i].p;
    stats_bh_adjust(p, count);
    for (size_t i = 0; i < count; i++)
        rows[i].p = p[i];
    free(p);
}

bool verdict_is_open(const struct verdict_row *r, const struct verdict_policy *p)
{
    return r->n >= (size_t)p->minimum_pairs && r->p < p->false_discovery &&
           r->signed_rank < RANK_GUARD && fabs(r->ratio - 1) > fmax(r->floor, r->noise);
}

// No interval can exclude 1: the tests decide whether, and the medians and the pairs must agree which way.
static const char *verdict_with_zeros(const struct verdict_row *r, const struct verdict_policy *p)
{
    if (!verdict_is_open(r, p))
        return "inconclusive";
    if (r->ratio > 1 && r->difference > 0)
        return "regressed";
    return r->ratio < 1 && r->difference < 0 ? "improved" : "inconclusive";
}

const char *verdict_of_row(const struct verdict_row *r, const struct verdict_policy *p)
{
    if (r->zeros)
        return verdict_with_zeros(r, p);
    if (r->n < (size_t)p->minimum_pairs)
        return "inconclusive";
    if (verdict_is_open(r, p) && (r->high < 1 || r->low > 1))
        return r->high < 1 ? "improved" : "regressed";
    return r->low > 1 - r->floor && r->high < 1 + r->floor ? "same" : "inconclusive";
}

double verdict_noise(const double *value, size_t boots)
{
    size_t pairs = boots / 2;
    double *d, mean, deviation;
    if (boots < VERDICT_NOISE_BOOTS)
        return 0;
    d = x_alloc(pairs * sizeof(*d));
    for (size_t i = 0; i < pairs; i++)
        d[i] = log(value[2 * i + 1] / value[2 * i]);
    mean_and_deviation(d, pairs, &mean, &deviation);
    free(d);
    return stats_student_quantile(0.975, pairs - 1) * deviation / sqrt(boots);
}
