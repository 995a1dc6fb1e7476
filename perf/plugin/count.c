/*
 * count.c: a TCG plugin that counts guest instructions exactly, says where they go, and counts the
 * operations that cost more on hardware than one instruction. Output is text, documented in
 * docs/result-protocol.md.
 *
 *     -plugin cloudbench-count-vN.so,out=PATH[,symbols=PATH][,io=on][,stacks=on][,turn=N]
 *
 * Each instruction adds one to the counter of its symbol, inline, before it runs; the total is the
 * sum of these. Markers (bench.h) are recognised at translation and logged when they run. Windows
 * are the stretches between the outer markers 3 and 4. With thread=multi the counters are shared
 * and racy: exact figures are for thread=single only.
 */
#include "perf/plugin/insn_class.h"
#include "perf/plugin/stack_watch.h"
#include "perf/plugin/tcg_api.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A symbol, or one of the two first: [user] and [kernel] for what no table names. */
struct symbol {
    uint64_t start;
    size_t counter;  /* of its instructions */
    uint64_t opened; /* value when the window opened */
    uint64_t window; /* sum over closed windows */
    char *name;
};

static struct symbol *symbols;
static size_t symbol_count;
static uint64_t io_events[EV_MAX], events_opened[EV_MAX], events_window[EV_MAX];
static unsigned windows;
static bool watch_io, watch_stacks;
static FILE *out;

static uint64_t total_insns(void)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < symbol_count; i++) {
        sum += counter_sum(symbols[i].counter);
    }
    return sum;
}

/* What is not watched is not written: a 0 would say that there was none. */
static int watched_events(void)
{
    return watch_io ? EV_MAX : EV_BY_ACCESS;
}

/* The events' counters follow the symbols'. */
static uint64_t event_count(int e)
{
    return counter_sum(symbol_count + e) + io_events[e];
}

/* The table is sorted by address from index 2 on. */
static struct symbol *symbol_at(uint64_t vaddr)
{
    if (vaddr < KERNEL_HALF && (symbol_count == 2 || vaddr < symbols[2].start)) {
        return &symbols[0];
    }
    size_t lo = 1, hi = symbol_count;
    while (hi - lo > 1) {
        size_t mid = lo + (hi - lo) / 2;
        if (mid >= 2 && symbols[mid].start <= vaddr) {
            lo = mid;
        } else {
            hi = mid;
        }
    }
    return vaddr < KERNEL_HALF ? &symbols[0] : &symbols[lo];
}

static void window_open(void)
{
    for (size_t i = 0; i < symbol_count; i++) {
        symbols[i].opened = counter_sum(symbols[i].counter);
    }
    for (int e = 0; e < EV_MAX; e++) {
        events_opened[e] = event_count(e);
    }
    if (watch_stacks) {
        stack_watch_open();
    }
}

static void window_close(void)
{
    for (size_t i = 0; i < symbol_count; i++) {
        symbols[i].window += counter_sum(symbols[i].counter) - symbols[i].opened;
    }
    for (int e = 0; e < watched_events(); e++) {
        uint64_t n = event_count(e) - events_opened[e];
        events_window[e] += n;
        fprintf(out, "count %s %" PRIu64 "\n", event_names[e], n);
    }
    windows++;
    if (watch_stacks) {
        stack_watch_close();
    }
}

static void on_marker(unsigned vcpu, void *udata)
{
    unsigned region = (unsigned)(uintptr_t)udata;
    fprintf(out, "marker %u %u %" PRIu64 "\n", region, running_vcpu(vcpu), total_insns());
    if (region == 3) {
        window_open();
    } else if (region == 4) {
        window_close();
    }
    fflush(out);
}

static void on_memory(unsigned vcpu, qemu_plugin_meminfo_t info, uint64_t vaddr, void *udata)
{
    struct qemu_plugin_hwaddr *hw = qemu_plugin_get_hwaddr(info, vaddr);
    if (hw && qemu_plugin_hwaddr_is_io(hw)) {
        add_io_access(io_events, qemu_plugin_mem_is_store(info), vaddr);
    }
}

static uint32_t symbol_number(uint64_t vaddr)
{
    return symbol_at(vaddr) - symbols;
}

static void on_translate(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
    size_t n = qemu_plugin_tb_n_insns(tb);
    turn_on_block(tb);
    for (size_t i = 0; i < n; i++) {
        struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
        uint8_t bytes[INSN_BYTES];
        size_t size = insn_bytes(insn, bytes);
        uint64_t vaddr = qemu_plugin_insn_vaddr(insn);
        bool kernel = vaddr >= KERNEL_HALF;
        unsigned region = marker_region(bytes, size);
        int event = insn_event(bytes, size, kernel);
        if (watch_stacks) {
            stack_watch_insn(tb, i); /* before the counters: what ran before it */
        }
        counter_on_insn(insn, symbol_at(vaddr)->counter);
        if (region) {
            qemu_plugin_register_vcpu_insn_exec_cb(insn, on_marker, QEMU_PLUGIN_CB_NO_REGS,
                                                   (void *)(uintptr_t)region);
        }
        if (event >= 0) {
            counter_on_insn(insn, symbol_count + event);
        }
        if (watch_io && kernel) {
            qemu_plugin_register_vcpu_mem_cb(insn, on_memory, QEMU_PLUGIN_CB_NO_REGS, QEMU_PLUGIN_MEM_RW,
                                             NULL);
        }
    }
}

