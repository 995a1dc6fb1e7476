/* trace.h: the scheduler's events of each CPU: switches, wake-ups, migrations, steals, interrupts. Owns the hooks; the boot option
 * `sched_trace[=RECORDS]` turns them on, /proc/sched_trace starts, stops and shows (trace.c).
 *
 * Without the option a hook is one NOP: no load, no branch, no line of memory. With it the boot CPU turns each NOP into a jump before
 * any other CPU runs. Each CPU writes its own ring (trace_ring.h), on its own node; no line is shared by writers.
 * A hook is called with interrupts off and must never sleep, wake or take a lock. */
#pragma once
#include "kernel/lib/types.h"

struct task_struct;

/* Is tracing compiled into this boot? A NOP of five bytes that trace_sites_patch_up() makes a jump to `yes`. */
static __always_inline bool trace_on(void)
{
    asm goto("1: .byte 0x0f, 0x1f, 0x44, 0x00, 0x00\n\t"
             ".pushsection .trace_sites, \"a\"\n\t.quad 1b, %l[yes]\n\t.popsection" ::::yes);
    return false;
yes:
    return true;
}

void trace_sites_patch_up(void); /* boot CPU, once, after the options are known and before any other CPU runs */
void trace_init(void);           /* memory for the rings, /proc/sched_trace; vmalloc and procfs work */

__attribute__((cold)) void trace_note_switch(const struct task_struct *prev, const struct task_struct *next, unsigned fate);
__attribute__((cold)) void trace_note_wake(const struct task_struct *t, u32 cpu);
__attribute__((cold)) void trace_note_migrate(const struct task_struct *t, u32 from);
__attribute__((cold)) void trace_note_steal(const struct task_struct *t, u32 from);
__attribute__((cold)) void trace_note_irq(u32 vector, bool begin);

/* fate: enum prev_fate of rq.h, what becomes of prev. */
static __always_inline void trace_switch(const struct task_struct *prev, const struct task_struct *next, unsigned fate)
{
    if (trace_on())
        trace_note_switch(prev, next, fate);
}

/* t, held WAKING by the caller, goes to a CPU. */
static __always_inline void trace_wake(const struct task_struct *t, u32 cpu)
{
    if (trace_on())
        trace_note_wake(t, cpu);
}

/* t has arrived on this CPU and was on another before. */
static __always_inline void trace_migrate(const struct task_struct *t, u32 from)
{
    if (trace_on())
        trace_note_migrate(t, from);
}

static __always_inline void trace_steal(const struct task_struct *t, u32 from)
{
    if (trace_on())
        trace_note_steal(t, from);
}

static __always_inline void trace_irq(u32 vector, bool begin)
{
    if (trace_on())
        trace_note_irq(vector, begin);
}
