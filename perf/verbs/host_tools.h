// The programs and files that a boot needs on the host, resolved once: QEMU, initramfs, plugin.
#pragma once
#include "perf/vm/vm_spec.h"

struct host_tools {
    char *qemu, *initrd, *plugin;
};

// Fills what is NULL from $PATH and the fixed places. 0, or EXIT_REFUSED after saying what is
// missing and what mends it.
int host_tools_find(struct host_tools *t, bool need_plugin);
void host_tools_free(struct host_tools *t);
// The absolute path of a program on $PATH (or of a path given), or NULL.
char *find_program(const char *name);
