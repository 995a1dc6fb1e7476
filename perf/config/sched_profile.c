// Turns a named profile into the files that each kernel's guest writes before anything runs.
#include "perf/config/sched_profile.h"

#include "perf/config/config.h"
#include "perf/config/config_schema.h"
#include "perf/config/knob_file.h"
#include "perf/util/text_buf.h"

#include <stdlib.h>
#include <string.h>

struct documents {
    json_t *kernels, *knobs, *profiles;
    json_t *origins; // of the profiles' values
};

// "slice, latency, ..." for messages.
static char *keys_of(json_t *map)
{
    struct text_buf t = {0};
    const char *key;
    json_t *v;
    text_add(&t, "");
    json_object_foreach (map, key, v)
        text_addf(&t, "%s%s", t.len ? ", " : "", key);
    return t.data;
}

static char *unknown(const char *what, const char *name, json_t *map)
{
    char *known = keys_of(map), *why = x_printf("there is no %s \"%s\"; known are: %s", what, name, known);
    free(known);
    return why;
}

// A value is for a kernel that has the knob; one that is for none is a mistake.
static char *check_knob(const char *name, json_t *setting, json_t *knobs)
{
    static const char *const families[] = {"cloudos", "linux"};
    json_t *knob = json_object_get(knobs, name);
    size_t values = 0;
    if (!knob)
        return unknown("knob", name, knobs);
    for (size_t i = 0; i < sizeof(families) / sizeof(*families); i++) {
        bool set = json_object_get(setting, families[i]) != NULL;
        values += set;
        if (set && !json_object_get(knob, families[i]))
            return x_printf("the kernel \"%s\" has no knob \"%s\" (configs/knobs.yaml)", families[i], name);
    }
    return values ? NULL : x_printf("the knob \"%s\" is set for no kernel", name);
}

static void add_file(struct text_buf *files, const char *path, json_t *value)
{
    char *text = json_is_string(value) ? x_strdup(json_string_value(value)) : json_dumps(value, JSON_ENCODE_ANY);
    text_addf(files, "%s\"%s=%s\"", files->len ? ", " : "", path, text);
    free(text);
}

// "configs/sched/NAME.yaml:7", where the knob stands.
static const char *place_of(const struct documents *d, const char *profile, const char *knob)
{
    char *path = x_printf("sched.%s.knobs.%s", profile, knob);
    const char *place = config_origin(d->origins, path);
    free(path);
    return place;
}

// Adds the knob's file when the setting is for this kernel; why not, when the kernel has none.
static char *add_setting(struct text_buf *files, json_t *kernel, json_t *knob, json_t *setting)
{
    const char *family = json_string_value(json_object_get(kernel, "family"));
    const char *limit = strcmp(family, "linux") ? NULL : json_string_value(json_object_get(setting, "before")); // of Linux's value
    json_t *value = json_object_get(setting, family);
    char *why = NULL;
    if (!value || !kernel_is_before(kernel, limit, &why))
        return why;
    const char *file = knob_file(knob, kernel, &why);
    if (file)
        add_file(files, file, value);
    return file || why ? why : x_strdup("it has no such knob (configs/knobs.yaml); `before` limits a value to earlier kernels");
}

// kernels.KERNEL.refused=WHY
static char *refusal(const struct documents *d, const char *kernel, const char *profile, const char *knob, const char *reason)
{
    char *text = x_printf("%s: the knob \"%s\" cannot be set on the kernel \"%s\": %s", place_of(d, profile, knob), knob, kernel, reason);
    json_t *j = json_string(text);
    char *quoted = json_dumps(j, JSON_ENCODE_ANY), *s = x_printf("kernels.%s.refused=%s", kernel, quoted);
    json_decref(j);
    free(quoted);
    free(text);
    return s;
}

static char *setting_of(const struct documents *d, const char *name, json_t *kernel, const char *profile)
{
    const char *knob;
    struct text_buf files = {0};
    json_t *v, *knobs = json_object_get(json_object_get(d->profiles, profile), "knobs");
    char *reason = NULL, *s = NULL;
    size_t i;
    json_array_foreach (json_object_get(kernel, "set"), i, v)
        text_addf(&files, "%s\"%s\"", files.len ? ", " : "", json_string_value(v));
    json_object_foreach (knobs, knob, v) {
        reason = s ? NULL : add_setting(&files, kernel, json_object_get(d->knobs, knob), v);
        if (reason)
            s = refusal(d, name, profile, knob, reason);
        free(reason);
    }
    s = s ? s : x_printf("kernels.%s.set=[%s]", name, text_str(&files));
    text_free(&files);
    return s;
}

static json_t *settings_of(const struct documents *d, const char *name, char **why)
{
    json_t *profile = json_object_get(d->profiles, name), *list, *v;
    const char *key;
    if (!profile)
        *why = unknown("profile", name, d->profiles);
    json_object_foreach (json_object_get(profile, "knobs"), key, v) {
        char *wrong = *why ? NULL : check_knob(key, v, d->knobs);
        if (wrong)
            *why = x_printf("%s: %s", place_of(d, name, key), wrong);
        free(wrong);
    }
    if (*why)
        return NULL;
    list = json_array();
    json_object_foreach (d->kernels, key, v) {
        char *s = setting_of(d, key, v, name);
        json_array_append_new(list, json_string(s));
        free(s);
    }
    return list;
}

json_t *sched_profile(const char *root, const char *name, char **why)
{
    struct documents d = {.origins = json_object()};
    json_t *list = NULL;
    *why = NULL;
    d.kernels = config_read(root, "kernels", NULL, why);
    d.knobs = d.kernels ? config_read(root, "knobs", NULL, why) : NULL;
    d.profiles = d.knobs ? config_read(root, "sched", d.origins, why) : NULL;
    if (d.profiles)
        list = settings_of(&d, name, why);
    json_decref(d.kernels);
    json_decref(d.knobs);
    json_decref(d.profiles);
    json_decref(d.origins);
    return list;
}
