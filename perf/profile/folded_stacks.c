// See folded_stacks.h.
#include "perf/profile/folded_stacks.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

// "N PATH" into the object; false when it is something else.
static bool take(json_t *into, const char *rest)
{
    char *end;
    unsigned long long n = strtoull(rest, &end, 10);
    if (!isdigit((unsigned char)*rest) || *end != ' ' || !end[1] || n > INT64_MAX)
        return false;
    json_int_t before = json_integer_value(json_object_get(into, end + 1));
    if ((json_int_t)n > INT64_MAX - before)
        return false;
    n += before;
    return !json_object_set_new(into, end + 1, json_integer(n));
}

json_t *folded_parse(const char *counts, char **why)
{
    json_t *out = json_object();
    char *copy = x_strdup(counts), *save = NULL;
    *why = NULL;
    for (char *line = strtok_r(copy, "\n", &save); line && !*why; line = strtok_r(NULL, "\n", &save))
        if (!strncmp(line, "stack ", 6) && !take(out, line + 6))
            *why = x_printf("the counting plugin wrote a stack that is not understood: \"%.80s\"", line);
    free(copy);
    if (*why) {
        json_decref(out);
        return NULL;
    }
    return out;
}

json_t *folded_slope(json_t *less, json_t *more)
{
    json_t *out = json_object(), *v;
    const char *path;
    json_object_foreach (more, path, v) {
        json_int_t d = json_integer_value(v) - json_integer_value(json_object_get(less, path));
        if (d > 0)
            json_object_set_new(out, path, json_integer(d));
    }
    return out;
}

void folded_write(struct text_buf *t, json_t *folded)
{
    char *text = json_dumps(folded, JSON_SORT_KEYS); // the one way in which jansson orders keys
    json_t *sorted = text ? json_loads(text, 0, NULL) : NULL, *v;
    const char *path;
    json_object_foreach (sorted, path, v)
        text_addf(t, "%s %" JSON_INTEGER_FORMAT "\n", path, json_integer_value(v));
    json_decref(sorted);
    free(text);
}
