// The verbs of cloudbench. Each has one file; each parses its own options and returns an exit code
// (perf/util/say.h). This list is the only one: help, the manual page and the shells' completion come from it and from the verbs' own
// argp declarations.
#pragma once
#include <argp.h>
#include <stddef.h>

#define VERBS(X)                                                                 \
    X(doctor, "what this host can measure, and why not more")                    \
    X(list, "suites, workloads, metrics, kernels, topologies, notes, runs")      \
    X(run, "boot the kernels, run workloads, keep the results")                  \
    X(scale, "throughput against the number of CPUs, and where it ends")         \
    X(compare, "one run's kernels, or two runs, side by side")                   \
    X(gate, "does a run pass against what was accepted")                         \
    X(tune, "look for scheduler settings that beat the default")                 \
    X(publish, "the static site of all runs")                                    \
    X(import, "results of other hosts and other tools become runs")              \
    X(export, "runs as CSV, OpenMetrics or Google Benchmark's JSON")             \
    X(gc, "remove runs that the policy does not keep")                           \
    X(config, "the settings, and where each comes from")                         \
    X(profile, "instructions by symbol and call stack for one workload")         \
    X(trace, "a timeline of one workload's scheduling, for Perfetto")            \
    X(lines, "lines of memory that move between CPUs, and who causes it")        \
    X(shell, "an interactive guest on this terminal")                            \
    X(manual, "this program's manual page, and completion for bash, zsh and fish")

struct verb {
    const char *name, *about;
    int (*run)(int argc, char **argv); // argv[0] is "cloudbench VERB"
    const struct argp *argp;
};

#define X(name, about)                         \
    extern const struct argp name##_argp;      \
    int verb_##name(int argc, char **argv);
VERBS(X)
#undef X

extern const struct verb verbs[]; // ends with a NULL name
// What every verb takes before its own options see anything.
extern const struct argp_option common_options[];
struct exit_word {
    int code;
    const char *meaning;
};
extern const struct exit_word exit_words[]; // ends with a NULL meaning
