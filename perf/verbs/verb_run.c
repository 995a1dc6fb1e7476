// cloudbench run: measure suites or workloads on one or more kernels.
#include "perf/result/run_session.h"
#include "perf/result/run_store.h"
#include "perf/util/json_get.h"
#include "perf/util/project.h"
#include "perf/util/say.h"
#include "perf/verbs/host_tools.h"
#include "perf/verbs/tool_options.h"
#include "perf/verbs/verb.h"
#include "perf/view/compare_view.h"
#include "perf/view/run_view.h"

#include <argp.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum { OPT_TIER = 256, OPT_DEADLINE, OPT_SEED, OPT_AA, OPT_PLACE };

struct run_args {
    struct str_list suites, kernels;
    const char *topology, *tier, *out, *format, *place;
    struct host_tools tools;
    json_t *policy; // "run" of configs/policy.yaml
    int boots;
    double scale, deadline, seed;
    bool quiet, aa;
};

static const struct argp_option options[] = {
    {"kernel", 'k', "KERNEL", 0,
     "kernel to boot; repeat or separate by commas (default: policy.run.kernels)", 0},
    {"topology", 't', "TOPOLOGY", 0,
     "CPUs and nodes, by name or as 8 or 8x4 (default: policy.run.topology)", 0},
    {"tier", OPT_TIER, "TIER", 0, "det, tcg, kvm or auto (default: policy.run.tier)", 0},
    {"boots", 'b', "N", 0, "fresh boots of each kernel (default: policy.run.boots of the tier)", 0},
    {"output", 'o', "DIR", 0, "folder of runs (default: out/runs)", 0},
    {"scale", OPT_SCALE, "X", 0, "multiply every iteration count", 0},
    {"deadline", OPT_DEADLINE, "SECONDS", 0, "give a guest up after this long without progress", 0},
    {"format", OPT_FORMAT, "FORMAT", 0, "text, md, json or csv on stdout (default: text)", 0},
    {"seed", OPT_SEED, "N", 0,
     "draws which kernel leads in each block of boots (default: policy.run.seed)", 0},
    {"place", OPT_PLACE, "RULE", 0,
     "where on the host: none, compact or spread (default: policy.run.place of the tier)", 0},
    {"aa", OPT_AA, 0, 0, "boot each kernel as two arms: how much this host differs from itself", 0},
    {"quiet", 'q', 0, 0, "no progress on stderr", 0},
    {0},
};

static double positive(struct argp_state *state, const char *arg, const char *what)
{
    char *end;
    double v = strtod(arg, &end);
    if (end == arg || *end || !(v > 0) || v > 1e9)
        argp_error(state, "%s must be a number above 0, not \"%s\"", what, arg);
    return v;
}

