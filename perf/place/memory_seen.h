// Where a process's memory really lies.
#pragma once
#include <jansson.h>
#include <sys/types.h>

// MiB by node of the host, {"0": 512.5, ...}, from the text of /proc/PID/numa_maps.
json_t *memory_by_node(const char *numa_maps);
// The same of a process; NULL when the kernel does not say.
json_t *memory_of_process(pid_t pid);
