// The symbol table of any kernel: from its ELF file, or, when that is stripped, from /proc/kallsyms
// of one boot (kept in .cache/symbols), at the addresses at which it runs with kernel_image_fixed().
#pragma once
#include "perf/verbs/host_tools.h"
#include "perf/view/dry_boots.h"

// The table's text, owned by the caller; NULL after saying why there is none.
char *guest_symbols(const struct kernel_image *kernel, const struct host_tools *tools);
// Adds that boot where guest_symbols would make it.
void guest_symbols_dry(struct dry_boots *d, const struct kernel_image *kernel, const struct host_tools *tools);
