// Words are compared, not numbers: what a user reads is what was compared.
#include "perf/store/run_likeness.h"

#include "perf/result/run_plan.h"
#include "perf/util/json_get.h"
#include "perf/util/text_buf.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static char *host_of(json_t *run)
{
    json_t *id = json_object_get(run, "identity"), *host = json_object_get(id, "host");
    json_t *imported = json_object_get(run, "imported");
    if (imported)
        return x_printf("%s %s on %s", text_of(imported, "tool"),
                        *text_of(imported, "version") ? text_of(imported, "version") : "(version not given)",
                        *text_of(host, "name") ? text_of(host, "name") : "a host not named");
    if (!strcmp(text_of(run, "tier"), "det"))
        return x_printf("QEMU %s", text_of(json_object_get(id, "qemu"), "version"));
    return x_printf("%s, %d CPUs", text_of(host, "cpu"),
                    (int)json_integer_value(json_object_get(host, "cpus")));
}

// Times of a machine are also those of the QEMU that made it, emulated or by hardware: "QEMU 7.2.22", "" where it is not known.
// Exact counts have it as their host, imported figures have none.
static char *emulator_of(json_t *run)
{
    bool host = json_object_get(run, "imported") || !strcmp(text_of(run, "tier"), "det");
    const char *version = text_of(json_object_get(json_object_get(run, "identity"), "qemu"), "version");
    return host || !*version ? x_strdup("") : x_printf("QEMU %s", version);
}

// What the rule gave may differ from run to run (which cores were free); the rule must not.
static char *placement_of(json_t *run)
{
    json_t *p = json_object_get(run, "placement");
    int huge = (int)number_of(p, "huge_page_kb");
    struct text_buf t = {0};
    text_add(&t, p ? text_of(p, "rule") : "none");
    if (huge)
        text_addf(&t, ", huge pages of %d kB", huge);
    if (!strcmp(text_of(p, "halt"), "guest"))
        text_add(&t, ", halts in the guest");
    return t.data;
}

static char *topology_of(json_t *run)
{
    return x_strdup(text_of(json_object_get(run, "topology"), "name"));
}

// Of several CPUs under instruction counting: how long each runs before the next one's turn.
static char *turns_of(json_t *run)
{
    int turn = (int)number_of(json_object_get(run, "identity"), "turn_ns");
    bool several = !strcmp(text_of(run, "tier"), "det") && number_of(json_object_get(run, "topology"), "cpus") > 1;
    return turn ? x_printf("%d ns", turn) : x_strdup(several ? "until the next timer" : "none");
}

// Under instruction counting: rows that share a boot move each other. "" where the run does not say it (imported ones).
static char *boots_of(json_t *run)
{
    int rows = (int)number_of(run, "rows_per_boot");
    if (strcmp(text_of(run, "tier"), "det") || rows < 1)
        return x_strdup("");
    return rows == 1 ? x_strdup("each row alone") : x_printf("at most %d rows", rows);
}

static char *scale_of(json_t *run)
{
    json_t *scale = json_object_get(run, "scale");
    return x_printf("%g", scale ? json_number_value(scale) : 1);
}

// Of the --set of a run those that change what is measured: of others the run says so elsewhere (shape, place, turns, knobs), or they
// only judge it.
static bool is_of_measuring(const char *setting)
{
    static const char *const begins[] = {"workloads.", "topologies.", "policy.run.rows_per_boot"};
    for (size_t i = 0; i < sizeof(begins) / sizeof(*begins); i++)
        if (!strncmp(setting, begins[i], strlen(begins[i])))
            return true;
    return false;
}

// What slows one row down on purpose (docs/statistics.md) is what a comparison must find: it makes no run unlike, but a history of its own.
static bool is_padding(const char *setting)
{
    const char *end = strchr(setting, '=');
    size_t n = end ? (size_t)(end - setting) : strlen(setting);
    return (n > 4 && !strncmp(setting + n - 4, ".pad", 4)) || (n > 7 && !strncmp(setting + n - 7, ".pad_ns", 7));
}

