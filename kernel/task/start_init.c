/*
 * start_init.c: the first two processes. pid 1 unpacks the initramfs, opens the console as 0, 1 and
 * 2 and becomes the program init; pid 2 is the parent of all kernel threads.
 */
#include "kernel/boot/boot_info.h"
#include "kernel/debug/assert.h"
#include "kernel/fs/vfs.h"
#include "kernel/lib/err.h"
#include "kernel/lib/param.h"
#include "kernel/mm/page.h"
#include "kernel/task/task_internal.h"

static const char *init_path = "/init";
struct task_struct *kthreadd_task;

static int set_rdinit(const char *value)
{
    if (!*value)
        return -EINVAL;
    init_path = value;
    return 0;
}
KERNEL_PARAM("rdinit", set_rdinit);

static void release_archive(const void *start, size_t bytes)
{
    free_reserved_range(virt_to_phys(start), virt_to_phys(start) + bytes);
}

static void load_initramfs(void)
{
    size_t bytes = boot_info.initrd_end - boot_info.initrd_start;

    if (!bytes) {
        pr_err("initramfs: the boot loader gave none\n");
        return;
    }
    initramfs_release = release_archive;
    (void)unpack_initramfs(phys_to_virt(boot_info.initrd_start),
                           bytes); /* says itself what is wrong; what it made stays */
}

static void open_console(void)
{
    struct file *f = filp_open("/dev/console", O_RDWR, 0);

    if (IS_ERR(f)) {
        pr_warn("init: cannot open /dev/console: error %ld\n", -PTR_ERR(f));
        return;
    }
    for (int i = 0; i < 3; i++) {
        int fd = get_unused_fd_flags(0);

        if (fd < 0)
            break;
        get_file(f);
        fd_install(fd, f);
    }
    fput(f);
}

int start_init(void *unused)
{
    const char *argv[PARAM_INIT_MAX + 2] = {init_path};
    const char *envp[PARAM_INIT_MAX + 3] = {"HOME=/", "TERM=linux"};
    int err;

    load_initramfs();
    open_console();
    for (int i = 0; i < init_words.nargs; i++)
        argv[i + 1] = init_words.args[i];
    for (int i = 0; i < init_words.nenvs; i++)
        envp[i + 2] = init_words.envs[i];
    current->signal->flags |= SIGNAL_UNKILLABLE;
    pr_info("Run %s as init process\n", init_path);
    err = kernel_execve(init_path, argv, envp);
    if (err)
        panic("cannot run %s: error %d%s", init_path, -err,
              err == -ENOENT ? " (no such file: is it in the initramfs? rdinit= names another one)"
                             : "");
    return 0;
}

int kthreadd(void *unused)
{
    spin_lock_irq(&current->sighand->siglock);
    current->sighand->action[SIGCHLD - 1].sa_handler = SIG_IGN; /* kernel threads reap themselves */
    current->sighand->custom |= sigmask(SIGCHLD);
    spin_unlock_irq(&current->sighand->siglock);
    rcu_assign_pointer(kthreadd_task, current);
    sched_start_threads();
    for (;;) {
        set_current_state(TASK_INTERRUPTIBLE | TASK_NOLOAD);
        schedule();
        set_current_state(TASK_RUNNING);
    }
}
