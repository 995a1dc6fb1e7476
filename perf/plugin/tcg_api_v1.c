/* tcg_api_v1.c: plugin interface version 1 (QEMU 7.2 to 8.2). A counter is one word for all vCPUs.
 */
#include "perf/plugin/tcg_api.h"

#include <stdlib.h>
#include <string.h>

void qemu_plugin_register_vcpu_insn_exec_inline(struct qemu_plugin_insn *insn, int op, void *ptr,
                                                uint64_t imm);
const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *insn);

EXPORT int qemu_plugin_version = 1;

static uint64_t *counters;

void counters_make(size_t n)
{
    counters = calloc(n, sizeof(*counters));
    if (!counters)
        abort();
}

void counter_on_insn(struct qemu_plugin_insn *insn, size_t counter)
{
    qemu_plugin_register_vcpu_insn_exec_inline(insn, QEMU_PLUGIN_INLINE_ADD_U64, &counters[counter],
                                               1);
}

uint64_t counter_sum(size_t counter)
{
    return counters[counter];
}

unsigned running_vcpu(unsigned given)
{
    return given;
}

bool turns_make(long instructions)
{
    return false; /* never tried with this interface */
}

void turn_on_block(struct qemu_plugin_tb *tb)
{
}

size_t insn_bytes(const struct qemu_plugin_insn *insn, uint8_t bytes[INSN_BYTES])
{
    size_t n = qemu_plugin_insn_size(insn);
    n = n < INSN_BYTES ? n : INSN_BYTES;
    memcpy(bytes, qemu_plugin_insn_data(insn), n);
    return n;
}
