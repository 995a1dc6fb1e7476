// Reads spaces and turns levels into settings. The schema is in perf/config/config_rules.c.
#include "perf/tune/tune_space.h"

#include "perf/util/project.h"
#include "perf/util/text_buf.h"

#include <stdlib.h>
#include <string.h>

static char *text_of(json_t *j, const char *key)
{
    const char *s = json_string_value(json_object_get(j, key));
    return s ? x_strdup(s) : NULL;
}

static char *level_text(json_t *v)
{
    return json_is_string(v) ? x_strdup(json_string_value(v))
                             : json_dumps(v, JSON_ENCODE_ANY | JSON_REAL_PRECISION(12));
}

static char *take_knob(struct tune_knob *k, const char *name, json_t *j)
{
    json_t *v, *standard = json_object_get(j, "default");
    size_t i;
    *k = (struct tune_knob){.name = x_strdup(name),
                            .path = text_of(j, "path"),
                            .word = text_of(j, "word"),
                            .standard = -1};
    json_array_foreach (json_object_get(j, "values"), i, v) {
        if (json_equal(v, standard))
            k->standard = k->levels;
        k->level[k->levels++] = level_text(v);
    }
    if (!k->path == !k->word)
        return x_printf("knob %s: either path or word", name);
    if (k->standard < 0)
        return x_printf("knob %s: the default is none of its values", name);
    for (int n = 0; n < k->levels; n++)
        if (strpbrk(k->level[n], "+ \t\n\"'"))
            return x_printf("knob %s: a value may have no spaces, quotes or plus signs", name);
    return NULL;
}

static char *take_space(struct tune_space *s, json_t *j)
{
    json_t *v;
    const char *name;
    size_t i;
    char *why = NULL;
    s->kernel = text_of(j, "kernel");
    s->budget = (int)json_integer_value(json_object_get(j, "budget"));
    json_object_foreach (json_object_get(j, "knobs"), name, v) {
        if (s->knobs == TUNE_KNOBS_MAX)
            return x_printf("at most %d knobs", TUNE_KNOBS_MAX);
        why = take_knob(&s->knob[s->knobs++], name, v);
        if (why)
            return why;
    }
    json_array_foreach (json_object_get(j, "objectives"), i, v)
        s->objective[s->objectives++] =
            (struct tune_objective){text_of(v, "workload"), text_of(v, "metric")};
    return NULL;
}

bool tune_space_load(struct tune_space *s, const char *name, char **why)
{
    json_t *all = project_config("tune"), *j = json_object_get(all, name);
    *s = (struct tune_space){.name = x_strdup(name)};
    char *reason = j ? take_space(s, j) : NULL;
    *why = NULL;
    if (!j)
        *why = x_printf("no space is called \"%s\" (see configs/tune/)", name);
    else if (reason)
        *why = x_printf("configs/tune/%s.yaml: %s", name, reason);
    free(reason);
    json_decref(all);
    return !*why;
}

void tune_space_free(struct tune_space *s)
{
    for (int k = 0; k < s->knobs; k++) {
        for (int n = 0; n < s->knob[k].levels; n++)
            free(s->knob[k].level[n]);
        free(s->knob[k].name);
        free(s->knob[k].path);
        free(s->knob[k].word);
    }
    for (int o = 0; o < s->objectives; o++) {
        free(s->objective[o].workload);
        free(s->objective[o].metric);
    }
    free(s->name);
    free(s->kernel);
}

static bool moved(const struct tune_space *s, const int *level, int k)
{
    return level[k] != s->knob[k].standard;
}

static const char *value_of(const struct tune_space *s, const int *level, int k)
{
    return s->knob[k].level[level[k]];
}

char *tune_space_text(const struct tune_space *s, const int *level)
{
    struct text_buf t = {0};
    for (int k = 0; k < s->knobs; k++)
        if (moved(s, level, k))
            text_addf(&t, "%s%s=%s", t.len ? " " : "", s->knob[k].name, value_of(s, level, k));
    return t.data ? t.data : x_strdup("the default");
}

