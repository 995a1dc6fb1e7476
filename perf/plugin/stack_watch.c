/* stack_watch.c: see stack_watch.h. A block's segments live as long as QEMU: a block may run until the end. */
#include "perf/plugin/stack_watch.h"

#include "perf/plugin/call_stack.h"
#include "perf/plugin/insn_class.h"

#include <inttypes.h>
#include <stdlib.h>

#define POOL 4096

static struct call_stacks *stacks;
static uint32_t (*symbol_of)(uint64_t vaddr);
static size_t every; /* the counter of all instructions */
static struct segment *segment; /* that the translation is in */

void stack_watch_start(uint32_t (*find)(uint64_t vaddr), size_t counter)
{
    stacks = call_stacks_make();
    symbol_of = find;
    every = counter;
}

static struct segment *new_segment(void)
{
    static struct segment *pool;
    static size_t used = POOL;
    if (used == POOL) {
        pool = calloc(POOL, sizeof *pool);
        used = 0;
    }
    if (!pool) {
        abort();
    }
    return &pool[used++];
}

static void on_enter(unsigned vcpu, void *udata)
{
    call_stack_enter(stacks, running_vcpu(vcpu), udata, counter_sum(every));
}

static void on_leave(unsigned vcpu, void *udata)
{
    call_stack_leave(stacks, running_vcpu(vcpu));
}

/* A call through memory loads its target first: only its store counts. */
static void on_slot(unsigned vcpu, qemu_plugin_meminfo_t info, uint64_t vaddr, void *udata)
{
    const struct segment *seg = udata;
    if (qemu_plugin_mem_is_store(info) == (seg->flow == FLOW_CALL)) {
        call_stack_slot(stacks, running_vcpu(vcpu), vaddr);
    }
}

static void end_segment(struct qemu_plugin_insn *insn, uint64_t vaddr)
{
    uint8_t bytes[INSN_BYTES];
    size_t size = insn_bytes(insn, bytes);
    segment->end = vaddr + size;
    segment->flow = insn_flow(bytes, size, vaddr, &segment->target);
    segment->target_symbol = segment->target ? symbol_of(segment->target) : 0;
    qemu_plugin_register_vcpu_insn_exec_cb(insn, on_leave, QEMU_PLUGIN_CB_NO_REGS, NULL);
    if (segment->flow == FLOW_CALL || segment->flow == FLOW_RETURN) {
        qemu_plugin_register_vcpu_mem_cb(insn, on_slot, QEMU_PLUGIN_CB_NO_REGS, QEMU_PLUGIN_MEM_RW, segment);
    }
}

void stack_watch_insn(struct qemu_plugin_tb *tb, size_t i)
{
    struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
    uint64_t vaddr = qemu_plugin_insn_vaddr(insn);
    uint32_t symbol = symbol_of(vaddr);
    bool last = i + 1 == qemu_plugin_tb_n_insns(tb) ||
                symbol_of(qemu_plugin_insn_vaddr(qemu_plugin_tb_get_insn(tb, i + 1))) != symbol;
    if (i == 0 || segment->symbol != symbol) {
        segment = new_segment();
        segment->start = vaddr;
        segment->symbol = symbol;
        qemu_plugin_register_vcpu_insn_exec_cb(insn, on_enter, QEMU_PLUGIN_CB_NO_REGS, segment);
    }
    if (last && symbol) {
        end_segment(insn, vaddr);
    }
    counter_on_insn(insn, every);
}

void stack_watch_open(void)
{
    call_stacks_open(stacks, counter_sum(every));
}

void stack_watch_close(void)
{
    call_stacks_close(stacks, counter_sum(every));
}

static void print_path(FILE *out, const struct call_node *nodes, uint32_t node, const char *(*name)(uint32_t))
{
    if (nodes[node].parent) {
        print_path(out, nodes, nodes[node].parent, name);
        fputc(';', out);
    }
    fputs(name(nodes[node].symbol), out);
}

void stack_watch_print(FILE *out, const char *(*name)(uint32_t symbol))
{
    size_t count;
    const struct call_node *nodes = call_stacks_nodes(stacks, &count);
    for (size_t i = 1; i <= count; i++) {
        if (nodes[i].window) {
            fprintf(out, "stack %" PRIu64 " ", nodes[i].window);
            print_path(out, nodes, i, name);
            fputc('\n', out);
        }
    }
}
