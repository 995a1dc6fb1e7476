/* The receiving side of smp_call_function_*: do_irq calls it for VECTOR_CALL. */
#pragma once

void smp_call_interrupt(void);

#include "kernel/lib/types.h"
/* Boot: memory for cpu's requests, zeroed, on its node. */
size_t smp_call_slot_bytes(void);
void smp_call_init_cpu(unsigned cpu, void *slots);
