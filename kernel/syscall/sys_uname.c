/* uname, sethostname, setdomainname. */
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "kernel/lib/utsname.h"
#include "kernel/arch/x86/uaccess.h"
#include "kernel/syscall/syscalls.h"
#include "kernel/task/cred.h"

long sys_uname(struct new_utsname __user *name)
{
    struct new_utsname copy;

    spin_lock(&uts_lock);
    copy = init_uts;
    spin_unlock(&uts_lock);
    return copy_to_user(name, &copy, sizeof(copy)) ? -EFAULT : 0;
}

static long set_name(char *field, const char __user *name, int len)
{
    char text[UTS_LEN + 1] = {0};

    if (!capable(CAP_SYS_ADMIN))
        return -EPERM;
    if (len < 0 || len > UTS_LEN)
        return -EINVAL;
    if (copy_from_user(text, name, len))
        return -EFAULT;
    spin_lock(&uts_lock);
    memcpy(field, text, sizeof(text));
    spin_unlock(&uts_lock);
    return 0;
}

long sys_sethostname(char __user *name, int len)
{
    return set_name(init_uts.nodename, name, len);
}

long sys_setdomainname(char __user *name, int len)
{
    return set_name(init_uts.domainname, name, len);
}
