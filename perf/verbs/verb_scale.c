// cloudbench scale: a workload on every CPU at once, on machines of 1 to N CPUs, each measured by a `cloudbench run` of
// its own; throughput, efficiency and the Universal Scalability Law with the knee's band, for both kernels.
#include "perf/config/config.h"
#include "perf/result/run_plan.h"
#include "perf/result/run_store.h"
#include "perf/scale/scale_table.h"
#include "perf/store/run_likeness.h"
#include "perf/util/host_file.h"
#include "perf/util/json_get.h"
#include "perf/util/say.h"
#include "perf/verbs/self_run.h"
#include "perf/verbs/tool_options.h"
#include "perf/verbs/verb.h"
#include "perf/view/compare_view.h"
#include "perf/view/progress.h"
#include "perf/vm/tier_choice.h"

#include <argp.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define CPUS_MAX 255

enum { OPT_CPUS = 256, OPT_TIER };

struct scale_args {
    struct str_list names, kernels;
    const char *cpus, *tier, *out, *format, *boots, *factor;
    bool dry, quiet;
};

static const struct argp_option options[] = {
    {"kernel", 'k', "KERNEL", 0, "kernel to boot; repeat (default: linux and cloudos)", 0},
    {"cpus", OPT_CPUS, "LIST", 0, "numbers of CPUs, separated by commas (default: 1,2,4)", 0},
    {"tier", OPT_TIER, "TIER", 0, "det, tcg, kvm or auto; one for all sizes (default: auto)", 0},
    {"boots", 'b', "N", 0, "fresh boots of each kernel and size (default: policy.run.boots of the tier)", 0},
    {"scale", OPT_SCALE, "X", 0, "multiply every iteration count", 0},
    {"output", 'o', "DIR", 0, "folder of the runs (default: out/runs)", 0},
    {"dry-run", OPT_DRY, 0, 0, "print what each size would boot and about how long it takes; boot nothing", 0},
    OPTION_QUIET,
    OPTION_FORMAT,
    {0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct scale_args *a = state->input;
    switch (key) {
    case 'k':
        list_add(&a->kernels, arg);
        break;
    case 'b':
        a->boots = arg;
        break;
    case 'o':
        a->out = arg;
        break;
    case 'q':
        a->quiet = true;
        break;
    case OPT_CPUS:
        a->cpus = arg;
        break;
    case OPT_TIER:
        a->tier = arg;
        break;
    case OPT_DRY:
        a->dry = true;
        break;
    case OPT_SCALE:
        a->factor = arg;
        break;
    case OPT_FORMAT:
        a->format = arg;
        break;
    case ARGP_KEY_ARG:
        list_addf(&a->names, COPIES "%s", arg);
        break;
    case ARGP_KEY_NO_ARGS:
        argp_error(state, "which workload? (see `cloudbench list workloads`)");
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

// "1,2,4" -> the numbers; false when one is none. *most is the largest.
static bool split_cpus(const char *list, struct str_list *out, int *most)
{
    char *copy = x_strdup(list), *save = NULL;
    bool ok = true;
    *most = 0;
    for (char *word = strtok_r(copy, ",", &save); word; word = strtok_r(NULL, ",", &save)) {
        char *end;
        long n = strtol(word, &end, 10);
        ok &= *word >= '0' && *word <= '9' && !*end && n >= 1 && n <= CPUS_MAX && !list_has(out, word);
        *most = n > *most ? n : *most;
        list_add(out, word);
    }
    free(copy);
    return ok && out->count;
}

static void option(struct str_list *l, const char *name, const char *value)
{
    if (value) {
        list_add(l, name);
        list_add(l, value);
    }
}

static int run_size(const struct scale_args *a, const char *base, const char *tier, const char *cpus, json_t **run)
{
    struct str_list l = {0};
    json_t *settings = config_settings(), *s;
    size_t i;
    list_add(&l, "run");
    for (i = 0; i < a->names.count; i++)
        list_add(&l, a->names.items[i]);
    for (i = 0; i < a->kernels.count; i++)
        option(&l, "-k", a->kernels.items[i]);
    option(&l, "--tier", tier);
    option(&l, "-t", cpus);
    option(&l, "-b", a->boots);
    option(&l, "--scale", a->factor);
    option(&l, "-o", base);
    if (a->quiet)
        list_add(&l, "-q");
    json_array_foreach (settings, i, s)
        option(&l, "--set", json_string_value(s));
    if (a->dry) {
        list_add(&l, "--dry-run");
        option(&l, "--format", a->format);
    }
    *run = NULL;
    int rc = a->dry ? self_run(&l) : self_run_loaded(&l, base, run);
    list_free(&l);
    json_decref(settings);
    return rc;
}

// Where it was measured, and what the kernels are called.
static void describe(json_t *document, json_t *run)
{
    json_t *kernels = json_object_get(json_object_get(run, "identity"), "kernels"), *labels = json_object(), *k;
    const char *name;
    char *host = run_fingerprint(run);
    json_object_foreach (kernels, name, k)
        json_object_set(labels, name, json_object_get(k, "label"));
    json_object_set_new(document, "host", json_string(host));
    json_object_set_new(document, "kernels", labels);
    json_object_set(document, "created", json_object_get(run, "created"));
    json_object_set(document, "id", json_object_get(run, "id"));
    free(host);
}

// Beside the runs, for the site: scale/ID.json, ID that of the last run. It is never written again.
static bool keep(const struct scale_args *a, json_t *document)
{
    char *own = run_store_default_base();
    char *dir = x_printf("%s/scale", a->out ? a->out : own), *name = x_printf("%s.json", text_of(document, "id"));
    bool ok = make_dirs(dir) && run_store_save(dir, name, document);
    if (!ok)
        say_error("cannot write %s/%s: %s", dir, name, strerror(errno));
    free(own);
    free(dir);
    free(name);
    return ok;
}

// Of a size: a machine of n CPUs does n times as much, and is booted.
static double units_of(const char *cpus)
{
    return 1 + atoi(cpus);
}

static double all_units(const struct str_list *sizes)
{
    double units = 0;
    for (size_t i = 0; i < sizes->count; i++)
        units += units_of(sizes->items[i]);
    return units;
}

// Every size, each a run that goes on with our bar; a row that failed on one size does not end the others. An interrupt does, also one that came when a size had all its numbers.
static int run_all(const struct scale_args *a, const struct str_list *sizes, const char *tier, json_t *document)
{
    char *own = run_store_default_base();
    const char *base = a->out ? a->out : own;
    int worst = 0;
    struct progress progress;
    progress_start(&progress, all_units(sizes), a->quiet || a->dry);
    for (size_t i = 0; i < sizes->count; i++) {
        json_t *run;
        say("scale: %s CPU%s", sizes->items[i], strcmp(sizes->items[i], "1") ? "s" : "");
        progress_hand_on(&progress, units_of(sizes->items[i]));
        int rc = run_size(a, base, tier, sizes->items[i], &run);
        worst = exit_worst(worst, rc);
        progress_add(&progress, units_of(sizes->items[i]));
        if (run) {
            scale_add_run(document, run);
            describe(document, run);
        }
        bool more = rc != EXIT_INTERRUPTED && (run || (a->dry && !rc));
        json_decref(run);
        if (!more)
            break;
    }
    progress_clear(&progress);
    free(own);
    return worst;
}

static int scale(struct scale_args *a)
{
    struct str_list sizes = {0};
    struct tier_choice tier;
    int most, rc = format_known(a->format) ? 0 : EXIT_USAGE;
    if (!rc && !split_cpus(a->cpus, &sizes, &most)) {
        say_error("--cpus wants different numbers from 1 to %d, separated by commas, not \"%s\"", CPUS_MAX, a->cpus);
        rc = EXIT_USAGE;
    }
    // One tier for all sizes: that of the largest machine.
    rc = rc ? rc : tier_choose(&tier, a->tier, most);
    if (!rc) {
        json_t *document = json_pack("{s:s,s:s,s:s}", "schema", "cloudbench-scale/1", "tier", tier_name[tier.tier],
                                     "tier_why", tier.why);
        rc = run_all(a, &sizes, tier_name[tier.tier], document);
        if (json_array_size(json_object_get(document, "points"))) {
            scale_finish(document, 1);
            if (!keep(a, document) && !rc)
                rc = EXIT_REFUSED;
            scale_print(document, a->format);
            say("tier %s: %s", tier_name[tier.tier], tier.why);
        }
        json_decref(document);
    }
    list_free(&sizes);
    return rc;
}

const struct argp scale_argp = {
    options, parse, "WORKLOAD...", "Throughput of a workload on every CPU at once, against their number.", 0, 0, 0};

int verb_scale(int argc, char **argv)
{
    struct scale_args a = {.cpus = "1,2,4", .tier = "auto", .format = "text"};
    argp_parse(&scale_argp, argc, argv, 0, 0, &a);
    if (!a.kernels.count) {
        list_add(&a.kernels, "linux");
        list_add(&a.kernels, "cloudos");
    }
    int rc = scale(&a);
    list_free(&a.names);
    list_free(&a.kernels);
    return rc;
}
