/* Address spaces: mm_struct, vm_area_struct, faults, fork of an address space, and the mmap family. */
#pragma once
#include "kernel/lib/list.h"
#include "kernel/mm/page.h"
#include "kernel/sync/rwsem.h"
#include "lockfree/rcu.h"

struct file;
struct vm_area_struct;
struct pt_regs;

#define TASK_SIZE 0x7ffffffff000UL
#define STACK_TOP (TASK_SIZE - 0) /* first address above the initial stack */

#define VM_READ 0x1UL
#define VM_WRITE 0x2UL
#define VM_EXEC 0x4UL
#define VM_SHARED 0x8UL
#define VM_MAYREAD 0x10UL
#define VM_MAYWRITE 0x20UL
#define VM_MAYEXEC 0x40UL
#define VM_GROWSDOWN 0x100UL
#define VM_LOCKED 0x2000UL
#define VM_PFNMAP 0x400UL
#define VM_IO 0x4000UL
#define VM_DONTCOPY 0x20000UL
#define VM_WIPEONFORK 0x2000000UL
#define VM_NORESERVE 0x200000UL

struct vm_fault {
    struct vm_area_struct *vma;
    unsigned long address; /* page aligned */
    u64 pgoff;
    bool write;
    struct page *page;     /* result, referenced */
};

struct vm_operations_struct {
    /* 0 with vmf->page, or -SIGBUS / -ENOMEM style: -EFAULT means SIGBUS, -ENOMEM out of memory. */
    int (*fault)(struct vm_fault *vmf);
    void (*open)(struct vm_area_struct *);
    void (*close)(struct vm_area_struct *);
    const char *(*name)(struct vm_area_struct *);
};

/* Guard: mm->mmap_lock (write to change, read to look). */
struct vm_area_struct {
    unsigned long vm_start, vm_end; /* [start, end) page aligned */
    unsigned long vm_flags;
    u64 vm_pgoff;                   /* in pages */
    struct file *vm_file;           /* NULL: anonymous */
    const struct vm_operations_struct *vm_ops;
    struct mm_struct *vm_mm;
    void *vm_private_data;
    u64 vm_page_prot;               /* page-table bits of a readable entry; W is added entry by entry */
    struct address_space *vm_mapping; /* page cache behind it (files, shared memory), NULL: anonymous or device */
    /* kernel/mm/vma_tree.c: by address; max_gap is the largest hole below a VMA of the subtree, in bytes; height of a leaf: 1. */
    struct { struct vm_area_struct *left, *right, *parent; u64 max_gap; u32 height; } node;
    struct list_head link;          /* sorted list in mm */
    struct list_head shared_link;   /* in vm_mapping->i_mmap, for truncate; under its lock */
};

struct mm_struct {
    u64 *pgd;                /* physical map address of the top table */
    u64 pgd_phys;
    u32 users;               /* atomic: tasks that run in it */
    u32 count;               /* atomic: users (as one) + lazy references */
    struct rw_semaphore mmap_lock;
    struct list_head vmas;
    struct vm_area_struct *vma_root;
    struct vm_area_struct *vma_cache;
    u32 map_count;
    spinlock_t page_table_lock;
    unsigned long cpu_mask[MAX_CPUS / 64]; /* atomic bits: CPUs that may have its translations */
    u64 tlb_gen;             /* atomic */
    u64 ctx_id;
    unsigned long mmap_base, start_code, end_code, start_data, end_data, start_brk, brk, start_stack;
    unsigned long arg_start, arg_end, env_start, env_end;
    u64 total_vm, locked_vm, data_vm, exec_vm, stack_vm; /* pages */
    s64 rss_anon, rss_file, rss_shmem;                   /* pages, atomic */
    u64 hiwater_rss;         /* pages; raised before rss falls: read by mm_hiwater_rss() */
    struct file *exe_file;
    u64 saved_auxv[44];
    u64 pgtables_bytes;
    u32 flags, dumpable;
    void *futex_table;       /* private futexes; futex front */
    struct rcu_head rcu;
};

extern struct mm_struct init_mm;

