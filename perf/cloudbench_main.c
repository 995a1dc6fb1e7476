// cloudbench: boots CloudOS and Linux in the same virtual machine and says which is faster, and by
// how much. This file owns the choice of the verb and nothing else.
#include "perf/config/config.h"
#include "perf/config/sched_profile.h"
#include "perf/util/project.h"
#include "perf/util/say.h"
#include "perf/verbs/verb.h"
#include "perf/vm/guarded_exec.h"
#include "perf/vm/host_signals.h"

#include <argp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct verb verbs[] = {
    {"doctor", "what this host can measure, and why not more", verb_doctor},
    {"list", "suites, workloads, metrics, kernels, topologies, runs", verb_list},
    {"run", "boot the kernels, run workloads, keep the results", verb_run},
    {"scale", "throughput against the number of CPUs, and where it ends", verb_scale},
    {"compare", "one run's kernels, or two runs, side by side", verb_compare},
    {"gate", "does a run pass against what was accepted", verb_gate},
    {"tune", "look for scheduler settings that beat the default", verb_tune},
    {"publish", "the static site of all runs", verb_publish},
    {"import", "results of other hosts and other tools become runs", verb_import},
    {"export", "runs as CSV, OpenMetrics or Google Benchmark's JSON", verb_export},
    {"gc", "remove runs that the policy does not keep", verb_gc},
    {"config", "the settings, and where each comes from", verb_config},
    {"profile", "instructions by symbol for one workload", verb_profile},
    {"trace", "a timeline of one workload's scheduling, for Perfetto", verb_trace},
    {"lines", "lines of memory that move between CPUs, and who causes it", verb_lines},
    {"shell", "an interactive guest on this terminal", verb_shell},
};
#define VERBS (sizeof(verbs) / sizeof(*verbs))

static void usage(FILE *out)
{
    fputs("Usage: cloudbench VERB [OPTION...]\n"
          "Boots CloudOS and Linux in the same virtual machine and compares them.\n\n",
          out);
    for (size_t i = 0; i < VERBS; i++)
        fprintf(out, "  %-9s %s\n", verbs[i].name, verbs[i].about);
    fputs("\n`cloudbench VERB --help` shows a verb's options; every verb takes --set DOCUMENT.KEY=VALUE\n"
          "and --profile FILE|NAME (many of them), which go over the files in configs/ (`cloudbench config show --origin`). Start with `cloudbench doctor`.\n"
          "Exit codes: 0 ok, 1 internal, 2 usage, 3 regression, 4 inconclusive, 5 environment "
          "refused,\n"
          "6 guest failure, 77 skipped, 130 interrupted.\n",
          out);
}

static int run_verb(const struct verb *v, int argc, char **argv)
{
    static char name[64];
    snprintf(name, sizeof(name), "cloudbench %s", v->name);
    argv[1] = name;
    program_invocation_name = name;
    return v->run(argc - 1, argv + 1);
}

// The settings of a profile, a file or one of configs/sched/, as if each were given by --set.
static bool take_profile(const char *profile)
{
    bool named = *profile && !strchr(profile, '/') && !strchr(profile, '.');
    char *why = NULL;
    json_t *list = named ? sched_profile(project_root(), profile, &why) : config_profile(profile, &why), *v;
    size_t i;
    json_array_foreach (list, i, v)
        if (!why)
            config_set(json_string_value(v), &why);
    if (why)
        say_error("%s", why);
    bool ok = !why;
    free(why);
    json_decref(list);
    return ok;
}

// Takes every --set and --profile out of the arguments, up to "--"; the verbs never see them. False after saying
// what is wrong with one.
static bool take_settings(int *argc, char **argv)
{
    int kept = 1;
    bool ok = true, ended = false;
    for (int i = 1; i < *argc; i++) {
        char *assignment = NULL, *why = NULL;
        ended |= !strcmp(argv[i], "--");
        if (!ended && !strncmp(argv[i], "--set=", 6))
            assignment = argv[i] + 6;
        else if (!ended && !strcmp(argv[i], "--set"))
            assignment = i + 1 < *argc ? argv[++i] : "";
        if (!assignment && !ended && !strcmp(argv[i], "--profile"))
            ok = take_profile(i + 1 < *argc ? argv[++i] : "") && ok;
        else if (!assignment)
            argv[kept++] = argv[i];
        else if (ok && !config_set(assignment, &why)) {
            say_error("%s", why);
            ok = false;
        }
        free(why);
    }
    argv[kept] = NULL;
    *argc = kept;
    return ok;
}

int main(int argc, char **argv)
{
    if (argc > 3 && !strcmp(argv[1], "--guarded"))
        return guarded_exec(atoi(argv[2]), argv + 3);
    argp_err_exit_status = EXIT_USAGE;
    if (!take_settings(&argc, argv))
        return EXIT_USAGE;
    signals_block();
    if (argc < 2 || !strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") ||
        !strcmp(argv[1], "help")) {
        usage(argc < 2 ? stderr : stdout);
        return argc < 2 ? EXIT_USAGE : EXIT_OK;
    }
    if (!strcmp(argv[1], "--version")) {
        puts("cloudbench " CLOUDBENCH_VERSION);
        return EXIT_OK;
    }
    for (size_t i = 0; i < VERBS; i++)
        if (!strcmp(argv[1], verbs[i].name))
            return run_verb(&verbs[i], argc, argv);
    say_error("no verb is called \"%s\"", argv[1]);
    usage(stderr);
    return EXIT_USAGE;
}
