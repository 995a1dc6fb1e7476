// cloudbench lines: lines of memory that move between CPUs, per operation, and who causes it; pairs
// of operations on unrelated objects that share lines.
#include "perf/lines/line_boot.h"
#include "perf/lines/line_document.h"
#include "perf/lines/line_operations.h"
#include "perf/lines/line_sites.h"
#include "perf/lines/lines_view.h"
#include "perf/result/run_store.h"
#include "perf/util/project.h"
#include "perf/util/say.h"
#include "perf/util/text_buf.h"
#include "perf/verbs/guest_symbols.h"
#include "perf/verbs/tool_options.h"
#include "perf/verbs/verb.h"
#include "perf/view/compare_view.h"
#include "perf/view/text_table.h"
#include "perf/vm/temp_dir.h"

#include <argp.h>
#include <stdlib.h>
#include <string.h>

#define KERNELS_MAX 4

enum { OPT_TOP = 256, OPT_ITERS, OPT_CONFLICTS, OPT_LOG, OPT_TWO };

struct lines_args {
    struct str_list workloads, kernels, topologies;
    size_t named; // of the workloads, the first so many were asked for by name, not by --two-party
    const char *format, *log, *out;
    int top, iters;
    bool conflicts, two_party, dry, quiet;
    struct host_tools tools;
};

static const struct argp_option options[] = {
    {"kernel", 'k', "KERNEL", 0, "kernel to boot; repeat or separate by commas (default: cloudos)",
     0},
    {"topology", 't', "LIST", 0, "shapes of 1 to 8 CPUs, separated by commas (default: 2)", 0},
    {"top", OPT_TOP, "N", 0, "show the N places that cause most transfers (default: 0)", 0},
    {"iters", OPT_ITERS, "N", 0, "operations of each worker (default: 100; conflicts: 20)", 0},
    {"conflicts", OPT_CONFLICTS, 0, 0, "every pair of operations on two CPUs, as a matrix", 0},
    {"two-party", OPT_TWO, 0, 0, "every two-party workload, its parties on different CPUs and nodes (default: -t 2,4,8)", 0},
    {"output", 'o', "DIR", 0, "folder of runs, in which the figures are kept (default: out/runs)", 0},
    {"log", OPT_LOG, "PATH", 0, "write every access of the last boot there (large)", 0},
    OPTION_DRY,
    OPTION_QUIET,
    OPTION_FORMAT,
    {0},
};

