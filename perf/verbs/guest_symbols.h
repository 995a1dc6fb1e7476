// The symbol table of any kernel: from its ELF file, or, when that is stripped, from /proc/kallsyms
// of one boot (kept in .cache/symbols).
#pragma once
#include "perf/verbs/host_tools.h"

// The table's text, owned by the caller; NULL after saying why there is none.
char *guest_symbols(const struct kernel_image *kernel, const struct host_tools *tools);
