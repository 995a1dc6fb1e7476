/* The names of the system. The release begins with the version of Linux whose interface is offered:
 * C libraries parse it. */
#include "kernel/lib/utsname.h"

DEFINE_SPINLOCK(uts_lock);
struct new_utsname init_uts = {
    .sysname = "Linux",
    .nodename = "(none)",
    .release = "6.1.0-cloudos",
    .version = "#1 SMP PREEMPT CloudOS",
    .machine = "x86_64",
    .domainname = "(none)",
};