static void add_words(struct str_list *l, const char *arg)
{
    char *copy = x_strdup(arg), *save = NULL;
    for (char *w = strtok_r(copy, ",", &save); w; w = strtok_r(NULL, ",", &save))
        if (!list_has(l, w))
            list_add(l, w);
    free(copy);
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct lines_args *a = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &a->tools;
        break;
    case 'k':
        add_words(&a->kernels, arg);
        break;
    case 't':
        add_words(&a->topologies, arg);
        break;
    case OPT_TOP:
        a->top = option_whole(state, arg, "--top", 0);
        break;
    case OPT_ITERS:
        a->iters = option_whole(state, arg, "--iters", 1);
        break;
    case OPT_CONFLICTS:
        a->conflicts = true;
        break;
    case OPT_TWO:
        a->two_party = true;
        break;
    case 'o':
        a->out = arg;
        break;
    case OPT_DRY:
        a->dry = true;
        break;
    case 'q':
        a->quiet = true;
        break;
    case OPT_LOG:
        a->log = arg;
        break;
    case OPT_FORMAT:
        a->format = arg;
        break;
    case ARGP_KEY_ARG:
        add_words(&a->workloads, arg);
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

struct lines {
    const struct lines_args *args;
    struct kernel_image kernel[KERNELS_MAX];
    size_t kernels;
    struct vm_topology *topology; // of those asked for, each found before anything is booted
    size_t topologies;
    struct line_names *names[KERNELS_MAX];
    json_t *rows, *top, *matrices;
    struct progress progress;
    struct dry_boots *dry; // with --dry-run: what would be booted; else NULL
    char *qemu_version;
    bool failed;   // a row has no number
    bool measured; // there are figures to show and to keep
};

// OP: workers on all CPUs. WORKLOAD@PLACEMENT: the two-party workload there. NULL: no such
// placement.
static char *make_spec(const char *name, const struct vm_topology *t, int iters)
{
    const char *at = strchr(name, '@');
    int cpu[2];
    if (!at)
        return x_printf("share/%s@%d:%d", name, t->cpus, iters);
    for (int p = 0; p < PLACEMENTS; p++)
        if (!strcmp(at + 1, placement_name[p]) && vm_topology_pair(t, p, &cpu[0], &cpu[1]))
            return x_printf("%.*s:%d:cpus=%d,%d", (int)(at - name), name, iters, cpu[0], cpu[1]);
    return NULL;
}

static json_t *row_head(const char *name, const struct line_arm *arm)
{
    return json_pack("{s:s,s:s,s:i,s:s}", "workload", name, "topology", arm->topology->name, "cpus", arm->topology->cpus, "kernel", arm->kernel->label);
}

static json_t *row_json(const char *name, const struct line_arm *arm, const struct line_job *j)
{
    const struct line_window *w = &j->window;
    json_t *row = row_head(name, arm);
    if (!w->closed || j->ops <= 0) {
        json_object_set_new(row, "reason", json_string(j->fault ? j->fault : "no window"));
        return row;
    }
    double insns = line_total(w, "insns_user") + line_total(w, "insns_kernel");
    double kernel = line_transfers(w, true), user = line_transfers(w, false);
    json_t *more =
        json_pack("{s:f,s:f,s:f,s:f,s:f,s:f,s:f,s:O,s:O}", "ops", j->ops, "transfers",
                  (kernel + user) / j->ops, "user_transfers", user / j->ops, "far",
                  line_total(w, "far_transfers") / j->ops, "invalidations",
                  line_total(w, "invalidations") / j->ops, "locked",
                  json_number_value(json_object_get(w->counts, "locked_kernel")) / j->ops,
                  "instructions", insns / j->ops, "vcpus", w->vcpus, "counts", w->counts);
    json_object_update(row, more);
    json_decref(more);
    return row;
}

static void add_top(struct lines *l, size_t kernel, char *title, struct line_window *const *windows,
                    size_t count, double ops)
{
    size_t sites;
    struct line_site *site = line_sites(windows, count, &sites, l->names[kernel]);
    json_t *list = json_array();
    for (size_t i = 0; i < sites && i < (size_t)l->args->top; i++)
        json_array_append_new(list, line_site_json(&site[i], l->names[kernel], ops));
    json_array_append_new(l->top, json_pack("{s:s,s:o}", "title", title, "sites", list));
    free(site);
    free(title);
}

static void take_rows(struct lines *l, size_t kernel, const struct line_arm *arm,
                      struct line_job *job, const struct str_list *names)
{
    l->measured = true;
    for (size_t i = 0; i < names->count; i++) {
        const char *name = names->items[i];
        struct line_window *w = &job[i].window;
        json_array_append_new(l->rows, row_json(name, arm, &job[i]));
        l->failed |= !w->closed;
        if (l->args->top && w->closed)
            add_top(l, kernel,
                    x_printf("%s on %s, %s CPUs", name, arm->kernel->label, arm->topology->name),
                    &w, 1, job[i].ops);
    }
}

// Are there figures to keep? Also those of boots before the one that was interrupted, or could not be made.
static bool any_window(const struct line_job *job, size_t jobs)
{
    for (size_t i = 0; i < jobs; i++)
        if (job[i].window.closed)
            return true;
    return false;
}

static bool worth_taking(const struct lines *l, int rc, const struct line_job *job, size_t jobs)
{
    return !l->dry && jobs && (!rc || rc == EXIT_GUEST || any_window(job, jobs));
}

// A workload asked for by name, in a shape without its placement, while another of the shapes has it.
static void take_unplaced(struct lines *l, const struct line_arm *arm, const char *name)
{
    json_t *row = row_head(name, arm);
    json_object_set_new(row, "reason", json_string("not measured: the machine has no such placement"));
    json_array_append_new(l->rows, row);
}

static int measure(struct lines *l, size_t kernel, const struct line_arm *arm)
{
    const struct str_list *asked = &l->args->workloads;
    struct str_list names = {0};
    struct line_job *job = x_alloc(asked->count * sizeof(*job));
    for (size_t i = 0; i < asked->count; i++) {
        char *spec =
            make_spec(asked->items[i], arm->topology, l->args->iters ? l->args->iters : 100);
        if (!spec && i < l->args->named && !l->dry)
            take_unplaced(l, arm, asked->items[i]);
        if (!spec)
            continue;
        job[names.count].spec = spec;
        list_add(&names, asked->items[i]);
    }
    int rc = names.count ? line_boot(arm, job, names.count) : 0;
    if (worth_taking(l, rc, job, names.count))
        take_rows(l, kernel, arm, job, &names);
    line_jobs_free(job, names.count);
    list_free(&names);
    return rc;
}

static json_t *cell_json(const char *a, const char *b, const struct line_job *j)
{
    json_t *c = json_pack("{s:s,s:s}", "a", a, "b", b);
    if (j->window.closed && j->ops > 0)
        json_object_set_new(c, "transfers", json_real(line_transfers(&j->window, true) / j->ops));
    else
        json_object_set_new(c, "reason", json_string(j->fault ? j->fault : "no window"));
    return c;
}

static void take_matrix(struct lines *l, size_t kernel, const struct line_arm *arm,
                        struct line_job *job, const struct str_list *names)
{
    json_t *cells = json_array(), *heads = json_array();
    size_t n = 0, pairs = names->count * (names->count + 1) / 2;
    struct line_window **windows = x_alloc(pairs * sizeof(*windows));
    double ops = 0;
    l->measured = true;
    for (size_t a = 0; a < names->count; a++) {
        json_array_append_new(heads, json_string(names->items[a]));
        for (size_t b = a; b < names->count; b++, n++) {
            json_array_append_new(cells, cell_json(names->items[a], names->items[b], &job[n]));
            windows[n] = job[n].window.closed ? &job[n].window : NULL;
            l->failed |= !windows[n];
            ops += windows[n] ? job[n].ops : 0;
        }
    }
    json_array_append_new(l->matrices, json_pack("{s:s,s:s,s:o,s:o}", "kernel", arm->kernel->label, "topology", arm->topology->name,
                                                 "operations", heads, "cells", cells));
    if (l->args->top && ops > 0)
        add_top(l, kernel,
                x_printf("all pairs on %s, %s CPUs, per operation of all pairs", arm->kernel->label, arm->topology->name),
                windows, pairs, ops);
    free(windows);
}

static int measure_pairs(struct lines *l, size_t kernel, const struct line_arm *arm)
{
    const struct str_list *names = &l->args->workloads;
    size_t n = 0, pairs = names->count * (names->count + 1) / 2;
    struct line_job *job = x_alloc(pairs * sizeof(*job));
    for (size_t a = 0; a < names->count; a++)
        for (size_t b = a; b < names->count; b++)
            job[n++].spec = x_printf("share/%s.%s@2:%d", names->items[a], names->items[b],
                                     l->args->iters ? l->args->iters : 20);
    int rc = line_boot(arm, job, pairs);
    if (worth_taking(l, rc, job, pairs))
        take_matrix(l, kernel, arm, job, names);
    line_jobs_free(job, pairs);
    return rc;
}

static int run_topology(struct lines *l, const struct vm_topology *topology)
{
    int rc = 0;
    for (size_t k = 0; k < l->kernels && !rc; k++) {
        struct line_arm arm = {.kernel = &l->kernel[k],
                               .topology = topology,
                               .qemu = l->args->tools.qemu,
                               .initrd = l->args->tools.initrd,
                               .plugin = l->args->tools.plugin,
                               .qemu_version = &l->qemu_version,
                               .log = l->args->log,
                               .progress = &l->progress,
                               .dry = l->dry};
        rc = l->args->conflicts ? measure_pairs(l, k, &arm) : measure(l, k, &arm);
    }
    return rc;
}

static int by_workload(const void *a, const void *b)
{
    json_t *x = *(json_t *const *)a, *y = *(json_t *const *)b;
    static const char *const keys[] = {"workload", "topology"};
    for (int k = 0; k < 2; k++) {
        int d = strverscmp(json_string_value(json_object_get(x, keys[k])),
                           json_string_value(json_object_get(y, keys[k])));
        if (d)
            return d;
    }
    return strcmp(json_string_value(json_object_get(y, "kernel")),
                  json_string_value(json_object_get(x, "kernel")));
}

// Both kernels of a workload side by side.
static json_t *sorted(json_t *rows)
{
    size_t n = json_array_size(rows);
    json_t **list = x_alloc((n + 1) * sizeof(*list)), *out = json_array();
    for (size_t i = 0; i < n; i++)
        list[i] = json_array_get(rows, i);
    qsort(list, n, sizeof(*list), by_workload);
    for (size_t i = 0; i < n; i++)
        json_array_append(out, list[i]);
    free(list);
    return out;
}

static void show(struct lines *l, json_t *rows)
{
    json_t *m;
    size_t i;
    if (!strcmp(l->args->format, "json")) {
        json_t *all =
            json_pack("{s:O,s:O,s:O}", "rows", rows, "matrices", l->matrices, "top", l->top);
        json_dumpf(all, stdout, JSON_INDENT(1));
        puts("");
        json_decref(all);
    } else {
        if (json_array_size(rows))
            lines_view_rows(rows, l->args->format);
        json_array_foreach (l->matrices, i, m)
            lines_view_matrix(m, l->args->format);
        lines_view_top(l->top, l->args->format);
    }
}

// False after saying why.
static bool keep(struct lines *l, json_t *rows)
{
    char *base = run_store_default_base();
    json_t *document = line_document(rows, l->matrices, l->top, l->qemu_version);
    bool ok = line_document_keep(document, l->args->out ? l->args->out : base);
    json_decref(document);
    free(base);
    return ok;
}

static int finish(struct lines *l)
{
    json_t *rows = sorted(l->rows);
    bool any = json_array_size(rows) || json_array_size(l->matrices);
    show(l, rows);
    int rc = any && !keep(l, rows) ? EXIT_REFUSED : EXIT_OK;
    json_decref(rows);
    return rc;
}

static int finish_dry(struct lines *l)
{
    char *kept = x_printf("%s/lines/ID.json", l->dry->base);
    dry_boots_write(l->dry, kept);
    if (l->args->log)
        dry_boots_write(l->dry, l->args->log);
    dry_boots_view(l->dry, l->args->format);
    free(kept);
    return EXIT_OK;
}

static int find_all(struct lines *l, struct lines_args *a)
{
    int rc = host_tools_find(&a->tools, (struct host_need){.plugin = "lines", .det_cpus = VM_DET_CPUS_MAX});
    if (a->kernels.count > KERNELS_MAX) {
        say_error("at most %d kernels at once", KERNELS_MAX);
        return EXIT_USAGE;
    }
    for (size_t k = 0; k < a->kernels.count && !rc; k++, l->kernels++) {
        rc = kernel_image_find(&l->kernel[k], a->kernels.items[k]);
        char *table = rc || !a->top || l->dry ? NULL : guest_symbols(&l->kernel[k], &a->tools);
        if (!rc && a->top && l->dry)
            guest_symbols_dry(l->dry, &l->kernel[k], &a->tools);
        l->names[k] = line_names_open(l->kernel[k].path ? l->kernel[k].path : "", table);
        free(table);
    }
    return rc;
}

static int find_topologies(struct lines *l, const struct lines_args *a)
{
    char *why = NULL;
    l->topology = x_alloc(a->topologies.count * sizeof(*l->topology));
    for (size_t i = 0; i < a->topologies.count; i++) {
        struct vm_topology *t = &l->topology[l->topologies++];
        if (vm_topology_find(t, a->topologies.items[i], &why) && t->cpus <= VM_DET_CPUS_MAX && (!a->conflicts || t->cpus >= 2))
            continue;
        say_error("%s: %s", t->name, why ? why : "lines are counted on 1 to 8 CPUs, conflicts on 2 to 8");
        free(why);
        return EXIT_USAGE;
    }
    return 0;
}

static bool all_known(const struct lines_args *a)
{
    for (size_t i = 0; i < a->workloads.count; i++)
        if (!line_operation_known(a->workloads.items[i], a->conflicts))
            return false;
    return true;
}

static bool placed_somewhere(const struct lines *l, const char *name)
{
    for (size_t t = 0; t < l->topologies; t++) {
        char *spec = make_spec(name, &l->topology[t], 1);
        bool placed = spec;
        free(spec);
        if (placed)
            return true;
    }
    return false;
}

// What is asked for by name is measured in one of the shapes at least; --two-party takes those that there are.
static int check_placements(const struct lines *l, const struct lines_args *a)
{
    for (size_t i = 0; i < a->named; i++)
        if (!placed_somewhere(l, a->workloads.items[i])) {
            say_error("%s: none of the machines has such a placement", a->workloads.items[i]);
            say_hint("two CPUs of one node: -t 2; of two nodes: -t 2x2");
            return EXIT_USAGE;
        }
    return 0;
}

// Over all kernels and shapes.
static size_t count_jobs(const struct lines *l)
{
    const struct str_list *asked = &l->args->workloads;
    size_t n = 0;
    for (size_t t = 0; t < l->topologies && !l->args->conflicts; t++)
        for (size_t i = 0; i < asked->count; i++) {
            char *spec = make_spec(asked->items[i], &l->topology[t], 1);
            n += spec != NULL;
            free(spec);
        }
    return l->kernels * (l->args->conflicts ? l->topologies * asked->count * (asked->count + 1) / 2 : n);
}

static int lines(struct lines_args *a)
{
    struct lines l = {.args = a};
    l.rows = json_array();
    l.top = json_array();
    l.matrices = json_array();
    struct dry_boots dry;
    char *base = run_store_default_base();
    dry_boots_start(&dry, a->out ? a->out : base);
    l.dry = a->dry ? &dry : NULL;
    int rc = all_known(a) ? find_topologies(&l, a) : EXIT_USAGE;
    rc = rc ? rc : check_placements(&l, a);
    rc = rc ? rc : find_all(&l, a);
    progress_start(&l.progress, count_jobs(&l), a->quiet);
    for (size_t t = 0; t < l.topologies && !rc; t++)
        rc = run_topology(&l, &l.topology[t]);
    progress_clear(&l.progress);
    if (!rc)
        rc = a->dry ? finish_dry(&l) : finish(&l);
    else if (rc == EXIT_GUEST || l.measured)
        finish(&l); // what was measured before stays, whatever ended it
    for (size_t k = 0; k < KERNELS_MAX; k++) {
        line_names_close(l.names[k]);
        kernel_image_free(&l.kernel[k]);
    }
    for (size_t t = 0; t < l.topologies; t++)
        vm_topology_free(&l.topology[t]);
    free(l.topology);
    json_decref(l.rows);
    json_decref(l.top);
    json_decref(l.matrices);
    dry_boots_free(&dry);
    free(base);
    free(l.qemu_version);
    return rc ? rc : l.failed ? EXIT_GUEST : EXIT_OK;
}

static bool waits_across(const char *name, json_t *w)
{
    return json_is_true(json_object_get(w, "two_party")) && strcmp(name, "yield") && !json_object_get(w, "values");
}

// The workloads of configs/workloads.yaml that have two parties and nobody beside, at each placement at which they wait for each other.
static void add_two_party(struct str_list *l)
{
    json_t *workloads = project_config("workloads"), *w;
    const char *name;
    json_object_foreach (workloads, name, w)
        for (int p = PLACE_CROSS_CPU; p < PLACEMENTS; p++)
            if (waits_across(name, w)) {
                char *placed = x_printf("%s@%s", name, placement_name[p]);
                if (!list_has(l, placed))
                    list_add(l, placed);
                free(placed);
            }
    json_decref(workloads);
}

static void fill_defaults(struct lines_args *a)
{
    a->named = a->workloads.count;
    if (a->two_party) {
        add_two_party(&a->workloads);
        if (!a->topologies.count)
            add_words(&a->topologies, "2,4,8");
    }
    if (!a->kernels.count)
        list_add(&a->kernels, "cloudos");
    if (!a->topologies.count)
        list_add(&a->topologies, "2");
    if (a->conflicts && !a->workloads.count)
        for (size_t i = 0; i < LINE_OPERATIONS; i++)
            list_add(&a->workloads, line_operations[i]);
}

const struct argp lines_argp = {
    options,
    parse,
    "WORKLOAD...",
    "Transfers of 64-byte lines between CPUs, per operation (docs/lines.md).\v"
    "WORKLOAD is an operation that unrelated processes do on every CPU (getppid dup open stat "
    "rw "
    "pipe mmap touch futex signal sched timer thread fork exec switch) or a two-party workload with "
    "its placement (futex@cross-cpu, pipe@cross-node). With --conflicts: the operations whose "
    "pairs are run, all of them by default.",
    tool_options,
    0,
    0};

int verb_lines(int argc, char **argv)
{
    struct lines_args a = {.format = "text"};
    argp_parse(&lines_argp, argc, argv, 0, 0, &a);
    fill_defaults(&a);
    if (!a.workloads.count)
        say_error("which workload? (or --conflicts; see cloudbench lines --help)");
    if (a.log && *a.log != '/')
        say_error("--log wants an absolute path");
    int rc =
        format_known(a.format) && a.workloads.count && (!a.log || *a.log == '/') ? 0 : EXIT_USAGE;
    temp_dir_sweep();
    rc = rc ? rc : lines(&a);
    host_tools_free(&a.tools);
    list_free(&a.workloads);
    list_free(&a.kernels);
    list_free(&a.topologies);
    return rc;
}
