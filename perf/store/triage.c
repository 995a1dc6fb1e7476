// See triage.h.
#include "perf/store/triage.h"

#include "perf/config/config.h"
#include "perf/import/imported.h"
#include "perf/result/run_plan.h"
#include "perf/util/git_commit.h"
#include "perf/util/json_get.h"
#include "perf/util/project.h"
#include "perf/util/say.h"
#include "perf/util/text_buf.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

json_t *triage_read(void)
{
    json_t *origins = json_object(), *out = json_array(), *note;
    char *why = NULL;
    const char *name;
    json_t *notes = config_read(project_root(), "triage", origins, &why);
    if (!notes) {
        say_error("%s", why);
        exit(EXIT_REFUSED);
    }
    json_object_foreach (notes, name, note) {
        char *path = x_printf("triage.%s", name);
        const char *place = json_string_value(json_object_get(origins, path));
        json_object_set_new(note, "name", json_string(name));
        json_object_set_new(note, "place", json_string(place ? place : "configs/triage.yaml"));
        char *fault = triage_fault(note);
        json_object_set_new(note, "faulty", json_boolean(fault != NULL));
        json_array_append(out, note);
        free(fault);
        free(path);
    }
    json_decref(notes);
    json_decref(origins);
    return out;
}

// Have (from, to] and (before, after] a commit in common? An end that nobody knows is open; a note without ends is of every commit, and of none too.
static bool ranges_meet(json_t *note, const char *before, const char *after)
{
    long from = git_ordinal(text_of(note, "from")), to = git_ordinal(text_of(note, "to"));
    long a = git_ordinal(before ? before : ""), b = git_ordinal(after ? after : "");
    if (from < 0 && to < 0)
        return true;
    return (a < 0 || b < 0 || a < b) && (from < 0 || b < 0 || from < b) && (to < 0 || a < 0 || a < to);
}

static bool is_for(json_t *note, const char *key, const char *value)
{
    return !*text_of(note, key) || !fnmatch(text_of(note, key), value, 0);
}

bool triage_applies(json_t *note, const struct triage_change *c)
{
    return !json_is_true(json_object_get(note, "faulty")) && is_for(note, "workload", c->workload) && is_for(note, "metric", c->metric) && is_for(note, "kernel", c->kernel) &&
           is_for(note, "tier", c->tier) && ranges_meet(note, c->before, c->after);
}

static const char *commit_of(json_t *run)
{
    return text_of(json_object_get(run, "identity"), "commit");
}

static bool concerns(json_t *row, bool one_run)
{
    const char *v = text_of(row, "verdict");
    return strcmp(v, "same") && strcmp(v, "new") && !(one_run && !strcmp(v, "improved"));
}

void triage_attach(json_t *notes, json_t *rows, json_t *run_a, json_t *run_b)
{
    json_t *row, *note;
    size_t i, k;
    json_array_foreach (rows, i, row) {
        const char *kernel = *text_of(row, "kernel") ? text_of(row, "kernel") : text_of(row, "kernel_b");
        struct triage_change c = {.workload = text_of(row, "workload"), .metric = text_of(row, "metric"), .kernel = kernel,
                                  .tier = text_of(run_b, "tier"), .before = commit_of(run_a), .after = commit_of(run_b)};
        json_t *list = json_array();
        json_array_foreach (notes, k, note)
            if (concerns(row, !run_a) && triage_applies(note, &c))
                json_array_append(list, note);
        if (json_array_size(list))
            json_object_set(row, "notes", list);
        json_decref(list);
    }
}

static bool workload_known(const char *pattern)
{
    json_t *workloads = project_config("workloads"), *w;
    char *plain = x_strdup(strncmp(pattern, COPIES, strlen(COPIES)) ? pattern : pattern + strlen(COPIES));
    const char *name;
    bool known = false;
    plain[strcspn(plain, "@")] = '\0'; // the placement
    json_object_foreach (workloads, name, w)
        known |= !fnmatch(plain, name, 0);
    for (const struct import_tool *t = import_tools; t->name; t++) // their names are the tools' own
        known |= !strncmp(plain, t->name, strlen(t->name)) || !strncmp(plain, "benchmark/", 10);
    free(plain);
    json_decref(workloads);
    return known;
}

char *triage_fault(json_t *note)
{
    static const char *const ends[] = {"from", "to"};
    const char *link = text_of(note, "link");
    long at[2];
    if (!workload_known(text_of(note, "workload")))
        return x_printf("%s: note %s: no workload is called \"%s\"", text_of(note, "place"), text_of(note, "name"), text_of(note, "workload"));
    if (*link && strncmp(link, "https://", 8) && strncmp(link, "http://", 7))
        return x_printf("%s: note %s: the link is no http address", text_of(note, "place"), text_of(note, "name"));
    for (int i = 0; i < 2; i++) {
        at[i] = git_ordinal(text_of(note, ends[i]));
        if (*text_of(note, ends[i]) && at[i] < 0)
            return x_printf("%s: note %s is stale: the history has no commit \"%s\"", text_of(note, "place"), text_of(note, "name"),
                            text_of(note, ends[i]));
    }
    if (at[0] >= 0 && at[1] >= 0 && at[0] >= at[1])
        return x_printf("%s: note %s: from is not before to", text_of(note, "place"), text_of(note, "name"));
    return NULL;
}

void triage_say_faults(json_t *notes)
{
    json_t *note;
    size_t i;
    json_array_foreach (notes, i, note) {
        char *fault = triage_fault(note);
        if (fault)
            say("%s", fault);
        free(fault);
    }
}

char *triage_line(json_t *row)
{
    struct text_buf t = {0};
    json_t *note;
    size_t i;
    text_add(&t, "");
    json_array_foreach (json_object_get(row, "notes"), i, note) {
        text_addf(&t, "%s[%s] %s", i ? "; " : "", text_of(note, "state"), text_of(note, "text"));
        if (*text_of(note, "link"))
            text_addf(&t, " (%s)", text_of(note, "link"));
    }
    return t.data;
}
