// See partial_check.h.
#include "perf/result/partial_check.h"

#include "perf/result/run_plan.h"
#include "perf/util/json_get.h"
#include "perf/util/text_buf.h"

#include <limits.h>
#include <stdint.h>
#include <string.h>

#define BOOTS_MAX 1000000 // of a run

static bool is_count(json_t *v, double most)
{
    return json_is_integer(v) && json_integer_value(v) >= 0 && json_integer_value(v) <= most;
}

static bool all_texts(json_t *array)
{
    json_t *v;
    size_t i;
    if (!json_is_array(array))
        return false;
    json_array_foreach (array, i, v)
        if (!json_is_string(v))
            return false;
    return true;
}

// What a row may be made of (run_document.c): the cost, percentiles, values of a workload's own.
static bool is_figure(const char *name)
{
    return !strcmp(name, "value") || text_ends_with(name, "_ns") || text_ends_with(name, "_ppm") || text_ends_with(name, "_count");
}

static const char *sample_fault(json_t *sample)
{
    const char *status = text_of(sample, "status"), *name;
    bool ok = !strcmp(status, "ok");
    json_t *v;
    if (!ok && strcmp(status, "failed") && strcmp(status, "unsupported"))
        return "a sample whose status is none";
    if (ok != json_is_number(json_object_get(sample, "value")))
        return "a value must stand with the status \"ok\" and only there";
    json_object_foreach (sample, name, v)
        if (is_figure(name) && !(json_is_number(v) && json_number_value(v) >= 0))
            return "a figure that is no number, or lies below 0";
    return ok || json_is_string(json_object_get(sample, "reason")) ? NULL : "a sample without a value and without a reason";
}

static size_t fewest(json_t *rows)
{
    const char *name;
    json_t *list;
    size_t least = SIZE_MAX;
    json_object_foreach (rows, name, list)
        least = json_array_size(list) < least ? json_array_size(list) : least;
    return json_object_size(rows) ? least : 0;
}

// Samples of one kernel: {row: [sample, ...]}, each row as often as the others; only the canary, which each boot has, may be there more often.
static const char *samples_fault(json_t *rows, size_t *rounds)
{
    const char *name, *fault = NULL;
    json_t *list, *sample;
    size_t i;
    if (!json_is_object(rows))
        return "no object of samples for each kernel";
    *rounds = fewest(rows);
    json_object_foreach (rows, name, list) {
        if (!json_array_size(list) || (json_array_size(list) != *rounds && !row_is_canary(name)))
            return "a row has not as many samples as the others of its kernel";
        json_array_foreach (list, i, sample)
            fault = fault ? fault : sample_fault(sample);
    }
    return fault;
}

static bool boots_are_named(json_t *boots)
{
    json_t *boot;
    size_t i;
    if (!json_is_array(boots))
        return false;
    json_array_foreach (boots, i, boot)
        if (!*text_of(boot, "kernel"))
            return false;
    return true;
}

// A round that is not whole: its boots in order, one sample of each row that they had.
static const char *round_fault(json_t *round)
{
    json_t *boots = json_object_get(round, "boots"), *boot;
    size_t i, each;
    double last = -1;
    if (!boots_are_named(boots) || !is_count(json_object_get(round, "failed_boots"), BOOTS_MAX) || !json_is_boolean(json_object_get(round, "guest_failed")))
        return "a round that was begun must have boots of a kernel, \"failed_boots\" and \"guest_failed\"";
    if (json_object_get(round, "never_began") && !json_is_string(json_object_get(round, "never_began")))
        return "\"never_began\" of a round that was begun must be a text";
    json_array_foreach (boots, i, boot) {
        if (!is_count(json_object_get(boot, "boot"), BOOTS_MAX) || number_of(boot, "boot") <= last)
            return "the boots of a round that was begun must have rising numbers";
        last = number_of(boot, "boot");
    }
    const char *fault = samples_fault(json_object_get(round, "samples"), &each);
    return fault ? fault : each > 1 ? "a round that was begun has a row more than once" : NULL;
}

// Nothing (a run of before there were such), or for each kernel a round or null.
static const char *begun_fault(json_t *begun, size_t kernels)
{
    json_t *round;
    size_t i;
    if (begun && (!json_is_array(begun) || json_array_size(begun) != kernels))
        return "\"begun\" must be an array of as many kernels as \"samples\"";
    json_array_foreach (begun, i, round) {
        const char *fault = json_is_null(round) ? NULL : round_fault(round);
        if (fault)
            return fault;
    }
    return NULL;
}

static const char *measured_fault(json_t *partial)
{
    json_t *samples = json_object_get(partial, "samples"), *argv = json_object_get(partial, "argv"), *v;
    size_t i, rounds, all = 0;
    if (!json_is_array(samples) || !json_is_array(argv) || json_array_size(samples) != json_array_size(argv))
        return "\"samples\" and \"argv\" must be arrays of as many kernels";
    json_array_foreach (samples, i, v) {
        const char *fault = samples_fault(v, &rounds);
        if (fault)
            return fault;
        all += rounds;
    }
    json_array_foreach (argv, i, v)
        if (!all_texts(v))
            return "\"argv\" must hold arrays of texts";
    if (all != (size_t)number_of(partial, "rounds"))
        return "there are not as many samples as rounds";
    return begun_fault(json_object_get(partial, "begun"), json_array_size(samples));
}

static const char *state_fault(json_t *partial)
{
    json_t *asked = json_object_get(partial, "rounds_asked");
    if (!all_texts(json_object_get(partial, "arguments")) || !all_texts(json_object_get(partial, "settings")))
        return "\"arguments\" and \"settings\" must be arrays of texts";
    if (!*text_of(partial, "tier"))
        return "no text \"tier\"";
    if (!is_count(asked, INT_MAX) || !is_count(json_object_get(partial, "rounds"), json_integer_value(asked)))
        return "\"rounds\" must be a count of at most \"rounds_asked\"";
    if (!is_count(json_object_get(partial, "boot_number"), BOOTS_MAX))
        return "\"boot_number\" must be a count";
    if (!json_is_object(json_object_get(partial, "inputs")))
        return "no object \"inputs\"";
    return boots_are_named(json_object_get(partial, "boots")) ? NULL : "\"boots\" must be an array of boots of a kernel";
}

char *partial_fault(json_t *partial)
{
    if (strcmp(text_of(partial, "schema"), PARTIAL_SCHEMA))
        return x_printf("no document of schema " PARTIAL_SCHEMA);
    const char *fault = state_fault(partial);
    fault = fault ? fault : measured_fault(partial);
    return fault ? x_printf("%s", fault) : NULL;
}
