// Builds QEMU's argument list from a vm_spec. Must stay the only place that knows QEMU's options.
#include "perf/vm/vm_spec.h"

#include <stdlib.h>
#include <string.h>

const char *const tier_name[TIERS] = {"det", "tcg", "kvm"};

// det: QEMU 10 ends with "Bad icount read" when a guest sets the timer of an x2APIC.
const char *vm_default_cpu(enum tier tier)
{
    static const char *const cpu[TIERS] = {"max,-erms,-fsrm,-x2apic", "max,-erms,-fsrm",
                                           "host,kvm=off"};
    return cpu[tier];
}

bool vm_plugin_io(const struct vm_topology *t)
{
    return t->cpus > 1;
}

static void pair(struct str_list *v, const char *option, const char *value)
{
    list_add(v, option);
    list_add(v, value);
}

// A guest without nodes has a backend of its own when its memory is bound or huge.
static bool whole_backend(const struct vm_spec *s)
{
    return s->host && !s->topology->nodes && (s->host->memory_nodes[0] || s->host->huge_page_kb);
}

static void add_accel(struct str_list *v, const struct vm_spec *s)
{
    static const char *const accel[TIERS] = {"tcg,thread=single", "tcg,thread=multi", "kvm"};
    pair(v, "-machine", whole_backend(s) ? "q35,memory-backend=mem0" : "q35");
    pair(v, "-accel", accel[s->tier]);
    if (s->tier == TIER_DET) {
        pair(v, "-icount", "shift=0,sleep=off");
        pair(v, "-rtc", "base=2024-01-01T00:00:00,clock=vm");
    } else {
        pair(v, "-rtc", "base=2024-01-01T00:00:00");
    }
    pair(v, "-seed", "1");
    pair(v, "-cpu", s->cpu);
}

static void add_backend(struct str_list *v, const struct vm_host_options *h, int n, int memory_mb)
{
    struct text_buf t = {0};
    bool huge = h && h->huge_page_kb;
    text_addf(&t, "memory-backend-%s,id=mem%d,size=%dM", huge ? "memfd" : "ram", n, memory_mb);
    if (huge)
        text_addf(&t, ",hugetlb=on,hugetlbsize=%dk,prealloc=on", h->huge_page_kb);
    for (const char *p = h && h->memory_nodes[n] ? h->memory_nodes[n] : ""; *p;) {
        size_t len = strcspn(p, ",");
        text_addf(&t, ",host-nodes=%.*s", (int)len, p);
        p += len + (p[len] == ',');
    }
    if (h && h->memory_nodes[n])
        text_addf(&t, ",policy=%s", h->interleave ? "interleave" : "bind");
    pair(v, "-object", t.data);
    text_free(&t);
}

static void add_node(struct str_list *v, const struct vm_spec *s, int n)
{
    const struct vm_node *node = &s->topology->node[n];
    struct text_buf t = {0};
    text_addf(&t, "node,nodeid=%d", n);
    if (node->memory_mb) {
        add_backend(v, s->host, n, node->memory_mb);
        text_addf(&t, ",memdev=mem%d", n);
    }
    for (const char *p = node->cpus; *p;) {
        size_t len = strcspn(p, ",");
        text_addf(&t, ",cpus=%.*s", (int)len, p);
        p += len + (p[len] == ',');
    }
    pair(v, "-numa", t.data);
    text_free(&t);
}

static int sockets_of(const struct vm_topology *t)
{
    int with_cpus = 0;
    for (int n = 0; n < t->nodes; n++)
        with_cpus += t->node[n].cpus[0] != '\0';
    return with_cpus && t->cpus % with_cpus == 0 ? with_cpus : 1;
}

static void add_shape(struct str_list *v, const struct vm_spec *s)
{
    const struct vm_topology *t = s->topology;
    int sockets = sockets_of(t);
    list_add(v, "-m");
    list_addf(v, "%dM", t->memory_mb);
    list_add(v, "-smp");
    list_addf(v, "%d,sockets=%d,cores=%d,threads=1", t->cpus, sockets, t->cpus / sockets);
    if (whole_backend(s))
        add_backend(v, s->host, 0, t->memory_mb);
    for (int n = 0; n < t->nodes; n++)
        add_node(v, s, n);
    for (int n = 0; t->has_distances && n < t->nodes; n++)
        for (int k = 0; k < t->nodes; k++) {
            list_add(v, "-numa");
            list_addf(v, "dist,src=%d,dst=%d,val=%d", n, k, t->distance[n][k]);
        }
}

static void add_port(struct str_list *v, const char *backend, const char *id, const char *path)
{
    list_add(v, "-chardev");
    list_addf(v, "%s,id=%s,path=%s", backend, id, path);
}

static void add_devices(struct str_list *v)
{
    static const char *const fixed[] = {"-nodefaults", "-no-user-config",
                                        "-nic",        "none",
                                        "-display",    "none",
                                        "-no-reboot",  "-S",
                                        "-device",     "isa-debug-exit,iobase=0xf4,iosize=0x04"};
    for (size_t i = 0; i < sizeof(fixed) / sizeof(*fixed); i++)
        list_add(v, fixed[i]);
    add_port(v, "socket", "qmp", VM_QMP_SOCKET);
    pair(v, "-mon", "chardev=qmp,mode=control");
    add_port(v, "pipe", "console", VM_CONSOLE_FIFO);
    pair(v, "-serial", "chardev:console");
    add_port(v, "pipe", "results", VM_RESULTS_FIFO);
    pair(v, "-serial", "chardev:results");
}

static void add_plugin(struct str_list *v, const struct vm_spec *s)
{
    char *turn = s->turn_ns ? x_printf(",turn=%d", s->turn_ns) : NULL; // one instruction is one nanosecond
    list_add(v, "-plugin");
    list_addf(v, "%s,out=" VM_COUNT_FILE "%s%s%s%s", s->plugin,
              s->plugin_symbols ? ",symbols=" VM_SYMBOL_FILE : "",
              s->plugin_io ? ",io=on" : "", s->plugin_more ? s->plugin_more : "", turn ? turn : "");
    free(turn);
}

void vm_argv(const struct vm_spec *s, struct str_list *argv)
{
    struct text_buf append = {0};
    list_add(argv, s->qemu);
    add_accel(argv, s);
    add_shape(argv, s);
    if (s->host && s->host->halt_in_guest)
        pair(argv, "-overcommit", "cpu-pm=on");
    add_devices(argv);
    if (s->plugin)
        add_plugin(argv, s);
    text_add(&append, s->kernel->cmdline);
    if (s->extra_append)
        text_addf(&append, " %s", s->extra_append);
    if (s->guest_args)
        text_addf(&append, " -- %s", s->guest_args);
    pair(argv, "-initrd", s->initrd);
    pair(argv, "-kernel", s->kernel->path);
    pair(argv, "-append", append.data);
    text_free(&append);
}

json_t *vm_argv_diff(const struct str_list *a, const struct str_list *b)
{
    json_t *diff = json_array();
    if (a->count != b->count)
        json_array_append_new(diff, json_pack("{s:s}", "option", "shape"));
    for (size_t i = 0; i < a->count && a->count == b->count; i++) {
        const char *option = i && a->items[i - 1][0] == '-' ? a->items[i - 1] : "shape";
        if (strcmp(a->items[i], b->items[i]))
            json_array_append_new(diff, json_pack("{s:s,s:s,s:s}", "option", option, "a",
                                                  a->items[i], "b", b->items[i]));
    }
    return diff;
}
