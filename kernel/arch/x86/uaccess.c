/* The parts of user access that need no assembly: SMAP patching, lengths of strings. */
#include "kernel/arch/x86/uaccess.h"
#include "kernel/arch/x86/cpu.h"
#include "kernel/arch/x86/layout.h"
#include "kernel/lib/preempt.h"

extern s32 __stac_sites_start[], __stac_sites_end[], __clac_sites_start[], __clac_sites_end[];

/* 0f 01 cb is STAC, 0f 01 ca is CLAC. Written through the physmap: the text itself is never writable. */
static void patch_sites(s32 *from, s32 *to, u8 last)
{
    for (s32 *site = from; site < to; site++) {
        u8 *text = (u8 *)site + *site;
        u8 *alias = phys_to_virt(virt_to_phys(text));

        alias[1] = 0x01;
        alias[2] = last;
    }
}

void patch_smap(void)
{
    if (!cpu_has.smap)
        return;
    patch_sites(__stac_sites_start, __stac_sites_end, 0xcb);
    patch_sites(__clac_sites_start, __clac_sites_end, 0xca);
    (void)cpuid(0, 0);                          /* serialise */
}

long strnlen_user(const char __user *src, long bytes)
{
    for (long n = 0; n < bytes; n++) {
        char c;

        if (get_user(c, src + n))
            return 0;
        if (!c)
            return n + 1;
    }
    return bytes + 1;
}
