// Where on the host a machine's vCPUs, QEMU's other threads and the guest's memory belong, by hwloc's topology of the
// host. Planned before a boot, bound when QEMU has made its threads. What cannot be had is one line each in `missing`
// and left out; it never ends a run.
//
// compact: cores of the smallest part of the host (cache, node, package) that has enough, memory on the nodes of it.
// spread: guest node by host node, as far apart as the host has nodes (without guest nodes: vCPU by vCPU), memory likewise or
// interleaved.
// A vCPU gets a core of its own; the core's other threads stay free for QEMU's other threads if nothing else is.
#pragma once
#include "perf/util/text_buf.h"
#include "perf/vm/vm_spec.h"

#include <jansson.h>
#include <stdbool.h>
#include <sys/types.h>

#define HOST_PLAN_CPUS 255

enum place_rule { PLACE_BY_HOST, PLACE_COMPACT, PLACE_SPREAD, PLACE_RULES };
extern const char *const place_rule_name[PLACE_RULES]; // "none", "compact", "spread"

struct host_plan {
    enum place_rule rule;
    struct vm_host_options host; // what QEMU is told of it
    int vcpus;                   // 0: no vCPU is bound
    int cpu[HOST_PLAN_CPUS];     // the host's number of each one's processor
    char *others;                // processors of QEMU's other threads, as a list; NULL: not bound
    char *described;             // what the plan was made for: this machine, or a description
    struct str_list missing;
    void *topology; // hwloc's, open until host_plan_free; NULL with PLACE_BY_HOST
    bool here;      // it describes this machine: threads can be bound
};

// False when no rule is called so.
bool place_rule_of(const char *name, enum place_rule *rule);
// The host is this machine, or what HWLOC_SYNTHETIC or HWLOC_XMLFILE describes (then nothing is bound).
// `description` (hwloc's synthetic syntax) goes before both; NULL outside of tests.
void host_plan_make(struct host_plan *p, enum place_rule rule, const struct vm_topology *t, const char *description);
// Memory that the host cannot bind is not bound; huge pages (0: none) where there are enough; where a halted CPU waits.
// Nothing for a plan without a rule but the last.
void host_plan_finish(struct host_plan *p, const struct vm_topology *t, int huge_page_kb, bool halt_in_guest);
// What QEMU is told; NULL for a plan of another machine.
const struct vm_host_options *host_plan_options(const struct host_plan *p);
void host_plan_free(struct host_plan *p);
json_t *host_plan_json(const struct host_plan *p);
// Binds QEMU's threads as planned and reads back that it holds. cpus: the answer of query-cpus-fast. NULL, or one line
// of what could not be bound, the caller's.
char *host_plan_bind(const struct host_plan *p, pid_t qemu, json_t *cpus);
