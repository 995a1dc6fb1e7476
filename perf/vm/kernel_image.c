// Resolves a kernel's name to its image and command line.
#include "perf/vm/kernel_image.h"

#include "perf/util/host_file.h"
#include "perf/util/project.h"
#include "perf/util/say.h"
#include "perf/util/text_buf.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

bool kernel_is_second_arm(const char *name)
{
    size_t n = strlen(name), m = strlen(SECOND_ARM);
    return n > m && !strcmp(name + n - m, SECOND_ARM);
}

static char *string_of(json_t *j, const char *key)
{
    const char *s = json_string_value(json_object_get(j, key));
    return x_strdup(s ? s : "");
}

// .cache/linux/6.1.0-56/vmlinux -> 6.1.0-56
static char *folder_name(const char *path)
{
    const char *end = strrchr(path, '/'), *start = end;
    while (start > path && start[-1] != '/')
        start--;
    char *s = x_strdup(start);
    s[end - start] = '\0';
    return s;
}

// The folder's name where it is one, else what stands behind the first "-" of a file's: boot/vmlinuz-6.1.0-56 -> 6.1.0-56; else nothing.
static char *version_of(const char *path)
{
    char *folder = folder_name(path);
    if (isdigit((unsigned char)*folder))
        return folder;
    free(folder);
    const char *at = strchr(strrchr(path, '/'), '-');
    while (at && !isdigit((unsigned char)at[1]))
        at = strchr(at + 1, '-');
    return x_strdup(at ? at + 1 : "");
}

// The file that configs/kernels.yaml names, which must be there; without one "config" beside the image, if it is.
static int find_config(struct kernel_image *k, json_t *j)
{
    const char *named = json_string_value(json_object_get(j, "config"));
    char *pattern = named ? project_path(named) : x_printf("%.*sconfig", (int)(strrchr(k->path, '/') + 1 - k->path), k->path);
    k->config = newest_match(pattern);
    if (named && !k->config)
        say_error("the build configuration of %s is missing: %s", k->label, pattern);
    free(pattern);
    return named && !k->config ? EXIT_REFUSED : 0;
}

static int resolve(struct kernel_image *k, json_t *j)
{
    char *image = string_of(j, "image"), *hint = string_of(j, "missing");
    char *pattern = project_path(image);
    k->path = newest_match(pattern);
    if (!k->path) {
        say_error("the image of %s is missing: %s", k->label, pattern);
        say_hint("%s", hint);
    } else {
        k->version = strcmp(k->family, "linux") ? x_strdup("") : version_of(k->path);
    }
    free(image);
    free(hint);
    free(pattern);
    return k->path ? find_config(k, j) : EXIT_REFUSED;
}

static char *knobs_of(json_t *list)
{
    struct text_buf t = {0};
    json_t *v;
    size_t i;
    text_add(&t, "");
    json_array_foreach (list, i, v)
        text_addf(&t, "%sset:%s", i ? "+" : "", json_string_value(v));
    return t.data;
}

// A profile sets what this kernel does not have.
static int refuse(const char *why)
{
    say_error("%s", why);
    return EXIT_USAGE;
}

int kernel_image_find(struct kernel_image *k, const char *name)
{
    json_t *all = project_config("kernels");
    json_t *j = json_object_get(all, name), *refused = json_object_get(j, "refused");
    int rc = EXIT_USAGE;
    memset(k, 0, sizeof(*k));
    if (!json_is_object(j)) {
        say_error("no kernel is called \"%s\" (see `cloudbench list kernels`)", name);
    } else {
        k->name = x_strdup(name);
        k->label = string_of(j, "label");
        k->family = string_of(j, "family");
        k->cmdline = string_of(j, "cmdline");
        k->knobs = knobs_of(json_object_get(j, "set"));
        rc = refused ? refuse(json_string_value(refused)) : resolve(k, j);
    }
    json_decref(all);
    return rc;
}

const char *kernel_image_fixed(const struct kernel_image *k)
{
    return strcmp(k->family, "linux") ? NULL : "nokaslr";
}

char *kernel_image_head(const struct kernel_image *k, const char *name)
{
    return k->knobs && *k->knobs ? x_printf("%s %s", name, k->knobs) : x_strdup(name);
}

void kernel_image_free(struct kernel_image *k)
{
    free(k->name);
    free(k->label);
    free(k->family);
    free(k->path);
    free(k->cmdline);
    free(k->knobs);
    free(k->version);
    free(k->config);
    memset(k, 0, sizeof(*k));
}
