/* /proc/sysrq-trigger: the letters that end the machine (c crash, b restart, o power off) and h.
 * Root only, by its mode. */
#include "kernel/arch/x86/machine.h"
#include "kernel/debug/assert.h"
#include "kernel/fs/proc_internal.h"

static ssize_t sysrq_store(const char *text, size_t n, void *unused)
{
    switch (text[0]) {
    case 'c':
        panic("sysrq triggered crash");
    case 'b':
        machine_restart();
    case 'o':
        machine_power_off();
    default:
        pr_info("sysrq: HELP: crash(c) reboot(b) poweroff(o)\n");
        return n;
    }
}

void proc_sysrq_create(void)
{
    proc_create("sysrq-trigger", 0200, NULL, sysrq_store, NULL);
}