/* ---- symbols, start and end ---- */
static int by_start(const void *a, const void *b)
{
    const struct symbol *x = a, *y = b;
    return x->start < y->start ? -1 : x->start > y->start;
}

static int by_window(const void *a, const void *b)
{
    const struct symbol *x = a, *y = b;
    return x->window > y->window ? -1 : x->window < y->window;
}

static void add_symbol(uint64_t start, const char *name)
{
    if (symbol_count % 4096 == 0) {
        symbols = realloc(symbols, (symbol_count + 4096) * sizeof *symbols);
        if (!symbols) {
            abort();
        }
    }
    symbols[symbol_count++] = (struct symbol){.start = start, .name = strdup(name)};
}

/* Lines of nm or /proc/kallsyms: ADDRESS TYPE NAME; text symbols of the kernel are taken. */
static bool load_symbols(const char *path)
{
    char line[1024], type, name[512];
    uint64_t start;
    FILE *f = fopen(path, "r");
    if (!f) {
        fprintf(stderr, "cloudbench-count: cannot read %s\n", path);
        return false;
    }
    while (fgets(line, sizeof line, f)) {
        if (sscanf(line, "%" SCNx64 " %c %511s", &start, &type, name) == 3 && strchr("tTwW", type) &&
            start >= KERNEL_HALF) {
            add_symbol(start, name);
        }
    }
    fclose(f);
    qsort(symbols + 2, symbol_count - 2, sizeof *symbols, by_start);
    return true;
}

static const char *symbol_name(uint32_t number)
{
    return symbols[number].name;
}

static void on_exit_qemu(qemu_plugin_id_t id, void *udata)
{
    fprintf(out, "total %" PRIu64 "\nwindows %u\n", total_insns(), windows);
    if (watch_stacks) {
        stack_watch_print(out, symbol_name);
    }
    qsort(symbols, symbol_count, sizeof *symbols, by_window);
    for (size_t i = 0; i < symbol_count && symbols[i].window; i++) {
        fprintf(out, "sym %" PRIu64 " %s\n", symbols[i].window, symbols[i].name);
    }
    for (int e = 0; e < watched_events(); e++) {
        fprintf(out, "sum %s %" PRIu64 "\n", event_names[e], events_window[e]);
    }
    /* "end" says that all the rest is there. */
    if (fflush(out) == 0 && !ferror(out)) {
        fputs("end\n", out);
    }
    if (fclose(out) != 0) {
        fprintf(stderr, "cloudbench-count: cannot write: %s\n", strerror(errno));
    }
}

int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc, char **argv)
{
    const char *path = NULL, *table = NULL;
    for (int i = 0; i < argc; i++) {
        if (strncmp(argv[i], "out=", 4) == 0) {
            path = argv[i] + 4;
        } else if (strncmp(argv[i], "symbols=", 8) == 0) {
            table = argv[i] + 8;
        } else if (strcmp(argv[i], "io=on") == 0) {
            watch_io = true;
        } else if (strcmp(argv[i], "stacks=on") == 0) {
            watch_stacks = true;
        } else if (strncmp(argv[i], "turn=", 5) == 0) {
            if (atol(argv[i] + 5) <= 0 || !turns_make(atol(argv[i] + 5))) {
                fprintf(stderr, "cloudbench-count: no turns of %s instructions with this QEMU\n", argv[i] + 5);
                return -1;
            }
        } else {
            fprintf(stderr, "cloudbench-count: unknown argument %s\n", argv[i]);
            return -1;
        }
    }
    add_symbol(0, "[user]");
    add_symbol(KERNEL_HALF, "[kernel]");
    if (!path || (table && !load_symbols(table)) || !(out = fopen(path, "w"))) {
        fprintf(stderr, "cloudbench-count: out=PATH must be given and writable\n");
        return -1;
    }
    for (size_t i = 0; i < symbol_count; i++) {
        symbols[i].counter = i;
    }
    counters_make(symbol_count + EV_MAX + 1);
    if (watch_stacks) {
        stack_watch_start(symbol_number, symbol_count + EV_MAX);
    }
    qemu_plugin_register_vcpu_tb_trans_cb(id, on_translate);
    qemu_plugin_register_atexit_cb(id, on_exit_qemu, NULL);
    return 0;
}
