/* Preemption counting. preempt_count of the running context: bits 0-7 preemption, 8-15 softirq-like sections (unused),
 * 16-19 hard interrupt depth, 20-23 NMI. A context with a count of zero may be switched away at any interrupt. */
#pragma once
#include "percpu/percpu.h"
#include "kernel/lib/types.h"
#include "lockfree/env.h"
#define KICK_NEED_RESCHED 1u
#define KICK_POLLING      2u
#define PREEMPT_HARDIRQ   (1u << 16)
#define PREEMPT_NMI       (1u << 20)
#ifdef CLOUDOS_KERNEL
DECLARE_PER_CPU(u32, preempt_count_); /* ANYWHERE; saved and restored by the switch */
DECLARE_PER_CPU(u32, cpu_kick);       /* ANYWHERE: the kick word of the run queue; see percpu/ */
/* kernel/sched: schedule() as an involuntary switch, within the kernel if the preemption model allows it; in any case. Interrupts on, but
 * for preempt_schedule(), which then returns at once. */
void preempt_schedule(void);
void preempt_now(void);
static inline u32 preempt_count(void) { return this_cpu_read(preempt_count_); }
static inline bool in_interrupt(void) { return preempt_count() >= PREEMPT_HARDIRQ; }
/* A debug kernel knows where the count last left zero and where it came back: who sleeps in a section, or leaves one never entered. */
#ifdef CLOUDOS_DEBUG
DECLARE_PER_CPU(const void *, preempt_opened); /* ANYWHERE */
DECLARE_PER_CPU(const void *, preempt_closed); /* ANYWHERE */
/* The longest section of this CPU so far, an interrupt on an empty count taken as one: where it began and ended (sched_longest_section).
 * Ticks; written by the CPU. */
struct preempt_section {
    u64 began, ticks;
    const void *from, *to;
};
DECLARE_PER_CPU(struct preempt_section, preempt_longest); /* ANYWHERE */
static inline void preempt_section_begins(void)
{
    this_cpu_write(preempt_longest.began, __builtin_ia32_rdtsc());
}
static inline void preempt_section_ends(const void *from, const void *to)
{
    u64 ticks = __builtin_ia32_rdtsc() - this_cpu_read(preempt_longest.began);

    if (likely(ticks <= this_cpu_read(preempt_longest.ticks)))
        return;
    this_cpu_write(preempt_longest.ticks, ticks);
    this_cpu_write(preempt_longest.from, from);
    this_cpu_write(preempt_longest.to, to);
}
/* An interrupt that finds the count at zero is a section, too; `handler` is its place. */
static inline void preempt_note_irq(void)
{
    if (preempt_count() == 0)
        preempt_section_begins();
}
static inline void preempt_note_irq_end(const void *handler)
{
    if (preempt_count() == 0)
        preempt_section_ends(handler, handler);
}
static inline void preempt_note_enter(void)
{
    if (preempt_count() == 1) {
        this_cpu_write(preempt_opened, lf_here());
        preempt_section_begins();
    }
}
static inline void preempt_note_leave(void)
{
    LF_MISUSE_IF(preempt_count() == 0, "preemption: a section is left that was not entered", &preempt_count_,
                 this_cpu_read(preempt_closed));
    if (preempt_count() == 1) {
        this_cpu_write(preempt_closed, lf_here());
        preempt_section_ends(this_cpu_read(preempt_opened), lf_here());
    }
}
#else
static inline void preempt_note_enter(void) {}
static inline void preempt_note_leave(void) {}
static inline void preempt_note_irq(void) {}
static inline void preempt_note_irq_end(const void *handler) {}
#endif
static inline void preempt_disable(void) { this_cpu_inc(preempt_count_); barrier(); preempt_note_enter(); }
static inline void preempt_enable_no_resched(void) { barrier(); preempt_note_leave(); this_cpu_dec(preempt_count_); }
static inline bool need_resched(void) { return this_cpu_read(cpu_kick) & KICK_NEED_RESCHED; }
static inline void preempt_enable(void)
{
    barrier();
    preempt_note_leave();
    this_cpu_dec(preempt_count_);
    if (unlikely(need_resched()) && preempt_count() == 0)
        preempt_schedule(); /* returns at once when interrupts are off */
}
#else /* host tests: threads, not CPUs */
static inline u32 preempt_count(void) { return 0; }
static inline void preempt_disable(void) {}
static inline void preempt_enable(void) {}
#endif
