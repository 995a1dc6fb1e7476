// See trial_check.h.
#include "perf/tune/trial_check.h"

#include "perf/util/json_get.h"

#include <stdbool.h>

static bool levels_fit(json_t *level, int knobs)
{
    json_t *v;
    size_t i;
    if (json_array_size(level) != (size_t)knobs)
        return false;
    json_array_foreach (level, i, v)
        if (!json_is_integer(v))
            return false;
    return true;
}

static bool ratios_fit(json_t *ratio, int objectives)
{
    json_t *v;
    size_t i;
    if (json_array_size(ratio) != (size_t)objectives)
        return false;
    json_array_foreach (ratio, i, v)
        if (!(json_number_value(v) > 0))
            return false;
    return true;
}

static bool is_interval(json_t *low, json_t *high)
{
    bool open = json_is_null(high);
    return json_is_number(low) && json_number_value(low) >= 0 && (open || (json_is_number(high) && json_number_value(high) >= json_number_value(low)));
}

static bool is_share(json_t *v)
{
    return json_is_number(v) && json_number_value(v) >= 0 && json_number_value(v) <= 1;
}

const char *tune_trial_fault(json_t *line, int knobs, int objectives)
{
    json_t *ok = json_object_get(line, "ok");
    if (!levels_fit(json_object_get(line, "level"), knobs))
        return "\"level\" must be a whole number for each knob";
    if (!(number_of(line, "fidelity") > 0) || !json_is_boolean(json_object_get(line, "hold_out")) || !json_is_boolean(ok))
        return "no share \"fidelity\", or \"hold_out\" or \"ok\" is neither true nor false";
    if (!json_is_true(ok))
        return json_is_string(json_object_get(line, "reason")) ? NULL : "a trial without figures and without a reason";
    if (!ratios_fit(json_object_get(line, "ratio"), objectives))
        return "\"ratio\" must be a number above 0 for each objective";
    if (!is_share(json_object_get(line, "p")))
        return "\"p\" must lie within 0 to 1";
    return is_interval(json_object_get(line, "low"), json_object_get(line, "high")) ? NULL : "\"low\" and \"high\" are no interval";
}
