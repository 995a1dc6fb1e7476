/* isolation.c: the sets of isolation.h and the options that make them. CPU 0 is never isolated nor without a tick: somebody must take the
 * tasks that have nowhere else to go, and the timers of CPUs that leave. */
#include "kernel/sched/isolation.h"
#include "kernel/debug/printk.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/param.h"
#include "kernel/lib/string.h"
#include "kernel/task/task.h"
#include "lockfree/bitmap.h"

unsigned long cpu_isolated_mask[MAX_CPUS / 64];
unsigned long cpu_nohz_full_mask[MAX_CPUS / 64];
unsigned long sched_balance_mask[MAX_CPUS / 64];

static bool set_range(unsigned long *mask, u64 first, u64 last)
{
    if (first > last || last >= MAX_CPUS)
        return false;
    for (u64 cpu = first; cpu <= last; cpu++)
        mask[cpu / 64] |= BIT(cpu % 64);
    return true;
}

/* "1-3,6". -EINVAL: not such a list; the mask is then as before. */
static int parse_list(const char *text, unsigned long *mask)
{
    unsigned long bits[MAX_CPUS / 64] = {0};
    const char *end;

    for (;; text = end + 1) {
        u64 first = strtou64(text, &end, 10), last = first;

        if (end == text)
            return -EINVAL;
        if (*end == '-') {
            text = end + 1;
            last = strtou64(text, &end, 10);
        }
        if (end == text || !set_range(bits, first, last) || (*end && *end != ','))
            return -EINVAL;
        if (!*end)
            break;
    }
    for (u32 w = 0; w < MAX_CPUS / 64; w++)
        mask[w] |= bits[w];
    return 0;
}

static bool take_word(const char **text, const char *word)
{
    size_t n = strlen(word);

    if (strncmp(*text, word, n) || (*text)[n] != ',')
        return false;
    *text += n + 1;
    return true;
}

/* isolcpus=[nohz,][domain,][managed_irq,]LIST; without a word domain is meant. */
static int set_isolcpus(const char *value)
{
    bool nohz = false, domain = false, other = false;
    int err = 0;

    for (;;) {
        if (take_word(&value, "nohz"))
            nohz = true;
        else if (take_word(&value, "domain"))
            domain = true;
        else if (take_word(&value, "managed_irq"))
            other = true;
        else
            break;
    }
    if (nohz)
        err = parse_list(value, cpu_nohz_full_mask);
    if (domain || !(nohz | other))
        err = parse_list(value, cpu_isolated_mask);
    return err;
}
KERNEL_PARAM("isolcpus", set_isolcpus);

static int set_nohz_full(const char *value)
{
    return parse_list(value, cpu_nohz_full_mask);
}
KERNEL_PARAM("nohz_full", set_nohz_full);

static void only_possible(unsigned long *mask)
{
    for (u32 cpu = nr_cpu_ids; cpu < MAX_CPUS; cpu++)
        mask[cpu / 64] &= ~BIT(cpu % 64);
    mask[0] &= ~1ul;
}

void isolation_init(struct task_struct *first)
{
    u32 n = 0;

    only_possible(cpu_isolated_mask);
    only_possible(cpu_nohz_full_mask);
    for (u32 w = 0; w < MAX_CPUS / 64; w++)
        first->se.cpus_mask[w] = ~cpu_isolated_mask[w];
    for_each_possible_cpu(cpu)
        n += !cpu_is_isolated(cpu);
    first->se.nr_cpus_allowed = n;
    sched_cpu_joins(0);
}

void sched_cpu_joins(unsigned cpu)
{
    (void)atomic_fetch_or_full(&cpu_active_mask[cpu / 64], BIT(cpu % 64));
    if (!cpu_is_isolated(cpu))
        (void)atomic_fetch_or_full(&sched_balance_mask[cpu / 64], BIT(cpu % 64));
}

void sched_cpu_parts(unsigned cpu)
{
    (void)atomic_fetch_and_full(&sched_balance_mask[cpu / 64], ~BIT(cpu % 64));
    (void)atomic_fetch_and_full(&cpu_active_mask[cpu / 64], ~BIT(cpu % 64));
}
