// Finds QEMU, build/initramfs.cpio and the plugin build/lib/cloudbench-NAME-vN.so for the plugin
// interface that this QEMU speaks.
#include "perf/verbs/host_tools.h"

#include "perf/util/host_file.h"
#include "perf/util/project.h"
#include "perf/util/say.h"

#include <limits.h>
#include <stdio.h>
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

char *find_wide_qemu(void)
{
    char *p = project_path(".cache/qemu/wide/usr/bin/qemu-system-x86_64");
    char *found = find_program(p);
    free(p);
    return found;
}

static int find_qemu(struct host_tools *t, bool wide)
{
    char *wanted = t->qemu ? t->qemu : x_strdup("qemu-system-x86_64");
    bool fixed = t->qemu != NULL;
    t->qemu = wide && !fixed ? find_wide_qemu() : find_program(wanted);
    if (!t->qemu && wide && !fixed) {
        say_error("the newer QEMU is missing, which several CPUs under instruction counting need");
        say_hint("ci/qemu unpacks it from Debian's backports (nothing is installed)");
    } else if (!t->qemu) {
        say_error("QEMU is missing: %s is not on the path", wanted);
        say_hint("apt-get install qemu-system-x86 (Debian), or --qemu PATH");
    }
    free(wanted);
    return t->qemu ? 0 : EXIT_REFUSED;
}

// The version of the plugin interface that a QEMU takes (perf/plugin/tcg_api.h); 0: none of ours.
static int plugin_interface(const char *qemu)
{
    int major = 0, minor = 0;
    char *command = strchr(qemu, '\'') ? NULL : x_printf("'%s' --version 2>/dev/null", qemu);
    FILE *p = command ? popen(command, "r") : NULL;
    int got = p ? fscanf(p, "QEMU emulator version %d.%d", &major, &minor) : 0;
    while (p && fgetc(p) != EOF) // to its end: a closed pipe would kill it
        ;
    if (p)
        pclose(p);
    free(command);
    return got != 2 || major < 7 ? 0 : major < 9 ? 1 : major > 9 || minor >= 1 ? 3 : 0;
}

static int find_plugin(struct host_tools *t, const char *name)
{
    int version = plugin_interface(t->qemu);
    if (!version) {
        say_error("%s: no plugin of ours fits this QEMU (7 and 8, 9.1 and later are known)",
                  t->qemu);
        return EXIT_REFUSED;
    }
    char *fixed = x_printf("build/lib/cloudbench-%s-v%d.so", name, version);
    int rc = need_file(&t->plugin, fixed, "the plugin") ? 0 : EXIT_REFUSED;
    free(fixed);
    return rc;
}

// Its plugin interface is the one whose modules know turns (perf/plugin/tcg_api_v3.c), and it exports what ends one.
bool qemu_takes_turns(const char *qemu)
{
    static const char name[] = "\0cpu_exit";
    size_t len;
    char *image = plugin_interface(qemu) == 3 ? file_read(qemu, &len) : NULL;
    bool yes = image && memmem(image, len, name, sizeof(name));
    free(image);
    return yes;
}

static int need_turns(const struct host_tools *t)
{
    if (qemu_takes_turns(t->qemu))
        return 0;
    say_error("%s: this QEMU does not let CPUs run in turns of a given length (9.1 and later do that export cpu_exit)", t->qemu);
    say_hint("ci/qemu unpacks one that does, or --turn 0: until the machine's next timer");
    return EXIT_REFUSED;
}

int host_tools_find(struct host_tools *t, struct host_need need)
{
    int rc = find_qemu(t, need.det_cpus > 1);
    if (!rc && !need_file(&t->initrd, "build/initramfs.cpio", "the initramfs"))
        rc = EXIT_REFUSED;
    rc = rc || !need.plugin ? rc : find_plugin(t, need.plugin);
    return rc || !need.turns ? rc : need_turns(t);
}

void host_tools_free(struct host_tools *t)
{
    free(t->qemu);
    free(t->initrd);
    free(t->plugin);
}
