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
/* It leaves its loop at the next block; QEMU then runs the next vCPU. */
void cpu_exit(void *cpu) __attribute__((weak));

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

/*
 * Turns. QEMU gives each vCPU a part of the time to the machine's next timer; a turn that is far shorter than that is always the
 * full one, so all get the same. What a turn was too long by is taken off the next one of the same vCPU.
 */
#define VCPUS_MAX 256

static long turn_length, turn_left, turn_over[VCPUS_MAX];
static void *turn_of;

bool turns_make(long instructions)
{
    turn_length = instructions;
    return cpu_exit != NULL;
}

static void end_turn(unsigned vcpu)
{
    turn_over[vcpu] = -turn_left;
    turn_left += turn_length; /* of the same vCPU, should no other run */
    cpu_exit(turn_of);
}

static void on_block(unsigned vcpu, void *udata)
{
    if (current_cpu != turn_of) {
        turn_of = current_cpu;
        turn_left = turn_length - turn_over[running_vcpu(vcpu)];
        turn_over[running_vcpu(vcpu)] = 0;
    }
    turn_left -= (long)(uintptr_t)udata;
    if (turn_left <= 0) {
        end_turn(running_vcpu(vcpu));
    }
}

void turn_on_block(struct qemu_plugin_tb *tb)
{
    if (turn_length) {
        qemu_plugin_register_vcpu_tb_exec_cb(tb, on_block, QEMU_PLUGIN_CB_NO_REGS,
                                             (void *)(uintptr_t)qemu_plugin_tb_n_insns(tb));
    }
}

size_t insn_bytes(const struct qemu_plugin_insn *insn, uint8_t bytes[INSN_BYTES])
{
    size_t n = qemu_plugin_insn_size(insn);
    return qemu_plugin_insn_data(insn, bytes, n < INSN_BYTES ? n : INSN_BYTES);
}
