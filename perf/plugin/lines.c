/*
 * lines.c: a TCG plugin that counts, per vCPU, instructions, loads, stores and the transfers of
 * 64-byte lines between vCPUs (line_model.h), and says which accesses meet on which line. Output is
 * text, documented in docs/lines.md.
 *
 *     -plugin cloudbench-lines-v3.so,out=PATH[,nodes=0.0.1.1][,log=PATH]
 *
 * The model runs between the outer markers 3 and 4, so that it is warm when a window opens. A
 * window opens at marker 1 or 5 (5 drops what 1 has counted) and closes at the next marker 2 or 6.
 * Seen are the accesses of instructions; not seen are page table walks and devices. For VMs of one
 * thread (instruction counting); at most LINE_VCPUS_MAX vCPUs.
 */
#include "perf/plugin/insn_class.h"
#include "perf/plugin/line_tally.h"
#include "perf/plugin/tcg_api.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VCPU_COUNTS(X)                                                                             \
    X(insns_user)                                                                                  \
    X(insns_kernel)                                                                                \
    X(loads)                                                                                       \
    X(stores)                                                                                      \
    X(user_loads) X(user_stores)                                                                   \
    X(read_transfers) X(write_transfers) X(far_transfers) X(user_transfers) X(invalidations)
#define X(n) uint64_t n;
struct vcpu_counts {
    VCPU_COUNTS(X)
};
#undef X

static struct vcpu_counts counts[LINE_VCPUS_MAX];
static unsigned node_of[LINE_VCPUS_MAX];
static unsigned now; /* the vCPU that runs: set at the start of each block */
static bool modelling, counting;
static struct line_model model;
static struct line_tally tally;
static uint64_t events_opened[EV_MAX], io_events[EV_MAX];
static FILE *out, *access_log;

/* ---- windows ---- */
static uint64_t event_count(int e)
{
    return counter_sum(e) + io_events[e];
}

static void window_open(void)
{
    memset(counts, 0, sizeof(counts));
    line_tally_clear(&tally);
    for (int e = 0; e < EV_MAX; e++)
        events_opened[e] = event_count(e);
    counting = true;
}

static void print_vcpus(void)
{
    for (unsigned v = 0; v < LINE_VCPUS_MAX; v++) {
        const struct vcpu_counts *c = &counts[v];
        if (!c->insns_user && !c->insns_kernel)
            continue;
        fprintf(out, "vcpu %u", v);
#define X(n) fprintf(out, " " #n " %" PRIu64, c->n);
        VCPU_COUNTS(X)
#undef X
        fputc('\n', out);
    }
}

static void print_meetings(void)
{
    for (size_t i = 0; i < tally.slots; i++) {
        const struct tally_entry *e = &tally.slot[i];
        const struct line_meeting *k = &e->key;
        if (e->count)
            fprintf(out,
                    "meet %c %d %d %" PRIu64 " %" PRIx64 " %" PRIx64 " %" PRIx64 " %u %u %" PRIx64
                    " %u %u\n",
                    k->kind, k->far, k->apart, e->count, k->line * LINE_BYTES, e->vaddr, k->to.pc,
                    k->to.offset, k->to.size, k->from.pc, k->from.offset, k->from.size);
    }
}

static void window_close(void)
{
    counting = false;
    fputs("window\n", out);
    print_vcpus();
    for (int e = 0; e < EV_MAX; e++)
        fprintf(out, "count %s %" PRIu64 "\n", event_names[e], event_count(e) - events_opened[e]);
    print_meetings();
    if (fflush(out) == 0 && !ferror(out)) /* "end" says that all the rest of the window is there */
        fputs("end\n", out);
    fflush(out);
}

static void log_line(const char *what)
{
    if (access_log)
        fprintf(access_log, "%s\n", what);
}

static void on_marker(unsigned vcpu, void *udata)
{
    switch ((uintptr_t)udata) {
    case 1:
    case 5:
        log_line("open");
        window_open();
        break;
    case 2:
    case 6:
        if (counting)
            window_close();
        log_line("close");
        break;
    case 3:
        modelling = true;
        line_model_free(&model);
        fputs("run\n", out);
        log_line("start");
        break;
    case 4:
        modelling = false;
        break;
    }
}

/* ---- accesses ---- */
static void count_outcome(const struct line_outcome *o, const struct line_meeting *key)
{
    struct vcpu_counts *c = &counts[now];
    c->invalidations += o->invalidation;
    if (!o->transfer)
        return;
    c->read_transfers += key->kind == 'r';
    c->write_transfers += key->kind == 'w';
    c->far_transfers += key->far;
    c->user_transfers += key->to.pc < KERNEL_HALF;
}

static void touch_line(uint64_t line, uint64_t vaddr, struct line_touch touch, bool store)
{
    struct line_outcome o = line_model_touch(&model, line, touch, store);
    if (access_log)
        fprintf(access_log, "%c %u %" PRIx64 "\n", store ? 'w' : 'r', touch.vcpu, line);
    if (!counting || (!o.transfer && !o.invalidation))
        return;
    struct line_meeting key = {.line = line,
                               .to = touch,
                               .from = o.from,
                               .kind = !o.transfer ? 'i'
                                       : store     ? 'w'
                                                   : 'r',
                               .apart = o.apart,
                               .far = node_of[touch.vcpu] != node_of[o.from.vcpu]};
    count_outcome(&o, &key);
    line_tally_add(&tally, &key, vaddr - touch.offset);
}

