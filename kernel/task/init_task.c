/*
 * init_task.c: the first task: the boot CPU's idle task, pid 0, and the first parent. Everything it
 * refers to is static. Other CPUs' idle tasks share its signal structures.
 */
#include "kernel/fs/vfs.h"
#include "kernel/mm/mm.h"
#include "kernel/task/task_internal.h"

#define INF                                                                                        \
    {                                                                                              \
        RLIM_INFINITY, RLIM_INFINITY                                                               \
    }
#define MEMLOCK_DEFAULT (8UL << 20)

static struct pid init_pid = {
    .count = 1, .task = &init_task, .wait_pidfd = WAIT_QUEUE_HEAD_INIT(init_pid.wait_pidfd)};

static struct sighand_struct init_sighand = {
    .count = 1,
    .siglock = SPINLOCK_INIT,
    .signalfd_wqh = WAIT_QUEUE_HEAD_INIT(init_sighand.signalfd_wqh),
};

static struct signal_struct init_signal = {
    .count = 1,
    .live = 1,
    .nr_threads = 1,
    .leader_task = &init_task,
    .thread_head = {&init_task.thread_node, &init_task.thread_node},
    .wait_chldexit = WAIT_QUEUE_HEAD_INIT(init_signal.wait_chldexit),
    .shared_queue = LIST_HEAD_INIT(init_signal.shared_queue),
    .timers_lock = MUTEX_INIT(init_signal.timers_lock),
    .posix_timers = LIST_HEAD_INIT(init_signal.posix_timers),
    .group_pid = &init_pid,
    .session_pid = &init_pid,
    .rlim =
        {
            INF,
            INF,
            INF,
            {8UL << 20, RLIM_INFINITY},
            {0, RLIM_INFINITY},
            INF,
            {0, 0},
            {1024, 4096},
            {MEMLOCK_DEFAULT, MEMLOCK_DEFAULT},
            INF,
            INF,
            {0, 0},
            {819200, 819200},
            {0, 0},
            {0, 0},
            INF,
        },
};

struct task_struct init_task = {
    .usage = 2,
    .flags = PF_KTHREAD,
    .state = TASK_RUNNING,
    .active_mm = &init_mm,
    .thread_pid = &init_pid,
    .group_leader = &init_task,
    .real_parent = &init_task,
    .parent = &init_task,
    .thread_node = {&init_signal.thread_head, &init_signal.thread_head},
    .children = LIST_HEAD_INIT(init_task.children),
    .sibling = LIST_HEAD_INIT(init_task.sibling),
    .fs = &init_fs,
    .files = &init_files,
    .signal = &init_signal,
    .sighand = &init_sighand,
    .pending_queue = LIST_HEAD_INIT(init_task.pending_queue),
    .task_works = LIST_HEAD_INIT(init_task.task_works),
    .sas_ss_flags = 2,
    .real_cred = &init_cred,
    .cred = &init_cred,
    .exit_signal = -1,
    .timer_slack_ns = 50000,
    .default_timer_slack_ns = 50000,
    .comm = "swapper/0",
};
