/* Prototypes of all system-call handlers, made from table.def. Handlers are thin: they check arguments, then call the
 * subsystem; they return a value >= 0 or a negative errno (or -ERESTART*). A handler that is not linked in answers ENOSYS. */
#pragma once
#include "kernel/lib/sigset.h"
#include "kernel/lib/types.h"

struct stat;
struct pollfd;
struct iovec;
struct timeval;
struct timespec;
struct itimerval;
struct itimerspec;
struct rusage;
struct rlimit;
struct sysinfo;
struct tms;
struct sigaction;
struct siginfo;
struct new_utsname;
typedef struct siginfo siginfo_t;

#define A0() void
#define A1(d1, t1, n1) t1 n1
#define A2(d1, t1, n1, d2, t2, n2) t1 n1, t2 n2
#define A3(d1, t1, n1, d2, t2, n2, d3, t3, n3) t1 n1, t2 n2, t3 n3
#define A4(d1, t1, n1, d2, t2, n2, d3, t3, n3, d4, t4, n4) t1 n1, t2 n2, t3 n3, t4 n4
#define A5(d1, t1, n1, d2, t2, n2, d3, t3, n3, d4, t4, n4, d5, t5, n5) t1 n1, t2 n2, t3 n3, t4 n4, t5 n5
#define A6(d1, t1, n1, d2, t2, n2, d3, t3, n3, d4, t4, n4, d5, t5, n5, d6, t6, n6) \
    t1 n1, t2 n2, t3 n3, t4 n4, t5 n5, t6 n6
#define SYSCALL(nr, name, args) long sys_##name(args) __weak;
#include "kernel/syscall/table.def"
#undef SYSCALL
#undef A0
#undef A1
#undef A2
#undef A3
#undef A4
#undef A5
#undef A6
#define NR_SYSCALLS 512
