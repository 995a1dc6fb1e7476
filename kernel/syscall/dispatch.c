/* The dispatch table: syscall_table[nr] is the handler or sys_ni_syscall. Owns the table, written once at boot by
 * syscall_init(); the entry code (kernel/arch/x86) calls through it. Must never be written afterwards. */
#include "kernel/syscall/dispatch.h"
#include "kernel/lib/errno.h"
#include "kernel/syscall/syscalls.h"

long sys_ni_syscall(void);

long sys_ni_syscall(void)
{
    return -ENOSYS;
}

void *syscall_table[NR_SYSCALLS] __aligned(64) = {
#define SYSCALL(nr, name, args) [nr] = (void *)sys_##name,
#include "kernel/syscall/table.def"
#undef SYSCALL
};

void syscall_init(void)
{
    for (unsigned nr = 0; nr < NR_SYSCALLS; nr++)
        if (!syscall_table[nr])
            syscall_table[nr] = (void *)sys_ni_syscall;
}
