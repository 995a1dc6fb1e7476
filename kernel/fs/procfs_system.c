/* The files of /proc that tell of the whole machine: memory, CPUs, times, load, versions. */
#include "kernel/arch/x86/cpu.h"
#include "kernel/arch/x86/irq.h"
#include "kernel/arch/x86/smp.h"
#include "kernel/fs/proc_internal.h"
#include "kernel/lib/param.h"
#include "kernel/lib/string.h"
#include "kernel/lib/utsname.h"
#include "kernel/mm/meminfo.h"
#include "kernel/sched/sched.h"
#include "kernel/time/ktime.h"

#define NS_PER_TICK 10000000UL

static void kb(struct seq_buf *s, const char *name, u64 pages)
{
    seq_printf(s, "%-16s%8lu kB\n", name, pages << (PAGE_SHIFT - 10));
}

static int meminfo_show(struct seq_buf *s, void *unused)
{
    u64 total = nr_total_pages(), free = nr_free_pages(), file = nr_file_pages(),
        shmem = nr_shmem_pages();
    u64 slab = nr_slab_pages();

    kb(s, "MemTotal:", total);
    kb(s, "MemFree:", free);
    kb(s, "MemAvailable:", free + (file > shmem ? file - shmem : 0));
    kb(s, "Buffers:", 0);
    kb(s, "Cached:", file);
    kb(s, "SwapCached:", 0);
    kb(s, "Active:", nr_anon_pages() + file);
    kb(s, "Inactive:", 0);
    kb(s, "Active(anon):", nr_anon_pages());
    kb(s, "Inactive(anon):", 0);
    kb(s, "Active(file):", file);
    kb(s, "Inactive(file):", 0);
    kb(s, "Unevictable:", 0);
    kb(s, "Mlocked:", 0);
    kb(s, "SwapTotal:", 0);
    kb(s, "SwapFree:", 0);
    kb(s, "Dirty:", 0);
    kb(s, "Writeback:", 0);
    kb(s, "AnonPages:", nr_anon_pages());
    kb(s, "Mapped:", file);
    kb(s, "Shmem:", shmem);
    kb(s, "KReclaimable:", 0);
    kb(s, "Slab:", slab);
    kb(s, "SReclaimable:", 0);
    kb(s, "SUnreclaim:", slab);
    kb(s, "KernelStack:", nr_kernel_stack_pages());
    kb(s, "PageTables:", nr_pagetable_pages());
    kb(s, "CommitLimit:", total / 2);
    kb(s, "Committed_AS:", nr_anon_pages() + shmem);
    seq_printf(s, "%-16s%8lu kB\n", "VmallocTotal:", 34359738367UL);
    kb(s, "VmallocUsed:", nr_vmalloc_pages());
    seq_puts(s, "HugePages_Total:       0\nHugePages_Free:        0\nHugePages_Rsvd:        0\n"
                "HugePages_Surp:        0\nHugepagesize:       2048 kB\n");
    return 0;
}

static int uptime_show(struct seq_buf *s, void *unused)
{
    u64 up = ktime_get_boot_ns() / NS_PER_TICK, idle_ns = 0;

    for_each_possible_cpu(cpu)
    {
        u64 user, nice, sys, idle, irq;

        cpu_times(cpu, &user, &nice, &sys, &idle, &irq);
        idle_ns += idle;
    }
    seq_printf(s, "%lu.%02lu %lu.%02lu\n", up / 100, up % 100, idle_ns / NS_PER_TICK / 100,
               idle_ns / NS_PER_TICK % 100);
    return 0;
}

static int loadavg_show(struct seq_buf *s, void *unused)
{
    u64 avg[3];

    sched_loadavg(avg);
    for (int i = 0; i < 3; i++) {
        u64 v = avg[i] + 10; /* rounds to hundredths: 2048 / 200 */

        seq_printf(s, "%lu.%02lu ", v >> 11, ((v & 2047) * 100) >> 11);
    }
    seq_printf(s, "%u/%u %d\n", nr_running(), nr_threads_total, current->pid);
    return 0;
}

static void cpu_line(struct seq_buf *s, const u64 t[5])
{
    seq_printf(s, " %lu %lu %lu %lu 0 %lu 0 0 0 0\n", t[0] / NS_PER_TICK, t[1] / NS_PER_TICK,
               t[2] / NS_PER_TICK, t[3] / NS_PER_TICK, t[4] / NS_PER_TICK);
}