static void count_access(bool user, bool store)
{
    struct vcpu_counts *c = &counts[now];
    c->loads += !store;
    c->stores += store;
    c->user_loads += user && !store;
    c->user_stores += user && store;
}

/* An access over the end of a line touches two; over the end of a page only the first is seen. */
static void on_memory(unsigned vcpu, qemu_plugin_meminfo_t info, uint64_t vaddr, void *udata)
{
    if (!modelling)
        return;
    struct qemu_plugin_hwaddr *hw = qemu_plugin_get_hwaddr(info, vaddr);
    bool store = qemu_plugin_mem_is_store(info);
    if (hw && qemu_plugin_hwaddr_is_io(hw))
        add_io_access(io_events, store, vaddr);
    if (!hw || qemu_plugin_hwaddr_is_io(hw))
        return;
    uint64_t address = qemu_plugin_hwaddr_phys_addr(hw);
    unsigned size = 1u << qemu_plugin_mem_size_shift(info), offset = address % LINE_BYTES;
    unsigned first = offset + size > LINE_BYTES ? LINE_BYTES - offset : size;
    struct line_touch touch = {(uintptr_t)udata, now, offset, first};
    if (counting)
        count_access(touch.pc < KERNEL_HALF, store);
    touch_line(address / LINE_BYTES, vaddr, touch, store);
    if (first < size && (address & 4095) + size <= 4096)
        touch_line(address / LINE_BYTES + 1, vaddr + first,
                   (struct line_touch){touch.pc, now, 0, size - first}, store);
}

static void on_block(unsigned vcpu, void *udata)
{
    now = running_vcpu(vcpu);
}

static void on_user_insn(unsigned vcpu, void *udata)
{
    counts[now].insns_user++;
}

static void on_kernel_insn(unsigned vcpu, void *udata)
{
    counts[now].insns_kernel++;
}

static void instrument(struct qemu_plugin_insn *insn)
{
    uint8_t bytes[INSN_BYTES];
    size_t size = insn_bytes(insn, bytes);
    uint64_t pc = qemu_plugin_insn_vaddr(insn);
    bool kernel = pc >= KERNEL_HALF;
    unsigned region = marker_region(bytes, size);
    int event = insn_event(bytes, size, kernel);
    qemu_plugin_register_vcpu_insn_exec_cb(insn, kernel ? on_kernel_insn : on_user_insn,
                                           QEMU_PLUGIN_CB_NO_REGS, NULL);
    if (event >= 0)
        counter_on_insn(insn, event);
    if (region)
        qemu_plugin_register_vcpu_insn_exec_cb(insn, on_marker, QEMU_PLUGIN_CB_NO_REGS,
                                               (void *)(uintptr_t)region);
    qemu_plugin_register_vcpu_mem_cb(insn, on_memory, QEMU_PLUGIN_CB_NO_REGS, QEMU_PLUGIN_MEM_RW,
                                     (void *)(uintptr_t)pc);
}

static void on_translate(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
    size_t n = qemu_plugin_tb_n_insns(tb);
    qemu_plugin_register_vcpu_tb_exec_cb(tb, on_block, QEMU_PLUGIN_CB_NO_REGS, NULL);
    for (size_t i = 0; i < n; i++)
        instrument(qemu_plugin_tb_get_insn(tb, i));
}

/* ---- start and end ---- */
/* What was written meanwhile is on its way to the file; what was not is seen here at the latest. */
static void close_log(void)
{
    errno = 0;
    bool good = fflush(access_log) == 0 && !ferror(access_log);
    int why = errno;
    if (fclose(access_log) != 0 && good) {
        good = false;
        why = errno;
    }
    if (!good)
        fprintf(out, "fault log %s\n", why ? strerror(why) : "a write before the last failed");
}

static void on_exit_qemu(qemu_plugin_id_t id, void *udata)
{
    if (access_log)
        close_log();
    fclose(out);
}

/* The nodes of the vCPUs, in order, with dots between them. */
static void take_nodes(const char *list)
{
    for (unsigned v = 0; *list && v < LINE_VCPUS_MAX; v++) {
        char *end;
        node_of[v] = strtoul(list, &end, 10);
        list = *end ? end + 1 : end;
    }
}

static bool take_argument(const char *arg)
{
    if (!strncmp(arg, "out=", 4))
        return (out = fopen(arg + 4, "w")) != NULL;
    if (!strncmp(arg, "log=", 4))
        return (access_log = fopen(arg + 4, "w")) != NULL;
    if (strncmp(arg, "nodes=", 6))
        return false;
    take_nodes(arg + 6);
    return true;
}

int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc, char **argv)
{
    bool good = true;
    for (int i = 0; i < argc; i++)
        good = take_argument(argv[i]) && good;
    if (!good || !out) {
        fprintf(stderr, "cloudbench-lines: out=PATH[,nodes=N.N][,log=PATH], paths writable\n");
        return -1;
    }
    counters_make(EV_MAX);
    qemu_plugin_register_vcpu_tb_trans_cb(id, on_translate);
    qemu_plugin_register_atexit_cb(id, on_exit_qemu, NULL);
    return 0;
}
