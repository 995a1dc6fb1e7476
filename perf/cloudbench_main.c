// cloudbench: boots CloudOS and Linux in the same virtual machine and says which is faster, and by
// how much. This file owns the choice of the verb and nothing else.
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
    {"compare", "one run's kernels, or two runs, side by side", verb_compare},
    {"profile", "instructions by symbol for one workload", verb_profile},
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
    fputs("\n`cloudbench VERB --help` shows a verb's options. Start with `cloudbench doctor`.\n"
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

int main(int argc, char **argv)
{
    if (argc > 3 && !strcmp(argv[1], "--guarded"))
        return guarded_exec(atoi(argv[2]), argv + 3);
    argp_err_exit_status = EXIT_USAGE;
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
