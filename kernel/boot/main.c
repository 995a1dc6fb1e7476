/*
 * The order in which the kernel comes to life. x86_start_kernel() has left: features on, final page tables,
 * exceptions caught, the boot record and bootmem. Each level says what may be used after it.
 */
#include "kernel/arch/x86/apic.h"
#include "kernel/arch/x86/cpu.h"
#include "kernel/arch/x86/fpu.h"
#include "kernel/arch/x86/irq.h"
#include "kernel/arch/x86/smp.h"
#include "kernel/boot/boot_info.h"
#include "kernel/boot/start_kernel.h"
#include "kernel/debug/assert.h"
#include "kernel/dev/acpi.h"
#include "kernel/mm/mm.h"
#include "kernel/sched/sched.h"
#include "kernel/syscall/dispatch.h"
#include "kernel/task/process.h"
#include "kernel/time/timekeeping.h"

__noreturn void start_kernel(void)
{
    /* Level 0: the log, on the early serial port. */
    pr_info("CloudOS\n");
    boot_info_print();
    cpu_print_features();

    /* Level 1: what the machine is made of; per-CPU variables of every CPU. */
    acpi_init();
    smp_init_topology();
    percpu_init();
    apic_init();
    apic_init_cpu();
    irq_init();

    /* Level 2: pages, slab, vmalloc. bootmem and the early mappings end here. */
    mm_init();
    fpu_init();

    pr_info("boot: end\n");
    for (;;)
        __asm__ volatile("hlt");
}
