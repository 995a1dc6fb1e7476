/* Signals: structures of the guide and the interface of kernel/signal/. siglock (sighand->siglock) is taken with
 * interrupts off; it nests inside the pid/tasklist locks. */
#pragma once
#include "kernel/sched/wait.h"
#include "kernel/time/ktime.h"

#define SIGHUP 1
#define SIGINT 2
#define SIGQUIT 3
#define SIGILL 4
#define SIGTRAP 5
#define SIGABRT 6
#define SIGBUS 7
#define SIGFPE 8
#define SIGKILL 9
#define SIGUSR1 10
#define SIGSEGV 11
#define SIGUSR2 12
#define SIGPIPE 13
#define SIGALRM 14
#define SIGTERM 15
#define SIGSTKFLT 16
#define SIGCHLD 17
#define SIGCONT 18
#define SIGSTOP 19
#define SIGTSTP 20
#define SIGTTIN 21
#define SIGTTOU 22
#define SIGURG 23
#define SIGXCPU 24
#define SIGXFSZ 25
#define SIGVTALRM 26
#define SIGPROF 27
#define SIGWINCH 28
#define SIGIO 29
#define SIGPWR 30
#define SIGSYS 31
#define SIGRTMIN 32
#define _NSIG 64

#define SI_USER 0
#define SI_KERNEL 0x80
#define SI_QUEUE (-1)
#define SI_TIMER (-2)
#define SI_TKILL (-6)
#define CLD_EXITED 1
#define CLD_KILLED 2
#define CLD_DUMPED 3
#define CLD_TRAPPED 4
#define CLD_STOPPED 5
#define CLD_CONTINUED 6
#define SEGV_MAPERR 1
#define SEGV_ACCERR 2
#define BUS_ADRALN 1
#define BUS_ADRERR 2
#define FPE_INTDIV 1
#define ILL_ILLOPN 2
#define TRAP_BRKPT 1
#define TRAP_TRACE 2

/* Linux's 128-byte layout. */
struct siginfo {
    int si_signo, si_errno, si_code, pad_;
    union {
        char pad[112];
        struct { pid_t si_pid; uid_t si_uid; } _kill;
        struct { int si_tid, si_overrun; u64 si_value; } _timer;
        struct { pid_t si_pid; uid_t si_uid; u64 si_value; } _rt;
        struct { pid_t si_pid; uid_t si_uid; int si_status; s64 si_utime, si_stime; } _sigchld;
        struct { void __user *si_addr; short si_addr_lsb; } _sigfault;
        struct { s64 si_band; int si_fd; } _sigpoll;
        struct { void __user *call_addr; int syscall; unsigned arch; } _sigsys;
    } _sifields;
};
typedef struct siginfo siginfo_t;

/* rt_sigaction(2) of x86-64. */
struct sigaction {
    void __user *sa_handler;
    unsigned long sa_flags;
    void __user *sa_restorer;
    sigset_t sa_mask;
};
#define SA_NOCLDSTOP 1UL
#define SA_NOCLDWAIT 2UL
#define SA_SIGINFO 4UL
#define SA_RESTORER 0x04000000UL
#define SA_ONSTACK 0x08000000UL
#define SA_RESTART 0x10000000UL
#define SA_NODEFER 0x40000000UL
#define SA_RESETHAND 0x80000000UL
#define SIG_DFL ((void *)0)
#define SIG_IGN ((void *)1)

struct sighand_struct {
    u32 count; /* atomic */
    spinlock_t siglock;
    struct sigaction action[_NSIG];
    wait_queue_head_t signalfd_wqh;
};

