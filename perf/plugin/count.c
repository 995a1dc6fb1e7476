/*
 * count.c: a TCG plugin that counts guest instructions exactly, says where they go, and counts the
 * operations that cost more on hardware than one instruction. Output is text, documented in
 * docs/result-protocol.md.
 *
 *     -plugin cloudbench-count.so,out=PATH[,symbols=PATH][,io=on]
 *
 * Each instruction adds one to the counter of its symbol, inline, before it runs; the total is the
 * sum of these. Markers (bench.h) are recognised at translation and logged when they run. Windows
 * are the stretches between the outer markers 3 and 4. With thread=multi the counters are shared
 * and racy: exact figures are for thread=single only.
 *
 * QEMU's licence makes this file GPL-2-compatible (MIT). QEMU's header is not packaged by Debian:
 * the few prototypes of plugin API version 1 that are used stand here.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- plugin API, version 1 ---- */
typedef uint64_t qemu_plugin_id_t;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
struct qemu_plugin_hwaddr;
typedef uint32_t qemu_plugin_meminfo_t;
typedef struct qemu_info_t qemu_info_t;
enum { QEMU_PLUGIN_CB_NO_REGS = 0 };
enum { QEMU_PLUGIN_INLINE_ADD_U64 = 0 };
enum { QEMU_PLUGIN_MEM_R = 1, QEMU_PLUGIN_MEM_W = 2, QEMU_PLUGIN_MEM_RW = 3 };
typedef void (*vcpu_udata_cb)(unsigned vcpu, void *udata);
typedef void (*vcpu_mem_cb)(unsigned vcpu, qemu_plugin_meminfo_t info, uint64_t vaddr, void *udata);
void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id,
                                           void (*cb)(qemu_plugin_id_t, struct qemu_plugin_tb *));
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn, vcpu_udata_cb cb, int flags,
                                            void *udata);
void qemu_plugin_register_vcpu_insn_exec_inline(struct qemu_plugin_insn *insn, int op, void *ptr,
                                                uint64_t imm);
void qemu_plugin_register_vcpu_mem_cb(struct qemu_plugin_insn *insn, vcpu_mem_cb cb, int flags, int rw,
                                      void *udata);
void qemu_plugin_register_atexit_cb(qemu_plugin_id_t id, void (*cb)(qemu_plugin_id_t, void *),
                                    void *udata);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t idx);
const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *insn);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *insn);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);
struct qemu_plugin_hwaddr *qemu_plugin_get_hwaddr(qemu_plugin_meminfo_t info, uint64_t vaddr);
bool qemu_plugin_hwaddr_is_io(const struct qemu_plugin_hwaddr *haddr);
bool qemu_plugin_mem_is_store(qemu_plugin_meminfo_t info);

#define EXPORT __attribute__((visibility("default")))
EXPORT int qemu_plugin_version = 1;
EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc, char **argv);

/* ---- what is counted ---- */
#define MARK_MAGIC 0xC1BEu
#define KERNEL_HALF 0xffff800000000000ull
#define EVENTS(X)                                                                          \
    X(cr3_writes) X(tlb_flushes) X(locked_kernel) X(locked_user) X(port_io) X(msr_writes)  \
    X(simd_kernel) X(halts) X(pauses) X(fences) X(syscalls) X(sysrets) X(irets) X(cr_writes) \
    X(mmio_reads) X(mmio_writes) X(ipis)

#define X(n) EV_##n,
enum event { EVENTS(X) EV_MAX };
#undef X
#define X(n) #n,
static const char *const event_names[EV_MAX] = {EVENTS(X)};
#undef X

/* A symbol, or one of the two first: [user] and [kernel] for what no table names. */
struct symbol {
    uint64_t start;
    uint64_t insns;  /* added to by translated code */
    uint64_t opened; /* value when the window opened */
    uint64_t window; /* sum over closed windows */
    char *name;
};

