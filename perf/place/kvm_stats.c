// query-stats answers [{provider, qom-path, stats: [{name, value}]}], an entry a vCPU.
#include "perf/place/kvm_stats.h"

#include "perf/util/json_get.h"

static void add_vcpu(json_t *sum, json_t *stats)
{
    json_t *s;
    size_t i;
    json_array_foreach (stats, i, s) {
        json_t *value = json_object_get(s, "value");
        const char *name = text_of(s, "name");
        if (*name && json_is_integer(value))
            json_object_set_new(sum, name,
                                json_integer(json_integer_value(json_object_get(sum, name)) + json_integer_value(value)));
    }
}

json_t *kvm_stats_sum(json_t *answer)
{
    json_t *sum = json_object(), *vcpu;
    size_t i;
    json_array_foreach (answer, i, vcpu)
        add_vcpu(sum, json_object_get(vcpu, "stats"));
    return sum;
}

json_t *counts_between(json_t *earlier, json_t *later)
{
    json_t *out = json_object(), *v;
    const char *name;
    json_object_foreach (later, name, v) {
        json_t *before = json_object_get(earlier, name);
        if (before)
            json_object_set_new(out, name, json_integer(json_integer_value(v) - json_integer_value(before)));
    }
    return out;
}
