/* percpu_parts.c: which of the CPUs' spare words are in use. Owns the words between their users. */
#include "kernel/lib/percpu_parts.h"
#include "lockfree/bitmap.h"

DEFINE_PER_CPU(s64, percpu_parts[PERCPU_PARTS], NOPREEMPT); /* who switches a reference count reads and empties them */
static uint64_t in_use[BITMAP_WORDS(PERCPU_PARTS)];

u32 percpu_part_alloc(void)
{
    u32 part;

    do {
        part = bitmap_find_zero(in_use, PERCPU_PARTS, 0);
    } while (part < PERCPU_PARTS && bitmap_test_and_set(in_use, part));
    return part;
}

void percpu_part_free(u32 part)
{
    if (part < PERCPU_PARTS)
        (void)bitmap_test_and_clear(in_use, part);
}

s64 *percpu_part_of(u32 part, u32 cpu)
{
    return per_cpu_ptr(&percpu_parts[part], cpu);
}
