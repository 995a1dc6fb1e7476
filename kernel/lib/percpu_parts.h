/* percpu_parts.h: words of which each CPU has one, given out at run time: the parts of reference counts that are spread. Any context but
 * interrupts. A part is written by its CPU with preemption off (NOPREEMPT); others may read it. */
#pragma once
#include "kernel/lib/types.h"
#include "percpu/percpu.h"

#define PERCPU_PARTS 256u /* also: no part */

DECLARE_PER_CPU(s64, percpu_parts[PERCPU_PARTS]);

/* A part that is zero on every CPU; PERCPU_PARTS when all are in use. */
u32 percpu_part_alloc(void);
/* It is zero again on every CPU. PERCPU_PARTS does nothing. */
void percpu_part_free(u32 part);
s64 *percpu_part_of(u32 part, u32 cpu);
#define this_cpu_part(part) this_cpu_ptr(&percpu_parts[(part) % PERCPU_PARTS])
