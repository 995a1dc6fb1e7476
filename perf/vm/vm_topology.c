// Reads topologies and checks them: every CPU on exactly one node, the nodes' memory adds up to the
// machine's.
#include "perf/vm/vm_topology.h"

#include "perf/config/config_schema.h"
#include "perf/config/yaml_text.h"
#include "perf/util/project.h"
#include "perf/util/text_buf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_MEMORY_MB 2048

const char *const placement_name[PLACEMENTS] = {"same-cpu", "cross-cpu", "cross-node"};

static void even_nodes(struct vm_topology *t, int nodes)
{
    t->nodes = nodes;
    for (int n = 0; n < nodes; n++) {
        int from = t->cpus * n / nodes, to = t->cpus * (n + 1) / nodes - 1;
        t->node[n].cpus = from == to ? x_printf("%d", from) : x_printf("%d-%d", from, to);
        t->node[n].memory_mb = t->memory_mb * (n + 1) / nodes - t->memory_mb * n / nodes;
    }
}

static bool short_form(struct vm_topology *t, const char *name)
{
    int cpus, nodes = 0, used = 0;
    char *again = NULL;
    if (sscanf(name, "%dx%d%n", &cpus, &nodes, &used) < 2)
        nodes = 0, used = 0;
    if (!used && sscanf(name, "%d%n", &cpus, &used) < 1)
        return false;
    if (name[used] || cpus < 1 || cpus > 255 || nodes < 0 || nodes > VM_NODES_MAX || nodes > cpus)
        return false;
    again = nodes ? x_printf("%dx%d", cpus, nodes) : x_printf("%d", cpus);
    bool canonical = !strcmp(again, name);
    free(again);
    t->cpus = cpus;
    t->memory_mb = DEFAULT_MEMORY_MB;
    if (nodes)
        even_nodes(t, nodes);
    return canonical;
}

static int int_of(json_t *j, const char *key, int otherwise)
{
    json_t *v = json_object_get(j, key);
    return json_is_integer(v) ? (int)json_integer_value(v) : otherwise;
}

static void from_config(struct vm_topology *t, json_t *j)
{
    json_t *nodes = json_object_get(j, "nodes"), *n;
    size_t i;
    t->cpus = int_of(j, "cpus", 1);
    t->memory_mb = int_of(j, "memory_mb", DEFAULT_MEMORY_MB);
    t->nodes = (int)json_integer_value(nodes);
    if (t->nodes && t->nodes <= t->cpus)
        even_nodes(t, json_integer_value(nodes));
    json_array_foreach (nodes, i, n) {
        if (i >= VM_NODES_MAX)
            break;
        const char *cpus = json_string_value(json_object_get(n, "cpus"));
        t->node[i].cpus = x_strdup(cpus ? cpus : "");
        t->node[i].memory_mb = int_of(n, "memory_mb", 0);
        t->nodes = i + 1;
    }
}

// Rows and columns that are missing stay 0 and are found by fault_of_distances.
static void take_distances(struct vm_topology *t, json_t *rows)
{
    json_t *row, *d;
    size_t i, k;
    t->has_distances = rows != NULL;
    json_array_foreach (rows, i, row)
        json_array_foreach (row, k, d)
            if (i < VM_NODES_MAX && k < VM_NODES_MAX)
                t->distance[i][k] = json_integer_value(d);
}

// The fault behind "FILE:LINE: " where the shape is a configured one.
static char *with_place(char *fault, json_t *origins, const char *name, const char *key)
{
    char *shape = yaml_member_path("topologies", name), *path = yaml_member_path(shape, key);
    const char *origin = config_origin(origins, path);
    char *whole = x_printf("%s%s%s", origin, *origin ? ": " : "", fault);
    free(shape);
    free(path);
    free(fault);
    return whole;
}

static char *fault_of_distances(const struct vm_topology *t, json_t *rows)
{
    size_t n = t->nodes, bad = json_array_size(rows) != n;
    for (size_t i = 0; i < n && !bad; i++)
        bad = json_array_size(json_array_get(rows, i)) != n;
    if (bad || !n)
        return x_printf("topology %s: distances must be %d rows of %d", t->name, t->nodes, t->nodes);
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < n; k++)
            if ((t->distance[i][k] == 10) != (i == k))
                return x_printf("topology %s: distance %zu to %zu is %d (a node to itself is 10, all "
                                "others are more)",
                                t->name, i, k, t->distance[i][k]);
    return NULL;
}

