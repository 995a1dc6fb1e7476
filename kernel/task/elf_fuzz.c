/* elf_fuzz.c: any bytes as a program and its interpreter. What the loader asks of the memory below it must be what a mmap layer may be
 * asked: whole pages inside user memory, the file's own offsets; what it allocates it frees; no entry point outside. */
#define CLOUDOS_KERNEL 1
#include "lockfree/fuzz.h"
#include "kernel/task/elf_load.c"

static uint8_t bytes[4096]; /* the program; its second half is the interpreter */
static size_t size;
static long allocated;
static bool refuse;          /* the mmap layer refuses the next request */
static struct file program, interpreter;
static struct file_operations can_map;

void *kmalloc(size_t n, gfp_t gfp)
{
    allocated++;
    return malloc(n);
}

void kfree(const void *p)
{
    allocated -= p != NULL;
    free((void *)p);
}

ssize_t kernel_read(struct file *f, void *buf, size_t n, loff_t at)
{
    size_t from = f == &interpreter ? size / 2 : 0, end = size;

    FUZZ_CHECK(at >= 0);
    if ((size_t)at >= end - from)
        return 0;
    if (n > end - from - (size_t)at)
        n = end - from - (size_t)at;
    memcpy(buf, bytes + from + at, n);
    return (ssize_t)n;
}

struct file *open_exec_at(int dir, const char *path, int flags)
{
    FUZZ_CHECK(strlen(path) < BINPRM_PATH_MAX);
    return path[0] == '/' ? &interpreter : ERR_PTR(-ENOENT);
}

static void check_range(unsigned long addr, size_t len)
{
    FUZZ_CHECK(addr % PAGE_SIZE == 0 && len && addr < TASK_SIZE && ALIGN_UP(len, PAGE_SIZE) <= TASK_SIZE - addr);
}

long do_mmap(struct mm_struct *mm, struct file *f, unsigned long addr, size_t len, int prot, int flags, u64 pgoff)
{
    if (refuse)
        return -ENOMEM;
    if (!(flags & MAP_FIXED)) {
        FUZZ_CHECK(len && !f);
        return len > TASK_SIZE / 2 ? -ENOMEM : (long)((TASK_SIZE / 2 & PAGE_MASK) - ALIGN_UP(len, PAGE_SIZE));
    }
    FUZZ_CHECK(f && pgoff <= (u64)INT64_MAX >> PAGE_SHIFT);
    check_range(addr, len);
    return (long)addr;
}

int do_munmap(struct mm_struct *mm, unsigned long addr, size_t len)
{
    check_range(addr, len);
    return 0;
}

long vm_brk(struct mm_struct *mm, unsigned long addr, size_t len, unsigned long flags)
{
    check_range(addr, len);
    return refuse ? -ENOMEM : 0;
}

int mm_write(struct mm_struct *mm, unsigned long addr, const void *from, size_t n)
{
    FUZZ_CHECK(n && n < PAGE_SIZE && addr / PAGE_SIZE == (addr + n - 1) / PAGE_SIZE && addr < TASK_SIZE);
    return 0;
}

unsigned long exec_random(const struct binprm *b, unsigned bits)
{
    return bits == 28 ? 0x0badcaf : 7;
}

/* Most inputs should pass the first look: a header that is right where it must be, few and possible segments. */
static void make_plausible(uint8_t *at, size_t n)
{
    struct elf_header *h = (struct elf_header *)at;
    struct elf_phdr *ph = (struct elf_phdr *)(at + sizeof(*h));

    if (n < sizeof(*h))
        return;
    memcpy(h->ident, "\177ELF\2\1", 6);
    h->type = h->type % 2 ? ET_EXEC : ET_DYN;
    h->machine = EM_X86_64;
    h->phentsize = sizeof(*ph);
    h->phnum = 1 + h->phnum % 12;
    if (h->phoff % 4)
        h->phoff = sizeof(*h);
    for (unsigned i = 0; i < h->phnum && (uint8_t *)(ph + i + 1) <= at + n; i++) {
        static const u32 types[] = {PT_LOAD, PT_LOAD, PT_INTERP, PT_GNU_STACK};

        ph[i].type = types[ph[i].type % 4];
        if (ph[i].align % 2) {
            ph[i].offset %= 8192;
            ph[i].vaddr = ph[i].vaddr % TASK_SIZE / PAGE_SIZE * PAGE_SIZE + ph[i].offset % PAGE_SIZE;
            ph[i].memsz %= 1UL << 24;
            ph[i].filesz %= ph[i].memsz + 1;
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    static struct mm_struct mm;
    struct binprm b = {.file = &program, .mm = &mm};

    if (!n || n > sizeof(bytes))
        return 0;
    refuse = p[0] == 0xff;
    size = (n - 1) & ~15ul;
    memcpy(bytes, p + 1, size);
    if (p[0] & 1) {
        make_plausible(bytes, size);
        make_plausible(bytes + size / 2, size - size / 2);
    }
    program.f_op = interpreter.f_op = &can_map;
    can_map.mmap = (void *)1;
    b.header_bytes = kernel_read(&program, b.header, sizeof(b.header), 0);
    if (!elf_check(&b) && !elf_load(&b))
        FUZZ_CHECK(b.entry < TASK_SIZE && mm.brk == mm.start_brk);
    FUZZ_CHECK(allocated == 0);
    return 0;
}
