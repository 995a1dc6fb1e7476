// cloudbench run: measure suites or workloads on one or more kernels.
#include "perf/config/config.h"
#include "perf/result/run_partial.h"
#include "perf/result/run_store.h"
#include "perf/util/json_get.h"
#include "perf/util/project.h"
#include "perf/util/say.h"
#include "perf/verbs/own_workload.h"
#include "perf/verbs/run_resolve.h"
#include "perf/verbs/tool_options.h"
#include "perf/verbs/verb.h"
#include "perf/view/dry_run.h"
#include "perf/view/run_view.h"
#include "perf/vm/temp_dir.h"

#include <argp.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum { OPT_TIER = 256, OPT_DEADLINE, OPT_SEED, OPT_AA, OPT_PLACE, OPT_RESUME, OPT_WORKLOAD, OPT_CONTROL };

static const struct argp_option options[] = {
    {"kernel", 'k', "KERNEL", 0,
     "kernel to boot; repeat or separate by commas (default: policy.run.kernels)", 0},
    {"topology", 't', "TOPOLOGY", 0,
     "CPUs and nodes, by name or as 8 or 8x4 (default: policy.run.topology)", 0},
    {"tier", OPT_TIER, "TIER", 0, "det, tcg, kvm or auto (default: policy.run.tier)", 0},
    {"boots", 'b', "N", 0, "fresh boots of each kernel (default: policy.run.boots of the tier)", 0},
    {"output", 'o', "DIR", 0, "folder of runs (default: out/runs)", 0},
    {"scale", OPT_SCALE, "X", 0, "multiply every iteration count", 0},
    {"deadline", OPT_DEADLINE, "SECONDS", 0, "give a guest up after this long without progress, and not before (default: by the machine, the CPUs and --scale)", 0},
    {"format", OPT_FORMAT, "FORMAT", 0, "text, md, json or csv on stdout (default: text)", 0},
    {"seed", OPT_SEED, "N", 0,
     "draws which kernel leads in each block of boots (default: policy.run.seed)", 0},
    {"place", OPT_PLACE, "RULE", 0,
     "where on the host: none, compact or spread (default: policy.run.place of the tier)", 0},
    OPTION_TURN,
    {"aa", OPT_AA, 0, 0, "boot each kernel as two arms: how much this host differs from itself", 0},
    {"control", OPT_CONTROL, "WORKLOAD:N[/M]", 0,
     "with --aa: the second arm does N more in each iteration of WORKLOAD, instructions (det; /M: in each M-th only) or nanoseconds: what must be found", 0},
    {"workload", OPT_WORKLOAD, "FILE", 0,
     "measure this static program too; it keeps the contract of docs/result-protocol.md (repeat)", 0},
    {"jobs", 'j', "N", 0, "det: boots that run at once (default: one a processor; counts do not depend on it)", 0},
    OPTION_DRY,
    {"resume", OPT_RESUME, "DIR", 0, "go on with a run that was interrupted; all its options are kept", 0},
    OPTION_QUIET,
    {0},
};

