/* Three tiers: ASSERT (always), DEBUG_ASSERT (debug kernel), WARN_ON_ONCE (always, goes on). */
#pragma once
#include "kernel/debug/printk.h"
/* Prints registers and a symbolised backtrace, stops the other CPUs, ends the VM with a non-zero exit code. */
__noreturn void panic(const char *fmt, ...) __printf(1, 2);
#define ASSERT(c) do { if (unlikely(!(c))) panic("%s:%d: assertion failed: %s", __FILE__, __LINE__, #c); } while (0)
#define BUG() panic("%s:%d: bug", __FILE__, __LINE__)
#ifdef CLOUDOS_DEBUG
#define DEBUG_ASSERT(c) ASSERT(c)
#else
#define DEBUG_ASSERT(c) ((void)sizeof(!(c)))
#endif
void dump_stack(void); /* backtrace of the caller, to the log */
/* Backtrace by frame pointers from bp; ip is printed first when not 0. Stops at anything that is no kernel stack. */
void dump_stack_from(unsigned long bp, unsigned long ip);
/* True from the moment that a CPU panics: others must stay out of its way. */
extern bool panic_in_progress;
#define WARN_ON_ONCE(c) ({                                                                         \
    static bool warned_;                                                                           \
    bool bad_ = (c);                                                                               \
    if (unlikely(bad_) && !warned_) {                                                              \
        warned_ = true;                                                                            \
        printk(LOG_WARN, "warning: %s:%d: %s\n", __FILE__, __LINE__, #c);                          \
        dump_stack();                                                                              \
    }                                                                                              \
    bad_; })
/* Counters start near wrap-around in a debug kernel so that wrap code runs at every boot; `steps` before it where few are taken. */
#ifdef CLOUDOS_DEBUG
#define NEAR_WRAP_BY(type, steps) ((type)(0 - (type)(steps)))
#else
#define NEAR_WRAP_BY(type, steps) ((type)0)
#endif
#define NEAR_WRAP(type) NEAR_WRAP_BY(type, 300)
