// Finds QEMU, build/initramfs.cpio and build/lib/cloudbench-count.so.
#include "perf/verbs/host_tools.h"

#include "perf/util/host_file.h"
#include "perf/util/project.h"
#include "perf/util/say.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

char *find_program(const char *name)
{
    char real[PATH_MAX], *path, *save = NULL, *found = NULL;
    if (strchr(name, '/'))
        return access(name, X_OK) == 0 && realpath(name, real) ? x_strdup(real) : NULL;
    path = x_strdup(getenv("PATH") ? getenv("PATH") : "/usr/bin:/bin");
    for (char *dir = strtok_r(path, ":", &save); dir && !found; dir = strtok_r(NULL, ":", &save)) {
        char *p = x_printf("%s/%s", dir, name);
        if (access(p, X_OK) == 0 && realpath(p, real))
            found = x_strdup(real);
        free(p);
    }
    free(path);
    return found;
}

// Make *path absolute, or take the fixed place; false after saying what is missing.
static bool need_file(char **path, const char *fixed, const char *what)
{
    char real[PATH_MAX];
    char *p = *path ? x_strdup(*path) : project_path(fixed);
    bool ok = realpath(p, real) != NULL;
    if (!ok) {
        say_error("%s is missing: %s", what, p);
        say_hint("ci/build makes it");
    }
    free(p);
    free(*path);
    *path = ok ? x_strdup(real) : NULL;
    return ok;
}

int host_tools_find(struct host_tools *t, bool need_plugin)
{
    char *wanted = t->qemu ? t->qemu : x_strdup("qemu-system-x86_64");
    t->qemu = find_program(wanted);
    if (!t->qemu) {
        say_error("QEMU is missing: %s is not on the path", wanted);
        say_hint("apt-get install qemu-system-x86 (Debian), or --qemu PATH");
    }
    free(wanted);
    if (!t->qemu || !need_file(&t->initrd, "build/initramfs.cpio", "the initramfs"))
        return EXIT_REFUSED;
    if (need_plugin &&
        !need_file(&t->plugin, "build/lib/cloudbench-count.so", "the counting plugin"))
        return EXIT_REFUSED;
    return 0;
}

void host_tools_free(struct host_tools *t)
{
    free(t->qemu);
    free(t->initrd);
    free(t->plugin);
}
