// The choice of processors. Binding is in thread_bind.c, memory in memory_plan.c.
#include "perf/place/host_plan.h"

#include "perf/place/memory_plan.h"

#include <hwloc.h>
#include <stdlib.h>
#include <string.h>

const char *const place_rule_name[PLACE_RULES] = {"none", "compact", "spread"};

bool place_rule_of(const char *name, enum place_rule *rule)
{
    for (int r = 0; r < PLACE_RULES; r++)
        if (!strcmp(name, place_rule_name[r])) {
            *rule = r;
            return true;
        }
    return false;
}

static char *list_of(hwloc_const_bitmap_t set)
{
    char *text = NULL;
    if (hwloc_bitmap_list_asprintf(&text, set) < 0)
        return x_strdup("");
    char *own = x_strdup(text);
    free(text);
    return own;
}

// The first processor of each core within `within` that is not taken, in the host's order. Returns how many there are;
// at most n of them are written to cpu.
static int free_cores(hwloc_topology_t t, hwloc_const_cpuset_t within, hwloc_const_cpuset_t taken, int *cpu, int n)
{
    hwloc_obj_t core = NULL;
    int found = 0;
    hwloc_obj_type_t type = hwloc_get_nbobjs_by_type(t, HWLOC_OBJ_CORE) > 0 ? HWLOC_OBJ_CORE : HWLOC_OBJ_PU;
    while ((core = hwloc_get_next_obj_by_type(t, type, core))) {
        if (hwloc_bitmap_intersects(core->cpuset, taken))
            continue;
        hwloc_bitmap_t usable = hwloc_bitmap_alloc();
        hwloc_bitmap_and(usable, core->cpuset, within);
        int first = hwloc_bitmap_first(usable);
        hwloc_bitmap_free(usable);
        if (first >= 0 && found++ < n)
            cpu[found - 1] = first;
    }
    return found;
}

// The smallest part of the host that has n cores: the first of the deepest level on which one has as many.
static hwloc_obj_t smallest_part(hwloc_topology_t t, hwloc_const_cpuset_t usable, int n)
{
    hwloc_bitmap_t none = hwloc_bitmap_alloc(), within = hwloc_bitmap_alloc();
    hwloc_obj_t found = NULL;
    for (int depth = hwloc_topology_get_depth(t) - 1; depth >= 0 && !found; depth--)
        for (unsigned i = 0; i < hwloc_get_nbobjs_by_depth(t, depth) && !found; i++) {
            hwloc_obj_t part = hwloc_get_obj_by_depth(t, depth, i);
            hwloc_bitmap_and(within, part->cpuset, usable);
            found = free_cores(t, within, none, NULL, 0) >= n ? part : NULL;
        }
    hwloc_bitmap_free(none);
    hwloc_bitmap_free(within);
    return found;
}

static void place_compact(struct host_plan *p, const struct vm_topology *t, hwloc_const_cpuset_t usable)
{
    hwloc_obj_t part = smallest_part(p->topology, usable, t->cpus);
    hwloc_bitmap_t none = hwloc_bitmap_alloc(), within = hwloc_bitmap_alloc();
    if (part) {
        hwloc_bitmap_and(within, part->cpuset, usable);
        p->vcpus = free_cores(p->topology, within, none, p->cpu, t->cpus) >= t->cpus ? t->cpus : 0;
        memory_plan_whole(p, part->nodeset, t);
    }
    hwloc_bitmap_free(none);
    hwloc_bitmap_free(within);
}

// The guest's node of a vCPU; without nodes each vCPU stands for one.
static int guest_node(const struct vm_topology *t, int cpu)
{
    struct cpu_list l;
    for (int n = 0; n < t->nodes; n++)
        if (cpu_list_parse(&l, t->node[n].cpus) && l.has[cpu])
            return n;
    return cpu;
}

