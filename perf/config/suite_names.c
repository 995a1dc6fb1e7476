// The workloads are read as every other reader reads them, --set and all.
#include "perf/config/suite_names.h"

#include "perf/config/config.h"
#include "perf/config/config_schema.h"
#include "perf/config/yaml_text.h"
#include "perf/util/text_buf.h"

#include <stdlib.h>
#include <string.h>

#define COPIES "copies/"

static bool is_known(json_t *workloads, const char *name)
{
    bool copies = !strncmp(name, COPIES, strlen(COPIES));
    return !strcmp(name, "*") || json_object_get(workloads, copies ? name + strlen(COPIES) : name);
}

static char *unknown(const char *suite, size_t item, const char *name, json_t *origins)
{
    char *below = yaml_member_path("suites", suite), *list = yaml_member_path(below, "workloads"), *path = yaml_item_path(list, item);
    const char *origin = config_origin(origins, path);
    char *why = x_printf("%s%s%s: a suite names \"%s\", which is no workload (see `cloudbench list workloads`)", origin,
                         *origin ? ": " : "", path, name);
    free(below);
    free(list);
    free(path);
    return why;
}

char *suite_names_check(const char *root, json_t *suites, json_t *origins)
{
    char *why = NULL;
    const char *suite;
    json_t *workloads = config_read(root, "workloads", NULL, &why), *s, *name;
    size_t i;
    free(why);
    why = NULL;
    json_object_foreach (suites, suite, s)
        json_array_foreach (json_object_get(s, "workloads"), i, name)
            if (workloads && !why && !is_known(workloads, json_string_value(name)))
                why = unknown(suite, i, json_string_value(name), origins);
    json_decref(workloads);
    return why;
}
