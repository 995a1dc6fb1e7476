/*
 * exec.c: executing programs. The new space is built completely beside the old one; what fails
 * before exec_commit() leaves the caller as it was, except that a program which cannot be mapped
 * kills it with SIGSEGV as on Linux, where that happens after the old space is gone. The old space
 * is torn down after the new one is in use.
 */
#include "kernel/arch/x86/switch.h"
#include "kernel/dev/random.h"
#include "kernel/fs/vfs.h"
#include "kernel/lib/fmt.h"
#include "kernel/lib/param.h"
#include "kernel/lib/string.h"
#include "kernel/mm/slab.h"
#include "kernel/arch/x86/uaccess.h"
#include "kernel/signal/posix_timer.h"
#include "kernel/syscall/syscalls.h"
#include "kernel/task/binprm.h"
#include "kernel/task/rseq.h"

#define ADDR_NO_RANDOMIZE  0x40000u
#define PER_CLEAR_ON_SETID 0x7c40000u

static bool no_randomize;

static int set_no_randomize(const char *value)
{
    no_randomize = true;
    return 0;
}
KERNEL_PARAM("norandmaps", set_no_randomize);

/* Whoever runs a program with more rights than his does not choose its addresses. */
unsigned long exec_random(const struct binprm *b, unsigned bits)
{
    u64 v = 0;

    if (no_randomize || (!b->secure && current->personality & ADDR_NO_RANDOMIZE))
        return 0;
    get_random_bytes(&v, DIV_ROUND_UP(bits, 8)); /* random bytes are not cheap */
    return v & (BIT(bits) - 1);
}

/* An open file of the program itself is marked before it is mapped: its last fput allows writers
 * again. The mark is not for interpreters, which may be replaced while programs use them. */
static struct file *open_marked(int dfd, const char *path, int flags)
{
    struct file *f = open_exec_at(dfd, path, flags);

    if (!IS_ERR(f))
        f->f_mode |= FMODE_EXEC;
    return f;
}

static void close_program(struct file **f)
{
    if (*f) {
        if (!((*f)->f_mode & FMODE_EXEC))
            allow_write_access(*f);
        fput(*f);
    }
    *f = NULL;
}

static void binprm_free(struct binprm *b)
{
    if (b->mm)
        mmput(b->mm);
    if (b->cred)
        abort_creds(b->cred);
    close_program(&b->file);
    close_program(&b->interp);
    strings_free(&b->strings);
    kfree(b->name);
}

