/* percpu_check.c: whether a per-CPU variable is used as its policy says (percpu/percpu.h). Debug kernels only; must never touch a per-CPU
 * variable by a checked pointer itself. */
#include "kernel/arch/x86/irqflags.h"
#include "kernel/debug/assert.h"
#include "kernel/lib/preempt.h"

#ifdef CLOUDOS_DEBUG
extern const char __percpu_nopreempt[], __percpu_noirq[];

void percpu_check(const void *p)
{
    const char *variable = p;

    if (likely(variable < __percpu_nopreempt || irqs_disabled()))
        return;
    if (variable < __percpu_noirq && preempt_count())
        return;
    panic("per-CPU variable at %lx used with %s on at %pS", (unsigned long)p, variable < __percpu_noirq ? "preemption" : "interrupts",
          __builtin_return_address(0));
}
#endif
