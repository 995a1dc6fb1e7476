/* task_struct and what it points to: the guide's process control block.
 *
 * Guards (key letters at the fields):
 *   o  the task itself while it runs, else whoever owns it by the state word (percpu/own.h)
 *   c  set once before publication          s  sighand->siglock
 *   t  tasklist writes: parent's and own signal lock rules of kernel/task/pid.h; readers RCU
 *   a  atomic: RMW by anyone                r  run-queue owner only
 * A task_struct is freed after a grace period: put_task_struct(). */
#pragma once
#include "kernel/lib/list.h"
#include "kernel/lib/sigset.h"
#include "kernel/lib/spinlock.h"
#include "kernel/sched/pi_task.h"
#include "kernel/sched/sched_entity.h"
#include "kernel/arch/x86/asm_offsets.h"
#include "kernel/arch/x86/thread.h"
#include "lockfree/rcu.h"

struct mm_struct;
struct fs_struct;
struct files_struct;
struct signal_struct;
struct sighand_struct;
struct cred;
struct nsproxy;
struct pid;
struct file;
struct sched_class;
struct kthread;

enum pid_type { PIDTYPE_PID, PIDTYPE_TGID, PIDTYPE_PGID, PIDTYPE_SID, PIDTYPE_MAX };

/* States that user space sees (guide, "State Definitions"). task->state mirrors the wake class of the state word; task_state() looks at both.
 * TASK_NEW: made by fork, in nobody's queue, its word WAKING: nothing but wake_up_new_task() wakes it. TASK_WAKING is never stored. */
#define TASK_RUNNING         0x00000000
#define TASK_INTERRUPTIBLE   0x00000001
#define TASK_UNINTERRUPTIBLE 0x00000002
#define TASK_STOPPED         0x00000004
#define TASK_TRACED          0x00000008
#define TASK_DEAD            0x00000010
#define TASK_WAKEKILL        0x00000020
#define TASK_WAKING          0x00000040
#define TASK_PARKED          0x00000080
#define TASK_NOLOAD          0x00000100
#define TASK_NEW             0x00000200
#define TASK_KILLABLE        (TASK_WAKEKILL | TASK_UNINTERRUPTIBLE)
#define TASK_NORMAL          (TASK_INTERRUPTIBLE | TASK_UNINTERRUPTIBLE)

/* task->work: reasons to leave the fast path on return to user mode. Set by RMW by anyone, cleared by the task. */
#define TIF_SIGPENDING 0x1u
#define TIF_NOTIFY     0x2u /* task work: deferred fput etc. */
#define TIF_RESTORE_FPU 0x4u
#define TIF_SINGLESTEP 0x8u
#define TIF_RESTORE_SIGMASK 0x10u
#define TIF_AFFINITY   0x20u
#define TIF_FULL_RETURN 0x40u /* pt_regs were edited: return by IRET; force_full_return() */
#define TIF_SLICE      0x100u /* a time slice extension is granted: kernel/task/rseq_slice.c */
/* 0x80: TIF_RSEQ, in kernel/arch/x86/asm_offsets.h: switched away or interrupted by membarrier(2) since it was last in user mode; only for
 * tasks that have registered an area (kernel/task/rseq.h) */

/* task->flags */
#define PF_EXITING     0x00000004
#define PF_FORKNOEXEC  0x00000040
#define PF_SUPERPRIV   0x00000100
#define PF_SIGNALED    0x00000400
#define PF_VFORK       0x00002000
#define PF_KTHREAD     0x00200000
#define PF_OOM_VICTIM  0x00400000
#define PF_NO_SETAFFINITY 0x04000000 /* bound: kthread_bind() */

#define TASK_COMM_LEN 16

/* Process statistics (guide). Times in ns, sizes in bytes; owner CPU writes, readers may see a value of a moment ago. */
struct task_stats {
    u64 start_time;
    u64 end_time;
    u64 user_time;
    u64 sys_time;
    u64 min_flt;
    u64 maj_flt;
    u64 nvcsw;
    u64 nivcsw;
    u64 inblock;
    u64 oublock;
    u64 rss;
    u64 vsize;
    u64 nswap;
    u64 cnswap;
};

