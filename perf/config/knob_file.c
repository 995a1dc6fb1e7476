// Finds a knob's file on a kernel; the names are data (configs/knobs.yaml).
#include "perf/config/knob_file.h"

#include "perf/util/text_buf.h"

#include <stdlib.h>

bool series_is_older(const char *series, const char *than)
{
    char *a = (char *)series, *b = (char *)than;
    for (;; a += *a == '.', b += *b == '.') {
        long x = strtol(a, &a, 10), y = strtol(b, &b, 10);
        if (x != y || (*a != '.' && *b != '.'))
            return x < y;
    }
}

bool kernel_is_before(json_t *kernel, const char *limit, char **why)
{
    const char *series = json_string_value(json_object_get(kernel, "series"));
    if (limit && !series)
        *why = x_strdup("its name depends on the kernel's `series`, which configs/kernels.yaml does not give");
    return !limit || (series && series_is_older(series, limit));
}

const char *knob_file(json_t *knob, json_t *kernel, char **why)
{
    json_t *files = json_object_get(knob, json_string_value(json_object_get(kernel, "family"))), *one;
    size_t i;
    json_array_foreach (files, i, one) {
        if (kernel_is_before(kernel, json_string_value(json_object_get(one, "before")), why))
            return json_string_value(json_object_get(one, "file"));
        if (*why)
            return NULL;
    }
    return json_string_value(files);
}
