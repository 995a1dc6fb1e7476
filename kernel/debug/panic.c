/* The end after a fault of the kernel: message, backtrace, other CPUs stopped, the VM ended with a
 * non-zero exit code. Must work in any context and with any lock held: takes none, allocates
 * nothing. */
#include "kernel/debug/ksyms.h"
#include "kernel/arch/x86/cpu.h"
#include "kernel/arch/x86/irqflags.h"
#include "kernel/arch/x86/machine.h"
#include "kernel/arch/x86/smp.h"
#include "kernel/debug/assert.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/fmt.h"
#include "kernel/lib/param.h"
#include "kernel/task/task.h"
#include "kernel/time/ktime.h"
#include "lockfree/env.h"

#define PANIC_EXIT_CODE 1
#define DEBUG_EXIT_PORT 0xf4

bool panic_in_progress;
static u32 panic_owner;   /* CPU number + 1 */
static int panic_timeout; /* seconds: 0 stay, < 0 restart at once */

/* panic=N: Linux's meaning. A VM with isa-debug-exit ends at once, with a code, whatever N is. */
__noreturn static void end_machine(void)
{
    if (panic_timeout == 0)
        machine_fail(PANIC_EXIT_CODE);
    outl(DEBUG_EXIT_PORT, PANIC_EXIT_CODE);
    for (s64 end = ktime_get_ns() + panic_timeout * NSEC_PER_SEC; ktime_get_ns() < end;)
        cpu_relax();
    machine_restart();
}

/* One CPU reports; a second one waits to be stopped; a panic inside a panic ends the machine
 * without another word. */
static void enter_panic(void)
{
    u32 self = smp_processor_id() + 1, none = 0;

    local_irq_disable();
    if (atomic_cas_full(&panic_owner, &none, self)) {
        panic_in_progress = true;
        return;
    }
    if (none == self)
        end_machine();
    for (;;)
        cpu_relax();
}

/* The registers that a call preserves; an exception's handler has printed all of them before it
 * came here. */
static void show_call_registers(unsigned long ip, unsigned long bp)
{
    unsigned long bx, r12, r13, r14, r15, sp;

    __asm__("mov %%rbx, %0; mov %%r12, %1; mov %%r13, %2" : "=m"(bx), "=m"(r12), "=m"(r13));
    __asm__("mov %%r14, %0; mov %%r15, %1; mov %%rsp, %2" : "=m"(r14), "=m"(r15), "=m"(sp));
    printk(LOG_EMERG, "rip %016lx rsp %016lx rbp %016lx rbx %016lx\n", ip, sp, bp, bx);
    printk(LOG_EMERG, "r12 %016lx r13 %016lx r14 %016lx r15 %016lx\n", r12, r13, r14, r15);
    printk(LOG_EMERG, "cr2 %016lx cr3 %016lx\n", read_cr2(), read_cr3());
}

__noreturn void panic(const char *fmt, ...)
{
    char text[256];
    va_list ap;

    enter_panic();
    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    console_loglevel = LOG_DEBUG + 1;
    printk(LOG_EMERG, "Kernel panic - not syncing: %s\n", text);
    printk(LOG_EMERG, "CPU: %u PID: %d Comm: %.16s\n", smp_processor_id(),
           current ? current->pid : 0, current ? current->comm : "?");
    show_call_registers((unsigned long)__builtin_return_address(0),
                        *(unsigned long *)__builtin_frame_address(0));
    dump_stack_from((unsigned long)__builtin_frame_address(0), 0);
    smp_stop_others();
    printk(LOG_EMERG, "---[ end Kernel panic - not syncing: %s ]---\n", text);
    console_flush(true);
    end_machine();
}

__noreturn void lockfree_fail(const char *expr, const char *file, int line, const void *object)
{
    panic("%s:%d: assertion failed: %s, object %p", file, line, expr, object);
}

__noreturn void lockfree_misuse(const char *what, const void *object, const void *before, const void *now)
{
    char a[64], b[64];

    ksym_format((unsigned long)before, a, sizeof(a));
    ksym_format((unsigned long)now, b, sizeof(b));
    panic("misuse: %s: object %p, before at %s, now at %s", what, object, a, b);
}

static int set_panic(const char *value)
{
    bool negative = value[0] == '-';
    u64 seconds;

    if (param_u64(value + negative, &seconds))
        return -EINVAL;
    panic_timeout = negative ? -1 : (int)min_t(u64, seconds, 86400);
    return 0;
}
KERNEL_PARAM("panic", set_panic);
