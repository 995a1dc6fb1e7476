/* Sums of the per-CPU counters of kernel/mm, and the largest resident set of a space. */
#include "kernel/arch/x86/smp.h"
#include "kernel/mm/meminfo.h"
#include "kernel/mm/mm.h"

DEFINE_PER_CPU(s64, mm_counter[MC_NR], ANYWHERE);

static u64 counter_sum(enum mm_counter_id id)
{
    s64 n = 0;

    for (unsigned cpu = 0; cpu < nr_cpu_ids; cpu++)
        n += READ_ONCE(per_cpu(mm_counter[id], cpu));
    return n < 0 ? 0 : (u64)n;
}

u64 nr_anon_pages(void)
{
    return counter_sum(MC_ANON);
}

u64 nr_file_pages(void)
{
    return counter_sum(MC_FILE) + counter_sum(MC_SHMEM);
}

u64 nr_shmem_pages(void)
{
    return counter_sum(MC_SHMEM);
}

u64 nr_pagetable_pages(void)
{
    return counter_sum(MC_TABLES);
}

u64 mm_hiwater_rss(const struct mm_struct *mm)
{
    return max(mm->hiwater_rss, get_mm_rss(mm));
}
