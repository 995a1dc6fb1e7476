/* The only door from kernel/mm upward: what faults, the mmap calls and the OOM killer need of
 * tasks, signals and files. Nothing else in kernel/mm includes a header of those folders. */
#pragma once
#include "kernel/fs/vfs.h"
#include "kernel/sched/sched.h"
#include "kernel/signal/signal.h"
#include "kernel/task/cred.h"
#include "kernel/task/pid.h"
#include "kernel/task/process.h"
#include "kernel/task/task.h"