static char *find_fault(const struct vm_topology *t)
{
    struct cpu_list all = {0}, one;
    int memory = 0, cpus = 0;
    if (t->cpus < 1 || t->cpus > 255)
        return x_printf("topology %s: 1 to 255 CPUs, not %d", t->name, t->cpus);
    if (t->nodes && !t->node[0].cpus)
        return x_printf("topology %s: %d nodes for %d CPUs", t->name, t->nodes, t->cpus);
    for (int n = 0; n < t->nodes; n++) {
        if (!cpu_list_parse(&one, t->node[n].cpus))
            return x_printf("topology %s: node %d: bad CPU list \"%s\"", t->name, n,
                            t->node[n].cpus);
        for (int c = 0; c < CPU_LIST_MAX; c++)
            all.has[c] |= one.has[c];
        cpus += one.count;
        memory += t->node[n].memory_mb;
    }
    for (int c = 0; t->nodes && c < t->cpus; c++)
        if (!all.has[c])
            return x_printf("topology %s: CPU %d is on no node", t->name, c);
    if (t->nodes && cpus != t->cpus)
        return x_printf("topology %s: the nodes name %d CPUs, the machine has %d", t->name, cpus,
                        t->cpus);
    if (t->nodes && memory != t->memory_mb)
        return x_printf("topology %s: the nodes' memory is %d MiB, the machine's %d", t->name,
                        memory, t->memory_mb);
    return NULL;
}

bool vm_topology_find(struct vm_topology *t, const char *name, char **why)
{
    json_t *origins = json_object(), *all = project_config_from("topologies", origins);
    json_t *j = json_object_get(all, name);
    const char *key = "nodes";
    memset(t, 0, sizeof(*t));
    t->name = x_strdup(name);
    *why = NULL;
    if (json_is_object(j))
        from_config(t, j);
    else if (!short_form(t, name))
        *why = x_printf("no topology is called \"%s\" (see `cloudbench list topologies`; also CPUS "
                        "or CPUSxNODES, up to 255)",
                        name);
    if (!*why)
        *why = find_fault(t);
    json_t *distances = json_object_get(j, "distances");
    take_distances(t, distances);
    if (!*why && distances) {
        key = "distances";
        *why = fault_of_distances(t, distances);
    }
    if (*why)
        *why = with_place(*why, origins, name, key);
    json_decref(origins);
    json_decref(all);
    return !*why;
}

void vm_topology_free(struct vm_topology *t)
{
    for (int n = 0; n < t->nodes; n++)
        free(t->node[n].cpus);
    free(t->name);
    memset(t, 0, sizeof(*t));
}

static int node_of(const struct vm_topology *t, int cpu)
{
    struct cpu_list l;
    for (int n = 0; n < t->nodes; n++)
        if (cpu_list_parse(&l, t->node[n].cpus) && l.has[cpu])
            return n;
    return 0;
}

bool vm_topology_pair(const struct vm_topology *t, enum placement p, int *a, int *b)
{
    *a = *b = 0;
    if (p == PLACE_SAME_CPU)
        return true;
    for (int c = 1; c < t->cpus; c++) {
        bool same = node_of(t, c) == node_of(t, 0);
        if (same != (p == PLACE_CROSS_CPU))
            continue;
        *b = c;
        return true;
    }
    return false;
}

json_t *vm_topology_json(const struct vm_topology *t)
{
    json_t *nodes = json_array();
    for (int n = 0; n < t->nodes; n++)
        json_array_append_new(nodes, json_pack("{s:s,s:i}", "cpus", t->node[n].cpus, "memory_mb",
                                               t->node[n].memory_mb));
    json_t *j = json_pack("{s:s,s:i,s:i,s:o}", "name", t->name, "cpus", t->cpus, "memory_mb",
                          t->memory_mb, "nodes", nodes);
    json_t *rows = t->has_distances ? json_array() : NULL;
    for (int n = 0; rows && n < t->nodes; n++) {
        json_t *row = json_array();
        for (int k = 0; k < t->nodes; k++)
            json_array_append_new(row, json_integer(t->distance[n][k]));
        json_array_append_new(rows, row);
    }
    if (rows)
        json_object_set_new(j, "distances", rows);
    return j;
}
