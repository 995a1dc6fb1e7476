// The options --qemu and --initrd of every verb that boots something: an argp child whose input is a struct host_tools.
#pragma once
#include "perf/verbs/host_tools.h"

#include <argp.h>

extern const struct argp_child tool_options[];