struct rusage_acc { u64 utime, stime, minflt, majflt, nvcsw, nivcsw, inblock, oublock, maxrss_kb; };
struct rlimit { u64 rlim_cur, rlim_max; };
#define RLIM_NLIMITS 16
#define RLIMIT_CPU 0
#define RLIMIT_FSIZE 1
#define RLIMIT_DATA 2
#define RLIMIT_STACK 3
#define RLIMIT_CORE 4
#define RLIMIT_NPROC 6
#define RLIMIT_NOFILE 7
#define RLIMIT_MEMLOCK 8
#define RLIMIT_AS 9
#define RLIMIT_SIGPENDING 11
#define RLIMIT_MSGQUEUE 12
#define RLIMIT_NICE 13
#define RLIMIT_RTPRIO 14
#define RLIM_INFINITY (~0UL)

struct tty_struct;
/* Shared by the threads of a process; guard: siglock unless said otherwise. */
struct signal_struct {
    u32 count;                    /* atomic */
    u32 live;                     /* atomic: threads that have not exited */
    int nr_threads;
    struct list_head thread_head;
    wait_queue_head_t wait_chldexit;
    struct task_struct *curr_target;
    struct list_head shared_queue;
    sigset_t shared_set;
    int group_exit_code;
    unsigned flags;               /* SIGNAL_* */
    struct task_struct *group_exec_task;
    int group_stop_count, notify_count;
    pid_t pgrp, session;          /* numbers; struct pid links are in task->pids */
    int leader;                   /* session leader */
    struct tty_struct *tty;       /* controlling terminal */
    struct rlimit rlim[RLIM_NLIMITS];
    struct rusage_acc self_dead;  /* of threads that exited */
    struct rusage_acc children;   /* of reaped children */
    struct hrtimer real_timer;
    s64 it_real_interval;
    s64 it_virt_value, it_virt_interval, it_prof_value, it_prof_interval;
    u64 maxrss_kb;
    int oom_score_adj;
    bool is_child_subreaper;
    struct list_head posix_timers;
    u32 next_timer_id;
};
#define SIGNAL_STOP_STOPPED   0x1u
#define SIGNAL_STOP_CONTINUED 0x2u
#define SIGNAL_GROUP_EXIT     0x4u
#define SIGNAL_CLD_STOPPED    0x10u
#define SIGNAL_CLD_CONTINUED  0x20u
#define SIGNAL_UNKILLABLE     0x40u
#define EXIT_DEAD 16
#define EXIT_ZOMBIE 32

#define SEND_SIG_NOINFO ((struct siginfo *)0) /* as from kill() by current */
#define SEND_SIG_PRIV   ((struct siginfo *)1) /* from the kernel */
/* 0, -EAGAIN (RLIMIT_SIGPENDING), -EINVAL. To the thread t / to t's whole process. Any context but NMI. */
int send_sig_info(int sig, struct siginfo *info, struct task_struct *t);
int group_send_sig_info(int sig, struct siginfo *info, struct task_struct *t);
int send_sig(int sig, struct task_struct *t, int priv);
int kill_pgrp(struct pid *pgrp, int sig, int priv);
/* A fault of current: cannot be ignored or blocked (then it kills). */
void force_sig_fault(int sig, int code, void __user *addr);
void force_sig(int sig);
void force_sigsegv(int sig);
/* On the way to user mode with TIF_SIGPENDING (or to restart a call). Interrupts on. */
void do_signal(struct pt_regs *regs);
void recalc_sigpending(void); /* under siglock */
/* Signals blocked except `mask` until return to user mode (ppoll, sigsuspend). */
int set_user_sigmask(const sigset_t __user *mask, size_t size);
void restore_saved_sigmask_unless(bool interrupted);
static inline bool signal_pending_state(unsigned state, struct task_struct *t)
{
    if (!(state & (TASK_INTERRUPTIBLE | TASK_WAKEKILL)) || !signal_pending(t))
        return false;
    return (state & TASK_INTERRUPTIBLE) || fatal_signal_pending(t);
}
static inline u64 rlimit(unsigned r) { return atomic_load_relaxed(&current->signal->rlim[r].rlim_cur); }
