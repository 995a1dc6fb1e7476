/*
 * What ACPI says about the machine: CPUs, nodes and distances, interrupt controllers, power management.
 * acpi_init() runs once on the boot CPU before mm_init(); `acpi` is read-only afterwards. Only tables are
 * read; the one piece of AML that is looked at is the _S5_ package.
 */
#pragma once
#include "kernel/lib/types.h"

#define ACPI_MAX_IOAPICS 8
#define ACPI_MAX_MEMORY 256

struct acpi_cpu {
    u32 apic_id;
    u32 domain;                     /* proximity domain; 0 without SRAT */
};

struct acpi_memory {
    u64 start, end;
    u32 domain;
};

struct acpi_ioapic {
    u64 address;
    u32 gsi_base;
};

struct acpi_info {
    u32 cpu_count;
    struct acpi_cpu cpus[MAX_CPUS];
    u32 memory_count;
    struct acpi_memory memory[ACPI_MAX_MEMORY];
    u32 domain_count;               /* distinct proximity domains, ascending */
    u32 domains[MAX_NODES];
    const u8 *slit;                 /* slit_size * slit_size distances by domain, or NULL */
    u64 slit_size;
    u64 lapic_address;
    u32 ioapic_count;
    struct acpi_ioapic ioapics[ACPI_MAX_IOAPICS];
    u32 isa_gsi[16];                /* ISA interrupt -> global system interrupt */
    u16 isa_flags[16];              /* MPS INTI flags: polarity bits 0-1, trigger bits 2-3 */
    u16 pm_timer_port;              /* 0: none */
    u16 pm1a_control, pm1b_control;
    u8 s5_type_a, s5_type_b;
    bool has_s5;
    u64 hpet_address;               /* 0: none */
    u16 reset_port;                 /* 0: none */
    u8 reset_value;
};
extern struct acpi_info acpi;

void acpi_init(void);
void acpi_power_off(void);          /* returns only if it did not work */
