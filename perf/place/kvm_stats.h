// KVM's own counters of a VM, from QMP's query-stats: how often the guest left to the host, halted, was interrupted.
#pragma once
#include <jansson.h>

// The answer of query-stats for the target "vcpu" as one object {NAME: sum over the vCPUs}; histograms and what is no
// number are left out. Empty when there is nothing.
json_t *kvm_stats_sum(json_t *answer);
// later - earlier, member by member: 0 where nothing was counted, which is a count too; without those that earlier does not have.
json_t *counts_between(json_t *earlier, json_t *later);