static void place_spread(struct host_plan *p, const struct vm_topology *t, hwloc_const_cpuset_t usable)
{
    int nodes = hwloc_get_nbobjs_by_type(p->topology, HWLOC_OBJ_NUMANODE);
    hwloc_bitmap_t taken = hwloc_bitmap_alloc(), within = hwloc_bitmap_alloc();
    if (nodes < 2)
        list_add(&p->missing, "spread: the host has one node, so everything is on it");
    p->vcpus = t->cpus;
    for (int c = 0; c < t->cpus && p->vcpus; c++) {
        hwloc_obj_t node = hwloc_get_obj_by_type(p->topology, HWLOC_OBJ_NUMANODE,
                                                 spread_node(guest_node(t, c), t->nodes ? t->nodes : t->cpus, nodes));
        hwloc_bitmap_and(within, node->cpuset, usable);
        if (free_cores(p->topology, within, taken, &p->cpu[c], 1))
            hwloc_bitmap_set(taken, p->cpu[c]);
        else
            p->vcpus = 0;
    }
    memory_plan_by_node(p, t);
    hwloc_bitmap_free(taken);
    hwloc_bitmap_free(within);
}

// Processors of untouched cores; if there are none the other threads of the vCPUs' own; if there are none, all.
static void place_others(struct host_plan *p, hwloc_const_cpuset_t usable)
{
    hwloc_bitmap_t cores = hwloc_bitmap_alloc(), rest = hwloc_bitmap_dup(usable);
    for (int c = 0; c < p->vcpus; c++) {
        hwloc_obj_t pu = hwloc_get_pu_obj_by_os_index(p->topology, p->cpu[c]);
        hwloc_obj_t core = hwloc_get_ancestor_obj_by_type(p->topology, HWLOC_OBJ_CORE, pu);
        hwloc_bitmap_or(cores, cores, core ? core->cpuset : pu->cpuset);
        hwloc_bitmap_clr(rest, p->cpu[c]);
    }
    hwloc_bitmap_t whole = hwloc_bitmap_dup(usable);
    hwloc_bitmap_andnot(whole, whole, cores);
    p->others = list_of(!hwloc_bitmap_iszero(whole) ? whole : !hwloc_bitmap_iszero(rest) ? rest : usable);
    if (hwloc_bitmap_iszero(whole))
        list_add(&p->missing, hwloc_bitmap_iszero(rest)
                                  ? "QEMU's other threads share the vCPUs' processors: no other is left"
                                  : "QEMU's other threads run on the vCPUs' cores: no other is left");
    hwloc_bitmap_free(cores);
    hwloc_bitmap_free(rest);
    hwloc_bitmap_free(whole);
}

// What hwloc allows, and on this machine what this process may use (taskset).
static hwloc_bitmap_t usable_cpus(const struct host_plan *p)
{
    hwloc_bitmap_t own = hwloc_bitmap_alloc(), all = hwloc_bitmap_dup(hwloc_topology_get_allowed_cpuset(p->topology));
    if (p->here && !hwloc_get_cpubind(p->topology, own, HWLOC_CPUBIND_PROCESS) && !hwloc_bitmap_iszero(own))
        hwloc_bitmap_and(all, all, own);
    hwloc_bitmap_free(own);
    return all;
}

static int cores_in(const struct host_plan *p, hwloc_const_cpuset_t usable)
{
    hwloc_bitmap_t none = hwloc_bitmap_alloc();
    int n = free_cores(p->topology, usable, none, NULL, 0);
    hwloc_bitmap_free(none);
    return n;
}

// hwloc takes this machine when it cannot read the description it was given; nobody who gave one wants that.
static const char *description_ignored(hwloc_topology_t t)
{
    static const char *const names[] = {"HWLOC_XMLFILE", "HWLOC_SYNTHETIC"};
    for (int i = 0; i < 2; i++)
        if (getenv(names[i]) && hwloc_topology_is_thissystem(t) && !getenv("HWLOC_THISSYSTEM"))
            return names[i];
    return NULL;
}

