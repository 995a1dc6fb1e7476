/*
 * Reads RSDP, RSDT or XSDT, MADT, SRAT, SLIT, FADT (and _S5_ in the DSDT), HPET. Tables lie in physical
 * memory that the physmap reaches; nothing here keeps more than a pointer to the SLIT.
 */
#include "kernel/dev/acpi.h"
#include "kernel/arch/x86/cpu.h"
#include "kernel/arch/x86/layout.h"
#include "kernel/arch/x86/paging.h"
#include "kernel/boot/boot_info.h"
#include "kernel/boot/bootmem.h"
#include "kernel/debug/printk.h"
#include "kernel/lib/string.h"

struct acpi_header {
    char signature[4];
    u32 length;
    u8 revision, checksum;
    char oem[6], oem_table[8];
    u32 oem_revision, creator, creator_revision;
} __packed;

struct rsdp {
    char signature[8];
    u8 checksum;
    char oem[6];
    u8 revision;
    u32 rsdt;
    u32 length;
    u64 xsdt;
} __packed;

struct acpi_info acpi;

/* Unaligned little-endian fields of a table. */
static u16 get16(const void *p) { u16 v; memcpy(&v, p, 2); return v; }
static u32 get32(const void *p) { u32 v; memcpy(&v, p, 4); return v; }
static u64 get64(const void *p) { u64 v; memcpy(&v, p, 8); return v; }

static bool checksum_ok(const void *p, u32 bytes)
{
    const u8 *b = p;
    u8 sum = 0;

    for (u32 i = 0; i < bytes; i++)
        sum += b[i];
    return sum == 0;
}

static const struct acpi_header *map_table(u64 pa)
{
    const struct acpi_header *h = phys_to_virt(pa);

    physmap_ensure(pa, sizeof(*h));
    physmap_ensure(pa, h->length);
    return h;
}

static const struct rsdp *find_rsdp(void)
{
    if (boot_info.rsdp) {
        if (boot_info.rsdp != virt_to_phys(boot_info.rsdp_copy))
            physmap_ensure(boot_info.rsdp, sizeof(struct rsdp));
        else
            return (const struct rsdp *)boot_info.rsdp_copy;
        return phys_to_virt(boot_info.rsdp);
    }
    for (u64 pa = 0xe0000; pa < 0x100000; pa += 16)
        if (!memcmp(phys_to_virt(pa), "RSD PTR ", 8) && checksum_ok(phys_to_virt(pa), 20))
            return phys_to_virt(pa);
    return NULL;
}

static u32 domain_of_apic(u32 apic_id, const struct acpi_header *srat)
{
    const u8 *p = (const u8 *)srat + 48, *end = (const u8 *)srat + (srat ? srat->length : 0);

    if (!srat)
        return 0;
    for (; p + 2 <= end && p[1]; p += p[1]) {
        if (p[0] == 0 && (get32(p + 4) & 1) && p[3] == apic_id)
            return p[2] | (get32(p + 8) & 0xffffff00u);
        if (p[0] == 2 && (get32(p + 12) & 1) && get32(p + 8) == apic_id)
            return get32(p + 4);
    }
    return 0;
}

static void note_domain(u32 domain)
{
    u32 i = 0;

    while (i < acpi.domain_count && acpi.domains[i] < domain)
        i++;
    if ((i < acpi.domain_count && acpi.domains[i] == domain) || acpi.domain_count == MAX_NODES)
        return;
    memmove(&acpi.domains[i + 1], &acpi.domains[i], (acpi.domain_count - i) * sizeof(u32));
    acpi.domains[i] = domain;
    acpi.domain_count++;
}

static bool is_listed(u32 apic_id)
{
    u32 i = 0;

    while (i < acpi.cpu_count && acpi.cpus[i].apic_id != apic_id)
        i++;
    return i < acpi.cpu_count;
}

/* Firmware may list a CPU by both kinds of entry, the short and the long one. */
static void add_cpu(u32 apic_id, u32 flags)
{
    if (!(flags & 1) || acpi.cpu_count == MAX_CPUS || is_listed(apic_id))
        return;
    acpi.cpus[acpi.cpu_count++].apic_id = apic_id;
}

static void read_madt_entry(const u8 *p)
{
    switch (p[0]) {
    case 0:
        add_cpu(p[3], get32(p + 4));
        break;
    case 1:
        if (acpi.ioapic_count < ACPI_MAX_IOAPICS)
            acpi.ioapics[acpi.ioapic_count++] =
                (struct acpi_ioapic){.address = get32(p + 4), .gsi_base = get32(p + 8)};
        break;
    case 2:
        if (p[3] < 16) {
            acpi.isa_gsi[p[3]] = get32(p + 4);
            acpi.isa_flags[p[3]] = get16(p + 8);
        }
        break;
    case 5:
        acpi.lapic_address = get64(p + 4);
        break;
    case 9:
        add_cpu(get32(p + 4), get32(p + 8));
        break;
    }
}

static void read_madt(const struct acpi_header *madt)
{
    const u8 *p = (const u8 *)madt, *end = p + madt->length;

    acpi.lapic_address = get32(p + 36);
    for (p += 44; p + 2 <= end && p[1]; p += p[1])
        read_madt_entry(p);
}

