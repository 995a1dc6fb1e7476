/*
 * The boot record: what the loader told us, in one form for PVH and multiboot2. Owned by
 * kernel/boot/boot_info.c, filled once by the first CPU before anything else runs, read-only afterwards.
 * Nothing in it points into loader memory except the initrd range and the RSDP address.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#define BOOT_MAX_RANGES 256
#define BOOT_CMDLINE_BYTES 4096

enum boot_memory_type {
    BOOT_RAM = 1,
    BOOT_RESERVED = 2,
    BOOT_ACPI = 3,
    BOOT_ACPI_NVS = 4,
    BOOT_BAD = 5,
};

struct boot_range {
    uint64_t start;                 /* physical bytes, [start, end) */
    uint64_t end;
    uint32_t type;                  /* enum boot_memory_type */
};

struct boot_info {
    uint32_t protocol;              /* BOOT_PROTOCOL_* */
    uint32_t range_count;
    uint64_t initrd_start;          /* physical; start == end: none */
    uint64_t initrd_end;
    uint64_t rsdp;                  /* physical; 0: search the BIOS area */
    char loader[64];
    char cmdline[BOOT_CMDLINE_BYTES];
    struct boot_range ranges[BOOT_MAX_RANGES];
    uint8_t rsdp_copy[36];          /* multiboot2 hands over a copy; rsdp then points here */
};

extern struct boot_info boot_info;

/* Fills boot_info. info is the loader's physical address, below 4 GiB. */
void boot_info_init(uint32_t protocol, uint64_t info);
void boot_info_print(void);
