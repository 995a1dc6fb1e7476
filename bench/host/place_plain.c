/* place_plain.c: place.h without hwloc and libnuma: processors by number, memory wherever it falls. */
#define _GNU_SOURCE
#include <sched.h>
#include <sys/mman.h>
#include <unistd.h>
#include "bench/host/place.h"

void place_start(void)
{
}

const char *place_report(void)
{
    return "placement: by processor number (built without hwloc and libnuma)";
}

unsigned place_cpus(void)
{
    cpu_set_t set;

    return sched_getaffinity(0, sizeof(set), &set) == 0 ? (unsigned)CPU_COUNT(&set) : 1;
}

bool place_has(enum bench_place place)
{
    return place == PLACE_SPREAD;
}

void place_bind(enum bench_place place, unsigned index)
{
    cpu_set_t set;

    (void)place;
    CPU_ZERO(&set);
    CPU_SET(index % place_cpus(), &set);
    (void)sched_setaffinity(0, sizeof(set), &set); /* where it is refused, the thread runs where it may */
}

void *place_alloc(size_t bytes)
{
    void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

    return p == MAP_FAILED ? NULL : p;
}

void place_free(void *p, size_t bytes)
{
    munmap(p, bytes);
}

const char *place_name(enum bench_place place)
{
    return place == PLACE_SPREAD ? "spread" : "none";
}
