/* identity.c: the calls that only name the caller. They are the shortest path through the kernel:
 * keep them so. */
#include "kernel/arch/x86/uaccess.h"
#include "kernel/debug/shared_counter.h"
#include "kernel/syscall/syscalls.h"
#include "kernel/task/task_internal.h"

long sys_getpid(void)
{
    return current->tgid;
}

long sys_gettid(void)
{
    return current->pid;
}

/* A number kept by whoever changes the parent: no lock, no RCU. */
long sys_getppid(void)
{
    shared_counter_count();
    return READ_ONCE(current->signal->ppid);
}

long sys_set_tid_address(int __user *tidptr)
{
    current->clear_child_tid = tidptr;
    return current->pid;
}

long sys_personality(unsigned persona)
{
    unsigned old = current->personality;

    if (persona != 0xffffffffu)
        current->personality = persona;
    return old;
}
