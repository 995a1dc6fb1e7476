/* sysinfo(2). */
#include "kernel/lib/errno.h"
#include "kernel/mm/meminfo.h"
#include "kernel/mm/page.h"
#include "kernel/arch/x86/uaccess.h"
#include "kernel/sched/sched.h"
#include "kernel/syscall/syscalls.h"
#include "kernel/task/pid.h"
#include "kernel/time/ktime.h"

struct sysinfo {
    s64 uptime;
    u64 loads[3]; /* 16 bits of fraction */
    u64 totalram, freeram, sharedram, bufferram, totalswap, freeswap;
    u16 procs, pad;
    u64 totalhigh, freehigh;
    u32 mem_unit;
};
_Static_assert(sizeof(struct sysinfo) == 112, "Linux's size");

long sys_sysinfo(struct sysinfo __user *info)
{
    struct sysinfo s = {.uptime = DIV_ROUND_UP(ktime_get_boot_ns(), NSEC_PER_SEC), .mem_unit = 1};

    sched_loadavg(s.loads);
    for (int i = 0; i < 3; i++)
        s.loads[i] <<= 16 - 11;
    s.totalram = nr_total_pages() * PAGE_SIZE;
    s.freeram = nr_free_pages() * PAGE_SIZE;
    s.sharedram = nr_shmem_pages() * PAGE_SIZE;
    s.procs = (u16)nr_threads_total;
    return copy_to_user(info, &s, sizeof(s)) ? -EFAULT : 0;
}
