// The programs and files that a boot needs on the host, resolved once: QEMU, initramfs, plugin.
#pragma once
#include "perf/vm/vm_spec.h"

struct host_tools {
    char *qemu, *initrd, *plugin;
};

// What the boots will ask of the host.
struct host_need {
    const char *plugin; // "count", "lines", or NULL for none
    int det_cpus;       // CPUs under instruction counting; 0: no counting
    bool turns;         // the plugin ends their turns (vm_spec.h)
};

// Fills what is NULL from $PATH and the fixed places; several CPUs under instruction counting take
// the newer QEMU of ci/qemu, one CPU the installed one. 0, or EXIT_REFUSED after saying what is
// missing and what mends it.
int host_tools_find(struct host_tools *t, struct host_need need);
void host_tools_free(struct host_tools *t);
// The absolute path of a program on $PATH (or of a path given), or NULL.
char *find_program(const char *name);
// The newer QEMU of ci/qemu, or NULL.
char *find_wide_qemu(void);
// Does this QEMU let the plugin end a vCPU's turn?
bool qemu_takes_turns(const char *qemu);
