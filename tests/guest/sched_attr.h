/* sched_attr.h: struct sched_attr of sched_setattr(2) in its first version (48 bytes); what came later, two of the programs declare themselves. */
#pragma once
#include <stdint.h>

struct attr {
    uint32_t size, policy;
    uint64_t flags;
    int32_t nice;
    uint32_t priority;
    uint64_t runtime, deadline, period; /* ns */
};
