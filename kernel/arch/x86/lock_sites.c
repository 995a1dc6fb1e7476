/* On a machine with one CPU a locked operation needs no lock: every read-modify-write instruction is whole towards interrupts,
 * and nobody else is there. lock_sites_patch_up() then turns each lock prefix of the text into a DS prefix, which means
 * nothing in 64-bit mode. (xchg with memory locks by itself and stays.) The table is made by lock_sites.awk.
 * Must run on the boot CPU before any other could be started, and never when nr_cpu_ids is more than one. */
#include "kernel/arch/x86/lock_sites.h"
#include "kernel/arch/x86/cpu.h"
#include "kernel/arch/x86/smp.h"
#include "kernel/debug/assert.h"
#include "kernel/mm/page.h"

extern const u32 lock_sites[] __weak, lock_sites_end[] __weak; /* not in the first link */

#define LOCK_PREFIX 0xf0
#define DS_PREFIX   0x3e
#define OPERAND_SIZE_PREFIX 0x66 /* may stand before it */

void lock_sites_patch_up(void)
{
    unsigned patched = 0;

    if (nr_cpu_ids != 1)
        return;
    for (const u32 *site = lock_sites; site < lock_sites_end; site++) {
        u8 *alias = phys_to_virt(*site); /* the text itself is never writable */

        if (*alias == OPERAND_SIZE_PREFIX)
            alias++;
        ASSERT(*alias == LOCK_PREFIX);
        *alias = DS_PREFIX;
        patched++;
    }
    (void)cpuid(0, 0); /* serialise */
    pr_info("cpu: one CPU: %u lock prefixes are off\n", patched);
}
