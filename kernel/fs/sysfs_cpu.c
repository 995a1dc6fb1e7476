/* /sys/devices/system/{cpu,node}: which CPUs and nodes there are, how near they are, what memory a
 * node has. */
#include "kernel/arch/x86/smp.h"
#include "kernel/fs/proc_internal.h"
#include "kernel/fs/seq_bitmap.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/fmt.h"
#include "kernel/lib/string.h"
#include "kernel/mm/page.h"
#include "kernel/sched/hotplug.h"
#include "kernel/sched/isolation.h"
#include "kernel/time/ktime.h"

#define CPU_DIR   "devices/system/cpu"
#define CLOCK_DIR "devices/system/clocksource/clocksource0"
#define NODE_DIR  "devices/system/node"

typedef bool (*cpu_test_t)(unsigned cpu, unsigned of);

static bool all_cpus(unsigned cpu, unsigned of)
{
    return true;
}
static bool online_cpus(unsigned cpu, unsigned of)
{
    return cpu_online(cpu);
}
static bool offline_cpus(unsigned cpu, unsigned of)
{
    return !cpu_online(cpu);
}
static bool isolated_cpus(unsigned cpu, unsigned of)
{
    return cpu_is_isolated(cpu);
}
static bool nohz_full_cpus(unsigned cpu, unsigned of)
{
    return cpu_is_nohz_full(cpu);
}
static bool of_node(unsigned cpu, unsigned node)
{
    return cpu_online(cpu) && cpu_to_node(cpu) == (int)node;
}
static bool same_core(unsigned cpu, unsigned of)
{
    return cpu_online(cpu) && cpu_core_id(cpu) == cpu_core_id(of);
}
static bool same_llc(unsigned cpu, unsigned of)
{
    return cpu_online(cpu) && cpu_llc_id(cpu) == cpu_llc_id(of);
}

static void show_cpus(struct seq_buf *s, cpu_test_t test, unsigned of, bool list)
{
    unsigned long bits[MAX_CPUS / 64] = {0};

    for (unsigned cpu = 0; cpu < nr_cpu_ids; cpu++)
        if (test(cpu, of))
            bits[cpu / 64] |= BIT(cpu % 64);
    if (list)
        seq_bitmap_list(s, bits, nr_cpu_ids);
    else
        seq_bitmap(s, bits, nr_cpu_ids);
    seq_putc(s, '\n');
}

#define CPU_SET(name, test, list)                                                                  \
    static int name(struct seq_buf *s, void *of)                                                   \
    {                                                                                              \
        show_cpus(s, test, (unsigned)(unsigned long)of, list);                                     \
        return 0;                                                                                  \
    }
CPU_SET(possible_show, all_cpus, true)
CPU_SET(online_show, online_cpus, true)
CPU_SET(offline_show, offline_cpus, true)
CPU_SET(isolated_show, isolated_cpus, true)
CPU_SET(nohz_full_show, nohz_full_cpus, true)
CPU_SET(core_list_show, same_core, true)
CPU_SET(core_mask_show, same_core, false)
CPU_SET(llc_list_show, same_llc, true)
CPU_SET(llc_mask_show, same_llc, false)
CPU_SET(node_list_show, of_node, true)
CPU_SET(node_mask_show, of_node, false)

static int number_show(struct seq_buf *s, void *n)
{
    seq_printf(s, "%lu\n", (unsigned long)n);
    return 0;
}

static int package_show(struct seq_buf *s, void *cpu)
{
    seq_printf(s, "%u\n", cpu_llc_id((unsigned)(unsigned long)cpu));
    return 0;
}

static int text_show(struct seq_buf *s, void *text)
{
    seq_printf(s, "%s\n", (const char *)text);
    return 0;
}

static int cpu_online_show(struct seq_buf *s, void *cpu)
{
    seq_printf(s, "%d\n", cpu_online((unsigned)(unsigned long)cpu));
    return 0;
}

/* What Linux takes for a truth value: the first letter decides, after an o the second. */
static int truth(const char *text)
{
    if (text[0] == 'o' || text[0] == 'O')
        return text[1] == 'n' || text[1] == 'N' ? 1 : text[1] == 'f' || text[1] == 'F' ? 0 : -EINVAL;
    if (strchr("1yYtT", text[0]) && text[0])
        return 1;
    return text[0] && strchr("0nNfF", text[0]) ? 0 : -EINVAL;
}

static ssize_t cpu_online_store(const char *text, size_t n, void *cpu)
{
    int on = truth(text), err;

    if (on < 0)
        return on;
    err = on ? cpu_up((unsigned)(unsigned long)cpu) : cpu_down((unsigned)(unsigned long)cpu);
    return err ? err : (ssize_t)n;
}

static int kernel_max_show(struct seq_buf *s, void *unused)
{
    seq_printf(s, "%d\n", MAX_CPUS - 1);
    return 0;
}

static void add(const char *dir, unsigned n, const char *name, proc_show_t show, void *data)
{
    char path[96];

    snprintf(path, sizeof(path), "%s%u/%s", dir, n, name);
    sysfs_create(path, 0444, show, NULL, data);
}