static bool open_topology(struct host_plan *p, const char *description)
{
    hwloc_topology_t t;
    if (hwloc_topology_init(&t))
        return false;
    if ((description && hwloc_topology_set_synthetic(t, description)) || hwloc_topology_load(t)) {
        list_add(&p->missing, "nothing is bound: hwloc cannot read the host's topology");
        hwloc_topology_destroy(t);
        return false;
    }
    const char *ignored = description ? NULL : description_ignored(t);
    if (ignored) {
        list_addf(&p->missing, "nothing is bound: hwloc cannot read what %s says (%s)", ignored, getenv(ignored));
        hwloc_topology_destroy(t);
        return false;
    }
    p->topology = t;
    p->here = hwloc_topology_is_thissystem(t);
    return true;
}

static char *describe(const struct host_plan *p)
{
    hwloc_topology_t t = p->topology;
    return x_printf("%s: %d nodes, %d cores, %d processors", p->here ? "this machine" : "a described machine",
                    hwloc_get_nbobjs_by_type(t, HWLOC_OBJ_NUMANODE), hwloc_get_nbobjs_by_type(t, HWLOC_OBJ_CORE),
                    hwloc_get_nbobjs_by_type(t, HWLOC_OBJ_PU));
}

void host_plan_make(struct host_plan *p, enum place_rule rule, const struct vm_topology *t, const char *description)
{
    *p = (struct host_plan){.rule = rule};
    if (rule == PLACE_BY_HOST)
        return;
    if (!open_topology(p, description))
        return;
    p->described = describe(p);
    if (!p->here)
        list_add(&p->missing, "nothing is bound: hwloc was given the topology of another machine");
    hwloc_bitmap_t usable = usable_cpus(p);
    (rule == PLACE_COMPACT ? place_compact : place_spread)(p, t, usable);
    if (p->vcpus)
        place_others(p, usable);
    else
        list_addf(&p->missing, "vCPUs are not bound: %d want a core each, %s; the host has %d for us", t->cpus,
                  place_rule_name[rule], cores_in(p, usable));
    hwloc_bitmap_free(usable);
}

void host_plan_finish(struct host_plan *p, const struct vm_topology *t, int huge_page_kb, bool halt_in_guest)
{
    p->host.halt_in_guest = halt_in_guest;
    if (p->rule == PLACE_BY_HOST)
        return;
    memory_plan_check(p, t);
    memory_plan_huge(p, huge_page_kb, t, NULL);
}

const struct vm_host_options *host_plan_options(const struct host_plan *p)
{
    return p->topology && !p->here ? NULL : &p->host;
}

void host_plan_free(struct host_plan *p)
{
    for (int n = 0; n < VM_NODES_MAX; n++)
        free(p->host.memory_nodes[n]);
    free(p->others);
    free(p->described);
    list_free(&p->missing);
    if (p->topology)
        hwloc_topology_destroy(p->topology);
    *p = (struct host_plan){0};
}

static json_t *memory_json(const struct host_plan *p)
{
    json_t *memory = json_array();
    int last = -1;
    for (int n = 0; n < VM_NODES_MAX; n++)
        last = p->host.memory_nodes[n] ? n : last;
    for (int n = 0; n <= last; n++)
        json_array_append_new(memory, p->host.memory_nodes[n] ? json_string(p->host.memory_nodes[n]) : json_null());
    return memory;
}

json_t *host_plan_json(const struct host_plan *p)
{
    json_t *cpus = json_array(), *missing = json_array();
    for (int c = 0; c < p->vcpus; c++)
        json_array_append_new(cpus, json_integer(p->cpu[c]));
    for (size_t i = 0; i < p->missing.count; i++)
        json_array_append_new(missing, json_string(p->missing.items[i]));
    return json_pack("{s:s,s:s*,s:o,s:s*,s:o,s:s,s:i,s:s,s:o}", "rule", place_rule_name[p->rule], "host", p->described,
                     "vcpus", cpus, "others", p->others, "memory_nodes", memory_json(p), "memory_policy",
                     p->host.interleave ? "interleave" : "bind", "huge_page_kb", p->host.huge_page_kb, "halt",
                     p->host.halt_in_guest ? "guest" : "host", "missing", missing);
}
