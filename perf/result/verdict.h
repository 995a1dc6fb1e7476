// When a difference is called one: the numbers of configs/policy.yaml ("verdict") and the rules that
// use them. Ratios are b/a, below 1 b is ahead; the words are "improved", "regressed", "same" and
// "inconclusive". docs/statistics.md says why each rule is as it is.
#pragma once
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct verdict_policy {
    double false_discovery; // expected share of false findings among the findings of a comparison
    int minimum_pairs;
    uint64_t seed; // of the bootstrap
    json_t *floors; // metric -> the smallest share that counts as a difference
};

// The caller frees it with verdict_policy_free.
void verdict_policy_read(struct verdict_policy *p);
void verdict_policy_free(struct verdict_policy *p);
// A metric without a floor of its own has that of "other".
double verdict_floor(const struct verdict_policy *p, const char *metric);

// Exact figures: only the ratio.
const char *verdict_of_ratio(double ratio, double floor);
// Counts that are medians of three windows of N and three of 2N: "inconclusive" beyond the floor but within the noise. The noise
// of two rows by how far the windows of each differ, as shares of its value: two rows without a true difference then differ by more
// in less than 0.5 of 100 cases (verdict_test.c).
const char *verdict_of_count(double ratio, double floor, double noise);
double verdict_spread_noise(double spread_a, double spread_b);

// Estimates: one row of a comparison. The caller fills the first part; n >= 2.
struct verdict_row {
    const double *a, *b;     // one value a boot, in the order of the boots
    const double *log_ratio; // log(b/a) of each pair of neighbouring boots
    size_t n;
    double floor; // of the metric: within it two sides are the same
    double noise; // the greater of the row's own noise and the canary's shift: what the host may do
    bool zeros;   // values that may be 0: no log ratio, no interval; filled by verdict_estimate_zeros

    double ratio;       // exp of the Hodges-Lehmann estimate; with zeros that of the medians, INFINITY where a's is 0
    double difference;  // only with zeros: Hodges-Lehmann estimate of b - a
    double p;           // Mann-Whitney over the boots, two-sided; adjusted over the rows by verdict_settle
    double signed_rank; // Wilcoxon's exact p of the pairs, not adjusted
    double low, high;   // 95 % bootstrap interval of the ratio
};

void verdict_estimate(struct verdict_row *r);
// The same where a value is 0: `difference` is b - a of each pair. Ranks of the values and of these need no logarithm.
void verdict_estimate_zeros(struct verdict_row *r, const double *difference, double median_a, double median_b);
void verdict_interval(struct verdict_row *r, const struct verdict_policy *p, size_t draws);
// Benjamini-Hochberg over all rows of a comparison, after each was estimated.
void verdict_settle(struct verdict_row *rows, size_t count);
// Without its interval, could the row still be "improved" or "regressed"? (A simulation saves the
// bootstrap where not.)
bool verdict_is_open(const struct verdict_row *r, const struct verdict_policy *p);
const char *verdict_of_row(const struct verdict_row *r, const struct verdict_policy *p);

// The share by which two sets of boots of one and the same kernel may differ on this host: half the
// 95 % interval of the mean log ratio of neighbouring boots, for the whole set. 0 below VERDICT_NOISE_BOOTS.
#define VERDICT_NOISE_BOOTS 4
double verdict_noise(const double *value, size_t boots);
