// Fuzz target (ci/fuzz): any JSON as a line of a search's log, of two knobs and two objectives. What is taken has figures wherever the search reads them.
#include "perf/tune/trial_check.h"
#include "perf/util/json_get.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static void need(bool ok)
{
    if (!ok)
        abort();
}

static void judge(json_t *line)
{
    json_t *ratio = json_object_get(line, "ratio");
    need(json_array_size(json_object_get(line, "level")) == 2 && number_of(line, "fidelity") > 0);
    if (!json_is_true(json_object_get(line, "ok"))) {
        need(json_string_value(json_object_get(line, "reason")) != NULL);
        return;
    }
    for (size_t i = 0; i < 2; i++)
        need(isfinite(log(json_number_value(json_array_get(ratio, i)))));
    need(json_array_size(ratio) == 2 && number_of(line, "p") >= 0 && number_of(line, "p") <= 1);
    need(json_is_null(json_object_get(line, "high")) || number_of(line, "high") >= number_of(line, "low"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    json_t *j = json_loadb((const char *)data, len, 0, NULL);
    const char *fault = j ? tune_trial_fault(j, 2, 2) : NULL;
    if (j && !fault)
        judge(j);
    need(!fault || *fault);
    json_decref(j);
    return 0;
}
