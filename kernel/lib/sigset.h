/* sigset_t: 64 signals, bit (sig - 1). */
#pragma once
#include "kernel/lib/types.h"
typedef u64 sigset_t;
#define sigmask(sig) (1UL << ((sig) - 1))
