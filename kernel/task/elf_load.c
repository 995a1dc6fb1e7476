/*
 * elf_load.c: ELF64 programs: static, static-PIE, and with an interpreter (System V gABI chapter
 * 5). Everything in the file is distrusted: each number is checked before it is used, and what the
 * mmap layer refuses is refused.
 */
#include "kernel/lib/string.h"
#include "kernel/mm/slab.h"
#include "kernel/task/binprm.h"

#define ET_EXEC        2
#define ET_DYN         3
#define EM_X86_64      62
#define PT_LOAD        1
#define PT_INTERP      3
#define PT_GNU_STACK   0x6474e551u
#define PF_X           1u
#define PF_W           2u
#define PF_R           4u
#define ELF_DYN_BASE   0x555555554000UL
#define MAX_PHDR_BYTES 65536u

struct elf_header {
    u8 ident[16];
    u16 type, machine;
    u32 version;
    u64 entry, phoff, shoff;
    u32 flags;
    u16 ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};
struct elf_phdr {
    u32 type, flags;
    u64 offset, vaddr, paddr, filesz, memsz, align;
};

/* One image on its way into memory. */
struct image {
    struct file *file;
    struct elf_header eh;
    struct elf_phdr *ph; /* kmalloc, or inside the program's header bytes */
    bool ph_allocated;
    unsigned long first, end; /* page range of all PT_LOAD, before the bias */
    unsigned long bias;
};

static bool header_ok(const struct elf_header *e)
{
    return !memcmp(e->ident, "\177ELF\2\1", 6) && e->machine == EM_X86_64 &&
           (e->type == ET_EXEC || e->type == ET_DYN) && e->phentsize == sizeof(struct elf_phdr) &&
           e->phnum && e->phnum <= MAX_PHDR_BYTES / sizeof(struct elf_phdr);
}

static void image_free(struct image *im)
{
    if (im->ph_allocated)
        kfree(im->ph);
    im->ph_allocated = false;
}

/* header: the file's first bytes. 0, -ENOEXEC, -ENOMEM, -EIO. */
static int image_open(struct image *im, struct file *file, const u8 *header, ssize_t bytes)
{
    size_t table;

    im->file = file;
    im->ph_allocated = false;
    im->bias = 0;
    if (bytes < (ssize_t)sizeof(im->eh))
        return -ENOEXEC;
    memcpy(&im->eh, header, sizeof(im->eh));
    if (!header_ok(&im->eh))
        return -ENOEXEC;
    table = im->eh.phnum * sizeof(struct elf_phdr);
    if (im->eh.phoff == sizeof(im->eh) && sizeof(im->eh) + table <= (size_t)bytes) {
        im->ph = (struct elf_phdr *)(header + sizeof(im->eh));
        return 0;
    }
    im->ph = kmalloc(table, GFP_KERNEL);
    if (!im->ph)
        return -ENOMEM;
    im->ph_allocated = true;
    if ((s64)im->eh.phoff >= 0 &&
        kernel_read(file, im->ph, table, (loff_t)im->eh.phoff) == (ssize_t)table)
        return 0;
    image_free(im);
    return -ENOEXEC;
}

static int open_interp(struct binprm *b, const struct elf_phdr *p)
{
    char *path;
    int err = -ENOEXEC;

    if (p->filesz < 2 || p->filesz > BINPRM_PATH_MAX)
        return -ENOEXEC;
    if ((s64)p->offset < 0)
        return -EINVAL;
    path = kmalloc(p->filesz, GFP_KERNEL);
    if (!path)
        return -ENOMEM;
    if (kernel_read(b->file, path, p->filesz, (loff_t)p->offset) == (ssize_t)p->filesz &&
        !path[p->filesz - 1]) {
        b->interp = open_exec_at(AT_FDCWD, path, 0);
        err = IS_ERR(b->interp) ? (int)PTR_ERR(b->interp) : 0;
        if (err)
            b->interp = NULL;
    }
    kfree(path);
    return err;
}

int elf_check(struct binprm *b)
{
    struct image im;
    int err = image_open(&im, b->file, b->header, b->header_bytes);

    if (err)
        return err;
    if (!b->file->f_op->mmap)
        err = -ENOEXEC;
    for (u32 i = 0; !err && i < im.eh.phnum; i++) {
        if (im.ph[i].type == PT_INTERP && !b->interp)
            err = open_interp(b, &im.ph[i]);
        else if (im.ph[i].type == PT_GNU_STACK)
            b->exec_stack = im.ph[i].flags & PF_X;
    }
    image_free(&im);
    return err;
}

/* The range of pages that all segments need; false: none, or one that is not inside user memory. */
static bool image_extent(struct image *im)
{
    im->first = ~0UL;
    im->end = 0;
    for (u32 i = 0; i < im->eh.phnum; i++) {
        const struct elf_phdr *p = &im->ph[i];

        if (p->type != PT_LOAD)
            continue;
        if (p->filesz > p->memsz || p->memsz > TASK_SIZE || p->vaddr > TASK_SIZE - p->memsz ||
            (p->vaddr - p->offset) % PAGE_SIZE || (s64)p->offset < 0)
            return false;
        im->first = min(im->first, p->vaddr & PAGE_MASK);
        im->end = max(im->end, ALIGN_UP(p->vaddr + p->memsz, PAGE_SIZE));
    }
    return im->first < im->end;
}

static int segment_prot(const struct elf_phdr *p)
{
    return (p->flags & PF_R ? PROT_READ : 0) | (p->flags & PF_W ? PROT_WRITE : 0) |
           (p->flags & PF_X ? PROT_EXEC : 0);
}

