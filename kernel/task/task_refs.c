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

/* fs is looked at under the lock: a reference to it would count as another process that shares it (exec_cred.c). */
int get_task_path(struct task_struct *t, void (*get)(struct fs_struct *, struct path_s *), struct path_s *out)
{
    bool has_fs;

    spin_lock(&t->alloc_lock);
    has_fs = t->fs;
    if (has_fs)
        get(t->fs, out);
    spin_unlock(&t->alloc_lock);
    return has_fs ? 0 : -ENOENT;
}

int task_umask(struct task_struct *t)
{
    int mask;

    spin_lock(&t->alloc_lock);
    mask = t->fs ? (int)fs_umask(t->fs) : -1;
    spin_unlock(&t->alloc_lock);
    return mask;
}
