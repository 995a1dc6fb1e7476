// cloudbench list: what can be run and what was run.
#include "perf/result/run_store.h"
#include "perf/result/runs_list.h"
#include "perf/store/triage.h"
#include "perf/util/host_file.h"
#include "perf/util/json_get.h"
#include "perf/util/project.h"
#include "perf/util/say.h"
#include "perf/util/text_buf.h"
#include "perf/verbs/tool_options.h"
#include "perf/verbs/verb.h"
#include "perf/view/compare_view.h"
#include "perf/view/objects_view.h"
#include "perf/vm/vm_topology.h"

#include <argp.h>
#include <stdlib.h>
#include <string.h>

struct list_args {
    struct str_list kinds;
    const char *format, *base;
};

static const struct argp_option options[] = {
    OPTION_FORMAT,
    OPTION_RUNS,
    {0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct list_args *a = state->input;
    switch (key) {
    case OPT_FORMAT:
        a->format = arg;
        break;
    case OPT_RUNS:
        a->base = arg;
        break;
    case ARGP_KEY_ARG:
        list_add(&a->kinds, arg);
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

// Each kind is an array of flat objects with the same members: that is the JSON, and the table's
// columns.
static json_t *suites(const struct list_args *a)
{
    json_t *out = json_array(), *config = project_config("suites"), *s, *w;
    const char *name;
    size_t i;
    (void)a;
    json_object_foreach (config, name, s) {
        struct text_buf t = {0};
        json_array_foreach (json_object_get(s, "workloads"), i, w)
            text_addf(&t, "%s%s", i ? " " : "", json_string_value(w));
        json_array_append_new(out,
                              json_pack("{s:s,s:O,s:s}", "suite", name, "about",
                                        json_object_get(s, "about"), "workloads", text_str(&t)));
        text_free(&t);
    }
    json_decref(config);
    return out;
}

static json_t *workloads(const struct list_args *a)
{
    json_t *out = json_array(), *config = project_config("workloads"), *w;
    const char *name;
    (void)a;
    json_object_foreach (config, name, w)
        json_array_append_new(
            out, json_pack("{s:s,s:O,s:O,s:O,s:O,s:O}", "workload", name, "about",
                           json_object_get(w, "about"), "iterations_det", json_object_get(w, "det"),
                           "iterations_wall", json_object_get(w, "wall"), "target",
                           json_array_get(json_object_get(w, "targets"), 0), "target_final",
                           json_array_get(json_object_get(w, "targets"), 1)));
    json_decref(config);
    return out;
}

static json_t *metrics(const struct list_args *a)
{
    static const char *const all[][4] = {
        {"instructions", "instructions/op", "det", "slope of the whole VM's instructions, or of the TSC if larger"},
        {"mean_ns", "ns, or ns (emulated)", "tcg kvm", "mean of a boot, median over boots"},
        {"p50_ns, p99_ns", "ns, or ns (emulated)", "tcg kvm", "percentiles of a boot's iterations, where there are enough, median over boots"},
        {"NAME_ns, NAME_ppm, NAME_count", "ns, virtual ns, ppm, count", "det tcg kvm", "what a workload measures itself (its `values`)"},
    };
    json_t *out = json_array();
    (void)a;
    for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
        json_array_append_new(out, json_pack("{s:s,s:s,s:s,s:s}", "metric", all[i][0], "unit", all[i][1], "tiers", all[i][2],
                                             "about", all[i][3]));
    return out;
}

static json_t *kernels(const struct list_args *a)
{
    json_t *out = json_array(), *config = project_config("kernels"), *k;
    const char *name;
    (void)a;
    json_object_foreach (config, name, k) {
        char *pattern = project_path(json_string_value(json_object_get(k, "image"))),
             *path = newest_match(pattern);
        json_array_append_new(
            out, json_pack("{s:s,s:O,s:s,s:s,s:O}", "kernel", name, "label",
                           json_object_get(k, "label"), "image", path ? path : pattern, "state",
                           path ? "there" : "missing", "cmdline", json_object_get(k, "cmdline")));
        free(pattern);
        free(path);
    }
    json_decref(config);
    return out;
}

static json_t *topologies(const struct list_args *a)
{
    json_t *out = json_array(), *config = project_config("topologies"), *j;
    const char *name;
    (void)a;
    json_object_foreach (config, name, j) {
        struct vm_topology t;
        char *why;
        if (vm_topology_find(&t, name, &why))
            json_array_append_new(out, json_pack("{s:s,s:i,s:i,s:i}", "topology", name, "cpus",
                                                 t.cpus, "nodes", t.nodes ? t.nodes : 1,
                                                 "memory_mb", t.memory_mb));
        free(why);
        vm_topology_free(&t);
    }
    json_decref(config);
    return out;
}

static json_t *triage(const struct list_args *a)
{
    json_t *out = json_array(), *notes = triage_read(), *note;
    size_t i;
    (void)a;
    json_array_foreach (notes, i, note) {
        char *fault = triage_fault(note);
        json_array_append_new(out, json_pack("{s:O,s:O,s:O,s:s,s:s,s:O,s:s}", "note", json_object_get(note, "name"), "workload",
                                             json_object_get(note, "workload"), "state", json_object_get(note, "state"), "from",
                                             text_of(note, "from"), "to", text_of(note, "to"), "text", json_object_get(note, "text"),
                                             "fault", fault ? fault : ""));
        free(fault);
    }
    json_decref(notes);
    return out;
}

static json_t *knobs(const struct list_args *a)
{
    json_t *out = json_array(), *config = project_config("knobs"), *k;
    const char *name;
    (void)a;
    json_object_foreach (config, name, k)
        json_array_append_new(out, json_pack("{s:s,s:O,s:s,s:s}", "knob", name, "about", json_object_get(k, "about"), "cloudos",
                                             text_of(k, "cloudos"), "linux", text_of(k, "linux")));
    json_decref(config);
    return out;
}

static json_t *runs(const struct list_args *a)
{
    char *fixed = run_store_default_base();
    const char *base = a->base ? a->base : fixed;
    int unfinished;
    json_t *out = runs_list(base, &unfinished);
    if (unfinished)
        say_hint("`cloudbench run --resume %s/RUN` goes on with one that is unfinished", base);
    free(fixed);
    return out;
}

static const struct {
    const char *name;
    json_t *(*make)(const struct list_args *a);
} kinds[] = {{"suites", suites},   {"workloads", workloads},   {"metrics", metrics},
             {"knobs", knobs},
             {"kernels", kernels}, {"topologies", topologies}, {"triage", triage},       {"runs", runs}};
#define KINDS (sizeof(kinds) / sizeof(*kinds))

static void show(json_t *all, const char *format)
{
    json_t *items;
    const char *name;
    bool many = json_object_size(all) > 1;
    if (!many) {
        objects_view(json_object_iter_value(json_object_iter(all)), format);
        return;
    }
    if (!strcmp(format, "json")) {
        objects_view(all, format);
        return;
    }
    enum table_format f = table_format_of(format);
    json_object_foreach (all, name, items) {
        if (f != TABLE_CSV)
            printf("%s%s%s%s\n", f == TABLE_MD ? "\n## " : "\n", tint_out(TINT_BOLD), name,
                   tint_out(TINT_OFF));
        objects_table(items, f);
    }
}

static bool wanted(const struct list_args *a, const char *name)
{
    return !a->kinds.count || list_has(&a->kinds, name);
}

const struct argp list_argp = {options,
                                 parse,
                                 "[suites|workloads|metrics|knobs|kernels|topologies|triage|runs...]",
                                 "What can be run and what was run.",
                                 0,
                                 0,
                                 0};

int verb_list(int argc, char **argv)
{
    struct list_args a = {.format = "text"};
    json_t *all = json_object();
    int rc;
    argp_parse(&list_argp, argc, argv, 0, 0, &a);
    rc = format_known(a.format) ? EXIT_OK : EXIT_USAGE;
    for (size_t i = 0; i < KINDS && !rc; i++)
        if (wanted(&a, kinds[i].name))
            json_object_set_new(all, kinds[i].name, kinds[i].make(&a));
    if (!rc && (json_object_size(all) < a.kinds.count || !json_object_size(all))) {
        say_error("there is no such list: suites, workloads, metrics, knobs, kernels, topologies, triage or runs");
        rc = EXIT_USAGE;
    }
    if (!rc)
        show(all, a.format);
    json_decref(all);
    list_free(&a.kinds);
    return rc;
}
