/* trace.c: the rings of all CPUs, what is written to them, and /proc/sched_trace:
 *   on       reads 0 or 1; 1 begins anew (what was recorded before is not shown), 0 stops
 *   cpuN     what CPU N recorded since, a line a record: NS WHAT ..., oldest first
 *     lost COUNT                        the first line, only where the ring wrapped: so many records since the start are
 *                                       overwritten, all before NS
 *     switch PREV FATE NEXT PRIO COMM   FATE: R preempted, Y yielded, S or D sleeps, X died, I was idle; COMM is NEXT's
 *     wake PID WAKER CPU                goes to CPU's queue
 *     migrate PID FROM                  arrived here, was on FROM
 *     steal PID FROM                    was taken from FROM's shelf
 *     irq NAME, irq_end NAME            timer, resched, call, or a vector's number
 * Must never be on a path that runs when the option is absent. */
#include "kernel/trace/trace.h"
#include "kernel/arch/x86/cpu.h"
#include "kernel/arch/x86/irq.h"
#include "kernel/arch/x86/smp.h"
#include "kernel/debug/assert.h"
#include "kernel/fs/procfs.h"
#include "kernel/lib/fmt.h"
#include "kernel/lib/param.h"
#include "kernel/lib/string.h"
#include "kernel/mm/mm.h"
#include "kernel/mm/vmalloc.h"
#include "kernel/sched/rq.h"
#include "kernel/trace/trace_ring.h"

#define RECORDS_DEFAULT 16384
#define RECORDS_LEAST   64
#define RECORDS_MOST    65536 /* a CPU's text stays below what a buffer may be */

enum trace_what { WHAT_SWITCH, WHAT_WAKE, WHAT_MIGRATE, WHAT_STEAL, WHAT_IRQ, WHAT_IRQ_END };

struct trace_record {
    u64 at; /* TSC */
    u8 what;
    char fate;
    s16 prio;
    s32 pid, other;
    u32 arg;
    char comm[16];
};
_Static_assert(sizeof(struct trace_record) == sizeof(struct trace_slot), "a record fills a slot");

static DEFINE_PER_CPU(struct trace_ring, trace_rings, NOIRQ); /* readers anywhere: trace_ring.h */
static u64 records;         /* of each ring, a power of two; 0: the option is absent. Set once */
static u32 running;         /* read by every hook, written by /proc/sched_trace/on only */
static u64 started;         /* TSC; older records are not shown */
static DEFINE_PER_CPU(u64, trace_begun, NOIRQ); /* the ring's head then. Written by /proc/sched_trace/on only */

static int set_records(const char *value)
{
    u64 n = RECORDS_DEFAULT;

    if (*value && param_u64(value, &n) < 0)
        return -EINVAL;
    if (n < RECORDS_LEAST || n > RECORDS_MOST)
        return -EINVAL;
    records = RECORDS_LEAST;
    while (records < n)
        records *= 2;
    return 0;
}
KERNEL_PARAM("sched_trace", set_records);

/* ---- the sites ---- */

struct trace_site {
    u64 nop, target;
};
extern const struct trace_site __trace_sites_start[], __trace_sites_end[];

#define JUMP      0xe9
#define SITE_SIZE 5

void trace_sites_patch_up(void)
{
    if (!records)
        return;
    for (const struct trace_site *s = __trace_sites_start; s < __trace_sites_end; s++) {
        u8 *alias = phys_to_virt(s->nop - KERNEL_BASE); /* the text itself is never writable */
        s32 distance = (s32)(s->target - s->nop - SITE_SIZE);

        ASSERT(alias[0] == 0x0f && alias[1] == 0x1f);
        alias[0] = JUMP;
        memcpy(alias + 1, &distance, sizeof(distance));
    }
    (void)cpuid(0, 0); /* serialise */
    pr_info("trace: %lu hooks, %lu records a CPU\n", (u64)(__trace_sites_end - __trace_sites_start), records);
}

/* ---- writing ---- */

static void put(struct trace_record *r)
{
    struct trace_ring *ring = this_cpu_ptr(&trace_rings);
    struct trace_slot s;

    r->at = rdtsc();
    memcpy(&s, r, sizeof(s));
    trace_ring_put(ring, &s);
}

/* Rings exist from trace_init() on; `running` is set by a program, later. */
static __always_inline bool recording(void)
{
    return READ_ONCE(running) != 0;
}

static char fate_letter(const struct task_struct *prev, unsigned fate)
{
    if (fate == PREV_BLOCKS)
        return prev->state & TASK_UNINTERRUPTIBLE ? 'D' : 'S';
    return fate == PREV_RUNS ? 'R' : fate == PREV_YIELDS ? 'Y' : fate == PREV_DIES ? 'X' : 'I';
}

void trace_note_switch(const struct task_struct *prev, const struct task_struct *next, unsigned fate)
{
    struct trace_record r = {.what = WHAT_SWITCH, .pid = prev->pid, .other = next->pid, .prio = (s16)next->prio};

    if (!recording())
        return;
    r.fate = fate_letter(prev, fate);
    memcpy(r.comm, next->comm, sizeof(r.comm));
    put(&r);
}

