// QEMU binds by its own memory backends; here is decided where to, and refused what the host cannot give.
#include "perf/place/memory_plan.h"

#include "perf/util/host_file.h"

#include <numa.h>
#include <stdlib.h>
#include <string.h>

static int backends(const struct vm_topology *t)
{
    return t->nodes ? t->nodes : 1;
}

static int memory_of(const struct vm_topology *t, int n)
{
    return t->nodes ? t->node[n].memory_mb : t->memory_mb;
}

static char *nodes_list(hwloc_const_nodeset_t nodes)
{
    char *text = NULL, *own;
    if (hwloc_bitmap_list_asprintf(&text, nodes) < 0)
        return NULL;
    own = x_strdup(text);
    free(text);
    return own;
}

int spread_node(int i, int n, int host_nodes)
{
    return n <= host_nodes ? i * host_nodes / n : i % host_nodes;
}

void memory_plan_whole(struct host_plan *p, hwloc_const_nodeset_t nodes, const struct vm_topology *t)
{
    for (int n = 0; n < backends(t); n++)
        if (memory_of(t, n))
            p->host.memory_nodes[n] = nodes_list(nodes);
}

void memory_plan_by_node(struct host_plan *p, const struct vm_topology *t)
{
    int nodes = hwloc_get_nbobjs_by_type(p->topology, HWLOC_OBJ_NUMANODE);
    hwloc_const_nodeset_t all = hwloc_topology_get_allowed_nodeset(p->topology);
    p->host.interleave = !t->nodes && nodes > 1;
    for (int n = 0; n < backends(t); n++) {
        hwloc_obj_t node = hwloc_get_obj_by_type(p->topology, HWLOC_OBJ_NUMANODE, spread_node(n, backends(t), nodes));
        if (memory_of(t, n))
            p->host.memory_nodes[n] = t->nodes ? nodes_list(node->nodeset) : nodes_list(all);
    }
}

static void bind_nothing(struct host_plan *p)
{
    for (int n = 0; n < VM_NODES_MAX; n++) {
        free(p->host.memory_nodes[n]);
        p->host.memory_nodes[n] = NULL;
    }
    p->host.interleave = false;
}

// What each node is asked for, in MiB: a backend's memory in equal parts of the nodes it may lie on.
static void demand(const struct host_plan *p, const struct vm_topology *t, double mb[], int most)
{
    for (int n = 0; n < backends(t); n++) {
        struct bitmask *nodes = p->host.memory_nodes[n] ? numa_parse_nodestring_all(p->host.memory_nodes[n]) : NULL;
        for (int h = 0; nodes && h < most; h++)
            if (numa_bitmask_isbitset(nodes, h))
                mb[h] += (double)memory_of(t, n) / numa_bitmask_weight(nodes);
        if (nodes)
            numa_bitmask_free(nodes);
    }
}

// Why the node cannot hold so much, the caller's; NULL when it can.
static char *node_fault(int node, double mb)
{
    struct bitmask *allowed = numa_get_mems_allowed();
    long long left = 0;
    bool usable = numa_bitmask_isbitset(allowed, node) && numa_node_size64(node, &left) >= 0;
    numa_bitmask_free(allowed);
    if (!usable)
        return x_printf("node %d may not be used here", node);
    return left / 1048576.0 < mb ? x_printf("node %d has %lld MiB free of the %.0f it needs", node, left >> 20, mb) : NULL;
}

void memory_plan_check(struct host_plan *p, const struct vm_topology *t)
{
    double mb[256] = {0};
    char *why = NULL;
    if (!p->here)
        return;
    if (numa_available() < 0)
        why = x_strdup("this kernel has no memory policies");
    else
        demand(p, t, mb, 256);
    for (int h = 0; h < 256 && !why; h++)
        why = mb[h] ? node_fault(h, mb[h]) : NULL;
    if (!why)
        return;
    list_addf(&p->missing, "memory is not bound: %s", why);
    bind_nothing(p);
    free(why);
}

// Huge backends have a whole number of pages each.
static long pages_needed(const struct vm_topology *t, int page_kb)
{
    long n = 0;
    for (int i = 0; i < backends(t); i++)
        n += ((long)memory_of(t, i) * 1024 + page_kb - 1) / page_kb;
    return n;
}

void memory_plan_huge(struct host_plan *p, int page_kb, const struct vm_topology *t, const char *folder)
{
    char *path = x_printf("%s/hugepages-%dkB/free_hugepages", folder ? folder : "/sys/kernel/mm/hugepages", page_kb);
    char *text = page_kb ? file_read(path, NULL) : NULL;
    long have = text ? atol(text) : 0, need = page_kb ? pages_needed(t, page_kb) : 0;
    if (page_kb && have >= need)
        p->host.huge_page_kb = page_kb;
    else if (page_kb)
        list_addf(&p->missing, "no huge pages of %d kB: %ld are free, %ld are needed (echo %ld >%.*snr_hugepages)", page_kb,
                  have, need, need, (int)(strrchr(path, '/') - path + 1), path);
    free(text);
    free(path);
}
