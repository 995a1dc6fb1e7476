// The options --qemu and --initrd of every verb that boots something: an argp child whose input is a struct host_tools.
#pragma once
#include "perf/verbs/host_tools.h"

#include <argp.h>

// The argument as a whole number from `least` to a million; ends the program with a usage error when it is none.
int option_whole(struct argp_state *state, const char *arg, const char *what, int least);

extern const struct argp_child tool_options[];
