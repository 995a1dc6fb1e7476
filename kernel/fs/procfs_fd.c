/* /proc/PID/fd, fdinfo and the magic links exe, cwd, root: they lead to the object itself, not to
 * its name. */
#include "kernel/fs/fs_internal.h"
#include "kernel/fs/proc_internal.h"
#include "kernel/lib/fmt.h"
#include "kernel/lib/string.h"
#include "kernel/mm/mm.h"
#include "kernel/mm/slab.h"
#include "kernel/task/process.h"

#define LINK_BYTES 4096

/* ---- links ---- */
/* The text of a link whose path is known: what d_path says. */
static ssize_t path_text(const struct path_s *p, char *out, size_t n)
{
    char *buf = kmalloc(LINK_BYTES, GFP_KERNEL), *text;
    ssize_t len;

    if (!buf)
        return -ENOMEM;
    text = d_path(p, buf, LINK_BYTES);
    len = IS_ERR(text) ? PTR_ERR(text) : (ssize_t)min(strlen(text), n);
    if (len > 0)
        memcpy(out, text, len);
    kfree(buf);
    return len;
}

static ssize_t link_text(struct dentry *d, char *buf, size_t n)
{
    struct path_s p;
    int err = d->d_inode->i_op->get_path(d, &p);
    ssize_t len;

    if (err)
        return err;
    len = path_text(&p, buf, n);
    path_put(&p);
    return len;
}

static int with_task(struct dentry *d, struct path_s *out,
                     int (*get)(struct task_struct *, struct path_s *))
{
    struct task_struct *t = proc_get_task(d->d_inode);
    int err;

    if (!t)
        return -ENOENT;
    err = proc_may_access(t) ? get(t, out) : -EACCES;
    put_task_struct(t);
    return err;
}

static int exe_of(struct task_struct *t, struct path_s *out)
{
    struct mm_struct *mm = get_task_mm(t);
    struct file *exe;
    int err = -ENOENT;

    if (!mm)
        return -ENOENT;
    exe = READ_ONCE(mm->exe_file); /* set once, lives as long as the space */
    if (exe)
        err = file_get_path(exe, out);
    mmput(mm);
    return err;
}

static int cwd_of(struct task_struct *t, struct path_s *out)
{
    return get_task_path(t, get_fs_pwd, out);
}

static int root_of(struct task_struct *t, struct path_s *out)
{
    return get_task_path(t, get_fs_root, out);
}

static int exe_path(struct dentry *d, struct path_s *out)
{
    return with_task(d, out, exe_of);
}
static int cwd_path(struct dentry *d, struct path_s *out)
{
    return with_task(d, out, cwd_of);
}
static int root_path(struct dentry *d, struct path_s *out)
{
    return with_task(d, out, root_of);
}
const struct inode_operations proc_exe_iops = {.get_path = exe_path, .readlink = link_text};
const struct inode_operations proc_cwd_iops = {.get_path = cwd_path, .readlink = link_text};
const struct inode_operations proc_root_iops = {.get_path = root_path, .readlink = link_text};

/* ---- descriptors ---- */
/* The open file behind a descriptor; referenced. */
static struct file *file_of_pid(struct pid *pid, unsigned fd)
{
    struct task_struct *t = proc_pid_task(pid);
    struct files_struct *files = t && proc_may_access(t) ? get_task_files(t) : NULL;
    struct file *f = NULL;

    if (files) {
        f = files_lookup_get(files, fd);
        put_files(files);
    }
    if (t)
        put_task_struct(t);
    return f;
}

static struct file *file_of(struct inode *inode)
{
    return file_of_pid(proc_pid_of(inode)->pid, proc_pid_of(inode)->fd);
}

static int fd_path(struct dentry *d, struct path_s *out)
{
    struct file *f = file_of(d->d_inode);
    int err;

    if (!f)
        return -ENOENT;
    err = file_get_path(f, out);
    fput(f);
    return err;
}

static ssize_t fd_text(struct dentry *d, char *out, size_t n)
{
    struct file *f = file_of(d->d_inode);
    char *buf, *text;
    ssize_t len = -ENOMEM;

    if (!f)
        return -ENOENT;
    buf = kmalloc(LINK_BYTES, GFP_KERNEL);
    if (buf) {
        text = file_path(f, buf, LINK_BYTES);
        len = IS_ERR(text) ? PTR_ERR(text) : (ssize_t)min(strlen(text), n);
        if (len > 0)
            memcpy(out, text, len);
        kfree(buf);
    }
    fput(f);
    return len;
}

static const struct inode_operations fd_link_iops = {.get_path = fd_path, .readlink = fd_text};

