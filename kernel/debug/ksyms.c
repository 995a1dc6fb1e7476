/* Lookup in the symbol map that the second link adds: sorted text offsets, offsets of the names,
 * names. Read only; any context, NMI and panic included. Must never allocate or lock. */
#include "kernel/debug/ksyms.h"
#include "kernel/lib/fmt.h"

/* Weak: the first link has no map. Entry ksym_count is the end of the text. */
extern const u32 ksym_count __weak;
extern const u32 ksym_offsets[] __weak;
extern const u32 ksym_names[] __weak;
extern const char ksym_strings[] __weak;
extern const char __text_start[], __text_end[];

const char *ksym_lookup(unsigned long addr, unsigned long *offset, unsigned long *size)
{
    unsigned long rel = addr - (unsigned long)__text_start;
    u32 lo = 0, hi;

    if (!&ksym_count || !ksym_count || addr < (unsigned long)__text_start ||
        addr >= (unsigned long)__text_end)
        return NULL;
    hi = ksym_count;
    while (hi - lo > 1) {
        u32 mid = lo + (hi - lo) / 2;

        if (ksym_offsets[mid] <= rel)
            lo = mid;
        else
            hi = mid;
    }
    *offset = rel - ksym_offsets[lo];
    *size = ksym_offsets[lo + 1] - ksym_offsets[lo];
    return ksym_strings + ksym_names[lo];
}

void ksym_format(unsigned long addr, char *buf, size_t size)
{
    unsigned long off, len;
    const char *name = ksym_lookup(addr, &off, &len);

    if (name)
        snprintf(buf, size, "%s+0x%lx/0x%lx", name, off, len);
    else
        snprintf(buf, size, "0x%lx", addr);
}