// Another kernel under the same name (an image of elsewhere, another command line) is what a comparison is for: no run unlike, but a history of
// its own, as padding. Its label is what it is called, its `set` the run's knobs.
static bool is_of_a_kernel(const char *setting)
{
    size_t n = strcspn(setting, "=");
    bool label = n > 6 && !strncmp(setting + n - 6, ".label", 6), knobs = n > 4 && !strncmp(setting + n - 4, ".set", 4);
    return !strncmp(setting, "kernels.", 8) && !label && !knobs;
}

// `all`: with those that make a history but no unlike run.
static char *settings_of(json_t *run, bool all)
{
    struct text_buf t = {0};
    json_t *v;
    size_t i;
    text_add(&t, "");
    json_array_foreach (json_object_get(run, "settings"), i, v) {
        const char *s = json_string_value(v);
        if (s && ((is_of_measuring(s) && (all || !is_padding(s))) || (all && is_of_a_kernel(s))))
            text_addf(&t, "%s%s", t.len ? ", " : "", s);
    }
    return t.data;
}

json_t *run_settings_of_measuring(json_t *run)
{
    json_t *list = json_array(), *v;
    size_t i;
    json_array_foreach (json_object_get(run, "settings"), i, v) {
        const char *s = json_string_value(v);
        if (s && is_of_measuring(s) && !is_padding(s))
            json_array_append(list, v);
    }
    return list;
}

static char *control_of(json_t *run)
{
    json_t *c = json_object_get(run, "control");
    const char *unit = json_object_get(c, "ns") ? "ns" : "instructions";
    int every = (int)number_of(c, "every");
    if (!c)
        return x_strdup("");
    return x_printf(every > 1 ? "%s:%.0f %s/%d" : "%s:%.0f %s", text_of(c, "workload"), number_of(c, unit), unit, every);
}

// What the kernels' inits wrote into files; of those only that `other` has too, unless it is NULL.
static char *knobs_of(json_t *run, json_t *other)
{
    json_t *kernels = json_object_get(json_object_get(run, "identity"), "kernels"), *k;
    json_t *others = json_object_get(json_object_get(other, "identity"), "kernels");
    struct text_buf t = {0};
    const char *name;
    text_add(&t, "");
    json_object_foreach (kernels, name, k)
        if (*text_of(k, "knobs") && (!other || json_object_get(others, name)))
            text_addf(&t, "%s%s %s", t.len ? ", " : "", name, text_of(k, "knobs"));
    return t.data;
}

static double iterations_of(json_t *run, const char *workload)
{
    json_t *row;
    size_t i;
    json_array_foreach (json_object_get(run, "rows"), i, row)
        if (!strcmp(text_of(row, "workload"), workload))
            return number_of(row, "iterations");
    return 0;
}

// Of the workloads that `other` measured with another number, the run's: "pipe 400, fork 800". Not all in one line.
static char *iterations_unlike(json_t *run, json_t *other)
{
    enum { SHOWN = 4 };
    struct text_buf t = {0};
    struct str_list seen = {0};
    json_t *row;
    size_t i;
    text_add(&t, "");
    json_array_foreach (json_object_get(run, "rows"), i, row) {
        const char *workload = text_of(row, "workload");
        double n = number_of(row, "iterations"), m = iterations_of(other, workload);
        bool counts = n > 0 && m > 0 && !row_is_canary(workload); // the canary's is no row
        if (!counts || n == m || list_has(&seen, workload))
            continue;
        if (seen.count < SHOWN)
            text_addf(&t, "%s%s %.0f", seen.count ? ", " : "", workload, n);
        list_add(&seen, workload);
    }
    if (seen.count > SHOWN)
        text_addf(&t, " and of %zu more", seen.count - SHOWN);
    list_free(&seen);
    return t.data;
}