static struct symbol *symbols;
static size_t symbol_count;
static uint64_t events[EV_MAX], events_opened[EV_MAX], events_window[EV_MAX];
static unsigned windows;
static bool watch_io;
static FILE *out;

static uint64_t total_insns(void)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < symbol_count; i++) {
        sum += symbols[i].insns;
    }
    return sum;
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
        symbols[i].opened = symbols[i].insns;
    }
    memcpy(events_opened, events, sizeof events);
}

static void window_close(void)
{
    for (size_t i = 0; i < symbol_count; i++) {
        symbols[i].window += symbols[i].insns - symbols[i].opened;
    }
    for (int e = 0; e < EV_MAX; e++) {
        uint64_t n = events[e] - events_opened[e];
        events_window[e] += n;
        fprintf(out, "count %s %" PRIu64 "\n", event_names[e], n);
    }
    windows++;
}

static void on_marker(unsigned vcpu, void *udata)
{
    unsigned region = (unsigned)(uintptr_t)udata;
    fprintf(out, "marker %u %u %" PRIu64 "\n", region, vcpu, total_insns());
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
    if (!hw || !qemu_plugin_hwaddr_is_io(hw)) {
        return;
    }
    if (!qemu_plugin_mem_is_store(info)) {
        events[EV_mmio_reads]++;
        return;
    }
    events[EV_mmio_writes]++;
    events[EV_ipis] += (vaddr & 0xfff) == 0x300; /* the low half of the local APIC's ICR sends */
}

/* ---- classification ---- */
struct decoded {
    bool lock, two_byte, vex;
    uint8_t op, modrm, prefix; /* prefix: 66, F2, F3 or 0 */
};

static struct decoded decode(const uint8_t *p, size_t n)
{
    struct decoded d = {0};
    size_t i = 0;
    for (; i < n; i++) {
        if (p[i] == 0xf0) {
            d.lock = true;
        } else if (p[i] == 0x66 || p[i] == 0xf2 || p[i] == 0xf3) {
            d.prefix = p[i];
        } else if (p[i] != 0x67 && p[i] != 0x2e && p[i] != 0x36 && p[i] != 0x3e && p[i] != 0x26 &&
                   p[i] != 0x64 && p[i] != 0x65 && (p[i] & 0xf0) != 0x40) {
            break;
        }
    }
    if (i < n && (p[i] == 0xc4 || p[i] == 0xc5 || p[i] == 0x62)) {
        d.vex = true;
        return d;
    }
    if (i < n && p[i] == 0x0f) {
        d.two_byte = true;
        i++;
    }
    d.op = i < n ? p[i] : 0;
    d.modrm = i + 1 < n ? p[i + 1] : 0;
    return d;
}

/* The SSE, SSE2 and MMX parts of the 0F map. */
static bool is_simd(const struct decoded *d)
{
    uint8_t op = d->op;
    return d->vex || (d->two_byte && ((op >= 0x10 && op <= 0x17) || (op >= 0x28 && op <= 0x2f) ||
                                      (op >= 0x50 && op <= 0x7f && op != 0x77) || op == 0xc2 ||
                                      (op >= 0xc4 && op <= 0xc6) || op >= 0xd0) &&
                      op != 0xff);
}

static int classify_two_byte(const struct decoded *d)
{
    switch (d->op) {
    case 0x22:
        return (d->modrm >> 3 & 7) == 3 ? EV_cr3_writes : EV_cr_writes;
    case 0x01:
        return d->modrm < 0xc0 && (d->modrm >> 3 & 7) == 7 ? EV_tlb_flushes : -1;
    case 0x38: /* invpcid: 66 0F 38 82 */
        return d->prefix == 0x66 && d->modrm == 0x82 ? EV_tlb_flushes : -1;
    case 0x30:
        return EV_msr_writes;
    case 0x05:
        return EV_syscalls;
    case 0x07:
        return EV_sysrets;
    case 0xae:
        return d->modrm >= 0xe8 ? EV_fences : -1;
    default:
        return -1;
    }
}

