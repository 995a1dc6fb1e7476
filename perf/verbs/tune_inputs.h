// What the trials of a search are made of, besides what it was asked: an interrupted one goes on only with the same.
#pragma once
#include "perf/tune/tune_space.h"

// {name: hash or value} of QEMU, initramfs, plugin, kernel, machine, policy and workloads. 0, or an exit code after saying what is missing.
int tune_inputs(const struct tune_space *space, bool det, const char *topology, json_t **inputs);
