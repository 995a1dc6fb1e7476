// What the host sees of one boot while its guest measures: counters of the vCPU threads and KVM's statistics, between one
// result record of the guest and the next. Such a stretch holds one step of a workload whole: its process from fork to
// exit and the settling before it, not the timed window alone.
#pragma once
#include "perf/place/host_plan.h"
#include "perf/place/vcpu_counters.h"

struct boot_watch {
    const struct host_plan *plan;
    bool kvm;
    pid_t qemu;
    int vcpus;
    struct vcpu_counters *counters;
    json_t *marks;  // [{workload, iters, second, counters, kvm}], the first without a workload
    size_t answers; // marks whose query-stats was answered
    json_t *memory; // MiB by node when the guest was done
    struct str_list missing;
};

// QEMU has made its vCPUs (query-cpus-fast) and waits: binds, opens the counters. Takes the first mark.
void boot_watch_start(struct boot_watch *w, pid_t qemu, json_t *cpus, double second);
// A result record came; or, without one, the boot is being ended. The caller sends query-stats for each mark (also the first) when `kvm` is set.
void boot_watch_mark(struct boot_watch *w, json_t *record, double second);
void boot_watch_answer(struct boot_watch *w, json_t *stats);
void boot_watch_done(struct boot_watch *w);
// {missing, counters: kind, memory_mb, steps: [{workload, iters, seconds, counters, kvm}]}; frees what w owns.
json_t *boot_watch_end(struct boot_watch *w);
