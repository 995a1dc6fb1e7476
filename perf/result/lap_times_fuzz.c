// Fuzz target (ci/fuzz): any bytes as the JSON of a result record with laps. A sample gets its metrics whole or not at all, and each is a number that
// is finite.
#include "perf/result/lap_times.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static void need(bool ok)
{
    if (!ok)
        abort();
}

static void judge(json_t *result)
{
    json_t *sample = json_object(), *v;
    const char *name;
    bool ok = lap_times_add(sample, result);
    json_object_foreach (sample, name, v)
        need(!json_is_number(v) || isfinite(json_number_value(v)));
    need(!ok || !json_object_get(result, "laps") || json_number_value(json_object_get(sample, "laps")) == json_number_value(json_object_get(result, "iters")));
    need(ok || !json_object_get(sample, "p50_ns"));
    free(lap_times_line("row", result));
    json_decref(sample);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    json_t *result = json_loadb((const char *)data, len, 0, NULL);
    if (json_is_object(result))
        judge(result);
    json_decref(result);
    return 0;
}
