/*
 * The first C code, still without per-CPU areas (the GS base is 0: the image of .percpu serves the boot
 * CPU). Brings the CPU into the state that kernel/boot/main.c begins with: features on, final page tables,
 * exceptions caught.
 */
#include "kernel/arch/x86/cpu.h"
#include "kernel/arch/x86/desc.h"
#include "kernel/arch/x86/extable.h"
#include "kernel/arch/x86/machine.h"
#include "kernel/arch/x86/paging.h"
#include "kernel/arch/x86/uaccess.h"
#include "kernel/boot/boot_info.h"
#include "kernel/boot/bootmem.h"
#include "kernel/boot/start_kernel.h"
#include "kernel/task/task.h"

extern char boot_stack[];                       /* head.S, KSTACK_SIZE bytes */
static u8 early_ist[4 * IST_STACK_BYTES] __aligned(IST_STACK_BYTES);

__noreturn void x86_start_kernel(u32 protocol, u64 info);
__noreturn void x86_start_kernel(u32 protocol, u64 info)
{
    wrmsr(MSR_GS_BASE, 0);
    init_task.stack = boot_stack;
    this_cpu_write(current_task, &init_task);
    this_cpu_write(kstack_top, (unsigned long)boot_stack + KSTACK_SIZE);
    this_cpu_write(preempt_count_, 1);          /* until the boot CPU becomes its idle task */
    early_uart_init();
    boot_info_init(protocol, info);
    cpu_detect();
    cpu_enable_features();
    extable_init();
    idt_init();
    desc_init_cpu(0, early_ist);
    bootmem_init();
    paging_init();
    patch_smap();
    start_kernel();
}