static void add_copy(const struct tune_space *s, const char *arm, struct str_list *out, char **cmdline)
{
    static const char *const keys[] = {"label", "family", "image", "missing"};
    json_t *all = project_config("kernels"), *j = json_object_get(all, s->kernel);
    for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
        const char *v = json_string_value(json_object_get(j, keys[i]));
        if (v && strcmp(keys[i], "label"))
            list_addf(out, "kernels.%s.%s=\"%s\"", arm, keys[i], v);
        else if (v)
            list_addf(out, "kernels.%s.label=\"%s, %s\"", arm, v, arm);
    }
    *cmdline = text_of(j, "cmdline");
    json_decref(all);
}

// A write there moves one word and leaves the others as they were.
static bool takes_words(const char *path)
{
    const char *last = strrchr(path, '/');
    return last && !strcmp(last, "/features");
}

// Is the file of this "PATH=VALUE" one that a moved knob writes whole?
static bool replaced(const struct tune_space *s, const int *level, const char *file)
{
    for (int k = 0; k < s->knobs; k++) {
        const char *path = s->knob[k].path;
        size_t n = path ? strlen(path) : 0;
        if (path && moved(s, level, k) && !takes_words(path) && !strncmp(file, path, n) && file[n] == '=')
            return true;
    }
    return false;
}

// All that is written before a workload of this configuration, "PATH=VALUE" in order: what the kernel sets already (by its own
// lines or a profile: the default beside the trial has it, too), but for what a moved knob replaces; then the moved knobs.
static void files_of(const struct tune_space *s, const int *level, struct str_list *out)
{
    json_t *all = project_config("kernels"), *v;
    size_t i;
    json_array_foreach (json_object_get(json_object_get(all, s->kernel), "set"), i, v)
        if (!replaced(s, level, json_string_value(v)))
            list_add(out, json_string_value(v));
    for (int k = 0; k < s->knobs; k++)
        if (s->knob[k].path && moved(s, level, k))
            list_addf(out, "%s=%s", s->knob[k].path, value_of(s, level, k));
    json_decref(all);
}

static char *words_of(const struct tune_space *s, const int *level, const char *cmdline)
{
    struct text_buf words = {0};
    text_add(&words, cmdline ? cmdline : "");
    for (int k = 0; k < s->knobs; k++)
        if (s->knob[k].word && moved(s, level, k))
            text_addf(&words, " %s=%s", s->knob[k].word, value_of(s, level, k));
    return words.data;
}

void tune_space_settings(const struct tune_space *s, const int *level, const char *arm,
                         struct str_list *out)
{
    struct str_list files = {0};
    struct text_buf set = {0};
    char *cmdline = NULL, *words;
    add_copy(s, arm, out, &cmdline);
    words = words_of(s, level, cmdline);
    list_addf(out, "kernels.%s.cmdline=\"%s\"", arm, words);
    files_of(s, level, &files);
    for (size_t i = 0; i < files.count; i++)
        text_addf(&set, "%s\"%s\"", i ? ", " : "", files.items[i]);
    if (files.count)
        list_addf(out, "kernels.%s.set=[%s]", arm, set.data);
    list_free(&files);
    text_free(&set);
    free(words);
    free(cmdline);
}

#define SYSCTL "/proc/sys/"

static bool is_sysctl(const char *file)
{
    return !strncmp(file, SYSCTL, strlen(SYSCTL));
}

char *tune_space_sysctl(const struct tune_space *s, const int *level)
{
    struct str_list files = {0};
    struct text_buf t = {0};
    text_add(&t, "");
    files_of(s, level, &files);
    for (size_t i = 0; i < files.count; i++) {
        char *name = is_sysctl(files.items[i]) ? files.items[i] + strlen(SYSCTL) : NULL, *value = name ? strchr(name, '=') : NULL;
        for (char *p = name; p < value; p++)
            *p = *p == '/' ? '.' : *p;
        if (value)
            text_addf(&t, "%.*s = %s\n", (int)(value - name), name, value + 1);
    }
    list_free(&files);
    return t.data;
}

char *tune_space_tmpfiles(const struct tune_space *s, const int *level)
{
    struct str_list files = {0};
    struct text_buf t = {0};
    text_add(&t, "");
    files_of(s, level, &files);
    for (size_t i = 0; i < files.count; i++) {
        char *path = files.items[i], *value = is_sysctl(path) ? NULL : strchr(path, '=');
        if (!value)
            continue;
        *value++ = '\0';
        text_addf(&t, "%s %s - - - - %s\n", takes_words(path) ? "w+" : "w", path, value); // w+: several lines of one file
    }
    list_free(&files);
    return t.data;
}
