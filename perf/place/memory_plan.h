// The part of a host_plan that is about the guest's memory: on which of the host's nodes it lies, of which pages it is made.
#pragma once
#include "perf/place/host_plan.h"

#include <hwloc.h>

// Which of the host's nodes is for part i of n: far from each other when there are enough, in turn otherwise.
int spread_node(int i, int n, int host_nodes);
// All of it on these nodes of the host.
void memory_plan_whole(struct host_plan *p, hwloc_const_nodeset_t nodes, const struct vm_topology *t);
// Guest node by host node in turn; a guest without nodes has its pages on all of them in turn.
void memory_plan_by_node(struct host_plan *p, const struct vm_topology *t);
// No memory is bound to a node that has too little or that this process may not use (by libnuma).
void memory_plan_check(struct host_plan *p, const struct vm_topology *t);
// Huge pages of that size where the host has enough of them free. `folder`: NULL, or in place of /sys/kernel/mm/hugepages.
void memory_plan_huge(struct host_plan *p, int page_kb, const struct vm_topology *t, const char *folder);
