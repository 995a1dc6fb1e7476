// Options that verbs share: --qemu and --initrd of those that boot something (an argp child whose input is a struct
// host_tools), and entries that many tables hold. Their keys are below 1000; a verb numbers its own from 256 on.
#pragma once
#include "perf/verbs/host_tools.h"

#include <argp.h>

enum { OPT_FORMAT = 900, OPT_RUNS, OPT_SCALE, OPT_TURN, OPT_DRY };
#define OPTION_FORMAT {"format", OPT_FORMAT, "FORMAT", 0, "text, md, json or csv (default: text)", 0}
#define OPTION_RUNS   {"runs", OPT_RUNS, "DIR", 0, "folder of runs (default: out/runs)", 0}
#define OPTION_SCALE  {"scale", OPT_SCALE, "X", 0, "multiply the iteration count", 0}
#define OPTION_KERNEL {"kernel", 'k', "KERNEL", 0, "kernel to boot (default: cloudos)", 0}
#define OPTION_QUIET  {"quiet", 'q', 0, 0, "no progress on stderr", 0}
#define OPTION_DRY    {"dry-run", OPT_DRY, 0, 0, "print what would be booted and about how long it takes; boot and write nothing", 0}
#define OPTION_TURN                                                                                                  \
    {"turn", OPT_TURN, "NS", 0,                                                                                      \
     "det, several CPUs: how long one runs before the next one's turn, an instruction a ns; 0: until the machine's " \
     "next timer (default: policy.run.turn_ns)", 0}

// The argument as a whole number from `least` to a million; ends the program with a usage error when it is none.
int option_whole(struct argp_state *state, const char *arg, const char *what, int least);
// As a number above 0 (and no infinity); as a seed, a whole number of at most a thousand million. Both end the program alike.
double option_number(struct argp_state *state, const char *arg, const char *what);
double option_seed(struct argp_state *state, const char *arg);

// The one kernel of a verb that takes one: a second is a usage error.
void option_kernel(struct argp_state *state, const char *arg, const char **kernel);

extern const struct argp_child tool_options[];