// What is otherwise than usual, behind its word; the text is freed.
static void add_unusual(struct text_buf *t, const char *word, char *text, const char *usual)
{
    if (strcmp(text, usual))
        text_addf(t, ", %s %s", word, text);
    free(text);
}

char *run_fingerprint(json_t *run)
{
    char *host = host_of(run), *emulator = emulator_of(run), *placement = placement_of(run), *turns = turns_of(run);
    struct text_buf t = {0};
    text_add(&t, host);
    if (*emulator)
        text_addf(&t, ", %s", emulator);
    if (json_object_get(run, "placement"))
        text_addf(&t, ", placed %s", placement);
    if (number_of(json_object_get(run, "identity"), "turn_ns"))
        text_addf(&t, ", turns of %s", turns);
    add_unusual(&t, "boots of", boots_of(run), "");
    add_unusual(&t, "scale", scale_of(run), "1");
    add_unusual(&t, "set", settings_of(run, true), "");
    add_unusual(&t, "control", control_of(run), "");
    add_unusual(&t, "knobs of", knobs_of(run, NULL), "");
    free(host);
    free(emulator);
    free(placement);
    free(turns);
    return t.data;
}

// The texts are freed.
static void add_if_unlike(json_t *list, const char *what, char *x, char *y)
{
    if (strcmp(x, y))
        json_array_append_new(list, json_pack("{s:s,s:s,s:s}", "what", what, "a", *x ? x : "none", "b", *y ? y : "none"));
    free(x);
    free(y);
}

// Where only one of the runs says it nothing is known.
static void add_if_both(json_t *list, const char *what, char *x, char *y)
{
    bool both = *x && *y;
    add_if_unlike(list, what, x, both ? y : x_strdup(x));
    if (!both)
        free(y);
}

json_t *run_unlike(json_t *a, json_t *b)
{
    json_t *list = json_array();
    add_if_unlike(list, "host", host_of(a), host_of(b));
    add_if_unlike(list, "emulator", emulator_of(a), emulator_of(b));
    add_if_unlike(list, "placement", placement_of(a), placement_of(b));
    add_if_unlike(list, "topology", topology_of(a), topology_of(b));
    add_if_unlike(list, "turn", turns_of(a), turns_of(b));
    add_if_both(list, "boot", boots_of(a), boots_of(b));
    size_t before = json_array_size(list);
    add_if_unlike(list, "scale", scale_of(a), scale_of(b));
    add_if_unlike(list, "setting", settings_of(a, false), settings_of(b, false));
    if (json_array_size(list) == before) // else these say why there are more or fewer
        add_if_unlike(list, "iteration", iterations_unlike(a, b), iterations_unlike(b, a));
    add_if_unlike(list, "control", control_of(a), control_of(b));
    add_if_unlike(list, "knob", knobs_of(a, b), knobs_of(b, a));
    return list;
}

char *run_unlike_words(json_t *list)
{
    struct text_buf t = {0};
    json_t *u;
    size_t i;
    json_array_foreach (list, i, u)
        text_addf(&t, "%s%ss (\"%s\" and \"%s\")", i ? ", " : "", !strcmp(text_of(u, "what"), "topology") ? "topologie" : text_of(u, "what"),
                  text_of(u, "a"), text_of(u, "b"));
    return t.data;
}

char *run_unlike_why(json_t *a, json_t *b)
{
    json_t *list = run_unlike(a, b);
    char *words = run_unlike_words(list), *why = words ? x_printf("the runs are of different %s", words) : NULL;
    json_decref(list);
    free(words);
    return why;
}

bool run_is(json_t *a, json_t *b)
{
    json_t *x = json_copy(a), *y = json_copy(b);
    json_object_del(x, "id");
    json_object_del(y, "id");
    bool same = json_equal(x, y);
    json_decref(x);
    json_decref(y);
    return same;
}
