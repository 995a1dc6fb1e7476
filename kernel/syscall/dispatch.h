/* syscall_table: NR_SYSCALLS handlers, complete after syscall_init(). */
#pragma once
#include "kernel/lib/types.h"
extern void *syscall_table[];
void syscall_init(void);
