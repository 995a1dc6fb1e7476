/* reboot(2): the end of the machine, and whether Ctrl-Alt-Del ends it at once. */
#include "kernel/arch/x86/machine.h"
#include "kernel/debug/printk.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "kernel/arch/x86/uaccess.h"
#include "kernel/syscall/syscalls.h"
#include "kernel/task/cred.h"

#define MAGIC1        0xfee1deadu
#define CMD_RESTART   0x01234567u
#define CMD_HALT      0xcdef0123u
#define CMD_CAD_ON    0x89abcdefu
#define CMD_CAD_OFF   0u
#define CMD_POWER_OFF 0x4321fedcu
#define CMD_RESTART2  0xa1b2c3d4u

static bool good_magic(u32 magic1, u32 magic2)
{
    static const u32 magics[] = {672274793, 85072278, 369367448, 537993216};

    for (size_t i = 0; i < ARRAY_SIZE(magics); i++)
        if (magic2 == magics[i])
            return magic1 == MAGIC1;
    return false;
}

static long restart_with(const char __user *arg)
{
    char text[256];
    long n = strncpy_from_user(text, arg, sizeof(text) - 1);

    if (n < 0)
        return -EFAULT;
    text[n] = '\0';
    pr_notice("reboot: Restarting system with command '%s'\n", text);
    machine_restart();
}

long sys_reboot(int magic1, int magic2, unsigned cmd, void __user *arg)
{
    if (!capable(CAP_SYS_BOOT))
        return -EPERM;
    if (!good_magic((u32)magic1, (u32)magic2))
        return -EINVAL;
    switch (cmd) {
    case CMD_RESTART:
        pr_notice("reboot: Restarting system\n");
        machine_restart();
    case CMD_HALT:
        pr_notice("reboot: System halted\n");
        machine_halt();
    case CMD_POWER_OFF:
        pr_notice("reboot: Power down\n");
        machine_power_off();
    case CMD_RESTART2:
        return restart_with(arg);
    case CMD_CAD_ON:
    case CMD_CAD_OFF:
        return 0; /* there is no keyboard whose Ctrl-Alt-Del could come */
    default:
        return -EINVAL;
    }
}
