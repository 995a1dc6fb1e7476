/* /proc/PID/maps, cmdline, environ, auxv: what an address space holds. mmap_lock is held for
 * reading while maps is written; the buffer is kernel memory, so no fault can come in between. */
#include "kernel/fs/proc_internal.h"
#include "kernel/lib/string.h"
#include "kernel/mm/mm.h"
#include "kernel/mm/slab.h"

#define NAME_COLUMN 73
#define PATH_BYTES  4096

static const char *mapping_name(struct vm_area_struct *v, char *path)
{
    struct mm_struct *mm = v->vm_mm;

    if (v->vm_ops && v->vm_ops->name && v->vm_ops->name(v))
        return v->vm_ops->name(v);
    if (v->vm_file) {
        char *text = file_path(v->vm_file, path, PATH_BYTES);

        return IS_ERR(text) ? "" : text;
    }
    if (v->vm_start <= mm->brk && v->vm_end > mm->start_brk && mm->brk > mm->start_brk)
        return "[heap]";
    if (v->vm_start <= mm->start_stack && v->vm_end >= mm->start_stack)
        return "[stack]";
    return "";
}

static void show_vma(struct seq_buf *s, struct vm_area_struct *v, char *path)
{
    struct inode *inode = v->vm_file ? v->vm_file->f_inode : NULL;
    dev_t dev = inode && inode->i_sb ? inode->i_sb->s_dev : 0;
    const char *name = mapping_name(v, path);
    size_t start = s->len;

    seq_printf(s, "%08lx-%08lx %c%c%c%c %08lx %02x:%02x %lu ", v->vm_start, v->vm_end,
               v->vm_flags & VM_READ ? 'r' : '-', v->vm_flags & VM_WRITE ? 'w' : '-',
               v->vm_flags & VM_EXEC ? 'x' : '-', v->vm_flags & VM_SHARED ? 's' : 'p',
               inode ? v->vm_pgoff << PAGE_SHIFT : 0, MAJOR(dev), MINOR(dev),
               inode ? inode->i_ino : 0);
    if (*name) {
        while (s->len - start < NAME_COLUMN && !s->overflow)
            seq_putc(s, ' ');
        seq_puts(s, name);
    }
    seq_putc(s, '\n');
}

int proc_maps_show(struct seq_buf *s, struct task_struct *t)
{
    struct mm_struct *mm;
    struct vm_area_struct *v;
    char *path;

    mm = proc_get_mm(t);
    if (IS_ERR_OR_NULL(mm))
        return IS_ERR(mm) ? (int)PTR_ERR(mm) : 0;
    path = kmalloc(PATH_BYTES, GFP_KERNEL);
    if (path) {
        down_read(&mm->mmap_lock);
        list_for_each_entry(v, &mm->vmas, link)
            show_vma(s, v, path);
        up_read(&mm->mmap_lock);
        kfree(path);
    }
    mmput(mm);
    return path ? 0 : -ENOMEM;
}

/* Appends [start, end) of the space; stops at what cannot be read. */
static void append_range(struct seq_buf *s, struct mm_struct *mm, unsigned long start,
                         unsigned long end)
{
    char chunk[256];

    while (start < end && !s->overflow) {
        ssize_t got = mm_read(mm, start, chunk, min(end - start, sizeof(chunk)));

        if (got <= 0)
            return;
        seq_write(s, chunk, got);
        start += got;
    }
}

/* A program that overwrites its arguments may go on into the environment (setproctitle): then the
 * text ends at the first NUL. */
int proc_cmdline_show(struct seq_buf *s, struct task_struct *t)
{
    struct mm_struct *mm = get_task_mm(t);

    if (!mm)
        return 0;
    append_range(s, mm, mm->arg_start, mm->arg_end);
    if (s->len && s->buf[s->len - 1]) {
        append_range(s, mm, mm->env_start, mm->env_end);
        s->len = strnlen(s->buf, s->len);
    }
    mmput(mm);
    return 0;
}

int proc_environ_show(struct seq_buf *s, struct task_struct *t)
{
    struct mm_struct *mm = proc_get_mm(t);

    if (IS_ERR_OR_NULL(mm))
        return IS_ERR(mm) ? (int)PTR_ERR(mm) : 0;
    append_range(s, mm, mm->env_start, mm->env_end);
    mmput(mm);
    return 0;
}

int proc_auxv_show(struct seq_buf *s, struct task_struct *t)
{
    struct mm_struct *mm = proc_get_mm(t);
    size_t n = 0;

    if (IS_ERR_OR_NULL(mm))
        return IS_ERR(mm) ? (int)PTR_ERR(mm) : 0;
    while (n + 2 < ARRAY_SIZE(mm->saved_auxv) && mm->saved_auxv[n])
        n += 2;
    seq_write(s, mm->saved_auxv, (n + 2) * sizeof(u64));
    mmput(mm);
    return 0;
}