struct restart_block {
    long (*fn)(struct restart_block *);
    u64 deadline_ns;
    union {
        struct { clockid_t clock; void __user *rmtp; } nanosleep;
        struct { u32 __user *uaddr; u32 val; u32 flags; u32 bitset; } futex;
        struct { void __user *ufds; int nfds; bool has_timeout; } poll;
    };
};

struct task_struct {
    /* ---- line 0: entry and switch; offsets are exported to assembly by kernel/arch/x86/asm_offsets.h ---- */
    u32 work;                /* a  TIF_* */
    u32 flags;               /* o  PF_* */
    void *stack;             /* c  lowest address of the kernel stack */
    unsigned long sp;        /* o  saved kernel stack pointer while switched out */
    struct mm_struct *mm;    /* o  NULL for kernel threads */
    struct mm_struct *active_mm; /* o */
    u32 preempt_count;       /* o  saved while switched out */
    volatile u32 state;      /* o  TASK_* */

    struct sched_entity se;  /* r  scheduling entity, wake and request nodes, run-queue data (kernel/sched/sched_entity.h) */
    struct sched_rt_entity rt; /* r */
    struct sched_dl_entity dl; /* r */
    struct pi_task pi;         /* its own guards */
    const struct sched_class *sched_class; /* r */
    int prio, static_prio, normal_prio; /* r  100..139 fair (120 = nice 0), 0..99 rt, -1 deadline */
    unsigned int rt_priority; /* r  1..99 */
    unsigned int policy;      /* r  SCHED_* */
    struct thread_struct thread; /* o  architecture-specific state */

    pid_t pid;               /* c  as seen in the initial namespace */
    pid_t tgid;              /* c */
    struct pid *thread_pid;  /* c */
    struct pid *pids[PIDTYPE_MAX]; /* t  PID and TGID; group and session are in signal->group_pid, session_pid */

    struct task_struct *group_leader; /* t */
    struct list_head thread_node;     /* t  in signal->thread_head */
    struct task_struct *real_parent;  /* t  rcu */
    struct task_struct *parent;       /* t  rcu; the tracer when traced */
    struct list_head children;        /* t  of the process: on the group leader, under signal->child_lock */
    struct list_head sibling;         /* t */

    spinlock_t alloc_lock;            /* mm, files, fs against other tasks that look: get_task_mm() and the like */
    struct fs_struct *fs;
    struct files_struct *files;
    struct signal_struct *signal;     /* c */
    struct sighand_struct *sighand;
    sigset_t blocked;                 /* o writes, under siglock */
    sigset_t real_blocked;
    sigset_t saved_sigmask;           /* o  with TIF_RESTORE_SIGMASK */
    struct list_head pending_queue;   /* s  struct sigqueue */
    sigset_t pending_set;             /* s */
    unsigned long sas_ss_sp;          /* o */
    size_t sas_ss_size;
    unsigned sas_ss_flags;
    bool stop_work;                   /* s  has to take part in a group stop */
    bool stopped;                     /* s  takes part: sleeps until SIGCONT or SIGKILL clears it */
    bool stop_taken;                  /* s  has taken a stop signal and not begun the stop: SIGCONT clears it */
    struct restart_block restart;     /* o */

    const struct cred *real_cred;     /* rcu */
    const struct cred *cred;          /* rcu */
    struct nsproxy *nsproxy;

    int exit_state;                   /* t  0, EXIT_ZOMBIE 32, EXIT_DEAD 16 */
    int exit_code;
    int exit_signal;                  /* c  sent to the parent; -1 for threads */
    int pdeath_signal;
    unsigned ptrace;
    struct task_struct *vfork_parent; /* waits in vfork_done */
    void *vfork_done;                 /* a  struct completion *, taken by xchg by whoever ends the wait first */
    int __user *set_child_tid;
    int __user *clear_child_tid;
    void __user *robust_list;         /* struct robust_list_head */
    void __user *rseq;                /* o  the registered area of rseq(2), NULL */
    u32 rseq_sig;                     /* o */
    bool slice_enabled;               /* o  it may ask for time slice extensions: rseq_slice.c */
    u64 slice_switches;               /* o  how often it had been switched away when one was granted */
    struct list_head task_works;      /* o */

