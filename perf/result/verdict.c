// The rules are stated in docs/result-schema.md.
#include "perf/result/verdict.h"

#include "perf/util/project.h"

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

const char *verdict_of_interval(const struct verdict_policy *p, double low, double high,
                                double floor, double adjusted_p)
{
    if (high < 1 - floor && adjusted_p < p->false_discovery)
        return "improved";
    if (low > 1 + floor && adjusted_p < p->false_discovery)
        return "regressed";
    if (low > 1 - floor && high < 1 + floor)
        return "same";
    return "inconclusive";
}
