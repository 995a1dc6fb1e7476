/*
 * Ends the machine. Must work from a panic: no locks, no memory, no trust in other CPUs.
 */
#include "kernel/arch/x86/machine.h"
#include "kernel/arch/x86/cpu.h"
#include "kernel/arch/x86/irqflags.h"
#include "kernel/arch/x86/smp.h"
#include "kernel/dev/acpi.h"

#define DEBUG_EXIT_PORT 0xf4
#define PVPANIC_PORT 0x505
#define RESET_PORT 0xcf9
#define KEYBOARD_COMMAND 0x64

__noreturn void machine_halt(void)
{
    local_irq_disable();
    smp_stop_others();
    for (;;)
        __asm__ volatile("hlt");
}

__noreturn void machine_power_off(void)
{
    local_irq_disable();
    smp_stop_others();
    acpi_power_off();
    machine_halt();
}

__noreturn void machine_restart(void)
{
    static const struct { u16 limit; u64 base; } __packed no_idt;

    local_irq_disable();
    smp_stop_others();
    outb(RESET_PORT, 0x02);
    outb(RESET_PORT, 0x06);
    outb(KEYBOARD_COMMAND, 0xfe);
    __asm__ volatile("lidt %0; int3" ::"m"(no_idt));
    machine_halt();
}

/* Ports that nobody answers read as all ones; writing to them is harmless. */
__noreturn void machine_fail(u8 code)
{
    local_irq_disable();
    outl(DEBUG_EXIT_PORT, code);
    outb(PVPANIC_PORT, 1);
    machine_halt();
}