static void create_cpu(unsigned cpu)
{
    void *of = (void *)(unsigned long)cpu;
    char path[96], target[64];

    if (cpu) {
        snprintf(path, sizeof(path), CPU_DIR "/cpu%u/online", cpu);
        sysfs_create(path, 0644, cpu_online_show, cpu_online_store, of);
    }
    add(CPU_DIR "/cpu", cpu, "topology/core_id", number_show, (void *)(unsigned long)cpu_core_id(cpu));
    add(CPU_DIR "/cpu", cpu, "topology/physical_package_id", package_show, of);
    add(CPU_DIR "/cpu", cpu, "topology/thread_siblings", core_mask_show, of);
    add(CPU_DIR "/cpu", cpu, "topology/thread_siblings_list", core_list_show, of);
    add(CPU_DIR "/cpu", cpu, "topology/core_cpus", core_mask_show, of);
    add(CPU_DIR "/cpu", cpu, "topology/core_cpus_list", core_list_show, of);
    add(CPU_DIR "/cpu", cpu, "topology/core_siblings", llc_mask_show, of);
    add(CPU_DIR "/cpu", cpu, "topology/core_siblings_list", llc_list_show, of);
    add(CPU_DIR "/cpu", cpu, "topology/package_cpus_list", llc_list_show, of);
    add(CPU_DIR "/cpu", cpu, "cache/index3/level", number_show, (void *)3);
    add(CPU_DIR "/cpu", cpu, "cache/index3/type", text_show, "Unified");
    add(CPU_DIR "/cpu", cpu, "cache/index3/shared_cpu_map", llc_mask_show, of);
    add(CPU_DIR "/cpu", cpu, "cache/index3/shared_cpu_list", llc_list_show, of);
    snprintf(path, sizeof(path), CPU_DIR "/cpu%u/node%d", cpu, cpu_to_node(cpu));
    snprintf(target, sizeof(target), "../../node/node%d", cpu_to_node(cpu));
    sysfs_symlink(path, target);
    snprintf(path, sizeof(path), NODE_DIR "/node%d/cpu%u", cpu_to_node(cpu), cpu);
    snprintf(target, sizeof(target), "../../cpu/cpu%u", cpu);
    sysfs_symlink(path, target);
}

/* ---- nodes ---- */
static int node_meminfo_show(struct seq_buf *s, void *arg)
{
    int nid = (int)(unsigned long)arg;
    u64 total = nr_node_pages(nid), free = nr_node_free_pages(nid);

    seq_printf(s,
               "Node %d MemTotal:       %8lu kB\nNode %d MemFree:        %8lu kB\nNode %d MemUsed: "
               "       %8lu kB\n",
               nid, total * 4, nid, free * 4, nid, (total - free) * 4);
    return 0;
}

static int node_distance_show(struct seq_buf *s, void *arg)
{
    for (unsigned n = 0; n < nr_node_ids; n++)
        seq_printf(s, n ? " %u" : "%u", node_distance((int)(unsigned long)arg, n));
    seq_putc(s, '\n');
    return 0;
}

/* Which nodes: 0 all, 1 with memory, 2 with CPUs. */
static int node_set_show(struct seq_buf *s, void *kind)
{
    unsigned long nodes = 0;

    for (unsigned n = 0; n < nr_node_ids; n++) {
        bool has_cpu = false;

        for_each_online_cpu(cpu) has_cpu |= cpu_to_node(cpu) == (int)n;
        if (!kind || ((unsigned long)kind == 1 ? nr_node_pages(n) != 0 : has_cpu))
            nodes |= BIT(n);
    }
    seq_bitmap_list(s, &nodes, nr_node_ids);
    seq_putc(s, '\n');
    return 0;
}

static void create_node(unsigned node)
{
    void *of = (void *)(unsigned long)node;

    add(NODE_DIR "/node", node, "cpulist", node_list_show, of);
    add(NODE_DIR "/node", node, "cpumap", node_mask_show, of);
    add(NODE_DIR "/node", node, "meminfo", node_meminfo_show, of);
    add(NODE_DIR "/node", node, "distance", node_distance_show, of);
}

static int clocksource_show(struct seq_buf *s, void *unused)
{
    seq_printf(s, "%s\n", clocksource_name());
    return 0;
}

void sysfs_cpu_create(void)
{
    sysfs_create(CLOCK_DIR "/current_clocksource", 0444, clocksource_show, NULL, NULL);
    sysfs_create(CLOCK_DIR "/available_clocksource", 0444, clocksource_show, NULL, NULL);
    sysfs_create(CPU_DIR "/online", 0444, online_show, NULL, NULL);
    sysfs_create(CPU_DIR "/possible", 0444, possible_show, NULL, NULL);
    sysfs_create(CPU_DIR "/present", 0444, possible_show, NULL, NULL);
    sysfs_create(CPU_DIR "/offline", 0444, offline_show, NULL, NULL);
    sysfs_create(CPU_DIR "/isolated", 0444, isolated_show, NULL, NULL);
    sysfs_create(CPU_DIR "/nohz_full", 0444, nohz_full_show, NULL, NULL);
    sysfs_create(CPU_DIR "/kernel_max", 0444, kernel_max_show, NULL, NULL);
    for (unsigned cpu = 0; cpu < nr_cpu_ids; cpu++)
        create_cpu(cpu);
    sysfs_create(NODE_DIR "/online", 0444, node_set_show, NULL, NULL);
    sysfs_create(NODE_DIR "/possible", 0444, node_set_show, NULL, NULL);
    sysfs_create(NODE_DIR "/has_memory", 0444, node_set_show, NULL, (void *)1);
    sysfs_create(NODE_DIR "/has_normal_memory", 0444, node_set_show, NULL, (void *)1);
    sysfs_create(NODE_DIR "/has_cpu", 0444, node_set_show, NULL, (void *)2);
    for (unsigned node = 0; node < nr_node_ids; node++)
        create_node(node);
}
