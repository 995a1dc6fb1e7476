/* task_refs.c: references to what another task uses, for /proc and the like. Lock: the task's
 * alloc_lock. */
#include "kernel/fs/vfs.h"
#include "kernel/mm/mm.h"
#include "kernel/task/process.h"

struct mm_struct *get_task_mm(struct task_struct *t)
{
    struct mm_struct *mm;

    spin_lock(&t->alloc_lock);
    mm = t->mm;
    if (mm)
        mmget(mm);
    spin_unlock(&t->alloc_lock);
    return mm;
}

struct files_struct *get_task_files(struct task_struct *t)
{
    struct files_struct *files;

    spin_lock(&t->alloc_lock);
    files = t->files ? get_files(t->files) : NULL;
    spin_unlock(&t->alloc_lock);
    return files;
}

struct fs_struct *get_task_fs(struct task_struct *t)
{
    struct fs_struct *fs;

    spin_lock(&t->alloc_lock);
    fs = t->fs ? get_fs(t->fs) : NULL;
    spin_unlock(&t->alloc_lock);
    return fs;
}
