// See partial_check.h.
#include "perf/result/partial_check.h"

#include "perf/util/json_get.h"
#include "perf/util/text_buf.h"

#include <limits.h>
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

// Samples of one kernel: {row: [sample, ...]}, each row as often as the others.
static const char *samples_fault(json_t *rows, size_t *rounds)
{
    const char *name, *fault = NULL;
    json_t *list, *sample;
    size_t i;
    if (!json_is_object(rows))
        return "no object of samples for each kernel";
    *rounds = json_array_size(json_object_iter_value(json_object_iter(rows)));
    json_object_foreach (rows, name, list) {
        if (!json_array_size(list) || json_array_size(list) != *rounds)
            return "a row has not as many samples as the others of its kernel";
        json_array_foreach (list, i, sample)
            fault = fault ? fault : sample_fault(sample);
    }
    return fault;
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
    return all == (size_t)number_of(partial, "rounds") ? NULL : "there are not as many samples as rounds";
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
