/* The kernel's own beginning, after the architecture's: kernel/boot/main.c. */
#pragma once
#include "kernel/lib/types.h"

__noreturn void start_kernel(void);
