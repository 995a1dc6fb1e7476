/* The names of the system (uname(2)). nodename and domainname change under uts_lock; the rest is constant. */
#pragma once
#include "kernel/lib/spinlock.h"
#define UTS_LEN 64
struct new_utsname {
    char sysname[UTS_LEN + 1];
    char nodename[UTS_LEN + 1];
    char release[UTS_LEN + 1];
    char version[UTS_LEN + 1];
    char machine[UTS_LEN + 1];
    char domainname[UTS_LEN + 1];
};
extern struct new_utsname init_uts;
extern spinlock_t uts_lock;