static void read_srat(const struct acpi_header *srat)
{
    const u8 *p = (const u8 *)srat + 48, *end = (const u8 *)srat + srat->length;

    for (; p + 2 <= end && p[1]; p += p[1]) {
        if (p[0] != 1 || !(get32(p + 28) & 1) || get64(p + 16) == 0)
            continue;
        if (acpi.memory_count == ACPI_MAX_MEMORY)
            break;
        acpi.memory[acpi.memory_count++] = (struct acpi_memory){
            .start = get64(p + 8), .end = get64(p + 8) + get64(p + 16), .domain = get32(p + 2)};
        note_domain(get32(p + 2));
    }
}

/* NameOp _S5_ Package(length, count) { SLP_TYPa, SLP_TYPb, ... }; numbers are bytes or Zero/One ops. */
static void read_s5(const struct acpi_header *dsdt)
{
    const u8 *p = (const u8 *)(dsdt + 1), *end = (const u8 *)dsdt + dsdt->length;
    u8 values[2] = {0, 0};

    for (; p + 12 < end; p++)
        if (!memcmp(p, "_S5_", 4) && p[4] == 0x12)
            break;
    if (p + 12 >= end)
        return;
    p += 5;
    p += (*p >> 6) + 2;
    for (u32 i = 0; i < 2 && p + 1 < end; i++) {
        if (*p == 0x0a)
            p++;
        values[i] = *p++;
    }
    acpi.s5_type_a = values[0];
    acpi.s5_type_b = values[1];
    acpi.has_s5 = true;
}

static void read_fadt(const struct acpi_header *fadt)
{
    const u8 *p = (const u8 *)fadt;
    u64 dsdt = get32(p + 40);

    acpi.pm1a_control = get32(p + 64);
    acpi.pm1b_control = get32(p + 68);
    acpi.pm_timer_port = get32(p + 76);
    if (fadt->length >= 129 && (get32(p + 112) & BIT(10)) && p[116] == 1) {
        acpi.reset_port = get64(p + 120);
        acpi.reset_value = p[128];
    }
    if (!dsdt && fadt->length >= 148)
        dsdt = get64(p + 140);
    if (dsdt)
        read_s5(map_table(dsdt));
}

static const struct acpi_header *find_table(const struct rsdp *rsdp, const char *signature)
{
    bool wide = rsdp->revision >= 2 && rsdp->xsdt;
    const struct acpi_header *root = map_table(wide ? rsdp->xsdt : rsdp->rsdt);
    const u8 *p = (const u8 *)(root + 1), *end = (const u8 *)root + root->length;

    for (; p < end; p += wide ? 8 : 4) {
        const struct acpi_header *h = map_table(wide ? get64(p) : get32(p));

        if (!memcmp(h->signature, signature, 4))
            return h;
    }
    return NULL;
}

/* All of it is there, and nobody is nearer to a node than the node itself. */
static bool is_valid_slit(const struct acpi_header *slit)
{
    const u8 *at = (const u8 *)slit + 44;
    u64 n = slit->length < 44 ? 0 : get64((const u8 *)slit + 36);

    if (!n || n > 0xffff || n * n > slit->length - 44)
        return false;
    for (u64 from = 0; from < n; from++)
        for (u64 to = 0; to < n; to++)
            if (from == to ? at[from * n + to] != 10 : at[from * n + to] <= 10)
                return false;
    return true;
}

static void read_slit(const struct acpi_header *slit)
{
    if (!is_valid_slit(slit)) {
        pr_warn("acpi: the distances of nodes (SLIT) are not valid, and not used\n");
        return;
    }
    acpi.slit_size = get64((const u8 *)slit + 36);
    acpi.slit = (const u8 *)slit + 44;
}

static void read_tables(const struct rsdp *rsdp)
{
    const struct acpi_header *srat = find_table(rsdp, "SRAT"), *h;

    if ((h = find_table(rsdp, "APIC")))
        read_madt(h);
    for (u32 i = 0; i < acpi.cpu_count; i++) {
        acpi.cpus[i].domain = domain_of_apic(acpi.cpus[i].apic_id, srat);
        note_domain(acpi.cpus[i].domain);
    }
    if (srat)
        read_srat(srat);
    if ((h = find_table(rsdp, "SLIT")))
        read_slit(h);
    if ((h = find_table(rsdp, "FACP")))
        read_fadt(h);
    if ((h = find_table(rsdp, "HPET")))
        acpi.hpet_address = get64((const u8 *)h + 44);
}

void acpi_init(void)
{
    const struct rsdp *rsdp = find_rsdp();

    acpi.lapic_address = 0xfee00000;
    for (u32 i = 0; i < 16; i++)
        acpi.isa_gsi[i] = i;
    if (rsdp)
        read_tables(rsdp);
    else
        pr_warn("acpi: no tables: one CPU, one node\n");
    if (!acpi.cpu_count)
        acpi.cpus[acpi.cpu_count++].apic_id = cpuid(1, 0).ebx >> 24;
    if (!acpi.domain_count)
        note_domain(0);
    pr_info("acpi: %u cpus, %u nodes, %u ioapics\n", acpi.cpu_count, acpi.domain_count,
            acpi.ioapic_count);
}

void acpi_power_off(void)
{
    if (!acpi.has_s5 || !acpi.pm1a_control)
        return;
    outw(acpi.pm1a_control, acpi.s5_type_a << 10 | BIT(13));
    if (acpi.pm1b_control)
        outw(acpi.pm1b_control, acpi.s5_type_b << 10 | BIT(13));
}
