// Finds the project's root and reads configs/*.json.
#include "perf/util/project.h"

#include "perf/util/host_file.h"
#include "perf/util/say.h"
#include "perf/util/text_buf.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool has_configs(const char *dir)
{
    char *p = x_printf("%s/configs/kernels.json", dir);
    bool yes = file_exists(p);
    free(p);
    return yes;
}

static char *root_above_program(void)
{
    char exe[PATH_MAX], *up, real[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
    if (n <= 0)
        return NULL;
    exe[n] = '\0';
    *strrchr(exe, '/') = '\0';
    up = x_printf("%s/../..", exe);
    bool ok = realpath(up, real) && has_configs(real);
    free(up);
    return ok ? x_strdup(real) : NULL;
}

const char *project_root(void)
{
    static char *root;
    const char *env = getenv("CLOUDBENCH_ROOT");
    if (!root && env && *env)
        root = x_strdup(env);
    if (!root)
        root = root_above_program();
    if (!root)
        root = x_strdup(CLOUDBENCH_SOURCE_ROOT);
    return root;
}

char *project_path(const char *relative)
{
    return relative[0] == '/' ? x_strdup(relative) : x_printf("%s/%s", project_root(), relative);
}

json_t *project_config(const char *name)
{
    char *path = x_printf("%s/configs/%s.json", project_root(), name);
    json_error_t err;
    json_t *j = json_load_file(path, JSON_REJECT_DUPLICATES, &err);
    if (!j) {
        say_error("%s: line %d: %s", path, err.line, err.text);
        exit(EXIT_REFUSED);
    }
    free(path);
    return j;
}
