/*
 * Reads the loader's tables (hvm_start_info of PVH, the multiboot2 tags) into boot_info. Must not keep a
 * pointer into them: their memory becomes ordinary free memory.
 */
#include "kernel/boot/boot_info.h"
#include "kernel/arch/x86/layout.h"
#include "kernel/debug/assert.h"
#include "kernel/lib/string.h"

#define HVM_START_MAGIC 0x336ec578

struct hvm_start_info {
    uint32_t magic, version, flags, module_count;
    uint64_t modules, cmdline, rsdp, memmap;
    uint32_t memmap_entries, reserved;
};

struct hvm_module {
    uint64_t start, size, cmdline, reserved;
};

struct hvm_memmap {
    uint64_t start, size;
    uint32_t type, reserved;
};

enum mb2_tag_type {
    MB2_END = 0,
    MB2_CMDLINE = 1,
    MB2_LOADER = 2,
    MB2_MODULE = 3,
    MB2_MEMMAP = 6,
    MB2_RSDP_V1 = 14,
    MB2_RSDP_V2 = 15,
};

struct mb2_tag {
    uint32_t type, size;
};

struct mb2_module {
    struct mb2_tag tag;
    uint32_t start, end;
};

struct mb2_memmap {
    struct mb2_tag tag;
    uint32_t entry_size, entry_version;
};

struct boot_info boot_info;

static void copy_text(char *to, const char *from, uint64_t bytes)
{
    uint64_t i = 0;

    for (; from && i + 1 < bytes && from[i]; i++)
        to[i] = from[i];
    to[i] = 0;
}

static void add_range(uint64_t start, uint64_t size, uint32_t type)
{
    struct boot_range *r = &boot_info.ranges[boot_info.range_count];

    if (size == 0 || boot_info.range_count == BOOT_MAX_RANGES)
        return;
    if (start + size < start) { /* more than there are addresses: no RAM; what is reserved ends with them */
        if (type == BOOT_RAM)
            return;
        size = UINT64_MAX - start;
    }
    *r = (struct boot_range){.start = start, .end = start + size, .type = type};
    boot_info.range_count++;
}

static void read_pvh(const struct hvm_start_info *si)
{
    const struct hvm_memmap *map = phys_to_virt(si->memmap);
    const struct hvm_module *mod = phys_to_virt(si->modules);

    if (si->magic != HVM_START_MAGIC)
        panic("PVH: wrong magic %x in the start info", si->magic);
    copy_text(boot_info.loader, "PVH", sizeof(boot_info.loader));
    if (si->cmdline)
        copy_text(boot_info.cmdline, phys_to_virt(si->cmdline), BOOT_CMDLINE_BYTES);
    boot_info.rsdp = si->rsdp;
    if (si->version >= 1 && si->memmap)
        for (uint32_t i = 0; i < si->memmap_entries; i++)
            add_range(map[i].start, map[i].size, map[i].type);
    if (si->module_count) {
        boot_info.initrd_start = mod->start;
        boot_info.initrd_end = mod->start + mod->size;
    }
}

static void read_mb2_memmap(const struct mb2_memmap *map)
{
    const char *p = (const char *)(map + 1);
    const char *end = (const char *)map + map->tag.size;

    if (map->entry_size < sizeof(struct hvm_memmap))
        return;
    for (; end - p >= (ptrdiff_t)map->entry_size; p += map->entry_size) {
        const struct hvm_memmap *e = (const struct hvm_memmap *)p;

        add_range(e->start, e->size, e->type);
    }
}

static void read_mb2_tag(const struct mb2_tag *tag)
{
    const struct mb2_module *mod = (const struct mb2_module *)tag;
    uint32_t bytes = tag->size - sizeof(*tag);

    switch (tag->type) {
    case MB2_CMDLINE:
        copy_text(boot_info.cmdline, (const char *)(tag + 1), min_t(uint64_t, bytes + 1UL, BOOT_CMDLINE_BYTES));
        break;
    case MB2_LOADER:
        copy_text(boot_info.loader, (const char *)(tag + 1), min_t(uint64_t, bytes + 1UL, sizeof(boot_info.loader)));
        break;
    case MB2_MODULE:
        if (tag->size < sizeof(*mod) || boot_info.initrd_end)
            break;
        boot_info.initrd_start = mod->start;
        boot_info.initrd_end = mod->end;
        break;
    case MB2_MEMMAP:
        if (tag->size >= sizeof(struct mb2_memmap))
            read_mb2_memmap((const struct mb2_memmap *)tag);
        break;
    case MB2_RSDP_V1:
    case MB2_RSDP_V2:
        memcpy(boot_info.rsdp_copy, tag + 1, bytes < 36 ? bytes : 36);
        boot_info.rsdp = virt_to_phys(boot_info.rsdp_copy);
        break;
    }
}

static void read_mb2(const uint32_t *info)
{
    const char *p = (const char *)(info + 2);
    const char *end = (const char *)info + info[0];

    while (end - p >= (ptrdiff_t)sizeof(struct mb2_tag)) {
        const struct mb2_tag *tag = (const struct mb2_tag *)p;

        if (tag->type == MB2_END || tag->size < sizeof(*tag) || tag->size > end - p)
            break;
        read_mb2_tag(tag);
        p += (tag->size + 7UL) & ~7UL;
    }
}

/* GRUB sorts its map, other loaders need not: bootmem wants ascending ranges. */
static void sort_ranges(void)
{
    struct boot_range *r = boot_info.ranges;

    for (uint32_t i = 1; i < boot_info.range_count; i++) {
        struct boot_range x = r[i];
        uint32_t j = i;

        for (; j > 0 && r[j - 1].start > x.start; j--)
            r[j] = r[j - 1];
        r[j] = x;
    }
}

void boot_info_init(uint32_t protocol, uint64_t info)
{
    boot_info.protocol = protocol;
    if (protocol == BOOT_PROTOCOL_PVH)
        read_pvh(phys_to_virt(info));
    else
        read_mb2(phys_to_virt(info));
    sort_ranges();
}

void boot_info_print(void)
{
    static const char *const names[] = {"?", "RAM", "reserved", "ACPI", "ACPI NVS", "bad"};

    pr_info("boot: loader %s\n", boot_info.loader);
    pr_info("boot: command line: %s\n", boot_info.cmdline);
    for (uint32_t i = 0; i < boot_info.range_count; i++) {
        const struct boot_range *r = &boot_info.ranges[i];

        pr_info("boot: memory %016lx-%016lx %s\n", r->start, r->end,
               r->type <= BOOT_BAD ? names[r->type] : names[0]);
    }
    if (boot_info.initrd_end > boot_info.initrd_start)
        pr_info("boot: initrd %lx-%lx\n", boot_info.initrd_start, boot_info.initrd_end);
}