static const u8 zeroes[PAGE_SIZE];

/* The page where file bytes end and zero bytes begin. */
static int clear_tail(struct mm_struct *mm, unsigned long addr)
{
    size_t n = -addr & (PAGE_SIZE - 1);

    return n ? mm_write(mm, addr, zeroes, n) : 0;
}

static int map_segment(struct mm_struct *mm, struct image *im, const struct elf_phdr *p)
{
    unsigned long addr = p->vaddr + im->bias, start = addr & PAGE_MASK;
    unsigned long file_end = addr + p->filesz, end = ALIGN_UP(addr + p->memsz, PAGE_SIZE);
    unsigned long zero_start = p->filesz ? ALIGN_UP(file_end, PAGE_SIZE) : start;
    long ret;

    if (p->filesz) {
        ret = do_mmap(mm, im->file, start, file_end - start, segment_prot(p),
                      MAP_PRIVATE | MAP_FIXED, (p->offset & PAGE_MASK) >> PAGE_SHIFT);
        if (ret < 0)
            return (int)ret;
        if (p->memsz > p->filesz && (p->flags & PF_W)) {
            ret = clear_tail(mm, file_end);
            if (ret < 0)
                return (int)ret;
        }
    }
    if (end > zero_start) {
        ret = vm_brk(mm, zero_start, end - zero_start, p->flags & PF_X ? VM_EXEC : 0);
        if (ret < 0)
            return (int)ret;
    }
    return 0;
}

/* Where a position-independent image goes: at `wanted`, or where the mmap layer finds room for it.
 */
static int choose_bias(struct mm_struct *mm, struct image *im, unsigned long wanted)
{
    size_t size = im->end - im->first;
    long addr;

    if (wanted) {
        im->bias = wanted - im->first;
        return wanted > TASK_SIZE - size ? -ENOMEM : 0;
    }
    addr = do_mmap(mm, NULL, 0, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, 0);
    if (addr < 0)
        return (int)addr;
    do_munmap(mm, (unsigned long)addr, size);
    im->bias = (unsigned long)addr - im->first;
    return 0;
}

static int map_image(struct mm_struct *mm, struct image *im, unsigned long wanted)
{
    int err = 0;

    if (!image_extent(im))
        return -EINVAL;
    if (im->eh.type == ET_DYN)
        err = choose_bias(mm, im, wanted);
    for (u32 i = 0; !err && i < im->eh.phnum; i++)
        if (im->ph[i].type == PT_LOAD)
            err = map_segment(mm, im, &im->ph[i]);
    return err;
}

static void note_ranges(struct mm_struct *mm, const struct image *im)
{
    unsigned long start_code = ~0UL, end_code = 0, start_data = 0, end_data = 0;

    for (u32 i = 0; i < im->eh.phnum; i++) {
        const struct elf_phdr *p = &im->ph[i];

        if (p->type != PT_LOAD)
            continue;
        start_code = min(start_code, p->vaddr);
        start_data = max(start_data, p->vaddr);
        if (p->flags & PF_X)
            end_code = max(end_code, p->vaddr + p->filesz);
        end_data = max(end_data, p->vaddr + p->filesz);
    }
    mm->start_code = start_code + im->bias;
    mm->end_code = end_code + im->bias;
    mm->start_data = start_data + im->bias;
    mm->end_data = end_data + im->bias;
}

/* A static-PIE image lies in the mmap region: its heap goes where programs usually are. */
static void set_brk(const struct binprm *b, const struct image *im)
{
    struct mm_struct *mm = b->mm;

    mm->start_brk = im->end + im->bias;
    if (im->eh.type == ET_DYN && !b->interp)
        mm->start_brk = ELF_DYN_BASE;
    mm->start_brk += exec_random(b, 13) << PAGE_SHIFT;
    mm->brk = mm->start_brk;
}

static void note_aux(struct binprm *b, const struct image *im)
{
    b->at_entry = b->entry = im->eh.entry + im->bias;
    b->at_phnum = im->eh.phnum;
    b->at_phdr = 0;
    b->at_base = 0;
    for (u32 i = 0; i < im->eh.phnum; i++) {
        const struct elf_phdr *p = &im->ph[i];

        if (p->type == PT_LOAD && p->offset <= im->eh.phoff &&
            im->eh.phoff < p->offset + p->filesz) {
            b->at_phdr = im->eh.phoff - p->offset + p->vaddr + im->bias;
            return;
        }
    }
}

static int load_interp(struct binprm *b)
{
    u8 header[BINPRM_HEADER_BYTES];
    struct image im;
    int err = image_open(&im, b->interp, header, kernel_read(b->interp, header, sizeof(header), 0));

    if (err)
        return err == -ENOEXEC ? -ELIBBAD : err;
    err = map_image(b->mm, &im, 0);
    if (!err) {
        b->entry = im.eh.entry + im.bias;
        b->at_base = im.bias;
    }
    image_free(&im);
    return err;
}

int elf_load(struct binprm *b)
{
    struct image im;
    int err = image_open(&im, b->file, b->header, b->header_bytes);
    unsigned long wanted = b->interp ? ELF_DYN_BASE + (exec_random(b, 28) << PAGE_SHIFT) : 0;

    if (err)
        return err;
    err = map_image(b->mm, &im, wanted);
    if (!err) {
        note_aux(b, &im);
        note_ranges(b->mm, &im);
        set_brk(b, &im);
    }
    image_free(&im);
    if (!err && b->interp)
        err = load_interp(b);
    if (!err && b->entry >= TASK_SIZE)
        err = -EINVAL;
    return err;
}
