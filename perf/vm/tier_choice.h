// Which tier a run uses and why. "auto" takes kvm where the probe finds it good, otherwise det for
// one CPU and tcg for more.
#pragma once
#include "perf/vm/vm_spec.h"

struct tier_choice {
    enum tier tier;
    const char *cpu;
    char why[256]; // one line for people
};

// 0, EXIT_USAGE (no such tier) or EXIT_REFUSED (the environment lacks it); says why on stderr.
int tier_choose(struct tier_choice *c, const char *asked, int cpus);
// The emulated and real tiers' unit of time: "ns (emulated)" or "ns".
const char *tier_time_unit(enum tier tier);
