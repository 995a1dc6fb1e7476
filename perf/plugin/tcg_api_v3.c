/*
 * tcg_api_v3.c: plugin interface version 3 (QEMU 9.1 and later), for VMs of one thread.
 *
 * QEMU 10.0 must not be given inline operations here, and its vCPU numbers must not be believed:
 * with thread=single it compiles the number of the vCPU that translated a block into the block,
 * which then runs on the others too, and an inline operation overwrites that constant (the block
 * then writes anywhere). So a counter is a word that a callback adds to, and the vCPU is found by
 * the object that QEMU itself says is running.
 */
#include "perf/plugin/tcg_api.h"

#include <stdlib.h>

size_t qemu_plugin_insn_data(const struct qemu_plugin_insn *insn, void *dest, size_t len);

/* QEMU's own, not of the plugin interface: the vCPU this thread runs, and the vCPU of a number. */
extern __thread void *current_cpu;
void *qemu_get_cpu(int index);

EXPORT int qemu_plugin_version = 3;

static uint64_t *counters;

void counters_make(size_t n)
{
    counters = calloc(n, sizeof(*counters));
    if (!counters)
        abort();
}

static void bump(unsigned vcpu, void *udata)
{
    ++*(uint64_t *)udata;
}

void counter_on_insn(struct qemu_plugin_insn *insn, size_t counter)
{
    qemu_plugin_register_vcpu_insn_exec_cb(insn, bump, QEMU_PLUGIN_CB_NO_REGS, &counters[counter]);
}

uint64_t counter_sum(size_t counter)
{
    return counters[counter];
}

unsigned running_vcpu(unsigned given)
{
    static void *seen;
    static unsigned index;
    if (current_cpu != seen) {
        seen = current_cpu;
        for (index = 0; qemu_get_cpu(index) && qemu_get_cpu(index) != seen;)
            index++;
    }
    return index;
}

size_t insn_bytes(const struct qemu_plugin_insn *insn, uint8_t bytes[INSN_BYTES])
{
    size_t n = qemu_plugin_insn_size(insn);
    return qemu_plugin_insn_data(insn, bytes, n < INSN_BYTES ? n : INSN_BYTES);
}
