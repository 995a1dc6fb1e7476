/* Kernel command-line words that are needed before the parameter table of kernel/lib runs. Pure lookups
 * in boot_info.cmdline, up to the word "--". */
#pragma once
#include "kernel/lib/types.h"

u32 early_param_u32(const char *name, u32 otherwise);   /* name=NUMBER */
bool early_param_flag(const char *name);                /* name alone */