static int classify_one_byte(const struct decoded *d)
{
    switch (d->op) {
    case 0xe4: case 0xe5: case 0xe6: case 0xe7: case 0xec: case 0xed: case 0xee: case 0xef:
    case 0x6c: case 0x6d: case 0x6e: case 0x6f:
        return EV_port_io;
    case 0xf4:
        return EV_halts;
    case 0xcf:
        return EV_irets;
    case 0x90:
        return d->prefix == 0xf3 ? EV_pauses : -1;
    default:
        return -1;
    }
}

/* xchg with memory locks without a prefix. */
static bool is_locked(const struct decoded *d)
{
    return d->lock || (!d->vex && !d->two_byte && (d->op == 0x86 || d->op == 0x87) && d->modrm < 0xc0);
}

static void count_event(struct qemu_plugin_insn *insn, int event)
{
    if (event >= 0) {
        qemu_plugin_register_vcpu_insn_exec_inline(insn, QEMU_PLUGIN_INLINE_ADD_U64, &events[event], 1);
    }
}

static void classify(struct qemu_plugin_insn *insn, const uint8_t *p, size_t n, bool kernel)
{
    struct decoded d = decode(p, n);
    if (is_locked(&d)) {
        count_event(insn, kernel ? EV_locked_kernel : EV_locked_user);
    } else if (kernel && is_simd(&d)) {
        count_event(insn, EV_simd_kernel);
    } else if (!d.vex) {
        count_event(insn, d.two_byte ? classify_two_byte(&d) : classify_one_byte(&d));
    }
}

/* 0F 1F 84 00 imm32 with the magic in the high half: the region, else 0. */
static unsigned marker_region(const uint8_t *p, size_t n)
{
    static const uint8_t nop[4] = {0x0f, 0x1f, 0x84, 0x00};
    if (n != 8 || memcmp(p, nop, 4) != 0 || (p[6] | p[7] << 8) != MARK_MAGIC) {
        return 0;
    }
    return (unsigned)(p[4] | p[5] << 8);
}

static void on_translate(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
    size_t n = qemu_plugin_tb_n_insns(tb);
    for (size_t i = 0; i < n; i++) {
        struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
        const uint8_t *p = qemu_plugin_insn_data(insn);
        size_t size = qemu_plugin_insn_size(insn);
        uint64_t vaddr = qemu_plugin_insn_vaddr(insn);
        bool kernel = vaddr >= KERNEL_HALF;
        unsigned region = marker_region(p, size);
        qemu_plugin_register_vcpu_insn_exec_inline(insn, QEMU_PLUGIN_INLINE_ADD_U64,
                                                   &symbol_at(vaddr)->insns, 1);
        if (region) {
            qemu_plugin_register_vcpu_insn_exec_cb(insn, on_marker, QEMU_PLUGIN_CB_NO_REGS,
                                                   (void *)(uintptr_t)region);
        }
        classify(insn, p, size, kernel);
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

static void on_exit_qemu(qemu_plugin_id_t id, void *udata)
{
    fprintf(out, "total %" PRIu64 "\nwindows %u\n", total_insns(), windows);
    qsort(symbols, symbol_count, sizeof *symbols, by_window);
    for (size_t i = 0; i < symbol_count && symbols[i].window; i++) {
        fprintf(out, "sym %" PRIu64 " %s\n", symbols[i].window, symbols[i].name);
    }
    for (int e = 0; e < EV_MAX; e++) {
        fprintf(out, "sum %s %" PRIu64 "\n", event_names[e], events_window[e]);
    }
    fclose(out);
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
    qemu_plugin_register_vcpu_tb_trans_cb(id, on_translate);
    qemu_plugin_register_atexit_cb(id, on_exit_qemu, NULL);
    return 0;
}