static int read_header(struct binprm *b)
{
    b->header_bytes = kernel_read(b->file, b->header, sizeof(b->header), 0);
    return b->header_bytes < 0 ? (int)b->header_bytes : 0;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* "#! interpreter [one argument]": splits the first line in place. -ENOEXEC. */
static int parse_script(char *line, size_t n, char **interp, char **arg)
{
    char *end = memchr(line, '\n', n), *p = line + 2;

    if (!end) {
        /* The file ends here, or the line is cut off: then the interpreter's name must be whole. */
        end = line + (n < 256 ? n : 255);
        for (char *q = p; q <= end; q++)
            if (!is_blank(*q)) {
                while (q < end && !is_blank(*q) && *q)
                    q++;
                if (q == end && n == 256)
                    return -ENOEXEC;
                break;
            }
    }
    while (end > p && is_blank(end[-1]))
        end--;
    *end = 0;
    while (is_blank(*p))
        p++;
    if (!*p)
        return -ENOEXEC;
    *interp = p;
    while (*p && !is_blank(*p))
        p++;
    *arg = NULL;
    if (*p) {
        *p++ = 0;
        while (is_blank(*p))
            p++;
        *arg = p;
    }
    return 0;
}

/* argv[0] gives way to: interpreter, its argument, the script's own path. */
static int push_script_words(struct binprm *b, const char *interp, const char *arg,
                             const char *script)
{
    int err;

    strings_drop_front(&b->strings);
    err = strings_push_front(&b->strings, script);
    if (!err && arg)
        err = strings_push_front(&b->strings, arg);
    return err ? err : strings_push_front(&b->strings, interp);
}

static int follow_script(struct binprm *b, char **script)
{
    char line[257], *interp, *arg;
    size_t n = min((size_t)b->header_bytes, (size_t)256);
    struct file *next;
    int err;

    memcpy(line, b->header, n);
    line[n] = 0;
    err = parse_script(line, n, &interp, &arg);
    if (!err)
        err = push_script_words(b, interp, arg, *script);
    if (err)
        return err;
    next = open_marked(AT_FDCWD, interp, 0);
    if (IS_ERR(next))
        return (int)PTR_ERR(next);
    close_program(&b->file);
    b->file = next;
    if (*script != b->name)
        kfree(*script);
    *script = kstrdup(interp, GFP_KERNEL);
    return *script ? read_header(b) : -ENOMEM;
}

/* Follows "#!" lines to the program that is really loaded. */
static int find_program(struct binprm *b)
{
    char *script = b->name;
    int err = read_header(b);

    for (int depth = 0; !err && b->header_bytes >= 2 && b->header[0] == '#' && b->header[1] == '!';
         depth++)
        err = depth < MAX_SCRIPT_DEPTH ? follow_script(b, &script) : -ELOOP;
    if (script != b->name)
        kfree(script);
    return err ? err : elf_check(b);
}

static void set_mmap_base(const struct binprm *b)
{
    u64 gap = rlimit(RLIMIT_STACK);

    gap = min(max(gap, (u64)128 << 20), (u64)(TASK_SIZE / 6 * 5));
    b->mm->mmap_base = ALIGN_DOWN(TASK_SIZE - gap - (exec_random(b, 22) << PAGE_SHIFT) -
                                      (exec_random(b, 28) << PAGE_SHIFT),
                                  PAGE_SIZE);
}

static int build_space(struct binprm *b)
{
    int err;

    b->mm = mm_alloc();
    if (!b->mm)
        return -ENOMEM;
    set_mmap_base(b);
    err = elf_load(b);
    return err ? err : exec_build_stack(b);
}

/* Linux finds these errors when there is nothing to go back to. */
static int cannot_map(int err)
{
    if (err != -ELIBBAD && !fatal_signal_pending(current)) {
        spin_lock_irq(&current->sighand->siglock);
        current->sighand->action[SIGSEGV - 1].sa_handler = SIG_DFL;
        spin_unlock_irq(&current->sighand->siglock);
        force_sig(SIGSEGV);
    }
    return err;
}

/* Not with rights that were gained, not where who calls has others than its user, not where it may not read what it runs. */
static bool stays_dumpable(const struct binprm *b)
{
    const struct cred *c = current_cred();

    return !(b->cred && b->secure) && c->uid == c->euid && c->gid == c->egid && !inode_permission(b->file->f_inode, MAY_READ);
}

/* The new space is seen by others before the rights change: who may look into this process may not write into a program with more. */
static void switch_space(struct binprm *b)
{
    struct mm_struct *old;

    b->dumpable = stays_dumpable(b);
    b->mm->dumpable = b->dumpable;
    b->mm->exe_file = b->file;
    b->file = NULL;
    mm_release(current);
    spin_lock(&current->alloc_lock);
    old = exec_mmap_switch(b->mm);
    spin_unlock(&current->alloc_lock);
    b->mm = NULL;
    if (old) {
        u64 kb = max(old->hiwater_rss, get_mm_rss(old)) << (PAGE_SHIFT - 10);

        current->signal->maxrss_kb = max(current->signal->maxrss_kb, kb);
        mmput(old);
    }
}

static void reset_process(struct binprm *b)
{
    current->flags &= ~(PF_FORKNOEXEC | PF_KTHREAD | PF_VFORK);
    current->did_exec = true;
    if (b->secure)
        current->personality &= ~PER_CLEAR_ON_SETID;
    memcpy(current->comm, b->comm, sizeof(current->comm));
    current->sas_ss_sp = current->sas_ss_size = 0;
    current->sas_ss_flags = 2; /* SS_DISABLE */
    current->robust_list = NULL;
    rseq_exec();
    current->restart.fn = NULL;
    flush_signal_handlers(current, false);
    if (!list_empty(&current->signal->posix_timers))
        exit_posix_timers(current->signal);
    close_on_exec_files(current->files);
}

/* From the first line on that changes current nothing can fail but by a fatal signal. */
static int exec_commit(struct binprm *b)
{
    struct sighand_struct *fresh = NULL;
    int err = unshare_files();

    if (!err && b->cred && b->secure && !capable(CAP_SETUID))
        err = unshare_fs(); /* nobody moves the root of a program with more rights than his */
    if (!err)
        err = exec_new_sighand(&fresh);
    if (!err)
        err = de_thread();
    if (err) {
        exec_drop_sighand(fresh);
        return err;
    }
    exec_unshare_sighand(fresh);
    switch_space(b);
    exec_commit_creds(b);
    reset_process(b);
    return start_thread(b->entry, b->sp);
}

static void set_comm(struct binprm *b, const char *path)
{
    const char *slash = strrchr(path, '/');

    memset(b->comm, 0, sizeof(b->comm));
    strlcpy(b->comm, slash ? slash + 1 : path, sizeof(b->comm));
}

/* The strings are in b->strings, the program is open. Consumes b. */
static int exec_opened(struct binprm *b)
{
    int err = strings_append_name(&b->strings, b->name);

    set_comm(b, b->name);
    if (!err)
        err = find_program(b);
    if (!err)
        err = exec_prepare_creds(b);
    if (!err) {
        sched_exec();
        err = build_space(b);
        if (err)
            err = cannot_map(err);
    }
    if (!err)
        err = exec_commit(b);
    binprm_free(b);
    return err;
}

static bool over_process_limit(void)
{
    const struct user_struct *u = current_cred()->user;

    return u->uid && u->processes > rlimit(RLIMIT_NPROC) && !capable(CAP_SYS_RESOURCE) &&
           !capable(CAP_SYS_ADMIN);
}

static int open_program(struct binprm *b, int dfd, int flags)
{
    b->file = open_marked(dfd, b->name, flags);
    if (!IS_ERR(b->file))
        return 0;
    flags = (int)PTR_ERR(b->file);
    b->file = NULL;
    return flags;
}

/* execveat: the name under which the program and its scripts can be opened again. */
static int name_by_fd(struct binprm *b, int dfd)
{
    char *name;

    if (dfd == AT_FDCWD || b->name[0] == '/')
        return 0;
    name = kmalloc(BINPRM_PATH_MAX + 32, GFP_KERNEL);
    if (!name)
        return -ENOMEM;
    snprintf(name, BINPRM_PATH_MAX + 32, b->name[0] ? "/dev/fd/%d/%s" : "/dev/fd/%d", dfd, b->name);
    kfree(b->name);
    b->name = name;
    return 0;
}

static int get_name(struct binprm *b, const char __user *uname, int flags)
{
    long n;

    b->name = kmalloc(BINPRM_PATH_MAX, GFP_KERNEL);
    if (!b->name)
        return -ENOMEM;
    n = strncpy_from_user(b->name, uname, BINPRM_PATH_MAX);
    if (n < 0)
        return (int)n;
    if (n == BINPRM_PATH_MAX)
        return -ENAMETOOLONG;
    return n || (flags & AT_EMPTY_PATH) ? 0 : -ENOENT;
}

static int exec_user(int dfd, const char __user *uname, const char __user *const __user *argv,
                     const char __user *const __user *envp, int flags)
{
    struct binprm b;
    int err;

    if (over_process_limit())
        return -EAGAIN;
    memset(&b, 0, offsetof(struct binprm, header));
    memset(&b.strings, 0, sizeof(b) - offsetof(struct binprm, strings));
    err = get_name(&b, uname, flags);
    if (!err)
        err = open_program(&b, dfd, flags);
    if (!err)
        err = name_by_fd(&b, dfd);
    if (!err)
        err = strings_init(&b.strings);
    if (!err)
        err = strings_from_user(&b.strings, argv, envp);
    if (!err)
        return exec_opened(&b);
    binprm_free(&b);
    return err;
}

int kernel_execve(const char *path, const char *const *argv, const char *const *envp)
{
    struct binprm b;
    int err;

    memset(&b, 0, sizeof(b));
    b.name = kstrdup(path, GFP_KERNEL);
    err = b.name ? open_program(&b, AT_FDCWD, 0) : -ENOMEM;
    if (!err)
        err = strings_init(&b.strings);
    if (!err)
        err = strings_from_kernel(&b.strings, argv, envp);
    if (!err)
        return exec_opened(&b);
    binprm_free(&b);
    return err;
}

long sys_execve(const char __user *name, const char __user *const __user *argv,
                const char __user *const __user *envp)
{
    return exec_user(AT_FDCWD, name, argv, envp, 0);
}

long sys_execveat(int fd, const char __user *name, const char __user *const __user *argv,
                  const char __user *const __user *envp, int flags)
{
    if (flags & ~(AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW))
        return -EINVAL;
    return exec_user(fd, name, argv, envp, flags);
}
