/* Sending by the right of the caller (kernel/signal/kill.c). */
#pragma once
#include "kernel/signal/signal.h"
int check_kill_permission(int sig, const struct siginfo *info,
                          struct task_struct *t);                    /* 0, -EPERM, -EINVAL */
int pidfd_signal(struct pid *pid, int sig, siginfo_t __user *uinfo); /* pidfd_send_signal(2) */
static inline bool pid_bad(pid_t nr)
{
    return nr <= 0;
}
