/* Signals: structures of the guide and the interface of kernel/signal/. siglock (sighand->siglock) is taken with
 * interrupts off; it nests inside the pid/tasklist locks. */
#pragma once
#include "kernel/lib/err.h"
#include "kernel/sched/wait.h"
#include "lockfree/rcu.h"
#include "lockfree/seqlock.h"
#include "kernel/sync/mutex.h"
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

/* All threads of a process have one from the first to the last, so that its siglock is the process's: exec may only replace it when the
 * caller is alone (after de_thread()), and does when `shared`. */
struct sighand_struct {
    u32 count; /* atomic: tasks that have not been freed */
    bool shared; /* was once given to another process (CLONE_SIGHAND without CLONE_THREAD); o of its only process until then */
    bool watched; /* somebody may have entered signalfd_wqh who outlives the tasks: an epoll */
    spinlock_t siglock;
    u64 custom; /* s  signals whose action differs from all-default: only these are copied by fork */
    struct rcu_head rcu;
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
#define RLIMIT_RTTIME 15
#define RLIM_INFINITY (~0UL)

struct tty_struct;
struct pt_regs;
struct user_struct;
struct pid;
/* Shared by the threads of a process; guard: siglock unless said otherwise. */
struct signal_struct {
    u32 count;                    /* atomic: tasks that have not been freed */
    u32 live;                     /* atomic: threads that have not exited */
    int nr_threads;               /* threads that have not been released */
    spinlock_t child_lock;        /* children and their exit_state; order: kernel/task/pid.c */
    bool children_gone;           /* under child_lock: exit has handed the children on, adopt none */
    pid_t ppid;                   /* number of the parent process; written under the parent's child_lock */
    struct task_struct *leader_task; /* group leader; changes in exec, under child_lock and siglock */
    struct list_head thread_head;
    wait_queue_head_t wait_chldexit;
    struct task_struct *curr_target;
    struct list_head shared_queue;
    sigset_t shared_set;
    int group_exit_code;
    unsigned flags;               /* SIGNAL_* */
    struct task_struct *group_exec_task;
    int group_stop_count, notify_count;
    pid_t pgrp, session;          /* numbers of the two below; written under siglock */
    struct pid *group_pid, *session_pid; /* referenced; rcu */
    int leader;                   /* session leader */
    struct tty_struct *tty;       /* controlling terminal */
    struct rlimit rlim[RLIM_NLIMITS];
    struct rusage_acc self_dead;  /* of threads that exited */
    struct seqcount unlinking;    /* a thread goes from thread_head to self_dead: written under siglock */
    u64 runtime_said;             /* atomic: the most that the process's CPU clock has shown, ns */
    struct rusage_acc children;   /* of reaped children */
    struct hrtimer real_timer;
    s64 it_real_interval;
    bool it_real_armed;
    bool cpu_timers;              /* something for itimer_tick() to look at */
    s64 it_virt_value, it_virt_interval, it_prof_value, it_prof_interval;
    u64 maxrss_kb;
    u64 debt;                     /* atomic: ticks of CPU time (kernel/sched/fair_debt.c) */
    int oom_score_adj;
    bool is_child_subreaper;
    struct mutex timers_lock;     /* one thread at a time sets, reads or deletes a timer of the process; order: before siglock */
    struct list_head posix_timers; /* timers_lock */
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
struct sigqueue {
    struct list_head list;
    u32 flags;               /* SIGQUEUE_PREALLOC: belongs to a timer */
    struct user_struct *user;
    void *timer;
    siginfo_t info;
};
#define SIGQUEUE_PREALLOC 1u
/* Locks the siglock of t's process: that of its leader as long as a thread of it is left, also when an exec took t's place or replaces the
 * sighand. Caller holds RCU or a reference. To be unlocked by what is returned: t->sighand may be another one. */
struct sighand_struct *lock_task_sighand(struct task_struct *t, unsigned long *flags);
static inline void unlock_task_sighand(struct sighand_struct *s, unsigned long flags)
{
    spin_unlock_irqrestore(&s->siglock, flags);
}
/* Under siglock: as send_sig_info, group: to the whole process. */
int send_signal_locked(int sig, struct siginfo *info, struct task_struct *t, bool group);
struct sigqueue *sigqueue_alloc(struct task_struct *t, bool override_limit);
void sigqueue_free(struct sigqueue *q);
/* Under siglock: queues a timer's own sigqueue; dropped when the signal is ignored. */
void send_prealloc_locked(struct sigqueue *q, struct task_struct *t, bool group);
void recalc_sigpending_task(struct task_struct *t);
struct ksignal { struct sigaction ka; siginfo_t info; int sig; };
bool get_signal(struct ksignal *ksig);      /* a signal with a handler; default actions are done inside */
int setup_rt_frame(struct ksignal *ksig, struct pt_regs *regs); /* sigframe.c: 0, -EFAULT */
/* Under siglock: takes the next signal that is not in `mask`; number or 0. */
int dequeue_signal(sigset_t *mask, siginfo_t *info);
void flush_sigqueue(struct list_head *queue, sigset_t *set); /* forgets what is pending; under siglock or unpublished */
void flush_sigqueue_mask(sigset_t mask, struct task_struct *t, bool group);
void signal_wake_up(struct task_struct *t, bool fatal);  /* under siglock */
bool sig_task_ignored(struct task_struct *t, int sig);
void zap_other_threads(struct task_struct *t);           /* under siglock: SIGKILL for every other thread of t's group */
int kill_pid(struct pid *pid, int sig, int priv);
int kill_pid_info(int sig, struct siginfo *info, struct pid *pid);
void set_current_blocked(sigset_t set);
bool current_is_single_threaded(void);
/* fork, exec, exit hooks. */
int copy_sighand(u64 clone_flags, struct task_struct *t);  /* 0, -ENOMEM */
int copy_signal(u64 clone_flags, struct task_struct *t);
/* exec, in this order: what can fail, while threads may be left: a sighand of one's own, NULL when the present one is; then, alone, taking it, which
 * may sleep; or giving it back. */
int exec_new_sighand(struct sighand_struct **fresh);
void exec_unshare_sighand(struct sighand_struct *fresh);
void exec_drop_sighand(struct sighand_struct *fresh);
void flush_signal_handlers(struct task_struct *t, bool force_default); /* exec */
void put_sighand(struct sighand_struct *s);
void put_signal(struct signal_struct *s);
void signal_init(void);
void sigqueue_init(void);
void exit_itimers(struct signal_struct *sig);              /* last thread: stops and frees all timers */
/* The notice of a state change to the parent; parent's child_lock held by caller. */
void do_notify_parent_cldstop(struct task_struct *t, int why);
int process_exit_code(const struct task_struct *leader);    /* wait status of a process that has ended */
bool do_notify_parent(struct task_struct *t, int sig);     /* true: the child reaps itself */
/* Called by the timer tick with interrupts off: virtual and profiling timers, RLIMIT_CPU and RLIMIT_RTTIME. */
void itimer_tick(bool user, u64 ns);
bool rlimits_count_time(const struct signal_struct *sig); /* a limit needs itimer_tick() */
/* Every signal to siginfo from user space: 0 or -EFAULT. */
int copy_siginfo_to_user(siginfo_t __user *to, const siginfo_t *from);
int copy_siginfo_from_user(siginfo_t *to, const siginfo_t __user *from);
#define SIG_KERNEL_ONLY_MASK (sigmask(SIGKILL) | sigmask(SIGSTOP))
#define SIG_KERNEL_STOP_MASK (sigmask(SIGSTOP) | sigmask(SIGTSTP) | sigmask(SIGTTIN) | sigmask(SIGTTOU))
#define SIG_KERNEL_COREDUMP_MASK                                                                   \
    (sigmask(SIGQUIT) | sigmask(SIGILL) | sigmask(SIGTRAP) | sigmask(SIGABRT) | sigmask(SIGFPE) |  \
     sigmask(SIGSEGV) | sigmask(SIGBUS) | sigmask(SIGSYS) | sigmask(SIGXCPU) | sigmask(SIGXFSZ))
#define SIG_KERNEL_IGNORE_MASK (sigmask(SIGCONT) | sigmask(SIGCHLD) | sigmask(SIGWINCH) | sigmask(SIGURG))
#define SIG_SYNCHRONOUS_MASK                                                                       \
    (sigmask(SIGSEGV) | sigmask(SIGBUS) | sigmask(SIGILL) | sigmask(SIGTRAP) | sigmask(SIGFPE) | sigmask(SIGSYS))
static inline u64 rlimit(unsigned r) { return atomic_load_relaxed(&current->signal->rlim[r].rlim_cur); }
