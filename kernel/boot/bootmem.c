/*
 * The early allocator: a sorted array of RAM ranges with their nodes and a sorted array of reserved
 * ranges. First fit above 1 MiB. Both arrays are small; nothing here is ever freed.
 */
#include "kernel/boot/bootmem.h"
#include "kernel/arch/x86/layout.h"
#include "kernel/boot/boot_info.h"
#include "kernel/debug/assert.h"
#include "kernel/lib/string.h"

#define MAX_RANGES 512

struct range {
    uint64_t start, end;
    int node;
};

static struct range ram[MAX_RANGES];
static struct range reserved[MAX_RANGES];
static uint32_t ram_count, reserved_count;
static uint64_t alloc_limit = 4UL << 30;

static void insert_at(struct range *array, uint32_t *count, uint32_t at, struct range r)
{
    if (*count == MAX_RANGES)
        panic("bootmem: more than %d memory ranges", MAX_RANGES);
    memmove(&array[at + 1], &array[at], (*count - at) * sizeof(r));
    array[at] = r;
    (*count)++;
}

void bootmem_reserve(uint64_t start, uint64_t bytes)
{
    struct range r = {.start = start & ~(PAGE_SIZE - 1), .end = (start + bytes + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1)};
    uint32_t at = 0;

    while (at < reserved_count && reserved[at].end < r.start)
        at++;
    /* Merge everything that touches r into it. */
    while (at < reserved_count && reserved[at].start <= r.end) {
        r.start = min(r.start, reserved[at].start);
        r.end = max(r.end, reserved[at].end);
        memmove(&reserved[at], &reserved[at + 1], (--reserved_count - at) * sizeof(r));
    }
    insert_at(reserved, &reserved_count, at, r);
}

static void add_ram(uint64_t start, uint64_t end)
{
    start = (start + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1);
    end &= ~(PAGE_SIZE - 1);
    if (ram_count)
        start = max(start, ram[ram_count - 1].end);
    if (start < end)
        insert_at(ram, &ram_count, ram_count, (struct range){.start = start, .end = end});
}

/* What the map says twice, as RAM and as something else, is not RAM. */
static void reserve_within_ram(const struct boot_range *other)
{
    for (uint32_t i = 0; i < ram_count; i++) {
        uint64_t from = max(ram[i].start, other->start), to = min(ram[i].end, other->end);

        if (from < to)
            bootmem_reserve(from, to - from);
    }
}

void bootmem_init(void)
{
    for (uint32_t i = 0; i < boot_info.range_count; i++)
        if (boot_info.ranges[i].type == BOOT_RAM)
            add_ram(boot_info.ranges[i].start, boot_info.ranges[i].end);
    for (uint32_t i = 0; i < boot_info.range_count; i++)
        if (boot_info.ranges[i].type != BOOT_RAM)
            reserve_within_ram(&boot_info.ranges[i]);
    bootmem_reserve(0, 0x10000);
    bootmem_reserve((uint64_t)__boot_start, virt_to_phys(__kernel_end) - (uint64_t)__boot_start);
    if (boot_info.initrd_end > boot_info.initrd_start)
        bootmem_reserve(boot_info.initrd_start, boot_info.initrd_end - boot_info.initrd_start);
}

void bootmem_set_limit(uint64_t limit)
{
    alloc_limit = limit;
}

void bootmem_set_node(uint64_t start, uint64_t end, int node)
{
    for (uint32_t i = 0; i < ram_count; i++) {
        struct range r = ram[i];
        uint64_t from = max(r.start, start), to = min(r.end, end);

        if (from >= to)
            continue;
        ram[i] = (struct range){.start = from, .end = to, .node = node};
        if (to < r.end)
            insert_at(ram, &ram_count, i + 1, (struct range){to, r.end, r.node});
        if (r.start < from)
            insert_at(ram, &ram_count, i++, (struct range){r.start, from, r.node});
    }
}

/* First free [*start, *end) at or above from inside r; false when there is none. */
static bool free_part(const struct range *r, uint64_t from, uint64_t *start, uint64_t *end)
{
    uint64_t at = max(r->start, from);

    for (uint32_t i = 0; i < reserved_count; i++) {
        if (reserved[i].end <= at)
            continue;
        if (reserved[i].start > at) {
            *start = at;
            *end = min(r->end, reserved[i].start);
            return *start < *end;
        }
        at = reserved[i].end;
    }
    *start = at;
    *end = r->end;
    return at < r->end;
}

static uint64_t alloc_in(const struct range *r, uint64_t bytes, uint64_t align)
{
    uint64_t from = 1UL << 20, start, end;

    while (free_part(r, from, &start, &end)) {
        start = (start + align - 1) & ~(align - 1);
        if (start + bytes <= min(end, alloc_limit))
            return start;
        from = end;
    }
    return 0;
}

uint64_t bootmem_alloc_dirty(uint64_t bytes, uint64_t align, int node)
{
    bytes = (bytes + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1);
    align = max(align, PAGE_SIZE);
    for (int pass = node < 0 ? 1 : 0; pass < 2; pass++) {
        for (uint32_t i = 0; i < ram_count; i++) {
            uint64_t at;

            if (pass == 0 && ram[i].node != node)
                continue;
            at = alloc_in(&ram[i], bytes, align);
            if (!at)
                continue;
            bootmem_reserve(at, bytes);
            return at;
        }
    }
    panic("bootmem: no %lu bytes left for node %d", bytes, node);
}

uint64_t bootmem_alloc(uint64_t bytes, uint64_t align, int node)
{
    uint64_t at = bootmem_alloc_dirty(bytes, align, node);

    memset(phys_to_virt(at), 0, bytes);
    return at;
}

bool bootmem_next_free(struct bootmem_cursor *c, uint64_t *start, uint64_t *end, int *node)
{
    for (; c->range < ram_count; c->range++) {
        if (free_part(&ram[c->range], c->from, start, end)) {
            *node = ram[c->range].node;
            c->from = *end;
            return true;
        }
    }
    return false;
}

bool bootmem_next_ram(struct bootmem_cursor *c, uint64_t *start, uint64_t *end, int *node)
{
    if (c->range >= ram_count)
        return false;
    *start = ram[c->range].start;
    *end = ram[c->range].end;
    *node = ram[c->range].node;
    c->range++;
    return true;
}

uint64_t bootmem_top(void)
{
    return ram_count ? ram[ram_count - 1].end : 0;
}