static void add_kernels(struct str_list *l, const char *arg)
{
    char *copy = x_strdup(arg), *save = NULL;
    for (char *k = strtok_r(copy, ",", &save); k; k = strtok_r(NULL, ",", &save))
        if (!list_has(l, k))
            list_add(l, k);
    free(copy);
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct run_args *a = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &a->tools;
        break;
    case 'k':
        add_kernels(&a->kernels, arg);
        break;
    case 't':
        a->topology = arg;
        break;
    case 'b':
        a->boots = positive(state, arg, "-b");
        break;
    case 'o':
        a->out = arg;
        break;
    case 'q':
        a->quiet = true;
        break;
    case OPT_TIER:
        a->tier = arg;
        break;
    case OPT_SCALE:
        a->scale = positive(state, arg, "--scale");
        break;
    case OPT_DEADLINE:
        a->deadline = positive(state, arg, "--deadline");
        break;
    case OPT_FORMAT:
        a->format = arg;
        break;
    case OPT_SEED:
        a->seed = positive(state, arg, "--seed");
        break;
    case OPT_PLACE:
        a->place = arg;
        break;
    case OPT_AA:
        a->aa = true;
        break;
    case ARGP_KEY_ARG:
        list_add(&a->suites, arg);
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

static int find_kernels(struct run_options *o, const struct str_list *names)
{
    int rc = 0;
    for (size_t i = 0; i < names->count && !rc; i++) {
        if (o->kernels == RUN_KERNELS_MAX) {
            say_error("at most %d kernels in one run", RUN_KERNELS_MAX);
            return EXIT_USAGE;
        }
        rc = kernel_image_find(&o->kernel[o->kernels], names->items[i]);
        o->kernels++;
    }
    return rc;
}

// The second arm of every kernel: the same image under another name.
static int double_arms(struct run_options *o)
{
    int n = o->kernels, rc = 0;
    if (2 * n > RUN_KERNELS_MAX) {
        say_error("at most %d arms in one run", RUN_KERNELS_MAX);
        return EXIT_USAGE;
    }
    for (int k = 0; k < n && !rc; k++) {
        struct kernel_image *again = &o->kernel[o->kernels];
        rc = kernel_image_find(again, o->kernel[k].name);
        o->kernels++;
        if (rc)
            break;
        char *name = x_printf("%s-again", again->name), *label = x_printf("%s again", again->label);
        free(again->name);
        free(again->label);
        again->name = name;
        again->label = label;
    }
    return rc;
}

static int check_shape(const struct run_args *a, const struct run_options *o)
{
    if (o->tier.tier == TIER_DET && o->topology->cpus > VM_DET_CPUS_MAX) {
        say_error("the det tier runs up to %d CPUs in turn; topology \"%s\" has %d (--tier tcg "
                  "takes it)",
                  VM_DET_CPUS_MAX, a->topology, o->topology->cpus);
        return EXIT_USAGE;
    }
    return 0;
}

// The host's part. What it cannot give is said, recorded and left out.
static int place(const struct run_args *a, struct run_options *o)
{
    json_t *of_tier = json_object_get(a->policy, "place");
    const char *name = a->place ? a->place : text_of(of_tier, tier_name[o->tier.tier]);
    enum place_rule rule;
    if (!place_rule_of(name, &rule) || (rule != PLACE_BY_HOST && o->tier.tier == TIER_DET)) {
        say_error(o->tier.tier == TIER_DET ? "--place %s: counts of the det tier do not depend on where it runs"
                                           : "no placement is called \"%s\": none, compact or spread", name);
        return EXIT_USAGE;
    }
    host_plan_make(&o->plan, rule, o->topology, NULL);
    host_plan_finish(&o->plan, o->topology, number_of(a->policy, "huge_page_kb"),
                     o->tier.tier == TIER_KVM && !strcmp(text_of(a->policy, "halt"), "guest"));
    for (size_t i = 0; i < o->plan.missing.count; i++)
        say("placement: %s", o->plan.missing.items[i]);
    return 0;
}

static int default_boots(json_t *policy, enum tier tier)
{
    return json_integer_value(json_object_get(json_object_get(policy, "boots"), tier_name[tier]));
}

static int resolve(struct run_args *a, struct run_options *o, struct vm_topology *topology)
{
    char *why;
    int rc = format_known(a->format) ? 0 : EXIT_USAGE;
    if (rc)
        return rc;
    if (!vm_topology_find(topology, a->topology, &why)) {
        say_error("%s", why);
        free(why);
        return EXIT_USAGE;
    }
    o->topology = topology;
    rc = tier_choose(&o->tier, a->tier, topology->cpus);
    rc = rc ? rc : check_shape(a, o);
    rc = rc ? rc : place(a, o);
    rc = rc ? rc : find_kernels(o, &a->kernels);
    rc = rc || !a->aa ? rc : double_arms(o);
    bool det = o->tier.tier == TIER_DET;
    struct host_need need = {det ? "count" : NULL, det ? topology->cpus : 0};
    rc = rc ? rc : host_tools_find(&a->tools, need);
    o->qemu = a->tools.qemu;
    o->initrd = a->tools.initrd;
    o->plugin = a->tools.plugin;
    o->seed = a->seed > 0 ? (uint64_t)a->seed
                          : (uint64_t)json_integer_value(json_object_get(a->policy, "seed"));
    o->boots = a->boots ? a->boots : default_boots(a->policy, o->tier.tier);
    return rc;
}

static void release(struct run_args *a, struct run_options *o, struct vm_topology *topology)
{
    for (int k = 0; k < o->kernels; k++)
        kernel_image_free(&o->kernel[k]);
    host_plan_free(&o->plan);
    host_tools_free(&a->tools);
    list_free(&a->suites);
    list_free(&a->kernels);
    vm_topology_free(topology);
}

static void add_names(struct str_list *l, json_t *names)
{
    json_t *name;
    size_t i;
    if (!l->count)
        json_array_foreach (names, i, name)
            list_add(l, json_string_value(name));
}

// What the command line left open comes from the policy, which outlives every use of its strings.
static void fill_defaults(struct run_args *a)
{
    add_names(&a->suites, json_object_get(a->policy, "suites"));
    add_names(&a->kernels, json_object_get(a->policy, "kernels"));
    if (!a->tier)
        a->tier = json_string_value(json_object_get(a->policy, "tier"));
    if (!a->topology)
        a->topology = json_string_value(json_object_get(a->policy, "topology"));
}

const struct argp run_argp = {
    options,
    parse,
    "[SUITE|WORKLOAD...]",
    "Measure on fresh boots; results go to out/runs and are never overwritten.",
    tool_options,
    0,
    0};

int verb_run(int argc, char **argv)
{
    struct run_args a = {.format = "text", .scale = 1};
    struct vm_topology topology = {0};
    json_t *run = NULL;
    char *dir = NULL, *base = run_store_default_base();
    argp_parse(&run_argp, argc, argv, 0, 0, &a);
    json_t *policy = project_config("policy");
    a.policy = json_object_get(policy, "run");
    fill_defaults(&a);
    struct run_options o = {
        .suites = a.suites, .scale = a.scale, .deadline = a.deadline, .quiet = a.quiet};
    int rc = resolve(&a, &o, &topology);
    o.base = a.out ? a.out : base;
    if (!rc) {
        say("tier %s: %s", tier_name[o.tier.tier], o.tier.why);
        rc = run_session(&o, &run, &dir);
    }
    if (run)
        run_view(run, dir, a.format);
    json_decref(run);
    json_decref(policy);
    release(&a, &o, &topology);
    free(base);
    free(dir);
    return rc;
}
