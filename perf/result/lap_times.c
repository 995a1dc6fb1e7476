// Ticks become nanoseconds by the window's own two clocks.
#include "perf/result/lap_times.h"

#include "perf/stats/hdr_histogram.h"
#include "perf/stats/quantile.h"
#include "perf/stats/warmup.h"
#include "perf/util/text_buf.h"

#include <stdlib.h>

#define SLICES 32

const struct lap_metric lap_metrics[] = {
    {"p50_ns", 0.5, true},    {"p90_ns", 0.9, false}, {"p99_ns", 0.99, true},
    {"p999_ns", 0.999, false}, {"max_ns", 1, false},   {NULL, 0, false},
};

static double number(json_t *j, const char *key)
{
    return json_number_value(json_object_get(j, key));
}

static double ns_per_tick(json_t *result)
{
    double ticks = number(result, "tsc_end") - number(result, "tsc_begin");
    return ticks > 0 ? number(result, "ns") / ticks : 0;
}

// What the workload says, or the window's operations by its iterations.
static double ops_per_lap(json_t *result)
{
    double iters = number(result, "iters"), own = number(json_object_get(result, "laps"), "ops");
    if (own > 0)
        return own;
    return iters > 0 ? number(result, "ops") / iters : 0;
}

// As far as there are laps for them, and as they were measured: not what is one of the laps that were cut (bench/guest/laps.h).
static void add_percentiles(json_t *sample, const struct hdr_histogram *h, double scale)
{
    for (const struct lap_metric *m = lap_metrics; m->name; m++)
        if (h->count >= stats_samples_for(m->quantile) && hdr_holds(h, m->quantile))
            json_object_set_new(sample, m->name,
                                json_real((m->quantile < 1 ? hdr_quantile(h, m->quantile)
                                                           : (double)h->most) *
                                          scale));
}

static bool add_steadiness(json_t *sample, json_t *slices)
{
    double v[SLICES];
    json_t *s;
    size_t i;
    if (json_array_size(slices) != SLICES)
        return false;
    json_array_foreach (slices, i, s)
        v[i] = json_number_value(s);
    size_t warm = stats_warmup(v, SLICES);
    json_object_set_new(sample, "warmup_slices", json_integer(warm));
    json_object_set_new(sample, "steady", json_boolean(warm < SLICES / 2));
    return true;
}

bool lap_times_add(json_t *sample, json_t *result)
{
    json_t *laps = json_object_get(result, "laps");
    const char *text = json_string_value(json_object_get(laps, "hist"));
    double tick = ns_per_tick(result), ops = ops_per_lap(result);
    struct hdr_histogram *h;
    if (!laps)
        return true;
    if (!text || tick <= 0 || ops <= 0)
        return false;
    h = hdr_new();
    bool ok = hdr_parse(h, text) && (double)h->count == number(result, "iters") &&
              add_steadiness(sample, json_object_get(laps, "slices"));
    if (ok) {
        json_object_set_new(sample, "laps", json_integer(h->count));
        if (h->overflow)
            json_object_set_new(sample, "laps_cut", json_integer(h->overflow));
        json_object_set_new(sample, "timer_ns", json_real(number(laps, "timer") * tick));
        add_percentiles(sample, h, tick / ops);
    }
    free(h);
    return ok;
}

char *lap_times_line(const char *row, json_t *result)
{
    const char *text =
        json_string_value(json_object_get(json_object_get(result, "laps"), "hist"));
    return text ? x_printf("%s %.9g %.9g %s\n", row, ns_per_tick(result), ops_per_lap(result), text)
                : NULL;
}
