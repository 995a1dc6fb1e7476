// What `cloudbench lines` can count: operations that unrelated processes do, controls whose transfers are known, and workloads of two parties.
#pragma once
#include <stdbool.h>
#include <stddef.h>

// The operations of the workload share (bench/guest/work_share.c) that stand for a family of calls.
#define LINE_OPERATIONS 16
extern const char *const line_operations[LINE_OPERATIONS];

// "fork", a control, or, unless pairs are asked for, WORKLOAD@PLACEMENT. False after saying what there is: no boot is worth a wrong name.
bool line_operation_known(const char *name, bool pairs);
