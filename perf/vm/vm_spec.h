// The definition of a virtual machine and the one builder of QEMU's argument list.
// Two kernels are compared only in machines built here: between them only -kernel and -append may
// differ. Every path that differs between boots is relative to QEMU's working folder, the boot's
// private temporary folder.
#pragma once
#include "perf/util/text_buf.h"
#include "perf/vm/kernel_image.h"
#include "perf/vm/vm_topology.h"

enum tier { TIER_DET, TIER_TCG, TIER_KVM, TIERS };
extern const char *const tier_name[TIERS];

// What a placement on the host asks of QEMU (perf/place/host_plan.h); all zero: what QEMU does by itself.
struct vm_host_options {
    char *memory_nodes[VM_NODES_MAX]; // host's nodes, as a list, of each guest node's memory ([0]: of a guest without
                                      // nodes); NULL: not bound
    bool interleave;                  // over those nodes in turn, not as they fill
    int huge_page_kb;                 // 0: ordinary pages
    bool halt_in_guest;               // HLT and MWAIT do not leave the guest
};

struct vm_spec {
    enum tier tier;
    const char *qemu; // path of the program
    const char *cpu;  // -cpu
    const struct vm_topology *topology;
    const struct vm_host_options *host; // or NULL
    const struct kernel_image *kernel;
    const char *initrd;
    const char *guest_args;   // the words after "--", or NULL
    const char *plugin;       // the counting plugin, or NULL
    const char *plugin_more;  // more arguments of the plugin, each after a comma, or NULL
    const char *extra_append; // more kernel options, or NULL
    int turn_ns;              // how long a vCPU runs before the next one's turn, by the plugin; 0: until the machine's next timer
    bool plugin_io;           // it counts accesses to devices too
    bool plugin_symbols;      // symbols.txt lies in the working folder
};

#define VM_DET_CPUS_MAX 8 // one thread runs them in turn; more only cost time

#define VM_QMP_SOCKET   "qmp.sock"
#define VM_CONSOLE_FIFO "console"
#define VM_RESULTS_FIFO "results"
#define VM_COUNT_FILE   "count.txt"
#define VM_SYMBOL_FILE  "symbols.txt"

const char *vm_default_cpu(enum tier tier);
// Are accesses to devices counted in a boot of the det tier? With one CPU they cost half of its time more (Linux: three quarters) and show next to
// nothing; between CPUs an IPI is the better part of a wake-up.
bool vm_plugin_io(const struct vm_topology *t);
void vm_argv(const struct vm_spec *s, struct str_list *argv);
// The arguments in which two lists differ, as an array of {option, a, b}. A shape that differs
// otherwise is one entry {option:"shape"}.
json_t *vm_argv_diff(const struct str_list *a, const struct str_list *b);
