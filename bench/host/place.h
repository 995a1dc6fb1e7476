/* place.h: which processor a thread of a cell runs on, and memory on its node. Two implementations: place_hwloc.c (hwloc and
 * libnuma) and place_plain.c (what the C library knows: no cores, no nodes). Must be started before any thread. */
#pragma once
#include "bench/host/subject.h"

void place_start(void);
/* One line: processors, caches, nodes, and which placements this machine does not have. */
const char *place_report(void);
unsigned place_cpus(void);
bool place_has(enum bench_place place);
const char *place_name(enum bench_place place);
/* Binds the calling thread to the processor of thread `index` under `place`. */
void place_bind(enum bench_place place, unsigned index);
/* Zeroed pages on the node of thread 0's processor. */
void *place_alloc(size_t bytes);
void place_free(void *p, size_t bytes);
