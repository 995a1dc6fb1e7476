// Finds the project's root and reads its configuration.
#include "perf/util/project.h"

#include "perf/config/config.h"
#include "perf/util/host_file.h"
#include "perf/util/say.h"
#include "perf/util/text_buf.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool has_configs(const char *dir)
{
    char *p = x_printf("%s/configs/kernels.yaml", dir);
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
    return project_config_from(name, NULL);
}

json_t *project_config_from(const char *name, json_t *origins)
{
    char *why;
    json_t *j = config_read(project_root(), name, origins, &why);
    if (!j) {
        say_error("%s", why);
        exit(EXIT_REFUSED);
    }
    return j;
}
