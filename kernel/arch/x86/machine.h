/*
 * The whole machine: ending it. None of these returns; all may be called in any context.
 */
#pragma once
#include "kernel/lib/types.h"

__noreturn void machine_power_off(void);    /* ACPI S5, else halt */
__noreturn void machine_restart(void);      /* reset register, keyboard controller, triple fault */
__noreturn void machine_halt(void);
/* A failure: isa-debug-exit with code (QEMU exits (2*code+1)&255) if it is there, pvpanic, then reset or halt. */
__noreturn void machine_fail(u8 code);

/* Early serial output, polled, before any driver; any context. */
void early_uart_init(void);
void early_uart_write(const char *s, size_t n);