static u64 irq_total(unsigned vector)
{
    u64 n = 0;

    for_each_possible_cpu(cpu) n += vector_count(vector, cpu);
    return n;
}

static u64 fork_count(void)
{
    u64 n = 0;

    for_each_possible_cpu(cpu) n += per_cpu(nr_forks, cpu);
    return n;
}

static int stat_show(struct seq_buf *s, void *unused)
{
    u64 sum[5] = {0}, total = 0;

    for_each_possible_cpu(cpu)
    {
        u64 t[5];

        cpu_times(cpu, &t[0], &t[1], &t[2], &t[3], &t[4]);
        for (int i = 0; i < 5; i++)
            sum[i] += t[i];
    }
    seq_puts(s, "cpu ");
    cpu_line(s, sum);
    for_each_online_cpu(cpu)
    {
        u64 t[5];

        cpu_times(cpu, &t[0], &t[1], &t[2], &t[3], &t[4]);
        seq_printf(s, "cpu%u", cpu);
        cpu_line(s, t);
    }
    for (unsigned v = VECTOR_IRQ_BASE; v < 256; v++)
        total += irq_total(v);
    seq_printf(s, "intr %lu", total);
    for (unsigned irq = 0; irq < 16; irq++)
        seq_printf(s, " %lu", irq_total(VECTOR_IRQ_BASE + irq));
    seq_printf(s, "\nctxt %lu\nbtime %lu\nprocesses %lu\nprocs_running %u\nprocs_blocked 0\n",
               nr_context_switches(),
               (u64)(ktime_get_real_ns() - ktime_get_boot_ns()) / (u64)NSEC_PER_SEC, fork_count(),
               nr_running());
    seq_puts(s, "softirq 0 0 0 0 0 0 0 0 0 0 0\n");
    return 0;
}

static int interrupts_show(struct seq_buf *s, void *unused)
{
    static const struct {
        unsigned vector;
        const char *tag, *what;
    } own[] = {
        {VECTOR_TIMER, "LOC", "Local timer interrupts"},
        {VECTOR_RESCHEDULE, "RES", "Rescheduling interrupts"},
        {VECTOR_CALL, "CAL", "Function call interrupts"},
        {VECTOR_SPURIOUS, "SPU", "Spurious interrupts"},
    };

    seq_puts(s, "     ");
    for_each_online_cpu(cpu) seq_printf(s, "      CPU%-2u ", cpu);
    for (unsigned irq = 0; irq < NR_IRQS; irq++) {
        if (!irq_name(irq))
            continue;
        seq_printf(s, "\n%3u: ", irq);
        for_each_online_cpu(cpu) seq_printf(s, "%10lu ", vector_count(VECTOR_IRQ_BASE + irq, cpu));
        seq_printf(s, "  IO-APIC %3u-edge      %s", irq, irq_name(irq));
    }
    for (size_t i = 0; i < ARRAY_SIZE(own); i++) {
        seq_printf(s, "\n%s: ", own[i].tag);
        for_each_online_cpu(cpu) seq_printf(s, "%10lu ", vector_count(own[i].vector, cpu));
        seq_printf(s, "  %s", own[i].what);
    }
    seq_putc(s, '\n');
    return 0;
}

static int version_show(struct seq_buf *s, void *unused)
{
    seq_printf(s, "%s version %s (root@cloudos) (gcc) %s\n", init_uts.sysname, init_uts.release,
               init_uts.version);
    return 0;
}

static int cmdline_show(struct seq_buf *s, void *unused)
{
    seq_printf(s, "%s\n", saved_command_line);
    return 0;
}

static void filesystem_line(void *arg, const char *name)
{
    seq_printf(arg, "nodev\t%s\n", name);
}

static int filesystems_show(struct seq_buf *s, void *unused)
{
    for_each_filesystem(filesystem_line, s);
    return 0;
}

static int devices_show(struct seq_buf *s, void *unused)
{
    seq_puts(s, "Character devices:\n  1 mem\n  4 ttyS\n  5 /dev/tty\n  5 /dev/console\n\nBlock "
                "devices:\n");
    return 0;
}

static int swaps_show(struct seq_buf *s, void *unused)
{
    seq_puts(s, "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n");
    return 0;
}

