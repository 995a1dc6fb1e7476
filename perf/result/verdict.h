// When a difference is called one: the numbers of configs/policy.yaml ("verdict") and the rules that
// use them. Below 1 b is ahead; the words are "improved", "regressed", "same" and "inconclusive".
#pragma once
#include <jansson.h>
#include <stdint.h>

struct verdict_policy {
    double false_discovery; // of the suite
    int minimum_pairs;
    uint64_t seed;
    json_t *floors; // metric -> the smallest share that counts as a difference
};

// The caller frees it with verdict_policy_free.
void verdict_policy_read(struct verdict_policy *p);
void verdict_policy_free(struct verdict_policy *p);
// A metric without a floor of its own has that of "other".
double verdict_floor(const struct verdict_policy *p, const char *metric);
// Exact figures: only the ratio.
const char *verdict_of_ratio(double ratio, double floor);
// Estimates: the interval beyond the floor, and p, already adjusted over the suite, below the rate.
const char *verdict_of_interval(const struct verdict_policy *p, double low, double high,
                                double floor, double adjusted_p);
