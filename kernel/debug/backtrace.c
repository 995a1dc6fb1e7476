/* Backtraces by frame pointers. Owns nothing; any context. Must never follow a pointer that cannot
 * be a kernel stack. */
#include "kernel/debug/assert.h"
#include "kernel/debug/ksyms.h"

#define MAX_FRAMES  40
#define KERNEL_HALF 0xffff800000000000UL
extern const char __text_start[], __text_end[];

static bool is_text(unsigned long addr)
{
    return addr >= (unsigned long)__text_start && addr < (unsigned long)__text_end;
}

/* A frame leads to one above it on the same stack, or to the stack that an exception interrupted.
 */
static bool is_frame(unsigned long bp)
{
    return bp >= KERNEL_HALF && bp < ~0xfffUL && !(bp & 7);
}

void dump_stack_from(unsigned long bp, unsigned long ip)
{
    printk(LOG_EMERG, "backtrace:\n");
    if (ip)
        printk(LOG_EMERG, "  %016lx %pS\n", ip, (void *)ip);
    for (int i = 0; i < MAX_FRAMES && is_frame(bp); i++) {
        const unsigned long *frame = (const unsigned long *)bp;
        unsigned long ret = frame[1];

        if (!is_text(ret))
            break;
        printk(LOG_EMERG, "  %016lx %pS\n", ret,
               (void *)(ret - 1)); /* the call, not what follows it */
        if (frame[0] == bp)
            break;
        bp = frame[0];
    }
}

void dump_stack(void)
{
    dump_stack_from((unsigned long)__builtin_frame_address(0), 0);
}