static int fill_fdinfo(struct seq_buf *s, struct inode *inode)
{
    struct proc_pid_inode *p = proc_pid_of(inode);
    struct task_struct *t = proc_get_task(inode);
    struct files_struct *files = t ? get_task_files(t) : NULL;
    struct file *f = files ? files_lookup_get(files, p->fd) : NULL;
    u32 flags = f ? f->f_flags : 0;

    if (f) {
        if (files_fd_cloexec(files, p->fd))
            flags |= O_CLOEXEC;
        seq_printf(s, "pos:\t%ld\nflags:\t0%o\nmnt_id:\t%d\nino:\t%lu\n", f->f_pos, flags,
                   f->f_path.mnt ? f->f_path.mnt->id : 0, f->f_inode->i_ino);
        fput(f);
    }
    if (files)
        put_files(files);
    if (t)
        put_task_struct(t);
    return f ? 0 : -ENOENT;
}

static int fdinfo_open(struct inode *inode, struct file *f)
{
    return text_open(f, fill_fdinfo);
}

static const struct file_operations fdinfo_fops = {
    .open = fdinfo_open,
    .read = text_read,
    .release = text_release,
    .llseek = generic_file_llseek,
};
/* By what the file may do, as Linux shows in the link's mode. */
static const struct pid_entry fd_entries[4] = {
    {.name = "", .mode = S_IFLNK | 0100, .iops = &fd_link_iops},
    {.name = "", .mode = S_IFLNK | 0500, .iops = &fd_link_iops},
    {.name = "", .mode = S_IFLNK | 0300, .iops = &fd_link_iops},
    {.name = "", .mode = S_IFLNK | 0700, .iops = &fd_link_iops},
};
static const struct pid_entry fdinfo_entry = {
    .name = "", .mode = S_IFREG | 0400, .fops = &fdinfo_fops};

/* The descriptor's number and what its file may do; false if it is not open. */
static bool parse_fd(struct inode *dir, const char *name, unsigned *fd, u32 *mode)
{
    const char *end;
    u64 nr = strtou64(name, &end, 10);
    struct file *f;

    if (*end || !*name || nr > INT_MAX || (name[0] == '0' && name[1]))
        return false;
    *fd = (unsigned)nr;
    f = file_of_pid(proc_pid_of(dir)->pid, *fd);
    if (!f)
        return false;
    *mode = f->f_mode & (FMODE_READ | FMODE_WRITE);
    fput(f);
    return true;
}

static struct dentry *lookup(struct inode *dir, struct dentry *child, const struct pid_entry *info)
{
    struct inode *inode;
    unsigned fd;
    u32 mode;

    if (!parse_fd(dir, child->d_name, &fd, &mode))
        return NULL;
    inode = proc_pid_make_inode(dir->i_sb, proc_pid_of(dir)->pid, info ? info : &fd_entries[mode],
                                fd, false);
    if (!inode)
        return ERR_PTR(-ENOMEM);
    d_instantiate(child, inode);
    return NULL;
}

static struct dentry *fd_lookup(struct inode *dir, struct dentry *child)
{
    return lookup(dir, child, NULL);
}

static struct dentry *fdinfo_lookup(struct inode *dir, struct dentry *child)
{
    return lookup(dir, child, &fdinfo_entry);
}

static int iterate(struct file *f, struct dir_context *ctx, unsigned type)
{
    struct task_struct *t = proc_get_task(f->f_inode);
    struct files_struct *files;
    int fd;

    if (!t)
        return -ENOENT;
    files = proc_may_access(t) ? get_task_files(t) : NULL;
    put_task_struct(t);
    if (!files)
        return 0;
    while (dir_emit_dots(f, ctx) && (fd = files_next_fd(files, (unsigned)(ctx->pos - 2))) >= 0) {
        char name[12];
        int len = scnprintf(name, sizeof(name), "%d", fd);

        if (!ctx->actor(ctx, name, len, fd + 2, f->f_inode->i_ino + fd + 1, type))
            break;
        ctx->pos = fd + 3;
    }
    put_files(files);
    return 0;
}

static int fd_iterate(struct file *f, struct dir_context *ctx)
{
    return iterate(f, ctx, S_IFLNK >> 12);
}
static int fdinfo_iterate(struct file *f, struct dir_context *ctx)
{
    return iterate(f, ctx, S_IFREG >> 12);
}
const struct inode_operations proc_fd_dir_iops = {.lookup = fd_lookup};
const struct inode_operations proc_fdinfo_dir_iops = {.lookup = fdinfo_lookup};
const struct file_operations proc_fd_dir_fops = {.iterate = fd_iterate, .llseek = proc_dir_llseek};
const struct file_operations proc_fdinfo_dir_fops = {.iterate = fdinfo_iterate,
                                                     .llseek = proc_dir_llseek};
