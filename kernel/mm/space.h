/* What the files of kernel/mm that deal with address spaces share with each other. */
#pragma once
#include "kernel/mm/mm.h"
#include "kernel/mm/pagecache.h"

#define FAULT_WRITE   1u
#define FAULT_SIGSEGV (-254) /* handle_mm_fault: the VMA does not allow it */
/* Serves one fault at addr inside vma; mmap_lock held for reading. 0, -EFAULT (SIGBUS), -ENOMEM,
 * FAULT_SIGSEGV. */
int handle_mm_fault(struct vm_area_struct *vma, unsigned long addr, unsigned flags);
/* Makes [start, end) present as far as the VMAs allow (MAP_POPULATE, mlock). mmap_lock held. 0 or
 * what failed. */
int mm_populate(struct mm_struct *mm, unsigned long start, unsigned long end);
/* Grows a stack VMA down to addr; mmap_lock held for writing. 0 or -ENOMEM. */
int expand_stack(struct vm_area_struct *vma, unsigned long addr);
/* The stack VMA above addr that may grow there, or NULL. mmap_lock held. */
struct vm_area_struct *stack_above(struct mm_struct *mm, unsigned long addr);

/* mmap_lock held for writing; [addr, addr + len) page aligned and inside the user half. 0 or
 * -ENOMEM. */
int do_munmap_locked(struct mm_struct *mm, unsigned long addr, unsigned long len);
/* Cuts VMAs so that [start, end) is made of whole ones. 0 or -ENOMEM. */
int vma_cut(struct mm_struct *mm, unsigned long start, unsigned long end);
/* Whether `pages` more fit RLIMIT_AS and, for data, RLIMIT_DATA; and the overcommit rule. */
bool may_expand_vm(const struct mm_struct *mm, unsigned long vm_flags, u64 pages);
bool may_expand_data(const struct mm_struct *mm, u64 pages); /* RLIMIT_DATA alone */
bool may_commit(unsigned long vm_flags, u64 pages);
/* 0, -EPERM, -EAGAIN, or `excess` when RLIMIT_MEMLOCK is crossed. */
int may_lock(const struct mm_struct *mm, u64 pages, int excess);
unsigned long find_free_range(struct mm_struct *mm, unsigned long hint,
                              unsigned long len); /* or -ENOMEM */

/* Unmaps pages [first, last] of the file from every VMA that maps them (page cache entries are gone
 * already); private copies of them only if `copies`. */
void unmap_mapping_range(struct address_space *as, u64 first, u64 last, bool copies);
/* Shared memory without a file: MAP_SHARED | MAP_ANONYMOUS. Fills vm_ops and the mapping. 0 or
 * -ENOMEM. */
int shm_anon_map(struct vm_area_struct *vma);
/* Kills the task that holds most memory (oom_score_adj counts) unless one is dying already; gives
 * it time. */
void out_of_memory(void);

void vma_init(void);
void space_init(void);
void pagecache_init(void);
