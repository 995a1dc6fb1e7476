/*
 * The order in which the kernel comes to life. x86_start_kernel() has left: features on, final page tables,
 * exceptions caught, the boot record and bootmem. Each level says what may be used after it. The boot CPU
 * runs all of it as init_task with preemption off and ends as its idle task.
 */
#include "kernel/arch/x86/lock_sites.h"
#include "kernel/arch/x86/apic.h"
#include "kernel/arch/x86/cpu.h"
#include "kernel/arch/x86/fpu.h"
#include "kernel/arch/x86/irq.h"
#include "kernel/arch/x86/irqflags.h"
#include "kernel/arch/x86/paging.h"
#include "kernel/arch/x86/smp.h"
#include "kernel/boot/boot_info.h"
#include "kernel/boot/start_kernel.h"
#include "kernel/debug/assert.h"
#include "kernel/dev/acpi.h"
#include "kernel/dev/random.h"
#include "kernel/dev/tty.h"
#include "kernel/dev/uart.h"
#include "kernel/fs/procfs.h"
#include "kernel/fs/vfs.h"
#include "kernel/lib/param.h"
#include "kernel/mm/mm.h"
#include "kernel/sched/sched.h"
#include "kernel/sync/futex.h"
#include "kernel/syscall/dispatch.h"
#include "kernel/task/process.h"
#include "kernel/time/timekeeping.h"
#include "kernel/trace/trace.h"

static int init_thread(void *unused)
{
    return start_init(unused);
}

/* pid 1 and pid 2, in this order. They run when the boot CPU idles. */
static void start_first_threads(void)
{
    struct kernel_clone_args init = {.fn = init_thread, .name = "init", .cpu = -1,
                                     .flags = CLONE_FS | CLONE_FILES};
    struct kernel_clone_args daemon = {.fn = kthreadd, .name = "kthreadd", .cpu = -1,
                                       .flags = CLONE_FS | CLONE_FILES};
    pid_t one = kernel_clone(&init), two = kernel_clone(&daemon);

    if (one != 1 || two != 2)
        panic("boot: the first threads have the pids %d and %d", one, two);
}

__noreturn void start_kernel(void)
{
    /* Level 0: the log on the serial port, the kernel's options. */
    uart_early_init();
    params_parse(boot_info.cmdline);
    pr_info("CloudOS, booted by %s\n", boot_info.loader);
    boot_info_print();
    cpu_print_features();

    /* Level 1: what the machine is made of; per-CPU variables of every CPU; IPIs. */
    acpi_init();
    smp_init_topology();
    lock_sites_patch_up();
    trace_sites_patch_up();
    percpu_init();
    apic_init();
    apic_init_cpu();
    irq_init();

    /* Level 2: pages, slab, vmalloc. bootmem and early mappings end here. */
    mm_init();
    fpu_init();

    /* Level 3: clocks and timers, interrupts, the run queue of this CPU. */
    time_init();
    time_init_cpu();
    sched_init();
    local_irq_enable();

    /* Level 4: tasks, files, system calls: everything that a process needs. */
    task_init();
    vfs_init();
    futex_init();
    syscall_init();
    random_init();
    tty_init();
    procfs_init();
    sysfs_init();
    debugfs_init();
    trace_init();

    /* Level 5: all CPUs run and take tasks. */
    smp_boot_aps();
    free_reserved_range((u64)__boot_start, (u64)__boot_end);
#ifdef CLOUDOS_DEBUG
    paging_check_wx();
#endif

    /* Level 6: init unpacks the initramfs and becomes the first program. */
    start_first_threads();
    cpu_idle_loop();
}