    u64 start_time;                   /* c  monotonic ns */
    u64 real_start_time;              /* c  boottime ns */
    u64 utime;                        /* ns, a  the most that was said: cputime.c */
    u64 stime;
    u64 gtime;
    struct task_stats stats;
    u64 timer_slack_ns;               /* attr_lock for others; how much later a sleep may end; 0: a real-time or deadline task */
    u64 default_timer_slack_ns;       /* c  what it inherited: 0 given to prctl(PR_SET_TIMERSLACK) goes back to it */
    int oom_score_adj;
    unsigned personality;
    bool no_new_privs;
    bool did_exec;
    char comm[TASK_COMM_LEN];         /* o writes */
    u64 seccomp_filters;              /* 0: none */
    struct kthread *kthread;          /* c  NULL: no thread of kernel/sched/kthread.c */

    u32 usage;                        /* a  reference count */
    struct rcu_head rcu;              /* for the deferred free; its next links free tasks */
} __aligned(64);

DECLARE_PER_CPU(struct task_struct *, current_task); /* ANYWHERE; written by the switch */
static __always_inline struct task_struct *get_current(void)
{
    return this_cpu_read_stable(current_task);
}
#define current get_current()

static inline void set_tsk_work(struct task_struct *t, u32 bits) { (void)atomic_fetch_or_full(&t->work, bits); }
static inline void clear_work(u32 bits) { (void)atomic_fetch_and_relaxed(&current->work, ~bits); }
static inline bool signal_pending(const struct task_struct *t) { return atomic_load_relaxed(&t->work) & TIF_SIGPENDING; }
bool fatal_signal_pending(const struct task_struct *t); /* SIGKILL pending; kernel/signal */
/* A signal ends t's wait in that state: any one if it is interruptible, SIGKILL if it is killable. */
static inline bool signal_pending_state(unsigned state, const struct task_struct *t)
{
    if (!(state & (TASK_INTERRUPTIBLE | TASK_WAKEKILL)) || !signal_pending(t))
        return false;
    return (state & TASK_INTERRUPTIBLE) || fatal_signal_pending(t);
}

/* The state of the guide; a hint to all but who holds t. t->state changes where t arrives, the state word (percpu/own.h) when t is woken: in
 * between, in the waker's hands or in an inbox, t is TASK_WAKING; one woken before it gave its CPU away runs on. */
static inline u32 task_state(const struct task_struct *t)
{
    enum own_state s = OWN_STATE(own_read(&t->se.rq.own));
    u32 state = READ_ONCE(t->state);

    if (s == OWN_WAKING && state != TASK_NEW)
        return TASK_WAKING;
    return s == OWN_WOKEN ? TASK_RUNNING : s == OWN_DEAD ? TASK_DEAD : state;
}

static inline void get_task_struct(struct task_struct *t) { atomic_inc_relaxed(&t->usage); }
/* For a task found under RCU only: false when its last reference is gone already. */
static inline bool tryget_task_struct(struct task_struct *t)
{
    u32 n = atomic_load_relaxed(&t->usage);

    while (n && !atomic_cas_acquire(&t->usage, &n, n + 1))
        ;
    return n != 0;
}
void free_task_struct(struct task_struct *t); /* queues the free behind a grace period; call through put_task_struct */
static inline void put_task_struct(struct task_struct *t)
{
    if (atomic_dec_and_test_full(&t->usage))
        free_task_struct(t);
}

#define KSTACK_SIZE 16384UL
struct pt_regs;
/* User registers of a task: at the top of its kernel stack. */
#define task_pt_regs(t) ((struct pt_regs *)((char *)(t)->stack + KSTACK_SIZE) - 1)
#define current_pt_regs() task_pt_regs(current)

extern struct task_struct init_task; /* the boot CPU's idle task, pid 0 */
