/*
 * The machine's CPUs and nodes and how they reach each other. The numbers and maps are set at boot, before
 * the first AP runs, and are read-only afterwards; the masks change as CPUs come and go (kernel/sched/hotplug.h).
 *
 * CPU numbers are dense, 0 is the boot CPU; node numbers are dense in the order of the SRAT's proximity
 * domains. A node may have no CPUs or no memory.
 */
#pragma once
#include "kernel/lib/types.h"
#include "percpu/percpu.h"

extern u32 nr_cpu_ids;                              /* CPUs that exist and may be started (maxcpus=) */
extern u32 nr_node_ids;                             /* at least 1 */
extern unsigned long cpu_online_mask[MAX_CPUS / 64]; /* atomic bits: takes interrupts and calls */
extern unsigned long cpu_active_mask[MAX_CPUS / 64]; /* atomic bits: takes tasks; cleared before, set after the one above */
extern u32 cpu_apic_id[MAX_CPUS];
extern u16 cpu_node_map[MAX_CPUS];

static inline int cpu_to_node(unsigned cpu) { return cpu_node_map[cpu]; }
static inline bool cpu_online(unsigned cpu) { return cpu_online_mask[cpu / 64] >> (cpu % 64) & 1; }
static inline bool cpu_active(unsigned cpu) { return cpu_active_mask[cpu / 64] >> (cpu % 64) & 1; }
#define for_each_possible_cpu(cpu) for (unsigned cpu = 0; cpu < nr_cpu_ids; cpu++)
#define for_each_active_cpu(cpu)                                                                   \
    for (unsigned cpu = 0; cpu < nr_cpu_ids; cpu++)                                                \
        if (cpu_active(cpu))
#define for_each_online_cpu(cpu)                                                                   \
    for (unsigned cpu = 0; cpu < nr_cpu_ids; cpu++)                                                \
        if (cpu_online(cpu))
unsigned num_online_cpus(void);
u8 node_distance(int from, int to);                 /* SLIT; 10 local, 20 by default */
unsigned cpu_core_id(unsigned cpu);                 /* equal for the threads of one core */
unsigned cpu_thread(unsigned cpu);                  /* which of its core's threads: 0 up */
unsigned cpu_llc_id(unsigned cpu);                  /* last-level cache domain; dense, node by node */

/* IPIs. Any context; the target is online. The reschedule interrupt has no work of its own: leaving it
 * looks at the kick word. */
void smp_send_reschedule(unsigned cpu);

/*
 * fn(arg) in hard interrupt context on other CPUs. With wait, returns after it has run; then the caller
 * must have interrupts on (two CPUs that call each other with interrupts off would wait for ever) unless
 * the target is the calling CPU, where fn runs at once.
 */
void smp_call_function_single(unsigned cpu, void (*fn)(void *), void *arg, bool wait);
void smp_call_function_many(const unsigned long *mask, void (*fn)(void *), void *arg, bool wait);

void smp_init_topology(void);   /* from ACPI; before per-CPU areas exist */
void percpu_init(void);         /* areas on the CPUs' own nodes; this CPU moves to its own */
void smp_boot_aps(void);        /* starts all APs in parallel and waits for them */
/* Interrupts off. The processor stands still, deaf to all but NMIs, until *word is `value` and somebody called smp_resume. */
void smp_halt_until(const u32 *word, u32 value);
void smp_resume(unsigned cpu);  /* may be too early: repeat until the CPU answers */
void smp_stop_others(void);     /* NMI: the others stop for ever. For panic and power-off; any context. */
