/*
 * CPU and node numbers from ACPI, and the per-CPU areas on the CPUs' own nodes. Owns the maps of smp.h.
 */
#include "kernel/arch/x86/apic.h"
#include "kernel/arch/x86/cpu.h"
#include "kernel/arch/x86/desc.h"
#include "kernel/arch/x86/smp.h"
#include "kernel/arch/x86/smp_call.h"
#include "kernel/boot/bootmem.h"
#include "kernel/boot/param_early.h"
#include "kernel/debug/printk.h"
#include "kernel/dev/acpi.h"
#include "kernel/lib/string.h"
#include "kernel/mm/page.h"
#include "kernel/task/task.h"
#include "lockfree/atomic.h"

u32 nr_cpu_ids = 1;
u32 nr_node_ids = 1;
unsigned long cpu_online_mask[MAX_CPUS / 64] = {1};
unsigned long cpu_active_mask[MAX_CPUS / 64];
u32 cpu_apic_id[MAX_CPUS];
u16 cpu_node_map[MAX_CPUS];
uint64_t percpu_offset[MAX_CPUS];
static u16 llc_map[MAX_CPUS];
static u32 core_shift;

DEFINE_PER_CPU(uint64_t, this_cpu_off, ANYWHERE);
DEFINE_PER_CPU(uint32_t, cpu_number, ANYWHERE);

extern char __percpu_start[], __percpu_end[];

static int node_of_domain(u32 domain)
{
    for (u32 i = 0; i < acpi.domain_count; i++)
        if (acpi.domains[i] == domain)
            return i;
    return 0;
}

static void add_cpu(u32 apic_id, u32 domain)
{
    cpu_apic_id[nr_cpu_ids] = apic_id;
    cpu_node_map[nr_cpu_ids++] = node_of_domain(domain);
}

/* APIC ids of one last-level cache share their upper bits: CPUID leaf 4 (Intel), 0x8000001d (AMD). */
static u32 llc_shift(void)
{
    u32 leaf = memcmp(cpu_has.vendor, "AuthenticAMD", 12) ? 4 : 0x8000001d;
    u32 share = 1, shift = 0;

    if (cpuid(leaf & 0x80000000, 0).eax < leaf)
        return 0;
    for (u32 i = 0; i < 8; i++) {
        struct cpuid_regs r = cpuid(leaf, i);

        if ((r.eax & 31) == 0)
            break;
        share = (r.eax >> 14 & 0xfff) + 1;
    }
    while (1u << shift < share)
        shift++;
    return shift;
}

/* APIC ids of the threads of one core share all but their lowest bits: CPUID leaf 0xb, whose first level is SMT. */
static u32 smt_shift(void)
{
    struct cpuid_regs r;

    if (cpuid(0, 0).eax < 0xb)
        return 0;
    r = cpuid(0xb, 0);
    return r.ebx && (r.ecx >> 8 & 0xff) == 1 ? r.eax & 31 : 0;
}

unsigned cpu_thread(unsigned cpu)
{
    return cpu_apic_id[cpu] & ((1u << core_shift) - 1);
}

unsigned cpu_core_id(unsigned cpu)
{
    return cpu_apic_id[cpu] >> core_shift;
}

/* Domains never span nodes; without cache information a node is one domain. */
static void init_llc(void)
{
    u32 shift = llc_shift(), count = 0;

    core_shift = smt_shift();
    for (u32 cpu = 0; cpu < nr_cpu_ids; cpu++) {
        u32 other = 0;

        for (; other < cpu; other++)
            if (cpu_node_map[other] == cpu_node_map[cpu] &&
                (!shift || cpu_apic_id[other] >> shift == cpu_apic_id[cpu] >> shift))
                break;
        llc_map[cpu] = other < cpu ? llc_map[other] : count++;
    }
}

/* An interrupt to another CPU has 8 bits for its target without x2APIC, and 255 means all. */
static bool can_be_reached(u32 apic_id)
{
    return cpu_has.x2apic || apic_id < 255;
}