void trace_note_wake(const struct task_struct *t, u32 cpu)
{
    struct trace_record r = {.what = WHAT_WAKE, .pid = t->pid, .other = current->pid, .arg = cpu};

    if (recording())
        put(&r);
}

void trace_note_migrate(const struct task_struct *t, u32 from)
{
    struct trace_record r = {.what = WHAT_MIGRATE, .pid = t->pid, .arg = from};

    if (recording())
        put(&r);
}

void trace_note_steal(const struct task_struct *t, u32 from)
{
    struct trace_record r = {.what = WHAT_STEAL, .pid = t->pid, .arg = from};

    if (recording())
        put(&r);
}

void trace_note_irq(u32 vector, bool begin)
{
    struct trace_record r = {.what = begin ? WHAT_IRQ : WHAT_IRQ_END, .arg = vector};

    if (recording())
        put(&r);
}

/* ---- /proc/sched_trace ---- */

static const char *clean_comm(char out[17], const char *comm)
{
    size_t n = 0;

    for (; n < 16 && comm[n]; n++)
        out[n] = comm[n] > ' ' && comm[n] < 127 && comm[n] != '"' && comm[n] != '\\' ? comm[n] : '_';
    out[n] = '\0';
    return n ? out : "_";
}

static const char *vector_name(u32 vector)
{
    return vector == VECTOR_TIMER ? "timer" : vector == VECTOR_RESCHEDULE ? "resched" : vector == VECTOR_CALL ? "call" : NULL;
}

static void show_irq(struct seq_buf *s, const struct trace_record *r)
{
    const char *name = vector_name(r->arg), *what = r->what == WHAT_IRQ ? "irq" : "irq_end";

    if (name)
        seq_printf(s, "%s %s\n", what, name);
    else
        seq_printf(s, "%s %u\n", what, r->arg);
}

static void show_record(struct seq_buf *s, const struct trace_record *r)
{
    char comm[17];

    seq_printf(s, "%lu ", sched_ns(r->at - started));
    switch (r->what) {
    case WHAT_SWITCH:
        seq_printf(s, "switch %d %c %d %d %s\n", r->pid, r->fate, r->other, r->prio, clean_comm(comm, r->comm));
        break;
    case WHAT_WAKE:
        seq_printf(s, "wake %d %d %u\n", r->pid, r->other, r->arg);
        break;
    case WHAT_MIGRATE:
    case WHAT_STEAL:
        seq_printf(s, "%s %d %u\n", r->what == WHAT_STEAL ? "steal" : "migrate", r->pid, r->arg);
        break;
    default:
        show_irq(s, r);
    }
}

static void show_lost(struct seq_buf *s, u64 lost, const struct trace_record *first)
{
    if (lost)
        seq_printf(s, "%lu lost %lu\n", sched_ns(first->at - started), lost);
}

/* `gone`: every record before it is overwritten. Those of before the start are nobody's loss. */
static int ring_show(struct seq_buf *s, void *cpu)
{
    struct trace_ring *ring = per_cpu_ptr(&trace_rings, (u64)cpu);
    u64 head = trace_ring_head(ring), gone = trace_ring_tail(ring, head), begun = *per_cpu_ptr(&trace_begun, (u64)cpu);
    bool first = true;

    for (u64 n = gone; n < head; n++) {
        struct trace_slot slot;
        struct trace_record r;

        if (!trace_ring_read(ring, n, &slot)) {
            gone = n + 1;
            continue;
        }
        memcpy(&r, &slot, sizeof(r));
        if (r.at < started)
            continue;
        if (first)
            show_lost(s, gone > begun ? gone - begun : 0, &r);
        first = false;
        show_record(s, &r);
    }
    return 0;
}

static int on_show(struct seq_buf *s, void *unused)
{
    seq_printf(s, "%u\n", READ_ONCE(running));
    return 0;
}

static void begin(void)
{
    for (u32 cpu = 0; cpu < nr_cpu_ids; cpu++)
        *per_cpu_ptr(&trace_begun, cpu) = trace_ring_head(per_cpu_ptr(&trace_rings, cpu));
    started = rdtsc();
}

static ssize_t on_store(const char *text, size_t n, void *unused)
{
    int v;
    ssize_t r = proc_store_int(text, n, &v);

    if (r < 0)
        return r;
    if (v != 0 && v != 1)
        return -EINVAL;
    if (v)
        begin();
    WRITE_ONCE(running, (u32)v);
    return (ssize_t)n;
}

static void ring_open(u32 cpu)
{
    struct trace_ring *ring = per_cpu_ptr(&trace_rings, cpu);
    u64 bytes = records * sizeof(struct trace_slot);
    char path[32];

    ring->slot = vmalloc_node((bytes + PAGE_SIZE - 1) / PAGE_SIZE, GFP_KERNEL, cpu_to_node(cpu));
    if (!ring->slot)
        panic("trace: no memory for %lu records a CPU", records);
    ring->mask = records - 1;
    snprintf(path, sizeof(path), "sched_trace/cpu%u", cpu);
    proc_create(path, 0400, ring_show, NULL, (void *)(u64)cpu);
}

void trace_init(void)
{
    if (!records)
        return;
    for (u32 cpu = 0; cpu < nr_cpu_ids; cpu++)
        ring_open(cpu);
    proc_create("sched_trace/on", 0600, on_show, on_store, NULL);
}
