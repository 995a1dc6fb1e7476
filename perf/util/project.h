// Where the project is, and its configuration files. Owns nothing else.
// The root is, in this order: $CLOUDBENCH_ROOT, two folders above the program when configs/ is
// there, the tree it was built from.
#pragma once
#include <jansson.h>

const char *project_root(void);
// An absolute path below the root (an absolute argument stays); the caller frees it.
char *project_path(const char *relative);
// The configuration NAME (perf/config/config.h) as JSON. On failure says why and ends with
// EXIT_REFUSED: a broken configuration cannot be worked around.
json_t *project_config(const char *name);
// The same; origins gets where each value stands.
json_t *project_config_from(const char *name, json_t *origins);
