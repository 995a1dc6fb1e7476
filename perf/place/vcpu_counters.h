// What the host counts of a VM's vCPU threads. Always: what its scheduler knows of them (time on a processor, time they
// waited for one). By PAPI, where the processor has counters: the guest's own instructions and cycles if it can tell a
// guest's apart, else those of the threads.
#pragma once
#include <jansson.h>
#include <stdbool.h>
#include <sys/types.h>

struct vcpu_counters;

// Counting from now on, on these threads of this or another process. *missing: one line of what cannot be counted, or
// NULL; the caller's.
struct vcpu_counters *vcpu_counters_open(const pid_t *thread, int threads, char **missing);
// What the instructions and cycles are of: "guest", "threads"; "none" when there are none.
const char *vcpu_counters_kind(const struct vcpu_counters *c);
// Sums over the threads: {on_cpu_ns, waited_ns, turns, instructions, cycles} as far as they are counted.
json_t *vcpu_counters_read(struct vcpu_counters *c);
void vcpu_counters_close(struct vcpu_counters *c);

// Counts that no processor can have made in that time on so many threads: one line, the caller's; NULL when they are possible.
char *counters_impossible(json_t *counts, double seconds, int threads);