static int vmstat_show(struct seq_buf *s, void *unused)
{
    seq_printf(s,
               "nr_free_pages %lu\nnr_anon_pages %lu\nnr_file_pages %lu\nnr_shmem "
               "%lu\nnr_slab_unreclaimable %lu\n"
               "nr_page_table_pages %lu\nnr_kernel_stack %lu\npswpin 0\npswpout 0\n",
               nr_free_pages(), nr_anon_pages(), nr_file_pages(), nr_shmem_pages(), nr_slab_pages(),
               nr_pagetable_pages(), nr_kernel_stack_pages() * 4);
    return 0;
}

static void slab_line(void *arg, const char *name, size_t size, u64 objects, u64 in_use)
{
    seq_printf(arg, "%-17s %6lu %6lu %6lu %4lu %4d : tunables %4d %4d %4d : slabdata %6d %6d %6d\n",
               name, in_use, objects, size, size && size < PAGE_SIZE ? PAGE_SIZE / size : 1, 1, 0,
               0, 0, 0, 0, 0);
}

static int slabinfo_show(struct seq_buf *s, void *unused)
{
    seq_puts(s, "slabinfo - version: 2.1\n# name            <active_objs> <num_objs> <objsize> "
                "<objperslab> <pagesperslab> : "
                "tunables <limit> <batchcount> <sharedfactor> : slabdata <active_slabs> "
                "<num_slabs> <sharedavail>\n");
    for_each_kmem_cache(slab_line, s);
    return 0;
}

/* ---- cpuinfo ---- */
static const struct {
    u32 leaf;
    u8 reg, bit;
    const char *name;
} cpu_flags[] = {
    {1, 3, 0, "fpu"},
    {1, 3, 1, "vme"},
    {1, 3, 2, "de"},
    {1, 3, 3, "pse"},
    {1, 3, 4, "tsc"},
    {1, 3, 5, "msr"},
    {1, 3, 6, "pae"},
    {1, 3, 7, "mce"},
    {1, 3, 8, "cx8"},
    {1, 3, 9, "apic"},
    {1, 3, 11, "sep"},
    {1, 3, 12, "mtrr"},
    {1, 3, 13, "pge"},
    {1, 3, 14, "mca"},
    {1, 3, 15, "cmov"},
    {1, 3, 16, "pat"},
    {1, 3, 17, "pse36"},
    {1, 3, 19, "clflush"},
    {1, 3, 23, "mmx"},
    {1, 3, 24, "fxsr"},
    {1, 3, 25, "sse"},
    {1, 3, 26, "sse2"},
    {1, 3, 28, "ht"},
    {1, 2, 0, "pni"},
    {1, 2, 1, "pclmulqdq"},
    {1, 2, 3, "monitor"},
    {1, 2, 9, "ssse3"},
    {1, 2, 12, "fma"},
    {1, 2, 13, "cx16"},
    {1, 2, 17, "pcid"},
    {1, 2, 19, "sse4_1"},
    {1, 2, 20, "sse4_2"},
    {1, 2, 21, "x2apic"},
    {1, 2, 22, "movbe"},
    {1, 2, 23, "popcnt"},
    {1, 2, 24, "tsc_deadline_timer"},
    {1, 2, 25, "aes"},
    {1, 2, 26, "xsave"},
    {1, 2, 28, "avx"},
    {1, 2, 29, "f16c"},
    {1, 2, 30, "rdrand"},
    {1, 2, 31, "hypervisor"},
    {7, 1, 0, "fsgsbase"},
    {7, 1, 3, "bmi1"},
    {7, 1, 5, "avx2"},
    {7, 1, 7, "smep"},
    {7, 1, 8, "bmi2"},
    {7, 1, 9, "erms"},
    {7, 1, 10, "invpcid"},
    {7, 1, 16, "avx512f"},
    {7, 1, 18, "rdseed"},
    {7, 1, 19, "adx"},
    {7, 1, 20, "smap"},
    {7, 1, 29, "sha_ni"},
    {7, 2, 2, "umip"},
    {7, 2, 3, "pku"},
    {7, 2, 16, "la57"},
    {7, 2, 22, "rdpid"},
    {7, 3, 4, "fsrm"},
    {0x80000001, 3, 11, "syscall"},
    {0x80000001, 3, 20, "nx"},
    {0x80000001, 3, 26, "pdpe1gb"},
    {0x80000001, 3, 27, "rdtscp"},
    {0x80000001, 3, 29, "lm"},
    {0x80000001, 2, 0, "lahf_lm"},
    {0x80000001, 2, 5, "abm"},
    {0x80000007, 3, 8, "constant_tsc"},
    {0x80000007, 3, 8, "nonstop_tsc"},
};

