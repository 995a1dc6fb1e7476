// The shape of a virtual machine: CPUs, memory, NUMA nodes.
// Comes from configs/topologies/ by name, or from the short form "CPUS" or "CPUSxNODES" (8x4: 8
// CPUs on 4 nodes).
#pragma once
#include "perf/vm/cpu_list.h"

#include <jansson.h>

#define VM_NODES_MAX 64

struct vm_node {
    char *cpus;    // CPU list; "" for a node without CPUs
    int memory_mb; // 0 for a node without memory
};

struct vm_topology {
    char *name;
    int cpus;
    int memory_mb;
    int nodes; // 0: no NUMA description at all
    struct vm_node node[VM_NODES_MAX];
    bool has_distances; // otherwise QEMU's own: 10 on a node, 20 between two
    unsigned char distance[VM_NODES_MAX][VM_NODES_MAX];
};

// False with *why (owned by the caller) when the name is unknown or the description is
// inconsistent.
bool vm_topology_find(struct vm_topology *t, const char *name, char **why);
void vm_topology_free(struct vm_topology *t);
// Two CPUs for a two-party workload: on one CPU, on two of one node, on two nodes. False when the
// shape has none.
enum placement { PLACE_SAME_CPU, PLACE_CROSS_CPU, PLACE_CROSS_NODE, PLACEMENTS };
extern const char *const placement_name[PLACEMENTS];
bool vm_topology_pair(const struct vm_topology *t, enum placement p, int *a, int *b);
json_t *vm_topology_json(const struct vm_topology *t);
