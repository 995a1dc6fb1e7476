/* struct sched_entity and sched_rt_entity: the scheduler's part of a task. Fields belong to the run-queue owner. */
#pragma once
#include "kernel/lib/list.h"
#include "kernel/lib/types.h"

struct load_weight { u64 weight; u32 inv_weight; };

struct sched_entity {
    struct load_weight load;
    struct list_head group_node;
    unsigned int on_rq;
    u32 slot;                  /* index in the flat array of the fair queue */
    u64 exec_start;
    u64 sum_exec_runtime;
    u64 prev_sum_exec_runtime;
    u64 vruntime;
    u64 deadline;
    s64 vlag;
    u64 slice_ns;
    u64 last_wakeup;
    u64 avg_overlap;
    u64 nr_migrations;
    u64 run_delay;
    u64 nr_switches;
    void *wake_node;           /* inbox node: wakes */
    void *req_node;            /* inbox node: requests */
    u32 requests;              /* request bits, RMW by anyone */
    u32 last_cpu;
    unsigned long *cpus_allowed; /* MAX_CPUS bits; points to cpus_mask */
    unsigned long cpus_mask[MAX_CPUS / 64];
    u32 nr_cpus_allowed;
};

struct sched_rt_entity {
    struct list_head run_list;
    u64 timeout;
    u64 time_slice_ns;
};