/* All but the boot CPU, which has number 0 already. */
static void add_others(u32 self, u32 limit)
{
    u32 left_out = 0;

    for (u32 i = 0; i < acpi.cpu_count && nr_cpu_ids < limit; i++) {
        if (acpi.cpus[i].apic_id == self)
            continue;
        if (can_be_reached(acpi.cpus[i].apic_id))
            add_cpu(acpi.cpus[i].apic_id, acpi.cpus[i].domain);
        else
            left_out++;
    }
    if (left_out)
        pr_warn("smp: %u cpus left out: their APIC ids need x2APIC\n", left_out);
}

void smp_init_topology(void)
{
    u32 self = apic_read_boot_id(), limit = min(early_param_u32("maxcpus", MAX_CPUS), MAX_CPUS);

    if (early_param_flag("nosmp") || limit == 0)
        limit = 1;
    nr_cpu_ids = 0;
    nr_node_ids = acpi.domain_count;
    for (u32 i = 0; i < acpi.cpu_count; i++)
        if (acpi.cpus[i].apic_id == self)
            add_cpu(self, acpi.cpus[i].domain);
    if (!nr_cpu_ids)
        add_cpu(self, 0);
    add_others(self, limit);
    for (u32 i = 0; i < acpi.memory_count; i++)
        bootmem_set_node(acpi.memory[i].start, acpi.memory[i].end,
                         node_of_domain(acpi.memory[i].domain));
    init_llc();
}

u8 node_distance(int from, int to)
{
    u32 a = acpi.domains[from], b = acpi.domains[to];

    if (!acpi.slit || a >= acpi.slit_size || b >= acpi.slit_size)
        return from == to ? 10 : 20;
    return acpi.slit[a * acpi.slit_size + b];
}

unsigned cpu_llc_id(unsigned cpu)
{
    return llc_map[cpu];
}

unsigned num_online_cpus(void)
{
    unsigned n = 0;

    for (u32 i = 0; i < MAX_CPUS / 64; i++)
        for (unsigned long bits = atomic_load_relaxed(&cpu_online_mask[i]); bits; bits &= bits - 1)
            n++;
    return n;
}

/* Each area is a copy of the boot CPU's: what ran before has changed few variables, and only to values
 * that every CPU may begin with. */
static void make_area(u32 cpu)
{
    u64 bytes = __percpu_end - __percpu_start;
    char *area = phys_to_virt(bootmem_alloc(bytes, PAGE_SIZE, cpu_to_node(cpu)));

    memcpy(area, __percpu_start, bytes);
    percpu_offset[cpu] = (u64)area - (u64)__percpu_start;
    per_cpu(this_cpu_off, cpu) = percpu_offset[cpu];
    per_cpu(cpu_number, cpu) = cpu;
    per_cpu(ist_stacks, cpu) =
        phys_to_virt(bootmem_alloc(4 * IST_STACK_BYTES, IST_STACK_BYTES, cpu_to_node(cpu)));
    smp_call_init_cpu(cpu, phys_to_virt(bootmem_alloc(smp_call_slot_bytes(), 64, cpu_to_node(cpu))));
}

/* Areas that lie in memory of their CPU's own node (all of them unless a node has no memory). */
static u32 local_areas(void)
{
    u32 local = 0;

    for (u32 cpu = 0; cpu < nr_cpu_ids; cpu++) {
        u64 pa = virt_to_phys((char *)__percpu_start + percpu_offset[cpu]);

        for (u32 i = 0; i < acpi.memory_count; i++)
            if (pa >= acpi.memory[i].start && pa < acpi.memory[i].end)
                local += node_of_domain(acpi.memory[i].domain) == (int)cpu_to_node(cpu);
    }
    return local;
}

void percpu_init(void)
{
    for (u32 cpu = 0; cpu < nr_cpu_ids; cpu++)
        make_area(cpu);
    wrmsr(MSR_GS_BASE, percpu_offset[0]);
    desc_init_cpu(0, per_cpu(ist_stacks, 0));
    pr_info("percpu: %lu bytes for each of %u cpus, %u nodes\n",
            (unsigned long)(__percpu_end - __percpu_start), nr_cpu_ids, nr_node_ids);
    if (acpi.memory_count)
        pr_info("percpu: %u of %u areas on their cpu's own node\n", local_areas(), nr_cpu_ids);
}
