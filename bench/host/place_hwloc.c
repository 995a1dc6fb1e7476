/* place_hwloc.c: place.h by hwloc (which processors share a core, a last-level cache, a node) and libnuma (memory). */
#include <hwloc.h>
#include <numa.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "bench/host/place.h"

static hwloc_topology_t topology;
static hwloc_obj_t *pus; /* those this process may use, neighbours next to each other */
static unsigned pu_count;
static hwloc_obj_t partner[PLACE_KINDS]; /* the second processor; the first is pus[0] */
static char report[512];

static const char *const names[PLACE_KINDS] = {"spread", "same core", "same LLC", "same node", "across nodes"};

const char *place_name(enum bench_place place)
{
    return names[place];
}

static hwloc_obj_t last_cache_of(hwloc_obj_t pu)
{
    hwloc_obj_t found = NULL;

    for (hwloc_obj_t o = pu; o; o = o->parent)
        if (hwloc_obj_type_is_dcache(o->type))
            found = o;
    return found;
}

static enum bench_place relation(hwloc_obj_t a, hwloc_obj_t b)
{
    if (hwloc_get_ancestor_obj_by_type(topology, HWLOC_OBJ_CORE, a) ==
        hwloc_get_ancestor_obj_by_type(topology, HWLOC_OBJ_CORE, b))
        return PLACE_SAME_CORE;
    if (last_cache_of(a) && last_cache_of(a) == last_cache_of(b))
        return PLACE_SAME_LLC;
    if (hwloc_bitmap_isequal(a->nodeset, b->nodeset))
        return PLACE_SAME_NODE;
    return PLACE_ACROSS;
}

static void find_processors(void)
{
    unsigned all = (unsigned)hwloc_get_nbobjs_by_type(topology, HWLOC_OBJ_PU);

    pus = calloc(all, sizeof(*pus));
    for (unsigned i = 0; i < all; i++) {
        hwloc_obj_t pu = hwloc_get_obj_by_type(topology, HWLOC_OBJ_PU, i);

        if (hwloc_bitmap_isset(hwloc_topology_get_allowed_cpuset(topology), pu->os_index))
            pus[pu_count++] = pu;
    }
    for (unsigned i = 1; i < pu_count; i++) {
        enum bench_place kind = relation(pus[0], pus[i]);

        if (!partner[kind])
            partner[kind] = pus[i];
    }
}

static void write_report(void)
{
    int at = snprintf(report, sizeof(report), "placement: hwloc, %u processors, %d cores, %d last-level caches, %d nodes", pu_count,
                      hwloc_get_nbobjs_by_type(topology, HWLOC_OBJ_CORE), hwloc_get_nbobjs_by_type(topology, HWLOC_OBJ_L3CACHE),
                      hwloc_get_nbobjs_by_type(topology, HWLOC_OBJ_NUMANODE));

    for (enum bench_place p = PLACE_SAME_CORE; p < PLACE_KINDS; p++)
        if (!partner[p])
            at += snprintf(report + at, sizeof(report) - (size_t)at, "; no two %s%s", p == PLACE_ACROSS ? "" : "in the ", names[p]);
}

void place_start(void)
{
    if (hwloc_topology_init(&topology) || hwloc_topology_load(topology)) {
        fprintf(stderr, "hostbench: hwloc cannot read this machine's topology\n");
        exit(5);
    }
    find_processors();
    write_report();
}

const char *place_report(void)
{
    return report;
}

unsigned place_cpus(void)
{
    return pu_count;
}

bool place_has(enum bench_place place)
{
    return place == PLACE_SPREAD || partner[place];
}

void place_bind(enum bench_place place, unsigned index)
{
    hwloc_obj_t pu = pus[index % pu_count];

    if (place != PLACE_SPREAD)
        pu = index % 2 ? partner[place] : pus[0];
    (void)hwloc_set_cpubind(topology, pu->cpuset, HWLOC_CPUBIND_THREAD); /* refused: it runs where it may */
}

void *place_alloc(size_t bytes)
{
    void *p = numa_available() < 0 ? aligned_alloc(4096, (bytes + 4095) & ~4095ul)
                                   : numa_alloc_onnode(bytes, numa_node_of_cpu((int)pus[0]->os_index));

    return p ? memset(p, 0, bytes) : NULL;
}

void place_free(void *p, size_t bytes)
{
    if (numa_available() < 0)
        free(p);
    else
        numa_free(p, bytes);
}