static u32 cpuid_word(u32 leaf, unsigned reg)
{
    struct cpuid_regs r = {0};

    if (cpuid(leaf & 0x80000000, 0).eax >= leaf)
        r = cpuid(leaf, 0);
    return reg == 0 ? r.eax : reg == 1 ? r.ebx : reg == 2 ? r.ecx : r.edx;
}

static void show_flags(struct seq_buf *s)
{
    seq_puts(s, "flags\t\t:");
    for (size_t i = 0; i < ARRAY_SIZE(cpu_flags); i++)
        if (cpuid_word(cpu_flags[i].leaf, cpu_flags[i].reg) >> cpu_flags[i].bit & 1)
            seq_printf(s, " %s", cpu_flags[i].name);
    seq_putc(s, '\n');
}

static void show_cpu(struct seq_buf *s, unsigned cpu)
{
    u32 sig = cpuid(1, 0).eax, family = sig >> 8 & 15, model = sig >> 4 & 15;

    if (family == 15)
        family += sig >> 20 & 0xff;
    if (family == 6 || family >= 15)
        model |= sig >> 12 & 0xf0;
    seq_printf(s,
               "processor\t: %u\nvendor_id\t: %s\ncpu family\t: %u\nmodel\t\t: %u\nmodel name\t: "
               "%s\nstepping\t: %u\n",
               cpu, cpu_has.vendor, family, model, cpu_has.brand, sig & 15);
    seq_printf(s, "cpu MHz\t\t: %lu.%03lu\ncache size\t: 16384 KB\n", tsc_khz() / 1000,
               tsc_khz() % 1000);
    seq_printf(s,
               "physical id\t: %u\nsiblings\t: %u\ncore id\t\t: %u\ncpu cores\t: %u\napicid\t\t: "
               "%u\ninitial apicid\t: %u\n",
               cpu_llc_id(cpu), nr_cpu_ids, cpu, nr_cpu_ids, cpu_apic_id[cpu], cpu_apic_id[cpu]);
    seq_printf(s, "fpu\t\t: yes\nfpu_exception\t: yes\ncpuid level\t: %u\nwp\t\t: yes\n",
               cpuid(0, 0).eax);
    show_flags(s);
    seq_printf(s,
               "bugs\t\t:\nbogomips\t: %lu.%02lu\nclflush size\t: 64\ncache_alignment\t: 64\n"
               "address sizes\t: %u bits physical, 48 bits virtual\npower management:\n\n",
               tsc_khz() / 500, tsc_khz() / 5 % 100, cpu_has.phys_bits);
}

static int cpuinfo_show(struct seq_buf *s, void *unused)
{
    for_each_online_cpu(cpu) show_cpu(s, cpu);
    return 0;
}

static int empty_show(struct seq_buf *s, void *unused)
{
    return 0;
}

void proc_system_create(void)
{
    static const struct {
        const char *name;
        proc_show_t show;
        mode_t mode;
    } files[] = {
        {"meminfo", meminfo_show, 0444},
        {"cpuinfo", cpuinfo_show, 0444},
        {"stat", stat_show, 0444},
        {"uptime", uptime_show, 0444},
        {"loadavg", loadavg_show, 0444},
        {"version", version_show, 0444},
        {"cmdline", cmdline_show, 0444},
        {"devices", devices_show, 0444},
        {"interrupts", interrupts_show, 0444},
        {"swaps", swaps_show, 0444},
        {"vmstat", vmstat_show, 0444},
        {"filesystems", filesystems_show, 0444},
        {"slabinfo", slabinfo_show, 0400},
        {"diskstats", empty_show, 0444},
        {"modules", empty_show, 0444},
        {"partitions", empty_show, 0444},
    };

    for (size_t i = 0; i < ARRAY_SIZE(files); i++)
        proc_create(files[i].name, files[i].mode, files[i].show, NULL, NULL);
    proc_symlink("mounts", "self/mounts");
}