/* Life of an address space. */
struct mm_struct *mm_alloc(void);                          /* empty, NULL: no memory; users = 1 */
struct mm_struct *mm_dup(struct mm_struct *old);           /* fork: COW copy, ERR_PTR(-ENOMEM); the parent's shootdown is complete at return */
static inline void mmget(struct mm_struct *mm) { atomic_inc_relaxed(&mm->users); }
void mmput(struct mm_struct *mm);                          /* last user: unmaps everything. May sleep. */
void mmdrop(struct mm_struct *mm);                         /* last reference: frees the top table */
void switch_mm(struct mm_struct *prev, struct mm_struct *next); /* CR3 if different; interrupts off */
void enter_lazy_tlb(struct mm_struct *mm);
void leave_borrowed_mm(void);                              /* the idle task lets go of what it borrowed; interrupts off */
/* Installs a new mm in current (exec); returns the old one. */
struct mm_struct *exec_mmap_switch(struct mm_struct *mm);

/* Page fault entry; called with interrupts on when the fault came from user mode. Sends SIGSEGV/SIGBUS by force_sig_fault,
 * or uses the exception table for kernel mode. */
void do_page_fault(struct pt_regs *regs, unsigned long error_code, unsigned long address);

/* mmap family: caller does not hold mmap_lock; addresses or negative errno. prot and flags as mmap(2). */
#define PROT_READ 1
#define PROT_WRITE 2
#define PROT_EXEC 4
#define PROT_NONE 0
#define MAP_SHARED 0x01
#define MAP_PRIVATE 0x02
#define MAP_SHARED_VALIDATE 0x03
#define MAP_FIXED 0x10
#define MAP_ANONYMOUS 0x20
#define MAP_GROWSDOWN 0x100
#define MAP_DENYWRITE 0x800
#define MAP_LOCKED 0x2000
#define MAP_NORESERVE 0x4000
#define MAP_POPULATE 0x8000
#define MAP_STACK 0x20000
#define MAP_FIXED_NOREPLACE 0x100000
long do_mmap(struct mm_struct *mm, struct file *file, unsigned long addr, size_t len, int prot, int flags, u64 pgoff);
int do_munmap(struct mm_struct *mm, unsigned long addr, size_t len);
long vm_brk(struct mm_struct *mm, unsigned long addr, size_t len, unsigned long vm_flags); /* exec: anonymous range at addr */
/* exec: creates the stack VMA (grows down, up to RLIMIT_STACK) in an mm that is not current yet. */
int setup_stack_vma(struct mm_struct *mm, unsigned long top, unsigned long vm_flags, struct vm_area_struct **out);
/* Copies kernel bytes into an mm that is not the current one (exec's arguments). 0 or -errno. */
int mm_write(struct mm_struct *mm, unsigned long addr, const void *src, size_t len);
/* Reads user memory of another mm (/proc/PID/cmdline). Bytes copied (may be short). */
ssize_t mm_read(struct mm_struct *mm, unsigned long addr, void *dst, size_t len);
struct vm_area_struct *find_vma(struct mm_struct *mm, unsigned long addr); /* first with vm_end > addr */
static inline u64 get_mm_rss(const struct mm_struct *mm)
{
    s64 n = mm->rss_anon + mm->rss_file + mm->rss_shmem;
    return n < 0 ? 0 : n;
}
/* Pins the page behind a user address (shared futex keys). Page with a reference, or ERR_PTR(-EFAULT). */
struct page *get_user_page(struct mm_struct *mm, unsigned long addr, bool write);
/* The key of a user word for a shared futex: file pages (inode id, index, offset), anonymous pages (mm, address). 0, -EFAULT. */
#define FUTEX_KEY_ANON 0 /* a = mm, b = address of the word, offset = 0 */
#define FUTEX_KEY_FILE 1 /* a = futex_id of the mapped object, b = page index, offset = byte in the page */
struct futex_key { u64 a; u64 b; u32 offset; u32 kind; };
struct iovec;
/* Maps zeroed memory for /dev/zero's ->mmap: anonymous when private, a fresh shared object when shared. 0, -ENOMEM. */
int mmap_zero(struct file *file, struct vm_area_struct *vma);
int get_futex_key_shared(struct mm_struct *mm, unsigned long addr, struct futex_key *key);
u64 mm_hiwater_rss(const struct mm_struct *mm);
/* Name of a VMA that is not a file's, for /proc/PID/maps: "[heap]", "[stack]", "/dev/zero (deleted)", or NULL. */
const char *vma_name(struct vm_area_struct *vma);