// WORKLOAD:N[/M]
static void take_control(struct run_args *a, struct argp_state *state, const char *arg)
{
    const char *colon = strrchr(arg, ':');
    char *end = NULL;
    a->control_n = colon ? strtol(colon + 1, &end, 10) : 0;
    a->control_every = end && *end == '/' ? strtol(end + 1, &end, 10) : 1;
    if (!colon || colon == arg || *end || a->control_n < 1 || a->control_n > 1000000000 || a->control_every < 1)
        argp_error(state, "--control wants WORKLOAD:N[/M] with whole numbers above 0, not \"%s\"", arg);
    free(a->control);
    a->control = x_printf("%.*s", (int)(colon - arg), arg);
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
        a->boots = option_whole(state, arg, "-b", 1);
        break;
    case 'o':
        a->out = arg;
        break;
    case 'j':
        a->jobs = option_whole(state, arg, "-j", 1);
        break;
    case 'q':
        a->quiet = true;
        break;
    case OPT_TIER:
        a->tier = arg;
        break;
    case OPT_SCALE:
        a->scale = option_number(state, arg, "--scale");
        break;
    case OPT_DEADLINE:
        a->deadline = option_number(state, arg, "--deadline");
        break;
    case OPT_FORMAT:
        a->format = arg;
        break;
    case OPT_SEED:
        a->seed = option_seed(state, arg);
        break;
    case OPT_WORKLOAD:
        list_add(&a->programs, arg);
        break;
    case OPT_DRY:
        a->dry = true;
        break;
    case OPT_RESUME:
        a->resume = arg;
        break;
    case OPT_PLACE:
        a->place = arg;
        break;
    case OPT_TURN:
        a->turn_ns = option_whole(state, arg, "--turn", 0);
        break;
    case OPT_AA:
        a->aa = true;
        break;
    case OPT_CONTROL:
        take_control(a, state, arg);
        break;
    case ARGP_KEY_END:
        if (a->control && !a->aa)
            argp_error(state, "--control is of the second arm that --aa makes");
        break;
    case ARGP_KEY_ARG:
        list_add(&a->suites, arg);
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return 0;
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

static json_t *words(int argc, char **argv)
{
    json_t *list = json_array();
    for (int i = 1; i < argc; i++)
        json_array_append_new(list, json_string(argv[i]));
    return list;
}

// The options, settings and tier that an unfinished run was begun with take the place of the command line's. *argv holds what they
// point into.
static int take_up(struct run_args *a, json_t **arguments, json_t *partial, struct str_list *argv)
{
    const char *dir = a->resume;
    char *why = NULL;
    json_t *v;
    size_t i;
    list_add(argv, "cloudbench run");
    *arguments = json_incref(json_object_get(partial, "arguments"));
    json_array_foreach (*arguments, i, v)
        list_add(argv, json_string_value(v));
    json_array_foreach (json_object_get(partial, "settings"), i, v)
        if (!why)
            config_set(json_string_value(v), &why);
    if (why)
        say_error("%s", why);
    *a = (struct run_args){.format = "text", .scale = 1, .turn_ns = -1, .quiet = a->quiet};
    argp_parse(&run_argp, argv->count, argv->items, 0, 0, a);
    a->resume = dir;
    a->tier = text_of(partial, "tier");
    free(why);
    return why ? EXIT_USAGE : 0;
}

static int measure(struct run_args *a, struct run_options *o)
{
    json_t *run = NULL;
    char *dir = NULL;
    say("tier %s: %s", tier_name[o->tier.tier], o->tier.why);
    int rc = run_session(o, &run, &dir);
    if (run && !run_view(run, dir, a->format))
        rc = exit_worst(rc, EXIT_REFUSED);
    json_decref(run);
    free(dir);
    return rc;
}

static int run(struct run_args *a, json_t *arguments)
{
    struct run_options o = {0};
    struct vm_topology topology = {0};
    char *base = run_store_default_base(), *temp = NULL;
    int rc = a->programs.count ? own_workloads(&a->programs, &a->suites, &a->tools.initrd, &temp) : 0;
    json_t *policy = rc ? NULL : project_config("policy");
    a->policy = json_object_get(policy, "run");
    if (!rc) {
        fill_defaults(a);
        o = (struct run_options){.suites = a->suites, .scale = a->scale, .deadline = a->deadline, .quiet = a->quiet,
                                 .resume = a->resume, .arguments = arguments};
        rc = run_resolve(a, &o, &topology);
        o.base = a->out ? a->out : base;
    }
    if (!rc)
        rc = a->dry ? dry_run_view(&o, a->format) : measure(a, &o);
    run_resolve_free(a, &o, &topology);
    json_decref(policy);
    if (temp)
        temp_dir_remove(temp);
    free(base);
    return rc;
}

int verb_run(int argc, char **argv)
{
    struct run_args a = {.format = "text", .scale = 1, .turn_ns = -1};
    json_t *arguments = words(argc, argv), *partial = NULL;
    struct str_list before = {0};
    int rc = 0;
    argp_parse(&run_argp, argc, argv, 0, 0, &a);
    if (a.resume) {
        json_decref(arguments);
        arguments = NULL;
        partial = run_partial_read(a.resume);
        rc = partial ? take_up(&a, &arguments, partial, &before) : EXIT_USAGE;
    }
    rc = rc ? rc : run(&a, arguments);
    json_decref(arguments);
    json_decref(partial);
    list_free(&before);
    return rc;
}
